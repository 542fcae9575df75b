"""The verdict: is synthetic data good enough here, and how sure are we? One rule, and the words for its answers.

Gaps, scores and margins are in points of macro-F1 (0 to 100) here, as people read them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pyrite import params
from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import mixes
from pyrite.results import evaluation, prices

REPLACE, AUGMENT, DONT, CANT_TELL = "replace", "augment", "don't", "can't tell"

COLOURS = {REPLACE: "green", AUGMENT: "yellow", DONT: "red", CANT_TELL: "cyan"}

# Normal quantiles: a one-sided test at 5 % that succeeds in 80 % of the studies.
_POWER = 1.645 + 0.842


@dataclass(frozen=True)
class Gap:
    """Candidate - baseline: the mean, its 95 % and 90 % intervals, and its standard errors from items and seeds."""

    mean: float
    low: float
    high: float
    low90: float
    high90: float
    item_error: float
    seed_error: float


@dataclass(frozen=True)
class Case:
    """What a verdict rests on.

    `gap` is that of the candidate to the baseline; `augmented` that of candidate and pool together to the pool alone,
    None where these mixes were not trained.
    """

    candidate: str
    baseline: str
    margin: float
    seeds: int
    test_rows: int
    gap: Gap
    augmented: Gap | None = None


def decide(case: Case) -> str:
    """The verdict on a case.

    *replace*: the candidate is better than baseline - margin (one-sided, 5 %: the lower half of TOST, Schuirmann 1987).
    *augment*: not that, but with the pool it beats the pool alone (two-sided, 5 %).
    *don't*: neither, and the candidate is worse than baseline - margin (one-sided, 5 %).
    *can't tell*: none of these, or one seed only, which tells nothing of how much another run would move.
    """
    if case.seeds < 2:
        return CANT_TELL
    if case.gap.low90 > -case.margin:
        return REPLACE
    if case.augmented is not None and case.augmented.low > 0:
        return AUGMENT
    if case.gap.high90 < -case.margin:
        return DONT
    return CANT_TELL


def sentence(case: Case) -> str:
    """The verdict in one sentence, with its numbers."""
    verdict, gap = decide(case), case.gap
    candidate, baseline, margin = case.candidate, case.baseline, f"{case.margin:.1f}"
    if verdict == REPLACE:
        stands = f"{_side(gap.mean)} {baseline} in macro-F1"
        sure = (
            f"it is better with 95 % confidence (by {gap.low90:.1f} points or more)"
            if gap.low90 > 0
            else f"with 95 % confidence it costs no more than {-gap.low90:.1f} points, and you allow {margin}"
        )
        return f"Replace: {candidate} stands {stands}; {sure}."
    if verdict == AUGMENT and case.augmented is not None:
        more = case.augmented
        return (
            f"Augment: added to the pool of real rows, {candidate} gains {_interval(more)} points of macro-F1; alone "
            f"it stands {_side(gap.mean)} {baseline}, and you allow {margin}."
        )
    if verdict == DONT:
        return (
            f"Don't: {candidate} stands {_side(gap.mean)} {baseline} in macro-F1; with 95 % confidence it costs more "
            f"than {-gap.high90:.1f} points, and you allow {margin}."
        )
    if case.seeds < 2:
        return (
            f"Can't tell: one seed says nothing of how much another training run would move; {candidate} stands "
            f"{_side(gap.mean)} {baseline} in macro-F1. Add seeds to train.seeds in params.yaml."
        )
    return (
        f"Can't tell: {candidate} stands {_side(gap.mean)} {baseline} in macro-F1, but {gap.low:+.1f} to "
        f"{gap.high:+.1f} is all that is sure, and you allow {margin}. {_needed(case)}"
    )


def _side(gap: float) -> str:
    if abs(gap) < 0.05:
        return "level with"
    return f"{abs(gap):.1f} points {'above' if gap > 0 else 'below'}"


def _interval(gap: Gap) -> str:
    return f"{gap.mean:.1f} ({gap.low:.1f} to {gap.high:.1f})"


def needed(case: Case) -> tuple[int | None, int | None]:
    """(test rows, seeds) with which the case would be decided, each with the other as it is; None: never by that alone.

    For a one-sided test of the gap against the margin at 5 % with 80 % power, if the true gap is the one found.
    """
    gap = case.gap
    variance = ((gap.mean + case.margin) / _POWER) ** 2
    rows, seeds = variance - gap.seed_error**2, variance - gap.item_error**2
    return (
        math.ceil(case.test_rows * max(1, gap.item_error**2 / rows)) if rows > 0 else None,
        math.ceil(case.seeds * max(1, gap.seed_error**2 / seeds)) if seeds > 0 else None,
    )


def _needed(case: Case) -> str:
    rows, seeds = needed(case)
    # Beyond a hundred times what there is, a number would promise a precision that nobody will buy.
    choices = [
        f"{count:,} {name} in place of {have:,}"
        for count, have, name in ((seeds, case.seeds, "seeds"), (rows, case.test_rows, "test rows"))
        if count is not None and have < count <= 100 * have
    ]
    if choices:
        return f"About {' or '.join(choices)} would settle it, if the gap is as it looks."
    return "The gap is too near the margin for more seeds or test rows alone to settle it."


def case(metrics: dict[str, Any], encoder: str, candidate: str, baseline: str, margin: float) -> Case:
    """The case of one task, from its evaluate metrics.

    Raises:
        PyriteError: the metrics lack the gap.
    """
    found = metrics["encoders"].get(encoder, {"gaps": {}, "mixes": {}})
    entry = found["gaps"].get(candidate, {}).get(baseline)
    if entry is None:
        raise PyriteError(
            f"{paths.metrics('evaluate', metrics['task'])}: no gap of '{candidate}' to '{baseline}' for encoder "
            f"'{encoder}': compare.candidate must be another trained mix than the baseline and no point of the curve"
        )
    alone, together = _augmentation(candidate)
    more = found["gaps"].get(together, {}).get(alone)
    return Case(
        candidate=candidate,
        baseline=baseline,
        margin=margin,
        seeds=len(found["mixes"][candidate]["seeds"]),
        test_rows=metrics["test_rows"],
        gap=_gap(entry),
        augmented=_gap(more) if more else None,
    )


def _augmentation(candidate: str) -> tuple[str, str]:
    """The mix without and the one with the candidate; a candidate that has the pool already is itself the latter."""
    has_pool = any(part.source == "pool" for part in mixes.parse(candidate).parts)
    return "pool", candidate if has_pool else f"pool+{candidate}"


def _gap(entry: dict[str, Any]) -> Gap:
    return Gap(**{name: 100 * entry["macro_f1"][name] for name in Gap.__dataclass_fields__})


def over_tasks(cases: Sequence[Case]) -> Case:
    """The mean over tasks of the same question: these very tasks, not tasks in general, so their errors average out."""
    gaps = [case.augmented for case in cases if case.augmented is not None]
    first = cases[0]
    return Case(
        candidate=first.candidate,
        baseline=first.baseline,
        margin=first.margin,
        seeds=min(case.seeds for case in cases),
        test_rows=round(sum(case.test_rows for case in cases) / len(cases)),
        gap=_mean([case.gap for case in cases]),
        augmented=_mean(gaps) if len(gaps) == len(cases) else None,
    )


def _mean(gaps: Sequence[Gap]) -> Gap:
    mean = sum(gap.mean for gap in gaps) / len(gaps)

    def together(errors: Sequence[float]) -> float:
        return math.hypot(*errors) / len(gaps)

    return Gap(
        mean=mean,
        low=mean - together([gap.mean - gap.low for gap in gaps]),
        high=mean + together([gap.high - gap.mean for gap in gaps]),
        low90=mean - together([gap.mean - gap.low90 for gap in gaps]),
        high90=mean + together([gap.high90 - gap.mean for gap in gaps]),
        item_error=together([gap.item_error for gap in gaps]),
        seed_error=together([gap.seed_error for gap in gaps]),
    )


def worth(metrics: dict[str, Any], encoder: str, mix: str) -> tuple[str, dict[str, Any]] | None:
    """(encoder, worth) of a mix: by this encoder's learning curve or else by the first that has one."""
    for name in (encoder, *metrics["encoders"]):
        found = metrics["encoders"][name]["mixes"].get(mix, {}).get("worth")
        if found:
            return name, found
    return None


