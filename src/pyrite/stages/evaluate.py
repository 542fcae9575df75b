"""evaluate: score all fits of a task, with intervals, gaps between mixes and worth in real labels.

Reads every fit's `predictions.parquet` and `history.json` under `models/<task>/`, as `params.yaml` lists them, and what
an LLM said of the test rows, `data/annotations/<task>.parquet`. Writes `metrics/evaluate/<task>.json`: scores there are
in [0, 1], and of the texts there are only ids.
"""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.data import mixes
from pyrite.measures import learning_curves, llm_baseline, prediction_flips, statistics
from pyrite.measures.intervals import Interval, Score
from pyrite.measures.llm_baseline import LlmResult
from pyrite.measures.prediction_flips import Flips
from pyrite.measures.scores import Floats, count, guessing
from pyrite.measures.statistics import Samples
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
from pyrite.training.predictions import Predictions, read

# Scores and variances that differ by no more are the same but for rounding.
LEVEL = 1e-9

# With folds all errors are so many times wider: fits share training rows (docs/definitions.md).
FOLDS_WIDER = 1.1

# Of a label with fewer test rows no interval of a score holds what it promises, and no fit must ever say it.
FEWEST_ROWS = 10


def run(task: str) -> None:
    """Evaluate every classifier, mix and seed of a task."""
    settings = params.load()
    folders = [paths.models(task, name) for name in settings.train.classifiers]
    if all(folder.is_dir() and not any(folder.iterdir()) for folder in folders):
        # Without real texts nothing was trained.
        TaskResult(task=task, test_rows=0, labels=(), llm=None, classifiers={}).save(task)
        return
    imported = {name for name, source in settings.sources.items() if source.kind == "imported"}
    classifiers, fits = {}, {}
    with console.progress() as view:
        step = view.add_task(f"{task}: evaluating classifiers", total=len(settings.train.classifiers))
        for name, classifier in settings.train.classifiers.items():
            # `train` leaves out points of a curve beyond a task's rows, and imported sets that it does not have.
            trained = [
                mix
                for mix in classifier.mixes
                if paths.mix(task, name, mix).exists()
                or not (mixes.parse(mix).is_point or imported.intersection(mixes.parse(mix).sources))
            ]
            fits[name] = read(task, name, trained, settings.train.seeds_of(name))
            classifiers[name] = evaluate(fits[name], settings.evaluate.resamples)
            view.advance(step)
    # Every classifier's fits were made by the same stage from the same table, so the first one stands for all.
    first = next(iter(fits.values()))
    called = llm(files.read_parquet(paths.annotation_table(task)), fits, settings.evaluate.resamples)
    rows, labels = len(first.gold), tuple(first.labels)
    TaskResult(task=task, test_rows=rows, labels=labels, llm=called, classifiers=classifiers).save(task)
    scored = sum(len(predictions.mixes) * len(predictions.seeds) for predictions in fits.values())
    console.log.print(f"{task}: {scored:,} fits of {len(fits)} classifiers scored on {rows:,} test rows")


def llm(annotations: pd.DataFrame, fits: dict[str, Predictions], resamples: int) -> LlmResult | None:
    """The LLM as the classifier beside the main mixes, on the test rows that it labelled; None where it did not."""
    first = next(iter(fits.values()))
    if (answers := llm_baseline.answers(annotations, first.ids, first.labels)) is None:
        return None
    rows, codes = answers
    predicted = {
        classifier: {predictions.mixes[i]: predictions.predicted[i][:, rows] for i in predictions.main}
        for classifier, predictions in fits.items()
    }
    return llm_baseline.against(first.gold[rows], codes, predicted, len(first.labels), resamples)


