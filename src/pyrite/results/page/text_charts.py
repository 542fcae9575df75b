"""Charts of texts: the measures of sets, their map, and what the subjectivity of tasks and texts goes with."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from pyrite.measures.diversity import Measure
from pyrite.results.page import drawing, placing
from pyrite.results.page.claims import gap_claim
from pyrite.results.page.drawing import NAMES, Dot, Figure, colour, data, domain, dot, hue, scale, shape, tooltip
from pyrite.results.page.findings import Findings
from pyrite.results.page.placing import Plot, Span
from pyrite.results.page.score_charts import compared, draw_groups
from pyrite.results.subjectivity import KINDS, ONE_LLM, WHO, AgainstGap, Who
from pyrite.results.words import capital, family, fixed, name

# How the points of generated sets differ on a map, one set after the other: how solid they are.
LOOKS = {"hollow": 0.0, "filled": 0.6, "pale": 0.25}


def measures(tasks: Sequence[Findings], measure: Measure) -> Figure | None:
    """A measure of each task's sets of texts; None where none was taken."""
    groups = []
    for task in tasks:
        drawn = [
            dot(source, value, form=measure.form, scale=1)
            for source, of_set in (task.diversity.sets if task.diversity else {}).items()
            if (value := of_set.measures.get(measure.key)) and value.low is not None
        ]
        if drawn:
            groups.append((task.title, drawn))
    sizes = sorted({task.diversity.texts for task in tasks if task.diversity})
    about = f"Sets of {' to '.join(f'{size:,}' for size in sizes[:: max(1, len(sizes) - 1)])} texts; 95 % intervals."
    return Figure(measure.question, draw_groups(groups, measure.axis, named=True), about) if groups else None


def text_map(table: pd.DataFrame, shares: Sequence[float]) -> Figure:
    """Real and generated texts on a plane (source, text, label, x, y), and how much of the variance it holds."""
    made = [source for source in table["source"].unique() if family(source) == "generated"]
    looks = dict(zip(made, itertools.cycle(LOOKS), strict=False))
    columns = (table[column].tolist() for column in ("source", "text", "label", "x", "y"))
    places = [
        {"name": f"{name(source)}, {label}", "family": family(source), "text": text}
        | {"x": round(x, 3), "y": round(y, 3), "fill": LOOKS[looks.get(source, "filled")]}
        for source, text, label, x, y in zip(*columns, strict=True)
    ]
    legend = " and ".join(f"{look} ones are {name(source)}" for source, look in looks.items())
    held = " and ".join(f"{100 * share:.1f} %" for share in shares)
    about = f"Of the generated texts, {legend}. " if legend else ""
    about += f"The first two principal components of {len(table):,} embeddings hold {held} of the variance."
    return Figure("Where real and generated texts lie", draw_map(places), about)


def agreement(task: Findings, classifier: str, who: Who) -> Figure | None:
    """Accuracy against the agreement of annotators; None with fewer than three levels."""
    annotated = task.subjectivity.annotated.get(who)
    points = [
        (point.agreement, dot(mix, point.accuracy, f" on {point.items} texts", label=task.sized(classifier, mix)))
        for mix, line in (annotated.accuracy.get(classifier, {}) if annotated else {}).items()
        for point in line.thresholds
        if point.accuracy.low is not None
    ]
    # Between two levels there is always a straight line.
    if len({level for level, _ in points}) < 3:
        return None
    about = f"{task.card.title}. {classifier}, trained on so many (texts); each point holds those to its right. 95 %."
    return Figure(f"Is {classifier} right where {WHO[who]} agree?", draw_agreement(points), about)


FIGURES = {f"agreement.{who}": partial(agreement, who=who) for who in WHO}


def against_gap(against: AgainstGap, tasks: Sequence[Findings]) -> Figure:
    """The candidate's loss over the tasks' subjectivity."""
    by_name, drawn = {task.task: task for task in tasks}, []
    for point in against.points:
        gap, task = 100 * point.gap, by_name[point.task]
        note = f"{fixed(gap, '+.1f')} points"
        drawn.append((point.subjectivity, Dot(task.title, task.verdict.family, gap, gap, gap, note)))
    by, claim = capital(KINDS[against.kind].format(who=WHO[against.who])), gap_claim(against.rho, against.source)
    about = f"{compared(tasks, against.classifier)} {claim}"
    note = f"{about} The judges: {ONE_LLM}." if against.who == "llm" else about
    title = f"Does {name(against.source)} lose more on subjective tasks? {by}"
    return Figure(title, draw_against_gap(drawn, _meaning(tasks)), about, note)