def no_worth(metrics: dict[str, Any], encoder: str, mix: str) -> str:
    """Why a mix has no worth."""
    for name in (encoder, *metrics["encoders"]):
        if why := metrics["encoders"][name]["mixes"].get(mix, {}).get("no_worth"):
            return f"{why} ({name})"
    return "no encoder has a learning curve of two points or more"


def in_words(worth: dict[str, Any]) -> str:
    """A worth and its interval: 246 (177 to 367)."""
    return f"{label_count(worth)} ({label_count(worth, 'low')} to {label_count(worth, 'high')})"


def break_even(
    metrics: dict[str, Any], generated: Mapping[str, Mapping[str, Any]], asked: params.Compare
) -> str | None:
    """What generating cost against what labels cost, in one sentence; None where neither price is known."""
    found = worth(metrics, asked.classifier, asked.candidate)
    words = in_words(found[1]) if found else ""
    cost = prices.cost(asked.candidate, generated)
    return prices.sentence(asked.candidate, found[1] if found else None, cost, asked.label_price, words)


def mix_curve(metrics: dict[str, Any], encoder: str, added: str) -> tuple[str, dict[str, Any]] | None:
    """(encoder, mix curve) of what is added to real rows: of this encoder or else of the first that has one."""
    for name in (encoder, *metrics["encoders"]):
        if found := metrics["encoders"][name]["mix_curves"].get(added):
            return name, found
    return None


