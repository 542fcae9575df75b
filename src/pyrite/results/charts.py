"""The report's figures as Vega-Lite charts: drawn in the page by a library inlined there, written as SVG by vl-convert.

Colours are CSS variables, so that a chart in the page follows its light or dark theme; in a file they are replaced by
the light ones. Scores and gaps come in points (0 to 100).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt
import vl_convert

# Blue, vermilion and green near those of Okabe and Ito's colour-blind-safe palette, shifted until text in them has a
# contrast of 4.5 to 1 on `paper` and `raised` (WCAG AA); a test holds them to it.
LIGHT = {
    "paper": "#ffffff",
    "raised": "#f5f6f7",
    "ink": "#1c2128",
    "muted": "#59626e",
    "line": "#dde1e6",
    "real": "#0a5ea8",
    "generated": "#b04700",
    "both": "#007257",
}
DARK = {
    "paper": "#14181d",
    "raised": "#1d2229",
    "ink": "#e8eaed",
    "muted": "#a3acb8",
    "line": "#343b45",
    "real": "#74b9f5",
    "generated": "#f79a63",
    "both": "#4fcfa4",
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# Which rows a classifier was trained on decides colour and shape, in every figure the same.
SHAPES = {"real": "circle", "generated": "diamond", "both": "square", "muted": "cross"}

# Of lines that have the same colour: one after another.
DASHES = ([1, 0], [7, 4], [2, 3], [10, 3, 2, 3])

# By how much an axis is longer than what it shows where names stand at its end.
NAMES = 1.16

# Pixels. In the page a chart is as wide as its column.
FILE_WIDTH = 700
ROW = 44


@dataclass(frozen=True)
class Dot:
    """A mean with its 95 % interval, in points; `family` is a key of `SHAPES`, `note` what the pointer shows."""

    name: str
    family: str
    mean: float
    low: float
    high: float
    note: str = ""


@dataclass(frozen=True)
class Point(Dot):
    """A dot of a learning curve, at so many training rows."""

    rows: int = 0


@dataclass(frozen=True)
class Place:
    """A text on a map; `note` is what the pointer shows, `fill` how solid its point is (0 is hollow)."""

    name: str
    family: str
    x: float
    y: float
    note: str
    fill: float


@dataclass(frozen=True)
class Level:
    """A mix's score beside the learning curve, and its worth in real labels.

    `labels`, `low` and `high`: 0 is fewer than the curve's first point, None more than its last; `worth` is `labels`
    in words, `note` what the pointer shows.
    """

    name: str
    family: str
    score: float
    labels: int | None
    low: int | None
    high: int | None
    worth: str
    note: str


def scores(found: Sequence[Dot], baseline: Dot | None, margin: float) -> alt.LayerChart:
    """Score of each mix; a line at the baseline's, shaded as far as `margin` points to either side."""
    title = "Macro-F1 on real test texts (points)"
    ends = [end for dot in found for end in (dot.low, dot.high)]
    height = ROW * len(found)
    if baseline is None:
        return _chart(*_dots(found, title, _domain(ends), labelled=True), height=height)
    low, high = baseline.mean - margin, baseline.mean + margin
    band, domain = _data([{"mean": baseline.mean, "low": low, "high": high}]), _domain([low, high, *ends])
    return _chart(
        band.mark_rect(color=colour("real"), opacity=0.1).encode(x=_score("low", domain, title), x2="high:Q"),
        band.mark_rule(color=colour("real"), strokeDash=[4, 4]).encode(x=_score("mean", domain, title)),
        *_dots(found, title, domain, labelled=True),
        height=height,
    )


def gaps(found: Sequence[Dot], margin: float) -> alt.LayerChart:
    """Gap of the candidate to the baseline, task by task; shaded where it is within `margin` points."""
    title = "Gap (points of macro-F1)"
    band = _data([{"zero": 0, "low": -margin, "high": margin}])
    domain = _domain([-margin, margin, *(end for dot in found for end in (dot.low, dot.high))])
    return _chart(
        band.mark_rect(color=colour("muted"), opacity=0.12).encode(x=_score("low", domain, title), x2="high:Q"),
        band.mark_rule(color=colour("muted")).encode(x=_score("zero", domain, title)),
        *_dots(found, title, domain),
        height=30 * len(found),
    )


def classes(found: Sequence[tuple[str, Sequence[Dot]]]) -> alt.LayerChart:
    """F1 of several mixes, label by label: (label, one dot a mix)."""
    return _grouped(found, "F1 on real test texts (points)")