def clear_cut(tasks: Sequence[Findings]) -> Figure | None:
    """The candidate's loss over how much clearer its texts are than real ones; None for fewer than two tasks."""
    drawn, shown = [], []
    for task in tasks:
        clear = task.clear_cut
        sources = [source for source in task.sources if source in clear]
        gap = task.gap(task.comparison.classifier)
        if not sources or "real" not in clear or gap is None:
            continue
        own, real = clear[sources[0]].share.value, clear["real"].share.value
        if own is not None and real is not None:
            points = 100 * gap.value
            note = f"{fixed(points, '+.1f')} points; clear: {100 * own:.1f} %, real {100 * real:.1f} %"
            drawn.append((100 * (own - real), Dot(task.title, task.verdict.family, points, points, points, note)))
            shown.append(task)
    if len(drawn) < 2:
        return None
    title = "Does a source lose more where its texts are clearer than real ones?"
    about = compared(shown, tasks[0].comparison.classifier)
    about += " Clearer: an LLM that sees a text alone gives it its own label."
    return Figure(title, draw_against_gap(drawn, _meaning(tasks), "Clearer than real texts by (points)"), about)


def _meaning(tasks: Sequence[Findings]) -> dict[str, str]:
    """What the colours of verdicts say."""
    return {task.verdict.family: task.verdict.word for task in tasks}


# Drawing


def draw_map(places: Sequence[dict[str, Any]]) -> alt.LayerChart:
    """Texts as points on a plane, whose axes mean nothing by themselves: x, y, name, family, text of each, and `fill`,
    how solid its point is (0 is hollow)."""
    x = alt.X("x:Q", axis=None, scale=scale(domain([place["x"] for place in places])))
    y = alt.Y("y:Q", axis=None, scale=scale(domain([place["y"] for place in places])))
    # Without `aria`, each text would stand in the page a second time, as the description of its point.
    legend = drawing.key(place["family"] for place in places)
    points = data(places).mark_point(size=36, strokeWidth=1, strokeOpacity=0.7, aria=False)
    solid = alt.FillOpacity("fill:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    looks = {
        "stroke": alt.Stroke("family:N", scale=drawing.families(), legend=legend),
        "fill": alt.Fill("family:N", scale=drawing.families(), legend=None),
        "fillOpacity": solid,
    }
    return drawing.chart(points.encode(x=x, y=y, shape=shape(legend), tooltip=tooltip("text"), **looks), height=420)


def draw_agreement(points: Sequence[tuple[float, Dot]]) -> alt.LayerChart:
    """Accuracy of the items on which annotators agree at least so much: (agreement in [0, 1], dot) of each mix."""
    rows = [drawing.row(dot) | {"agreement": level} for level, dot in points]
    within = domain(row[end] for row in rows for end in ("low", "high"))
    levels = sorted({level for level, _ in points})
    end = levels[0] + NAMES * (levels[-1] - levels[0]) + 0.01
    plot = Plot(Span(levels[0] - 0.01, end), Span(*within), 280)
    across = alt.X(
        "agreement:Q",
        title="At least this share of annotators agrees",
        scale=plot.across.scale,
        axis=alt.Axis(values=levels, format=".0%", grid=False, labelOverlap="greedy"),
    )
    up = drawing.up("Accuracy (points)", within)
    table = data(rows)
    return drawing.chart(
        table.mark_area(opacity=0.1).encode(x=across, y=up("low"), y2="high:Q", color=hue(), detail="name:N"),
        *placing.lines(rows, "agreement", across, up, plot),
        drawing.points(table, 80, {"x": across, "y": up("mean")}),
        height=plot.height,
    )


def draw_against_gap(
    points: Sequence[tuple[float, Dot]], meaning: Mapping[str, str], of: str = "Subjectivity"
) -> alt.LayerChart:
    """Each task's gap, in the colour of its verdict, over something else of it: (value, dot)."""
    rows = [drawing.row(dot) | {"value": value} for value, dot in points]
    least, most = domain([value for value, _ in points])
    wider = 0.1 * (most - least)  # names of the outermost points need room
    plot = Plot(Span(least - wider, most + wider), Span(*domain([0.0, *(row["mean"] for row in rows)])), 260)
    table, legend = data(rows), drawing.key((row["family"] for row in rows), meaning)
    across = alt.X("value:Q", title=of, scale=plot.across.scale, axis=alt.Axis(tickCount=6, grid=False))
    up = drawing.up("Gap (points of macro-F1)", (plot.up.low, plot.up.high))
    # A phone has no room for names: they stand among the numbers.
    spots = placing.spots(
        [row["name"] for row in rows],
        [[plot.at(row["value"], row["mean"])] for row in rows],
        [],
        placing.WIDE,
        plot.height,
    )
    named = [
        data([row])
        .transform_filter(f"width >= {placing.WIDE}")
        .mark_text(fontSize=11, color=colour("muted"), dx=spot.dx, dy=spot.dy, align=spot.align)
        .encode(x=across, y=up("mean"), text="name:N")
        for row, spot in zip(rows, spots, strict=True)
        if not spot.covers
    ]
    return drawing.chart(
        data([{"mean": 0}]).mark_rule(color=colour("muted")).encode(y=up("mean")),
        drawing.points(table, 90, {"x": across, "y": up("mean")}, legend),
        *named,
        height=plot.height,
    )