def stops_helping(added: str, encoder: str, stops: dict[str, Any]) -> str:
    """From how many real rows generated ones help no more, in one sentence."""
    most, least = f"{stops['most']:,}", f"{stops['least']:,}"
    if stops["low"] is None:
        where = f"{added} still helps beside {most} real rows, the most that were tried"
    elif stops["high"] == 0:
        where = f"{added} helps beside no number of real rows from {least} on"
    elif stops["low"] == 0 and stops["high"] is None:
        where = f"can't tell from how many real rows on {added} helps no more: it may be any from {least} to {most}"
    elif stops["labels"] is None:
        where = f"{added} seems to help beside all {most} real rows that were tried, with 95 % confidence beside "
        where += f"{stops['low']:,}"
    else:
        where = f"{added} helps up to {in_words(stops)} real rows"
    return f"Added to real rows ({encoder}): {where}."


def called(metrics: dict[str, Any], asked: params.Compare) -> str | None:
    """The LLM as the classifier beside the candidate, in one sentence; None where it was not asked."""
    if not (llm := metrics["llm"]):
        return None
    score = f"{100 * llm['macro_f1']['mean']:.1f} ({_ends(llm['macro_f1'])})"
    says = (
        f"Called as the classifier, in {llm['personas']} personas, the LLM scores {score} in macro-F1 on the "
        f"{llm['rows']:,} test rows that it labelled"
    )
    mine = llm["encoders"].get(asked.classifier, {}).get(asked.candidate)
    price = "" if asked.llm_price is None else f" It asks {prices.money(asked.llm_price)} for a thousand texts."
    if mine is None:
        return f"{says}.{price}"
    gap = mine["gap"]["macro_f1"]
    says += f", {asked.classifier} trained on {asked.candidate} {100 * mine['macro_f1']['mean']:.1f}"
    difference = f"{abs(100 * gap['mean']):.1f} ({_ends(gap if gap['mean'] > 0 else _turned(gap))})"
    if gap["low"] > 0:
        word = f"simply calling the LLM is better by {difference} points"
    elif gap["high"] < 0:
        word = f"the trained classifier is better by {difference} points"
    else:
        word = f"can't tell which is better ({_ends(gap, '+')} points)"
    return f"{says}: {word}.{price}"


def _ends(found: Mapping[str, float], sign: str = "") -> str:
    return f"{100 * found['low']:{sign}.1f} to {100 * found['high']:{sign}.1f}"


def _turned(gap: Mapping[str, float]) -> dict[str, float]:
    return {"low": -gap["high"], "high": -gap["low"]}


def untested(metrics: dict[str, Any]) -> list[str]:
    """The labels that no test row has: of them nothing is known."""
    found = next(iter(next(iter(metrics["encoders"].values()))["mixes"].values()))["per_class"]
    return [label for label, one in found.items() if not one["support"]]


def labels(worth: dict[str, Any], end: str = "labels") -> int | str:
    """A number of real labels: 246, or "< 50" and "> 2320" where it lies outside the learning curve."""
    value: int | None = worth[end]
    if value is None:
        return f"> {worth['most']}"
    return f"< {worth['least']}" if value == 0 else value


