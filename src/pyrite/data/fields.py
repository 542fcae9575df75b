"""From the fields of a raw row to its text and its labels, as the task's card describes them.

What is missing is the empty string: an absent field, null, NaN and an empty cell are one thing everywhere.
"""

import ast
import html
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyrite.base.errors import PyriteError
from pyrite.data import cards, formats, texts
from pyrite.data.formats.rows import Row

_FIELD = re.compile(r"\{([^{}]+)\}")
_FENCED = re.compile(r"```\w*(.*?)(?:```|\Z)", re.DOTALL)
# Rows at the beginning of a file of which one at least must have a field that is asked for.
FIRST_ROWS = 1000

# Repairs of known damage, by their names in a card; each is applied to the whole text, in the card's order.
CLEANING: dict[cards.Cleaning, Callable[[str], str]] = {
    # AG's News has a backslash where its source had a line break.
    "backslashes": lambda text: re.sub(r"\\+", " ", text),
    # AG's News lost the & of many entities: `#39;` is an apostrophe.
    "ampersands": lambda text: re.sub(r"(?<![&\w])(#\d+;|(?:quot|amp|lt|gt);)", r"&\1", text),
    "unescape": html.unescape,
    "tags": lambda text: re.sub(r"<[^>]*>", " ", text),
    "line_breaks": lambda text: text.replace("<br />", " "),
}


def read(path: Path, rows: cards.Rows) -> Iterator[Row]:
    """The rows of a file that has the form of `rows`, in its order.

    Raises:
        PyriteError: the file is missing, does not have the form that the card gives it, or lacks a field.
    """
    try:
        raw = formats.read(path, rows, used(rows))
        if rows.beside:
            beside = rows.model_copy(update={"columns": rows.beside.columns})
            raw = _side_by_side(raw, formats.read(path.parent / rows.beside.file, beside))
        yield from checked(raw, used(rows))
    except FileNotFoundError as error:
        raise PyriteError(f"{error.filename}: no such file: run `pyrite fetch {path.parent.name}`") from None


def _side_by_side(first: Iterator[Row], second: Iterator[Row]) -> Iterator[Row]:
    """The rows of two files joined by their numbers; both must be equally long and agree where both have a column."""
    for left, right in itertools.zip_longest(first, second):
        if left is None or right is None:
            extra = left or right
            raise extra.mistake("the file beside this one is shorter: they belong together row by row")
        for name in left.fields.keys() & right.fields.keys():
            if left.fields[name] != right.fields[name]:
                raise right.mistake(f"{name} is '{right.fields[name]}', not '{left.fields[name]}' as in {left.path}")
        yield Row(left.path, left.number, left.fields | right.fields)


def used(rows: cards.Rows) -> list[str]:
    """The fields that a card takes from the rows of a file."""
    of_text = rows.text.model_dump().values() if isinstance(rows.text, cards.Entities) else _FIELD.findall(rows.text)
    named = [*rows.where, *rows.parts, *of_text, rows.label, rows.ratings]
    made = {group for pattern in rows.parts.values() for group in re.compile(pattern).groupindex}
    return [name for name in named if name and name not in made]


def checked(rows: Iterator[Row], names: Sequence[str]) -> Iterator[Row]:
    """The rows, if each of the fields is in one of the first at least.

    Raises:
        PyriteError: none of them has it, or one repeats the header.
    """
    first = list(itertools.islice(rows, FIRST_ROWS))
    for name in names:
        if first and not any(has(row, name) for row in first):
            columns = ", ".join(dict.fromkeys(field for row in first for field in row.fields))
            raise first[0].mistake(f"no '{name}'; there are {columns}")
    return map(_no_header, itertools.chain(first, rows))


def _no_header(row: Row) -> Row:
    if len(row.fields) > 1 and all(str(value).strip("\ufeff \n") == name for name, value in row.fields.items()):
        raise row.mistake("repeats the names of the columns, as where files were put together: take it out")
    return row


def take_apart(row: Row, parts: dict[str, str]) -> Row:
    """The row with the named groups of each pattern as further fields."""
    fields = dict(row.fields)
    for name, pattern in parts.items():
        match = re.search(pattern, string(row, name))
        if not match:
            raise row.mistake(f"'{name}' does not match the card's pattern {pattern!r}")
        fields |= match.groupdict()
    return row._replace(fields=fields)


