"""Stage `prepare`: makes the text table of a task's real data, split into training, validation and test rows.

Reads: the card, `data/raw/<task>/`.
Writes: `data/prepared/<task>.parquet` (rows sorted by id), `data/prepared/<task>.judgements.parquet` (what people
said about each text, see `judgements`; empty for most tasks) and `metrics/prepare/<task>.json`: every dropped row is
counted there under its reason.

The split of a row depends on nothing but its own text (or its official side), so that more data never moves a row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from pyrite.base import files, paths
from pyrite.base.console import log, progress
from pyrite.base.errors import PyriteError
from pyrite.data import cards, fields, readers, texts

TRAIN_SHARE = 0.70
TRAIN_AND_VALIDATION_SHARE = 0.75
# Of the training rows, where there are official sides but no validation rows.
VALIDATION_SHARE = 0.05
# Words in the first sentence of a docstring.
SUMMARY_WORDS = (4, 40)

JUDGEMENT = ["item", "copy", "annotator", "label"]

# What the names of files say of sides: train-00000-of-00001.parquet, or the folder test.
_SIDES = {"train": "train", "training": "train", "test": "test"}
_SIDES |= dict.fromkeys(("validation", "valid", "val", "dev"), "validation")
_SIDE = re.compile(rf"(?:^|[._-])({'|'.join(_SIDES)})(?![a-z])", re.IGNORECASE)
ROWS: TypeAdapter[cards.Rows] = TypeAdapter(cards.Rows)


@dataclass
class Raw:
    """Raw rows (text, label, side), how many rows were left out by reason, and the rows' own ratings (`JUDGEMENT`)."""

    rows: list[tuple[str, str, str | None]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    ratings: list[tuple[str, int, str, str]] = field(default_factory=list)


def run(task: str) -> None:
    """Write the text table of `task`, its human judgements, and the counts of what was dropped on the way."""
    card = cards.load(task)
    folder = paths.raw(task)
    if not folder.is_dir():
        raise PyriteError(f"{folder}: no such folder: run `dvc repro` or `pyrite fetch {task}`")
    with progress() as view:
        view.add_task(f"{task}: reading {folder}", total=None)
        raw = read(card, folder)
        table, dropped = clean(raw.rows)
    table["split"] = split(table)
    if not isinstance(card.source, cards.NoData):
        check_splits(table, card)
    people = judgements(card, folder, raw)
    texts.write(table[texts.COLUMNS], paths.prepared(task))
    files.write(paths.judgements(task), lambda file: people.to_parquet(file, index=False))
    counts = summary(task, table, raw.dropped + dropped, people)
    if raw.ratings:
        counts["test_mean_agreement"] = mean_agreement(people, table)
    files.write_json(paths.metrics("prepare", task), counts)
    rows = ", ".join(f"{sum(of_label.values()):,} {name}" for name, of_label in counts["rows"].items())
    log.print(f"{task}: {rows} rows; {sum(counts['dropped'].values()):,} rows left out")


def read(card: cards.Card, folder: Path) -> Raw:
    """The raw rows of a task.

    Raises:
        PyriteError: a file can't be read, or a row has no label or one that the card doesn't list.
    """
    if isinstance(card.source, cards.Docstrings):
        return read_docstrings(card.source, folder)
    raw = Raw()
    copies = Counter[str]()
    for rows in tables(card.source, folder):
        for row in readers.read(folder, rows):
            if any(fields.get(row, name) != value for name, value in rows.where.items()):
                raw.dropped["other_part"] += 1
                continue
            row = fields.take_apart(row, rows.parts)
            text = fields.text(row, rows)
            if rows.ratings:
                rated = fields.ratings(row, rows, card.labels)
                item = identify(text)
                copies[item] += 1
                raw.ratings += [(item, copies[item], rater, rating) for rater, rating in rated.items()]
                label, reason = majority(list(rated.values())), "tie"
            else:
                label, reason = fields.label(row, rows, card.labels), "other_label"
            if label is None:
                raw.dropped[reason] += 1
            else:
                raw.rows.append((text, label, rows.side))
    return raw


def tables(source: cards.LocalFile | cards.Download | cards.NoData, folder: Path) -> tuple[cards.Rows, ...]:
    """What the source's files are and which of their fields are used."""
    if isinstance(source, cards.Download):
        return source.tables
    return local(source, [path.name for path in folder.iterdir()]) if isinstance(source, cards.LocalFile) else ()


def local(source: cards.LocalFile, names: Sequence[str]) -> tuple[cards.Rows, ...]:
    """The same of a user's file or the shards of a folder, whose names may tell their sides."""
    found = {name: _SIDE.search(name) for name in sorted(names)}
    sides = {name: _SIDES[match[1].lower()] for name, match in found.items() if match}
    if len(sides) < len(found) or not {"train", "test"} <= set(sides.values()):
        # Not all of it is on a side, or there is nothing to learn from or to test on: the texts' digests decide.
        sides = {}
    return tuple(
        ROWS.validate_python(
            {
                **{"file": name, "format": source.format, "side": sides.get(name)},
                **{"text": f"{{{source.text}}}", "label": source.label},
                **{"values": source.values, "other_values": source.other_values},
                **({"separator": source.separator} if source.format == "csv" else {}),
            }
        )
        for name in found
    )


def read_docstrings(source: cards.Docstrings, folder: Path) -> Raw:
    """The first sentences of docstrings as raw rows, those of a fitting length."""
    raw = Raw()
    least, most = SUMMARY_WORDS
    for sentence, label in readers.docstrings(folder, source.modules):
        # An empty sentence stays in: `clean` counts it as what it is.
        if sentence and not least <= texts.word_count(texts.normalise(sentence)) <= most:
            raw.dropped["length"] += 1
        else:
            raw.rows.append((sentence, label, None))
    return raw


def majority(labels: list[str]) -> str | None:
    """The most frequent label, None where two are."""
    ranked = Counter(labels).most_common(2)
    return None if len(ranked) == 2 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def clean(rows: list[tuple[str, str, str | None]]) -> tuple[pd.DataFrame, Counter[str]]:
    """Normalised texts with their ids (columns id, text, label, side; sorted by id), each once.

    Dropped and counted: rows with no text; every row of a text that has two labels; repeated rows. A text on several
    official sides stays on the later one, so that no test text is trained on.
    """
    raw = pd.DataFrame(rows, columns=["text", "label", "side"])
    raw["text"] = raw["text"].map(texts.normalise)
    table = raw[raw["text"] != ""]
    table.insert(0, "id", table["text"].map(texts.digest).str[:16])
    conflicting = table.groupby("id")["label"].transform("nunique") > 1
    distinct = table[~conflicting]
    rank = distinct["side"].map({side: place for place, side in enumerate(texts.SPLITS)})
    # Without official sides every rank is missing, and no row is on an earlier one.
    earlier = rank < rank.groupby(distinct["id"]).transform("max")
    kept = distinct[~earlier].drop_duplicates("id").sort_values("id", ignore_index=True)
    dropped = Counter(
        no_text=len(raw) - len(table),
        conflicting_label=int(conflicting.sum()),
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


def judgements(card: cards.Card, folder: Path, raw: Raw) -> pd.DataFrame:
    """What people said about each text, whether or not the text became a row.

    Returns:
        A frame with columns item (the text's id), copy, annotator, label: a text that the source has n times was
        judged n times, as copies 1 to n. Or, where the source gives no more, item and agreement: a lower bound of the
        share of annotators who agree.
    """
    bounds: dict[str, float] = {}
    rated = list(raw.ratings)
    for source in card.source.judgements if isinstance(card.source, cards.Download) else ():
        copies = Counter[str]()
        for row in readers.read(folder, source.rows):
            row = fields.take_apart(row, source.rows.parts)
            item = identify(fields.text(row, source.rows))
            copies[item] += 1
            if source.agreement is not None:
                bounds[item] = max(source.agreement, bounds.get(item, 0))
            elif label := fields.label(row, source.rows, card.labels):
                rated.append((item, copies[item], source.annotator or "", label))
    if bounds:
        return pd.DataFrame(sorted(bounds.items()), columns=["item", "agreement"])
    types = {"item": "str", "copy": "int64", "annotator": "str", "label": "str"}
    return pd.DataFrame(rated, columns=JUDGEMENT).astype(types).sort_values(["item", "copy"], kind="stable")


def identify(text: str) -> str:
    """The id of a raw text."""
    return texts.digest(texts.normalise(text))[:16]


def mean_agreement(people: pd.DataFrame, table: pd.DataFrame) -> float:
    """The mean, over the judged copies of the test rows, of the share of raters who gave the copy's label.

    A copy without one most frequent label has no label and does not count.
    """
    judged = people[people["item"].isin(table.loc[table["split"] == "test", "id"])]
    votes = judged.groupby(["item", "copy"])["label"].agg(list)
    agreements = [max(Counter(given).values()) / len(given) for given in votes if majority(given) is not None]
    return sum(agreements) / len(agreements)


def summary(task: str, table: pd.DataFrame, dropped: Counter[str], people: pd.DataFrame) -> dict[str, Any]:
    """What `metrics/prepare/<task>.json` says: rows read, dropped and kept, per split and label, and in the pool."""
    rows = {name: table.loc[table["split"] == name, "label"].value_counts().sort_index() for name in texts.SPLITS}
    return {
        "task": task,
        "read": len(table) + dropped.total(),
        "dropped": dict(sorted(dropped.items())),
        "kept": len(table),
        "rows": {name: {label: int(n) for label, n in counts.items()} for name, counts in rows.items()},
        "pool": int(texts.in_pool(table).sum()),
        "judged": int(people["item"].nunique()),
        "judgements": len(people),
    }
