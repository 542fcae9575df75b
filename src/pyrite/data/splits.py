"""From raw rows to the text table: texts once each, and the split of every row.

A split depends on nothing but the row's own text (or its official side), so that more data never moves a row.
"""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from pyrite.data import cards, texts

TRAIN_SHARE = 0.70
TRAIN_AND_VALIDATION_SHARE = 0.75
# Of the training rows, where there are official sides but no validation rows.
VALIDATION_SHARE = 0.05

# A text, its label and the official side that it is on.
RawRow = tuple[str, str, cards.Side | None]


def clean(rows: Sequence[tuple[str, str, str | None]]) -> tuple[pd.DataFrame, Counter[str]]:
    """Normalised texts with their ids (columns id, text, label, side; sorted by id), each once.

    A row that `next` chose has the side `chosen`, and stands behind the others.

    Dropped and counted: rows with no text; every row of a text that has two labels; repeated rows. A text on several
    official sides stays on the later one, so that no test text is trained on.
    """
    # The texts stand apart until it is known which stay: every step on a table copies what is in it.
    normalised = [texts.normalise(text) for text, _, _ in rows]
    ids = [texts.digest(text)[:16] if text else "" for text in normalised]
    raw = pd.DataFrame(
        ((i, label, side) for i, (_, label, side) in zip(ids, rows, strict=True)), columns=["id", "label", "side"]
    )
    table = raw[raw["id"] != ""]
    conflicting = table.groupby("id")["label"].transform("nunique") > 1
    distinct = table[~conflicting]
    rank = distinct["side"].map({side: place for place, side in enumerate(texts.SPLITS)})
    # Without official sides every rank is missing, and no row is on an earlier one.
    earlier = rank < rank.groupby(distinct["id"]).transform("max")
    kept = distinct[~earlier].drop_duplicates("id").sort_values("id")
    kept.insert(1, "text", pd.Series([normalised[row] for row in kept.index], kept.index))
    dropped = Counter(
        no_text=len(raw) - len(table),
        conflicting_label=int(conflicting.sum()),
        on_later_side=int(earlier.sum()),
        duplicate=int((~earlier).sum()) - len(kept),
    )
    return kept.reset_index(drop=True), dropped


def split(table: pd.DataFrame) -> pd.Series:
    """The split of each row of a cleaned table: its official side, or by fraction 0 of its digest.

    Where official sides have no validation rows, training rows with a fraction below 0.05 become some. Chosen rows
    stay what they are, and change nothing for the others.
    """
    if (chosen := table["side"] == texts.CHOSEN).any():
        return split(table[~chosen]).reindex(table.index, fill_value=texts.CHOSEN)
    fraction = table["id"].map(lambda i: texts.fraction(i, 0))
    side = table["side"]
    if side.isna().all():
        side = side.mask(fraction < 1, "test")
        return side.mask(fraction < TRAIN_AND_VALIDATION_SHARE, "validation").mask(fraction < TRAIN_SHARE, "train")
    if (side == "validation").any():
        return side
    return side.mask((side == "train") & (fraction < VALIDATION_SHARE), "validation")
