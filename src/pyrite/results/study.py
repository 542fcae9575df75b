"""A study: its settings, and what the metrics say of each of its tasks. One place decides which tasks have scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from pyrite import params
from pyrite.data import mixes
from pyrite.measures.statistics import holm
from pyrite.params import Compare, Params
from pyrite.results import preparation, verdict
from pyrite.results.evaluation import Gap, TaskResult, Worth
from pyrite.results.generation import GeneratedSet
from pyrite.results.preparation import Preparation
from pyrite.results.verdict import Case


@dataclass(frozen=True)
class TaskMetrics:
    """The metrics of a task of a study: those of `prepare`, of `generate` by source, and of `evaluate`."""

    study: Params
    prepared: Preparation
    generated: Mapping[str, GeneratedSet]
    evaluated: TaskResult

    @property
    def task(self) -> str:
        return self.evaluated.task

    @property
    def scored(self) -> bool:
        """Whether there are scores: without real texts there are none."""
        return bool(self.evaluated.classifiers)

    @property
    def comparison(self) -> Compare:
        return self.study.compare

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the generated rows of the candidate come from."""
        return mixes.parse(self.comparison.candidate).sources

    @property
    def useless(self) -> tuple[str, ...]:
        """The classifiers that can't work with such texts."""
        return preparation.resting_on_minilm(self.study.train.classifiers) if self.prepared.blind else ()

    def gap(self, classifier: str, mix: str | None = None) -> Gap | None:
        """The gap of a mix, or the candidate, to the baseline, in macro-F1."""
        result = self.evaluated.classifiers.get(classifier)
        paired = result.gap(mix or self.comparison.candidate, self.comparison.baseline) if result else None
        return paired.macro_f1 if paired else None

    def case(self, classifier: str = "", mix: str = "") -> Case:
        """What the verdict on a mix, or the candidate, rests on, by a classifier, or that of the study.

        Raises:
            PyriteError: there is no gap between the mix and the baseline.
        """
        comparison = self.comparison
        by, candidate = classifier or comparison.classifier, mix or comparison.candidate
        return verdict.case(self.evaluated, by, candidate, comparison.baseline, comparison.margin)

    def same_texts(self, mix: str) -> bool:
        """Whether people have labelled all texts of a mix, so that it adds nothing to their labels."""
        sources = mixes.parse(mix).sources
        return bool(sources) and all(self.generated[source].labelled_twice for source in sources)

    def stops(self, classifier: str) -> Worth | None:
        """From how many real labels on adding the candidate helps no more; None without a curve."""
        curve = self.evaluated.mix_curve(classifier, self.comparison.candidate)
        return curve[1].stops if curve else None

    def cost(self, mix: str) -> float | None:
        """US dollars that the generated rows of a mix cost; None where that is not known, or where it has none."""
        costs = [self.generated[source].total.cost_usd for source in mixes.parse(mix).sources]
        return total(costs) if costs else None

    def price(self, source: str) -> float | None:
        """What a source cost, reckoned from its tokens where nobody charged for it."""
        made, model = self.generated[source], self.priced_as(source)
        if made.total.cost_usd is not None:
            return made.total.cost_usd
        return None if not model or made.tokens is None else self.study.generate.prices[model].of(*made.tokens)

    def priced_as(self, source: str) -> str:
        """The model whose price a source has; of a recorded one the first that has one, where its own LLM has none."""
        made, prices = self.generated[source], self.study.generate.prices
        models = (*made.models, *(prices if made.recorded else ()))
        return next((model for model in models if model in prices), "")


def total(costs: Iterable[float | None]) -> float | None:
    """The sum of costs; None where one of them is not known."""
    known = list(costs)
    return None if None in known else sum(cost or 0.0 for cost in known)


@dataclass(frozen=True)
class Study:
    """The settings, the tasks with scores, and those without real texts, of which nothing was trained."""

    params: Params
    scored: tuple[TaskMetrics, ...]
    unscored: tuple[TaskMetrics, ...]

    @classmethod
    def load(cls) -> Self:
        """The study of this folder.

        Raises:
            PyriteError: metrics are missing, or were written by another version.
        """
        settings = params.load()
        tasks = [TaskMetrics(settings, *metrics_of(task, settings)) for task in settings.tasks]
        return cls(
            settings,
            scored=tuple(task for task in tasks if task.scored),
            unscored=tuple(task for task in tasks if not task.scored),
        )

    @cached_property
    def cases(self) -> list[Case]:
        """What the verdict on each task with scores rests on.

        Raises:
            PyriteError: a task lacks the gap that `compare` asks for.
        """
        return [task.case() for task in self.scored]

    @cached_property
    def adjusted(self) -> dict[tuple[str, str, str], float]:
        """By task, classifier and mix: the p-value of its gap to the baseline, adjusted by Holm: those of candidates
        over tasks and candidates, those of every other mix over the tasks."""
        families: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
        for task in self.scored:
            for classifier, result in task.evaluated.classifiers.items():
                for mix in result.main:
                    if gap := task.gap(classifier, mix):
                        family = "" if mix in task.comparison.candidates else mix
                        families.setdefault((classifier, family), {})[task.task, mix] = gap.p
        return {
            (task, classifier, mix): p
            for (classifier, _), family in families.items()
            for (task, mix), p in zip(family, holm(list(family.values())), strict=True)
        }

    @property
    def overall(self) -> Case | None:
        """The case of all tasks together; None without scores."""
        return verdict.over_tasks(self.cases) if self.cases else None


def metrics_of(task: str, study: Params) -> tuple[Preparation, dict[str, GeneratedSet], TaskResult]:
    """The metrics of a task: those of `prepare`, of `generate` by source, and of `evaluate`.

    Raises:
        PyriteError: metrics are missing, or were written by another version.
    """
    generated = {source: GeneratedSet.load(task, source) for source in study.sources}
    return Preparation.load(task), generated, TaskResult.load(task)
