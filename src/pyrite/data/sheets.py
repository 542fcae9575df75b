"""Sheets: CSV files that people fill in with a spreadsheet, and that come back with what spreadsheets do to them."""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pyrite.base import console, files
from pyrite.base.errors import PyriteError
from pyrite.data import fields, formats, texts
from pyrite.data.formats import csv_files
from pyrite.data.formats.rows import Row

ANNOTATIONS = ("item", "annotator", "label")
LABELS = ("item", "label")
REVIEWS = ("item", "reviewer", "answer")
PAIRS = ("annotator", "first", "second", "more_objective")
# Of texts that `next` chose: people fill in `label`.
FILLED_IN = ("item", "text", "label")
CHOSEN = (*FILLED_IN, "predicted")
# In a recording of an LLM's answers: the LLM that they are of.
MODEL = "model"

# What a spreadsheet takes for a number: an id of digits, perhaps with an e, would come back rounded.
_NUMBER = re.compile(r"\d+(?:e\d+)?")


def read(path: Path, columns: Sequence[str]) -> Iterator[tuple[Row, list[str]]]:
    """The rows of a sheet with their values in `columns`, stripped; other columns don't matter.

    Sheets that were put together with `cat` have headers, and marks of UTF-8, in their midst: those are left out, and
    so are rows that are empty in these columns.

    Raises:
        PyriteError: the file is not CSV in UTF-8, or lacks a column.
    """
    for row in formats.read(path, names=columns):
        if missing := [column for column in columns if column not in row.fields]:
            raise PyriteError(f"{path}: row 1: no column {', '.join(missing)}; there must be {', '.join(columns)}")
        values = [fields.string(row, column).removeprefix("\ufeff").strip().removeprefix("'") for column in columns]
        if any(values) and values != list(columns):
            yield row, values


def chosen(path: Path, labels: Collection[str]) -> tuple[list[tuple[str, str]], int]:
    """The labelled texts of a sheet of `next`, each with its label, and how many have none yet.

    Raises:
        PyriteError: the file is no such sheet, or a row has another text, a label that is none of `labels`, or another
            one than its text has above.
    """
    labelled: dict[str, str] = {}
    waiting = set()
    for row, [item, text, label] in read(path, FILLED_IN):
        # The sign that keeps a spreadsheet from running a text was added by `write`, or is the text's own.
        whole = texts.normalise(fields.string(row, "text").removeprefix("\ufeff"))
        known = next((words for words in (whole, texts.normalise(text)) if texts.digest(words)[:16] == item), None)
        if known is None:
            raise row.mistake(f"the text is not the one that item '{item}' was chosen for: put it back as it was")
        label = texts.normalise_label(label)
        if label and label not in labels:
            raise row.mistake(f"unknown label '{label}'; the card lists {', '.join(labels)}")
        if not label:
            waiting.add(known)
        elif (before := labelled.setdefault(known, label)) != label:
            raise row.mistake(f"label '{label}', but above its text has '{before}': keep one of both")
    return list(labelled.items()), len(waiting - labelled.keys())


def is_chosen(path: Path) -> bool:
    """Whether a file looks like a sheet of `next`."""
    if not path.is_file() or not formats.has_header(path):
        return False
    first = next((row.fields for row in formats.read(path)), {})
    # Somebody may have taken the predictions out, so as not to be swayed.
    return set(FILLED_IN) <= first.keys() and bool(re.fullmatch("'?[0-9a-f]{16}", str(first["item"])))


def recorded(path: Path, columns: Sequence[str], model: str) -> list[tuple[Row, list[str]]]:
    """The rows that an LLM has in a recording of annotations, as `read` gives them; none where there is no file.

    Rows of other LLMs stay out. Rows that name none are taken for this one's, which is said.

    Raises:
        PyriteError: the file is not CSV in UTF-8, or lacks a column.
    """
    rows, nameless = [], 0
    for row, values in read(path, columns) if path.exists() else ():
        named = row.fields.get(MODEL, "").strip()
        nameless += not named
        if named in ("", model):
            rows.append((row, values))
    if nameless:
        console.log.print(f"{path}: {nameless} rows name no LLM in a column '{MODEL}': taken for answers of {model}")
    return rows


def add(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Add rows with these columns to a CSV file, which keeps what it has (with the line ends of RFC 4180).

    Raises:
        PyriteError: the file is there and is not CSV in UTF-8.
    """
    whole = [row.fields for row in formats.read(path)] if path.exists() else []
    whole += [dict(zip(columns, row, strict=True)) for row in rows]
    header = list(dict.fromkeys(itertools.chain(*whole, columns)))
    cells = [header, *([row.get(column, "") for column in header] for row in whole)]
    files.write(path, lambda handle: csv_files.write_rows(handle, cells, "\r\n"))


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a sheet in which no cell is run or rounded: `'` before it makes a spreadsheet take it as it is.

    Raises:
        PyriteError: the file is there already.
    """
    if path.exists():
        raise PyriteError(f"{path}: is there already and may hold somebody's work; move it away first")
    inert = [[f"'{cell}" if _NUMBER.fullmatch(cell) else files.cell(cell) for cell in row] for row in rows]
    # The mark at the start tells spreadsheets that this is UTF-8.
    first, *others = columns
    files.write(path, lambda handle: csv_files.write_rows(handle, [[f"\ufeff{first}", *others], *inert]))
