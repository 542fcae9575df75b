"""Lines with their names, and where names stand in a chart: beside their own points and lines, and on no others."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import altair as alt

from pyrite.results.page import drawing

# Pixels: so wide is the plot on a phone, and elsewhere at the least.
PHONE, WIDE = 290, 600
# Pixels: half the height of a name, half the width of a letter, and what points and lines take to either side.
HALF, HALF_LETTER, AIR = 7, 3.5, 4
# Worse than anything that a name can cover.
OUTSIDE = 1000
# Where a name can stand beside a point, the best first: how far to the right and down, and what of it is there.
SPOTS = (
    *((9, 0, "left"), (0, -13, "center"), (0, 13, "center"), (4, 12, "left"), (-4, -12, "right")),
    *((4, -12, "left"), (-4, 12, "right"), (-9, 0, "right"), (0, -24, "center"), (8, 20, "left"), (-8, -20, "right")),
    *((8, 26, "left"), (-8, 26, "right"), (8, -26, "left")),
)

# Of lines that have the same colour: one after another.
DASHES = ([1, 0], [7, 4], [2, 3], [10, 3, 2, 3])

Point = tuple[float, float]
Box = tuple[float, float, float]


@dataclass(frozen=True)
class Span:
    """An axis from one value to another."""

    low: float
    high: float
    log: bool = False

    @property
    def scale(self) -> alt.Scale:
        return alt.Scale(type="log" if self.log else "linear", domain=[self.low, self.high], nice=False, zero=False)

    def share(self, value: float) -> float:
        """How far along a value is, from 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Plot:
    """The axes of a chart, and its height in pixels."""

    across: Span
    up: Span
    height: int

    def at(self, x: float, y: float) -> Point:
        """Where a point lies, as shares of the plot's width and height."""
        return self.across.share(x), self.up.share(y)


@dataclass(frozen=True)
class Spot:
    """Where a name stands: beside which point of its line, how many pixels to the right and down, its alignment, and
    how much of lines and other names it covers even so."""

    at: int
    dx: float
    dy: float
    align: str
    covers: int = 0


def lines(
    rows: Sequence[dict[str, Any]], field: str, across: alt.X, up: Callable[[str], alt.Y], plot: Plot
) -> list[alt.Chart]:
    """A line for each name, with the name beside it. Names of one family differ by their dashes."""
    names = {row["name"]: row["family"] for row in rows}
    families = list(names.values())
    dashes = [DASHES[families[:place].count(family) % len(DASHES)] for place, family in enumerate(families)]
    dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=list(names), range=dashes), legend=None)
    line = (
        drawing.data(rows)
        .mark_line(strokeWidth=2.5)
        .encode(x=across, y=up("mean"), color=drawing.hue(), strokeDash=dash)
    )
    return [line, *beside([[row for row in rows if row["name"] == name] for name in names], field, across, up, plot)]


def beside(
    lines: Sequence[Sequence[dict[str, Any]]],
    field: str,
    across: alt.X,
    up: Callable[[str], alt.Y],
    plot: Plot,
    others: Sequence[Sequence[Point]] = (),
) -> list[alt.Chart]:
    """The name of each line beside it; `others` are lines to keep clear of."""
    names = [line[0]["name"] for line in lines]
    drawn = [[plot.at(row[field], row["mean"]) for row in line] for line in lines]
    layers = []
    for condition, width in (("width < 420", PHONE), ("width >= 420", WIDE)):
        for line, spot in zip(lines, spots(names, drawn, others, width, plot.height), strict=True):
            named = drawing.data([{key: line[spot.at][key] for key in ("name", "family", "mean", field)}])
            where = {"x": across, "y": up("mean"), "text": "name:N"}
            layers += drawing.lettered(
                named.transform_filter(condition), where, dx=spot.dx, dy=spot.dy, align=spot.align
            )
    return layers


def spots(
    names: Sequence[str], lines: Sequence[Sequence[Point]], others: Sequence[Sequence[Point]], width: int, height: int
) -> list[Spot]:
    """A spot for the name of each line, as near to its end as it can be without covering a line or another name.

    Args:
        lines: points as shares of the plot's width and height, from its foot; a line of one point is a point.
        others: lines without names.
    """
    drawn = [[(width * x, height * (1 - y)) for x, y in line] for line in (*lines, *others)]
    taken = [point for line in drawn for point in _along(line)]
    placed: dict[int, Spot] = {}
    # What has the fewest points has the fewest spots.
    for number in sorted(range(len(names)), key=lambda number: len(lines[number])):
        line, long = drawn[number], 2 * HALF_LETTER * len(names[number])
        tried = [Spot(at, *spot) for at in reversed(range(len(line))) for spot in SPOTS]
        boxes = [_box(line[spot.at], spot, long) for spot in tried]
        covers = [_covers(box, taken, width, height) for box in boxes]
        best = covers.index(min(covers))
        left, right, middle = boxes[best]
        taken += _along([(left, middle), (right, middle)])
        placed[number] = replace(tried[best], covers=covers[best])
    return [placed[number] for number in range(len(names))]


def _along(line: Sequence[Point]) -> Iterator[Point]:
    """Points along a line, so near to each other that no name fits between two."""
    yield from line
    for (x, y), (to_x, to_y) in pairwise(line):
        steps = int(max(abs(to_x - x), abs(to_y - y)) / AIR) + 1
        yield from ((x + n * (to_x - x) / steps, y + n * (to_y - y) / steps) for n in range(steps))


def _box(point: Point, spot: Spot, long: float) -> Box:
    """The left and the right end of a name, and the height of its middle."""
    left = point[0] + spot.dx - {"left": 0.0, "center": long / 2, "right": long}[spot.align]
    return left, left + long, point[1] + spot.dy


def _covers(box: Box, taken: Sequence[Point], width: int, height: int) -> int:
    left, right, middle = box
    if left < 0 or right > width or not -HALF <= middle <= height - HALF:
        return OUTSIDE
    return sum(left - AIR < x < right + AIR and abs(y - middle) < HALF + AIR for x, y in taken)
