"""From the fields of a raw row to its text and its labels, as the task's card describes them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

from pyrite.data import cards
from pyrite.data.readers import Row

_FIELD = re.compile(r"\{([^{}]+)\}")

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


def take_apart(row: Row, parts: dict[str, str]) -> Row:
    """The row with the named groups of each pattern as further fields."""
    fields = dict(row.fields)
    for name, pattern in parts.items():
        match = re.search(pattern, _string(row, name))
        if not match:
            raise row.mistake(f"'{name}' does not match the card's pattern {pattern!r}")
        fields |= match.groupdict()
    return row._replace(fields=fields)


def text(row: Row, rows: cards.Rows) -> str:
    """The text of a row, cleaned but not normalised."""
    if isinstance(rows.text, cards.Entities):
        result = _marked(row, rows.text)
    else:
        result = _FIELD.sub(lambda match: _string(row, match[1]), rows.text)
    for step in rows.clean:
        result = CLEANING[step](result)
    return result


def label(row: Row, rows: cards.Rows, labels: dict[str, str]) -> str | None:
    """The label of a row, or None where the card leaves out rows with such a value.

    Raises:
        PyriteError: the row has no label, or one that the card doesn't list.
    """
    return _known(row, rows, _string(row, rows.label or ""), labels)


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
    known = {rater: _known(row, rows, str(rating), labels) for rater, rating in value.items()}
    return {rater: rating for rater, rating in known.items() if rating is not None}


def get(row: Row, name: str) -> Any:
    """A field of a row; `a.b.0` is place 0 of field b of field a, unless a field has that very name."""
    if name in row.fields:
        return row.fields[name]
    value: Any = row.fields
    for part in name.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            raise row.mistake(f"no '{name}'; there are {', '.join(row.fields)}") from None
    return value


def _string(row: Row, name: str) -> str:
    value = get(row, name)
    return "" if value is None else str(value)


def _known(row: Row, rows: cards.Rows, value: str, labels: dict[str, str]) -> str | None:
    found = rows.values.get(value.strip()) if rows.values else value.strip()
    if found in labels:
        return found
    if rows.other_values == "drop":
        return None
    problem = f"unknown label '{value}'" if value.strip() else "no label"
    raise row.mistake(f"{problem}; the card lists {', '.join(rows.values or labels)}")


def _marked(row: Row, entities: cards.Entities) -> str:
    """The tokens with [H] ... [/H] around the head entity and [T] ... [/T] around the tail entity."""
    tokens, head, tail = (get(row, name) for name in (entities.tokens, entities.head, entities.tail))
    for positions in (head, tail):
        if not (isinstance(positions, list) and positions and all(place in range(len(tokens)) for place in positions)):
            raise row.mistake(f"entity {positions} is not within the {len(tokens)} tokens")
    marked = []
    for place, token in enumerate(tokens):
        marked += [mark for mark, positions in (("[H]", head), ("[T]", tail)) if place == positions[0]]
        marked.append(token)
        marked += [mark for mark, positions in (("[/H]", head), ("[/T]", tail)) if place == positions[-1]]
    return " ".join(marked)
