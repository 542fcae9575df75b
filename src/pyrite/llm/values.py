"""Values: the texts and attributes of the JSON values that an LLM answers with, whatever objects they stand in."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pyrite.llm import thoughts
from pyrite.llm.lenient import DEEPEST

# Words that stand for a text where the form of the answer is shown.
_PLACEHOLDER = re.compile(
    r"\W*(?:(?:(?:insert|your|first|second|third|next|another) )*(?:string|text|item|sentence|example)[\s_]?"
    r"(?:\d*|one|two|here))?\W*",
    re.IGNORECASE,
)
# What stands beside texts in an object and is none, in the singular or the plural.
BESIDE = re.compile(
    r"(?:id|index|label|category|class|type|role|language|title|explanation|note|score|tag|topic|keyword|metadata)(?:e?s)?",
    re.IGNORECASE,
)
# What texts are called in an object, and lists of those that are meant where it has others.
TEXT = re.compile(r"(?:[a-z]+[_ ])?(?:text|sentence|content|body|review|tweet|post|message|headline|summary)", re.I)
_CHOSEN = re.compile(r"texts|(?:final|revised|rewritten|improved|corrected|new|generated)\w*|accepted", re.IGNORECASE)
# Names of texts that are numbered: 1, text_2, a.
_NUMBERED = re.compile(r"\D{0,20}\d{1,4}\s*|[a-z]")


class Reading(NamedTuple):
    """What an answer holds: the texts, and how many items of its array could not be read."""

    items: list[str]
    unread: int


def pairs(value: Any, depth: int = 0) -> list[tuple[Any, list[Any]]]:
    """The lists of a JSON value with their names, in `name` or as keys."""
    if depth > DEEPEST:
        return []
    if isinstance(value, list):
        return [pair for item in value for pair in pairs(item, depth + 1)]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("values"), list):
        return [(value.get("name"), value["values"])]
    plain = [(name, values) for name, values in value.items() if isinstance(values, list)]
    return [
        pair
        for name, values in plain
        for pair in ([(name, values)] if any(isinstance(item, str) for item in values) else pairs(values, depth + 1))
    ]


def strings(value: Any, depth: int = 0) -> Reading:
    """The texts of a JSON value, and how many of its items hold none."""
    if isinstance(value, str):
        return Reading([value], 0)
    if depth < DEEPEST and isinstance(value, list):
        rows = [list(filter(_is_sentence, row)) for row in value if isinstance(row, list) and len(row) > 1]
        if len(rows) == len(value) > 1 and all(len(row) == 1 for row in rows):  # each with its label or number
            return Reading([text for row in rows for text in row], 0)
        return _joined(strings(item, depth + 1) for item in value)
    return _of_object(value, depth) if depth < DEEPEST and isinstance(value, dict) else Reading([], 1)


def _of_object(value: dict[str, Any], depth: int) -> Reading:
    fields = {name: item for name, item in value.items() if not (BESIDE.fullmatch(name) or thoughts.NAMED.match(name))}
    words = {name: item for name, item in fields.items() if isinstance(item, str)}
    named = [item for name, item in words.items() if TEXT.fullmatch(name)]
    sentences = named if len(named) == 1 else list(filter(_is_sentence, words.values()))
    text = words.get("text", sentences[0] if len(sentences) == 1 else None)
    chosen = [item for name, item in value.items() if _CHOSEN.fullmatch(name) and isinstance(item, list) and item]
    lists = chosen[:1] or fields.values()
    inside = _joined(strings(item, depth + 1) for item in lists if isinstance(item, list | dict))
    # An item's own text comes before what else is listed with it.
    if inside.items and not (depth and text):
        return inside
    if words and all(map(_NUMBERED.fullmatch, words)):
        return Reading(list(words.values()), len(fields) - len(words))
    packed = [item for item in words.values() if item.lstrip()[:1] in ("[", "{")]
    if text is None and len(packed or words) == 1:
        text = packed[0] if packed else next(iter(words.values()))
    if text is None and value and all(len(name.split()) > 2 for name in value):
        return Reading(list(value), 0)
    return Reading([], 1) if text is None or shows_a_form([text]) else Reading([text], 0)


def _is_sentence(item: Any) -> bool:
    return isinstance(item, str) and len(item.split()) > 2


def _joined(readings: Iterator[Reading]) -> Reading:
    parts = list(readings)
    return Reading([item for part in parts for item in part.items], sum(part.unread for part in parts))


def shows_a_form(items: Sequence[str]) -> bool:
    """Whether these are not texts, but words in their place."""
    return all(_PLACEHOLDER.fullmatch(item) for item in items)
