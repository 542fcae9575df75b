"""Imported sets: texts and labels in a file of anybody's, as `pyrite add` takes them in."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pyrite.base.errors import PyriteError
from pyrite.data import columns, fields, formats, profile, shards, texts
from pyrite.data.rows import Layout


def read(path: Path, text: str | None, label: str | None, values: Mapping[str, str]) -> pd.DataFrame:
    """The rows (text, label) of a file, or of all files of a folder, in their order; rows without a label are left out.

    Args:
        text, label: the columns; None where there is no doubt.
        values: what labels of the file are called in the card.

    Raises:
        PyriteError: the file can't be read, has no such columns or no rows with a label.
    """
    path = path.expanduser()
    form = profile.format_of(path)
    if form == "lines":
        raise PyriteError(f"{path}: lines of text have no labels: save texts and labels as .csv or .tsv with a header")
    layout, named = Layout(format=form), [name for name in (text, label) if name]
    found = shards.find(path, form)
    first = [row for one in found.values() for row in itertools.islice(formats.read(one, layout, named), 99)]
    if not first:
        raise PyriteError(f"{path}: has no rows")
    of_texts, of_labels = columns.find(first, text, label)
    names = profile.class_names(next(iter(found.values())), form, of_labels)

    def meant(value: str) -> str:
        value = names.get(value.strip(), texts.normalise_label(value))
        return values.get(value, value)

    rows = [
        (texts.encodable(fields.string(row, of_texts)), meant(fields.string(row, of_labels)))
        for one in found.values()
        for row in formats.read(one, layout, [of_texts, of_labels])
    ]
    table = pd.DataFrame(rows, columns=["text", "label"], dtype=str)
    if (table := table[table["label"] != ""]).empty:
        raise PyriteError(f"{path}: no row has a label in '{of_labels}'")
    return table.reset_index(drop=True)