def evaluate(predictions: Predictions, resamples: int) -> ClassifierResult:
    """Scores, gaps, mix curves and worth of one classifier's mixes."""
    # A fixed seed: the same predictions always give the same metrics.
    rng = np.random.default_rng(0)
    gold, predicted, labels = predictions.gold, predictions.predicted, predictions.labels
    counts = count(gold, predicted, len(labels))
    drawn = statistics.bootstrap(gold, predicted, len(labels), resamples, rng)
    wider = 1.0 if predictions.fold is None else FOLDS_WIDER
    halves = predictions.between_halves()
    macro_f1 = Samples(counts.macro_f1().T, drawn.macro_f1.swapaxes(1, 2), wider, halves[..., 0])
    accuracy = Samples(counts.accuracy().T, drawn.accuracy.swapaxes(1, 2), wider, halves[..., 1])
    per_class = [
        Samples(counts.f1()[..., k].T, drawn.f1[..., k].swapaxes(1, 2), wider, halves[..., 2 + k])
        for k in range(len(labels))
    ]
    support = counts.support
    enough = support >= FEWEST_ROWS
    worse = macro_f1.interval(0.90)[0] <= guessing(support)
    points = _points(predictions)
    worths = _worths(predictions, macro_f1, points.get("", []), rng)

    def label(i: int, k: int) -> ClassScore:
        return ClassScore(
            # Without test rows of the label, nothing is known of how it is classified.
            f1=_score(per_class[k], i, bool(enough[k])) if support[k] else None,
            precision=counts.precision()[i, :, k].mean(),
            recall=counts.recall()[i, :, k].mean(),
            support=support[k],
        )

    return ClassifierResult(
        mixes={
            mix: MixResult(
                rows=predictions.rows[i],
                seeds=predictions.seeds,
                macro_f1=_score(macro_f1, i, bool(enough[support > 0].all()), per_seed=True),
                accuracy=_score(accuracy, i, per_seed=True),
                per_class={name: label(i, k) for k, name in enumerate(labels)},
                calibration_error=predictions.calibration[i].mean(),
                distinct=_distinct(predictions, i),
                collapsed=_collapsed(predictions, i),
                never=tuple(
                    name for k, name in enumerate(labels) if enough[k] and not (predicted[i] == k).any(-1).all()
                ),
                guesses=bool(worse[i]),
                **worths.get(i, {}),
            )
            for i, mix in enumerate(predictions.mixes)
        },
        gaps=_gaps(predictions, (macro_f1, accuracy), per_class, resamples, rng),
        mix_curves=_mix_curves(predictions, macro_f1, points, rng),
        confusion={
            predictions.mixes[i]: prediction_flips.confusion(gold, predicted[i], len(labels)).tolist()
            for i in predictions.main
        },
        flips=_flips(predictions),
    )


def _flips(predictions: Predictions) -> dict[str, dict[str, Flips]]:
    """The test rows that flip between a main mix with generated rows and one without, by candidate and baseline."""
    names, predicted = predictions.mixes, predictions.predicted
    real = [i for i in predictions.main if mixes.parse(names[i]).is_real]
    between = partial(prediction_flips.between, predictions.ids, predictions.labels, predictions.gold)
    return {
        names[i]: {names[j]: between(predicted[i], predicted[j]) for j in real}
        for i in predictions.main
        if i not in real
    }


def _points(predictions: Predictions) -> dict[str, list[tuple[int, int]]]:
    """(real rows, index of the mix) of every point of a curve, the fewest rows first, by what is added to the rows."""
    index = {mix: i for i, mix in enumerate(predictions.mixes)}
    points: dict[str, list[tuple[int, int]]] = {}
    for mix, i in index.items():
        real, added = mixes.parse(mix).curve or (None, "")
        # Without its own `real@n`, how many real rows a mix holds, and what they give alone, is not known.
        if real in index:
            points.setdefault(added, []).append((predictions.rows[index[real]], i))
    return {added: sorted(of_curve) for added, of_curve in points.items()}


def _score(scores: Samples, i: int, known: bool = True, per_seed: bool = False) -> Score:
    """A score, and its interval where one is `known` to hold."""
    low, high = (float(np.clip(end[i], 0, 1)) if known else None for end in scores.interval(0.95))
    note = None if known else f"no interval: a label has fewer than {FEWEST_ROWS} test rows"
    of_seeds = tuple(scores.observed[:, i].tolist()) if per_seed else ()
    return Score(value=scores.mean[i], low=low, high=high, note=note, per_seed=of_seeds)


