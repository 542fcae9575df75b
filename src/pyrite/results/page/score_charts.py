"""Charts of scores: of each mix, of each label, of the LLM itself, and the gap of each task."""

from collections.abc import Mapping, Sequence

import altair as alt

from pyrite.results import statements
from pyrite.results.page import claims, drawing
from pyrite.results.page.drawing import NAMES, ROW, Dot, Figure, colour, data, domain, dot, dots, hue, score
from pyrite.results.page.findings import Findings
from pyrite.results.words import capital, fixed, name, ranged


def scores(task: Findings, classifier: str) -> Figure:
    """The scores of a classifier's mixes."""
    result, comparison = task.evaluated.classifiers[classifier], task.comparison
    drawn = {mix: dot(mix, result.mixes[mix].macro_f1, label=task.sized(classifier, mix)) for mix in result.main}
    gap, (candidate, baseline) = result.gap(comparison.candidate, comparison.baseline), task.names
    if gap is None:
        title = f"Scores of {classifier}"
    elif gap.macro_f1.low <= 0 <= gap.macro_f1.high:
        title = f"{candidate} and {baseline} can’t be told apart: {ranged(gap.macro_f1, '+.1f')} points"
    else:
        title = f"{candidate} scores {statements.side(gap.macro_f1.value)} {baseline}"
    about = f"{task.tested(classifier)} Trained on (texts): mean, 95 % interval."
    title = capital(title) if gap is None else f"{capital(title)} ({classifier})"
    return Figure(title, draw(list(drawn.values()), drawn.get(comparison.baseline), comparison.margin), about)


def called(task: Findings, classifier: str) -> Figure | None:
    """The LLM itself beside a classifier's mixes, on the texts that it labelled; None where it was not asked.

    The numbers differ from those of `scores`: these are fewer texts.
    """
    llm, candidate = task.evaluated.llm, task.names[0]
    mixes = llm.classifiers.get(classifier) if llm else None
    if llm is None or mixes is None:
        return None
    title = "The LLM itself as the classifier"
    if task.comparison.candidate in mixes:
        above = mixes[task.comparison.candidate].gap.macro_f1
        if above.low > 0:
            title = f"Simply calling the LLM beats {candidate} by {100 * above.value:.1f} points"
        elif above.high < 0:
            title = f"{candidate} beats calling the LLM by {-100 * above.value:.1f} points"
        else:
            title = f"Calling the LLM and {candidate} can’t be told apart: {ranged(above, '+.1f')} points"
    beside = [dot(mix, result.macro_f1, label=task.sized(classifier, mix)) for mix, result in mixes.items()]
    about = f"{task.card.title}. The LLM and {classifier} on the same {llm.rows:,} test texts; 95 % intervals."
    return Figure(f"{capital(title)} ({classifier})", draw([drawing.itself(llm.macro_f1), *beside], None, 0.0), about)


def classes(task: Findings, classifier: str) -> Figure | None:
    """F1 of baseline and candidate for each label; None where the classifier lacks one of them."""
    title, mixes = claims.label_losses(task, classifier), task.evaluated.classifiers[classifier].mixes
    if not title:
        return None
    compared = (task.comparison.baseline, task.comparison.candidate)
    before, after = ({label: score.f1 for label, score in mixes[mix].per_class.items() if score.f1} for mix in compared)
    order = sorted(before, key=lambda label: after[label].value - before[label].value)
    named = [task.sized(classifier, mix) for mix in compared]
    groups = [
        (
            label,
            [dot(mix, f1[label], label=words) for mix, f1, words in zip(compared, (before, after), named, strict=True)],
        )
        for label in order
    ]
    about = f"{task.tested(classifier)} Trained on (texts): {' and '.join(named)}. 95 % intervals."
    return Figure(f"{title} ({classifier})", draw_groups(groups, "F1 on real test texts (points)"), about)


def compared(tasks: Sequence[Findings], classifier: str) -> str:
    """What a figure of gaps is of: candidate and baseline with the numbers of their texts, and the classifier."""
    comparison, sized = tasks[0].comparison, []
    for mix in (comparison.candidate, comparison.baseline):
        rows = sorted({task.evaluated.classifiers[classifier].mixes[mix].rows for task in tasks})
        sized.append(f"{name(mix)} ({' to '.join(f'{end:,}' for end in dict.fromkeys((rows[0], rows[-1])))} texts)")
    return capital(f"{' minus '.join(sized)}, by {classifier}.")


