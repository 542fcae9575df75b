"""Files of a user's: their format, where they are, which columns have the texts and the labels, if they have some."""

import itertools
import json
import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pyrite.base import console
from pyrite.base.errors import PyriteError
from pyrite.data import cards, columns, fields, formats, shards, texts
from pyrite.data.formats.rows import Layout, Row

# What reading a note raises where there is none, or one of another form.
_NOT_NOTED = (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError, yaml.YAMLError)


def format_of(path: Path, others: Collection[str] = ()) -> str:
    """The format of a file by its name, or of a folder by what is in it but these files."""
    if str(path).encode(errors="replace").decode() != str(path):
        raise PyriteError(f"{path.name!a}: the name is not UTF-8, so no card can hold it: rename the file")
    if path.is_dir():
        inside = {form: sorted(files.keys() - others) for form, files in shards.by_format(path).items()}
        forms = [form for form, names in inside.items() if names]
        if len(forms) > 1:
            some = ", ".join(inside[form][0] for form in forms)
            raise PyriteError(f"{path}: its files have several formats ({some}): name one of them, or write all in one")
        if not forms:
            raise PyriteError(
                f"{path}: has no .arrow, .parquet, .jsonl, .csv or .tsv files, nor others named for a side"
            )
        return forms[0]
    if not path.is_file():
        address = ", for it is an address: download what is there" if re.match(r"\w\w+:/", str(path)) else ""
        raise PyriteError(f"{path}: no such file or folder{address}")
    if path.name.startswith("."):
        raise PyriteError(f"{path}: a hidden file; give it a name without the dot")
    return formats.of_file(path)


def place_of(path: Path) -> str:
    """A path for the card: from the project's folder where it is in it."""
    # Where a link leads, such as into a cache, the name may have no ending.
    here, there = Path.cwd(), path.parent.resolve() / path.name if path.is_symlink() else path.resolve()
    return (there.relative_to(here) if there.is_relative_to(here) else there).as_posix()


class Columns(NamedTuple):
    """The columns of texts and labels, and what numbers in the latter stand for where the file says so."""

    text: str
    label: str
    class_names: dict[str, str]


def find_columns(path: Path, form: str, files: dict[str, Path], text: str | None, label: str | None) -> Columns:
    """Find the columns of the files of a data set in a format.

    Raises:
        PyriteError: a file can't be read, has no rows or no such columns.
    """
    if formats.FORMATS[form].plain:
        raise PyriteError(f"{path}: lines of text have no labels: save texts and labels as .csv or .tsv with a header")
    layout, named = Layout(format=form), [name for name in (text, label) if name]
    first = {
        name: list(itertools.islice(formats.read(file, layout, named), fields.FIRST_ROWS))
        for name, file in files.items()
    }
    first = {name: rows for name, rows in first.items() if rows}
    if not first:
        raise PyriteError(f"{path}: has no rows")
    main = next((name for name in first if shards.side(name) == "train"), next(iter(first)))
    of_texts, of_labels = columns.find(first[main], text, label)
    for doubt in columns.doubts(first[main], of_texts, of_labels):
        console.log.print(doubt)
    _require_everywhere(files, first, (of_texts, of_labels))
    names = {name: class_names(files[name], form, of_labels) for name in first}
    if other := next((name for name in first if names[name] != names[main]), None):
        raise PyriteError(f"{files[other]}: the numbers of its labels have other names than in {files[main].name}")
    labels = [fields.written_label(row, of_labels).strip() for rows in first.values() for row in rows]
    numbers = all(label.removeprefix("-").isdecimal() for label in labels if label)
    return Columns(of_texts, of_labels, names[main] or (_names_beside(files[main], of_labels) if numbers else {}))


def _require_everywhere(files: dict[str, Path], first: dict[str, list[Row]], names: Sequence[str]) -> None:
    """Raise PyriteError unless every file of a data set has the columns."""
    whole = {file for file, rows in first.items() if all(any(fields.has(row, name) for row in rows) for name in names)}
    if lacking := next((file for file in first if file not in whole), None):
        row = first[lacking][0]
        absent = next(name for name in names if not any(fields.has(row, name) for row in first[lacking]))
        options = " or ".join(f"--from {shlex.quote(str(files[file]))}" for file in first if file in whole)
        raise PyriteError(
            f"{row.path}: no column '{absent}'; there are {', '.join(row.fields)}: name the file that has it: {options}"
        )