def _distinct(predictions: Predictions, i: int) -> int:
    """How many fits of a mix differ: in what they say, or in the folds that they learned from, if all are right."""
    predicted = predictions.predicted[i]
    if predictions.fold is not None and any(part.source == "real" for part in mixes.parse(predictions.mixes[i]).parts):
        predicted = np.hstack([predictions.fold, predicted])
    return len(np.unique(predicted, axis=0))


def _collapsed(predictions: Predictions, i: int) -> tuple[int, ...]:
    """The seeds whose fit, or a fold's fit, says the same label of all its test rows, which have several."""
    gold, predicted = predictions.gold, predictions.predicted[i]

    def says_one(seed: int) -> bool:
        fold = np.zeros(len(gold)) if predictions.fold is None else predictions.fold[seed]
        return any(
            len(rows) >= FEWEST_ROWS and np.ptp(gold[rows]) > 0 and np.ptp(predicted[seed, rows]) == 0
            for rows in (np.flatnonzero(fold == number) for number in np.unique(fold))
        )

    return tuple(seed for number, seed in enumerate(predictions.seeds) if says_one(number))


def _gaps(
    predictions: Predictions,
    scores: tuple[Samples, Samples],
    per_class: list[Samples],
    resamples: int,
    rng: np.random.Generator,
) -> dict[str, dict[str, PairedGap]]:
    """Every mix that is no point of a curve, against each other such mix and the points of the learning curve."""
    main = predictions.main
    real = [i for i, mix in enumerate(predictions.mixes) if i not in main and mixes.parse(mix).is_real]
    pairs = [(i, j) for i in main for j in main + real if i < j or j in real]
    gaps: dict[str, dict[str, PairedGap]] = {predictions.mixes[i]: {} for i in main}
    if not pairs:
        return gaps
    gold, labels = predictions.gold, len(predictions.labels)
    swapped = statistics.swap(gold, predictions.predicted, labels, pairs, resamples, rng)
    support = np.bincount(gold, minlength=labels)
    # Were the rows on which two mixes may differ all of the rarest label, macro-F1 would feel it most.
    rows = (float(labels * support[support > 0].min()), float(len(gold)))
    by_score = [_gaps_of(samples, pairs, null, n, rng) for samples, null, n in zip(scores, swapped, rows, strict=True)]
    for (i, j), macro_f1, accuracy in zip(pairs, *by_score, strict=True):
        gap = PairedGap(macro_f1=macro_f1, accuracy=accuracy)
        for a, b, its in ((i, j, gap), (j, i, gap.turned())):
            if a in main:
                at_most = _at_most(predictions, per_class, a, b)
                gaps[predictions.mixes[a]][predictions.mixes[b]] = its.model_copy(update={"at_most": at_most})
    return gaps


def _at_most(predictions: Predictions, per_class: list[Samples], i: int, j: int) -> dict[str, float]:
    """The 95 % upper bound of the gap of each label's F1, of a candidate with generated rows to a baseline without."""
    if mixes.parse(predictions.mixes[i]).is_real or not mixes.parse(predictions.mixes[j]).is_real:
        return {}
    ends = [samples.minus([i], [j]).interval(0.90)[1][0] for samples in per_class]
    return {name: float(end) for name, end in zip(predictions.labels, ends, strict=True)}


def _gaps_of(
    scores: Samples, pairs: list[tuple[int, int]], null: Floats, rows: float, rng: np.random.Generator
) -> list[Gap]:
    gap = scores.minus(*zip(*pairs, strict=True))
    # That two mixes never differed does not say that they never will.
    same = (gap.error == 0) & (gap.mean == 0)
    (low, high), (low90, high90) = (
        (np.where(same, -least, low), np.where(same, least, high))
        for level in (0.95, 0.90)
        for least, (low, high) in [(statistics.floor(rows, level), gap.interval(level))]
    )
    item_error, seed_error = np.sqrt(gap.item_variance), np.sqrt(gap.seed_variance)
    moved = [None if np.isnan(error) else error for error in np.sqrt(gap.generation_variance)]
    columns: dict[str, Any] = {"value": gap.mean, "low": low, "high": high, "low90": low90, "high90": high90}
    columns |= {"p": gap.p_values(null, rng), "detectable": gap.detectable()}
    columns |= {"item_error": item_error, "seed_error": seed_error, "generation_error": moved}
    return [Gap(**{name: column[k] for name, column in columns.items()}) for k in range(len(pairs))]