def measures(found: Sequence[tuple[str, Sequence[Dot]]], title: str) -> alt.LayerChart:
    """A measure of several sets of texts, task by task: (task, one dot a set), each with its set's name beside it."""
    return _grouped(found, title, named=True)


def _grouped(found: Sequence[tuple[str, Sequence[Dot]]], title: str, *, named: bool = False) -> alt.LayerChart:
    rows = [_row(dot) | {"label": label} for label, dots in found for dot in dots]
    order, names = [label for label, _ in found], list(dict.fromkeys(row["name"] for row in rows))
    low, high = _domain([end for row in rows for end in (row["low"], row["high"])])
    # Names stand to the right of the intervals.
    domain = (low, low + NAMES * (high - low) if named else high)
    y, offset = _names("label", order), alt.YOffset("name:N", sort=names)
    table = _data(rows)
    layers = [
        table.mark_rule(strokeWidth=2).encode(
            x=_score("low", domain, title), x2="high:Q", y=y, yOffset=offset, color=_hue()
        ),
        table.mark_point(filled=True, size=70, opacity=1).encode(
            x=_score("mean", domain, title), y=y, yOffset=offset, color=_hue(), shape=_shape(), tooltip=_tooltip()
        ),
    ]
    if named:
        beside = {"x": _score("high", domain, title), "y": y, "yOffset": offset, "text": "name:N"}
        layers.append(table.mark_text(align="left", dx=6, fontSize=11).encode(**beside, color=_hue()))
    return _chart(*layers, height=max(ROW, 18 * len(names)) * len(found))


def curve(points: Sequence[Point], levels: Sequence[Level]) -> alt.LayerChart:
    """The learning curve of real labels. Where a mix's score meets it, a line falls to what the mix is worth."""
    height, first, last = 340, points[0].rows, points[-1].rows
    # The first point's interval can be wider than all else in the figure: it may run out of it.
    means = [point.mean for point in points] + [level.score for level in levels]
    least, most = min(means), max(means)
    bottom = max(min(point.low for point in points), least - 0.4 * (most - least) - 1)
    domain = _domain([bottom, most, *(point.high for point in points if point.rows > first)])
    pixel = (domain[1] - domain[0]) / height
    lines = [level.score for level in levels]
    places = _apart([_clear(score, lines, 17 * pixel) for score in lines], 17 * pixel)
    start = first / 1.1
    x_scale = alt.Scale(type="log", domain=[start, last * 1.1], nice=False)
    axis = alt.Axis(values=[point.rows for point in points], format=",d", grid=False, labelOverlap="greedy")

    def across(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="Real labelled texts (log scale)", scale=x_scale, axis=axis)

    def up(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="Macro-F1 on real test texts (points)", scale=_scale(domain))

    rows = [
        {
            **{key: getattr(level, key) for key in ("name", "family", "note")},
            # The intervals of worth lie one above the other at the foot of the figure.
            **{"start": start, "score": level.score, "bottom": domain[0] + (number + 1) * 9 * pixel, "place": place},
            "meets": first if level.labels == 0 else level.labels or last,
            "low": level.low or first,
            "high": level.high or last,
            "inside": bool(level.labels),
            "short": f"{level.name} {level.score:.1f}",
            "worth": f": worth {level.worth} labels",
        }
        for number, (level, place) in enumerate(zip(levels, places, strict=True))
    ]
    real, beside = _data([_row(point) | {"rows": point.rows} for point in points]), _data(rows)
    inside = beside.transform_filter("datum.inside")
    ink = colour("real")
    # A phone has no room for the worth.
    words = beside.transform_calculate(text="width < 420 ? datum.short : datum.short + datum.worth")
    layers = [
        real.mark_area(color=ink, opacity=0.13, clip=True).encode(x=across("rows"), y=up("low"), y2="high:Q"),
        beside.mark_rule(strokeWidth=1.5).encode(x=across("start"), x2="meets:Q", y=up("score"), color=_hue()),
        inside.mark_rule(strokeDash=[3, 3]).encode(x=across("meets"), y=up("score"), y2="bottom:Q", color=_hue()),
        inside.mark_rule(strokeWidth=6, opacity=0.6).encode(
            x=across("low"), x2="high:Q", y=up("bottom"), color=_hue(), tooltip=_tooltip()
        ),
        real.mark_line(color=ink, strokeWidth=2.5, clip=True).encode(x=across("rows"), y=up("mean")),
        real.mark_point(color=ink, filled=True, size=70, opacity=1).encode(
            x=across("rows"), y=up("mean"), tooltip=_tooltip()
        ),
        inside.mark_point(filled=True, size=90, opacity=1).encode(
            x=across("meets"), y=up("score"), color=_hue(), shape=_shape(), tooltip=_tooltip()
        ),
        *_words(words, {"x": across("start"), "y": up("place"), "text": "text:N"}, align="left", dx=6, dy=-8),
    ]
    return _chart(*layers, height=height)


