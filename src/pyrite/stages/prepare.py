"""Stage `prepare`: makes the text table of a task's real data, split into training, validation and test rows.

Reads: the card, `data/raw/<task>/`, and where the card has `seeds` the imported sets that it names.
Writes: `data/prepared/<task>.parquet` (rows sorted by id), `data/prepared/<task>.judgements.parquet` (what people
said about each text, see `judgements`; empty for most tasks) and `metrics/prepare/<task>.json`: every dropped row is
counted there under its reason.

The split of a row depends on nothing but its own text (or its official side), so that more data never moves a row.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pyrite import params
from pyrite.base import files, paths
from pyrite.base.console import log, progress
from pyrite.base.errors import PyriteError
from pyrite.data import cards, docstrings, fields, folds, shards, sheets, splits, texts
from pyrite.results import preparation
from pyrite.results.preparation import Preparation
from pyrite.training import embedding_check
from pyrite.training.classifier import PACKAGED

# So many labels are named in a line.
NAMED_LABELS = 10

# Words in the first sentence of a docstring.
SUMMARY_WORDS = (4, 40)

JUDGEMENT = {"item": "str", "copy": "int64", "annotator": "str", "label": "str"}


@dataclass
class Raw:
    """Raw rows (text, label, side), how many rows were left out by reason, and the rows' own ratings (`JUDGEMENT`)."""

    rows: list[splits.RawRow] = field(default_factory=list)
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
        table, dropped = splits.clean([*raw.rows, *chosen(card, folder)])
        raw.rows.clear()  # they take as much memory as the table does
    table["split"] = splits.split(table)
    p = params.load()
    if card.source.seeds:
        table["pool"] = made_into_sets(card, table, p.train.folds)
    if not isinstance(card.source, cards.NoData):
        check_splits(table, card, p.train.folds)
    people = judgements(card, folder, raw)
    texts.write(table[[*texts.COLUMNS, *table.columns.intersection(["pool"])]], paths.prepared(task))
    files.write(paths.judgements(task), lambda file: people.to_parquet(file, index=False))
    agreed = mean_agreement(people, table) if raw.ratings else None
    counts = summary(task, table, raw.dropped + dropped, people, agreed)
    alike = embedding_check.look(table["text"].tolist(), card.language, p.generate.contamination_cosine)
    counts = counts.model_copy(update={"alike": alike, "blind": alike > embedding_check.MOST_ALIKE})
    counts.save(task)
    rows = ", ".join(f"{sum(of_label.values()):,} {name}" for name, of_label in counts.rows.items())
    log.print(f"{task}: {rows} rows; {sum(counts.dropped.values()):,} rows left out")
    if counts.blind:
        log.print(f"{task}: {preparation.blind(alike, (f'of checkpoint {PACKAGED}',))}")


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
        for row in fields.read(folder / rows.file, rows):
            if any(fields.string(row, name) != value for name, value in rows.where.items()):
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
    if isinstance(card.source, cards.LocalFile):
        uses, note = shards.settle(Counter(side for _, _, side in raw.rows))
        raw.rows = [(text, label, uses[side]) for text, label, side in raw.rows]
        if note:
            log.print(f"{card.id}: {note}")
    return raw


def chosen(card: cards.Card, folder: Path) -> list[tuple[str, str, str]]:
    """The texts that `next` chose and people labelled: rows to train on only."""
    copies = [sheet.copied_to(place, folder) for place, sheet in enumerate(card.source.chosen)]
    return [(text, label, texts.CHOSEN) for copy in copies for text, label in sheets.chosen(copy, card.labels)[0]]


def made_into_sets(card: cards.Card, table: pd.DataFrame, folding: folds.Folds) -> pd.Series:
    """The rows that imported sets were made from, which stand for the pool: with folds any, else rows to train on.

    Raises:
        PyriteError: a set is not there, or none of the rows is.
    """
    ids: set[str] = set()
    for name in card.source.seeds:
        if not (path := paths.imported(card.id, name)).exists():
            raise PyriteError(f"{paths.card(card.id)}: source.seeds: there is no {path}: take '{name}' out, or add it")
        ids.update(*files.read_parquet(path)["seeds"])
    pool = table["id"].isin(ids)
    if not folds.count(table, folding):
        pool &= table["split"].isin(texts.TRAINING)
    if not pool.any():
        raise PyriteError(
            f"{paths.card(card.id)}: source.seeds: none of the {len(ids):,} texts that {', '.join(card.source.seeds)} "
            "was made from is a row to train on: name a column of texts or ids of real rows, or add the set without it"
        )
    return pool


