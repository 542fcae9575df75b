"""Metrics of made-up studies, built from the models that stages return."""

from __future__ import annotations

from collections.abc import Mapping

from conftest import ROOT

from pyrite.base import paths, schema
from pyrite.measures.intervals import Interval, Score
from pyrite.measures.llm_baseline import Beside, Gaps, LlmResult
from pyrite.params import Params
from pyrite.results.evaluation import (
    ClassifierResult,
    ClassScore,
    Gap,
    MixCurve,
    MixCurvePoint,
    MixResult,
    PairedGap,
    TaskResult,
    Worth,
)
from pyrite.results.generation import GeneratedSet, LabelCounts
from pyrite.results.preparation import Preparation
from pyrite.results.study import TaskMetrics

WORTH = Worth(labels=246, low=0, high=None, least=50, most=900)


def score(value: float, reach: float = 0.02) -> Score:
    return Score(value=value, low=value - reach, high=value + reach)


def interval(value: float, reach: float = 0.02) -> Interval:
    return Interval(value=value, low=value - reach, high=value + reach)


def paired(value: float, p: float = 0.01, reach: float = 0.02, reach90: float = 0.01) -> PairedGap:
    """A gap that is sure to 1 point (90 %) and 2 points (95 %)."""
    errors = {"detectable": 0.03, "item_error": 0.01, "seed_error": 0.005}
    ends = {"low90": value - reach90, "high90": value + reach90}
    gap = Gap(value=value, low=value - reach, high=value + reach, p=p, **ends, **errors)
    return PairedGap(macro_f1=gap, accuracy=gap)


def mix(value: float, worth: Worth | None = None) -> MixResult:
    """Label `b` has no test row."""
    f1 = {"a": score(value), "b": None}
    return MixResult(
        rows=1000,
        seeds=(0, 1, 2),
        macro_f1=score(value),
        accuracy=score(value),
        calibration_error=0.05,
        per_class={
            label: ClassScore(f1=f1[label], precision=value, recall=value, support=300 if f1[label] else 0)
            for label in f1
        },
        worth=worth,
        distinct=3,
    )


def classifier(scores: Mapping[str, float], p: float = 0.01) -> ClassifierResult:
    """A classifier with these scores of its mixes; `real@50` is its learning curve, on which few_shot has a worth."""
    main = [name for name in scores if "@" not in name]
    curve = "real@50" in scores
    point = MixCurvePoint(rows=50, alone="real@50", both="real@50+few_shot", gain=interval(0.1))
    stops = Worth(labels=120, low=60, high=None, least=50, most=900)
    mixes = {name: mix(value, WORTH if curve and name == "few_shot" else None) for name, value in scores.items()}
    return ClassifierResult(
        mixes=mixes | ({"real@50+few_shot": mix(0.7)} if curve else {}),
        gaps={one: {other: paired(scores[one] - scores[other], p) for other in scores if other != one} for one in main},
        mix_curves={"few_shot": MixCurve(points=(point,), stops=stops)} if curve else {},
        confusion={},
        flips={},
    )


def llm(value: float, gaps: Mapping[str, tuple[float, float, float]], classifiers: tuple[str, ...]) -> LlmResult:
    """An LLM as the classifier with this score, and its gap (value, low, high) to each mix."""
    mixes = {}
    for name, (gap, low, high) in gaps.items():
        ends = Interval(value=gap, low=low, high=high)
        mixes[name] = Beside(
            macro_f1=score(value - gap), accuracy=score(value - gap), gap=Gaps(macro_f1=ends, accuracy=ends)
        )
    beside = dict.fromkeys(classifiers, mixes)
    return LlmResult(rows=100, personas=5, macro_f1=score(value), accuracy=score(value), classifiers=beside)


def task(
    name: str, classifiers: Mapping[str, ClassifierResult], test_rows: int = 500, llm: LlmResult | None = None
) -> TaskResult:
    return TaskResult(task=name, test_rows=test_rows, labels=("a", "b"), llm=llm, classifiers=dict(classifiers))


def study(**changes: object) -> Params:
    """The shipped settings with other values of `compare`; `prices` are those of models."""
    shipped = schema.load(ROOT / paths.PARAMS, Params)
    prices = changes.pop("prices", shipped.generate.prices)
    return shipped.model_copy(
        update={
            "compare": shipped.compare.model_copy(update=changes),
            "generate": shipped.generate.model_copy(update={"prices": prices}),
        }
    )


def prepared(task: str) -> Preparation:
    return Preparation(task=task, read=0, dropped={}, kept=0, rows={}, pool=0, judged=0, judgements=0)


def of_task(evaluated: TaskResult, generated: dict[str, GeneratedSet], **changes: object) -> TaskMetrics:
    """A task of a study that asks for `few_shot` against `real`; `changes`: see `study`."""
    comparison = {"baseline": "real", "candidates": ("few_shot",), "margin": 3.0}
    return TaskMetrics(study(**comparison | changes), prepared(evaluated.task), generated, evaluated)


def generated(task: str, source: str, labels: tuple[str, ...] = ("a", "b"), **changes: object) -> GeneratedSet:
    """The counts of a set of 300 asked texts, of which some were too like test rows."""
    dropped = {"length": 3, "contamination: exact": 2, "contamination: near": 5, "contamination: embedding": 10}
    counts = {
        **{"answers": 12, "refused_answers": 0, "unparsable_answers": 0},
        **{"prompt_tokens": None, "completion_tokens": None, "cost_usd": None},
        **{"requested": 700, "received": 700, "dropped": dropped, "accepted": 680, "also_real_training": 0},
    }
    total = LabelCounts.model_validate(counts | changes)
    of_label = dict.fromkeys(labels, total)
    return GeneratedSet(task=task, source=source, models=("a/llm",), stale_answers=0, labels=of_label, total=total)
