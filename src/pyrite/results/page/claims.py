"""Claims: what the report says of findings, in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyrite.measures.agreement_curves import AgreementCurve
from pyrite.measures.intervals import Correlation, Estimate
from pyrite.results import statements
from pyrite.results.diversity import Diversity
from pyrite.results.generation import GeneratedSet
from pyrite.results.page import advice, trust
from pyrite.results.page import remarks as plain
from pyrite.results.page.findings import Findings, typographic
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
    answers = statements.two_questions(task.case(classifier), task.same_texts(task.comparison.candidate), name)
    return [typographic(words) for words in (*answers, plain.generation(task, classifier, name)) if words]


def remarks(task: Findings, classifier: str) -> list[str]:
    """What else there is to say of a task by a classifier, a sentence each."""
    repeats = trust.repeats(task.diversity, task.sources, name)
    return [typographic(words) for words in (*plain.remarks(task, classifier, name), *map(capital, repeats))]


def origins(task: Findings) -> list[str]:
    """Where the candidate's texts and labels come from."""
    return [task.study.origin(source) for source in task.sources]


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
        {label: score.f1.value for label, score in scored[mix].per_class.items() if score.f1}
        for mix in (task.comparison.baseline, task.comparison.candidate)
    )
    least = min(before, key=lambda label: after[label] - before[label])
    if after[least] >= before[least]:
        return f"No label’s F1 is lower with {candidate} than with {baseline}"
    first, last = points(before[least]), points(after[least])
    return f"F1 falls most for “{least}”: {first} with {baseline}, {last} with {candidate}"


def equals(task: Findings, classifier: str) -> str:
    """What the candidate is worth in real labels and what it adds to them, as far as that is known."""
    evaluated, candidate = task.evaluated, task.comparison.candidate
    sentences = ["How many real labels that equals is not known: no classifier has a learning curve."]
    if known := evaluated.worth(classifier, candidate):
        by, equal = known
        rows, many = evaluated.classifiers[by].mixes[candidate].rows, statements.labels(equal)
        ends = "" if worth(equal) == labels(equal) else f" (95 %: {labels(equal, 'low')} to {labels(equal, 'high')})"
        sentences = [f"{rows:,} {task.names[0]} texts train a classifier ({by}) as well as {many} real labels{ends}."]
    if curve := evaluated.mix_curve(classifier, candidate):
        outer = (curve[1].points[0], curve[1].points[-1])
        few, many = (f"{100 * point.gain.value:+.1f} points with {point.rows:,}" for point in outer)
        sentences.append(f"Added to real labels, they give {few} labels and {many}.")
    return typographic(" ".join(sentences))


def next_step(task: Findings, classifier: str) -> str:
    """What to do next, by a classifier's verdict."""
    return typographic(advice.next_step(task.case(classifier), task.stops(classifier), name))


def chips(task: Findings, classifier: str) -> list[tuple[str, str]]:
    """How sure the verdict is, what the other classifiers say, the LLM itself, and costs: (what, words) of each."""
    llm, verdicts = task.evaluated.llm, task.verdicts
    entries = [("How sure", verdicts[classifier].sure)]
    entries += others(classifier, {by: verdict.word for by, verdict in verdicts.items()})
    scored = llm.classifiers.get(classifier, {}).get(task.comparison.candidate) if llm else None
    if llm and scored:
        both = f"{points(llm.macro_f1.value)} and {classifier} {points(scored.macro_f1.value)}"
        entries.append(("Or skip training", f"on the same {llm.rows:,} texts the LLM itself scores {both}"))
    else:
        entries.append(("Or skip training", "how well the LLM itself would label was not asked"))
    costs = [spent(task, source)[0] for source in task.sources]
    return [*entries, ("Cost of the texts", ", ".join(costs))] if costs else entries