FIGURES = {"scores": scores, "called": called, "classes": classes}


def gaps(tasks: Sequence[Findings], classifier: str) -> Figure:
    """The candidate's gap in each task, by a classifier that has one in all of them."""
    comparison, drawn = tasks[0].comparison, []
    for task in tasks:
        gap, verdict = task.gap(classifier), task.verdicts[classifier]
        assert gap is not None  # a case rests on it
        mean, low, high = (100 * end for end in (gap.value, gap.low90, gap.high90))
        note = f"{fixed(mean, '+.1f')} ({fixed(low, '.1f')} to {fixed(high, '.1f')}) points: {verdict.word}; "
        note += f"{task.sized(classifier, comparison.candidate)}, {task.sized(classifier, comparison.baseline)}"
        drawn.append(Dot(task.title, verdict.family, mean, low, high, note))
    drawn.sort(key=lambda dot: -dot.mean)
    about = f"{compared(tasks, classifier)} 90 % intervals. Shaded: within the limit of {comparison.margin:g} points."
    meaning = {verdict.family: verdict.word for verdict in (task.verdicts[classifier] for task in tasks)}
    return Figure(f"Where does it pay, by {classifier}?", draw_gaps(drawn, comparison.margin, meaning), about)


# Drawing


def draw(drawn: Sequence[Dot], baseline: Dot | None, margin: float) -> alt.LayerChart:
    """Score of each mix; a line at the baseline's, shaded as far as `margin` points to either side."""
    title = "Macro-F1 (points)"
    ends = [end for dot in drawn for end in (dot.mean, dot.low, dot.high)]
    height = ROW * len(drawn)
    if baseline is None:
        return drawing.chart(*dots(drawn, title, domain(ends), labelled=True), height=height)
    low, high = baseline.mean - margin, baseline.mean + margin
    band, within = data([{"mean": baseline.mean, "low": low, "high": high}]), domain([low, high, *ends])
    return drawing.chart(
        band.mark_rect(color=colour("real"), opacity=0.1).encode(x=score("low", within, title), x2="high:Q"),
        band.mark_rule(color=colour("real"), strokeDash=[4, 4]).encode(x=score("mean", within, title)),
        *dots(drawn, title, within, labelled=True),
        height=height,
    )


def draw_gaps(drawn: Sequence[Dot], margin: float, meaning: Mapping[str, str]) -> alt.LayerChart:
    """A gap a row, in the colour of its verdict, which `meaning` words; shaded where it is within `margin` points."""
    title = "Gap (points of macro-F1)"
    band = data([{"zero": 0, "low": -margin, "high": margin}])
    within = domain([-margin, margin, *(end for dot in drawn for end in (dot.mean, dot.low, dot.high))])
    return drawing.chart(
        band.mark_rect(color=colour("muted"), opacity=0.12).encode(x=score("low", within, title), x2="high:Q"),
        band.mark_rule(color=colour("muted")).encode(x=score("zero", within, title)),
        *dots(drawn, title, within, meaning=meaning),
        height=34 * len(drawn),
    )


def draw_groups(groups: Sequence[tuple[str, Sequence[Dot]]], title: str, *, named: bool = False) -> alt.LayerChart:
    """Several dots a row, one below the other: (row, dots); with their names beside them where there are no shapes."""
    rows = [drawing.row(dot) | {"label": label} for label, group in groups for dot in group]
    order, names = [label for label, _ in groups], list(dict.fromkeys(row["name"] for row in rows))
    low, high = domain(row[end] for row in rows for end in ("mean", "low", "high"))
    # Names stand to the right of the intervals.
    within = (low, low + NAMES * (high - low) if named else high)
    y, offset = drawing.names("label", order), alt.YOffset("name:N", sort=names)
    table, legend = data(rows), drawing.key(row["family"] for row in rows)
    layers = [
        table.mark_rule(strokeWidth=2).encode(
            x=score("low", within, title), x2="high:Q", y=y, yOffset=offset, color=hue(legend)
        ),
        drawing.points(table, 70, {"x": score("mean", within, title), "y": y, "yOffset": offset}, legend),
    ]
    if named:
        beside = {"x": score("high", within, title), "y": y, "yOffset": offset, "text": "name:N"}
        layers.append(table.mark_text(align="left", dx=6, fontSize=11).encode(**beside, color=hue()))
    return drawing.chart(*layers, height=max(ROW, 18 * len(names)) * len(groups))
