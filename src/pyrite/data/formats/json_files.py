"""JSON and JSON lines."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from pyrite.base.errors import PyriteError
from pyrite.data import texts
from pyrite.data.formats import streams
from pyrite.data.formats.rows import Fields, Format, Layout, Row, require_different

# How JSON writes one half of an emoji, or two that belong together.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_NO_SPACE = re.compile(r"[^ \t\r\n]")


def read(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """A list of rows, an object of rows or of lists of rows (`key` is their name), of columns, or of lists of texts by
    their labels, or rows one after another.

    What stands beside lists of rows tells of the whole, and is none; nor are lists without any of the named columns.
    """
    values = _parse("".join(streams.lines(path, layout.encoding)), path)
    data = values[0] if len(values) == 1 else values
    if isinstance(data, dict) and isinstance(data.get("columns"), list) and isinstance(data.get("data"), list):
        names = list(map(str, data["columns"]))
        require_different(names, path)
        data = [
            dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == len(names) else row
            for row in data["data"]
        ]
    if isinstance(data, dict) and _are_by_label(data, names):
        data = [{"text": text, "label": label} for label, listed in data.items() for text in listed]
    if isinstance(data, dict) and (columns := _columns(data, path)):
        data = [dict(zip(data, values, strict=True)) for values in zip(*columns, strict=True)]
    if isinstance(data, dict):
        lists = {key: value for key, value in data.items() if _are_rows(value)}
        wanted = {name.partition(".")[0] for name in names}
        data = {key: rows for key, rows in lists.items() if any(wanted & row.keys() for row in rows)} or lists or data
        if data and not any(isinstance(value, list | dict) for value in data.values()):
            raise PyriteError(
                f"{path}: is one object ({json.dumps(data, ensure_ascii=False)[:60]}), not a list of rows"
            )
        groups = ((key, value if isinstance(value, list) else [value]) for key, value in data.items())
        data = [{"key": key, **row} if isinstance(row, dict) else row for key, group in groups for row in group]
    if not isinstance(data, list):
        raise PyriteError(f"{path}: row 1: not a list or an object of rows")
    return (_object(path, number, row) for number, row in enumerate(data, start=1))


def _are_by_label(data: Fields, names: Collection[str]) -> bool:
    """Whether it is lists of texts by their labels, and not columns: of these one would repeat its values."""
    lists = all(isinstance(value, list) and all(isinstance(text, str) for text in value) for value in data.values())
    named = {*names, "text", "label"} & {*data, *map(str.casefold, data)}
    return len(data) > 1 and lists and not named and all(2 * len(set(value)) > len(value) for value in data.values())


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _columns(data: Fields, path: Path) -> list[list[Any]] | None:
    """The columns of what pandas writes as {"text": {"0": ..., "1": ...}}, or of equally long lists of values."""
    values = list(data.values())
    numbered = all(isinstance(value, dict) and value and all(map(str.isdecimal, value)) for value in values)
    listed = all(isinstance(value, list) and not any(isinstance(cell, dict) for cell in value) for value in values)
    lengths = {name: len(value) for name, value in data.items()} if numbered or listed else {}
    if len(set(lengths.values())) > 1:
        unequal = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise PyriteError(
            f"{path}: its lists are columns of different lengths ({unequal}): each needs a value for each row"
        )
    return [list(value.values()) if numbered else value for value in values] if lengths else None


def read_lines(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """A JSON object a line, or the objects in the list `within` of each line; blank lines are no rows."""
    for number, line in enumerate(streams.lines(path, layout.encoding), start=1):
        for row in (_object(path, number, value) for value in _parse(line, path, number)):
            if layout.within is None:
                yield row
                continue
            if not isinstance(row.fields.get(layout.within), list):
                raise row.mistake(f"no list '{layout.within}'")
            for inner in row.fields[layout.within]:
                yield _object(path, number, inner)


def _parse(text: str, path: Path, row: int = 0) -> list[Any]:
    """The values that stand one after another in a file, or in a row of it."""
    values, end = [], 0
    try:
        while match := _NO_SPACE.search(text, end):
            value, end = _DECODER.raw_decode(text, match.start())
            values.append(value)
        return [_encodable(value) for value in values] if _HALF.search(text) else values
    except json.JSONDecodeError as error:
        whole = ": name a file of JSON as a whole .json" if row and text.strip() in ("[", "{") else ""
        problem = f"broken JSON ({error.msg}, column {error.colno}){whole}"
        raise PyriteError(f"{path}: row {row or error.lineno}: {problem}") from None
    except ValueError as error:  # a key that is there twice, or a number of thousands of digits
        raise PyriteError(f"{path}:{f' row {row}:' if row else ''} broken JSON ({error})") from None
    except RecursionError:
        raise PyriteError(f"{path}:{f' row {row}:' if row else ''} nested too deeply") from None


def _different(pairs: list[tuple[str, Any]]) -> Fields:
    """The fields of an object, of which Python would keep the last of those that have one name."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError(f"'{Counter(name for name, _ in pairs).most_common(1)[0][0]}' is there twice in one object")
    return fields


_DECODER = json.JSONDecoder(object_pairs_hook=_different)


def _encodable(value: Any) -> Any:
    """The value with a sign for what can't be read in place of half an emoji, which no file can hold."""
    if isinstance(value, str):
        return texts.encodable(value)
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return {_encodable(key): _encodable(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _object(path: Path, number: int, value: Any) -> Row:
    row = Row(path, number, value)
    if not isinstance(value, dict):
        whole = isinstance(value, list) and ".json" not in path.suffixes
        advice = ": name a file of JSON as a whole .json" if whole else ""
        raise row.mistake(f'not a JSON object, such as {{"text": ..., "label": ...}}{advice}')
    return row


def write_lines(handle: IO[bytes], rows: Iterable[Fields]) -> None:
    for row in rows:
        handle.write((json.dumps(row, ensure_ascii=False, default=str) + "\n").encode("utf-8", errors="replace"))


FORMATS = {
    "json": Format((".json",), (), read),
    "json_lines": Format(
        (".jsonl", ".ndjson"), ("within",), read_lines, write_lines, streams.count_lines, of_folders=True
    ),
}