def others(classifier: str, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """The chip of what the other classifiers say, from the word of each; none where there are no others."""
    agree = [by for by, word in words.items() if word == words[classifier] and by != classifier]
    differ = [f"{by} says “{word}”" for by, word in words.items() if word != words[classifier]]
    same = [f"{' and '.join(agree)} say{'s' if len(agree) == 1 else ''} the same"] if agree else []
    return [("Other classifiers", "; ".join([*same, *differ]))] if len(words) > 1 else []


def unscored(task: Findings) -> list[str]:
    """What can be said of a task without real texts, a sentence each."""
    return plain.unscored(task, "“{}”".format)


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
    return [f"Cost of {name(source)}: {' '.join(spent(task, source))}." for source in task.sources]


def contamination(task: Findings) -> list[str]:
    """How many texts of each source resemble test texts, or are real training texts, a sentence each; and the labels of
    those that are real texts, labelled by an LLM."""
    labelled = [balance(source, made) for source, made in task.generated.items() if made.kind == "labelled"]
    if not (dropped := plain.too_like(task.generated, name)):
        return labelled
    totals = {name(source): made.total for source, made in task.generated.items() if made.kind != "labelled"}
    real = [f"{total.also_real_training:,} of {total.accepted:,} {source}" for source, total in totals.items()]
    return [
        dropped,
        f"Kept, although they repeat a real training text word for word: {', '.join(real)} texts. They give nothing of "
        "the test texts away, but show what the LLM knows by heart.",
        *labelled,
    ]


def balance(source: str, made: GeneratedSet) -> str:
    """How often an LLM gave each label to the real texts of a source."""
    often = sorted(made.labels, key=lambda label: -made.labels[label].accepted)
    shares = [f"{label} {made.labels[label].accepted / max(1, made.total.accepted):.0%}" for label in often[:10]]
    rest = f" and {len(often) - 10} more labels" if len(often) > 10 else ""
    given = f"The {name(source)} texts have their labels as often as the LLM gave them"
    return typographic(f"{given}: {', '.join(shares)}{rest}.")


def data(task: Findings) -> str:
    """The real data of a task: their licence and how many there are."""
    train, validation, test = (f"{task.prepared.texts(split):,}" for split in ("train", "validation", "test"))
    allowed = " (not for commercial use)" if task.card.source.non_commercial else ""
    licence = f"{task.card.title}: {task.card.source.licence}{allowed}"
    return f"{licence}; {train} training, {validation} validation and {test} test texts."


def against_people(task: Findings) -> str:
    """Whether the LLM knows where people disagree; empty where one of them did not annotate."""
    compared = task.subjectivity.llm_against_people
    if not compared or not compared.llm or not compared.human:
        return ""
    agree = f"LLM personas agree on {ranged(compared.llm, '.2f', 1)}, people on {ranged(compared.human, '.2f', 1)}"
    rho = ranged(compared.rho, ".2f", 1) if compared.rho.value is not None else f"not known: {compared.rho.note}"
    both = f"{task.card.title}: on {compared.items:,} texts that both annotated"
    return f"{both}, {agree}; Spearman’s ρ between the two is {rho}."


def unmeasured(diversity: Diversity) -> list[str]:
    """Why a measure of diversity is missing, for each reason."""
    notes = [
        (source, note)
        for source, measured in diversity.sets.items()
        for note in (measured.note, *(estimate.note for estimate in measured.measures.values()))
    ]
    return list(dict.fromkeys(f"{name(source)}: {note}" for source, note in notes if note))


def checker(diversity: Diversity) -> str:
    """How far the classifier that checked labels can be believed; empty where none did."""
    right = diversity.of("real", "faithfulness")
    if right is None or right.value is None:
        return ""
    return (
        f"A classifier that is right on {ranged(right)} % of real test texts checked the labels, so treat “True to the "
        "label” as rough."
    )


def told_apart(task: Findings) -> str:
    """The title of the diversity section: how easily the candidate's texts are told from real ones."""
    for source in task.sources:
        estimate = task.diversity and task.diversity.of(source, "c2st")
        if estimate and estimate.value is not None:
            often = f"{100 * estimate.value:.1f} % of the time"
            return f"A classifier tells {name(source)} texts from real ones {often}; chance is 50 %"
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
            sides = [side(row.curve.slope) for row in rows if (row.who, row.mix) == (who, mix)]
            if known := [word for word in sides if word != UNKNOWN]:
                counts = f"rises with the agreement of {people} in {known.count(ABOVE)} of {len(known)} tasks"
                rest = f"falls in {known.count(BELOW)} and can’t be told in {known.count(NEITHER)}"
                sentences.append(f"Trained on {name(mix)} texts, the accuracy of {classifier} {counts}, {rest}.")
    return sentences


def beyond_real(beyond: BeyondReal) -> str:
    """What the pooled slope says of the claim that generated texts lose more where people disagree."""
    texts, slope = f"{name(beyond.source)} texts", beyond.slope
    says = {
        ABOVE: f"{texts} lose more where annotators disagree",
        BELOW: f"{texts} lose less where annotators disagree",
        NEITHER: "the interval holds 0",
    }[side(slope)]
    if side(slope) != NEITHER and (beyond.holm or 0) > 0.05:
        says += ", but among so many looks this may be chance"
    trained = f"{beyond.classifier} trained on {texts}: the slope over the agreement of {WHO[beyond.who]}"
    sample = f"with these {slope.studies} tasks as a sample of tasks (p {beyond.holm:.2f}, adjusted for all looks)"
    return f"{trained} is {ranged(slope, '+.3f', 1)} beyond that of real texts, {sample}: {says}."


def subjective(tasks: Sequence[Findings], rows: Sequence[Slope], metrics: Subjectivity, classifier: str) -> list[str]:
    """What annotations say: who annotated, whether the LLM knows where people disagree, and of accuracy."""
    sentences = [f"LLM personas: {ONE_LLM}."] if any("llm" in task.annotated for task in tasks) else []
    sentences += filter(None, map(against_people, tasks))
    return [*sentences, *instance_claim(rows, classifier), *map(beyond_real, metrics.beyond_real)]


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
    near = task.diversity.near_duplicates if task.diversity else None
    chamfer = task.diversity and task.diversity.of("real", "chamfer")
    if not (near and near.share and near.chamfer.value is not None and chamfer and chamfer.value):
        return ""
    return (
        f"{task.card.title}: {100 * near.share:.1f} % of the real texts nearly repeat another; "
        "generated sets have lost such texts. So compare their “Nearest other text” with that of real texts without "
        f"repeats: {ranged(near.chamfer, '.3f', 1)}, not {chamfer.value:.3f}."
    )
