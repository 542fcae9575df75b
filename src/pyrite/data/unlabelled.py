"""Real texts without labels, in a file of the user's or in the shards of a folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from pyrite.base import console
from pyrite.base.errors import PyriteError
from pyrite.data import cards, columns, fields, formats, shards, texts, user_files


def look(path: Path, text: str | None, usual: str = "text") -> cards.TextFile:
    """What a card says of a file of texts.

    Args:
        text: the column; None where there is one only, or one with the `usual` name.

    Raises:
        PyriteError: the file can't be read, or which column has the texts is not clear.
    """
    path = path.expanduser()
    form = user_files.format_of(path)
    found = shards.find(path, form)
    file = cards.TextFile(
        path=user_files.place_of(path), sha256=shards.digest(found), format=form, text=_column(found, form, text, usual)
    )
    if next(read(file), None) is None:
        raise PyriteError(f"{path}: has no texts in '{file.text}'")
    return file


def _column(found: dict[str, Path], form: str, text: str | None, usual: str) -> str:
    if form == "lines":
        return "text"
    first = [
        row for path in found.values() for row in itertools.islice(formats.read(path, names=[text] if text else []), 99)
    ]
    there = list(dict.fromkeys(name for row in first for name in row.fields))
    named = [name for name in there if name.casefold() == usual.casefold()] if len(there) > 1 else there
    if text is None and len(named) == 1:
        text = named[0]
    if text is None or not any(fields.has(row, text) for row in first):
        problem = "which column has the texts?" if text is None else f"no column '{text}'."
        listed = ", ".join(there) or "none"
        raise PyriteError(f"{next(iter(found.values()))}: {problem} Name it with --text; there are {listed}")
    for doubt in columns.doubts(first, text, None):
        console.log.print(doubt)
    return text


def read(file: cards.TextFile) -> Iterator[str]:
    """The normalised texts, in the file's order; those without any are left out.

    Raises:
        PyriteError: the file is missing, is not readable, or has changed since the card pinned it.
    """
    found = shards.find(Path(file.path), file.format)
    if not found:
        raise PyriteError(f"{file.path}: no such file or folder")
    if file.sha256 not in (None, shards.digest(found)):
        raise PyriteError(f"{file.path}: has changed since it came into the card: take it anew with `new --refresh`")
    for path in found.values():
        for row in fields.checked(formats.read(path, file, [file.text]), [file.text]):
            if text := texts.normalise(fields.string(row, file.text)):
                yield text
