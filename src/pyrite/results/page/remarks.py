"""Remarks: what else there is to say of a task, beside its verdict, each worded once, from values.

Scores and gaps come in [0, 1] and are said in points. `say` is how names of mixes are spoken.
"""

from collections.abc import Mapping

from pyrite.data import mixes
from pyrite.measures.intervals import Interval
from pyrite.results.generation import GeneratedSet
from pyrite.results.preparation import blind
from pyrite.results.prices import money
from pyrite.results.statements import Say, break_even, capital, ends, no_worth, points, ranged, stops, these
from pyrite.results.study import TaskMetrics, total


def remarks(task: TaskMetrics, classifier: str, say: Say = str) -> list[str]:
    """What else there is to say of a task by a classifier, a sentence each."""
    evaluated, candidate = task.evaluated, task.comparison.candidate
    known = evaluated.worth(classifier, candidate)
    curve = evaluated.mix_curve(classifier, candidate)
    cost = total(map(task.price, task.sources)) if task.sources else None
    sentences = [
        called(task, classifier, say),
        break_even(candidate, known[1] if known else None, cost, task.comparison.label_price, say),
    ]
    if curve and curve[1].stops:
        sentences.append(f"Added to real labels ({curve[0]}): {stops(say(candidate), curve[1].stops)}.")
    if not known and task.sources:
        sentences.append(no_worth(evaluated, classifier, candidate))
    of_mix = evaluated.classifiers[classifier].mixes
    sentences += [
        f"Trained on {say(mix)}, {classifier} never says {', '.join(of_mix[mix].never)}."
        for mix in (candidate, task.comparison.baseline)
        if of_mix[mix].never and not of_mix[mix].collapsed
    ]
    if untested := [label for label, score in of_mix[candidate].per_class.items() if not score.support]:
        sentences.append(f"Can't tell how {', '.join(untested)} is classified: no test row has this label.")
    if task.prepared.blind:
        sentences.append(blind(task.prepared.alike, task.useless))
    sentences += [speak(task.generated[source], say) for source in task.sources for speak in (scarce, clearer)]
    return [words for words in sentences if words]


def generation(task: TaskMetrics, classifier: str, say: Say = str) -> str:
    """How much another run of the LLM would move the gap, and whether the intervals have that in them."""
    candidate, gap = task.comparison.candidate, task.gap(classifier)
    if gap is None or not {*task.sources, *mixes.parse(task.comparison.baseline).sources}:
        return ""
    if gap.generation_error is None:
        return f"The intervals leave out how much another run of the LLM would move {say(candidate)}."
    return (
        f"Another run of the LLM would move the gap by about {points(gap.generation_error)} points (standard "
        "deviation, from halves of its conversations); the intervals have that in them."
    )


def called(task: TaskMetrics, classifier: str, say: Say = str) -> str:
    """The LLM as the classifier beside the candidate; empty where it labelled too few test rows."""
    if (llm := task.evaluated.llm) is None:
        return ""
    own, candidate, price = llm.macro_f1, task.comparison.candidate, task.comparison.llm_price
    says = (
        f"Called as the classifier, in {llm.personas} personas, the LLM scores {points(own.value)} "
        f"({ends(own.low or 0, own.high or 1)}) on the {llm.rows:,} test texts that it labelled"
    )
    if scored := llm.classifiers.get(classifier, {}).get(candidate):
        says += f", and {classifier}, trained on {say(candidate)}, {points(scored.macro_f1.value)}: "
        says += lead(scored.gap.macro_f1)
    return f"{says}." + ("" if price is None else f" It asks {money(price)} for a thousand texts.")


def lead(gap: Interval) -> str:
    """Whether the LLM itself or the trained classifier is better, from the LLM's lead."""
    if gap.low > 0:
        return f"simply calling the LLM is better by {ranged(gap)} points"
    if gap.high < 0:
        return f"the trained classifier is better by {points(-gap.value)} ({ends(-gap.high, -gap.low)}) points"
    return f"can't tell which is better ({ends(gap.low, gap.high, '+')} points)"


def scarce(made: GeneratedSet, say: Say = str) -> str:
    """The labels of a generated set with less than a tenth of their texts."""
    few = [f"{label} ({made.labels[label].accepted})" for label in made.scarce]
    if not few:
        return ""
    return (
        f"Of the {made.per_label:,} texts that each label should have in {say(made.source)}, less than a tenth is "
        f"there for {', '.join(few)}: on {these(few)} the result says little of what the LLM can write."
    )


def clearer(made: GeneratedSet, say: Say = str) -> str:
    """That an LLM's texts are clearer than real ones, where that is sure."""
    own, real = (made.clear_cut[name].share if name in made.clear_cut else None for name in (made.source, "real"))
    if own is None or real is None or own.value is None or real.value is None or (own.low or 0) <= (real.high or 1):
        return ""
    return (
        f"{capital(say(made.source))} texts are clearer than real ones: the LLM, shown a text alone, gives "
        f"{100 * own.value:.1f} % of them their own label, and {100 * real.value:.1f} % of real texts. "
        "Generation leaves the hard cases out."
    )


def too_like(generated: Mapping[str, GeneratedSet], say: Say = str) -> str:
    """How many generated texts were dropped because they resemble test or validation rows; empty without any."""
    by_source = [(say(source), made.total) for source, made in generated.items() if made.kind != "labelled"]
    alike = ", ".join(f"{counts.contaminated:,} of {counts.received:,} {source}" for source, counts in by_source)
    return f"Dropped as too similar to a test or validation text: {alike} texts." if by_source else ""


def unscored(task: TaskMetrics, typed: Say = "`{}`".format) -> list[str]:
    """What can be said of a task without real texts, and what can't, a sentence each; `typed` marks a command."""
    sentences = [
        "Can't tell: the task has no real texts, so no classifier was trained or tested, and nobody knows what the "
        "generated texts are worth."
    ]
    for source, made in task.generated.items():
        counts = made.total
        if not counts.answers and not counts.received:
            sentences.append(f"{source}: not asked, for it shows the LLM real texts.")
            continue
        cost = "" if counts.cost_usd is None else f", for {money(counts.cost_usd)}"
        if not cost and counts.prompt_tokens is not None:
            cost = f", for {counts.prompt_tokens + (counts.completion_tokens or 0):,} tokens"
        sentences.append(
            f"{source}: {counts.accepted:,} texts of {len(made.labels)} labels were kept and "
            f"{sum(counts.dropped.values()):,} dropped (repeated, too short or too long, ...){cost}."
        )
        if few := scarce(made):
            sentences.append(few)
    return [
        *sentences,
        "Known besides: how varied they are among themselves, in the report. Not known: whether they are like real "
        "texts, true to their labels, or free of what the LLM gets wrong. Read some.",
        "To know their worth, have people label about 400 real texts (with so few, nearly all are tested on) and run "
        f"{typed(f'pyrite new {task.task} --refresh --from FILE')}, then {typed('dvc repro')}: what is answered is not "
        "paid again.",
    ]