def _worths(
    predictions: Predictions, macro_f1: Samples, curve: list[tuple[int, int]], rng: np.random.Generator
) -> dict[int, dict[str, Any]]:
    """`worth`, or why there is none, of every main mix with more than real rows; where the curve has two points."""
    rows, means = _at_rows(curve, macro_f1.mean)
    if len(rows) < 2:
        return {}
    draws = macro_f1.draws(rng)
    _, drawn = _at_rows(curve, draws)
    weights = _weights(curve, macro_f1.error)
    fitted = learning_curves.isotonic(means, weights)
    candidates = [i for i in predictions.main if predictions.mixes[i] != "real"]
    if fitted[-1] - fitted[0] < LEVEL:
        return {i: {"no_worth": "scores do not rise with more real labels"} for i in candidates}
    worths: dict[int, dict[str, Any]] = {}
    for i in candidates:
        labels = learning_curves.worth(rows, means, weights, macro_f1.mean[i])
        worths[i] = {"worth": _worth(rows, labels, learning_curves.worth(rows, drawn, weights, draws[:, i]))}
    return worths


def _mix_curves(
    predictions: Predictions, macro_f1: Samples, points: dict[str, list[tuple[int, int]]], rng: np.random.Generator
) -> dict[str, MixCurve]:
    """What generated rows add to n real ones, for each kind of rows that is added.

    It stops where the non-increasing fit of the gain over log n, inverted, is 0.
    """
    real = {predictions.mixes[i]: i for _, i in points.get("", [])}
    curves = {}
    for added, curve in points.items():
        if not added:
            continue
        pairs = [(i, real[mixes.parse(predictions.mixes[i]).terms[0]]) for _, i in curve]
        gain = macro_f1.minus(*zip(*pairs, strict=True))
        low, high = gain.interval(0.95)
        along = tuple(
            MixCurvePoint(
                rows=n,
                alone=predictions.mixes[j],
                both=predictions.mixes[i],
                gain=Interval(value=gain.mean[k], low=low[k], high=high[k]),
            )
            for k, ((n, i), (_, j)) in enumerate(zip(curve, pairs, strict=True))
        )
        at = [(n, k) for k, (n, _) in enumerate(curve)]
        rows, means = _at_rows(at, gain.mean)
        stops = None
        if len(rows) >= 2:
            weights = _weights(at, gain.error)
            _, drawn = _at_rows(at, gain.draws(rng))
            ends = (
                learning_curves.worth(rows, -gains, weights, np.zeros(gains.shape[:-1])) for gains in (means, drawn)
            )
            stops = _worth(rows, *ends)
        curves[added] = MixCurve(points=along, stops=stops)
    return curves


def _at_rows(curve: list[tuple[int, int]], scores: Floats) -> tuple[list[int], Floats]:
    """The rows of a curve's points, and the scores (..., K) there (..., points).

    A small data set can have two points of equal rows (`real@500`, `real@all`): they count as one.
    """
    rows = sorted({n for n, _ in curve})
    means = [scores[..., [i for m, i in curve if m == n]].mean(-1) for n in rows]
    return rows, np.stack(means, axis=-1) if means else np.empty((*scores.shape[:-1], 0))


def _weights(curve: list[tuple[int, int]], error: Floats) -> Floats:
    weights: Floats = 1 / np.maximum(_at_rows(curve, error**2)[1], LEVEL)
    return weights


def _worth(rows: list[int], labels: Floats, drawn: Floats) -> Worth:
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    ends = {"labels": labels, "low": low, "high": high}
    return Worth(
        **{key: None if np.isinf(end) else round(float(end)) for key, end in ends.items()}, least=rows[0], most=rows[-1]
    )
