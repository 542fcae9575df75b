"""The verdict: is synthetic data good enough here, and how sure are we? One rule, on values; `statements` words it.

Gaps and margins are in [0, 1] of macro-F1.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import stdtrit

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import mixes
from pyrite.measures.intervals import Interval
from pyrite.results.evaluation import EQUAL, Gap, MixResult, TaskResult

REPLACE, AUGMENT, DONT, CANT_TELL = "replace", "augment", "don't", "can't tell"
YES, NO, OPEN = "yes", "no", "can't tell"

# All hand-labelled rows: what a candidate may be added to.
ALL = "real"

# Less than this gained on top of all labels is nothing worth adding for.
LITTLE = 0.005
# A deciding end this near to its margin: other seeds, or another machine, may give another word.
CLOSE = 0.005
# A label is lost when its F1 falls by more than so many margins.
LOST = 3
# With fewer test rows nothing is said.
FEWEST_ROWS = 20

# Normal quantiles: a one-sided test at 5 % that succeeds in 80 % of the studies.
_POWER = 1.645 + 0.842


@dataclass(frozen=True)
class Case:
    """What a verdict rests on.

    Attributes:
        fits: distinct fits of the one of the two mixes that has more of them.
        gap: of the candidate to the baseline.
        gain: of all labels with the candidate added to all labels alone; None where these mixes were not trained.
        equal: of the candidate to as many real rows; None where that was not trained.
        equal_rows: how many these are; 0 over tasks.
        lost: labels that the baseline finds and the candidate surely loses.
        obstacle: why nothing can be told, whatever the gap.
        remedy: what to do about it.
        contains: the candidate has the baseline in it, so that it can't stand in its place.
        left_out: of a mean, the number of tasks that are not in it, for nothing can be told there.
    """

    candidate: str
    baseline: str
    margin: float
    test_rows: int
    fits: int
    gap: Gap
    gain: Gap | None = None
    equal: Gap | None = None
    equal_rows: int = 0
    lost: tuple[str, ...] = ()
    obstacle: str = ""
    remedy: str = ""
    contains: bool = False
    left_out: int = 0


def in_place(case: Case) -> str:
    """Is the candidate good enough in place of the baseline?

    *yes*: better than baseline - margin (one-sided, 5 %: non-inferiority, the lower half of TOST, Schuirmann 1987), and
    no label is lost. *no*: worse than baseline - margin (one-sided, 5 %).
    """
    if case.gap.low90 > -case.margin:
        return OPEN if case.lost else YES
    return NO if case.gap.high90 < -case.margin else OPEN


def on_top(case: Case) -> str:
    """Does it pay to add the candidate to all labels? *yes*: it gains (two-sided, 5 %); *no*: surely less than half a
    point (one-sided, 5 %)."""
    if case.gain is None:
        return OPEN
    if case.gain.low > 0:
        return YES
    return NO if case.gain.high90 < LITTLE else OPEN


def decide(case: Case) -> str:
    """The verdict on a case.

    *can't tell* where there is an obstacle. Else *replace* if the candidate is good enough in place of the baseline;
    else *augment* if it pays on top of all labels; else *don't* if it is not good enough in their place; else *can't
    tell*. A candidate that has the baseline in it stands in nobody's place: it never replaces, at best it augments.
    """
    if case.obstacle:
        return CANT_TELL
    if in_place(case) == YES and not case.contains:
        return REPLACE
    if on_top(case) == YES:
        return AUGMENT
    return DONT if in_place(case) == NO else CANT_TELL


def is_close(case: Case) -> bool:
    """Whether a deciding end lies within half a point of its margin."""
    if case.obstacle:
        return False
    ends = [case.gap.low90 + case.margin, case.gap.high90 + case.margin]
    if case.gain is not None and (case.contains or decide(case) == AUGMENT):
        ends.append(case.gain.low)
    return min(map(abs, ends)) <= CLOSE


def settles(case: Case) -> int | None:
    """Test rows that would settle a case if the true gap were 0 or twice the margin; None: no number of them.

    For one-sided tests at 5 % with 80 % power: both true gaps are one margin away from the margin.
    """
    variance = (case.margin / _POWER) ** 2 - case.gap.seed_error**2 - (case.gap.generation_error or 0) ** 2
    return math.ceil(case.test_rows * max(1, case.gap.item_error**2 / variance)) if variance > 0 else None


def case(evaluated: TaskResult, classifier: str, candidate: str, baseline: str, margin: float) -> Case:
    """The case of one task; the margin in points, as `params.yaml` has it.

    Raises:
        PyriteError: there is no such gap.
    """
    result = evaluated.classifiers.get(classifier)
    gap = result.gap(candidate, baseline) if result else None
    if result is None or gap is None:
        raise PyriteError(
            f"{paths.metrics('evaluate', evaluated.task)}: no gap of '{candidate}' to '{baseline}' for classifier "
            f"'{classifier}': compare.candidates must be other trained mixes than the baseline, no point of the curve"
        )
    share, mixes_of = margin / 100, (result.mixes[candidate], result.mixes[baseline])
    contains = set(mixes.parse(baseline).parts) < set(mixes.parse(candidate).parts)
    added, same = result.gap(f"{ALL}+{candidate}", ALL), result.equal_size(candidate)
    halved = bool(gap.macro_f1.generation_error)
    obstacle, remedy = _obstacle(mixes_of, (candidate, baseline), evaluated.test_rows, halved)
    return Case(
        candidate=candidate,
        baseline=baseline,
        margin=share,
        test_rows=evaluated.test_rows,
        fits=max(mix.distinct for mix in mixes_of),
        gap=gap.macro_f1,
        gain=gap.macro_f1 if contains else added.macro_f1 if added else None,
        equal=same.macro_f1 if same else None,
        equal_rows=result.mixes[EQUAL].rows if same else 0,
        lost=tuple(label for label, most in gap.at_most.items() if most < -LOST * share),
        obstacle=obstacle,
        remedy=remedy,
        contains=contains,
    )


def _obstacle(results: Sequence[MixResult], names: Sequence[str], test_rows: int, halved: bool) -> tuple[str, str]:
    """Why nothing can be told, and what to do about it; both empty where something can."""
    for mix, name in zip(results, names, strict=True):
        if mix.collapsed:
            seeds = ", ".join(map(str, mix.collapsed))
            collapsed = f"trained on {name}, the classifier says one label always (seed {seeds})"
            return collapsed, "Mend the classifier's recipe first: more steps, or another learning rate."
    if all(mix.guesses for mix in results):
        guessing = "both are no better than guessing"
        return guessing, "See whether people can tell the labels, or take a larger classifier."
    if test_rows < FEWEST_ROWS:
        few = f"{test_rows} test rows are too few for any answer; {FEWEST_ROWS} are the least"
        return few, "Label more real texts."
    # A deterministic classifier on fixed rows has one fit, but its halves tell what other rows would move.
    if max(mix.distinct for mix in results) < 2 and not halved:
        single = "there is one fit of each only, which says nothing of how much another training run would move"
        return single, "Give the classifier more seeds, or the LLM more conversations: params.yaml has both."
    return "", ""


def told(cases: Sequence[Case]) -> list[bool]:
    """Which cases a mean is taken over: those of which something can be told, or all where that is none."""
    clear = [not case.obstacle for case in cases]
    return clear if any(clear) else [True] * len(cases)


def over_tasks(cases: Sequence[Case]) -> Case:
    """The mean over tasks of the same question: these very tasks, not tasks in general, so their errors average out.
    Tasks of which nothing can be told are left out."""
    kept = list(itertools.compress(cases, told(cases)))
    gains = [case.gain for case in kept if case.gain is not None]
    equal = [case.equal for case in kept if case.equal is not None]
    return replace(
        kept[0],
        test_rows=round(sum(case.test_rows for case in kept) / len(kept)),
        fits=min(case.fits for case in kept),
        gap=mean([case.gap for case in kept]),
        gain=mean(gains) if len(gains) == len(kept) else None,
        equal=mean(equal) if len(equal) == len(kept) else None,
        equal_rows=0,
        lost=(),
        left_out=len(cases) - len(kept),
    )


def as_sample(cases: Sequence[Case]) -> Interval | None:
    """The mean gap with its 90 % interval, were these tasks a sample of all tasks like them (random effects), without
    those of which nothing can be told; None where one is left."""
    gaps = [case.gap.value for case in itertools.compress(cases, told(cases))]
    if len(gaps) < 2:
        return None
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1) / len(gaps))
    reach = float(stdtrit(len(gaps) - 1, 0.95)) * spread
    return Interval(value=mean, low=mean - reach, high=mean + reach)


def mean(gaps: Sequence[Gap]) -> Gap:
    """The p-value and the smallest gap that can be found are those of the task where they are the largest."""
    ends = {name: _end(gaps, name) for name in ("low", "high", "low90", "high90")}
    errors = {
        name: math.hypot(*(getattr(gap, name) for gap in gaps)) / len(gaps) for name in ("item_error", "seed_error")
    }
    worst = {name: max(getattr(gap, name) for gap in gaps) for name in ("p", "detectable")}
    moved = [gap.generation_error for gap in gaps if gap.generation_error is not None]
    known = {"generation_error": math.hypot(*moved) / len(gaps) if len(moved) == len(gaps) else None}
    mean = sum(gap.value for gap in gaps) / len(gaps)
    return gaps[0].model_copy(update={"value": mean, **ends, **errors, **worst, **known})


def _end(gaps: Sequence[Gap], name: str) -> float:
    mean = sum(gap.value for gap in gaps) / len(gaps)
    reach = math.hypot(*(getattr(gap, name) - gap.value for gap in gaps)) / len(gaps)
    return mean - reach if name.startswith("low") else mean + reach
