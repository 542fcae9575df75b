"""Stage `prepare`: makes the text table of a task's real data, split into training, validation and test rows.

Reads: the card, `data/raw/<task>/`.
Writes: `data/prepared/<task>.parquet` (rows sorted by id) and `metrics/prepare/<task>.json`: every dropped row is
counted there under its reason.

The split of a row depends on nothing but its own text (or its official side), so that more data never moves a row.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from pyrite import cards, files, paths, readers, texts
from pyrite.errors import PyriteError

TRAIN_SHARE = 0.70
TRAIN_AND_VALIDATION_SHARE = 0.75
# Of the training rows, where there are official sides but no validation rows.
VALIDATION_SHARE = 0.05


def run(task: str) -> None:
    """Write the text table of `task`, and the counts of what was dropped on the way."""
    card = cards.load(task)
    raw, unread = read(card, paths.raw(task))
    table, dropped = clean(raw)
    table["split"] = split(table)
    check_splits(table, card)
    texts.write(table[texts.COLUMNS], paths.prepared(task))
    files.write_json(paths.metrics("prepare", task), summary(task, table, unread + dropped))


def read(card: cards.Card, folder: Path) -> tuple[pd.DataFrame, Counter[str]]:
    """The raw rows of a task (columns text, label, side), and how many were left out of them, by reason.

    Raises:
        PyriteError: the raw data are missing, can't be read, or a row's label is not one of the card's.
    """
    if not folder.is_dir():
        raise PyriteError(f"{folder}: no such folder: run `dvc repro` or `pyrite fetch {card.id}`")
    if isinstance(card.source, cards.Docstrings):
        return readers.docstrings(folder, card.source.modules)
    path = folder / Path(card.source.path).name
    raw = readers.csv_table(path, card.source.text, card.source.label)
    unknown = raw[~raw["label"].isin(list(card.labels))]
    if not unknown.empty:
        first = unknown.iloc[0]
        problem = f"unknown label '{first['label']}'" if first["label"].strip() else "no label"
        known = ", ".join(card.labels)
        raise PyriteError(f"{path}: row {first['row']}: {problem}; {paths.card(card.id)} has {known}")
    return raw, Counter()


def clean(raw: pd.DataFrame) -> tuple[pd.DataFrame, Counter[str]]:
    """Normalised texts with their ids (columns id, text, label, side; sorted by id), each once.

    Dropped and counted: rows with no text; every row of a text that has two labels; repeated rows. A text on several
    official sides stays on the later one, so that no test text is trained on.
    """
    table = pd.DataFrame({"text": raw["text"].map(texts.normalise), "label": raw["label"], "side": raw["side"]})
    table = table[table["text"] != ""]
    table.insert(0, "id", table["text"].map(lambda text: texts.digest(text)[:16]))
    conflicting = table.groupby("id")["label"].transform("nunique") > 1
    distinct = table[~conflicting]
    rank = distinct["side"].map({side: k for k, side in enumerate(texts.SPLITS)})
    latest = rank.groupby(distinct["id"]).transform("max")
    # Without official sides every rank is missing, and no row is on an earlier one.
    earlier = rank < latest
    kept = distinct[~earlier].drop_duplicates("id").sort_values("id", ignore_index=True)
    dropped = Counter(
        no_text=len(raw) - len(table),
        conflicting_labels=int(conflicting.sum()),
        on_later_side=int(earlier.sum()),
        duplicate=int((~earlier).sum()) - len(kept),
    )
    return kept, dropped


def split(table: pd.DataFrame) -> pd.Series:
    """The split of each row of a cleaned table: its official side, or by fraction 0 of its digest.

    Where official sides have no validation rows, training rows with a fraction below 0.05 become some.
    """
    fraction = table["id"].map(lambda i: texts.fraction(i, 0))
    side = table["side"]
    if side.isna().all():
        side = side.mask(fraction < 1, "test")
        return side.mask(fraction < TRAIN_AND_VALIDATION_SHARE, "validation").mask(fraction < TRAIN_SHARE, "train")
    if (side == "validation").any():
        return side
    return side.mask((side == "train") & (fraction < VALIDATION_SHARE), "validation")


def check_splits(table: pd.DataFrame, card: cards.Card) -> None:
    """Raise PyriteError unless every label has rows to train on and rows to test on."""
    for name in ("train", "test"):
        present = set(table.loc[table["split"] == name, "label"])
        if missing := [label for label in card.labels if label not in present]:
            rows = (table["label"] == missing[0]).sum()
            raise PyriteError(
                f"{paths.card(card.id)}: labels.{missing[0]}: no {name} rows "
                f"({rows} rows in all): add data for this label or take it out of the card"
            )


def summary(task: str, table: pd.DataFrame, dropped: Counter[str]) -> dict[str, Any]:
    """What `metrics/prepare/<task>.json` says: rows read, dropped and kept, per split and label, and in the pool."""
    rows = {name: table.loc[table["split"] == name, "label"].value_counts().sort_index() for name in texts.SPLITS}
    return {
        "task": task,
        "read": len(table) + dropped.total(),
        "dropped": dict(sorted(dropped.items())),
        "kept": len(table),
        "rows": {name: {label: int(n) for label, n in counts.items()} for name, counts in rows.items()},
        "pool": int(texts.in_pool(table).sum()),
    }
