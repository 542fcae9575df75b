"""Stage `subjectivity`: how far annotators agree, how the classifiers' accuracy and gap go with it.

Reads: `data/annotations/<task>.parquet`, `models/<task>/<encoder>/<mix>/seed-<k>/predictions.parquet`,
`metrics/evaluate/<task>.json` of every task, and the pairwise judgements of tasks in `data/recordings/annotations/`
(`pairs.csv` by an LLM, `pairs.people.csv` by people; each may be absent).
Writes: `metrics/subjectivity.json`.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import numpy as np
import pandas as pd

from pyrite import params
from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.measures import agreement, agreement_curves, intervals, pairwise
from pyrite.measures.agreement_curves import AgreementCurve
from pyrite.measures.intervals import Correlation, Estimate, Floats
from pyrite.measures.pairwise import Ranking
from pyrite.measures.statistics import holm
from pyrite.params import Params
from pyrite.results.evaluation import TaskResult
from pyrite.results.subjectivity import (
    WHO,
    AgainstGap,
    Annotated,
    BeyondReal,
    Kind,
    LlmAgainstPeople,
    Subjectivity,
    TaskPoint,
    TaskSubjectivity,
    Who,
)

SEED = 0

REAL = "real"

FEWEST_TASKS = 4


# By classifier and mix.
Right = Mapping[str, Mapping[str, pd.Series]]


def run() -> None:
    """Write the subjectivity of the study's tasks and instances, and what goes with it."""
    p = params.load()
    rng = np.random.default_rng(SEED)
    tasks = {task: of_task(task, p, rng) for task in p.tasks}
    pairs = {who: ranking for who in WHO if (ranking := of_pairs(who, p, rng))}
    rhos = tuple(against_gaps(tasks, pairs, gaps(p.tasks, tuple(p.sources)), rng))
    Subjectivity(tasks=tasks, pairs=pairs, against_gap=rhos, beyond_real=beyond_real(tasks)).save()


def of_task(task: str, p: Params, rng: np.random.Generator) -> TaskSubjectivity:
    """Agreement of a task's annotators, accuracy against it, and how far LLM and people agree on it.

    Raises:
        PyriteError: annotations or fits are missing.
    """
    path = paths.annotation_table(task)
    if not path.exists():
        raise PyriteError(f"{path}: no such file: run `pyrite annotate {task}`")
    table = files.read_parquet(path)
    if table.empty:
        return TaskSubjectivity(annotated={})
    resamples = p.evaluate.resamples
    right = {
        encoder: {
            mix: right_predictions(task, encoder, mix, p.train.seeds_of(encoder))
            for mix in (REAL, *p.sources)
            if mix in spec.mixes
        }
        for encoder, spec in p.train.classifiers.items()
    }
    annotated: dict[Who, Annotated] = {}
    units: dict[Who, pd.Series] = {}
    for who, rows in table.groupby("source"):
        of_who, agreed = of_annotators(rows, resamples, rng)
        lines = accuracy(agreed, right, resamples, rng)
        units[cast(Who, who)], annotated[cast(Who, who)] = agreed, of_who.model_copy(update={"accuracy": lines})
    if len(units) < len(WHO):
        return TaskSubjectivity(annotated=annotated)
    # A text that was judged twice has its mean agreement here.
    shared = pd.concat([units[who].groupby("item").mean() for who in WHO], axis=1, join="inner")
    llm, human = shared.to_numpy(float).T
    return TaskSubjectivity(annotated=annotated, llm_against_people=against_people(llm, human, resamples, rng))


def against_people(llm: Floats, human: Floats, resamples: int, rng: np.random.Generator) -> LlmAgainstPeople:
    """How far an LLM's agreement says on which items people agree: both on the same items, (n,)."""
    if not len(llm):
        return LlmAgainstPeople(rho=Correlation.missing("no item was annotated by both"))
    mean_llm, mean_human = (intervals.of_mean(values, resamples, rng) for values in (llm, human))
    return LlmAgainstPeople(rho=intervals.spearman(llm, human, rng), items=len(llm), llm=mean_llm, human=mean_human)


def of_annotators(rows: pd.DataFrame, resamples: int, rng: np.random.Generator) -> tuple[Annotated, pd.Series]:
    """Agreement of annotators of one kind, and of each item with two annotations or more (indexed by item)."""
    if rows["agreement"].notna().all():
        # The source of the data gives a lower bound for each item and no single labels.
        agreed = rows.set_index("item")["agreement"]
        note = "the source gives only a lower bound of the agreement"
        mean = intervals.of_mean(agreed.to_numpy(), resamples, rng).model_copy(update={"note": note})
        return Annotated(items=len(agreed), accuracy={}, mean_agreement=mean, alpha=Estimate.missing(note)), agreed
    rows = rows[rows["label"].notna()]
    counts = rows.groupby(["item", "copy", "label"]).size().unstack(fill_value=0)
    votes = counts.to_numpy(float)
    paired = votes.sum(1) >= 2
    agreed_on = agreement.summary(votes, resamples, rng)
    if 0 < paired.sum() < agreement_curves.LEAST_ITEMS:
        # An interval from so few would look sure of what it can't know.
        few = agreement_curves.too_few(int(paired.sum()))
        agreed_on = agreement.Agreement(mean_agreement=few, alpha=few)
    about = Annotated(
        items=len(counts),
        accuracy={},
        items_with_one_annotation=int((~paired).sum()),
        annotators=int(rows["annotator"].nunique()),
        annotations=len(rows),
        mean_agreement=agreed_on.mean_agreement,
        alpha=agreed_on.alpha,
    )
    items = counts.index.get_level_values("item")[paired]
    return about, pd.Series(agreement.of_units(votes[paired]), index=items, name="agreement")


