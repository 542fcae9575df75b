"""The report's figures: charts of what the metrics say, each with its finding or its question as title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from pyrite import charts, mixes, verdict
from pyrite.charts import Dot, Level, Point
from pyrite.findings import (
    ANNOTATORS,
    MEASURES,
    Findings,
    capital,
    family,
    gap,
    interval,
    labels,
    minus,
    name,
    signed,
    verdict_of,
    worth,
)
from pyrite.params import Compare


@dataclass(frozen=True)
class Figure:
    """A chart under its title; `note` is a number that belongs in its caption."""

    title: str
    chart: alt.LayerChart
    note: str = ""

    @property
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
    found = verdict.mix_curve(task.evaluated, asked.encoder, asked.candidate)
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


def agreement(measured: Mapping[str, Any], encoder: str, asked: Compare) -> dict[str, Figure]:
    """Accuracy against agreement, by who annotated: with real texts, and with the candidate or else another mix."""
    figures = {}
    for source, who in ANNOTATORS.items():
        of_mix = measured.get(source, {}).get("accuracy", {}).get(encoder, {})
        real = [mix for mix in of_mix if family(mix) == "real"]
        others = [mix for mix in of_mix if mix not in real]
        points = [
            (point["agreement"], _dot(mix, _ends(found), f"{interval(_ends(found))} on {point['items']} texts"))
            for mix in [*real, *([asked.candidate] if asked.candidate in others else others[:1])]
            for point in of_mix[mix]["thresholds"]
            if (found := point["accuracy"])["low"] is not None
        ]
        # Between two levels there is always a straight line.
        if len({level for level, _ in points}) > 2:
            figures[source] = Figure(f"Is {encoder} right where {who} agree?", charts.agreement(points))
    return figures


def against_gap(subjectivity: Mapping[str, Any], found: Sequence[Findings], asked: Compare) -> list[Figure]:
    """The candidate's loss over the tasks' subjectivity, for each measure of it that ranks four tasks or more."""
    figures = []
    hues = {task.task: verdict_of(task.case)["family"] for task in found}
    for entry in subjectivity["against_gap"]:
        rho, setting = entry["spearman"], entry["setting"]
        if entry["encoder"] != asked.encoder or setting not in mixes.settings_of(asked.candidate):
            continue
        if rho["value"] is None:
            continue
        dots = []
        for point in entry["points"]:
            points = 100 * point["gap"]
            dot = Dot(point["task"], hues[point["task"]], points, points, points, f"{signed(points)} points")
            dots.append((point["subjectivity"], dot))
        measure = capital(MEASURES[entry["measure"]].format(who=ANNOTATORS[entry["source"]]))
        told = f"{rho['value']:.2f} ({rho['low']:.2f} to {rho['high']:.2f})"
        figures.append(
            Figure(
                f"Does {name(setting)} lose more on subjective tasks? {measure}",
                charts.against_gap(dots),
                f"Spearman’s ρ is {minus(told)} over {rho['pairs']} tasks (p {rho['p']:.3f}).",
            )
        )
    return figures


def gaps(found: Sequence[Findings], asked: Compare) -> Figure:
    """The gap of each task."""
    dots = []
    for task in found:
        between = task.evaluated["encoders"][asked.encoder]["gaps"][asked.candidate][asked.baseline]["macro_f1"]
        spoken = verdict_of(task.case)
        low, mean, high = (100 * between[key] for key in ("low", "mean", "high"))
        dots.append(Dot(task.task, spoken["family"], mean, low, high, f"{gap(between)} points: {spoken['word']}"))
    dots.sort(key=lambda dot: -dot.mean)
    return Figure("Where does it pay?", charts.gaps(dots, asked.margin))


def _dot(mix: str, found: Mapping[str, float], note: str = "") -> Dot:
    low, mean, high = (100 * found[key] for key in ("low", "mean", "high"))
    return Dot(name(mix), family(mix), mean, low, high, note or interval(found))


def _ends(figure: Mapping[str, Any]) -> dict[str, float]:
    """A value with its interval in the form that scores have."""
    return {"mean": figure["value"], "low": figure["low"], "high": figure["high"]}
