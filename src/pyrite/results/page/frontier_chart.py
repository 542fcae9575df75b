"""The chart of the frontier: what each option scores over what it costs, or over its rows while prices are missing."""

from typing import Any

import altair as alt

from pyrite.results.frontier import Frontier, spoken
from pyrite.results.page import drawing, placing
from pyrite.results.page.drawing import NAMES, Figure, domain, hue, shape, tooltip
from pyrite.results.page.placing import Plot, Span
from pyrite.results.prices import money
from pyrite.results.purchases import LLM, Purchase


def figure(frontier: Frontier, about: str) -> Figure | None:
    """The options of a task; None where nothing can be set side by side."""
    priced = bool(frontier.best)
    rows = [_row(purchase, place in frontier.best, priced) for place, purchase in enumerate(frontier.purchases)]
    shown = [row for row in rows if row["across"]]
    if len(shown) < 2:
        return None
    title = "What gives as much for less" if priced else "What more rows give"
    return Figure(title, draw(shown, priced), about)


def _row(purchase: Purchase, best: bool, priced: bool) -> dict[str, Any]:
    option, score, cost = purchase.option, purchase.score, purchase.cost_usd
    dot = drawing.itself(score) if option == LLM else drawing.dot(option, score)
    note = f"{spoken(purchase)}: {dot.note}" + ("" if cost is None else f", {money(cost)}")
    return drawing.row(dot) | {"note": note, "across": cost if priced else purchase.rows, "best": best}


def draw(rows: list[dict[str, Any]], priced: bool) -> alt.LayerChart:
    """A line for each option with its name beside it; what is on the frontier is filled."""
    within = domain([row["mean"] for row in rows])
    first, last = min(row["across"] for row in rows), max(row["across"] for row in rows)
    plot = Plot(Span(first / 1.2, last * (last / first) ** (NAMES - 1) * 1.2, log=True), Span(*within), 320)
    title, form = ("Cost (US dollars, log scale)", "$,~r") if priced else ("Texts to train on (log scale)", ",d")
    sizes = [row["across"] for row in rows if row["family"] == "real"]
    values = sizes if sizes and not priced else alt.Undefined
    axis = alt.Axis(format=form, grid=False, labelOverlap="greedy", values=values)
    across = alt.X("across:Q", title=title, scale=plot.across.scale, axis=axis)
    up = drawing.up("Macro-F1 (points)", within)
    table = drawing.data(rows)
    legend = drawing.key(row["family"] for row in rows)
    points = {"x": across, "y": up("mean"), "color": hue(), "shape": shape(legend), "tooltip": tooltip()}
    return drawing.chart(
        table.mark_rule(opacity=0.35, clip=True).encode(x=across, y=up("low"), y2="high:Q", color=hue(legend)),
        *placing.lines(rows, "across", across, up, plot),
        table.transform_filter("!datum.best").mark_point(size=60, opacity=1).encode(**points),
        table.transform_filter("datum.best").mark_point(size=110, filled=True, opacity=1).encode(**points),
        height=plot.height,
    )