def text(row: Row, rows: cards.Rows) -> str:
    """The text of a row, cleaned but not normalised."""
    if isinstance(rows.text, cards.Entities):
        result = _marked(row, rows.text)
    else:
        result = _FIELD.sub(lambda match: string(row, match[1]), rows.text)
    for step in rows.clean:
        result = CLEANING[step](result)
    return result


def label(row: Row, rows: cards.Rows, labels: dict[str, str]) -> str | None:
    """The label of a row, or None where the card leaves out rows with such a value.

    Raises:
        PyriteError: the row has no label, or one that the card doesn't list.
    """
    return _known(row, rows, written_label(row, rows.label or ""), labels)


def ratings(row: Row, rows: cards.Rows, labels: dict[str, str]) -> dict[str, str]:
    """Each rater's label (rater -> label): raters without names are called by their places, from 1."""
    value = get(row, rows.ratings or "")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise row.mistake(f"'{rows.ratings}' is not a JSON list of ratings") from None
    if isinstance(value, list):
        value = {str(place): rating for place, rating in enumerate(value, start=1)}
    if not isinstance(value, dict) or not value:
        raise row.mistake(f"'{rows.ratings}' has no ratings")
    labelled = {rater: _known(row, rows, str(rating), labels) for rater, rating in value.items()}
    return {rater: rating for rater, rating in labelled.items() if rating is not None}


def get(row: Row, name: str) -> Any:
    """A field of a row, or None; `a.b.0` is place 0 of field b of field a, where no field has a longer part of that for
    its name. A field may hold others as JSON, too."""
    return _find(row, name)[1]


def has(row: Row, name: str) -> bool:
    """Whether a row has a field, even an empty one."""
    return _find(row, name)[0]


def _find(row: Row, name: str) -> tuple[bool, Any]:
    if name in row.fields:
        return True, _submitted(row.fields, name)
    return _along(row.fields, name.split("."))


def _submitted(fields: dict[str, Any], name: str) -> Any:
    """A field; a list of people's answers without those that have another status beside them, as Argilla writes it."""
    value, status = fields[name], isinstance(fields[name], list) and fields.get(f"{name}.status")
    if isinstance(status, list) and len(status) == len(value):
        return [answer for answer, is_now in zip(value, status, strict=True) if is_now == "submitted"]
    return value


def _along(value: Any, path: list[str]) -> tuple[bool, Any]:
    if not path:
        return True, value
    value = _unwritten(value)
    if isinstance(value, list):
        # Label Studio keeps what an annotator gave up.
        value = [entry for entry in value if not (isinstance(entry, dict) and entry.get("was_cancelled"))]
        with suppress(ValueError, IndexError):
            return _along(value[int(path[0])], path[1:])
    if isinstance(value, dict):
        for end in range(len(path), 0, -1):
            if (key := ".".join(path[:end])) in value and (inner := _along(_submitted(value, key), path[end:]))[0]:
                return inner
    return False, None


def _unwritten(value: Any) -> Any:
    """The list or the object that a string is, as JSON or as Python and numpy write them; else the value itself."""
    if not isinstance(value, str):
        return value
    fenced = _FENCED.search(value)  # as LLMs like to write it
    written = fenced[1].strip() if fenced else value
    if not written.startswith(("{", "[", "(")):
        return value
    with suppress(ValueError, RecursionError):
        return json.loads(written)
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        # numpy puts no comma between texts, which Python would join.
        parsed = ast.literal_eval(re.sub(r"""(['"])\s+(?=['"])""", r"\1, ", written))
        if isinstance(parsed, list | dict | set | tuple):
            return parsed if isinstance(parsed, dict) else list(parsed)
    return value


def string(row: Row, name: str) -> str:
    """A field as text, empty where it is missing: a whole number has no decimals, bytes are UTF-8, a list of one value
    is that value.

    Raises:
        PyriteError: it holds other fields, or bytes that are no text.
    """
    return _string(row, name, get(row, name))