def agreement(found: Sequence[tuple[float, Dot]]) -> alt.LayerChart:
    """Accuracy of the items on which annotators agree at least so much: (agreement in [0, 1], dot) of each mix."""
    rows = [_row(dot) | {"agreement": level} for level, dot in found]
    domain = _domain([end for row in rows for end in (row["low"], row["high"])])
    levels = sorted({level for level, _ in found})
    across = alt.X(
        "agreement:Q",
        title="At least this share of annotators agrees",
        scale=_scale((levels[0] - 0.01, levels[0] + NAMES * (levels[-1] - levels[0]) + 0.01)),
        axis=alt.Axis(values=levels, format=".0%", grid=False, labelOverlap="greedy"),
    )

    def up(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="Accuracy (points)", scale=_scale(domain))

    table = _data(rows)
    return _chart(
        table.mark_area(opacity=0.1).encode(x=across, y=up("low"), y2="high:Q", color=_hue(), detail="name:N"),
        *_lines(rows, across, up, domain, 280),
        table.mark_point(filled=True, size=80, opacity=1).encode(
            x=across, y=up("mean"), color=_hue(), shape=_shape(), tooltip=_tooltip()
        ),
        height=280,
    )


def training(found: Sequence[tuple[float, Dot]], title: str) -> alt.LayerChart:
    """How a training went: (step, dot) of each mix; the intervals of the dots are not drawn."""
    # Many points and no intervals: a row has what is drawn.
    rows: list[dict[str, Any]] = [
        {"name": dot.name, "family": dot.family, "mean": round(dot.mean, 4), "step": int(step)} for step, dot in found
    ]
    domain, last = _domain([row["mean"] for row in rows]), max(step for step, _ in found)
    across = alt.X("step:Q", title="Step", scale=_scale((0, NAMES * last)), axis=alt.Axis(tickCount=6, grid=False))

    def up(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=title, scale=_scale(domain))

    return _chart(*_lines(rows, across, up, domain, 260), height=260)


def _lines(
    rows: Sequence[dict[str, Any]], across: alt.X, up: Callable[[str], alt.Y], domain: tuple[float, float], height: int
) -> list[alt.Chart]:
    """A line for each name, with the name at its end. Names of one family differ by their dashes."""
    dashes: dict[str, tuple[str, list[int]]] = {}
    for row in rows:
        of_family = [name for name, (family, _) in dashes.items() if family == row["family"]]
        if row["name"] not in dashes:
            dashes[row["name"]] = (row["family"], DASHES[len(of_family) % len(DASHES)])
    scale = alt.Scale(domain=list(dashes), range=[dash for _, dash in dashes.values()])
    dash = alt.StrokeDash("name:N", scale=scale, legend=None)
    line = _data(rows).mark_line(strokeWidth=2.5).encode(x=across, y=up("mean"), color=_hue(), strokeDash=dash)
    ends = list({row["name"]: row for row in rows}.values())
    places = _apart([row["mean"] for row in ends], 15 * (domain[1] - domain[0]) / height)
    beside = _data([row | {"place": place} for row, place in zip(ends, places, strict=True)])
    return [line, *_words(beside, {"x": across, "y": up("place"), "text": "name:N"}, align="left", dx=9)]