def label_count(worth: dict[str, Any], end: str = "labels") -> str:
    """A number of real labels as people write it: 246, < 50 or > 2,320."""
    return re.sub(r"\d+", lambda digits: f"{int(digits[0]):,}", str(labels(worth, end)))


def contaminated(generated: dict[str, Any]) -> tuple[int, int]:
    """(texts dropped because they resemble test or validation rows, texts received) of a generated set's metrics."""
    total = generated["total"]
    dropped = sum(count for reason, count in total["dropped"].items() if reason.startswith("contamination"))
    return dropped, total["received"]


# What `pyrite verdict` prints


def as_json() -> dict[str, Any]:
    """The verdict of every task and over all of them, for a program; gaps, margins and errors in points of macro-F1."""
    settings = params.load()
    asked = settings.compare
    evaluated = [evaluation.before(evaluation.load(task)) for task in settings.tasks]
    cases = [case(m, asked.classifier, asked.candidate, asked.baseline, asked.margin) for m in evaluated]

    def told(of: Case) -> dict[str, Any]:
        return {"verdict": decide(of), "sentence": sentence(of), **asdict(of)}

    tasks = [
        {"task": m["task"], "encoder": asked.classifier, **told(one), "remarks": remarks(m, asked)}
        for m, one in zip(evaluated, cases, strict=True)
    ]
    return {"tasks": tasks, "overall": told(over_tasks(cases))}


def show(console: Console) -> None:
    """Print the results and the verdict of every task, from the metrics files alone."""
    settings = params.load()
    asked = settings.compare
    cases = []
    for task in settings.tasks:
        metrics = evaluation.before(evaluation.load(task))
        if not metrics["encoders"]:
            console.print()
            console.print(Text(task, style="bold"))
            for words in unscored(task, settings):
                console.print(words, soft_wrap=True)
            continue
        cases.append(case(metrics, asked.classifier, asked.candidate, asked.baseline, asked.margin))
        console.print()
        console.print(_scores(metrics, asked.classifier, asked.candidate, asked.baseline))
        if len(metrics["encoders"]) > 1:
            console.print(_encoders(metrics, asked.candidate, asked.baseline, asked.margin))
        console.print(_contamination(task, settings))
        console.print()
        console.print(_coloured(cases[-1], sentence(cases[-1])))
        for words in remarks(metrics, asked):
            console.print(words)
    if len(cases) > 1:
        overall = over_tasks(cases)
        console.print()
        console.print(_coloured(overall, f"Over {len(cases)} tasks. {sentence(overall)}"))
    page = paths.REPORT / "index.html"
    if page.exists():
        console.print(f"\nThe report: {page}")


def unscored(task: str, settings: params.Params) -> list[str]:
    """What can be said of a task without real texts, and what can't, a sentence each."""
    said = [
        "Can't tell: the task has no real texts, so no classifier was trained or tested, and nobody knows what the "
        "generated texts are worth."
    ]
    for setting in settings.generate.settings:
        made = files.read_json(paths.metrics("generate", f"{task}.{setting}"))
        total = made["total"]
        if not total["answers"]:
            said.append(f"{setting}: not asked, for it shows the LLM real texts.")
            continue
        dropped = sum(total["dropped"].values())
        cost = "" if total["cost_usd"] is None else f", for {prices.money(total['cost_usd'])}"
        if not cost and total["prompt_tokens"] is not None:
            cost = f", for {total['prompt_tokens'] + total['completion_tokens']:,} tokens"
        said.append(
            f"{setting}: {total['accepted']:,} texts of {len(made['labels'])} labels were kept and {dropped:,} dropped "
            f"(repeated, too short or too long, ...){cost}."
        )
    return [
        *said,
        "Known besides: how varied they are among themselves, in the report. Not known: whether they are like real "
        "texts, true to their labels, or free of what the LLM gets wrong. Read some.",
        "To know their worth, have people label about 400 real texts (a quarter of them is tested on) and run "
        f"`pyrite new {task} --refresh --from FILE`, then `dvc repro`: what is answered is not paid again.",
    ]


