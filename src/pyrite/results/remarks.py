"""Remarks: what else there is to say of a task, beside its verdict, each worded once, from values.

Scores and gaps come in [0, 1] and are said in points. `say` is how names of mixes are spoken.
"""

from __future__ import annotations

from pyrite.data import mixes
from pyrite.measures.intervals import Interval
from pyrite.measures.llm_baseline import LlmResult
from pyrite.params import Compare
from pyrite.results.evaluation import EQUAL, TaskResult
from pyrite.results.generation import GeneratedSet
from pyrite.results.preparation import blind
from pyrite.results.prices import money
from pyrite.results.statements import Say, break_even, capital, ends, no_worth, points, side, stops, these
from pyrite.results.study import TaskMetrics


def called(llm: LlmResult, asked: Compare, say: Say = str) -> str:
    """The LLM as the classifier beside the candidate."""
    own, price = llm.macro_f1, asked.llm_price
    says = (
        f"Called as the classifier, in {llm.personas} personas, the LLM scores {points(own.value)} "
        f"({ends(own.low or 0, own.high or 1)}) in macro-F1 on the {llm.rows:,} test rows that it labelled"
    )
    costs = "" if price is None else f" It asks {money(price)} for a thousand texts."
    mine = llm.classifiers.get(asked.classifier, {}).get(asked.candidate)
    if mine is None:
        return f"{says}.{costs}"
    says += f", {asked.classifier} trained on {say(asked.candidate)} {points(mine.macro_f1.value)}"
    return f"{says}: {lead(mine.gap.macro_f1)}.{costs}"


def lead(gap: Interval) -> str:
    """Whether the LLM itself or the trained classifier is better, from the LLM's lead."""
    if gap.low > 0:
        return f"simply calling the LLM is better by {points(gap.value)} ({ends(gap.low, gap.high)}) points"
    if gap.high < 0:
        return f"the trained classifier is better by {points(-gap.value)} ({ends(-gap.high, -gap.low)}) points"
    return f"can't tell which is better ({ends(gap.low, gap.high, '+')} points)"


def equal_size(found: TaskResult, asked: Compare, say: Say = str) -> str:
    """The paper's own comparison: as many real texts as generated ones; empty where that is the baseline itself."""
    one = found.classifiers[asked.classifier]
    gap = one.equal_size(asked.candidate)
    if asked.baseline == EQUAL or gap is None:
        return ""
    rows, inside = one.mixes[EQUAL].rows, gap.macro_f1
    return (
        f"At equal size, {say(asked.candidate)} scores {side(inside.value)} {rows:,} real texts "
        f"({ends(inside.low90, inside.high90, '+')})."
    )


def generation(found: TaskResult, asked: Compare, say: Say = str) -> str:
    """How much another run of the LLM would move the gap, and whether the intervals have that in them."""
    gap = found.classifiers[asked.classifier].gap(asked.candidate, asked.baseline)
    if gap is None or not {*mixes.parse(asked.candidate).sources, *mixes.parse(asked.baseline).sources}:
        return ""
    moved = gap.macro_f1.generation_error
    if moved is None:
        return f"The intervals leave out how much another run of the LLM would move {say(asked.candidate)}."
    return (
        f"Another run of the LLM would move the gap by about {points(moved)} points (standard deviation, from halves "
        "of its conversations); the intervals have that in them."
    )


def never(found: TaskResult, asked: Compare, say: Say = str) -> list[str]:
    """The labels that a fit of candidate or baseline never says."""
    of_mix = found.classifiers[asked.classifier].mixes
    return [
        f"Trained on {say(mix)}, {asked.classifier} never says {', '.join(of_mix[mix].never)}."
        for mix in (asked.candidate, asked.baseline)
        if of_mix[mix].never and not of_mix[mix].collapsed
    ]


def untested(found: TaskResult, asked: Compare) -> str:
    """The labels that no test row has: of them nothing is known."""
    per_class = found.classifiers[asked.classifier].mixes[asked.candidate].per_class
    missing = [label for label, one in per_class.items() if not one.support]
    return f"Can't tell how {', '.join(missing)} is classified: no test row has this label." if missing else ""


def remarks(task: TaskMetrics, asked: Compare, say: Say = str) -> list[str]:
    """What else there is to say of a task, a sentence each."""
    found, candidate = task.evaluated, asked.candidate
    known = found.worth(asked.classifier, candidate)
    curve = found.mix_curve(asked.classifier, candidate)
    said = [
        generation(found, asked, say),
        called(found.llm, asked, say) if found.llm else "",
        break_even(candidate, known[1] if known else None, task.cost(candidate), asked.label_price, say),
    ]
    if curve and curve[1].stops:
        said.append(f"Added to real labels ({curve[0]}): {stops(say(candidate), curve[1].stops)}.")
    if not known and mixes.parse(candidate).sources:
        said.append(no_worth(found, asked.classifier, candidate))
    said += [*never(found, asked, say), untested(found, asked)]
    said += [blind(task.prepared.alike, task.useless)] if task.prepared and task.prepared.blind else []
    said += [speak(task.generated[s], say) for s in mixes.parse(candidate).sources for speak in (scarce, clearer)]
    return [words for words in said if words]


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


def too_like(generated: dict[str, GeneratedSet]) -> str:
    """How many generated texts were dropped because they resemble test or validation rows."""
    parts = []
    for source in sorted(generated, reverse=True):
        dropped, received = contaminated(generated[source])
        parts.append(f"{dropped:,} of {received:,} {source}")
    return f"Dropped, being too like a test or validation row: {', '.join(parts) or 'nothing'} texts."


def contaminated(generated: GeneratedSet) -> tuple[int, int]:
    """(texts dropped because they resemble test or validation rows, texts received)."""
    dropped = generated.total.dropped.items()
    return sum(count for why, count in dropped if why.startswith("contamination")), generated.total.received


def unscored(task: TaskMetrics) -> list[str]:
    """What can be said of a task without real texts, and what can't, a sentence each."""
    said = [
        "Can't tell: the task has no real texts, so no classifier was trained or tested, and nobody knows what the "
        "generated texts are worth."
    ]
    for source, made in task.generated.items():
        total = made.total
        if not total.answers and not total.received:
            said.append(f"{source}: not asked, for it shows the LLM real texts.")
            continue
        cost = "" if total.cost_usd is None else f", for {money(total.cost_usd)}"
        if not cost and total.prompt_tokens is not None:
            cost = f", for {total.prompt_tokens + (total.completion_tokens or 0):,} tokens"
        said.append(
            f"{source}: {total.accepted:,} texts of {len(made.labels)} labels were kept and "
            f"{sum(total.dropped.values()):,} dropped (repeated, too short or too long, ...){cost}."
        )
        if few := scarce(made):
            said.append(few)
    return [
        *said,
        "Known besides: how varied they are among themselves, in the report. Not known: whether they are like real "
        "texts, true to their labels, or free of what the LLM gets wrong. Read some.",
        "To know their worth, have people label about 400 real texts (with so few, nearly all are tested on) and run "
        f"`pyrite new {task.name} --refresh --from FILE`, then `dvc repro`: what is answered is not paid again.",
    ]
