"""Imported sets: texts and labels in a file of anybody's, as `pyrite add` takes them in."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from pyrite.base import console
from pyrite.base.errors import PyriteError
from pyrite.data import fields, formats, profile, shards, texts, user_files
from pyrite.data.formats.rows import Layout

# So many files are named in a line.
NAMED_FILES = 10
# The ids of real rows, one or several.
_IDS = re.compile(r"[0-9a-f]{16}(?:[\s,;|]+[0-9a-f]{16})*")


def read(
    path: Path, text: str | None, label: str | None, values: Mapping[str, str], seeds: str | None = None
) -> pd.DataFrame:
    """The rows (text, label) of a file, or of all files of a folder, in their order; the label of some may be empty.

    Args:
        text, label: the columns; None where there is no doubt.
        values: what labels of the file are called in the card.
        seeds: the column with the real rows that each text was made from; the table then has the column `seeds`.

    Raises:
        PyriteError: the file can't be read, has no such columns or no rows with a label.
    """
    path = path.expanduser()
    form = user_files.format_of(path)
    files = shards.find(path, form)
    table = user_files.find_columns(path, form, files, text, label)
    named = [table.text, table.label, *([seeds] if seeds else [])]
    if len(files) > 1:
        names = ", ".join(list(files)[:NAMED_FILES]) + (", ..." if len(files) > NAMED_FILES else "")
        console.log.print(f"{path}: {len(files):,} files are read as one set: {names}")
    rows, written, lists = [], defaultdict[str, set[str]](set), 0
    for file in files.values():
        for row in fields.checked(formats.read(file, Layout(format=form), named), named):
            value = fields.written_label(row, table.label)
            raw = fields.get(row, table.label)
            # `datasets` writes -1 where there is no label.
            unknown = "" if table.class_names and value.strip() == "-1" else texts.normalise_label(value)
            meant = table.class_names.get(value.strip(), unknown)
            written[meant].add((raw if isinstance(raw, str) else meant).strip())
            made_from = seeds_of(fields.get(row, seeds)) if seeds else []
            # Several answers to one request are several texts.
            answers = fields.get(row, table.text)
            several = isinstance(answers, list) and len(answers) > 1 and all(isinstance(a, str) for a in answers)
            lists += several
            for words in answers if several else [fields.string(row, table.text)]:
                rows.append((texts.encodable(words), meant, made_from))
    frame = pd.DataFrame(rows, columns=["text", "label", "seeds"])
    if lists:
        console.log.print(f"{path}: {lists:,} rows have a list in '{table.text}': each text in it is one by itself")
    for sentence in [] if table.class_names else profile.alike(written):
        console.log.print(f"{path}: {sentence}")
    meanings = {name: name for name in frame["label"].unique()}
    meanings |= profile.whole_numbers(meanings)
    new_names = dict(values)
    for old in [old for old in values if old not in meanings and old not in meanings.values()]:
        match [name for name in meanings if name not in values and texts.plain_label(name) == texts.plain_label(old)]:
            case [name]:
                new_names[name] = values[old]
                console.log.print(f"{path}: its label '{name}' is taken for '{old}' of --values")
            case _:
                console.log.print(f"{path}: no row has the label '{old}' of --values")
    frame["label"] = frame["label"].map({old: new_names.get(old, new_names.get(n, n)) for old, n in meanings.items()})
    if (frame["label"] == "").all():
        raise PyriteError(f"{path}: no row has a label in '{table.label}'")
    return frame if seeds else frame.drop(columns="seeds")


def seeds_of(value: Any) -> list[str]:
    """The ids of the real rows that a field names, by their ids or their texts: one, or a list, in JSON too."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, list):
        return [seed for item in value for seed in seeds_of(item)]
    text = "" if value is None or value != value else texts.normalise(str(value))
    if _IDS.fullmatch(text):
        return re.findall("[0-9a-f]{16}", text)
    return [texts.digest(text)[:16]] if text else []
