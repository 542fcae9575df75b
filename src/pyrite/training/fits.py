"""The fits of a classifier on a task: which there are, and what decides the result of each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pyrite.base import store
from pyrite.base.errors import PyriteError
from pyrite.data import mixes
from pyrite.training.classifier import Classifier


@dataclass(frozen=True)
class Fit:
    """One classifier to train: what it learns from (`id`, `label`), and the digest of all that decides its result."""

    mix: str
    seed: int
    rows: pd.DataFrame
    effort: int
    fingerprint: str
    keep_checkpoint: bool

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

    @property
    def tables(self) -> list[pd.DataFrame]:
        return [self.prepared, *self.synthetic.values()]

    @property
    def test(self) -> pd.DataFrame:
        # An id is a digest: the lowest ones are a sample at random.
        return self.prepared[self.prepared["split"] == "test"].sort_values("id").iloc[: self.test_rows]

    @property
    def labels(self) -> list[str]:
        return sorted(self.prepared["label"].unique())


def plan(
    name: str, data: Data, spec: Classifier, seeds: tuple[int, ...], precision: str, checkpoints: str, processes: int
) -> list[Fit]:
    """The fits of a classifier on a task, mix by mix and seed by seed.

    Args:
        processes: how many train one fit together; it decides the result, as it decides the dropout.

    Raises:
        PyriteError: a mix can't be drawn, or has rows of one label or of an unknown one.
    """
    # Everything but the rows and the seed, which the fits do not share. The test rows belong to it because a fit's
    # result is its predictions.
    shared: dict[str, Any] = {
        "classifier": spec.model_dump(exclude={"mixes"}),
        "code": store.code(sys.modules[type(spec).__module__], *spec.modules()),
        **spec.conditions(precision),
        "labels": data.labels,
        "test": data.test["id"].tolist(),
    }
    if processes > 1:
        shared["processes"] = processes
    real_rows = int((data.prepared["split"] == "train").sum())
    fits = []
    for mix in spec.mixes:
        if mixes.is_curve(mix) and (mixes.parse(mix).parts[0].rows or 0) > real_rows:
            # One list of sizes serves tasks of all sizes: the learning curve of a small one ends earlier.
            continue
        for seed in seeds:
            rows = mixes.rows(mix, data.prepared, data.synthetic, seed)
            found = set(rows["label"])
            if unknown := sorted(found - set(data.labels)):
                raise PyriteError(
                    f"{name} {mix} seed {seed}: label '{unknown[0]}' is not one of the task's real rows, which have "
                    f"{', '.join(data.labels)}; make the generated set anew (`pyrite generate`)"
                )
            if len(found) < 2:
                raise PyriteError(f"{name} {mix} seed {seed}: all of its rows have one label; take more rows")
            identity = {**shared, "rows": rows[["id", "label"]].to_numpy().tolist()}
            if spec.seeded:
                identity["seed"] = seed
            keep = spec.long and (checkpoints == "all" or (checkpoints == "first_seed" and seed == seeds[0]))
            fits.append(Fit(mix, seed, rows[["id", "label"]], spec.effort(rows), store.key(identity), keep))
    return fits
