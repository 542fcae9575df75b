"""Sheets: CSV files that people fill in with a spreadsheet, and that come back with what spreadsheets do to them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyrite import files, readers
from pyrite.errors import PyriteError
from pyrite.readers import Row

ANNOTATIONS = ("item", "annotator", "label")
PAIRS = ("annotator", "first", "second", "more_objective")

# What a spreadsheet takes for a number: an id of digits, perhaps with an e, would come back rounded.
_NUMBER = re.compile(r"\d+(?:e\d+)?")


def read(path: Path, columns: Sequence[str]) -> Iterator[tuple[Row, list[str]]]:
    """The rows of a sheet with their values in `columns`, stripped; other columns don't matter.

    Sheets that were put together with `cat` have headers, and marks of UTF-8, in their midst: those are left out.

    Raises:
        PyriteError: the file is not CSV in UTF-8, or lacks a column.
    """
    for row in readers.csv_rows(path, "utf-8"):
        if missing := [column for column in columns if column not in row.fields]:
            there_must_be = f"there must be {', '.join(columns)}, with commas between"
            raise PyriteError(f"{path}: row 1: no column {', '.join(missing)}; {there_must_be}")
        values = [row.fields[column].removeprefix("\ufeff").strip().removeprefix("'") for column in columns]
        if values != list(columns):
            yield row, values


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a sheet in which no cell is run or rounded: `'` before it makes a spreadsheet take it as it is.

    Raises:
        PyriteError: the file is there already.
    """
    if path.exists():
        raise PyriteError(f"{path}: is there already and may hold somebody's work; move it away first")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    # The mark at the start tells spreadsheets that this is UTF-8.
    files.write_text(path, "\ufeff" + out.getvalue())


def _inert(cell: str) -> str:
    return f"'{cell}" if _NUMBER.fullmatch(cell) else files.cell(cell)
