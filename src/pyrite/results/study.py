"""A study: its settings, and what the metrics say of each of its tasks. One place decides which tasks have scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pyrite import params
from pyrite.base import paths
from pyrite.data import mixes
from pyrite.measures.corrections import holm
from pyrite.params import Compare, Params
from pyrite.results import evaluation, generation, preparation, verdict
from pyrite.results.evaluation import TaskResult
from pyrite.results.generation import GeneratedSet
from pyrite.results.preparation import Preparation
from pyrite.results.verdict import Case


@dataclass(frozen=True)
class TaskMetrics:
    """What `evaluate`, `generate` and `prepare` found of a task; `generated` by source.

    Attributes:
        prepared: None where the stage left no counts.
        useless: the classifiers that can't work with such texts.
    """

    evaluated: TaskResult
    generated: dict[str, GeneratedSet]
    prepared: Preparation | None = None
    useless: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.evaluated.task

    def same_texts(self, mix: str) -> bool:
        """Whether people have labelled all texts of a mix, so that it adds nothing to their labels."""
        sources = mixes.parse(mix).sources
        return bool(sources) and all(self.generated[source].labelled_twice for source in sources)

    def cost(self, mix: str) -> float | None:
        """US dollars that the generated rows of a mix cost; None where that is not known, or where it has none."""
        costs = [self.generated[source].total.cost_usd for source in mixes.parse(mix).sources]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if known and len(known) == len(costs) else None


@dataclass(frozen=True)
class Study:
    """The settings, the tasks with scores, and those without real texts, of which nothing was trained."""

    params: Params
    scored: tuple[TaskMetrics, ...]
    unscored: tuple[TaskMetrics, ...]

    @cached_property
    def cases(self) -> list[Case]:
        """What the verdict on each task with scores rests on.

        Raises:
            PyriteError: a task lacks the gap that `compare` asks for.
        """
        asked = self.params.compare
        return [
            verdict.case(task.evaluated, asked.classifier, asked.candidate, asked.baseline, asked.margin)
            for task in self.scored
        ]

    @cached_property
    def adjusted(self) -> dict[tuple[str, str, str], float]:
        return adjusted([task.evaluated for task in self.scored], self.params.compare)

    @property
    def overall(self) -> Case | None:
        """The case of all tasks together; None without scores."""
        return verdict.over_tasks(self.cases) if self.cases else None


def load() -> Study:
    """The study of this folder.

    Raises:
        PyriteError: metrics are missing, or were written by another version.
    """
    settings = params.load()

    def of_task(task: str) -> TaskMetrics:
        generated = {source: generation.load(task, source) for source in settings.sources}
        prepared = preparation.load(task) if paths.metrics("prepare", task).exists() else None
        useless = preparation.resting_on_minilm(settings.train.classifiers) if prepared and prepared.blind else ()
        return TaskMetrics(evaluation.load(task), generated, prepared, useless)

    tasks = [of_task(task) for task in settings.tasks]
    return Study(
        settings,
        scored=tuple(task for task in tasks if task.evaluated.classifiers),
        unscored=tuple(task for task in tasks if not task.evaluated.classifiers),
    )


def adjusted(tasks: Sequence[TaskResult], asked: Compare) -> dict[tuple[str, str, str], float]:
    """By task, classifier and mix: the p-value of its gap to the baseline, adjusted by Holm: those of candidates over
    tasks and candidates, those of every other mix over the tasks."""
    families: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
    for task in tasks:
        for classifier, found in task.classifiers.items():
            for mix in found.main:
                if gap := found.gap(mix, asked.baseline):
                    family = "" if mix in asked.candidates else mix
                    families.setdefault((classifier, family), {})[task.task, mix] = gap.macro_f1.p
    return {
        (task, classifier, mix): p
        for (classifier, _), family in families.items()
        for (task, mix), p in zip(family, holm(list(family.values())), strict=True)
    }
