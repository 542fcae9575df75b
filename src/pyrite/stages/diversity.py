"""Stage `diversity`: how varied the generated texts are, how close to the real ones, and how true to their labels.

Reads: `data/prepared/<task>.parquet`, `data/synthetic/<task>/<setting>.parquet`.
Writes: `metrics/diversity/<task>.json`, and `data/maps/<task>.parquet`: some texts of each set and their places.

The real training rows are cut at random into two halves. One is what every set is held against; the other stands as
the set `real`, so that each figure has its real-against-real reference. Every set gives the same number of texts.
Figures that lengths or labels would decide are taken on subsets with the same lengths and labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.data import texts
from pyrite.measures import coverage_gaps, embedding_diversity, intervals, lexical_diversity, near_duplicates
from pyrite.measures.intervals import Estimate
from pyrite.measures.neighbours import Vectors
from pyrite.training import encoder, linear

SEED = 0

# Inverse penalty of the classifiers, on frozen embeddings.
C = 10.0

FOLDS = 5

# With fewer texts of equal length and label than this, nothing is said about them.
LEAST_MATCHED = 30

# Texts of each set on the map.
MAP_TEXTS = 200

INTERVALS = {
    "remote_clique, chamfer, similarity_reverse, faithfulness": "95 %, bootstrap over the set's texts",
    "similarity, coverage": "95 %, bootstrap over the real texts, the set fixed",
    "c2st": "95 %, bootstrap over the held-out texts, the classifiers fixed",
    "self_bleu": "95 %, bootstrap over the texts that are scored, the references fixed",
    "vendi, distinct_1, distinct_2, compression_ratio": "95 %, jackknife that leaves out a twentieth of the texts",
}


@dataclass(frozen=True)
class Texts:
    """Texts with their embeddings, row for row."""

    frame: pd.DataFrame
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: NDArray[Any]) -> Texts:
        """Some rows: their positions, or a mask."""
        return Texts(self.frame[rows] if rows.dtype == bool else self.frame.iloc[rows], self.vectors[rows])


def run(task: str) -> None:
    """Measure the sets of a task and draw their map."""
    p = params.load()
    real = _load(texts.read(paths.prepared(task)))
    sets = {setting: _load(texts.read(paths.synthetic(task, setting))) for setting in p.generate.settings}
    if real.frame.empty:
        table, shares = on_map(sets)
        files.write(paths.text_map(task), lambda file: table.to_parquet(file, index=False))
        files.write_json(
            paths.metrics("diversity", task),
            {"task": task, **alone(sets, p.evaluate.resamples), "map_variance": shares},
        )
        return
    train = real.take((real.frame["split"] == "train").to_numpy())
    table, shares = on_map({"real": train, **sets})
    measured = measure(real, sets, p.evaluate.resamples, p.generate.near_duplicate)
    measured |= {"map_variance": shares}
    measured["left_out"] = {
        n: coverage_gaps.left_out(train.frame, train.vectors, found.vectors) for n, found in sets.items()
    }
    files.write(paths.text_map(task), lambda file: table.to_parquet(file, index=False))
    files.write_json(paths.metrics("diversity", task), {"task": task, **measured})
    console.log.print(f"{task}: {len(sets)} generated sets measured beside real texts, {measured['texts']:,} of each")


def _load(frame: pd.DataFrame) -> Texts:
    return Texts(frame, encoder.embed(frame["text"].tolist()))


def measure(real: Texts, sets: dict[str, Texts], resamples: int, near_duplicate: float) -> dict[str, Any]:
    """All figures of the real rows (with their splits) and of each generated set.

    Generated sets have lost their near duplicates (from that Jaccard similarity of words on), real rows have not.
    """
    rng = np.random.default_rng(SEED)
    train = real.take((real.frame["split"] == "train").to_numpy())
    base, other = (train.take(half) for half in np.array_split(rng.permutation(len(train)), 2))
    full = {name: found.take(rng.permutation(len(found))) for name, found in {"real": other, **sets}.items()}
    usable = {name: found for name, found in full.items() if len(found) >= 2}
    n = min(len(found) for found in [base, *usable.values()])
    equal = {name: found.take(np.arange(n)) for name, found in usable.items()}
    matched_base, *matched = match([base, *usable.values()], rng)
    figures: dict[str, dict[str, Any]] = {}
    with console.progress() as view:
        for name, found in view.track(full.items(), description="measuring texts"):
            if name not in usable:
                figures[name] = {"note": f"{len(found)} texts: too few to measure"}
                continue
            figures[name] = {
                **spread(equal[name], resamples, rng),
                **against(base.take(np.arange(n)), equal[name], resamples, rng),
                **on_matched(matched_base, matched[list(usable).index(name)], resamples, rng),
            }
    test = real.take((real.frame["split"] == "test").to_numpy())
    for name, figure in faithfulness(train, {**equal, "real": test}, resamples, rng).items():
        figures[name]["faithfulness"] = figure
    return {
        "texts": n,
        "matched_texts": len(matched_base),
        "near_duplicates": without_near_duplicates(full["real"], n, near_duplicate, resamples, rng),
        "intervals": INTERVALS,
        "sets": figures,
    }


def alone(sets: dict[str, Texts], resamples: int) -> dict[str, Any]:
    """The figures that need no real texts, of each generated set."""
    rng = np.random.default_rng(SEED)
    figures = {
        name: {**spread(found, resamples, rng), **variety(found, resamples, rng)}
        if len(found) >= LEAST_MATCHED
        else {"note": f"{len(found)} texts: too few to measure"}
        for name, found in sets.items()
    }
    return {"texts": max(len(found) for found in sets.values()), "intervals": INTERVALS, "sets": figures}


def without_near_duplicates(
    real: Texts, n: int, threshold: float, resamples: int, rng: np.random.Generator
) -> dict[str, Any]:
    """What near duplicates do to the real reference: their share of n texts, and Chamfer of n texts without any."""
    # Twice as many texts as are needed, so that what is left out can be made up for.
    some = real.take(np.arange(min(2 * n, len(real))))
    repeat = near_duplicates.repeats(some.frame["text"].tolist(), threshold)
    kept = some.take(~repeat)
    if len(kept) < n:
        chamfer = intervals.missing(f"only {len(kept)} real texts are no near duplicates; {n} are needed")
    else:
        chamfer = intervals.of_mean(embedding_diversity.nearest_distances(kept.vectors[:n]), resamples, rng)
    return {"share": float(repeat[:n].mean()), "chamfer": chamfer}


def on_map(sets: dict[str, Texts]) -> tuple[pd.DataFrame, list[float]]:
    """Some texts of each set with their place on a plane: those with the lowest ids, which is at random.

    Returns:
        The table (source, id, text, label, x, y), and the share of the variance that each of the two axes has.
    """
    n = min((len(found) for found in sets.values() if len(found)), default=0)
    # Each set has the same say in where the axes lie.
    equal = {name: found.take(np.argsort(found.frame["id"].to_numpy())[:n]) for name, found in sets.items()}
    places, shares = embedding_diversity.principal_plane(np.concatenate([found.vectors for found in equal.values()]))
    frame = pd.concat([found.frame.assign(source=name) for name, found in equal.items()], ignore_index=True)
    frame["x"], frame["y"] = places.T
    shown = frame.groupby("source", sort=False).head(MAP_TEXTS)
    return shown[["source", "id", "text", "label", "x", "y"]].reset_index(drop=True), shares


def spread(found: Texts, resamples: int, rng: np.random.Generator) -> dict[str, Estimate]:
    """How far the texts of a set lie from each other."""
    vectors = found.vectors
    return {
        "remote_clique": intervals.bootstrap(
            lambda times: embedding_diversity.remote_clique(vectors, times), len(vectors), resamples, rng
        ),
        "chamfer": intervals.of_mean(embedding_diversity.nearest_distances(vectors), resamples, rng),
        "vendi": intervals.jackknife(lambda rows: embedding_diversity.vendi(vectors[rows]), len(vectors), rng),
    }


def against(base: Texts, found: Texts, resamples: int, rng: np.random.Generator) -> dict[str, Estimate]:
    """How close a set and the real texts are: real to set (similarity, coverage) and set to real."""
    return {
        "similarity": intervals.of_mean(embedding_diversity.closeness(base.vectors, found.vectors), resamples, rng),
        "similarity_reverse": intervals.of_mean(
            embedding_diversity.closeness(found.vectors, base.vectors), resamples, rng
        ),
        "coverage": intervals.of_mean(embedding_diversity.covered(base.vectors, found.vectors), resamples, rng),
    }


def on_matched(base: Texts, found: Texts, resamples: int, rng: np.random.Generator) -> dict[str, Estimate]:
    """The figures that need equal lengths and labels: variety of words, and how well a classifier tells the sets apart
    (C2ST: its held-out accuracy, 0.5 where they are the same; Lopez-Paz and Oquab 2017)."""
    names = ("distinct_1", "distinct_2", "compression_ratio", "self_bleu", "c2st")
    if len(base) < LEAST_MATCHED:
        note = f"only {len(base)} texts of each set have the same lengths and labels; {LEAST_MATCHED} are needed"
        return dict.fromkeys(names, intervals.missing(note))
    figures = variety(found, resamples, rng)
    return {**figures, "c2st": intervals.of_mean(told_apart(base, found), resamples, rng)}


def variety(found: Texts, resamples: int, rng: np.random.Generator) -> dict[str, Estimate]:
    """How varied the words of a set are."""
    column = found.frame["text"].to_numpy()

    def left_out(statistic: Callable[[list[str]], float]) -> Estimate:
        return intervals.jackknife(lambda rows: statistic(column[rows].tolist()), len(column), rng)

    return {
        "distinct_1": left_out(lambda some: lexical_diversity.distinct(some, 1)),
        "distinct_2": left_out(lambda some: lexical_diversity.distinct(some, 2)),
        "compression_ratio": left_out(lexical_diversity.compression_ratio),
        "self_bleu": intervals.of_mean(lexical_diversity.self_bleu(column.tolist()), resamples, rng),
    }


def match(sets: list[Texts], rng: np.random.Generator) -> list[Texts]:
    """Random subsets with the same number of texts of each label and length (word counts within about a fifth)."""
    strata = []
    for found in sets:
        words = found.frame["text"].map(texts.word_count).to_numpy()
        lengths = np.round(4 * np.log2(np.maximum(words, 1))).astype(int)
        strata.append(pd.Series(list(zip(found.frame["label"], lengths, strict=True)), dtype=object))
    counts = pd.concat([stratum.value_counts() for stratum in strata], axis=1).dropna().min(axis=1).astype(int)
    subsets = []
    for found, stratum in zip(sets, strata, strict=True):
        shuffled = stratum.iloc[rng.permutation(len(stratum))]
        place = shuffled.groupby(shuffled, sort=False).cumcount()
        kept = shuffled.index[(place < shuffled.map(counts).fillna(0)).to_numpy()]
        subsets.append(found.take(np.sort(kept.to_numpy())))
    return subsets


def told_apart(first: Texts, second: Texts) -> NDArray[np.bool_]:
    """Whether each text's set is told right by a classifier trained on the other folds.

    Texts of one LLM answer stay in one fold: having seen its other texts would make a text too easy.
    """
    vectors = np.concatenate([first.vectors, second.vectors])
    targets = np.repeat([0, 1], [len(first), len(second)])
    groups = [group for found in (first, second) for group in _answers(found.frame)]
    hits = np.zeros(len(vectors), dtype=bool)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(vectors, targets, groups):
        guesses = _guess(vectors[train], targets[train].tolist(), vectors[test], 2)
        hits[test] = guesses == targets[test]
    return hits


def _guess(train: Vectors, targets: list[int], test: Vectors, n_labels: int) -> NDArray[np.intp]:
    """The labels that a classifier trained on some vectors gives to others."""
    # For so few numbers, threads that wait for each other on a busy machine cost far more than they save.
    with threadpool_limits(1):
        probabilities = linear.probe(list(train), targets, list(test), n_labels, C)
    guesses: NDArray[np.intp] = probabilities.argmax(1)
    return guesses


def _answers(frame: pd.DataFrame) -> list[str]:
    """The LLM answer that each text is from; a real text is one of its own."""
    if "turn" not in frame:
        return frame["id"].tolist()
    return [f"{row.label} {row.conversation} {row.turn}" for row in frame.itertuples()]


def faithfulness(train: Texts, sets: dict[str, Texts], resamples: int, rng: np.random.Generator) -> dict[str, Estimate]:
    """The share of each set's texts to which a classifier trained on the real training rows gives their own label.

    The mean over labels, so that a set's label shares don't matter. On real test rows it is the classifier's own
    accuracy: what a set of real texts would get.
    """
    labels = sorted(train.frame["label"].unique())
    codes = pd.Categorical(train.frame["label"], labels).codes.tolist()
    guesses = _guess(train.vectors, codes, np.concatenate([found.vectors for found in sets.values()]), len(labels))
    figures = {}
    for (name, found), guessed in zip(
        sets.items(), np.split(guesses, np.cumsum([len(found) for found in sets.values()])[:-1]), strict=True
    ):
        figures[name] = _share_of_own_label(found.frame["label"], np.array(labels)[guessed], resamples, rng)
        if missing := sorted(set(labels) - set(found.frame["label"])):
            figures[name] = figures[name].model_copy(update={"note": f"no texts of {', '.join(missing)}"})
    return figures


def _share_of_own_label(
    own: pd.Series, guessed: NDArray[np.str_], resamples: int, rng: np.random.Generator
) -> Estimate:
    of_label = pd.get_dummies(own).to_numpy(float)
    hits = of_label * (own.to_numpy() == guessed)[:, None]

    def mean_over_labels(times: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            mean: NDArray[np.float64] = ((times @ hits) / (times @ of_label)).mean(-1)
        return mean

    return intervals.bootstrap(mean_over_labels, len(own), resamples, rng)
