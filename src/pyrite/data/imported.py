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
from pyrite.data.rows import Layout

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
    found = shards.find(path, form)
    table = user_files.find_columns(path, form, found, text, label)
    named = [table.text, table.label, *([seeds] if seeds else [])]
    if len(found) > 1:
        names = ", ".join(list(found)[:NAMED_FILES]) + (", ..." if len(found) > NAMED_FILES else "")
        console.log.print(f"{path}: {len(found):,} files are read as one set: {names}")
    rows, written, lists = [], defaultdict[str, set[str]](set), 0
    for file in found.values():
        for row in fields.checked(formats.read(file, Layout(format=form), named), named):
            value = fields.written_label(row, table.label)
            raw = fields.get(row, table.label)
            # `datasets` writes -1 where there is no label.
            unknown = "" if table.class_names and value.strip() == "-1" else texts.normalise_label(value)
            meant = table.class_names.get(value.strip(), unknown)
            written[meant].add((raw if isinstance(raw, str) else meant).strip())
            made_from = seeds_of(fields.get(row, seeds)) if seeds else []
            # Several answers to one request are several texts.
            said = fields.get(row, table.text)
            several = isinstance(said, list) and len(said) > 1 and all(isinstance(one, str) for one in said)
            lists += several
            for words in said if several else [fields.string(row, table.text)]:
                rows.append((texts.encodable(words), meant, made_from))
    frame = pd.DataFrame(rows, columns=["text", "label", "seeds"])
    if lists:
        console.log.print(f"{path}: {lists:,} rows have a list in '{table.text}': each text in it is one by itself")
    for one in [] if table.class_names else profile.alike(written):
        console.log.print(f"{path}: {one}")
    whole = {one: one for one in frame["label"].unique()}
    whole |= profile.whole_numbers(whole)
    unused = [old for old in values if old not in whole and old not in whole.values()]
    meant_by = dict(values)
    for old in unused:
        match [one for one in whole if one not in values and texts.plain_label(one) == texts.plain_label(old)]:
            case [one]:
                meant_by[one] = values[old]
                console.log.print(f"{path}: its label '{one}' is taken for '{old}' of --values")
            case _:
                console.log.print(f"{path}: no row has the label '{old}' of --values")
    frame["label"] = frame["label"].map({one: meant_by.get(one, meant_by.get(n, n)) for one, n in whole.items()})
    if (frame["label"] == "").all():
        raise PyriteError(f"{path}: no row has a label in '{table.label}'")
    return frame if seeds else frame.drop(columns="seeds")


def seeds_of(value: Any) -> list[str]:
    """The ids of the real rows that a field names, by their ids or their texts: one, or a list, in JSON too."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, list):
        return [seed for one in value for seed in seeds_of(one)]
    said = "" if value is None or value != value else texts.normalise(str(value))
    if _IDS.fullmatch(said):
        return re.findall("[0-9a-f]{16}", said)
    return [texts.digest(said)[:16]] if said else []
