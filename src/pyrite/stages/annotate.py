"""Stage `annotate`: gathers what several annotators say of the same test rows.

Reads: the card, `data/prepared/<task>.parquet`, `data/prepared/<task>.judgements.parquet` (people, with the data),
`data/recordings/annotations/<task>.csv` (the study's LLM in several personas) and `<task>.people.csv` beside it
(people, asked with the sheet that `export` writes). Each of the last three may be absent. What no recording has of the
first test rows comes from the store, and from the endpoint where `generate.provider` says so.
Writes: `data/annotations/<task>.parquet` with columns item, copy, annotator, label, source (`llm` or `human`) and
agreement, which stands in place of annotator and label where people's single labels are not known.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, sheets, texts
from pyrite.data.formats.rows import Row
from pyrite.llm import annotators, surveys

# Draws the order of a sheet of pairs.
SEED = 0

_HOW_TO = "Give each person a copy; they fill in their name or a number as annotator, and"
_GATHER = (
    "Put the rows of all copies into {path} (leave out the columns with texts that are not yours to publish), then run "
    "`dvc repro`."
)

TYPES = {"item": "str", "copy": "int64", "annotator": "str", "label": "str", "source": "str", "agreement": "float64"}


def run(task: str) -> None:
    """Write the annotations of a task."""
    study = params.load()
    p = study.asking(study.annotate.llm)
    card, test = cards.load(task), surveys.test_rows(task)
    # The rows of this source depend on the Python that runs: an item of a recording may not be among them.
    varies = isinstance(card.source, cards.Docstrings)
    people = paths.people_annotations(task)
    filled_in = list(sheets.read(people, sheets.ANNOTATIONS)) if people.exists() else []
    inquiry = surveys.of_task(task)
    recorded = sheet(paths.recorded_annotations(task), inquiry.recorded, test, card, skip_unknown=varies)
    of_people = sheet(people, filled_in, test, card, skip_unknown=varies)
    judged = judgements(paths.judgements(task), test, card)
    results = surveys.ask(inquiry.survey)
    labels = inquiry.labels(results)
    rows = [(item, 1, annotator, label) for item, annotator, label in labels if label is not None]
    answered = pd.DataFrame(rows, columns=recorded.columns)
    sources = {"llm": [recorded, answered], "human": [of_people, judged]}
    frames = [frame.assign(source=source) for source, of_source in sources.items() for frame in of_source]
    table = pd.concat(frames, ignore_index=True).reindex(columns=list(TYPES)).astype(TYPES)
    files.write(paths.annotation_table(task), lambda file: table.to_parquet(file, index=False))
    counts = table.groupby("source")["item"].nunique()
    summary = ", ".join(f"{n} items by {source} annotators" for source, n in counts.items())
    console.log.print(f"{task}: {summary or 'no annotations'}")
    if unread := len(labels) - len(rows):
        console.log.print(f"{task}: {unread} of {len(labels)} labels could not be read in the answers of {p.llm.model}")
    if open_items := {item for question, *_ in results if not question.answers for item in question.about}:
        console.log.print(
            f"{task}: {p.llm.model} did not label {len(open_items)} of the first test rows: {_why(p.provider)}"
        )


def _why(provider: str) -> str:
    if provider == "recorded":
        return "no recording has them. With generate.provider: openai its personas are asked"
    return "requests failed; run it again to ask anew"


def sheet(
    path: Path, rows: Iterable[tuple[Row, list[str]]], test: Iterable[str], card: cards.Card, *, skip_unknown: bool
) -> pd.DataFrame:
    """The annotations in the rows (item, annotator, label) of a CSV file, as item, copy, annotator, label. Rows without
    a label are not filled in yet.

    Raises:
        PyriteError: a row names an item that is not a test row (unless those are to be left out), a label that the
            card lacks, no annotator, or another label than an earlier row of the same annotator and item.
    """
    labels: dict[tuple[str, str], str] = {}
    unknown, ids = set(), set(test)
    for row, (item, annotator, written) in rows:
        if not (label := texts.normalise_label(written)):
            continue
        if item not in ids:
            if not skip_unknown:
                raise row.mistake(f"item '{item}' is not a test row of {paths.prepared(card.id)}")
            unknown.add(item)
            continue
        if label not in card.labels:
            raise row.mistake(f"unknown label '{label}'; {paths.card(card.id)} has {', '.join(card.labels)}")
        if not annotator:
            raise row.mistake("no annotator: give each person a name or number")
        if labels.setdefault((item, annotator), label) != label:
            raise row.mistake(f"{annotator} already gave item '{item}' another label, '{labels[item, annotator]}'")
    if unknown:
        console.log.print(f"{path}: {len(unknown)} items left out: not among the test rows under this Python")
    return pd.DataFrame(
        [(item, 1, annotator, label) for (item, annotator), label in labels.items()],
        columns=["item", "copy", "annotator", "label"],
    )


def judgements(path: Path, test: Iterable[str], card: cards.Card) -> pd.DataFrame:
    """What the source of the data says that people said of the test rows; nothing where there is no file.

    Raises:
        PyriteError: a label is not one of the card's.
    """
    if not path.exists():
        return pd.DataFrame(columns=["item"])
    table = files.read_parquet(path)
    table = table[table["item"].isin(set(test))]
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
    card, test = cards.load(task), surveys.test_rows(task)
    choices = " | ".join(card.labels)
    rows = [(item, "", "", choices, text) for item, text in itertools.islice(test.items(), items)]
    path = paths.sheet(task)
    sheets.write(path, [*sheets.ANNOTATIONS, "choices", "text"], rows)
    labels = "; ".join(f"{label}: {card.items} that {meaning}" for label, meaning in card.labels.items())
    console.log.print(f"{path}: {len(rows)} texts. {card.description} {labels}.")
    console.log.print(f"{_HOW_TO} a label. {_GATHER.format(path=paths.people_annotations(task))}")


def ask_pairs() -> None:
    """Ask the personas which of each two tasks of the study is more objective, and record what they say.

    Judgements that the recording has are not asked for again. What the store has is recorded without an endpoint.
    """
    survey = surveys.of_pairs()
    results = surveys.ask(survey)
    path, model = paths.pairs("llm"), survey.p.llm.model
    answers = [
        (question, survey.read_all(question)[0]) for question, waits, _ in results if question.answers and not waits
    ]
    rows = [(question.annotator, *question.about, answer or "", model) for question, answer in answers]
    if rows:
        sheets.add(path, (*sheets.PAIRS, sheets.MODEL), rows)
    console.log.print(f"{path}: {len(rows)} judgements of {model} added")
    if unread := sum(answer is None for _, answer in answers):
        console.log.print(f"{unread} of them could not be read in its answers, and name no task")
    if missing := len(survey.questions) - len(rows):
        console.log.print(f"{missing} judgements of {model} are missing: {_why(survey.p.provider)}")


def export_pairs() -> None:
    """Write the sheet on which somebody says of each two tasks of the study which one is more objective.

    The order of the pairs, and which task comes first, is drawn at random: neither may tell anything.
    """
    described = surveys.described()
    definition = " ".join(annotators.load().definition.split())
    rng = np.random.default_rng(SEED)
    pairs = rng.permutation(rng.permuted(list(itertools.combinations(described, 2)), axis=1))
    rows = [("", first, second, "", definition, described[first], described[second]) for first, second in pairs]
    path = paths.sheet("pairs")
    sheets.write(path, [*sheets.PAIRS, "objective means", "about first", "about second"], rows)
    console.log.print(f"{path}: {len(rows)} pairs of tasks.")
    how_to = f"{_HOW_TO} the name of the more objective task of each pair"
    console.log.print(f"{how_to}. {_GATHER.format(path=paths.pairs('human'))}")


def command(task: str | None, exported: str | None, pairs: bool, items: int) -> None:
    """What `pyrite annotate` does with its words.

    Raises:
        PyriteError: they don't go together.
    """
    # A stage's command is the pipeline's and takes a task alone, so `export` is a word in a task's place.
    if task is None:
        if not pairs:
            raise PyriteError("annotate: name a task, or ask for --pairs")
        ask_pairs()
    elif task != "export":
        if exported or pairs:
            raise PyriteError(f"annotate {task}: takes nothing more; a sheet is `pyrite annotate export {task}`")
        run(task)
    elif pairs:
        export_pairs()
    elif exported:
        export(exported, items)
    else:
        raise PyriteError("annotate export: name a task, or ask for --pairs")
