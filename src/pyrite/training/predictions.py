"""What the fits of a classifier say of the test rows, read back as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import mixes
from pyrite.measures.scores import calibration_error, count

PROBABILITY = "probability:"


@dataclass(frozen=True)
class Predictions:
    """What the fits of one classifier say of the n test rows: M mixes x S seeds, labels as codes.

    `gold` and `ids` (n,), `predicted` (M, S, n), `calibration` (M, S), `rows` (M,): training rows, the mean over seeds.
    `fold` (S, n): the fold that each test row is in, where the task has folds; a seed is then a repeat of them.
    `halves`: by the number of a mix, what the fits on both halves of its generated rows say (2, S, n), where there are.
    """

    mixes: tuple[str, ...]
    seeds: tuple[int, ...]
    labels: list[str]
    gold: np.ndarray
    predicted: np.ndarray
    calibration: np.ndarray
    rows: list[int]
    ids: np.ndarray
    fold: np.ndarray | None = None
    halves: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def main(self) -> list[int]:
        """The mixes that are no points of a curve."""
        return [i for i, mix in enumerate(self.mixes) if not mixes.parse(mix).is_point]

    def between_halves(self) -> np.ndarray:
        """By how much macro-F1, accuracy and each label's F1 differ between the halves of a mix, (S, M, 2 + L).

        0 where it has no generated rows, NaN where no halves of it were trained.
        """
        differ = np.zeros((len(self.seeds), len(self.mixes), 2 + len(self.labels)))
        for i, mix in enumerate(self.mixes):
            if i in self.halves:
                of_half = count(self.gold, self.halves[i], len(self.labels))
                even, odd = np.dstack([of_half.macro_f1(), of_half.accuracy(), of_half.f1()])
                differ[:, i] = even - odd
            elif mixes.parse(mix).sources:
                differ[:, i] = np.nan
        return differ


def read(task: str, classifier: str, names: Sequence[str], seeds: Sequence[int]) -> Predictions:
    """The predictions of one classifier's fits.

    Raises:
        PyriteError: a fit is missing or broken, or two fits have different test rows.
    """
    paths_of = [[paths.fit(task, classifier, mix, seed) for seed in seeds] for mix in names]
    tables = [[_table(fit) for fit in fits] for fits in paths_of]
    first, where = tables[0][0], paths_of[0][0]
    labels = [name.removeprefix(PROBABILITY) for name in map(str, first) if name.startswith(PROBABILITY)]
    columns = ["id", "label", *(PROBABILITY + label for label in labels)]
    fold = None
    gold = _codes(first["label"], labels, where)
    predicted = np.empty((len(names), len(seeds), len(first)), dtype=np.int64)
    calibration = np.empty(predicted.shape[:2])
    for i, j in np.ndindex(calibration.shape):
        table, fit = tables[i][j], paths_of[i][j]
        if not (set(columns) <= set(table) and table[["id", "label"]].equals(first[["id", "label"]])):
            raise PyriteError(f"{fit}: its test rows or labels are not those of {where}: run `dvc repro` to train anew")
        predicted[i, j] = _codes(table["predicted"], labels, fit)
        calibration[i, j] = calibration_error(gold, table[columns[2:]].to_numpy(dtype=float))
        if "fold" in table:
            fold = np.zeros((len(seeds), len(first)), dtype=np.int64) if fold is None else fold
            fold[j] = table["fold"]
    rows = [round(np.mean([files.read_json(fit / "history.json")["rows"] for fit in fits])) for fits in paths_of]
    halves = {
        i: read(task, classifier, parts, seeds).predicted
        for i, mix in enumerate(names)
        if not mixes.parse(mix).is_point and (parts := _halves(task, classifier, mix))
    }
    ids = first["id"].to_numpy()
    return Predictions(tuple(names), tuple(seeds), labels, gold, predicted, calibration, rows, ids, fold, halves)


def _halves(task: str, classifier: str, mix: str) -> tuple[str, ...]:
    """The halves of a mix, where they were trained."""
    halves = mixes.parse(mix).halves
    return halves if all(paths.mix(task, classifier, half).is_dir() for half in halves) else ()


def _table(fit: Path) -> pd.DataFrame:
    path = fit / "predictions.parquet"
    try:
        return pd.read_parquet(path).sort_values("id", ignore_index=True)
    except FileNotFoundError:
        raise PyriteError(f"{path}: no such file: train this fit first (`dvc repro`)") from None
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise PyriteError(f"{path}: not readable predictions ({reason}): delete {fit} and run `dvc repro`") from None


def _codes(names: pd.Series, labels: list[str], fit: Path) -> np.ndarray:
    codes = pd.Index(labels).get_indexer(pd.Index(names))
    if (codes < 0).any():
        odd = names.iloc[int(np.argmin(codes))]
        raise PyriteError(f"{fit}: label '{odd}' has no probability column: delete the folder and run `dvc repro`")
    return codes