def class_names(path: Path, form: str, label: str) -> dict[str, str]:
    """What the numbers of a label column, or of lists in it, stand for, where `datasets` has noted that in the file."""
    if (metadata := formats.FORMATS[form].metadata) is None:
        return {}
    try:
        return _of_features(json.loads(metadata(path, form)[b"huggingface"])["info"]["features"], label)
    except _NOT_NOTED:
        return {}


def _names_beside(path: Path, label: str) -> dict[str, str]:
    """The same, where it is noted in the folder of the file or the one above: by `datasets`, or in the hub's card."""
    for folder, name in itertools.product(path.absolute().parents[:2], ("dataset_info.json", "README.md")):
        note = folder / name
        with suppress(*_NOT_NOTED):
            content = note.read_text(encoding="utf-8")
            if note.suffix == ".json":
                names = _of_features(json.loads(content)["features"], label)
            else:
                about = yaml.safe_load(content.split("---\n")[1])["dataset_info"]
                features = (about[0] if isinstance(about, list) else about)["features"]
                names = _by_number({f["name"]: f["dtype"] for f in features}[label]["class_label"]["names"])
            console.log.print(f"{path}: the numbers of its labels have the names that {note} gives them")
            return names
    return {}


def _of_features(features: Any, label: str) -> dict[str, str]:
    column = features[label] if label in features else features[label.rpartition(".")[0]]
    return _by_number(column.get("feature", column)["names"])


def _by_number(names: Any) -> dict[str, str]:
    pairs = names.items() if isinstance(names, dict) else enumerate(names)
    return {str(number): texts.normalise_label(str(name)) for number, name in pairs}


# Texts without labels


def look_at_texts(path: Path, text: str | None, usual: str = "text") -> cards.TextFile:
    """What a card says of a file of texts.

    Args:
        text: the column; None where there is one only, or one with the `usual` name.

    Raises:
        PyriteError: the file can't be read, or which column has the texts is not clear.
    """
    path = path.expanduser()
    form = format_of(path)
    files = shards.find(path, form)
    file = cards.TextFile(
        path=place_of(path), sha256=shards.digest(files), format=form, text=_text_column(files, form, text, usual)
    )
    if next(read_texts(file), None) is None:
        raise PyriteError(f"{path}: has no texts in '{file.text}'")
    return file


def _text_column(files: dict[str, Path], form: str, text: str | None, usual: str) -> str:
    if formats.FORMATS[form].plain:
        return "text"
    paths, names = list(files.values()), [text] if text else []
    first = [row for path in paths for row in itertools.islice(formats.read(path, names=names), 99)]
    if not first:
        raise PyriteError(f"{paths[0]}: has no rows")
    present = list(dict.fromkeys(name for row in first for name in row.fields))
    alike = [name for name in present if name.casefold() == usual.casefold()]
    choices = ([name for name in alike if name == usual], alike, present)
    chosen = text or next((names[0] for names in choices if len(names) == 1), None)
    if chosen is None or not any(fields.has(row, chosen) for row in first):
        problem = "which column has the texts?" if chosen is None else f"no column '{chosen}'."
        raise PyriteError(f"{paths[0]}: {problem} Name it with --text; there are {', '.join(present)}")
    for doubt in columns.doubts(first, chosen, None):
        console.log.print(doubt)
    return chosen


def read_texts(file: cards.TextFile) -> Iterator[str]:
    """The normalised texts, in the file's order; those without any are left out.

    Raises:
        PyriteError: the file is missing, is not readable, or has changed since the card pinned it.
    """
    files = shards.find(Path(file.path), file.format)
    if not files:
        raise PyriteError(f"{file.path}: no such file or folder")
    if file.sha256 not in (None, shards.digest(files)):
        raise PyriteError(f"{file.path}: has changed since it came into the card: take it anew with `new --refresh`")
    for path in files.values():
        for row in fields.checked(formats.read(path, file, [file.text]), [file.text]):
            if text := texts.normalise(fields.string(row, file.text)):
                yield text