def right_predictions(task: str, encoder: str, mix: str, seeds: tuple[int, ...]) -> pd.Series:
    """The share of a mix's fits that get each test row right, indexed by id."""
    shares = []
    for seed in seeds:
        path = paths.fit(task, encoder, mix, seed) / "predictions.parquet"
        if not path.exists():
            raise PyriteError(f"{path}: no such file: train this fit first (`dvc repro`)")
        predictions = files.read_parquet(path).set_index("id")
        shares.append((predictions["predicted"] == predictions["label"]).astype(float))
    mean: pd.Series = pd.concat(shares, axis=1).mean(axis=1)
    return mean


def accuracy(
    agreed: pd.Series, right: Right, resamples: int, rng: np.random.Generator
) -> dict[str, dict[str, AgreementCurve]]:
    """Accuracy against agreement over the annotated items that were classified.

    A study that tests on a sample (`train.test_rows`) has classified some of them only.
    """
    some = next((shares for by_mix in right.values() for shares in by_mix.values()), None)
    if some is None:
        return {}
    # Every fit of a task was tested on the same rows.
    agreed = agreed[agreed.index.isin(some.index)]
    if agreed.empty:
        return {}

    def of_mix(mix: str, mixes: Mapping[str, pd.Series]) -> AgreementCurve:
        own = mixes[mix].loc[agreed.index].to_numpy(float)
        real = mixes[REAL].loc[agreed.index].to_numpy(float) if mix != REAL and REAL in mixes else None
        return agreement_curves.against_agreement(agreed.to_numpy(float), own, real, resamples, rng)

    return {encoder: {mix: of_mix(mix, mixes) for mix in mixes} for encoder, mixes in right.items()}


def beyond_real(tasks: Mapping[str, TaskSubjectivity]) -> tuple[BeyondReal, ...]:
    """What the slopes of accuracy over agreement have beyond those of real rows, pooled over tasks for each look."""
    beyond = []
    for who in WHO:
        slopes: dict[tuple[str, str], list[Estimate]] = {}
        for task in tasks.values():
            for classifier, lines in task.annotated[who].accuracy.items() if who in task.annotated else ():
                for source, line in lines.items():
                    if line.steeper_than_real:
                        slopes.setdefault((classifier, source), []).append(line.steeper_than_real)
        pooled = {look: intervals.pooled(of_tasks) for look, of_tasks in slopes.items()}
        looks = {look: slope for look, slope in pooled.items() if slope.p is not None}
        adjusted = holm([slope.p or 0 for slope in looks.values()])
        beyond += [
            BeyondReal(who=who, classifier=classifier, source=source, slope=slope, holm=p)
            for ((classifier, source), slope), p in zip(looks.items(), adjusted, strict=True)
        ]
    return tuple(beyond)


def of_pairs(who: Who, p: Params, rng: np.random.Generator) -> Ranking | None:
    """All tasks that pairwise judgements name, by their subjectivity: of LLMs, the judgements of the study's."""
    path = paths.pairs(who)
    judged = pairwise.read(path, p.llms[p.annotate.llm].model if who == "llm" else None) if path.exists() else None
    return None if judged is None or judged.empty else pairwise.rank(judged, p.evaluate.resamples, rng)


def gaps(tasks: Sequence[str], sources: Sequence[str]) -> dict[tuple[str, str], dict[str, float]]:
    """The gap to real rows of each task, by classifier and source of generated texts."""
    evaluated = {task: TaskResult.load(task).classifiers for task in tasks}
    classifiers = dict.fromkeys(name for results in evaluated.values() for name in results)
    by_task: dict[tuple[str, str], dict[str, float]] = {}
    for name, source in itertools.product(classifiers, sources):
        for task, results in evaluated.items():
            if name in results and (gap := results[name].gap(source, REAL)):
                by_task.setdefault((name, source), {})[task] = gap.macro_f1.value
    return by_task


def against_gaps(
    tasks: Mapping[str, TaskSubjectivity],
    pairs: Mapping[Who, Ranking],
    gaps: Mapping[tuple[str, str], Mapping[str, float]],
    rng: np.random.Generator,
) -> Iterator[AgainstGap]:
    """Spearman's rho over tasks between each measure of subjectivity and each gap."""
    for kind, who, values in _subjectivities(tasks, pairs):
        for (classifier, source), gap_of in gaps.items():
            points = tuple(
                TaskPoint(task=task, subjectivity=values[task], gap=gap)
                for task, gap in gap_of.items()
                if task in values
            )
            if len(points) < FEWEST_TASKS:
                rho = Correlation.missing(f"{len(points)} tasks; {FEWEST_TASKS} are needed")
            else:
                subjective, lost = np.array([(point.subjectivity, point.gap) for point in points]).T
                rho = intervals.spearman(subjective, lost, rng)
            yield AgainstGap(kind=kind, who=who, classifier=classifier, source=source, rho=rho, points=points)


def _subjectivities(
    tasks: Mapping[str, TaskSubjectivity], pairs: Mapping[Who, Ranking]
) -> Iterator[tuple[Kind, Who, dict[str, float]]]:
    for who in WHO:
        ranks = pairs[who].tasks if who in pairs else {}
        scores = {task: rank.subjectivity.value for task, rank in ranks.items()}
        annotated = {task: result.annotated[who] for task, result in tasks.items() if who in result.annotated}
        agreed = {task: of_task.mean_agreement.value for task, of_task in annotated.items()}
        yield "pairs", who, {task: value for task, value in scores.items() if value is not None}
        yield "disagreement", who, {task: 1 - value for task, value in agreed.items() if value is not None}
