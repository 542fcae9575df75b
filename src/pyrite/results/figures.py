"""The report's figures: charts of what the metrics say, each with its finding or its question as title."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import altair as alt
import pandas as pd

from pyrite.data import mixes
from pyrite.measures.diversity import Measure
from pyrite.measures.intervals import Estimate
from pyrite.params import Compare
from pyrite.results import charts, verdict
from pyrite.results.charts import Dot, Level, Place, Point
from pyrite.results.findings import (
    Findings,
    capital,
    family,
    gap,
    gap_claim,
    interval,
    labels,
    name,
    ranged,
    signed,
    verdict_of,
    worth,
)
from pyrite.results.subjectivity import KINDS, WHO, Subjectivity, TaskSubjectivity

# How the points of generated sets differ on a map, one set after the other: how solid they are.
LOOKS = {"hollow": 0.0, "filled": 0.6, "pale": 0.25}

# Points of a training curve: the mean over the steps between two.
TRAINING_POINTS = 50


@dataclass(frozen=True)
class Figure:
    """A chart under its title; `note` is a number that belongs in its caption."""

    title: str
    chart: alt.LayerChart
    note: str = ""

    @cached_property
    def spec(self) -> dict[str, Any]:
        return charts.spec(self.chart, self.title)


def scores(task: Findings, encoder: str, asked: Compare) -> Figure:
    """The scores of an encoder's mixes."""
    found = task.evaluated["encoders"][encoder]
    dots = {mix: _dot(mix, found["mixes"][mix]["macro_f1"]) for mix in found["gaps"]}
    between = found["gaps"].get(asked.candidate, {}).get(asked.baseline, {}).get("macro_f1")
    candidate, baseline = name(asked.candidate), name(asked.baseline)
    if between is None:
        title = f"Scores of {encoder}"
    elif between["low"] <= 0 <= between["high"]:
        title = f"{candidate} and {baseline} can’t be told apart: {gap(between)} points"
    else:
        side = "above" if between["mean"] > 0 else "below"
        title = f"{candidate} stands {abs(100 * between['mean']):.1f} points {side} {baseline}"
    return Figure(capital(title), charts.scores(list(dots.values()), dots.get(asked.baseline), asked.margin))


def called(task: Findings, encoder: str, asked: Compare) -> Figure | None:
    """The LLM as the classifier beside an encoder's mixes, on the texts that it labelled; None where it was not asked.

    The numbers differ from those of `scores`: these are fewer texts.
    """
    llm = task.evaluated["llm"]
    if not llm or encoder not in llm["encoders"]:
        return None
    mine = llm["encoders"][encoder]
    low, mean, high = (100 * llm["macro_f1"][key] for key in ("low", "mean", "high"))
    dots = [Dot("the LLM itself", "muted", mean, low, high, interval(llm["macro_f1"]))]
    dots += [_dot(mix, found["macro_f1"]) for mix, found in mine.items()]
    title, candidate = "The LLM itself as the classifier", name(asked.candidate)
    if asked.candidate in mine:
        above = mine[asked.candidate]["gap"]["macro_f1"]
        if above["low"] > 0:
            title = f"Simply calling the LLM beats {candidate} by {100 * above['mean']:.1f} points"
        elif above["high"] < 0:
            title = f"{candidate} beats calling the LLM by {-100 * above['mean']:.1f} points"
        else:
            title = f"Calling the LLM and {candidate} can’t be told apart: {gap(above)} points"
    return Figure(capital(title), charts.scores(dots, None, asked.margin))


def curve(task: Findings, encoder: str, asked: Compare) -> Figure | None:
    """The learning curve of an encoder, with the worth of every mix that has generated rows; None without a curve."""
    found = task.evaluated["encoders"][encoder]
    if len({point["rows"] for point in found["curve"]}) < 2:
        return None
    points = [
        Point(**vars(_dot("real", point, f"{interval(point)} with {point['rows']:,} real texts")), rows=point["rows"])
        for point in found["curve"]
    ]
    levels = [
        _level(mix, entry)
        for mix, entry in found["mixes"].items()
        if family(mix) != "real" and entry.get("worth") is not None
    ]
    mine = found["mixes"].get(asked.candidate, {}).get("worth")
    title = (
        f"{name(asked.candidate)} is worth {labels(mine)} real labels ({labels(mine, 'low')} to {labels(mine, 'high')})"
        if mine
        else f"How {encoder} learns from real labels"
    )
    return Figure(capital(title), charts.curve(points, levels))


