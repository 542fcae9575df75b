from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.results.evaluation import Worth
from pyrite.results.page import curve_charts, drawing, score_charts, text_charts
from pyrite.results.page.curve_charts import Level, Point
from pyrite.results.page.drawing import Dot, Figure

REAL = Dot("real", "real", 77.1, 74.5, 79.7)
FEW = Dot("few-shot", "generated", 71.2, 68.1, 74.3)
BOTH = Dot("pool + few-shot", "both", 75.2, 71.9, 78.4)
POINTS = [
    Point("real", "real", mean, mean - reach, mean + reach, rows=rows)
    for rows, mean, reach in ((50, 54.7, 24.2), (200, 70.0, 2.6), (2320, 79.6, 3.0))
]
SOURCE = [Point("few-shot", "generated", mean, None, None, rows=rows) for rows, mean in ((20, 50.1), (4000, 71.2))]


def level(score: float, labels: int | None, low: int | None, high: int | None) -> Level:
    return Level("few-shot", "generated", score, Worth(labels=labels, low=low, high=high, least=50, most=2320))


def place(name: str, family: str, x: float, y: float, text: str, fill: float) -> dict[str, Any]:
    return {"name": name, "family": family, "x": x, "y": y, "text": text, "fill": fill}


DRAWN = {
    "scores": score_charts.draw([REAL, FEW, BOTH], REAL, 3.0),
    "scores without a baseline": score_charts.draw([FEW], None, 3.0),
    "a score without an interval": score_charts.draw([REAL, Dot("few-shot", "generated", 71.2, None, None)], REAL, 3.0),
    "one certain score": score_charts.draw([Dot("real", "real", 100.0, 100.0, 100.0)], None, 3.0),
    "gaps": score_charts.draw_gaps(
        [Dot("a", "muted", -4.7, -7.7, -1.8), Dot("b", "both", 1.0, -1.0, 3.0)], 3.0, drawing.KEY
    ),
    "classes": score_charts.draw_groups([("red", [REAL, FEW]), ("blue", [FEW, REAL])], "F1"),
    "curve": curve_charts.draw_curve(POINTS, [level(71.2, 246, 177, 367), level(71.3, 250, 0, None)]),
    "curve above and below": curve_charts.draw_curve(POINTS, [level(90.0, None, 300, None), level(20.0, 0, 0, 60)]),
    "curves of sources": curve_charts.draw_curve(POINTS, [], [SOURCE]),
    "curve alone": curve_charts.draw_curve(POINTS, []),
    "measures": score_charts.draw_groups([("a", [REAL, FEW]), ("b", [REAL])], "Distance", named=True),
    "training": curve_charts.draw_training([(1.0, REAL), (2.0, REAL), (1.0, FEW), (2.0, FEW)], "Loss"),
    "map": text_charts.draw_map(
        [place("real", "real", 0.1, 0.2, "a text", 0.6), place("few-shot", "generated", 0.3, 0.1, "b", 0.0)]
    ),
    "map of one text": text_charts.draw_map([place("real", "real", 0.0, 0.0, "a text", 0.6)]),
    "agreement": text_charts.draw_agreement([(0.6, REAL), (0.8, REAL), (0.6, FEW), (0.8, FEW)]),
    "against the gap": text_charts.draw_against_gap(
        [(0.1, FEW), (0.3, BOTH)], {"generated": "let it", "both": "use both"}
    ),
}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("scores", ["real texts", "generated texts", "both"]),
        ("gaps", ["both", "the LLM itself"]),
        ("classes", ["real texts", "generated texts"]),
        ("measures", ["real texts", "generated texts"]),
        ("curves of sources", ["real texts", "generated texts"]),
        ("map", ["real texts", "generated texts"]),
        ("against the gap", ["let it", "use both"]),
    ],
)
def test_a_picture_has_a_key_of_what_is_drawn_in_it(name: str, key: list[str]) -> None:
    root = ET.fromstring(Figure("A finding", DRAWN[name], "").svg)
    legend = [part for part in root.iter() if "role-legend-label" in part.get("class", "")]
    assert [word for part in legend for word in part.itertext() if word.strip()] == key


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_becomes_a_picture_in_light_colours(name: str) -> None:
    picture = Figure("A finding", DRAWN[name], "and where it is from").svg
    root = ET.fromstring(picture)
    assert "A finding" in "".join(root.itertext())
    assert "var(" not in picture
    assert "NaN" not in picture
    assert drawing.LIGHT["paper"] in picture


