from __future__ import annotations

from pyrite.results.page import placing
from pyrite.results.page.placing import Plot, Span, Spot

WIDTH, HEIGHT = 300, 200


def spot(name: str, line: list[placing.Point], others: list[list[placing.Point]]) -> Spot:
    return placing.spots([name], [line], others, WIDTH, HEIGHT)[0]


def test_a_name_stands_beside_the_end_of_its_line() -> None:
    assert spot("real", [(0.1, 0.2), (0.6, 0.5)], []) == Spot(1, 9, 0, "left")


def test_a_name_keeps_clear_of_other_lines_and_of_the_edge() -> None:
    line = [(0.1, 0.2), (0.6, 0.5)]
    # A line goes on where the name would stand: it stands above, or below where another is there.
    assert spot("real", line, [[(0.65, 0.5), (0.9, 0.5)]]) == Spot(1, 0, -13, "center")
    assert spot("real", line, [[(0.65, 0.5), (0.9, 0.5)], [(0.0, 0.56), (1.0, 0.56)]]) == Spot(1, 4, 12, "left")
    # At the right edge there is no room beside the end.
    assert spot("real", [(0.1, 0.2), (0.98, 0.5)], []) == Spot(1, -4, -12, "right")


def test_names_do_not_cover_each_other_as_long_as_there_is_room() -> None:
    places = placing.spots(["one"] * 20, [[(0.5, 0.5)]] * 20, [], WIDTH, HEIGHT)
    free = [place for place in places if not place.covers]
    assert 3 <= len(free) < 20 and len({(place.dx, place.dy) for place in free}) == len(free)
    assert spot("a name that is much longer than the plot is wide", [(0.5, 0.5)], []).covers == placing.OUTSIDE


def test_a_point_has_its_name_before_a_line_has() -> None:
    # The line could have its name at either end; the point, which comes last, only beside itself.
    line, point = placing.spots(["a line", "a point"], [[(0.1, 0.5), (0.5, 0.5)], [(0.52, 0.5)]], [], WIDTH, HEIGHT)
    assert (point.dx, point.dy, point.covers, line.covers) == (9, 0, 0, 0)


def test_an_axis_says_how_far_along_a_value_is() -> None:
    plot = Plot(Span(10, 1000, log=True), Span(50, 90), HEIGHT)
    x, y = plot.at(100, 60)
    assert (round(x, 9), y) == (0.5, 0.25)
