"""Claims: what the report says of findings, in sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyrite.data import mixes
from pyrite.measures.agreement_curves import AgreementCurve
from pyrite.measures.intervals import Correlation, Estimate
from pyrite.results import advice, statements, trust
from pyrite.results import remarks as plain
from pyrite.results.diversity import Diversity
from pyrite.results.findings import Findings, typographic
from pyrite.results.generation import GeneratedSet
from pyrite.results.prices import money
from pyrite.results.statements import points
from pyrite.results.subjectivity import ONE_LLM, WHO, BeyondReal, Subjectivity, Who
from pyrite.results.words import capital, labels, name, ranged, worth

LIMITS = (
    "It holds for these tasks, classifiers, prompts and this LLM. Another of them can change the verdict.",
    "An LLM may have read the test texts in its own training. The check for contamination finds copies and near copies "
    "among the generated texts, not what the LLM knows without repeating it.",
    "How many real labels a set equals is read off one learning curve: it holds for that classifier, and is not money "
    "saved. Real labels also show what the data are like, which generated texts do not.",
)


def questions(task: Findings, classifier: str) -> list[str]:
    """Both answers of the rule, and how much another run of the LLM would move them, a sentence each."""
    said = statements.two_questions(task.case(classifier), task.same_texts(task.comparison.candidate), name)
    return [typographic(words) for words in (*said, plain.generation(task, classifier, name)) if words]


def remarks(task: Findings, classifier: str) -> list[str]:
    """What else there is to say of a task by a classifier, a sentence each."""
    repeats = trust.repeats(task.diversity, mixes.parse(task.comparison.candidate).sources, name)
    return [typographic(words) for words in (*plain.remarks(task, classifier, name), *map(capital, repeats))]


def origins(task: Findings) -> list[str]:
    """Where the candidate's texts and labels come from."""
    return [task.study.origin(source) for source in mixes.parse(task.comparison.candidate).sources]


def why(task: Findings, classifier: str) -> str:
    """What the gap comes from: the number of texts, and the labels that lose."""
    lost, same = label_losses(task, classifier), statements.at_equal_size(task.case(classifier), name)
    return typographic(" ".join(filter(None, [same, lost and f"{lost}."])))


def label_losses(task: Findings, classifier: str) -> str:
    """The label whose F1 falls most; empty where the classifier lacks baseline or candidate."""
    scored, (candidate, baseline) = task.evaluated.classifiers[classifier].mixes, task.names
    if not {task.comparison.baseline, task.comparison.candidate} <= scored.keys():
        return ""
    before, after = (
        {label: one.f1.value for label, one in scored[mix].per_class.items() if one.f1 and one.f1.value is not None}
        for mix in (task.comparison.baseline, task.comparison.candidate)
    )
    least = min(before, key=lambda label: after[label] - before[label])
    if after[least] >= before[least]:
        return f"No label’s F1 is lower with {candidate} than with {baseline}"
    first, last = points(before[least]), points(after[least])
    return f"F1 falls most for “{least}”: {first} with {baseline}, {last} with {candidate}"


def equals(task: Findings, classifier: str) -> str:
    """What the candidate is worth in real labels and what it adds to them, as far as that is known."""
    found, candidate = task.evaluated, task.comparison.candidate
    said = ["How many real labels that equals is not known: no classifier has a learning curve."]
    if known := found.worth(classifier, candidate):
        by, equal = known
        rows, many = found.classifiers[by].mixes[candidate].rows, statements.labels(equal)
        interval = (
            "" if worth(equal) == labels(equal) else f" (95 %: {labels(equal, 'low')} to {labels(equal, 'high')})"
        )
        said = [f"{rows:,} {task.names[0]} texts train a classifier ({by}) as well as {many} real labels{interval}."]
    if curve := found.mix_curve(classifier, candidate):
        outer = (curve[1].points[0], curve[1].points[-1])
        few, many = (f"{100 * point.gain.value:+.1f} points with {point.rows:,}" for point in outer)
        said.append(f"Added to real labels, they give {few} labels and {many}.")
    return typographic(" ".join(said))


def next_step(task: Findings, classifier: str) -> str:
    """What to do next, by a classifier's verdict."""
    return typographic(advice.next_step(task.case(classifier), task.stops(classifier), name))


def chips(task: Findings, classifier: str) -> list[tuple[str, str]]:
    """How sure the verdict is, what the other classifiers say, the LLM itself, and costs: (what, words) of each."""
    mine, llm = task.verdicts[classifier], task.evaluated.llm
    said = [("How sure", mine.sure)]
    said += others(classifier, {one: found.word for one, found in task.verdicts.items()})
    scored = llm.classifiers.get(classifier, {}).get(task.comparison.candidate) if llm else None
    if llm and scored:
        both = f"{points(llm.macro_f1.value)} and {classifier} {points(scored.macro_f1.value)}"
        said.append(("Or skip training", f"on the same {llm.rows:,} texts the LLM itself scores {both}"))
    else:
        said.append(("Or skip training", "how well the LLM itself would label was not asked"))
    costs = [spent(task, source)[0] for source in mixes.parse(task.comparison.candidate).sources]
    return [*said, ("Cost of the texts", ", ".join(costs))] if costs else said