@pytest.mark.parametrize("name", DRAWN)
def test_in_the_page_a_chart_has_the_pages_colours(name: str) -> None:
    spec = Figure("What it shows", DRAWN[name], "").spec
    assert spec["width"] == "container"
    assert spec["description"] == "What it shows"
    named = set(re.findall(r"var\(--(\w+)\)", json.dumps(spec)))
    assert named <= drawing.LIGHT.keys()
    for colour in drawing.LIGHT.values():
        assert colour not in json.dumps(spec)


def test_a_picture_does_not_depend_on_those_drawn_before() -> None:
    first = Figure("t", DRAWN["curve"], "s").svg
    assert Figure("t", DRAWN["curve alone"], "s").svg != first
    assert Figure("t", DRAWN["curve"], "s").svg == first


def test_the_worth_is_where_the_line_falls() -> None:
    spec = Figure("", DRAWN["curve"], "").spec
    rows = [row for values in spec["datasets"].values() for row in values if "meets" in row]
    assert [(row["meets"], row["score"], row["low"], row["high"]) for row in rows] == [
        (246, 71.2, 177, 367),
        (250, 71.3, 50, 2320),
    ]
    beyond = Figure("", DRAWN["curve above and below"], "").spec
    rows = [row for values in beyond["datasets"].values() for row in values if "meets" in row]
    assert [(row["meets"], row["inside"]) for row in rows] == [(2320, False), (50, False)]


def test_the_axis_holds_the_curve_of_every_source() -> None:
    spec = Figure("", DRAWN["curves of sources"], "").spec
    across = next(layer["encoding"]["x"] for layer in spec["layer"] if "x" in layer["encoding"])
    least, most = across["scale"]["domain"]
    assert least < 20
    assert most > 4000
    named = {row.get("name") for values in spec["datasets"].values() for row in values}
    assert "few-shot" in named


def _contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [drawing.LIGHT, drawing.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "muted", "real", "generated", "both"])
@pytest.mark.parametrize("ground", ["paper", "raised"])
def test_text_can_be_read(palette: dict[str, str], text: str, ground: str) -> None:
    assert _contrast(palette[text], palette[ground]) >= 4.5


def test_a_label_has_no_line_through_it() -> None:
    assert drawing.clear(10, [40, 13, 10, 12], 4) == 13
    assert drawing.clear(10, [10, 14], 4) == 10


@given(st.lists(st.floats(0, 100), max_size=8), st.floats(0.1, 10))
def test_labels_are_moved_apart_and_only_up(heights: list[float], distance: float) -> None:
    places = drawing.apart(heights, distance)
    assert all(place >= height for place, height in zip(places, heights, strict=True))
    ordered = sorted(places)
    assert all(b - a >= distance - 1e-9 for a, b in pairwise(ordered))
    if all(b - a >= distance for a, b in pairwise(sorted(heights))):
        assert places == heights


def test_a_name_of_two_lines_stands_at_the_middle_of_its_row() -> None:
    dots = [Dot(name, "real", 70.0, 69.0, 71.0) for name in ("Short", "IMDB movie review sentiment", "Brief")]
    picture = Figure("Title", score_charts.draw(dots, None, 3.0), "About").svg
    place = r"<text[^>]*translate\([^,]*,([\d.]+)\)[^>]*>(?:<tspan[^>]*>)?"
    first, second, third = (float(re.search(place + word, picture)[1]) for word in ("Short", "IMDB movie", "Brief"))  # type: ignore[index]
    assert third - first == 2 * score_charts.ROW
    assert first + score_charts.ROW - second == 8


def test_the_line_at_the_labels_one_has_a_name() -> None:
    chart = curve_charts.draw_options(POINTS, [], "", None)
    assert "your labels" in Figure("Title", chart, "About").svg
