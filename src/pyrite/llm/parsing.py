"""Parsing: what an LLM's answers hold. Answers are untrusted: nothing in them raises, nothing takes long."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)(?:```|\Z)", re.DOTALL)
_DECODER = json.JSONDecoder()
_BETWEEN_ITEMS = re.compile(r"[\s,]*")
# How many opening brackets of an answer may turn out not to begin the array: a bound for hostile answers.
_TRIES = 100
_LIST_ITEM = re.compile(r"^[ \t]*(?:\d{1,4}[.):]|[-*•])[ \t]+(\S.*)$", re.MULTILINE)
_REFUSAL = re.compile(
    r"\b(?:I['’]?m sorry|I apologi[sz]e|I (?:can['’]?t|cannot|can not|won['’]?t|am (?:not able|unable)|['’]m unable) )",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»"}


def texts(answer: str) -> list[str]:
    """The texts of an answer: a JSON array of strings, bare, in a code fence or in an object, else a list's items.

    What stands around the array is ignored, a truncated array gives its whole items, items that are no strings are
    left out. A numbered or bulleted list counts only where there is no array. An answer with neither gives no texts.
    """
    if found := next((strings for strings in map(_strings, _arrays(answer)) if strings), []):
        return found
    return [_unquoted(item) for item in _LIST_ITEM.findall(answer)]


def attributes(answer: str) -> dict[str, list[str]]:
    """The attributes of an answer by name, each with its values: `[{"name": ..., "values": [...]}, ...]` or an object.

    Attributes without a name or a value are left out.
    """
    for array in _arrays(answer):
        pairs = [(item.get("name"), item.get("values")) for item in array if isinstance(item, dict)]
        if found := _named(pairs):
            return found
    for start in re.finditer(r"\{", answer):
        try:
            value, _ = _DECODER.raw_decode(answer, start.start())
        except (ValueError, RecursionError):
            return {}
        return _named(list(value.items())) if isinstance(value, dict) else {}
    return {}


def is_refusal(answer: str) -> bool:
    """Whether an answer without texts says that the LLM will not write them."""
    return _REFUSAL.search(answer[:500]) is not None


def encodable(text: str) -> str:
    """The text with every lone surrogate replaced: it can be written as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _named(pairs: list[tuple[Any, Any]]) -> dict[str, list[str]]:
    found = {}
    for name, values in pairs:
        strings = _strings(values) if isinstance(values, list) else []
        if isinstance(name, str) and name.strip() and strings:
            found[encodable(name)] = strings
    return found


def _strings(array: list[Any]) -> list[str]:
    return [encodable(item) for item in array if isinstance(item, str)]


def _arrays(answer: str) -> Iterator[list[Any]]:
    """The JSON arrays that begin somewhere in an answer, in order of their beginnings."""
    if fenced := _FENCE.search(answer):
        answer = fenced[1]
    for bracket, _ in zip(re.finditer(r"\[", answer), range(_TRIES), strict=False):
        yield _array(answer, bracket.end())


def _array(answer: str, position: int) -> list[Any]:
    """The items of the array whose first item begins at `position`, up to its end or the first broken item."""
    found: list[Any] = []
    while True:
        position = _BETWEEN_ITEMS.match(answer, position).end()  # type: ignore[union-attr]  # it matches anywhere
        try:
            item, position = _DECODER.raw_decode(answer, position)
        except (ValueError, RecursionError):
            return found
        found.append(item)


def _unquoted(item: str) -> str:
    item = encodable(item.strip().rstrip(","))
    if len(item) > 1 and _QUOTES.get(item[0]) == item[-1]:
        return item[1:-1]
    return item
