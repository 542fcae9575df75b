"""The text table: one schema for texts everywhere, real or generated, as Parquet.

Columns: `id`, `text`, `label`, `split` (train, validation, test, chosen); rows of a source also have `source`,
`conversation`, `turn`, `position`; real rows have `pool` where seeds stand for it. The id is a digest of the normalised
text, so that equal texts are one row and the split of a row never depends on the other rows.
"""

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pyrite.base import files
from pyrite.base.errors import PyriteError

COLUMNS = ["id", "text", "label", "split"]
ORIGIN = ["source", "conversation", "turn", "position"]
SPLITS = ["train", "validation", "test"]
# The split of texts that `next` chose: they are trained on and never tested on, being no fair sample of all texts.
CHOSEN = "chosen"
# The splits that may be trained on.
TRAINING = ("train", CHOSEN)

POOL_SHARE = 0.10

# Halves of an emoji: where somebody cut one, no file can hold what is left.
_HALVES = re.compile(r"[\ud800-\udfff]")
# Spaces without width, marks of direction and the like, which show nothing.
_UNSEEN = (
    "\u00ad\u034f\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\u2800\u3164\ufe0e\ufe0f\ufeff\uffa0"
)
_NOTHING_SEEN = re.compile(rf"[\s\u200c\u200d{_UNSEEN}]*")
_UNSEEN_SIGN = re.compile(f"[{_UNSEEN}]")
# The scripts that don't part words with spaces: Thai, Lao, Tibetan, Burmese, Khmer, Kana, Han.
_UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED_SIGN = re.compile(f"[{_UNSPACED}]")
UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")


def encodable(text: str) -> str:
    """The text with the sign for what can't be read in place of each half of an emoji; two that belong together are one
    emoji."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _HALVES.search(text) else text


def normalise(text: str) -> str:
    """HTML entities unescaped once, Unicode NFC, every run of white space one space, stripped; empty if nothing shows.

    Half an emoji becomes the sign for what can't be read.
    """
    text = " ".join(unicodedata.normalize("NFC", html.unescape(encodable(text))).split())
    return "" if _NOTHING_SEEN.fullmatch(text) else text


def normalise_label(label: str) -> str:
    """The same of a label, of which signs that show nothing are left out: labels that look alike are one."""
    # Signs that join two others show nothing at an end.
    return normalise(_UNSEEN_SIGN.sub("", label)).strip("\u200c\u200d ")


def plain_label(label: str) -> str:
    """The label without what does not make another one: case, spaces, and the signs of a list, a key or of emphasis."""
    label = normalise_label(label)
    # A label may be of such signs only.
    return re.sub(r"[\s_.*`\"'-]+", "", label).casefold() or label


def digest(text: str) -> str:
    """SHA-256 hex of the UTF-8 of a normalised text; its first 16 digits are the row's id."""
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()


def fraction(digest: str, k: int) -> float:
    """Fraction k of a digest, in [0, 1): eight hex digits from 8k on, over 2^32."""
    return int(digest[8 * k : 8 * k + 8], 16) / 2**32


def in_pool(frame: pd.DataFrame) -> pd.Series:
    """Which rows are in the pool: those that the column `pool` says, or without one the training rows whose fraction 1
    is below 0.10; and the lowest one of a label that would have none; of a label without training rows, which folds
    only allow, the lowest of all."""
    # An id holds digits 0 to 15 of the digest: fractions 0 and 1.
    place = frame["id"].map(lambda i: fraction(i, 1)).astype(float)
    training = frame["split"] == "train"
    pool = frame["pool"].copy() if "pool" in frame else training & (place < POOL_SHARE)
    lacking = ~frame["label"].isin(frame.loc[pool, "label"])
    lacking &= training | ~frame["label"].isin(frame.loc[training, "label"])
    pool.loc[place[lacking].groupby(frame["label"][lacking]).idxmin()] = True
    return pool


def length(text: str) -> int:
    """Words, and signs of scripts that don't part words with spaces."""
    signs = len(_UNSPACED_SIGN.findall(text))
    return signs + len((_UNSPACED_SIGN.sub(" ", text) if signs else text).split())


def unspaced(texts: Iterable[str]) -> bool:
    """Whether most of the texts' length is in scripts that don't part words with spaces."""
    signs = lengths = 0
    for text in texts:
        signs, lengths = signs + len(_UNSPACED_SIGN.findall(text)), lengths + length(text)
    return 2 * signs > lengths


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
