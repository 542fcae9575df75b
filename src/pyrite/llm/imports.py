"""Imports: what of an imported set may be trained on. Somebody else answers for it, so little is dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from pyrite.data import folds, texts
from pyrite.data.cards import Card
from pyrite.measures import near_duplicates, neighbours
from pyrite.params import Params
from pyrite.training import embedding_check, encoder

# What a checked row has.
CHECKED = ["id", "text", "label", "position", "reason"]


@dataclass(frozen=True)
class Checked:
    """An imported set, row by row.

    Attributes:
        rows: id, text, label, position in the file and the `reason` why a row is left out, or nothing.
        unknown_labels: labels that the card lacks, with the rows that have them; those are not among `rows`.
        noticed: what is counted and kept.
    """

    rows: pd.DataFrame
    unknown_labels: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> pd.DataFrame:
        """The rows that nothing speaks against."""
        return self.rows[self.rows["reason"] == ""]


def check(card: Card, given: pd.DataFrame, prepared: pd.DataFrame, study: Params) -> Checked:
    """Which rows (text, label) may be trained on.

    Empty texts, exact copies and what repeats a row that is held out are left out. Near copies of each other, unusual
    lengths and copies of real training texts are only counted: dropping them would change somebody
    else's set.
    """
    frame = given.reset_index(drop=True).rename_axis("position").reset_index()
    frame["text"], frame["label"] = frame["text"].map(texts.normalise), frame["label"].map(texts.normalise_label)
    known = frame["label"].isin(list(card.labels))
    unknown = Counter(frame.loc[~known, "label"])
    frame = frame[known].reset_index(drop=True)
    frame["id"] = frame["text"].map(lambda text: texts.digest(text)[:16])
    frame["reason"] = ""
    held_out = folds.held_out(prepared, study.train.folds)
    threshold, cosine = study.generate.near_duplicate, study.generate.contamination_cosine

    def left() -> pd.DataFrame:
        return frame[frame["reason"] == ""]

    def drop(reason: str, holds: pd.Series) -> None:
        frame.loc[holds.index[holds.astype(bool)], "reason"] = reason

    drop("empty", left()["text"] == "")
    drop("exact duplicate", left()["id"].duplicated())
    drop("contamination: exact", left()["id"].isin(held_out["id"]))
    rows, others = left(), held_out["text"].tolist()
    if len(rows) and others:
        drop(
            "contamination: near", pd.Series(near_duplicates.near(rows["text"].tolist(), others, threshold), rows.index)
        )
        rows = left()
        alike = embedding_check.look(prepared["text"].tolist(), card.language, cosine)
        if len(rows) and alike <= embedding_check.MOST_ALIKE:
            closest = neighbours.largest_cosines(encoder.embed(rows["text"].tolist()), encoder.embed(others), 1)[:, 0]
            drop("contamination: embedding", pd.Series(closest >= cosine, rows.index))
    rows = left()
    least, most = card.length_words
    noticed = {
        "nearly the same as another": sum(near_duplicates.repeats(rows["text"].tolist(), threshold)),
        f"shorter or longer than the card's {least} to {most} words": (
            int((~rows["text"].map(texts.length).between(least, most)).sum())
        ),
        "real training texts, word for word": int(rows["id"].isin(prepared["id"]).sum()),
    }
    return Checked(frame, dict(unknown.most_common()), {what: int(n) for what, n in noticed.items() if n})
