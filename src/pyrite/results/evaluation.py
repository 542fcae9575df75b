"""Evaluation: how every fit of a task scores, and what the mixes are worth: `metrics/evaluate/<task>.json`.

Scores and gaps are in [0, 1]. Of the texts there are only ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import Field

from pyrite.base.schema import Result, StageResult
from pyrite.data import mixes
from pyrite.measures.intervals import Interval, Score
from pyrite.measures.llm_baseline import LlmResult
from pyrite.measures.prediction_flips import Flips

T = TypeVar("T")

# As many real rows as generated ones.
EQUAL = "real@equal"


class Gap(Interval):
    """The score of one mix minus that of another, paired over seeds and test rows, with its 95 % interval.

    Attributes:
        low90, high90: the 90 % interval; each end is that of a one-sided test at 5 %.
        p: two-sided, of a permutation test.
        detectable: the smallest true gap that such a study finds in 80 % of cases.
        item_error, seed_error: the standard errors from test rows and from seeds.
        generation_error: that from another set of generated texts, where it is known and so in the intervals.
    """

    low90: float
    high90: float
    p: float
    detectable: float
    item_error: float
    seed_error: float
    generation_error: float | None = None

    @property
    def deciding(self) -> Interval:
        """With the interval that decides, and that is shown first."""
        return Interval(value=self.value, low=self.low90, high=self.high90)

    def turned(self) -> Gap:
        """The same gap, seen from the other mix."""
        ends = {"low": -self.high, "high": -self.low, "low90": -self.high90, "high90": -self.low90}
        return self.model_copy(update={"value": -self.value, **ends})


class PairedGap(Result):
    """`at_most`: the most that each label's F1 may gain, sure at 5 %; of a candidate with generated rows."""

    macro_f1: Gap
    accuracy: Gap
    at_most: dict[str, float] = Field(default_factory=dict)

    def turned(self) -> PairedGap:
        return PairedGap(macro_f1=self.macro_f1.turned(), accuracy=self.accuracy.turned())


class ClassScore(Result):
    """One label: F1 is None where no test row has it."""

    f1: Score | None
    precision: float
    recall: float
    support: int


class Worth(Result):
    """How many real labels give the same score, with a 95 % interval.

    0 means fewer than `least`, None more than `most`: the ends of the learning curve.
    """

    labels: int | None
    low: int | None
    high: int | None
    least: int
    most: int


class MixResult(Result):
    """The fits of one mix.

    Attributes:
        rows: of training, the mean over seeds.
        no_worth: why a worth is missing.
        distinct: how many of the fits say different things; a deterministic classifier on fixed rows has one.
        collapsed: the seeds whose fit gives every test row the same label.
        never: labels that some fit never says, though test rows have them.
        guesses: whether it is not surely better than always saying the most frequent label, or any at random.
    """

    rows: int
    seeds: tuple[int, ...]
    macro_f1: Score
    accuracy: Score
    per_class: dict[str, ClassScore]
    calibration_error: float
    worth: Worth | None = None
    no_worth: str | None = None
    distinct: int
    collapsed: tuple[int, ...] = ()
    never: tuple[str, ...] = ()
    guesses: bool = False


class MixCurvePoint(Result):
    """So many real rows, the mix of them alone, that with generated rows added, and what these gain in macro-F1."""

    rows: int
    alone: str
    both: str
    gain: Interval


class MixCurve(Result):
    """What generated rows add to n real ones; `stops`: the number of real rows from which they help no more."""

    points: tuple[MixCurvePoint, ...]
    stops: Worth | None = None


class ClassifierResult(Result):
    """All mixes of one classifier.

    Attributes:
        gaps: by candidate and baseline: of every mix that is no point of a curve to each other such mix and to the
            points of the learning curve.
        mix_curves: by what is added to the real rows.
        confusion: of each such mix, how many test rows of each label (rows) got each label, the mean over seeds.
        flips: by candidate with generated rows and baseline without.
    """

    mixes: dict[str, MixResult]
    gaps: dict[str, dict[str, PairedGap]]
    mix_curves: dict[str, MixCurve]
    confusion: dict[str, tuple[tuple[float, ...], ...]]
    flips: dict[str, dict[str, Flips]]

    @property
    def main(self) -> list[str]:
        """The mixes that are no points of a curve."""
        return list(self.gaps)

    @property
    def curve(self) -> list[tuple[int, str]]:
        """The learning curve: (real rows, mix) of each point, the fewest rows first."""
        return sorted((result.rows, mix) for mix, result in self.mixes.items() if mixes.parse(mix).curve == (mix, ""))

    def gap(self, candidate: str, baseline: str) -> PairedGap | None:
        return self.gaps.get(candidate, {}).get(baseline)

    def equal_size(self, candidate: str) -> PairedGap | None:
        """The gap of a candidate, cut to equal size where that was trained, to as many real rows."""
        cut = f"{candidate}@equal"
        return self.gap(cut if cut in self.mixes else candidate, EQUAL)


class TaskResult(StageResult):
    """All classifiers of a task, and the LLM called as one; without real texts there are none."""

    stage = "evaluate"

    task: str
    test_rows: int
    labels: tuple[str, ...]
    llm: LlmResult | None
    classifiers: dict[str, ClassifierResult]

    def worth(self, classifier: str, mix: str) -> tuple[str, Worth] | None:
        """(classifier, worth) of a mix: by this classifier's learning curve or else by the first that has one."""
        return self._first(classifier, lambda result: result.mixes[mix].worth if mix in result.mixes else None)

    def learning_curve(self, classifier: str) -> tuple[str, list[tuple[int, str]]] | None:
        """(classifier, learning curve): of this classifier or of the first that has one."""
        return self._first(classifier, lambda result: result.curve if len(result.curve) > 1 else None)

    def mix_curve(self, classifier: str, added: str) -> tuple[str, MixCurve] | None:
        """(classifier, mix curve) of what is added to real rows: of this classifier or of the first that has one."""
        return self._first(classifier, lambda result: result.mix_curves.get(added))

    def _first(self, classifier: str, of: Callable[[ClassifierResult], T | None]) -> tuple[str, T] | None:
        values = ((name, of(self.classifiers[name])) for name in (classifier, *self.classifiers))
        return next(((name, value) for name, value in values if value), None)


class Headline(Result):
    """The experiment as one row of `dvc exp show`: means over tasks. Scores and gaps are in points here.

    Attributes:
        tasks: those of which something can be told: the means are theirs.
        interval: the 90 % interval of the gap, the one that decides.
        close_call: whether its deciding end lies within half a point of the margin.
        best: the candidate with the highest score.
    """

    candidate: str
    llm: str | None = None
    rows: int | None = None
    classifier: str
    macro_f1: float | None = None
    gap: float | None = None
    interval: str | None = None
    verdict: str
    close_call: bool = False
    worth: int | str | None = None
    cost_usd: float | None = None
    baseline: str
    baseline_macro_f1: float | None = None
    tasks: int
    best: str | None = None
