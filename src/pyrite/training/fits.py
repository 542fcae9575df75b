"""The fits of a classifier on a task: which there are, and what decides the result of each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pyrite.base import store
from pyrite.base.errors import PyriteError
from pyrite.data import folds, mixes, texts
from pyrite.data.folds import Folds
from pyrite.training.classifier import Classifier


@dataclass(frozen=True)
class Fit:
    """One classifier to train, and the digest of all that decides its result.

    Attributes:
        fold: the fold that it is tested on; None: on all test rows.
        rows: what it learns from (`id`, `label`).
        test: the ids of its test rows.
        effort: how long it takes, beside other fits.
    """

    mix: str
    seed: int
    fold: int | None
    rows: pd.DataFrame
    test: list[str]
    effort: int
    fingerprint: str
    keep_checkpoint: bool

    @property
    def name(self) -> str:
        return f"{self.mix} seed {self.seed}" + ("" if self.fold is None else f" fold {self.fold}")

    @property
    def stored(self) -> bool:
        kinds = ("fits", "checkpoints") if self.keep_checkpoint else ("fits",)
        return all(store.find(kind, self.fingerprint) for kind in kinds)


@dataclass(frozen=True)
class Data:
    """The texts of a task: every row that a mix may draw, and the test rows in the order of the predictions."""

    prepared: pd.DataFrame
    synthetic: dict[str, pd.DataFrame]
    test_rows: int | None = None
    folds: Folds = "none"

    @property
    def tables(self) -> list[pd.DataFrame]:
        return [self.prepared, *self.synthetic.values()]

    @cached_property
    def test(self) -> pd.DataFrame:
        # An id is a digest: the lowest ones are a sample at random.
        return self.prepared[folds.tested(self.prepared, self.folds)].sort_values("id").iloc[: self.test_rows]

    @cached_property
    def labels(self) -> list[str]:
        return sorted(self.prepared["label"].unique())

    def parts(self, seed: int) -> list[tuple[int | None, pd.DataFrame, pd.DataFrame]]:
        """Each fold of a seed (None: there are no folds), the real rows to train on and the test rows."""
        test, k = self.test, folds.count(self.prepared, self.folds)
        if not k:
            return [(None, self.prepared[self.prepared["split"].isin(texts.TRAINING)], test)]
        tested = self.prepared[folds.tested(self.prepared, self.folds)]
        fold_of = pd.Series(folds.draw(tested, k, seed), tested["id"])
        mine = fold_of[test["id"]].to_numpy()
        return [
            (fold, self.prepared[~self.prepared["id"].isin(fold_of.index[fold_of == fold])], test[mine == fold])
            for fold in range(k)
        ]


def trained(spec: Classifier, synthetic: dict[str, pd.DataFrame]) -> list[str]:
    """The mixes of a classifier and, where its fits are short, the halves of those with generated rows: they tell how
    much another run of the LLM would move a score."""
    halves = {
        half
        for mix in spec.mixes
        if not (spec.long or mixes.is_curve(mix)) and mixes.has_halves(mix, synthetic)
        for half in mixes.parse(mix).halves
    }
    return [*spec.mixes, *sorted(halves.difference(spec.mixes))]


def plan(
    name: str, data: Data, spec: Classifier, seeds: tuple[int, ...], precision: str, checkpoints: str, processes: int
) -> list[Fit]:
    """The fits of a classifier on a task: mix by mix, seed by seed, fold by fold.

    Args:
        processes: how many train one fit together; it decides the result, as it decides the dropout.

    Raises:
        PyriteError: a mix can't be drawn, or has rows of one label or of an unknown one.
    """
    # Everything but the rows and the seed, which the fits do not share. The test rows belong to it because a fit's
    # result is its predictions.
    shared: dict[str, Any] = {
        "classifier": spec.model_dump(exclude={"mixes", "seeds"}),
        "code": store.code(sys.modules[type(spec).__module__], *spec.modules()),
        **spec.conditions(precision),
        "labels": data.labels,
    }
    if processes > 1:
        shared["processes"] = processes
    whole_test = data.test["id"].tolist()
    parts = {seed: data.parts(seed) for seed in seeds}
    fewest = min(len(training) for of_seed in parts.values() for _, training, _ in of_seed)
    fits = []
    for mix in trained(spec, data.synthetic):
        wanted = mixes.parse(mix).parts[0].rows
        if mixes.is_curve(mix) and isinstance(wanted, int) and wanted > fewest:
            # One list of sizes serves tasks of all sizes: the learning curve of a small one ends earlier.
            continue
        for seed in seeds:
            for fold, training, test in parts[seed]:
                ids = test["id"].tolist()
                if not mixes.parse(mix).is_folded:
                    # Other rows than those of the pool and of generated sets are never in it: one fit for all folds.
                    fold, ids = None, whole_test
                rows = mixes.rows(mix, training, data.synthetic, seed)
                place = f"{name} {mix} seed {seed}"
                found = set(rows["label"])
                if unknown := sorted(found - set(data.labels)):
                    raise PyriteError(
                        f"{place}: label '{unknown[0]}' is not one of the task's real rows, which have "
                        f"{', '.join(data.labels)}; make the generated set anew (`pyrite generate`)"
                    )
                if len(found) < 2:
                    raise PyriteError(f"{place}: all of its rows have one label; take more rows")
                identity = {**shared, "test": ids, "rows": rows[["id", "label"]].to_numpy().tolist()}
                if spec.seeded:
                    identity["seed"] = seed
                first = seed == seeds[0] and not fold
                keep = spec.long and (checkpoints == "all" or (checkpoints == "first_seed" and first))
                key, effort = store.key(identity), spec.effort(rows)
                fits.append(Fit(mix, seed, fold, rows[["id", "label"]], ids, effort, key, keep))
                if fold is None:
                    break
    return fits
