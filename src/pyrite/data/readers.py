"""Readers of raw data, one for each file format: they give the rows of a file as fields, each with its number.

A reader checks the form of its file (encoding, quotes, columns) and names the file and the row of a mistake. The
number of a row is that of a spreadsheet or an editor: the header of a CSV file is row 1.
"""

from __future__ import annotations

import ast
import csv
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from pyrite.base.errors import PyriteError
from pyrite.data import cards

# `close()` or `accept() -> (socket, address)`: C functions once had no other place for their signature.
_SIGNATURE = re.compile(r"[\w.]+\(.*\)(\s*->.*)?")
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?])\s")

# Rows of a Parquet file that are in memory at once.
_BATCH = 1000
_SIGNS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


class Row(NamedTuple):
    """One row of a raw file: its fields, and where it stands."""

    path: Path
    number: int
    fields: dict[str, Any]

    def mistake(self, problem: str) -> PyriteError:
        """The error that says what is wrong with this row."""
        return PyriteError(f"{self.path}: row {self.number}: {problem}")


def read(folder: Path, rows: cards.Rows) -> Iterator[Row]:
    """The rows of a file in `folder`, in its order.

    Raises:
        PyriteError: the file is missing or does not have the form that the card gives it.
    """
    path = folder / rows.file
    try:
        found = read_file(path, rows)
        if isinstance(rows, cards.Separated) and rows.beside:
            beside = folder / rows.beside.file
            found = side_by_side(found, separated_rows(beside, rows.encoding, rows.separator, rows.beside.columns))
        yield from found
    except FileNotFoundError as error:
        raise PyriteError(f"{error.filename}: no such file: run `pyrite fetch {folder.name}`") from None


def read_file(path: Path, rows: cards.Rows) -> Iterator[Row]:
    """The rows of a file, whatever its name, which has the form of `rows`."""
    if isinstance(rows, cards.Csv):
        return csv_rows(path, rows.encoding, rows.columns, rows.separator)
    if isinstance(rows, cards.Json):
        return json_rows(path, rows.encoding)
    if isinstance(rows, cards.JsonLines):
        return json_lines(path, rows.encoding, rows.within)
    if isinstance(rows, cards.Columns):
        return column_rows(path, rows.format)
    return separated_rows(path, rows.encoding, rows.separator, rows.columns)


def csv_rows(path: Path, encoding: str, columns: tuple[str, ...] | None = None, separator: str = ",") -> Iterator[Row]:
    """The rows of a CSV file with a header, or with the given columns where it has none."""
    reader = csv.reader(lines(path, encoding), delimiter=separator, strict=True)
    number = 0
    try:
        header = 0
        if columns is None:
            header = 1
            columns = tuple(next(reader, ()))
        for number, values in enumerate(reader, start=header + 1):
            # A blank line, such as the last one of many files, is no row.
            if values and len(values) != len(columns):
                raise PyriteError(
                    f"{path}: row {number}: {len(values)} fields, not {len(columns)} ({', '.join(columns)}): "
                    f"put a text with {_SIGNS.get(separator, separator)} in double quotes"
                )
            if values:
                yield Row(path, number, dict(zip(columns, values, strict=True)))
    except csv.Error as error:
        row = max(number, header) + 1
        raise PyriteError(f"{path}: row {row}: broken CSV ({error}): mend the quotes of this row") from None


def separated_rows(path: Path, encoding: str, separator: str, columns: tuple[str, ...]) -> Iterator[Row]:
    """The rows of a file with one row a line: the last separators part its columns, quotes mean nothing."""
    for number, line in enumerate(lines(path, encoding), start=1):
        values = line.rstrip("\r\n").rsplit(separator, len(columns) - 1)
        if len(values) < len(columns):
            raise PyriteError(f"{path}: row {number}: {len(values)} of {len(columns)} columns ({', '.join(columns)})")
        yield Row(path, number, dict(zip(columns, values, strict=True)))


def side_by_side(first: Iterator[Row], second: Iterator[Row]) -> Iterator[Row]:
    """The rows of two files joined by their numbers; both must be equally long and agree where both have a column."""
    for left, right in itertools.zip_longest(first, second):
        if left is None or right is None:
            extra = left or right
            raise extra.mistake("the file beside this one is shorter: they belong together row by row")
        for name in left.fields.keys() & right.fields.keys():
            if left.fields[name] != right.fields[name]:
                raise right.mistake(f"{name} is '{right.fields[name]}', not '{left.fields[name]}' as in {left.path}")
        yield Row(left.path, left.number, left.fields | right.fields)


