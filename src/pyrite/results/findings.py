"""Findings: what the metrics say of a task, in the words of the report.

Every number comes from `metrics/`; here they are only rounded, ordered and put into words. Scores there are in
[0, 1], here in points.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pyrite.base import files, paths
from pyrite.data import cards, mixes
from pyrite.data.cards import Card
from pyrite.params import Compare, Params
from pyrite.results import verdict
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

# Sources of annotations and measures of subjectivity, in words.
ANNOTATORS = {"llm": "LLM personas", "human": "people"}
MEASURES = {"pairs": "paired comparisons of tasks by {who}", "disagreement": "disagreement of {who} on items"}

# The figures of diversity: key, name, format, and how to read them.
DIVERSITY = (
    ("remote_clique", "Spread", "{:.3f}", "Mean distance (1 − cosine) between two texts of the set. Higher is wider."),
    ("chamfer", "Nearest other text", "{:.3f}", "Mean distance to the most similar text of the set; 0 is a copy."),
    ("vendi", "Effective number of texts", "{:.0f}", "Vendi score: how many wholly different texts say as much."),
    ("coverage", "Real texts covered", "{:.1%}", "Real texts with a text of the set in their neighbourhood."),
    (
        "similarity",
        "Similarity, from real",
        "{:.3f}",
        "Mean cosine of a real text and the five most like it in the set.",
    ),
    ("similarity_reverse", "Similarity, to real", "{:.3f}", "The same, from each text of the set to real texts."),
    ("distinct_2", "Different word pairs", "{:.1%}", "Word pairs that are not repeats (distinct-2)."),
    ("self_bleu", "Self-BLEU", "{:.3f}", "How much a text repeats the phrases of the others. Higher is less varied."),
    ("compression_ratio", "Compression ratio", "{:.2f}", "Bytes over compressed bytes. Higher is more repetitive."),
    ("c2st", "Told apart from real", "{:.1%}", "How often a classifier tells the set from real texts; 50 % is chance."),
    (
        "faithfulness",
        "True to the label",
        "{:.1%}",
        "Texts given their own label by a classifier trained on real ones.",
    ),
)


@dataclass(frozen=True)
class Findings:
    """All metrics of one task; None where a stage did not run."""

    card: Card
    prepared: dict[str, Any]
    generated: dict[str, dict[str, Any]]
    evaluated: dict[str, Any]
    diversity: dict[str, Any] | None
    case: Case

    @property
    def task(self) -> str:
        return self.card.id


def read(task: str, study: Params) -> Findings:
    """The metrics of a task.

    Raises:
        PyriteError: those of prepare, generate or evaluate are missing.
    """
    asked, evaluated = study.compare, files.read_json(paths.metrics("evaluate", task))
    return Findings(
        card=cards.load(task),
        prepared=files.read_json(paths.metrics("prepare", task)),
        generated={s: files.read_json(paths.metrics("generate", f"{task}.{s}")) for s in study.generate.settings},
        evaluated=evaluated,
        diversity=optional(paths.metrics("diversity", task)),
        case=verdict.case(evaluated, asked.classifier, asked.candidate, asked.baseline, asked.margin),
    )


@dataclass(frozen=True)
class Unscored:
    """What the metrics say of a task without real texts: `says` is it in words, `figures` the diversity of each set."""

    card: Card
    generated: dict[str, dict[str, Any]]
    says: list[str]
    figures: dict[str, dict[str, Any]]

    @property
    def task(self) -> str:
        return self.card.id


def read_unscored(task: str, study: Params) -> Unscored:
    """The metrics of a task without real texts.

    Raises:
        PyriteError: those of generate are missing.
    """
    measured = (optional(paths.metrics("diversity", task)) or {"sets": {}})["sets"]
    generated = {s: files.read_json(paths.metrics("generate", f"{task}.{s}")) for s in study.generate.settings}
    return Unscored(
        card=cards.load(task),
        generated={setting: made for setting, made in generated.items() if made["total"]["answers"]},
        says=[re.sub(r"`([^`]*)`", r"“\1”", words) for words in verdict.unscored(task, study)],
        figures={name: found for name, found in measured.items() if "note" not in found},
    )


def scored(task: str) -> bool:
    """Whether a task has scores: without real texts it has none."""
    return bool(files.read_json(paths.metrics("evaluate", task))["encoders"])


def optional(path: Path) -> dict[str, Any] | None:
    """Metrics of a stage that a study can do without."""
    return files.read_json(path) if path.exists() else None


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


def left_out(findings: Findings, asked: Compare) -> dict[str, dict[str, Any]]:
    """The real training texts that the candidate's generated sets leave out, by setting."""
    measured = (findings.diversity or {}).get("left_out", {})
    return {setting: measured[setting] for setting in mixes.settings_of(asked.candidate) if setting in measured}


