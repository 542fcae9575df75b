"""Charts of curves: the learning curve of real labels, what generated rows add to them, and training."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import altair as alt

from pyrite.measures.intervals import Estimate
from pyrite.results import purchases
from pyrite.results.evaluation import MixResult, Worth
from pyrite.results.page import drawing, placing
from pyrite.results.page.drawing import NAMES, Dot, Figure, colour, data, domain, dot, hue, tooltip
from pyrite.results.page.findings import Findings
from pyrite.results.page.placing import Plot, Span
from pyrite.results.words import capital, family, labels, name, worth

# Points of a training curve: the mean over the steps between two.
TRAINING_POINTS = 50

# What fits note of their training: the key, the title of its figure, its axis, and what a unit of it is there.
TRAINING = {
    "loss": ("How {} learns its training rows", "Loss on training rows", 1),
    "accuracy": ("How often {} is right on its training rows", "Accuracy on training rows (points)", 100),
}


@dataclass(frozen=True)
class Point(Dot):
    """A dot of a learning curve, at so many training rows."""

    rows: int = 0


@dataclass(frozen=True)
class Level:
    """A mix's score beside the learning curve, and its worth in real labels."""

    name: str
    family: str
    score: float
    worth: Worth

    @property
    def note(self) -> str:
        """What the pointer shows."""
        return f"{self.score:.1f}, worth {worth(self.worth)} real labels"

    def meets(self, curve: Sequence[Point]) -> int:
        """The real labels at which it meets the curve, or the end that is nearest."""
        return curve[0].rows if self.worth.labels == 0 else self.worth.labels or curve[-1].rows


def curve(task: Findings, classifier: str) -> Figure | None:
    """The learning curve of a classifier, those of the sources beside it, and the worth of the candidate and of every
    mix of generated rows; None without a curve."""
    result = task.evaluated.classifiers[classifier]
    if len({rows for rows, _ in result.curve}) < 2:
        return None
    points = [_point("real", result.mixes[mix].macro_f1, rows) for rows, mix in result.curve]
    shown = [mix for mix in result.mixes if family(mix) == "generated" or mix == task.comparison.candidate]
    levels = sorted(filter(None, (_level(mix, result.mixes[mix]) for mix in shown)), key=lambda level: level.score)
    sources = [
        [_point(source, bought.score, bought.texts) for bought in along]
        for source, along in purchases.curves(result).items()
        if len(along) > 1 and source in task.study.sources
    ]
    candidate = result.mixes.get(task.comparison.candidate)
    title = (
        f"{task.names[0]} equals {worth(candidate.worth)} real labels ({classifier})"
        if candidate and candidate.worth
        else f"How {classifier} learns from real labels"
    )
    about = f"{task.tested(classifier)} Whiskers and bars at the foot: 95 % intervals."
    return Figure(capital(title), draw_curve(points, levels, sources), about)


def options(task: Findings, classifier: str) -> Figure | None:
    """What each option scores with the labels one has: real alone, with the candidate added, the candidate alone; None
    without a learning curve."""
    result, candidate = task.evaluated.classifiers[classifier], task.comparison.candidate
    if len({rows for rows, _ in result.curve}) < 2:
        return None
    mixes, curve = result.mixes, result.mix_curves.get(candidate)
    real = [_point("real", mixes[mix].macro_f1, rows) for rows, mix in result.curve]
    both = [_point(point.both, mixes[point.both].macro_f1, point.rows) for point in curve.points] if curve else []
    alone = mixes.get(candidate)
    chart = draw_options(real, both, name(f"real+{candidate}"), _level(candidate, alone) if alone else None)
    texts = f"{capital(name(candidate))}: {alone.rows:,} texts. " if alone else ""
    about = f"{task.tested(classifier)} {texts}Whiskers: 95 % intervals."
    return Figure(f"What {classifier} scores with the labels you have", chart, about)


def _point(mix: str, score: Estimate, rows: int) -> Point:
    kind = "" if family(mix) == "generated" else "real "
    return Point(**vars(dot(mix, score, f" with {rows:,} {kind}texts")), rows=rows)


def _level(mix: str, result: MixResult) -> Level | None:
    if family(mix) == "real" or result.worth is None:
        return None
    return Level(name(mix), family(mix), 100 * result.macro_f1.value, result.worth)


def training(task: Findings, classifier: str, key: str) -> Figure | None:
    """What the fits noted of a key of `TRAINING` over the steps, the mean over the seeds of each mix, if they did."""
    title, axis, unit = TRAINING[key]
    points = [
        (float(step), Dot(task.sized(classifier, mix), family(mix), unit * mean, None, None))
        for mix, notes in task.histories.get(classifier, {}).items()
        for step, mean in _smooth([note[key] for note in notes if note.get(key)])
    ]
    about = f"{task.card.title}. {classifier}, the mean over training runs, step by step; in brackets the texts."
    return Figure(title.format(classifier), draw_training(points, axis), about) if points else None


