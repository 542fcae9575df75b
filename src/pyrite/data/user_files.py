"""Files of a user's: their format, where they are, and which columns have the texts and the labels."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pyrite.base import console
from pyrite.base.errors import PyriteError
from pyrite.data import column_files, columns, fields, formats, shards, texts
from pyrite.data.rows import Layout, Row

# The formats of a folder: others, such as JSON, stand beside data.
OF_FOLDERS = ("arrow", "parquet", "json_lines", "csv")


def format_of(path: Path) -> str:
    """The format of a file by its name, or of a folder by what is in it."""
    if str(path).encode(errors="replace").decode() != str(path):
        raise PyriteError(f"{path.name!a}: the name is not UTF-8, so no card can hold it: rename the file")
    if path.is_dir():
        inside = {form: list(shards.find(path, form)) for form in formats.FORMATS}
        # Files of other formats that are named for a side are no notes beside the data.
        forms = [one for one, names in inside.items() if (names and one in OF_FOLDERS) or any(map(shards.side, names))]
        if len(forms) > 1:
            some = ", ".join(inside[form][0] for form in forms)
            raise PyriteError(f"{path}: its files have several formats ({some}): name one of them, or write all in one")
        if not forms or forms[0] not in OF_FOLDERS:
            raise PyriteError(f"{path}: has no .arrow, .parquet, .jsonl, .csv or .tsv files")
        return forms[0]
    if not path.is_file():
        raise PyriteError(f"{path}: no such file or folder")
    if path.name.startswith("."):
        raise PyriteError(f"{path}: a hidden file; give it a name without the dot")
    return formats.of_file(path)


def place_of(path: Path) -> str:
    """A path for the card: from the project's folder where it is in it."""
    here, there = Path.cwd(), path.resolve()
    return (there.relative_to(here) if there.is_relative_to(here) else there).as_posix()


class Columns(NamedTuple):
    """The columns of texts and labels, and what numbers in the latter stand for where the file says so."""

    text: str
    label: str
    class_names: dict[str, str]


def find_columns(path: Path, form: str, found: dict[str, Path], text: str | None, label: str | None) -> Columns:
    """Find the columns of the files of a data set in a format.

    Raises:
        PyriteError: a file can't be read, has no rows or no such columns.
    """
    if form == "lines":
        raise PyriteError(f"{path}: lines of text have no labels: save texts and labels as .csv or .tsv with a header")
    layout, named = Layout(format=form), [name for name in (text, label) if name]
    first = {
        name: list(itertools.islice(formats.read(file, layout, named), fields.FIRST_ROWS))
        for name, file in found.items()
    }
    first = {name: rows for name, rows in first.items() if rows}
    if not first:
        raise PyriteError(f"{path}: has no rows")
    main = next((name for name in first if shards.side(name) == "train"), next(iter(first)))
    of_texts, of_labels = columns.find(first[main], text, label)
    for doubt in columns.doubts(first[main], of_texts, of_labels):
        console.log.print(doubt)
    _require_everywhere(path, found, first, (of_texts, of_labels))
    names = {name: class_names(found[name], form, of_labels) for name in first}
    if other := next((name for name in first if names[name] != names[main]), None):
        raise PyriteError(f"{found[other]}: the numbers of its labels have other names than in {found[main].name}")
    return Columns(of_texts, of_labels, names[main])


def _require_everywhere(path: Path, found: dict[str, Path], first: dict[str, list[Row]], names: Sequence[str]) -> None:
    """Raise PyriteError unless every file of a data set has the columns."""
    whole = {name for name, rows in first.items() if all(any(fields.has(row, one) for row in rows) for one in names)}
    if lacking := [name for name in first if name not in whole]:
        row = first[lacking[0]][0]
        absent = next(one for one in names if not any(fields.has(row, one) for row in first[lacking[0]]))
        files = " or ".join(f"--from {shlex.quote(str(found[name]))}" for name in first if name in whole)
        raise PyriteError(
            f"{row.path}: no column '{absent}'; there are {', '.join(row.fields)}: name the file that has it: {files}"
        )


def class_names(path: Path, form: str, label: str) -> dict[str, str]:
    """What the numbers of a label column, or of lists in it, stand for, where `datasets` has noted that in the file."""
    if form not in ("parquet", "arrow"):
        return {}
    try:
        features = json.loads(column_files.metadata(path, form).get(b"huggingface", b"{}"))["info"]["features"]
        column = features[label] if label in features else features[label.rpartition(".")[0]]
        names = column.get("feature", column)["names"]
        return {str(number): texts.normalise_label(str(name)) for number, name in enumerate(names)}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