def measure(value: float, form: str) -> str:
    """A figure of diversity in its format; a share with a space before its sign, as everywhere here."""
    return form.format(value).replace("%", "\u00a0%")


def unmeasured(findings: Findings) -> list[str]:
    """Why a figure of diversity is missing, for each reason."""
    notes = []
    for source, figures in (findings.diversity or {"sets": {}})["sets"].items():
        notes += [
            f"{name(source)}: {one['note']}"
            for one in [figures, *figures.values()]
            if isinstance(one, dict) and "note" in one
        ]
    return list(dict.fromkeys(notes))


def told_apart(findings: Findings, asked: Compare) -> str:
    """The title of the diversity section: how easily the candidate's texts are told from real ones."""
    for setting in mixes.settings_of(asked.candidate):
        found = (findings.diversity or {"sets": {}})["sets"].get(setting, {}).get("c2st", {})
        if found.get("value") is not None:
            share = f"{100 * found['value']:.1f} %"
            return f"A classifier tells {name(setting)} texts from real ones {share} of the time; chance is 50 %"
    return "Are the generated texts as varied as real ones?"


def capital(words: str) -> str:
    return words[0].upper() + words[1:]


# Diversity and subjectivity

# How the claim that a slope or a rho stands for fares, by where its interval lies.
ABOVE, BELOW, NEITHER, UNKNOWN = "rises", "falls", "can’t tell", "not known"


def side(figure: Mapping[str, Any]) -> str:
    """Whether a figure is above zero, below it or neither, by its interval."""
    if figure["value"] is None or figure["low"] is None:
        return UNKNOWN
    return ABOVE if figure["low"] > 0 else BELOW if figure["high"] < 0 else NEITHER


def slopes(annotated: Mapping[str, Mapping[str, Any]], encoder: str) -> list[dict[str, Any]]:
    """Accuracy against agreement as rows of a table: each task, source of annotations and mix of an encoder."""
    return [
        {"task": task, "source": source, "mix": mix, "says": side(line["slope"]), **line}
        for task, found in annotated.items()
        for source in ANNOTATORS
        if source in found
        for mix, line in found[source].get("accuracy", {}).get(encoder, {}).items()
    ]


def instance_claim(rows: Sequence[Mapping[str, Any]], encoder: str) -> list[str]:
    """Whether accuracy is higher where annotators agree, in one sentence for each source of annotations and mix."""
    sentences = []
    for source, who in ANNOTATORS.items():
        for mix in dict.fromkeys(row["mix"] for row in rows):
            says = [row["says"] for row in rows if (row["source"], row["mix"]) == (source, mix)]
            known = [said for said in says if said != UNKNOWN]
            if not known:
                continue
            counts = f"rises with the agreement of {who} in {known.count(ABOVE)} of {len(known)} tasks"
            rest = f"falls in {known.count(BELOW)} and can’t be told in {known.count(NEITHER)}"
            sentences.append(f"Trained on {name(mix)} texts, the accuracy of {encoder} {counts}, {rest}.")
    return sentences


def gap_claim(rho: Mapping[str, Any], setting: str) -> str:
    """What Spearman's rho between subjectivity and gap says of the claim that subjective tasks lose more."""
    told = minus(f"{rho['value']:.2f} ({rho['low']:.2f} to {rho['high']:.2f})")
    says = {
        ABOVE: f"here {name(setting)} texts lose less on subjective tasks, against the claim",
        BELOW: f"the claim holds here: {name(setting)} texts lose more on subjective tasks",
        NEITHER: "the interval holds 0, so whether the claim is true can’t be told here",
    }[side(rho)]
    return f"Spearman’s ρ is {told} over {rho['pairs']} tasks (p {rho['p']:.3f}): {says}."


def duplicates(findings: Findings) -> str:
    """What near duplicates do to the real texts' distance to the nearest other; nothing where there are none."""
    found = (findings.diversity or {}).get("near_duplicates", {})
    without = found.get("chamfer", {})
    if not found.get("share") or without.get("value") is None:
        return ""
    low, high = (f"{without[end]:.3f}" for end in ("low", "high"))
    chamfer = (findings.diversity or {})["sets"]["real"]["chamfer"]["value"]
    return (
        f"Of the real texts, {measure(found['share'], '{:.1%}')} nearly repeat another; generated sets have lost such "
        f"texts. Without them the nearest other real text is {without['value']:.3f} ({low} to {high}) away, in place "
        f"of {chamfer:.3f}: hold generated sets against that."
    )
