"""Stage `annotate`: gathers what several annotators say of the same test rows.

Reads: the card's labels, `data/prepared/<task>.parquet`, `data/prepared/<task>.judgements.parquet` (people, with the
data), `data/recordings/annotations/<task>.csv` (an LLM in several personas) and `<task>.people.csv` beside it (people,
asked with the sheet that `export` writes). Each of the last three may be absent.
Writes: `data/annotations/<task>.parquet` with columns item, copy, annotator, label, source (`llm` or `human`) and
agreement, which stands in place of annotator and label where people's single labels are not known.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from pyrite import annotators, cards, console, files, params, paths, sheets, texts
from pyrite.errors import PyriteError

# Draws the order of a sheet of pairs.
SEED = 0

_HOW_TO = "Give each person a copy; they fill in their name or a number as annotator, and"
_GATHER = (
    "Put the rows of all copies into {path} (leave out the columns with texts that are not yours to publish), then run "
    "`dvc repro`."
)

TYPES = {
    "item": "str",
    "copy": "int64",
    "annotator": "str",
    "label": "str",
    "source": "str",
    "agreement": "float64",
}


def run(task: str) -> None:
    """Write the annotations of a task."""
    card = cards.load(task)
    prepared = texts.read(paths.prepared(task))
    test = set(prepared.loc[prepared["split"] == "test", "id"])
    # The rows of this source depend on the Python that runs: an item of a recording may not be among them.
    varies = isinstance(card.source, cards.Docstrings)
    found = [
        sheet(paths.recorded_annotations(task), test, card, skip_unknown=varies).assign(source="llm"),
        sheet(paths.people_annotations(task), test, card, skip_unknown=varies).assign(source="human"),
        judgements(paths.judgements(task), test, card).assign(source="human"),
    ]
    table = pd.concat(found, ignore_index=True).reindex(columns=list(TYPES)).astype(TYPES)
    files.write(paths.annotation_table(task), lambda file: table.to_parquet(file, index=False))
    counts = table.groupby("source")["item"].nunique()
    told = ", ".join(f"{n} items by {source} annotators" for source, n in counts.items())
    console.log.print(f"{task}: {told or 'no annotations'}")


def sheet(path: Path, test: set[str], card: cards.Card, *, skip_unknown: bool) -> pd.DataFrame:
    """The annotations of a CSV file with columns item, annotator and label (others don't matter), as item, copy,
    annotator, label; none where there is no file. Rows without a label are not filled in yet.

    Raises:
        PyriteError: the file is broken, or a row names an item that is not a test row (unless those are to be left
            out), a label that the card lacks, no annotator, or another label than an earlier row of the same
            annotator and item.
    """
    given: dict[tuple[str, str], str] = {}
    unknown = set()
    for row, (item, annotator, label) in sheets.read(path, sheets.ANNOTATIONS) if path.exists() else ():
        if not label:
            continue
        if item not in test:
            if not skip_unknown:
                raise row.mistake(f"item '{item}' is not a test row of {paths.prepared(card.id)}")
            unknown.add(item)
            continue
        if label not in card.labels:
            raise row.mistake(f"unknown label '{label}'; {paths.card(card.id)} has {', '.join(card.labels)}")
        if not annotator:
            raise row.mistake("no annotator: give each person a name or number")
        if given.setdefault((item, annotator), label) != label:
            raise row.mistake(f"{annotator} already gave item '{item}' another label, '{given[item, annotator]}'")
    if unknown:
        console.log.print(f"{path}: {len(unknown)} items left out: not among the test rows under this Python")
    return pd.DataFrame(
        [(item, 1, annotator, label) for (item, annotator), label in given.items()],
        columns=["item", "copy", "annotator", "label"],
    )


def judgements(path: Path, test: set[str], card: cards.Card) -> pd.DataFrame:
    """What the source of the data says that people said of the test rows; nothing where there is no file.

    Raises:
        PyriteError: a label is not one of the card's.
    """
    if not path.exists():
        return pd.DataFrame(columns=["item"])
    table = files.read_parquet(path)
    table = table[table["item"].isin(test)]
    if "agreement" in table:
        return table.assign(copy=1)
    if unknown := sorted(set(table["label"]) - set(card.labels)):
        raise PyriteError(f"{path}: unknown label '{unknown[0]}'; run `dvc repro` after changing {paths.card(card.id)}")
    # A text that the source has several times has its label from the copies with a most frequent one.
    copies = table.groupby("item")["copy"].transform("nunique")
    return table[(copies == 1) | ~_tied(table)]


def _tied(table: pd.DataFrame) -> pd.Series:
    """Whether the annotators of a row's copy were split evenly between two labels or more."""
    copy = [table["item"], table["copy"]]
    votes = table.groupby([*copy, table["label"]])["label"].transform("size")
    most = votes.groupby(copy).transform("max")
    favourites = table["label"].where(votes == most).groupby(copy).transform("nunique")
    return favourites > 1


def export(task: str, items: int) -> None:
    """Write the sheet that an annotator fills in: the first test rows in id order, without their labels."""
    card, prepared = cards.load(task), texts.read(paths.prepared(task))
    test = prepared[prepared["split"] == "test"].sort_values("id").head(items)
    rows = [(item, "", "", " | ".join(card.labels), text) for item, text in zip(test["id"], test["text"], strict=True)]
    path = paths.sheet(task)
    sheets.write(path, [*sheets.ANNOTATIONS, "choices", "text"], rows)
    labels = "; ".join(f"{label}: {card.items} that {meaning}" for label, meaning in card.labels.items())
    console.log.print(f"{path}: {len(rows)} texts. {card.description} {labels}.", markup=False)
    console.log.print(f"{_HOW_TO} a label. {_GATHER.format(path=paths.people_annotations(task))}", markup=False)


def export_pairs() -> None:
    """Write the sheet on which somebody says of each two tasks of the study which one is more objective.

    The order of the pairs, and which task comes first, is drawn at random: neither may tell anything.
    """
    tasks = params.load().tasks
    if len(tasks) < 2:
        raise PyriteError(f"{paths.PARAMS}: tasks: there is one task, and a pair takes two: name more")
    about = {task: annotators.describe(cards.load(task), examples(task)) for task in tasks}
    definition = " ".join(annotators.load().definition.split())
    rng = np.random.default_rng(SEED)
    pairs = rng.permuted(list(itertools.combinations(tasks, 2)), axis=1)
    rows = [("", one, other, "", definition, about[one], about[other]) for one, other in rng.permutation(pairs)]
    path = paths.sheet("pairs")
    sheets.write(path, [*sheets.PAIRS, "objective means", "about first", "about second"], rows)
    console.log.print(f"{path}: {len(rows)} pairs of tasks.", markup=False)
    how_to = f"{_HOW_TO} the name of the more objective task of each pair"
    console.log.print(f"{how_to}. {_GATHER.format(path=paths.pairs('human'))}", markup=False)


def examples(task: str) -> dict[str, str]:
    """One real training text of each label, that with the lowest id, which is at random."""
    prepared = texts.read(paths.prepared(task))
    train = prepared[prepared["split"] == "train"].sort_values("id")
    return dict(train.groupby("label")["text"].first())
