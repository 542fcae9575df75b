"""The text table: one schema for texts everywhere, real or generated, as Parquet.

Columns: `id`, `text`, `label`, `split` (train, validation, test); generated rows also have `setting`,
`conversation`, `turn`, `position`. The id is a digest of the normalised text, so that equal texts are one row
and the split of a row never depends on the other rows.
"""

from __future__ import annotations

import hashlib
import html
import unicodedata
from pathlib import Path

import pandas as pd

from pyrite.base import files
from pyrite.base.errors import PyriteError

COLUMNS = ["id", "text", "label", "split"]
ORIGIN = ["setting", "conversation", "turn", "position"]
SPLITS = ["train", "validation", "test"]

POOL_SHARE = 0.10


def normalise(text: str) -> str:
    """HTML entities unescaped once, Unicode NFC, every run of white space one space, stripped."""
    return " ".join(unicodedata.normalize("NFC", html.unescape(text)).split())


def digest(text: str) -> str:
    """SHA-256 hex of the UTF-8 of a normalised text; its first 16 digits are the row's id."""
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()


def fraction(digest: str, k: int) -> float:
    """Fraction k of a digest, in [0, 1): eight hex digits from 8k on, over 2^32."""
    return int(digest[8 * k : 8 * k + 8], 16) / 2**32


def in_pool(frame: pd.DataFrame) -> pd.Series:
    """Which rows are in the pool: the training rows whose fraction 1 is below 0.10."""
    # An id holds digits 0 to 15 of the digest: fractions 0 and 1.
    return (frame["split"] == "train") & (frame["id"].map(lambda i: fraction(i, 1)) < POOL_SHARE)


def word_count(text: str) -> int:
    return len(text.split())


def read(path: Path) -> pd.DataFrame:
    """Read a text table.

    Raises:
        PyriteError: the file is missing, is not Parquet, or lacks a column.
    """
    frame = files.read_parquet(path)
    if missing := [column for column in COLUMNS if column not in frame]:
        raise PyriteError(f"{path}: not a text table: no column {', '.join(missing)}")
    return frame


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table in one step; the same rows always give the same bytes."""
    files.write(path, lambda file: frame.to_parquet(file, index=False))