def text_map(found: Sequence[Place]) -> alt.LayerChart:
    """Texts as points on a plane, whose axes mean nothing by themselves."""
    rows = [{key: getattr(place, key) for key in ("x", "y", "name", "family", "note", "fill")} for place in found]
    x, y = (
        alt.X("x:Q", axis=None, scale=_scale(_domain([place.x for place in found]))),
        alt.Y("y:Q", axis=None, scale=_scale(_domain([place.y for place in found]))),
    )
    # Without `aria`, each text would stand in the page a second time, as the description of its point.
    points = _data(rows).mark_point(size=36, strokeWidth=1, strokeOpacity=0.7, aria=False)
    fill = alt.Fill("family:N", scale=_families(), legend=None)
    solid = alt.FillOpacity("fill:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    looks = {"stroke": alt.Stroke("family:N", scale=_families(), legend=None), "fill": fill, "fillOpacity": solid}
    return _chart(points.encode(x=x, y=y, shape=_shape(), tooltip=_tooltip(), **looks), height=420)


def mix_curve(found: Sequence[Point]) -> alt.LayerChart:
    """Scores over the number of real rows, with and without generated ones: a line for each family."""
    rows = [_row(dot) | {"rows": dot.rows} for dot in found]
    table, title = _data(rows), "Macro-F1 (points)"
    first, last = min(row["rows"] for row in rows), max(row["rows"] for row in rows)
    # The intervals of the first points can be wider than all else in the figure: they may run out of it.
    shown = [row["mean"] for row in rows] + [row["high"] for row in rows if row["rows"] > first]
    up = alt.Y("mean:Q", title=title, scale=_scale(_domain(shown)))
    across = alt.X(
        "rows:Q",
        title="Real training texts (log scale)",
        scale=alt.Scale(type="log", nice=False, domain=[first / 1.1, last * 1.1]),
        axis=alt.Axis(values=sorted({row["rows"] for row in rows}), format=",", grid=False, labelOverlap="greedy"),
    )
    return _chart(
        table.mark_area(opacity=0.12, clip=True).encode(
            x=across, y=alt.Y("low:Q", title=title), y2="high:Q", color=_hue()
        ),
        table.mark_line(strokeWidth=2.5).encode(x=across, y=up, color=_hue()),
        table.mark_point(filled=True, size=80, opacity=1).encode(
            x=across, y=up, color=_hue(), shape=_shape(), tooltip=_tooltip()
        ),
        height=300,
    )


def against_gap(found: Sequence[tuple[float, Dot]]) -> alt.LayerChart:
    """Each task's gap over its subjectivity: (subjectivity, dot)."""
    rows = [_row(dot) | {"subjective": value} for value, dot in found]
    table, axis = _data(rows), alt.Axis(tickCount=6, grid=False)
    across = alt.X(
        "subjective:Q", title="Subjectivity", scale=_scale(_domain([value for value, _ in found])), axis=axis
    )
    up = alt.Y("mean:Q", title="Gap (points of macro-F1)", scale=_scale(_domain([0.0, *(row["mean"] for row in rows)])))
    return _chart(
        _data([{"mean": 0}]).mark_rule(color=colour("muted")).encode(y=up),
        table.mark_point(filled=True, size=90, opacity=1).encode(
            x=across, y=up, color=_hue(), shape=_shape(), tooltip=_tooltip()
        ),
        table.mark_text(dy=-12, fontSize=11, color=colour("muted")).encode(x=across, y=up, text="name:N"),
        height=320,
    )


def colour(name: str) -> str:
    return f"var(--{name})"


# How all charts look. In the page it stands once.
CONFIG = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        **{"labelColor": colour("muted"), "titleColor": colour("muted"), "labelFontSize": 12, "titleFontSize": 12},
        **{"titleFontWeight": "normal", "titlePadding": 10, "labelPadding": 6, "labelLimit": 220},
        **{"gridColor": colour("line"), "domainColor": colour("line"), "ticks": False, "domain": False},
    },
    "title": {
        **{"anchor": "start", "frame": "group", "offset": 14, "fontSize": 17, "color": colour("ink")},
        **{"subtitleFontSize": 13, "subtitleColor": colour("muted"), "subtitlePadding": 6},
    },
}


def spec(chart: alt.LayerChart, description: str) -> dict[str, Any]:
    """The Vega-Lite JSON of a chart for the page, as wide as its column and without `CONFIG`.

    `description` is for screen readers.
    """
    return {**_json(chart), "width": "container", "description": description}


