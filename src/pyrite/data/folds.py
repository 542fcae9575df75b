"""Folds: where a task has few rows and no official test side, every real row outside the pool is a test row once.

The rows outside the pool fall into k parts, the folds, with the same share of each label. A fit trains on all but one
and is tested on that one. Each seed draws other folds. Of one split, three quarters of a small task's evidence would be
lost.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator

from pyrite.data import splits, texts


def _choice(value: str | int) -> str | int:
    if value not in ("auto", "none") and (isinstance(value, str) or value < 2):
        raise ValueError(f"{value!r}: write auto, none, or how many folds, from 2 on")
    return value


# What `train.folds` says: by the size of the task, never, or so many.
Folds = Annotated[str | int, AfterValidator(_choice)]

AUTO = 4
# From so many rows on, one split tests enough of them.
MANY_ROWS = 4000


def count(prepared: pd.DataFrame, folds: Folds) -> int:
    """How many folds a task has; 0: its test rows are those of its split. An official test side always stays."""
    if folds == "none" or (folds == "auto" and len(prepared) >= MANY_ROWS) or has_official_sides(prepared):
        return 0
    return folds if isinstance(folds, int) else AUTO


def has_official_sides(prepared: pd.DataFrame) -> bool:
    """Whether a table's splits are its source's own: else the digests of the texts decide them, which `id` tells."""
    drawn = prepared[prepared["split"] != texts.CHOSEN]
    return bool((splits.split(drawn.assign(side=None)) != drawn["split"]).any())


def tested(prepared: pd.DataFrame, folds: Folds) -> pd.Series:
    """Which rows are test rows, of some fit at least."""
    if count(prepared, folds):
        return ~texts.in_pool(prepared) & (prepared["split"] != texts.CHOSEN)
    return prepared["split"] == "test"


def held_out(prepared: pd.DataFrame, folds: Folds) -> pd.DataFrame:
    """The rows that no generated text may repeat: validation and test rows, with folds all rows outside the pool but
    chosen ones."""
    seen = prepared["split"].isin(texts.TRAINING) | texts.in_pool(prepared)
    return prepared[tested(prepared, folds) | ~seen]


def hopeless(table: pd.DataFrame, labels: Sequence[str], folds: Folds) -> dict[str, str]:
    """The labels that no fit could learn and be tested on, with what they lack: rows to `train` or to `test` on.

    With folds any two rows of a label are enough, for no two of them fall into the same fold.
    """
    tests, k = tested(table, folds), count(table, folds)
    lacks = {}
    for label in labels:
        of_label = table["label"] == label
        to_test, to_train = int((of_label & tests).sum()), int((of_label & table["split"].isin(texts.TRAINING)).sum())
        if k:
            to_train = int(of_label.sum()) - 1
        if not (to_test and to_train > 0):
            lacks[label] = "train" if to_train <= 0 else "test"
    return lacks


def draw(rows: pd.DataFrame, k: int, seed: int) -> np.ndarray:
    """The fold of each test row, from 0 to k − 1: for each label, the rows are dealt out by the hash of seed and id."""
    order = rows["id"].map(lambda i: hashlib.sha256(f"fold:{seed}:{i}".encode()).hexdigest())
    places = pd.DataFrame({"label": rows["label"], "order": order}).reset_index(drop=True)
    drawn = np.empty(len(rows), dtype=np.int64)
    # One deal for all labels: where one ends, the next goes on, so that the folds are of a size, too.
    drawn[places.sort_values(["label", "order"]).index] = np.arange(len(rows)) % k
    return drawn
