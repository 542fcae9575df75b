"""CSV: with quotes, and parted by whichever sign its header shows."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from pyrite.base import console, files
from pyrite.base.errors import PyriteError
from pyrite.data import csv_dialect, streams
from pyrite.data.rows import Fields, Layout, Row, require_different

# Longer than any text, and short enough to find a quote that is never closed before it fills the memory.
csv.field_size_limit(1 << 24)


def read(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """CSV with quotes; the first row names the columns unless the layout does."""
    beginning = list(itertools.islice(streams.lines(path, layout.encoding), csv_dialect.LOOKED_AT))
    dialect = csv_dialect.find(beginning, layout.separator, names)
    found = itertools.islice(streams.lines(path, layout.encoding), dialect.skipped, None)
    reader = csv.reader(found, delimiter=dialect.separator, skipinitialspace=dialect.spaces, strict=True)
    number, columns = dialect.skipped, layout.columns
    try:
        if columns is None:
            number += 1
            columns = tuple(name.strip() for name in next(reader, ()))
            require_different(columns, path)
        swallowed = csv_dialect.Swallowed(dialect, beginning, len(columns))
        for number, values in enumerate(reader, start=number + 1):  # noqa: B020
            # A blank line, such as the last one of many files, or DOS's mark of the end is no row.
            if not values or values == ["\x1a"]:
                continue
            if len(values) != len(columns):
                fewer = "fill in what is missing, put a text of several lines in double quotes, or take the line out"
                advice = f"put a text with {dialect.sign} in double quotes" if len(values) > len(columns) else fewer
                if {len(row) for row in csv_dialect.rows(beginning[dialect.skipped + 1 :], dialect.separator)} == {
                    len(values)
                }:
                    advice += f", or name as many columns in row {dialect.skipped + 1}: all other rows have them"
                there = f"{len(values)} fields, not {len(columns)} ({', '.join(columns)})"
                raise PyriteError(f"{path}: row {number}: {there}: {advice}")
            if rows := swallowed.rows(values):
                raise PyriteError(
                    f"{path}: row {number}: a quote that opens here closes {rows - 1} lines below, so that {rows} rows "
                    'would be one: in such a file write a quote within a text twice ("") and the text in quotes'
                )
            yield Row(path, number, dict(zip(columns, values, strict=True)))
    except csv.Error as error:
        raise PyriteError(f"{path}: row {number + 1}: broken CSV ({error}): {_cause(error, beginning)}") from None


def _cause(error: csv.Error, beginning: list[str]) -> str:
    if "field larger" in str(error):
        return "a quote there is never closed, or the text has more than 16 million signs"
    if "new-line" in str(error):
        return "a carriage return stands outside of quotes: put the text in double quotes, or end all lines alike"
    if any('\\"' in line for line in beginning):
        return 'mend the quotes of this row: a quote within a text is written twice (""), not \\"'
    return "mend the quotes of this row"


def write(handle: IO[bytes], rows: Iterable[Fields], on_terminal: bool = False) -> None:
    """Write rows of which no cell is run as a formula and, on a terminal, none as a command."""

    def inert(value: Any) -> Any:
        if not isinstance(value, str) or _is_number(value):
            return value
        return files.cell(console.printable(value) if on_terminal else value)

    text = io.TextIOWrapper(handle, "utf-8", errors="replace", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    header: list[str] = []
    try:
        for row in rows:
            if not header:
                header = list(row)
                writer.writerow(map(inert, header))
            if list(row) != header:
                raise PyriteError(f"not all rows have the columns {', '.join(header)}: write them as .jsonl")
            writer.writerow(map(inert, row.values()))
    finally:
        text.detach()  # the file is its owner's to close


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
