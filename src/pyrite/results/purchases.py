"""Options: what can be bought towards a classifier, how much of it there was, what that scored and what it cost.

An option is hand labels (`real`), the texts of a source, or both; its points are the nested subsets of its curve. The
LLM itself, called for every text, is one more. Scores are in [0, 1], costs in US dollars.
"""

from collections.abc import Iterator

from pyrite.base.schema import Result
from pyrite.data import mixes
from pyrite.measures.intervals import Score
from pyrite.results.evaluation import ClassifierResult
from pyrite.results.study import TaskMetrics, total

LLM = "llm"
REAL = "real"


class Purchase(Result):
    """So much of an option.

    Attributes:
        option: `real`, a source, both joined by +, or `llm`.
        mix: the mix that was trained; `llm` where none was.
        labels, texts: hand labels, and rows of sources.
        cost_usd: None where a price is not known.
    """

    option: str
    mix: str
    labels: int
    texts: int
    score: Score
    cost_usd: float | None = None

    @property
    def rows(self) -> int:
        return self.labels + self.texts


def of_task(task: TaskMetrics) -> list[Purchase]:
    """Every purchase of a task, by the classifier that the study compares by: option by option, the least first."""
    result = task.evaluated.classifiers[task.comparison.classifier]
    bought = [purchase for points in curves(result).values() for purchase in _priced(points, task)]
    called = _called(task)
    return [*bought, called] if called else bought


def curves(result: ClassifierResult) -> dict[str, list[Purchase]]:
    """The points of every option's curve that was trained, without costs; sizes that all mean the same rows once."""
    points: dict[str, dict[int, Purchase]] = {}
    for option, point in _points(result):
        points.setdefault(option, {}).setdefault(point.rows, point)
    return {option: [by_rows[rows] for rows in sorted(by_rows)] for option, by_rows in points.items()}


def _points(result: ClassifierResult) -> Iterator[tuple[str, Purchase]]:
    for mix, of_mix in result.mixes.items():
        first, parts = mixes.parse(mix).terms[0], mixes.parse(mix).parts
        sources = [part.source for part in parts]
        # Halves and equal sizes are cut for other questions, and the pool is a part of the real rows.
        if "pool" in sources or any(isinstance(part.rows, str) and part.rows != "all" for part in parts):
            continue
        if sources[0] == REAL and first not in result.mixes:
            continue
        labels = result.mixes[first].rows if sources[0] == REAL else 0
        option = "+".join(sources)
        yield option, Purchase(option=option, mix=mix, labels=labels, texts=of_mix.rows - labels, score=of_mix.macro_f1)


def _priced(points: list[Purchase], task: TaskMetrics) -> list[Purchase]:
    """The points with what they cost: of a source alone, its share of what all of its texts cost."""
    sources, label_price = mixes.parse(points[0].option).sources, task.comparison.label_price
    if any(source not in task.generated for source in sources):
        return points
    made = total(map(task.price, sources))
    most = max(point.texts for point in points)

    def cost(point: Purchase) -> float | None:
        if made is None or (point.labels and label_price is None):
            return None
        return point.labels * (label_price or 0.0) + made * (point.texts / most if most and not point.labels else 1.0)

    return [point.model_copy(update={"cost_usd": cost(point)}) for point in points]


def _called(task: TaskMetrics) -> Purchase | None:
    """The LLM as the classifier: the score of a mix, the baseline if it is there, moved by the gap between the two on
    the rows that the LLM labelled."""
    evaluated, comparison = task.evaluated, task.comparison
    beside = evaluated.llm.classifiers.get(comparison.classifier, {}) if evaluated.llm else {}
    mix = comparison.baseline if comparison.baseline in beside else next(iter(beside), None)
    if mix is None:
        return None
    gap, base = beside[mix].gap.macro_f1, evaluated.classifiers[comparison.classifier].mixes[mix].macro_f1.value
    value, low, high = (min(1.0, max(0.0, base + moved)) for moved in (gap.value, gap.low, gap.high))
    month = None
    if comparison.llm_price is not None and comparison.texts_per_month is not None:
        month = comparison.llm_price * comparison.texts_per_month / 1000
    score = Score(value=value, low=low, high=high)
    return Purchase(option=LLM, mix=LLM, labels=0, texts=0, score=score, cost_usd=month)