def svg(chart: alt.LayerChart, title: str, subtitle: str) -> str:
    """The chart as a picture file in light colours on a white card: it must read well on any background."""
    heading = {"text": title, "subtitle": subtitle}
    found = {**_json(chart), "width": FILE_WIDTH, "title": heading, "description": f"{title}. {subtitle}"}
    found["padding"] = {"left": 20, "right": 24, "top": 18, "bottom": 16}
    found["config"] = CONFIG | {"background": LIGHT["paper"]}
    light = re.sub(r"var\(--(\w+)\)", lambda name: LIGHT[name[1]], json.dumps(found))
    picture: str = vl_convert.vegalite_to_svg(light)
    # Vega numbers its clip paths on from chart to chart; a file must not depend on what was drawn before it.
    paths = {name: f"clip{number}" for number, name in enumerate(dict.fromkeys(re.findall(r'id="(clip\d+)"', picture)))}
    return re.sub(r'(id="|url\(#)(clip\d+)', lambda found: found[1] + paths[found[2]], picture)


def library() -> str:
    """Vega, Vega-Lite and vega-embed as one script."""
    script: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    return script


# Parts of charts


def _chart(*layers: alt.Chart, height: int) -> alt.LayerChart:
    chart: alt.LayerChart = alt.layer(*layers).properties(height=height)
    return chart


def _data(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))


def _dots(found: Sequence[Dot], title: str, domain: tuple[float, float], *, labelled: bool = False) -> list[alt.Chart]:
    y, table = _names("name", [dot.name for dot in found]), _data([_row(dot) for dot in found])
    layers = [
        table.mark_rule(strokeWidth=2.5).encode(x=_score("low", domain, title), x2="high:Q", y=y, color=_hue()),
        table.mark_point(filled=True, size=110, opacity=1).encode(
            x=_score("mean", domain, title), y=y, color=_hue(), shape=_shape(), tooltip=_tooltip()
        ),
    ]
    if labelled:
        number = alt.Text("mean:Q", format=".1f")
        layers += _words(table, {"x": _score("mean", domain, title), "y": y, "text": number}, dy=-13)
    return layers


def _words(table: alt.Chart, where: dict[str, Any], **mark: Any) -> list[alt.Chart]:
    """Text in the colour of its family, with a rim in the paper's colour that keeps it clear of lines behind it."""
    style = {"fontWeight": "bold", "fontSize": 12, **mark}
    rim = {"stroke": colour("paper"), "strokeWidth": 4, "strokeJoin": "round", "aria": False}
    return [table.mark_text(**style, **rim).encode(**where), table.mark_text(**style).encode(**where, color=_hue())]


def _row(dot: Dot) -> dict[str, Any]:
    # More digits than a chart can show would only make the page larger.
    ends = {key: round(getattr(dot, key), 4) for key in ("mean", "low", "high")}
    return {"name": dot.name, "family": dot.family, **ends, "note": dot.note}


def _names(field: str, order: Sequence[str]) -> alt.Y:
    axis = alt.Axis(labelFontSize=13, labelColor=colour("ink"), grid=False)
    return alt.Y(f"{field}:N", sort=list(order), title=None, axis=axis)


def _score(field: str, domain: tuple[float, float], title: str) -> alt.X:
    return alt.X(f"{field}:Q", title=title, scale=_scale(domain), axis=alt.Axis(tickCount=6))


def _scale(domain: tuple[float, float]) -> alt.Scale:
    return alt.Scale(domain=list(domain), nice=False, zero=False)


def _families() -> alt.Scale:
    return alt.Scale(domain=list(SHAPES), range=[colour(family) for family in SHAPES])


def _hue() -> alt.Color:
    return alt.Color("family:N", scale=_families(), legend=None)


def _shape() -> alt.Shape:
    return alt.Shape("family:N", scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())), legend=None)


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip("name:N", title=" "), alt.Tooltip("note:N", title="  ")]


def _domain(values: Sequence[float]) -> tuple[float, float]:
    """The values' range with a little air."""
    least, most = min(values), max(values)
    air = 0.04 * (most - least) or 1.0
    return least - air, most + air


def _clear(height: float, lines: Sequence[float], room: float) -> float:
    """The first place from a height on where a label that needs so much room above it has no line through it."""
    for line in sorted(lines):
        if height < line < height + room:
            height = line
    return height


def _apart(heights: Sequence[float], distance: float) -> list[float]:
    """The heights, moved up where needed so that no two are nearer than `distance`: labels that don't overlap."""
    places = list(heights)
    order = sorted(range(len(places)), key=places.__getitem__)
    for below, above in pairwise(order):
        places[above] = max(places[above], places[below] + distance)
    return places


def _json(chart: alt.LayerChart) -> dict[str, Any]:
    # Its parts were checked as they were made; checking the whole again would take most of the time.
    found: dict[str, Any] = chart.to_dict(validate=False)
    del found["config"]
    return found
