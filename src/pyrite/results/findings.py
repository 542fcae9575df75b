"""Findings: what the metrics say of a task, in the words of the report.

Every number comes from `metrics/`; here they are only rounded, ordered and put into words. Scores there are in
[0, 1], here in points.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyrite.base import files, paths
from pyrite.data import cards, mixes
from pyrite.data.cards import Card
from pyrite.measures.agreement_curves import AgreementCurve
from pyrite.measures.coverage_gaps import LeftOut
from pyrite.measures.intervals import Correlation, Estimate
from pyrite.params import Compare, Params
from pyrite.results import diversity, evaluation, verdict
from pyrite.results.diversity import Diversity, SetDiversity
from pyrite.results.subjectivity import WHO, TaskSubjectivity, Who
from pyrite.results.verdict import Case

# A verdict has the colour and shape of the rows that it says to train on.
VERDICTS = {
    verdict.REPLACE: ("generated", "{candidate} is good enough in place of {baseline}"),
    verdict.AUGMENT: ("both", "{candidate} is worth adding to real texts, not enough in their place"),
    verdict.DONT: ("real", "{candidate} is not good enough in place of {baseline}"),
    verdict.CANT_TELL: ("muted", "too little evidence either way"),
}

# Mistakes that the report lists.
CONFUSIONS = 8


@dataclass(frozen=True)
class Findings:
    """All metrics of one task; None where a stage did not run."""

    card: Card
    prepared: dict[str, Any]
    generated: dict[str, dict[str, Any]]
    evaluated: dict[str, Any]
    diversity: Diversity | None
    case: Case

    @property
    def task(self) -> str:
        return self.card.id


def read(task: str, study: Params) -> Findings:
    """The metrics of a task.

    Raises:
        PyriteError: those of prepare, generate or evaluate are missing.
    """
    asked, evaluated = study.compare, evaluation.before(evaluation.load(task))
    return Findings(
        card=cards.load(task),
        prepared=files.read_json(paths.metrics("prepare", task)),
        generated={s: files.read_json(paths.metrics("generate", f"{task}.{s}")) for s in study.generate.settings},
        evaluated=evaluated,
        diversity=diversity.load(task),
        case=verdict.case(evaluated, asked.classifier, asked.candidate, asked.baseline, asked.margin),
    )


@dataclass(frozen=True)
class Unscored:
    """What the metrics say of a task without real texts: `says` is it in words, `measured` how varied each set is."""

    card: Card
    generated: dict[str, dict[str, Any]]
    says: list[str]
    measured: dict[str, SetDiversity]

    @property
    def task(self) -> str:
        return self.card.id


def read_unscored(task: str, study: Params) -> Unscored:
    """The metrics of a task without real texts.

    Raises:
        PyriteError: those of generate are missing.
    """
    found = diversity.load(task)
    generated = {s: files.read_json(paths.metrics("generate", f"{task}.{s}")) for s in study.generate.settings}
    return Unscored(
        card=cards.load(task),
        generated={setting: made for setting, made in generated.items() if made["total"]["answers"]},
        says=[re.sub(r"`([^`]*)`", r"“\1”", words) for words in verdict.unscored(task, study)],
        measured={name: one for name, one in found.sets.items() if one.measures} if found else {},
    )


def scored(task: str) -> bool:
    """Whether a task has scores: without real texts it has none."""
    return bool(evaluation.before(evaluation.load(task))["encoders"])


# Words


def name(mix: str) -> str:
    """A mix as people say it: `pool+few_shot` is pool + few-shot."""
    return mix.replace("_", "-").replace("+", " + ")


def family(mix: str) -> str:
    """What the rows of a mix are: real, generated or both."""
    return "generated" if mixes.is_generated(mix) else "both" if mixes.settings_of(mix) else "real"


def minus(number: str) -> str:
    return number.replace("-", "−")


def signed(points: float) -> str:
    return minus(f"{points:+.1f}")


def interval(found: Mapping[str, float]) -> str:
    """A score in [0, 1] and its interval, in points."""
    return f"{100 * found['mean']:.1f} ({100 * found['low']:.1f} to {100 * found['high']:.1f})"


def gap(found: Mapping[str, float]) -> str:
    return f"{signed(100 * found['mean'])} ({signed(100 * found['low'])} to {signed(100 * found['high'])})"


def labels(worth: dict[str, Any], end: str = "labels") -> str:
    """A number of real labels: 246, > 2,320 or < 50, which no line break parts."""
    return verdict.label_count(worth, end).replace(" ", "\u00a0")


def worth(found: dict[str, Any]) -> str:
    """A worth and its interval; beyond an end of the curve with all of it, the bound alone."""
    value, low, high = (labels(found, end) for end in ("labels", "low", "high"))
    return value if value == low == high else f"{value} ({low} to {high})"


def spoken(words: str, trained: Sequence[str]) -> str:
    """A sentence for the command line as the report says it."""
    for mix in sorted(trained, key=len, reverse=True):
        words = re.sub(rf"(?<![\w+@]){re.escape(mix)}(?![\w+@])", name(mix), words)
    return typographic(words)


def typographic(words: str) -> str:
    return re.sub(r"\b([Cc]an|[Dd]on)'t\b", r"\1’t", re.sub(r"(?<!\w)-(?=\d)", "−", words))


def remarks(findings: Findings, asked: Compare) -> list[str]:
    """What else there is to say of a task, a sentence each."""
    trained = {mix for found in findings.evaluated["encoders"].values() for mix in found["mixes"]}
    return [spoken(words, sorted(trained)) for words in verdict.remarks(findings.evaluated, asked)]


def spent(generated: Mapping[str, Any]) -> tuple[str, str]:
    """(what a generated set cost, what that means), from its metrics."""
    total = generated["total"]
    answers, kept = f"{total['answers']:,} answers", f"{total['accepted']:,} usable texts"
    if total["cost_usd"] is not None:
        return f"${total['cost_usd']:.2f}", f"for {answers} of the LLM, which gave {kept}"
    if total["prompt_tokens"] is not None:
        tokens = f"{total['prompt_tokens'] + total['completion_tokens']:,} tokens"
        return tokens, f"sent and answered, of an LLM without a price in params.yaml. Its {answers} gave {kept}"
    return answers, f"of the LLM, replayed from a recording: nothing was paid for this run. They gave {kept}"


def spent_over_tasks(found: Sequence[Findings], asked: Compare, cost: float | None) -> tuple[str, str]:
    """(what all tasks' generated sets cost, what that means); `cost` is that of the headline."""
    what = f"for the {name(asked.candidate)} texts of all tasks"
    if cost is not None:
        return f"${cost:,.2f}", what
    sets = [one.generated[setting]["total"] for one in found for setting in mixes.settings_of(asked.candidate)]
    if all(total["prompt_tokens"] is None for total in sets):
        return "nothing paid", f"{what}: the LLM’s answers are replayed from recordings"
    return "not known", f"{what}: of an LLM without a price in params.yaml; each task’s tokens are below"


def verdict_of(case: Case) -> dict[str, str]:
    """A verdict as words and colour: its name, what it means and the sentence with its numbers."""
    spoken = replace(case, candidate=name(case.candidate), baseline=name(case.baseline))
    word = verdict.decide(case)
    hue, meaning = VERDICTS[word]
    _, _, sentence = verdict.sentence(spoken).partition(": ")
    return {
        "word": capital(typographic(word)),
        "family": hue,
        "meaning": meaning.format(candidate=spoken.candidate, baseline=spoken.baseline),
        "sentence": typographic(capital(sentence)),
    }


def verdicts(findings: Findings, asked: Compare) -> dict[str, dict[str, str]]:
    """The verdict that each encoder would give by itself, of those that were trained on both mixes."""
    return {
        encoder: verdict_of(verdict.case(findings.evaluated, encoder, asked.candidate, asked.baseline, asked.margin))
        for encoder, found in findings.evaluated["encoders"].items()
        if asked.baseline in found["gaps"].get(asked.candidate, {})
    }


@dataclass(frozen=True)
class Flips:
    """Test texts on which most seeds of candidate and baseline differ: how many, and the clearest of them by id."""

    title: str
    items: int
    clearest: list[dict[str, str]]


def flips(findings: Findings, asked: Compare) -> list[Flips]:
    """What the candidate loses and what it wins; nothing where one of the two is no main mix of its kind."""
    found = findings.evaluated["encoders"][asked.classifier]["flips"].get(asked.candidate, {}).get(asked.baseline)
    if found is None:
        return []
    return [
        Flips(f"Right with {name(better)}, wrong with {name(worse)}", found[side]["items"], found[side]["clearest"])
        for side, better, worse in (("lost", asked.baseline, asked.candidate), ("won", asked.candidate, asked.baseline))
    ]


def confusions(findings: Findings, asked: Compare) -> list[dict[str, Any]]:
    """The mistakes that the candidate makes more often than the baseline, the largest difference first."""
    found = findings.evaluated["encoders"][asked.classifier]["confusion"]
    if not {asked.candidate, asked.baseline} <= found.keys():
        return []
    labels, candidate, baseline = findings.evaluated["labels"], found[asked.candidate], found[asked.baseline]
    mistakes = [
        {
            "label": label,
            "said": said,
            "candidate": candidate[i][j],
            "baseline": baseline[i][j],
            "rows": sum(baseline[i]),
        }
        for i, label in enumerate(labels)
        for j, said in enumerate(labels)
        if i != j and candidate[i][j] > baseline[i][j]
    ]
    return sorted(mistakes, key=lambda one: one["baseline"] - one["candidate"])[:CONFUSIONS]


def left_out(findings: Findings, asked: Compare) -> dict[str, LeftOut]:
    """The real training texts that the candidate's generated sets leave out, by setting."""
    measured = findings.diversity.left_out if findings.diversity else {}
    return {setting: measured[setting] for setting in mixes.settings_of(asked.candidate) if setting in measured}


def unmeasured(found: Diversity) -> list[str]:
    """Why a measure of diversity is missing, for each reason."""
    notes = [
        (source, note)
        for source, of_set in found.sets.items()
        for note in (of_set.note, *(one.note for one in of_set.measures.values()))
    ]
    return list(dict.fromkeys(f"{name(source)}: {note}" for source, note in notes if note))


def told_apart(findings: Findings, asked: Compare) -> str:
    """The title of the diversity section: how easily the candidate's texts are told from real ones."""
    for setting in mixes.settings_of(asked.candidate):
        found = findings.diversity and findings.diversity.of(setting, "c2st")
        if found and found.value is not None:
            share = f"{100 * found.value:.1f} %"
            return f"A classifier tells {name(setting)} texts from real ones {share} of the time; chance is 50 %"
    return "Are the generated texts as varied as real ones?"


def capital(words: str) -> str:
    return words[0].upper() + words[1:]


# Diversity and subjectivity

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


def slopes(tasks: Mapping[str, TaskSubjectivity], classifier: str) -> list[Slope]:
    """The slopes of a classifier, task by task."""
    return [
        Slope(task, who, mix, curve)
        for task, found in tasks.items()
        for who in WHO
        if who in found.annotated
        for mix, curve in found.annotated[who].accuracy.get(classifier, {}).items()
    ]


def instance_claim(rows: Sequence[Slope], classifier: str) -> list[str]:
    """Whether accuracy is higher where annotators agree, in one sentence for each kind of annotators and mix."""
    sentences = []
    for who, words in WHO.items():
        for mix in dict.fromkeys(row.mix for row in rows):
            says = [side(row.curve.slope) for row in rows if (row.who, row.mix) == (who, mix)]
            known = [said for said in says if said != UNKNOWN]
            if not known:
                continue
            counts = f"rises with the agreement of {words} in {known.count(ABOVE)} of {len(known)} tasks"
            rest = f"falls in {known.count(BELOW)} and can’t be told in {known.count(NEITHER)}"
            sentences.append(f"Trained on {name(mix)} texts, the accuracy of {classifier} {counts}, {rest}.")
    return sentences


def gap_claim(rho: Correlation, setting: str) -> str:
    """What Spearman's rho between subjectivity and gap says of the claim that subjective tasks lose more."""
    says = {
        ABOVE: f"here {name(setting)} texts lose less on subjective tasks, against the claim",
        BELOW: f"the claim holds here: {name(setting)} texts lose more on subjective tasks",
        NEITHER: "the interval holds 0, so whether the claim is true can’t be told here",
    }[side(rho)]
    return f"Spearman’s ρ is {ranged(rho, '.2f')} over {rho.pairs} tasks (p {rho.p:.3f}): {says}."


def fixed(value: float, form: str) -> str:
    """A number in a format, with a minus sign that is one."""
    return minus(f"{value:{form}}")


def ranged(estimate: Estimate, form: str) -> str:
    """An estimate with its interval in one line; a dash where there is none."""
    if estimate.value is None:
        return "–"
    value, *ends = (fixed(end, form) for end in (estimate.value, estimate.low, estimate.high) if end is not None)
    return f"{value} ({' to '.join(ends)})" if ends else value


def duplicates(found: Diversity) -> str:
    """What near duplicates do to the real texts' distance to the nearest other; nothing where there are none."""
    chamfer = found.of("real", "chamfer")
    if not (found.near_duplicates and found.near_duplicates.share and chamfer and chamfer.value):
        return ""
    without = found.near_duplicates.chamfer
    if without.value is None:
        return ""
    return (
        f"Of the real texts, {100 * found.near_duplicates.share:.1f}\u00a0% nearly repeat another; generated sets have "
        f"lost such texts. Without them the nearest other real text is {ranged(without, '.3f')} away, in place of "
        f"{chamfer.value:.3f}: compare generated sets with that."
    )