def written_label(row: Row, name: str) -> str:
    """A field as a label: as `string`, also where a list or an object is written as text, such as `['a']`; empty in a
    row that Prodigy's user rejected."""
    if row.fields.get("answer") in ("reject", "ignore") and "_task_hash" in row.fields:
        return ""
    value = get(row, name)
    return _string(row, name, _unwritten(value.strip() if isinstance(value, str) else value))


def _string(row: Row, name: str, value: Any) -> str:
    if isinstance(value, list) and len(value) == 1 and _of_values(value):
        value = value[0]
    if isinstance(value, str):
        return value
    if value in (None, [], {}) or value != value:  # NaN, also that of a date
        return ""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise row.mistake(f"'{name}' has bytes that are no UTF-8") from None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    if isinstance(value, list | dict):
        raise row.mistake(_inside(name, value))
    return str(value)


def inner_field(row: Row, name: str) -> str:
    """What to name in place of a text that holds others, as JSON; empty where it holds none."""
    value = get(row, name)
    written = _unwritten(value) if isinstance(value, str) else None
    return _inside(name, written) if isinstance(written, list | dict) and written else ""


def _inside(name: str, value: Any) -> str:
    """What to name in place of a field that holds others."""
    # Whole numbers in a list are classes.
    numbers, kinds = (value.values(), float | int) if isinstance(value, dict) else (value, float)
    if len(value) > 1 and all(isinstance(number, kinds) for number in numbers):
        return f"'{name}' has several numbers, such as one for each label: name a column of texts or of one label each"
    if isinstance(value, list) and all(map(_is_span, value)):
        return f"'{name}' has labels of places in a text, which are not supported: one label for the whole text"
    path, inner = name, value
    while inner and (isinstance(inner, dict) or (isinstance(inner, list) and not _of_values(inner))):
        likely = ("text", "content", "label", "value", "name", *inner)
        step: Any = 0 if isinstance(inner, list) else next(key for key in likely if key in inner)
        path, inner = f"{path}.{step}", inner[step]
    if isinstance(value, list) and _of_values(value):
        several = "several labels a text are not supported yet"
        return f"'{name}' has a list: one text and one label a row ({several}), or name a place in it: {name}.0"
    kind = "a list of fields" if isinstance(value, list) else f"fields within it ({', '.join(map(str, value))})"
    return f"'{name}' has {kind}: name the one that is meant, such as {path}"


def _is_span(value: Any) -> bool:
    """Whether it is a label from one place of a text to another, as annotators note them."""
    if isinstance(value, dict):
        return {"start", "end"} <= value.keys()
    return isinstance(value, list) and len(value) == 3 and [type(place) for place in value[:2]] == [int, int]


def _of_values(listed: list[Any]) -> bool:
    return not any(isinstance(value, list | dict | tuple) for value in listed)


def _known(row: Row, rows: cards.Rows, value: str, labels: dict[str, str]) -> str | None:
    value = texts.normalise_label(value)
    label = rows.values.get(value) if rows.values else value
    if label in labels:
        return label
    if rows.other_values == "drop":
        return None
    problem = f"unknown label '{value}'" if value else "no label"
    raise row.mistake(f"{problem}; the card lists {', '.join(rows.values or labels)}")


def _marked(row: Row, entities: cards.Entities) -> str:
    """The tokens with [H] ... [/H] around the head entity and [T] ... [/T] around the tail entity."""
    tokens, head, tail = (get(row, name) for name in (entities.tokens, entities.head, entities.tail))
    if not isinstance(tokens, list):
        raise row.mistake(f"'{entities.tokens}' is no list of tokens")
    for positions in (head, tail):
        if not (isinstance(positions, list) and positions and all(place in range(len(tokens)) for place in positions)):
            raise row.mistake(f"entity {positions} is not within the {len(tokens)} tokens")
    marked = []
    for place, token in enumerate(tokens):
        marked += [mark for mark, positions in (("[H]", head), ("[T]", tail)) if place == positions[0]]
        marked.append(token)
        marked += [mark for mark, positions in (("[/H]", head), ("[/T]", tail)) if place == positions[-1]]
    return " ".join(marked)
