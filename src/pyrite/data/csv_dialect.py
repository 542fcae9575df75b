"""How a CSV file is written: what parts its columns, and whether a quote in it swallows rows."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
# Lines at the beginning of a file that tell how it is written.
LOOKED_AT = 1000

# What some spreadsheets write above the header.
_SEP = re.compile(r"sep=(.)\s*")


class Dialect(NamedTuple):
    """What parts the columns, whether a space may follow it, and how many lines stand before the header."""

    separator: str
    spaces: bool
    skipped: int

    @property
    def sign(self) -> str:
        return SEPARATORS.get(self.separator, self.separator)


def find(beginning: Sequence[str], separator: str | None, names: Collection[str]) -> Dialect:
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
    found = set(names)
    best = max(
        headers,
        key=lambda sign: (
            found <= stripped[sign],
            len(headers[sign]),
            len(headers[sign]) > 1 and sum(len(row) == len(headers[sign]) for row in rows(lines, sign)),
        ),
    )
    after = headers[best][1:]
    return Dialect(best, bool(after) and all(name.startswith(" ") for name in after), skipped)


def _header(lines: Sequence[str], separator: str) -> list[str]:
    return next(iter(rows(lines[:1], separator) or rows(lines, separator)), [])


class Swallowed:
    """Finds texts that are several rows: a text that begins with a quote ends only where another one has a quote.

    Each line of such a text is a row by itself: it has as many columns, and in one that has few values or numbers only
    it has such a value. Lines of a text that is meant do not look so.
    """

    def __init__(self, dialect: Dialect, beginning: Sequence[str], columns: int) -> None:
        self._separator, self._columns = dialect.separator, columns
        whole = [row for row in rows(beginning[dialect.skipped :], dialect.separator)[1:] if len(row) == columns]
        of_column = [Counter(values) for values in zip(*whole, strict=True)]
        self._seen = {n: set(found) for n, found in enumerate(of_column) if len(found) <= len(whole) / 2}
        self._numbers = [n for n, found in enumerate(of_column) if all(map(str.isdecimal, found))]

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


def rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The rows that lines are, up to one that is broken."""
    found: list[list[str]] = []
    with suppress(csv.Error):
        found.extend(csv.reader(lines, delimiter=separator))
    return found