FIGURES = {"options": options, "curve": curve} | {f"training.{key}": partial(training, key=key) for key in TRAINING}


def _smooth(lines: Sequence[Sequence[float]]) -> Iterator[tuple[int, float]]:
    """(last step, mean) of so many equal parts; the end is where the first of the fits stopped."""
    steps = min(map(len, lines), default=0)
    width = -(-steps // TRAINING_POINTS)
    for start in range(0, steps, width or 1):
        end = min(start + width, steps)
        part = [value for line in lines for value in line[start:end]]
        yield end, sum(part) / len(part)


# Drawing


def draw_curve(
    points: Sequence[Point], levels: Sequence[Level], sources: Sequence[Sequence[Point]] = ()
) -> alt.LayerChart:
    """The learning curve of real labels, and those of sources. Where a mix's score meets that of real labels, a line
    falls to what the mix is worth."""
    height, first, last = 340, points[0].rows, points[-1].rows
    # The first point's interval can be wider than all else in the figure: it may run out of it.
    along = [point for source in sources for point in source]
    means = [point.mean for point in (*points, *along)] + [level.score for level in levels]
    least, most = min(means), max(means)
    lows = [point.mean if point.low is None else point.low for point in points]
    bottom = max(min(lows), least - 0.4 * (most - least) - 1)
    within = domain([bottom, most, *(point.high for point in points if point.rows > first)])
    pixel = (within[1] - within[0]) / height
    lines = [level.score for level in levels]
    places = drawing.apart([drawing.clear(score, lines, 17 * pixel) for score in lines], 17 * pixel)
    sizes = [point.rows for point in (*points, *along)]
    start = min(sizes) / 1.1
    plot = Plot(Span(start, max(sizes) * 1.1, log=True), Span(*within), height)
    axis = alt.Axis(values=[point.rows for point in points], format=",d", grid=False, labelOverlap="greedy")

    def across(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="Texts to train on (log scale)", scale=plot.across.scale, axis=axis)

    up = drawing.up("Macro-F1 on real test texts (points)", within)
    rows = [
        {
            **{key: getattr(level, key) for key in ("name", "family", "note")},
            # The intervals of worth lie one above the other at the foot of the figure.
            **{"start": start, "score": level.score, "bottom": within[0] + (number + 1) * 9 * pixel, "place": place},
            "meets": level.meets(points),
            "low": level.worth.low or first,
            "high": level.worth.high or last,
            "inside": bool(level.worth.labels),
            "short": f"{level.name} {level.score:.1f}",
            "worth": f" = {labels(level.worth)} labels",
        }
        for number, (level, place) in enumerate(zip(levels, places, strict=True))
    ]
    real, beside = data([drawing.row(point) | {"rows": point.rows} for point in points]), data(rows)
    inside = beside.transform_filter("datum.inside")
    legend = drawing.key(["real", *(row["family"] for row in rows), *(point.family for point in along)])
    ink = colour("real")
    # A phone has no room for the worth.
    words = beside.transform_calculate(text="width < 420 ? datum.short : datum.short + datum.worth")
    of_sources = data([drawing.row(point) | {"rows": point.rows} for point in along])
    place = {"x": across("rows"), "y": up("mean")}
    curves = [[drawing.row(point) | {"rows": point.rows} for point in source] for source in sources]
    # The names of the curves stand clear of all other lines, and of what is said of the levels above these.
    others = [[plot.at(point.rows, point.mean) for point in points]]
    others += [
        [plot.at(start, row[at]), plot.at(row["meets"], row["score"])] for row in rows for at in ("score", "place")
    ]
    others += [[plot.at(row["meets"], row["score"]), plot.at(row["meets"], row["bottom"])] for row in rows]
    layers = [
        of_sources.mark_line(strokeWidth=1.5, clip=True).encode(**place, color=hue(legend), detail="name:N"),
        drawing.points(of_sources, 40, {**place, "detail": "name:N"}, legend, clip=True),
        *placing.beside(curves, "rows", across("rows"), up, plot, others),
        # Whiskers: between few points a band would say what nobody measured.
        real.mark_rule(color=ink, opacity=0.55, clip=True).encode(x=across("rows"), y=up("low"), y2="high:Q"),
        beside.mark_rule(strokeWidth=1.5).encode(x=across("start"), x2="meets:Q", y=up("score"), color=hue()),
        inside.mark_rule(strokeDash=[3, 3]).encode(x=across("meets"), y=up("score"), y2="bottom:Q", color=hue()),
        inside.mark_rule(strokeWidth=6, opacity=0.6).encode(
            x=across("low"), x2="high:Q", y=up("bottom"), color=hue(), tooltip=tooltip()
        ),
        real.mark_line(color=ink, strokeWidth=2.5, clip=True).encode(**place),
        real.mark_point(color=ink, filled=True, size=70, opacity=1).encode(**place, tooltip=tooltip()),
        drawing.points(inside, 90, {"x": across("meets"), "y": up("score")}),
        *drawing.lettered(words, {"x": across("start"), "y": up("place"), "text": "text:N"}, align="left", dx=6, dy=-8),
    ]
    return drawing.chart(*layers, height=height)


def draw_options(real: Sequence[Point], both: Sequence[Point], added: str, level: Level | None) -> alt.LayerChart:
    """Scores over the number of real labels, with generated texts (`added` is the name of that line) and without, and
    of these alone as far as they are worth. The signal `you` is the number of labels at which a line stands."""
    height, first, last, drawn = 340, real[0].rows, real[-1].rows, [*real, *both]
    means = [point.mean for point in drawn] + ([level.score] if level else [])
    # The first point's interval can be wider than all else in the figure: it may run out of it.
    within = domain([*means, *(end for point in drawn if point.rows > first for end in (point.low, point.high))])
    start = first / 1.12
    x_scale = alt.Scale(type="log", domain=[start, last * 1.12], nice=False)
    axis = alt.Axis(values=[point.rows for point in real], format=",d", grid=False, labelOverlap="greedy")

    def across(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="Real labels you have (log scale)", scale=x_scale, axis=axis)

    up = drawing.up("Macro-F1 on real test texts (points)", within)

    def words_at(point: Point, words: str, **mark: Any) -> list[alt.Chart]:
        table = data([{"rows": point.rows, "mean": point.mean, "family": point.family, "text": words}])
        return drawing.lettered(table, {"x": across("rows"), "y": up("mean"), "text": "text:N"}, **mark)

    you, far = data([{}]).transform_calculate(rows="you"), f"you > {math.sqrt(first * last):.0f}"
    beside = {"align": alt.ExprRef(f"{far} ? 'right' : 'left'"), "dx": alt.ExprRef(f"{far} ? -6 : 6")}
    layers = [
        you.mark_rule(color=colour("ink"), strokeDash=[3, 3]).encode(x=across("rows")),
        you.mark_text(text="your labels", color=colour("ink"), **beside).encode(
            x=across("rows"), y=alt.value(height - 8)
        ),
    ]
    # Whiskers of two lines at one number of labels must not hide each other.
    for points, dash, aside in ((real, [1, 0], 1.0), (both, [8, 3], 1.03)):
        table = data([drawing.row(point) | {"rows": point.rows, "aside": point.rows * aside} for point in points])
        whiskers = table.mark_rule(strokeWidth=1.5, opacity=0.55, clip=True)
        place = {"x": across("rows"), "y": up("mean")}
        layers += [
            whiskers.encode(x=across("aside"), y=up("low"), y2="high:Q", color=hue()),
            table.mark_line(strokeWidth=2.5, strokeDash=dash).encode(**place, color=hue()),
            drawing.points(table, 75, place),
        ]
    # Real labels alone rise most at first, which leaves room under their line; with texts added it ends above.
    layers += words_at(real[1], "real labels alone", align="left", dx=12, dy=12)
    if both:
        layers += words_at(both[-1], added, align="right", dy=-18)
    if level:
        row = {"name": level.name, "family": level.family, "note": level.note, "mean": level.score, "start": start}
        row |= {"meets": level.meets(real), "short": f"{level.name} alone {level.score:.1f}"}
        row |= {"worth": f" = {labels(level.worth)} labels" if level.worth.labels else ""}
        # A phone has no room for the worth.
        text = "width < 420 ? datum.short : datum.short + datum.worth"
        table, place = data([row]).transform_calculate(text=text), {"x": across("start"), "y": up("mean")}
        layers += [
            table.mark_rule(strokeWidth=2, strokeDash=[2, 2]).encode(x2="meets:Q", color=hue(), **place),
            drawing.points(table, 90, {"x": across("meets"), "y": up("mean")}),
            *drawing.lettered(table, {**place, "text": "text:N"}, align="left", dx=6, dy=14),
        ]
    chart: alt.LayerChart = drawing.chart(*layers, height=height).add_params(alt.param(name="you", value=last))
    return chart


def draw_training(points: Sequence[tuple[float, Dot]], title: str) -> alt.LayerChart:
    """How a training went: (step, dot) of each mix; the intervals of the dots are not drawn."""
    # Many points and no intervals: a row has what is drawn.
    rows: list[dict[str, Any]] = [
        {"name": dot.name, "family": dot.family, "mean": round(dot.mean, 4), "step": int(step)} for step, dot in points
    ]
    within, last = domain([row["mean"] for row in rows]), max(step for step, _ in points)
    plot = Plot(Span(0, NAMES * last), Span(*within), 260)
    across = alt.X("step:Q", title="Step", scale=plot.across.scale, axis=alt.Axis(tickCount=6, grid=False))
    return drawing.chart(*placing.lines(rows, "step", across, drawing.up(title, within), plot), height=plot.height)