def mix_curve(task: Findings, asked: Compare) -> Figure | None:
    """What the candidate adds to n real rows; None where no encoder has two points of it."""
    found = verdict.mix_curve(task.evaluated, asked.classifier, asked.candidate)
    if found is None or "stops" not in found[1]:
        return None
    encoder, curve = found
    points = [
        Point(
            **vars(_dot(mix, point[side], f"{interval(point[side])} with {point['rows']:,} real texts")),
            rows=point["rows"],
        )
        for point in curve["points"]
        for side, mix in (("without", "real"), ("with", point["mix"]))
    ]
    said = verdict.stops_helping(name(asked.candidate), encoder, curve["stops"])
    return Figure(capital(said.partition(": ")[2].rstrip(".")), charts.mix_curve(points), encoder)


def _level(mix: str, entry: Mapping[str, Any]) -> Level:
    score, found = 100 * entry["macro_f1"]["mean"], entry["worth"]
    ends = {end: found[end] for end in ("labels", "low", "high")}
    note = f"{score:.1f}, worth {worth(found)} real labels"
    return Level(name(mix), family(mix), score, **ends, worth=labels(found), note=note)


def classes(task: Findings, encoder: str, asked: Compare) -> Figure | None:
    """F1 of baseline and candidate for each label; None where the encoder lacks one of them."""
    found = task.evaluated["encoders"][encoder]["mixes"]
    if not {asked.baseline, asked.candidate} <= found.keys():
        return None
    before, after = (
        {label: one["f1"] for label, one in found[mix]["per_class"].items() if one["f1"]} for mix in _pair(asked)
    )
    order = sorted(before, key=lambda label: after[label]["mean"] - before[label]["mean"])
    worst = order[0]
    first, last = (100 * side[worst]["mean"] for side in (before, after))
    baseline, candidate = (name(mix) for mix in _pair(asked))
    title = (
        f"F1 falls most for “{worst}”: {first:.1f} with {baseline}, {last:.1f} with {candidate}"
        if last < first
        else f"No label’s F1 is lower with {candidate} than with {baseline}"
    )
    dots = [(label, [_dot(asked.baseline, before[label]), _dot(asked.candidate, after[label])]) for label in order]
    return Figure(title, charts.classes(dots))


def _pair(asked: Compare) -> tuple[str, str]:
    return asked.baseline, asked.candidate


def agreement(found: TaskSubjectivity, classifier: str) -> dict[str, Figure]:
    """Accuracy against agreement, by who annotated: with real texts and with those of each setting."""
    figures: dict[str, Figure] = {}
    for who, words in WHO.items():
        lines = found.annotated[who].accuracy.get(classifier, {}) if who in found.annotated else {}
        points = [
            (point.agreement, _estimated(mix, point.accuracy, 100, f" on {point.items} texts"))
            for mix, line in lines.items()
            for point in line.thresholds
            if point.accuracy.low is not None
        ]
        # Between two levels there is always a straight line.
        if len({level for level, _ in points}) > 2:
            figures[who] = Figure(f"Is {classifier} right where {words} agree?", charts.agreement(points))
    return figures


def _estimated(mix: str, found: Estimate, scale: float, note: str = "", form: str = ".1f") -> Dot:
    """A dot of an estimate that has an interval, times `scale`."""
    value, low, high = (scale * end for end in (found.value, found.low, found.high) if end is not None)
    scaled = Estimate(value=value, low=low, high=high)
    return Dot(name(mix), family(mix), value, low, high, ranged(scaled, form) + note)