def json_rows(path: Path, encoding: str) -> Iterator[Row]:
    """The rows of a JSON file: a list, or an object whose values are rows or lists of rows (`key` is their name)."""
    data = _parse("".join(lines(path, encoding)), f"{path}")
    if isinstance(data, list):
        rows = iter(data)
    elif isinstance(data, dict):
        groups = ((key, value if isinstance(value, list) else [value]) for key, value in data.items())
        rows = ({**row, "key": key} if isinstance(row, dict) else row for key, group in groups for row in group)
    else:
        raise PyriteError(f"{path}: row 1: not a list or an object of rows")
    for number, row in enumerate(rows, start=1):
        yield _object(path, number, row)


def json_lines(path: Path, encoding: str, within: str | None = None) -> Iterator[Row]:
    """The rows of a file with one JSON object a line, or the objects in the list `within` of each line."""
    for number, line in enumerate(lines(path, encoding), start=1):
        row = _object(path, number, _parse(line, f"{path}: row {number}"))
        if within is None:
            yield row
            continue
        if not isinstance(row.fields.get(within), list):
            raise row.mistake(f"no list '{within}'")
        for inner in row.fields[within]:
            yield _object(path, number, inner)


def column_rows(path: Path, form: str) -> Iterator[Row]:
    """The rows of a Parquet file, or of an Arrow stream, which is what `datasets` writes."""
    with path.open("rb") as file:
        number = 0
        try:
            batches = parquet.ParquetFile(file).iter_batches(_BATCH) if form == "parquet" else pa.ipc.open_stream(file)
            for batch in batches:
                for fields in batch.to_pylist():
                    number += 1
                    yield Row(path, number, fields)
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0]
            raise PyriteError(f"{path}: row {number + 1}: not readable as {form} ({reason})") from None


def docstrings(folder: Path, modules: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """The first sentence of each docstring of a function or class in Python source, and its module's label.

    A sentence is empty where a docstring is nothing but call signatures.
    """
    for label, names in modules.items():
        for path in (path for name in names for path in python_files(folder, name)):
            try:
                tree = ast.parse(path.read_bytes())
            except (SyntaxError, ValueError) as error:
                raise PyriteError(f"{path}: not source code for this Python ({error})") from None
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    docstring = ast.get_docstring(node)
                    if docstring:
                        yield _summary(docstring), label


def python_files(folder: Path, module: str) -> list[Path]:
    """The files of a module or package (`email/utils` is a module of a package), its `test` folders left out."""
    package = folder / module
    if package.is_dir():
        return sorted(path for path in package.rglob("*.py") if "test" not in path.relative_to(package).parts[:-1])
    return [path] if (path := folder / f"{module}.py").is_file() else []


def _summary(docstring: str) -> str:
    """The first sentence of the first paragraph that is not a bare call signature; empty where there is none."""
    for paragraph in _PARAGRAPH.split(docstring):
        line = " ".join(paragraph.split())
        if not _SIGNATURE.fullmatch(line):
            return _SENTENCE.split(line)[0]
    return ""


def lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a file with their ends, parted at line feeds only: texts contain other line breaks."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as error:
                how = "a spreadsheet calls that CSV UTF-8; from latin-1: iconv -f latin1 -t utf-8 OLD > NEW"
                raise PyriteError(
                    f"{path}: row {number}: not {encoding.upper()} (byte {error.start + 1} of the line): save it so"
                    f"{f' ({how})' if encoding == 'utf-8' else ''}"
                ) from None
            yield text.removeprefix("\ufeff") if number == 1 else text


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = f"row {error.lineno}: " if ": row" not in place else ""
        raise PyriteError(f"{place}: {line}broken JSON ({error.msg}, column {error.colno})") from None
    except ValueError as error:  # a number of thousands of digits
        raise PyriteError(f"{place}: broken JSON ({error})") from None
    except RecursionError:
        raise PyriteError(f"{place}: nested too deeply") from None


def _object(path: Path, number: int, value: Any) -> Row:
    row = Row(path, number, value)
    if not isinstance(value, dict):
        raise row.mistake("not a JSON object")
    return row
