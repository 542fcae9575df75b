"""CSV: with quotes, and parted by whichever sign its header shows. No quote swallows rows in silence."""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from pyrite.base import console, files
from pyrite.base.errors import PyriteError
from pyrite.data.formats import streams
from pyrite.data.formats.rows import Fields, Format, Layout, Row, require_different

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
# Lines at the beginning of a file that tell how it is written.
LOOKED_AT = 1000

# What some spreadsheets write above the header.
_SEP = re.compile(r"sep=(.)\s*")
# Longer than any text, and short enough to find a quote that is never closed before it fills the memory.
csv.field_size_limit(1 << 24)


def read(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """CSV with quotes; the first row names the columns unless the layout does."""
    beginning = list(itertools.islice(streams.lines(path, layout.encoding), LOOKED_AT))
    dialect = _dialect(beginning, layout.separator, names)
    lines = itertools.islice(streams.lines(path, layout.encoding), dialect.skipped, None)
    reader = csv.reader(lines, delimiter=dialect.separator, skipinitialspace=dialect.spaces, strict=True)
    number, columns = dialect.skipped, layout.columns
    try:
        if columns is None:
            number += 1
            columns = tuple(name.strip() for name in next(reader, ()))
            require_different(columns, path)
        swallowed = _Swallowed(dialect, beginning, len(columns))
        for number, values in enumerate(reader, start=number + 1):  # noqa: B020
            # A blank line, such as the last one of many files, or DOS's mark of the end is no row.
            if not values or values == ["\x1a"]:
                continue
            if len(values) != len(columns):
                fewer = "fill in what is missing, put a text of several lines in double quotes, or take the line out"
                advice = f"put a text with {dialect.sign} in double quotes" if len(values) > len(columns) else fewer
                below = {len(row) for row in _rows(beginning[dialect.skipped + 1 :], dialect.separator) if row}
                if below == {len(values)}:
                    advice += f", or name as many columns in row {dialect.skipped + 1}: all other rows have them"
                problem = f"{len(values)} fields, not {len(columns)} ({', '.join(columns)})"
                raise PyriteError(f"{path}: row {number}: {problem}: {advice}")
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


class _Dialect(NamedTuple):
    """What parts the columns, whether a space may follow it, and how many lines stand before the header."""

    separator: str
    spaces: bool
    skipped: int

    @property
    def sign(self) -> str:
        return SEPARATORS.get(self.separator, self.separator)


def _dialect(beginning: Sequence[str], separator: str | None, names: Collection[str]) -> _Dialect:
    """The dialect of a file with such first lines.

    The separator is that which is named, in the file or by the caller, or that with which the header has the named
    columns, or else the most; of equals that which parts most of the lines below so.
    """
    skipped = sum(1 for _ in itertools.takewhile(str.isspace, beginning))
    if skipped < len(beginning) and (named := _SEP.fullmatch(beginning[skipped])):
        separator, skipped = separator or named[1], skipped + 1
    lines = beginning[skipped:]
    headers = {sign: _header(lines, sign) for sign in ([separator] if separator else SEPARATORS)}
    stripped = {sign: {name.strip() for name in header} for sign, header in headers.items()}
    wanted = set(names)
    best = max(
        headers,
        key=lambda sign: (
            wanted <= stripped[sign],
            len(headers[sign]),
            len(headers[sign]) > 1 and sum(len(row) == len(headers[sign]) for row in _rows(lines, sign)),
        ),
    )
    after = headers[best][1:]
    return _Dialect(best, bool(after) and all(name.startswith(" ") for name in after), skipped)


def _header(lines: Sequence[str], separator: str) -> list[str]:
    return next(iter(_rows(lines[:1], separator) or _rows(lines, separator)), [])


class _Swallowed:
    """Finds texts that are several rows: a text that begins with a quote ends only where another one has a quote.

    Each line of such a text is a row by itself: it has as many columns, and in one that has few values or numbers only
    it has such a value. Lines of a text that is meant do not look so.
    """

    def __init__(self, dialect: _Dialect, beginning: Sequence[str], columns: int) -> None:
        self._separator, self._columns = dialect.separator, columns
        whole = [row for row in _rows(beginning[dialect.skipped :], dialect.separator)[1:] if len(row) == columns]
        of_column = [Counter(values) for values in zip(*whole, strict=True)]
        self._seen = {n: set(counts) for n, counts in enumerate(of_column) if len(counts) <= len(whole) / 2}
        self._numbers = [n for n, counts in enumerate(of_column) if all(map(str.isdecimal, counts))]

    def rows(self, values: Sequence[str]) -> int:
        """How many rows the values of one are, if they are several; else 0."""
        for column, seen in self._seen.items():
            if len(seen) < LOOKED_AT:
                seen.add(values[column])
        for place, value in enumerate(values):
            if "\n" in value:
                first, *rest = value.strip("\r\n").split("\n")
                lines = [[*values[:place], *_cells(first, self._separator)]]
                lines += [_cells(line, self._separator) for line in rest if line.strip() or line is rest[-1]]
                lines[-1] += values[place + 1 :]
                if len(lines) > 1 and all(map(self._is_row, lines)):
                    return len(lines)
        return 0

    def _is_row(self, cells: Sequence[str]) -> bool:
        if len(cells) != self._columns or self._columns < 2:
            return False
        if not self._seen and not self._numbers:
            return self._separator == "\t"
        return any(cells[n] in seen for n, seen in self._seen.items()) or any(
            cells[n].isdecimal() for n in self._numbers
        )


def _cells(line: str, separator: str) -> list[str]:
    return line.rstrip("\r").split(separator)


def _rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The rows that lines are, up to one that is broken."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(csv.reader(lines, delimiter=separator))
    return rows


def write_rows(handle: IO[bytes], rows: Iterable[Iterable[Any]], line_end: str = "\n") -> None:
    """Write rows, of which the first one is the header, as they are."""
    text = io.TextIOWrapper(handle, "utf-8", errors="replace", newline="", write_through=True)
    try:
        csv.writer(text, lineterminator=line_end).writerows(rows)
    finally:
        text.detach()  # the file is its owner's to close


def write(handle: IO[bytes], rows: Iterable[Fields], on_terminal: bool = False) -> None:
    """Write rows of which no cell is run as a formula and, on a terminal, none as a command."""

    def inert(value: Any) -> Any:
        if not isinstance(value, str) or _is_number(value):
            return value
        return files.cell(console.printable(value) if on_terminal else value)

    def cells() -> Iterator[Iterable[Any]]:
        header: list[str] = []
        for row in rows:
            if not header:
                header = list(row)
                yield map(inert, header)
            if list(row) != header:
                raise PyriteError(f"not all rows have the columns {', '.join(header)}: write them as .jsonl")
            yield map(inert, row.values())

    write_rows(handle, cells())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


FORMATS = {
    "csv": Format(
        (".csv", ".tsv"), ("separator", "columns"), read, write, streams.count_lines, has_header=True, of_folders=True
    )
}