def remarks(metrics: dict[str, Any], asked: params.Compare) -> list[str]:
    """What else there is to say of a task, a sentence each."""
    task = metrics["task"]
    sets = {
        setting: files.read_json(paths.metrics("generate", f"{task}.{setting}"))
        for setting in mixes.settings_of(asked.candidate)
    }
    said = [called(metrics, asked), break_even(metrics, sets, asked)]
    curve = mix_curve(metrics, asked.classifier, asked.candidate)
    if curve and "stops" in curve[1]:
        said.append(stops_helping(asked.candidate, curve[0], curve[1]["stops"]))
    if not worth(metrics, asked.classifier, asked.candidate) and mixes.settings_of(asked.candidate):
        said.append(f"Worth: can't tell: {no_worth(metrics, asked.classifier, asked.candidate)}.")
    if missing := untested(metrics):
        said.append(f"Can't tell how {', '.join(missing)} is classified: no test row has this label.")
    return [words for words in said if words]


def _scores(metrics: dict[str, Any], encoder: str, candidate: str, baseline: str) -> Table:
    found = metrics["encoders"][encoder]
    seeds = len(found["mixes"][baseline]["seeds"])
    main = [mix for mix in found["mixes"] if mix in found["gaps"]]
    worths = {mix: value for mix in main if (value := worth(metrics, encoder, mix))}
    by = next(iter(worths.values()))[0] if worths else encoder
    notes = [
        f"{encoder}, {_count(seeds, 'seed')}, {metrics['test_rows']:,} test rows. Points of macro-F1 and accuracy, "
        f"± half the 95 % interval over {'seeds and test rows' if seeds > 1 else 'test rows: one seed says no more'}."
    ]
    if worths:
        notes.append(f"Worth: the real labels that give {by} the same score, with the 95 % interval.")
    table = Table(
        title=metrics["task"],
        title_style="bold",
        title_justify="left",
        caption=" ".join(notes),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("Trained on", overflow="fold")
    for name in ("Rows", "Macro-F1", "Accuracy", f"Gap to {baseline}"):
        table.add_column(name, justify="right", no_wrap=True)
    if worths:
        table.add_column("Worth", justify="right", no_wrap=True)
    for mix in main:
        entry = found["mixes"][mix]
        cells = [mix, f"{entry['rows']:,}", _plus_minus(entry["macro_f1"]), f"{100 * entry['accuracy']['mean']:.1f}"]
        gap = found["gaps"][mix].get(baseline)
        cells.append(_plus_minus(gap["macro_f1"], "+") if gap else "")
        if worths:
            cells.append(_worth(worths[mix][1]) if mix in worths else "")
        table.add_row(*cells, style="bold" if mix == candidate else "")
    return table


def _encoders(metrics: dict[str, Any], candidate: str, baseline: str, margin: float) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Encoder", no_wrap=True)
    for name in (baseline, candidate, "Gap"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for encoder, found in metrics["encoders"].items():
        if baseline not in found["gaps"].get(candidate, {}):
            continue
        verdict = decide(case(metrics, encoder, candidate, baseline, margin))
        scores = (_plus_minus(found["mixes"][mix]["macro_f1"]) for mix in (baseline, candidate))
        gap = _plus_minus(found["gaps"][candidate][baseline]["macro_f1"], "+")
        table.add_row(encoder, *scores, gap, Text(verdict, style=COLOURS[verdict]))
    return table


def _contamination(task: str, settings: params.Params) -> Text:
    used = {
        s for encoder in settings.train.classifiers.values() for mix in encoder.mixes for s in mixes.settings_of(mix)
    }
    parts = []
    for setting in sorted(used, reverse=True):
        dropped, received = contaminated(files.read_json(paths.metrics("generate", f"{task}.{setting}")))
        parts.append(f"{dropped:,} of {received:,} {setting}")
    return Text(f"Dropped, being too like a test or validation row: {', '.join(parts) or 'nothing'} texts.")


def _coloured(case: Case, words: str) -> Text:
    text = Text(words)
    verdict = decide(case)
    start = words.lower().index(verdict)
    text.stylize(f"bold {COLOURS[verdict]}", start, start + len(verdict))
    return text


def _plus_minus(interval: dict[str, float], sign: str = "") -> str:
    half = (interval["high"] - interval["low"]) / 2
    return f"{100 * interval['mean']:{sign}.1f} ± {100 * half:4.1f}"


def _worth(found: dict[str, Any]) -> str:
    return f"{labels(found)} ({labels(found, 'low')}–{labels(found, 'high')})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
