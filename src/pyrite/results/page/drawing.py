"""What all charts share: colours, shapes, parts, and how Vega-Lite becomes a figure of the page or an SVG file.

Colours are CSS variables, so that a chart in the page follows its light or dark theme; in a file they are replaced by
the light ones. Scores and gaps come in points (0 to 100).
"""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import altair as alt
import vl_convert

from pyrite.measures.intervals import Estimate
from pyrite.results import words

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

# What colour and shape stand for, where a figure says nothing else.
KEY = {"real": "real texts", "generated": "generated texts", "both": "both", "muted": "the LLM itself"}

# By how much an axis is longer than what it shows where names stand at its end.
NAMES = 1.2

# A long name beside a row breaks once, half a line above its middle. No name stands in an expression itself: it could
# be anything.
_LONG = "length(datum.label) > 25 && test(regexp('^.{8,24} '), datum.label)"
_TWO_LINES = f"{_LONG} ? split(replace(datum.label, regexp('^(.{{8,24}}) '), '$1\\n'), '\\n') : datum.label"

# Pixels. In the page a chart is as wide as its column. AXIS and LEGEND: the room below and above it.
FILE_WIDTH = 700
ROW = 36
AXIS, LEGEND = 46, 28


@dataclass(frozen=True)
class Dot:
    """A value with its 95 % interval, if it has one; `family` is a key of `SHAPES`, `note` what the pointer shows."""

    name: str
    family: str
    mean: float
    low: float | None
    high: float | None
    note: str = ""


def dot(mix: str, estimate: Estimate, note: str = "", form: str = ".1f", scale: float = 100, label: str = "") -> Dot:
    """The dot of a mix's value, in points, with the mix's name or a label."""
    value, low, high = (None if end is None else scale * end for end in (estimate.value, estimate.low, estimate.high))
    if value is None:
        raise ValueError(f"{mix} has no value to draw")
    shown = words.ranged(estimate, form, scale) + note
    return Dot(label or words.name(mix), words.family(mix), value, low, high, shown)


def itself(estimate: Estimate) -> Dot:
    """The dot of the LLM's own score, called as the classifier."""
    return replace(dot("real", estimate), name="the LLM itself", family="muted")


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart under its title. `about`: what it is of and from how many texts, the subtitle of its picture. `note`: a
    number that belongs in its caption."""

    title: str
    chart: alt.LayerChart
    about: str
    note: str = ""

    @cached_property
    def spec(self) -> dict[str, Any]:
        """Its Vega-Lite JSON for the page, as wide as its column and without `CONFIG`; screen readers say the title."""
        return {**_json(self.chart), "width": "container", "description": self.title}

    @property
    def numbers(self) -> list[tuple[str, str]]:
        """What the pointer shows of each mark, (name, note), for all who do not point."""
        rows = (row for rows in self.spec["datasets"].values() for row in rows if row.get("note"))
        return list(
            dict.fromkeys((": ".join(filter(None, [row.get("label"), row["name"]])), row["note"]) for row in rows)
        )

    @property
    def room(self) -> int:
        """Pixels that it takes in height: what is below it in the page must not move when it is drawn."""
        height: int = self.spec["height"]
        return height + AXIS + (LEGEND if '"legend": {' in json.dumps(self.spec["layer"]) else 0)

    @property
    def svg(self) -> str:
        """The chart as a picture file in light colours on a white card: it must read well on any background."""
        title, about = words.whole(self.title), words.whole(self.about)
        heading = {"text": textwrap.wrap(title, 78), "subtitle": textwrap.wrap(about, 108)}
        spec = {**_json(self.chart), "width": FILE_WIDTH, "title": heading}
        spec["description"] = f"{self.title}. {self.about}"
        spec["padding"] = {"left": 20, "right": 24, "top": 18, "bottom": 16}
        spec["config"] = CONFIG | {"background": LIGHT["paper"]}
        light = re.sub(r"var\(--(\w+)\)", lambda match: LIGHT[match[1]], json.dumps(spec))
        return unnumbered(vl_convert.vegalite_to_svg(light))

    @cached_property
    def inline(self) -> str:
        """The chart as a picture within the page: without heading, in the font and the colours of the page's theme."""
        drawn = _json(self.chart) | {"width": FILE_WIDTH, "config": CONFIG | {"aria": False}, "padding": 24}
        return unnumbered(vl_convert.vegalite_to_svg(drawn)).replace(f' font-family="{FONT}"', "")


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
    "axisYQuantitative": {"tickCount": 6},
    "title": {
        **{"anchor": "start", "frame": "group", "offset": 14, "fontSize": 17, "color": colour("ink")},
        **{"subtitleFontSize": 13, "subtitleColor": colour("muted"), "subtitlePadding": 6},
    },
    "legend": {
        **{"orient": "top", "direction": "horizontal", "title": None, "offset": 12, "symbolSize": 90},
        **{"labelFontSize": 13, "labelColor": colour("ink"), "symbolOpacity": 1, "columnPadding": 24},
    },
}


def unnumbered(picture: str) -> str:
    """A picture that does not depend on what was drawn before it: Vega numbers clip paths on from chart to chart."""
    paths = {name: f"clip{number}" for number, name in enumerate(dict.fromkeys(re.findall(r'id="(clip\d+)"', picture)))}
    return re.sub(r'(id="|url\(#)(clip\d+)', lambda match: match[1] + paths[match[2]], picture)