def against_gap(
    subjectivity: Subjectivity, found: Sequence[Findings], asked: Compare
) -> dict[tuple[str, str, str], Figure]:
    """The candidate's loss over the tasks' subjectivity, for each measure of it that ranks four tasks or more.

    Returns:
        By measure, who judged, and setting.
    """
    figures: dict[tuple[str, str, str], Figure] = {}
    hues = {task.task: verdict_of(task.case)["family"] for task in found}
    for one in subjectivity.against_gap:
        mine = one.classifier == asked.classifier and one.source in mixes.settings_of(asked.candidate)
        if not mine or one.rho.value is None:
            continue
        dots = []
        for point in one.points:
            points = 100 * point.gap
            dot = Dot(point.task, hues[point.task], points, points, points, f"{signed(points)} points")
            dots.append((point.subjectivity, dot))
        by = capital(KINDS[one.kind].format(who=WHO[one.who]))
        title = f"Does {name(one.source)} lose more on subjective tasks? {by}"
        key = (one.kind, one.who, one.source)
        figures[key] = Figure(title, charts.against_gap(dots), gap_claim(one.rho, one.source))
    return figures


def measures(found: Sequence[Findings], measure: Measure) -> Figure | None:
    """A measure of each task's sets of texts; None where none was taken."""
    groups = []
    for task in found:
        dots = [
            _estimated(name, value, 1, form=measure.form)
            for name, of_set in (task.diversity.sets if task.diversity else {}).items()
            if (value := of_set.measures.get(measure.key)) and value.low is not None
        ]
        if dots:
            groups.append((task.task, dots))
    return Figure(measure.question, charts.measures(groups, measure.axis)) if groups else None


def training(histories: Mapping[str, Sequence[Mapping[str, Any]]], encoder: str) -> dict[str, Figure]:
    """Loss and, where it was noted, accuracy on the training rows over the steps: the mean over the seeds of each mix.

    Args:
        histories: of each mix, what its fits noted (`history.json`).
    """
    titles = {
        "loss": (f"How {encoder} learns its training rows", "Loss on training rows", 1),
        "accuracy": (f"How often {encoder} is right on its training rows", "Accuracy on training rows (points)", 100),
    }
    figures = {}
    for key, (title, axis, scale) in titles.items():
        points = []
        for mix, notes in histories.items():
            lines = [note[key] for note in notes if note.get(key)]
            if not lines:
                continue
            # Fits that stopped early are shorter: the line ends where the first of them does.
            steps = min(len(line) for line in lines)
            width = -(-steps // TRAINING_POINTS)
            for start in range(0, steps, width):
                part = [value for line in lines for value in line[start : min(start + width, steps)]]
                mean = scale * sum(part) / len(part)
                end = min(start + width, steps)
                points.append((float(end), Dot(name(mix), family(mix), mean, mean, mean)))
        if points:
            figures[key] = Figure(title, charts.training(points, axis))
    return figures


def text_map(table: pd.DataFrame, shares: Sequence[float]) -> Figure:
    """Real and generated texts on a plane (source, text, label, x, y), and how much of the variance it holds."""
    made = [source for source in table["source"].unique() if family(source) == "generated"]
    looks = dict(zip(made, itertools.cycle(LOOKS), strict=False))
    columns = (table[column].tolist() for column in ("source", "text", "label", "x", "y"))
    places = [
        Place(
            f"{name(source)}, {label}",
            family(source),
            round(x, 3),
            round(y, 3),
            text,
            LOOKS[looks.get(source, "filled")],
        )
        for source, text, label, x, y in zip(*columns, strict=True)
    ]
    told = " and ".join(f"{look} ones are {name(source)}" for source, look in looks.items())
    held = " and ".join(f"{100 * share:.1f}\u00a0%" for share in shares)
    note = f"Of the generated texts, {told}. The axes hold {held} of the variance." if told else ""
    return Figure("Where real and generated texts lie", charts.text_map(places), note)


def gaps(found: Sequence[Findings], asked: Compare) -> Figure:
    """The gap of each task."""
    dots = []
    for task in found:
        between = task.evaluated["encoders"][asked.classifier]["gaps"][asked.candidate][asked.baseline]["macro_f1"]
        spoken = verdict_of(task.case)
        low, mean, high = (100 * between[key] for key in ("low", "mean", "high"))
        dots.append(Dot(task.task, spoken["family"], mean, low, high, f"{gap(between)} points: {spoken['word']}"))
    dots.sort(key=lambda dot: -dot.mean)
    return Figure("Where does it pay?", charts.gaps(dots, asked.margin))


def _dot(mix: str, found: Mapping[str, float], note: str = "") -> Dot:
    low, mean, high = (100 * found[key] for key in ("low", "mean", "high"))
    return Dot(name(mix), family(mix), mean, low, high, note or interval(found))
