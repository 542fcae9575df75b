"""Readers of raw data, one for each file format: they give a frame of texts, labels and official sides.

A reader checks the form of its file (encoding, quotes, columns) and names the file and the row of a mistake.
What becomes of the rows (normalised, dropped, split) is `prepare`'s to say.
"""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pyrite import texts
from pyrite.errors import PyriteError

SUMMARY_WORDS = (4, 40)

# `close()` or `accept() -> (socket, address)`: C functions once had no other place for their signature.
_SIGNATURE = re.compile(r"[\w.]+\(.*\)(\s*->.*)?")
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?])\s")


def docstrings(folder: Path, modules: dict[str, tuple[str, ...]]) -> tuple[pd.DataFrame, Counter[str]]:
    """The docstring summaries of Python source below `folder`, labelled by module.

    Returns:
        A frame (columns text, label, side) and how many docstrings were left out, by reason.
    """
    rows, dropped = [], Counter[str]()
    for label, names in modules.items():
        for name in names:
            for path in python_files(folder, name):
                for docstring in _documented(path):
                    sentence = texts.normalise(_summary(docstring))
                    least, most = SUMMARY_WORDS
                    if not sentence:
                        dropped["no_text"] += 1
                    elif not least <= texts.word_count(sentence) <= most:
                        dropped["length"] += 1
                    else:
                        rows.append((sentence, label, None))
    return pd.DataFrame(rows, columns=["text", "label", "side"]), dropped


def python_files(folder: Path, module: str) -> list[Path]:
    """The files of a module or package (`email/utils` is a module of a package), its `test` folders left out."""
    package = folder / module
    if package.is_dir():
        return sorted(path for path in package.rglob("*.py") if "test" not in path.relative_to(package).parts[:-1])
    return [path] if (path := folder / f"{module}.py").is_file() else []


def _documented(path: Path) -> Iterator[str]:
    """The docstrings of the functions and classes of a source file."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise PyriteError(f"{path}: not Python source that this Python can parse ({error})") from None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and (
            text := ast.get_docstring(node)
        ):
            yield text


def _summary(docstring: str) -> str:
    """The first sentence of the first paragraph that is not a bare call signature; empty where there is none."""
    for paragraph in _PARAGRAPH.split(docstring):
        line = " ".join(paragraph.split())
        if not _SIGNATURE.fullmatch(line):
            return _SENTENCE.split(line)[0]
    return ""


def csv_table(path: Path, text: str, label: str) -> pd.DataFrame:
    """A CSV file with a header, as a frame (columns text, label, side, row; the header is row 1).

    Raises:
        PyriteError: it is not UTF-8 or not CSV, lacks a column, or a row has too few fields.
    """
    rows = []
    row = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for column in (text, label):
                if column not in (reader.fieldnames or ()):
                    has = ", ".join(reader.fieldnames or ()) or "none"
                    raise PyriteError(f"{path}: row 1: no column '{column}'; the columns are {has}")
            for row, fields in enumerate(reader, start=2):
                if None in fields or None in fields.values():
                    raise PyriteError(f"{path}: row {row}: not {len(reader.fieldnames or ())} fields as in row 1")
                rows.append((fields[text], fields[label], None, row))
    except UnicodeDecodeError:
        raise PyriteError(f"{path}: {_undecodable(path)}: not UTF-8: save the file as UTF-8") from None
    except csv.Error as error:
        raise PyriteError(f"{path}: row {row + 1}: not valid CSV ({error}): mend the quotes of this row") from None
    return pd.DataFrame(rows, columns=["text", "label", "side", "row"])


def _undecodable(path: Path) -> str:
    """The first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return f"line {number}"
    return "last line"