# Parts of charts


def chart(*layers: alt.Chart, height: int) -> alt.LayerChart:
    chart: alt.LayerChart = alt.layer(*layers).properties(height=height)
    return chart


def data(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)))


def dots(
    drawn: Sequence[Dot],
    title: str,
    within: tuple[float, float],
    *,
    labelled: bool = False,
    meaning: Mapping[str, str] = KEY,
) -> list[alt.Chart]:
    y, table = names("name", [dot.name for dot in drawn]), data([row(dot) for dot in drawn])
    legend = key((dot.family for dot in drawn), meaning)
    layers = [
        table.mark_rule(strokeWidth=2.5).encode(x=score("low", within, title), x2="high:Q", y=y, color=hue(legend)),
        points(table, 110, {"x": score("mean", within, title), "y": y}, legend),
    ]
    if labelled:
        number = alt.Text("mean:Q", format=".1f")
        layers += lettered(table, {"x": score("mean", within, title), "y": y, "text": number}, dy=-13)
    return layers


def points(
    table: alt.Chart, size: int, where: dict[str, Any], legend: alt.Legend | None = None, **mark: Any
) -> alt.Chart:
    """Filled points in the colours and shapes of their families, with what the pointer shows of each."""
    drawn: alt.Chart = table.mark_point(filled=True, size=size, opacity=1, **mark)
    return drawn.encode(**where, color=hue(legend), shape=shape(legend), tooltip=tooltip())


def lettered(table: alt.Chart, where: dict[str, Any], **mark: Any) -> list[alt.Chart]:
    """Text in the colour of its family, with a rim in the paper's colour that keeps it clear of lines behind it."""
    style = {"fontWeight": "bold", "fontSize": 12, **mark}
    rim = {"stroke": colour("paper"), "strokeWidth": 4, "strokeJoin": "round", "aria": False}
    return [table.mark_text(**style, **rim).encode(**where), table.mark_text(**style).encode(**where, color=hue())]


def row(dot: Dot) -> dict[str, Any]:
    # More digits than a chart can show would only make the page larger.
    ends = {key: None if (end := getattr(dot, key)) is None else round(end, 4) for key in ("mean", "low", "high")}
    return {"name": dot.name, "family": dot.family, **ends, "note": dot.note}


def names(field: str, order: Sequence[str]) -> alt.Y:
    raised = alt.condition(_LONG, alt.value(-8), alt.value(0))
    axis = alt.Axis(labelFontSize=13, labelColor=colour("ink"), grid=False, labelExpr=_TWO_LINES, labelOffset=raised)
    return alt.Y(f"{field}:N", sort=list(order), title=None, axis=axis)


def score(field: str, within: tuple[float, float], title: str) -> alt.X:
    return alt.X(f"{field}:Q", title=title, scale=scale(within), axis=alt.Axis(tickCount=6))


def up(title: str, within: tuple[float, float]) -> Callable[[str], alt.Y]:
    """The vertical axis of a chart, for any of its fields."""
    return lambda field: alt.Y(f"{field}:Q", title=title, scale=scale(within))


def scale(within: tuple[float, float]) -> alt.Scale:
    return alt.Scale(domain=list(within), nice=False, zero=False)


def families() -> alt.Scale:
    return alt.Scale(domain=list(SHAPES), range=[colour(family) for family in SHAPES])


def hue(legend: alt.Legend | None = None) -> alt.Color:
    return alt.Color("family:N", scale=families(), legend=legend)


def shape(legend: alt.Legend | None = None) -> alt.Shape:
    return alt.Shape("family:N", scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())), legend=legend)


def key(drawn: Iterable[str], meaning: Mapping[str, str] = KEY) -> alt.Legend:
    """What the colours and shapes of the drawn families stand for; it belongs to the first layer that has either.

    A phone has no room for them in one row.
    """
    shown = set(drawn)
    values = [family for family in SHAPES if family in shown]
    return alt.Legend(
        values=values, labelExpr=f"{json.dumps(dict(meaning))}[datum.label]", columns=alt.ExprRef("width < 420 ? 1 : 0")
    )


def tooltip(note: str = "note") -> list[alt.Tooltip]:
    return [alt.Tooltip("name:N", title=" "), alt.Tooltip(f"{note}:N", title="  ")]


def domain(values: Iterable[float | None]) -> tuple[float, float]:
    """The values' range with a little air."""
    known = [value for value in values if value is not None]
    least, most = min(known), max(known)
    air = 0.04 * (most - least) or 1.0
    return least - air, most + air


def clear(height: float, lines: Sequence[float], room: float) -> float:
    """The first place from a height on where a label that needs so much room above it has no line through it."""
    for line in sorted(lines):
        if height < line < height + room:
            height = line
    return height


def apart(heights: Sequence[float], distance: float) -> list[float]:
    """The heights, moved up where needed so that no two are nearer than `distance`: labels that don't overlap."""
    places = list(heights)
    order = sorted(range(len(places)), key=places.__getitem__)
    for below, above in pairwise(order):
        places[above] = max(places[above], places[below] + distance)
    return places


def _json(chart: alt.LayerChart) -> dict[str, Any]:
    # Its parts were checked as they were made; checking the whole again would take most of the time.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    del spec["config"]
    return spec