def others(classifier: str, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """The chip of what the other classifiers say, from the word of each; none where there are no others."""
    agree = [one for one, word in words.items() if word == words[classifier] and one != classifier]
    differ = [f"{one} says “{word}”" for one, word in words.items() if word != words[classifier]]
    same = [f"{' and '.join(agree)} say{'s' if len(agree) == 1 else ''} the same"] if agree else []
    return [("Other classifiers", "; ".join([*same, *differ]))] if len(words) > 1 else []


def unscored(task: Findings) -> list[str]:
    """What can be said of a task without real texts, a sentence each."""
    return [re.sub(r"`([^`]*)`", r"“\1”", words) for words in plain.unscored(task)]


def spent(task: Findings, source: str) -> tuple[str, str]:
    """(what a generated set cost, what that means)."""
    generated = task.generated[source]
    total = generated.total
    kept = f"gave {total.accepted:,} usable texts"
    if total.cost_usd is not None:
        return f"${total.cost_usd:.2f}", f"for {total.answers:,} answers of the LLM, which {kept}"
    if total.prompt_tokens is not None and total.completion_tokens is not None:
        tokens = f"{total.prompt_tokens + total.completion_tokens:,} tokens"
        return tokens, f"sent and answered, of an LLM without a price in params.yaml; they {kept}"
    where = "an imported file" if generated.kind == "imported" else "a recording"
    if (cost := task.price(source)) is not None:
        priced = f"at the price of {task.priced_as(source)} for the length of {where}, which {kept}"
        return f"about {money(cost)}", f"({priced}; nothing was paid for this run)"
    return "not known", f"(they come from {where}, which {kept}; nothing was paid for this run)"


def costs(task: Findings) -> list[str]:
    """What the candidate's texts cost, a sentence for each source."""
    sources = mixes.parse(task.comparison.candidate).sources
    return [f"Cost of {name(one)}: {' '.join(spent(task, one))}." for one in sources]


def contamination(task: Findings) -> list[str]:
    """How many texts of each source resemble test texts, or are real training texts, a sentence each; and the labels of
    those that are real texts, labelled by an LLM."""
    labelled = [balance(source, found) for source, found in task.generated.items() if found.kind == "labelled"]
    if not (dropped := plain.too_like(task.generated, name)):
        return labelled
    made = {name(source): found.total for source, found in task.generated.items() if found.kind != "labelled"}
    real = [f"{total.also_real_training:,} of {total.accepted:,} {source}" for source, total in made.items()]
    return [
        dropped,
        f"Kept, although they repeat a real training text word for word: {', '.join(real)} texts. They give nothing of "
        "the test texts away, but show what the LLM knows by heart.",
        *labelled,
    ]


def balance(source: str, found: GeneratedSet) -> str:
    """How often an LLM gave each label to the real texts of a source."""
    often = sorted(found.labels, key=lambda label: -found.labels[label].accepted)
    shares = [f"{label} {found.labels[label].accepted / max(1, found.total.accepted):.0%}" for label in often[:10]]
    rest = f" and {len(often) - 10} more labels" if len(often) > 10 else ""
    said = f"The {name(source)} texts have their labels as often as the LLM gave them: {', '.join(shares)}{rest}."
    return typographic(said)


def data(task: Findings) -> str:
    """The real data of a task: their licence and how many there are."""
    train, validation, test = (f"{task.prepared.texts(split):,}" for split in ("train", "validation", "test"))
    allowed = " (not for commercial use)" if task.card.source.non_commercial else ""
    licence = f"{task.card.title}: {task.card.source.licence}{allowed}"
    return f"{licence}; {train} training, {validation} validation and {test} test texts."


def against_people(task: Findings) -> str:
    """Whether the LLM knows where people disagree; empty where one of them did not annotate."""
    found = task.subjectivity.llm_against_people
    if not found or not found.llm or not found.human:
        return ""
    agree = f"LLM personas agree on {ranged(found.llm, '.2f', 1)}, people on {ranged(found.human, '.2f', 1)}"
    rho = ranged(found.rho, ".2f", 1) if found.rho.value is not None else f"not known: {found.rho.note}"
    both = f"{task.card.title}: on {found.items:,} texts that both annotated"
    return f"{both}, {agree}; Spearman’s ρ between the two is {rho}."


def unmeasured(found: Diversity) -> list[str]:
    """Why a measure of diversity is missing, for each reason."""
    notes = [
        (source, note)
        for source, of_set in found.sets.items()
        for note in (of_set.note, *(one.note for one in of_set.measures.values()))
    ]
    return list(dict.fromkeys(f"{name(source)}: {note}" for source, note in notes if note))


def checker(found: Diversity) -> str:
    """How far the classifier that checked labels can be believed; empty where none did."""
    right = found.of("real", "faithfulness")
    if right is None or right.value is None:
        return ""
    return (
        f"A classifier that is right on {ranged(right)} % of real test texts checked the labels, so treat “True to the "
        "label” as rough."
    )


def told_apart(task: Findings) -> str:
    """The title of the diversity section: how easily the candidate's texts are told from real ones."""
    for source in mixes.parse(task.comparison.candidate).sources:
        found = task.diversity and task.diversity.of(source, "c2st")
        if found and found.value is not None:
            share = f"{100 * found.value:.1f} %"
            return f"A classifier tells {name(source)} texts from real ones {share} of the time; chance is 50 %"
    return "Are the generated texts as varied as real ones?"


# How the claim that a slope or a rho stands for fares, by where its interval lies.
ABOVE, BELOW, NEITHER, UNKNOWN = "rises", "falls", "can’t tell", "not known"


def side(estimate: Estimate) -> str:
    """Whether an estimate is above zero, below it or neither, by its interval."""
    if estimate.low is None or estimate.high is None:
        return UNKNOWN
    return ABOVE if estimate.low > 0 else BELOW if estimate.high < 0 else NEITHER


@dataclass(frozen=True)
class Slope:
    """How the accuracy of a classifier trained on a mix goes with the agreement of a task's annotators."""

    task: str
    who: Who
    mix: str
    curve: AgreementCurve


def slopes(tasks: Sequence[Findings], classifier: str) -> list[Slope]:
    """The slopes of a classifier, task by task."""
    return [
        Slope(task.task, who, mix, curve)
        for task in tasks
        for who, annotated in task.annotated.items()
        for mix, curve in annotated.accuracy.get(classifier, {}).items()
    ]


def instance_claim(rows: Sequence[Slope], classifier: str) -> list[str]:
    """Whether accuracy is higher where annotators agree, in one sentence for each kind of annotators and mix."""
    sentences = []
    for who, people in WHO.items():
        for mix in dict.fromkeys(row.mix for row in rows):
            says = [side(row.curve.slope) for row in rows if (row.who, row.mix) == (who, mix)]
            known = [said for said in says if said != UNKNOWN]
            if not known:
                continue
            counts = f"rises with the agreement of {people} in {known.count(ABOVE)} of {len(known)} tasks"
            rest = f"falls in {known.count(BELOW)} and can’t be told in {known.count(NEITHER)}"
            sentences.append(f"Trained on {name(mix)} texts, the accuracy of {classifier} {counts}, {rest}.")
    return sentences


def beyond_real(found: BeyondReal) -> str:
    """What the pooled slope says of the claim that generated texts lose more where people disagree."""
    says = {
        ABOVE: f"{name(found.source)} texts lose more where annotators disagree",
        BELOW: f"{name(found.source)} texts lose less where annotators disagree",
        NEITHER: "the interval holds 0",
    }[side(found.slope)]
    if side(found.slope) != NEITHER and (found.holm or 0) > 0.05:
        says += ", but among so many looks this may be chance"
    beyond = f"{ranged(found.slope, '+.3f', 1)} beyond that of real texts"
    sample = f"with these {found.slope.studies} tasks as a sample of tasks (p {found.holm:.2f}, adjusted for all looks)"
    trained = f"{found.classifier} trained on {name(found.source)} texts"
    return f"{trained}: the slope over the agreement of {WHO[found.who]} is {beyond}, {sample}: {says}."


def subjective(annotated: Sequence[Findings], rows: Sequence[Slope], found: Subjectivity, classifier: str) -> list[str]:
    """What annotations say: who annotated, whether the LLM knows where people disagree, and of accuracy."""
    said = [f"LLM personas: {ONE_LLM}."] if any("llm" in task.annotated for task in annotated) else []
    said += [words for task in annotated if (words := against_people(task))]
    return [*said, *instance_claim(rows, classifier), *map(beyond_real, found.beyond_real)]


def gap_claim(rho: Correlation, setting: str) -> str:
    """What Spearman's rho between subjectivity and gap says of the claim that subjective tasks lose more."""
    says = {
        ABOVE: f"here {name(setting)} texts lose less on subjective tasks, against the claim",
        BELOW: f"the claim holds here: {name(setting)} texts lose more on subjective tasks",
        NEITHER: "the interval holds 0, so whether the claim is true can’t be told here",
    }[side(rho)]
    return f"Spearman’s ρ is {ranged(rho, '.2f', 1)} over {rho.pairs} tasks (p {rho.p:.3f}): {says}."


def duplicates(task: Findings) -> str:
    """What near duplicates do to the real texts' distance to the nearest other; nothing where there are none."""
    found = task.diversity
    chamfer = found and found.of("real", "chamfer")
    if not (found and found.near_duplicates and found.near_duplicates.share and chamfer and chamfer.value):
        return ""
    without = found.near_duplicates.chamfer
    if without.value is None:
        return ""
    return (
        f"{task.card.title}: {100 * found.near_duplicates.share:.1f} % of the real texts nearly repeat another; "
        "generated sets have lost such texts. So compare their “Nearest other text” with that of real texts without "
        f"repeats: {ranged(without, '.3f', 1)}, not {chamfer.value:.3f}."
    )
