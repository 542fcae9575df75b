"""The fits of a classifier on a task: which there are, and what decides the result of each."""

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

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


class Part(NamedTuple):
    """What a fold (None: there are no folds) trains on, real rows and those of each source, and what it tests on."""

    fold: int | None
    training: pd.DataFrame
    test: pd.DataFrame
    sources: dict[str, pd.DataFrame]

    def count(self, source: str) -> int:
        """How many rows there are of a source, or of `real`."""
        return len(self.training if source == "real" else self.sources.get(source, ()))


@dataclass(frozen=True)
class Data:
    """The texts of a task: every row that a mix may draw, and the test rows in the order of the predictions."""

    prepared: pd.DataFrame
    sources: dict[str, pd.DataFrame]
    test_rows: int | None = None
    folds: Folds = "none"

    @property
    def tables(self) -> list[pd.DataFrame]:
        return [self.prepared, *self.sources.values()]

    @cached_property
    def test(self) -> pd.DataFrame:
        # An id is a digest: the lowest ones are a sample at random.
        return self.prepared[folds.tested(self.prepared, self.folds)].sort_values("id").iloc[: self.test_rows]

    @cached_property
    def labels(self) -> list[str]:
        return sorted(self.prepared["label"].unique())

    @cached_property
    def folded(self) -> set[str]:
        """The sources with test rows among their texts, as an LLM labelled them: where a task has folds, those of a
        fold are left out of what is tested on it."""
        return {name for name, rows in self.sources.items() if rows["id"].isin(self.test["id"]).any()} | {"real"}

    def parts(self, seed: int) -> list[Part]:
        """Each fold of a seed, or the one split."""
        test, k = self.test, folds.count(self.prepared, self.folds)
        if not k:
            return [Part(None, self.prepared[self.prepared["split"].isin(texts.TRAINING)], test, self.sources)]
        tested = self.prepared[folds.tested(self.prepared, self.folds)]
        fold_of = pd.Series(folds.draw(tested, k, seed), tested["id"])
        tested_in = fold_of[test["id"]].to_numpy()
        parts = []
        for fold in range(k):
            out = fold_of.index[fold_of == fold]
            real, *sources = (rows[~rows["id"].isin(out)] for rows in self.tables)
            parts.append(Part(fold, real, test[tested_in == fold], dict(zip(self.sources, sources, strict=True))))
        return parts


def trained(spec: Classifier, sources: dict[str, pd.DataFrame]) -> list[str]:
    """The mixes of a classifier and, where its fits are short, the halves of those with generated rows: they tell how
    much another run of the LLM would move a score."""
    halves = {
        half
        for mix in spec.mixes
        if not (spec.long or mixes.parse(mix).is_point) and mixes.has_halves(mix, sources)
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
    fits = []
    for mix in trained(spec, data.sources):
        parsed = mixes.parse(mix)
        if any(source in data.sources and data.sources[source].empty for source in parsed.sources):
            # A study of several tasks may have an imported set for some of them.
            continue
        source, wanted = parsed.parts[0].source, parsed.parts[0].rows
        fewest = min(part.count(source) for of_seed in parts.values() for part in of_seed)
        if parsed.is_point and isinstance(wanted, int) and wanted > fewest:
            # One list of sizes serves tasks of all sizes: the curve of a small one ends earlier.
            continue
        for seed in seeds:
            for fold, training, test, sources in parts[seed]:
                ids = test["id"].tolist()
                if not any(part.source in data.folded for part in parsed.parts):
                    # It has no row that is tested on: one fit for all folds.
                    fold, ids = None, whole_test
                rows = mixes.rows(mix, training, sources, seed)
                place = f"{name} {mix} seed {seed}"
                row_labels = set(rows["label"])
                if unknown := sorted(row_labels - set(data.labels)):
                    raise PyriteError(
                        f"{place}: label '{unknown[0]}' is not one of the task's real rows, which have "
                        f"{', '.join(data.labels)}; make the generated set anew (`pyrite generate`)"
                    )
                if len(row_labels) < 2:
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
