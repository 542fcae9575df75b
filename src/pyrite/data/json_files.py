"""JSON and JSON lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from pyrite.base.errors import PyriteError
from pyrite.data import streams, texts
from pyrite.data.rows import Fields, Layout, Row, require_different

# How JSON writes one half of an emoji, or two that belong together.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """A list of rows, an object of rows or of lists of rows (`key` is their name), or an object of columns.

    What stands beside lists of rows tells of the whole, and is none.
    """
    text = "".join(streams.lines(path, layout.encoding))
    try:
        data = _parse(text, f"{path}")
    except PyriteError as error:
        if "Extra data" not in str(error):
            raise
        return read_lines(path, Layout(format="json_lines", encoding=layout.encoding), names)
    if isinstance(data, dict) and isinstance(data.get("columns"), list) and isinstance(data.get("data"), list):
        names = list(map(str, data["columns"]))
        require_different(names, path)
        data = [
            dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == len(names) else row
            for row in data["data"]
        ]
    if isinstance(data, dict) and (columns := _columns(data)):
        data = [dict(zip(data, values, strict=True)) for values in zip(*columns, strict=True)]
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if _are_rows(value)} or data
        groups = ((key, value if isinstance(value, list) else [value]) for key, value in data.items())
        data = [{"key": key, **row} if isinstance(row, dict) else row for key, group in groups for row in group]
    if not isinstance(data, list):
        raise PyriteError(f"{path}: row 1: not a list or an object of rows")
    return (_object(path, number, row) for number, row in enumerate(data, start=1))


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _columns(data: Fields) -> list[list[Any]] | None:
    """The columns of what pandas writes as {"text": {"0": ..., "1": ...}}, or of equally long lists of values."""
    values = list(data.values())
    columns = [list(value.values()) if isinstance(value, dict) else value for value in values]
    numbered = all(isinstance(value, dict) and value and all(map(str.isdecimal, value)) for value in values)
    listed = all(isinstance(value, list) and not any(isinstance(one, dict) for one in value) for value in values)
    return columns if (numbered or listed) and len({len(column) for column in columns}) == 1 else None


def read_lines(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """A JSON object a line, or the objects in the list `within` of each line; blank lines are no rows."""
    for number, line in enumerate(streams.lines(path, layout.encoding), start=1):
        if line.isspace():
            continue
        row = _object(path, number, _parse(line, f"{path}: row {number}"))
        if layout.within is None:
            yield row
            continue
        if not isinstance(row.fields.get(layout.within), list):
            raise row.mistake(f"no list '{layout.within}'")
        for inner in row.fields[layout.within]:
            yield _object(path, number, inner)


def _parse(text: str, place: str) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_different)
        return _encodable(value) if _HALF.search(text) else value
    except json.JSONDecodeError as error:
        line = f"row {error.lineno}: " if ": row" not in place else ""
        raise PyriteError(f"{place}: {line}broken JSON ({error.msg}, column {error.colno})") from None
    except ValueError as error:  # a key that is there twice, or a number of thousands of digits
        raise PyriteError(f"{place}: broken JSON ({error})") from None
    except RecursionError:
        raise PyriteError(f"{place}: nested too deeply") from None


def _different(pairs: list[tuple[str, Any]]) -> Fields:
    """The fields of an object, of which Python would keep the last of those that have one name."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError(f"'{Counter(name for name, _ in pairs).most_common(1)[0][0]}' is there twice in one object")
    return fields


def _encodable(value: Any) -> Any:
    """The value with a sign for what can't be read in place of half an emoji, which no file can hold."""
    if isinstance(value, str):
        return texts.encodable(value)
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    return {_encodable(key): _encodable(one) for key, one in value.items()} if isinstance(value, dict) else value


def _object(path: Path, number: int, value: Any) -> Row:
    row = Row(path, number, value)
    if not isinstance(value, dict):
        name = (
            ": name a file of JSON as a whole .json" if isinstance(value, list) and ".json" not in path.suffixes else ""
        )
        raise row.mistake(f'not a JSON object, such as {{"text": ..., "label": ...}}{name}')
    return row


def write_lines(handle: IO[bytes], rows: Iterable[Fields]) -> None:
    for row in rows:
        handle.write((json.dumps(row, ensure_ascii=False, default=str) + "\n").encode("utf-8", errors="replace"))