def tables(source: cards.LocalFile | cards.Download | cards.NoData, folder: Path) -> tuple[cards.Rows, ...]:
    """What the source's files are and which of their fields are used."""
    if isinstance(source, cards.Download):
        return source.tables
    if isinstance(source, cards.LocalFile):
        return shards.tables(source, [path.name for path in folder.iterdir() if path.is_file()])
    return ()


def read_docstrings(source: cards.Docstrings, folder: Path) -> Raw:
    """The first sentences of docstrings as raw rows, those of a fitting length."""
    raw = Raw()
    least, most = SUMMARY_WORDS
    for sentence, label in docstrings.summaries(folder, source.modules):
        # An empty sentence stays in: `clean` counts it as what it is.
        if sentence and not least <= texts.length(texts.normalise(sentence)) <= most:
            raw.dropped["length"] += 1
        else:
            raw.rows.append((sentence, label, None))
    return raw


def majority(labels: list[str]) -> str | None:
    """The most frequent label, None where two are."""
    ranked = Counter(labels).most_common(2)
    return None if len(ranked) == 2 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def check_splits(table: pd.DataFrame, card: cards.Card, folding: folds.Folds) -> None:
    """Raise PyriteError unless every label has rows to train on and rows to test on."""
    counts = table["label"].value_counts()
    lacks = [
        f"labels.{label}: no {use} rows ({counts.get(label, 0)} rows in all)"
        for label, use in folds.hopeless(table, list(card.labels), folding).items()
    ]
    if lacks:
        more = f" and {len(lacks) - NAMED_LABELS} more labels" if len(lacks) > NAMED_LABELS else ""
        named = ", ".join(lacks[:NAMED_LABELS])
        raise PyriteError(f"{paths.card(card.id)}: {named}{more}: add data for such a label or take it out of the card")


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
        for row in fields.read(folder / source.rows.file, source.rows):
            row = fields.take_apart(row, source.rows.parts)
            item = identify(fields.text(row, source.rows))
            copies[item] += 1
            if source.agreement is not None:
                bounds[item] = max(source.agreement, bounds.get(item, 0))
            elif label := fields.label(row, source.rows, card.labels):
                rated.append((item, copies[item], source.annotator or "", label))
    if bounds:
        return pd.DataFrame(sorted(bounds.items()), columns=["item", "agreement"])
    table = pd.DataFrame(rated, columns=list(JUDGEMENT)).astype(JUDGEMENT)
    return table.sort_values(["item", "copy"], kind="stable")


def identify(text: str) -> str:
    """The id of a raw text."""
    return texts.digest(texts.normalise(text))[:16]


def mean_agreement(people: pd.DataFrame, table: pd.DataFrame) -> float:
    """The mean, over the judged copies of the test rows, of the share of raters who gave the copy's label.

    A copy without one most frequent label has no label and does not count.
    """
    judged = people[people["item"].isin(table.loc[table["split"] == "test", "id"])]
    votes = judged.groupby(["item", "copy"])["label"].agg(list)
    agreements = [max(Counter(labels).values()) / len(labels) for labels in votes if majority(labels) is not None]
    return sum(agreements) / len(agreements)


def summary(
    task: str, table: pd.DataFrame, dropped: Counter[str], people: pd.DataFrame, agreed: float | None
) -> Preparation:
    """The counts of a task's rows."""
    names = [*texts.SPLITS, texts.CHOSEN] if (table["split"] == texts.CHOSEN).any() else texts.SPLITS
    rows = {name: table.loc[table["split"] == name, "label"].value_counts().sort_index() for name in names}
    return Preparation(
        task=task,
        read=len(table) + dropped.total(),
        dropped=dict(sorted(dropped.items())),
        kept=len(table),
        rows={name: {str(label): int(n) for label, n in counts.items()} for name, counts in rows.items()},
        pool=int(texts.in_pool(table).sum()),
        judged=int(people["item"].nunique()),
        judgements=len(people),
        test_mean_agreement=agreed,
    )
