"""Parsing: what an LLM's answers hold. Answers are untrusted: nothing in them raises, nothing takes long."""

from __future__ import annotations

import html
import itertools
import json
import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pyrite.data.texts import encodable
from pyrite.llm import thoughts

# Control characters in strings are let through: models write raw newlines.
_DECODER = json.JSONDecoder(strict=False)
# How many opening brackets of an answer may turn out not to begin a value: a bound for hostile answers.
_TRIES = 100
# Deeper than any answer that was asked for.
_DEEPEST = 6
_KINDS = r"(?:text|item|sentence|example|number|no\.?)"
_MARK = rf"(?:\**(?:{_KINDS}[ \t]*)?#?\d{{1,4}}[.):]\**:?|[-*•])"
# The lines below an item that are indented belong to it.
_LIST_ITEM = re.compile(rf"^[ \t]*{_MARK}[ \t]+(\S.*(?:\n[ \t]+(?!{_MARK}|\w+:)\S.*)*)$", re.MULTILINE | re.IGNORECASE)
_TAGS = r"(?:text|item|sentence|example|string|entry|li)\b"
_TAGGED = re.compile(rf"<({_TAGS})[^<>]{{0,99}}>([^<]*+(?:<(?!/?{_TAGS})[^<]*+)*+)</\1>", re.IGNORECASE)
_LINES = re.compile(r'(?:^[ \t]*+"(?:[^"\\\n]|\\.)*+"[ \t]*+,?[ \t]*+(?:\n(?:[ \t]*\n)*+|\Z))+', re.MULTILINE)
_LINE = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NUMBER = re.compile(
    rf"\s*[(\[*]{{0,3}}(?:{_KINDS}\s*)?(#?)(\d{{1,4}})(?:[.):\]]{{1,2}}\**:?(?:\s+|(?=\D))|\s?[-–—]\s+|(?<=#\d)\s+)(?=\S)",
    re.IGNORECASE,
)
# Words that stand for a text where the form of the answer is shown.
_PLACEHOLDER = re.compile(
    r"\W*(?:(?:(?:your|first|second|third|next|another) )*(?:string|text|item|sentence|example)[\s_]?(?:\d*|one|two))?"
    r"\W*",
    re.IGNORECASE,
)
# What stands on the line of an array that is no part of a sentence.
_LINE_BEGINS, _LINE_ENDS = re.compile(r"(?:\A|[\n:=,;`>\]}])[ \t]*\Z"), re.compile(r"[ \t,;`~\]}]*(?:\n|\Z|[\[{<])")
_REFUSAL = re.compile(
    r"\b(?:I['’]?m sorry|I apologi[sz]e|I (?:can['’]?t|cannot|can not|won['’]?t|am (?:not able|unable)|['’]m unable) )",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "「": "」", "『": "』"}
# What stands beside a text in an object and is none.
_BESIDE = {"id", "index", "label", "category", "class", "type", "role", "language", "explanation", "reason", "note"}


class Reading(NamedTuple):
    """What an answer holds: the texts, and how many items of its array could not be read."""

    items: list[str]
    unread: int


def texts(answer: str) -> list[str]:
    """The texts of an answer."""
    return read(answer).items


def read(answer: str) -> Reading:
    """The texts of an answer: JSON strings in one array or several, bare, in code fences or in objects; else one JSON
    string a line; else the items of a numbered or bulleted list. An answer with none of them holds no texts.

    Thoughts and what stands around the arrays are ignored. Only whole items count: a string that is cut off, or that
    is not followed by a comma or the end of its array, is unread, as are numbers and the like. Of a broken array the
    rest is read. Numbers that run through the items are taken off.
    """
    said = thoughts.strip(answer)
    found = _read(said)
    if not found.items and ("&quot;" in said or '\\"' in said):
        found = _read(html.unescape(said).replace('\\"', '"'))
    return Reading(_without_numbers([encodable(item) for item in found.items]), found.unread)


def attributes(answer: str) -> dict[str, list[str]]:
    """The attributes of an answer by name, each with its values: `[{"name": ..., "values": [...]}, ...]` or an object.

    Attributes without a name or a value are left out.
    """
    named = {}
    for _, _, value in _values(thoughts.strip(answer)):
        for name, values in _pairs(value, 0):
            strings = [encodable(one) for one in values if isinstance(one, str)]
            if isinstance(name, str) and name.strip() and strings:
                named[encodable(name)] = strings
    return named


def is_refusal(answer: str) -> bool:
    """Whether an answer without texts says that the LLM will not write them."""
    return _REFUSAL.search(thoughts.strip(answer)[:500]) is not None


def json_values(said: str) -> list[Any]:
    """The whole JSON arrays and objects of an answer that lie in no other, in their order."""
    return [value for _, _, value in _values(said)]


def _values(said: str) -> Iterator[tuple[int, int, Any]]:
    end = tries = 0
    for bracket in re.finditer(r"[\[{]", said):
        if bracket.start() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(said, bracket.start())
        except (ValueError, RecursionError):
            tries += 1
            if tries == _TRIES:
                return
            continue
        yield bracket.start(), end, value


def _pairs(value: Any, depth: int) -> list[tuple[Any, list[Any]]]:
    if depth > _DEEPEST:
        return []
    if isinstance(value, list):
        return [pair for item in value for pair in _pairs(item, depth + 1)]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("values"), list):
        return [(value.get("name"), value["values"])]
    plain = [(name, values) for name, values in value.items() if isinstance(values, list)]
    return [
        pair
        for name, values in plain
        for pair in ([(name, values)] if any(isinstance(one, str) for one in values) else _pairs(values, depth + 1))
    ]


def _read(said: str) -> Reading:
    try:
        whole = json.loads(said, strict=False)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, str):
        # JSON in a JSON string; or a text in place of an array of one.
        return found if (found := _of_arrays(whole)).items else Reading([whole], 0)
    found = _of_arrays(said)
    if found.items:
        return found
    if lines := max(_LINES.finditer(said), key=lambda match: len(match[0]), default=None):
        return Reading([item for line in _LINE.findall(lines[0]) for item in _decoded(line)], found.unread)
    if tagged := _TAGGED.findall(said):
        return Reading([item.strip() for _, item in tagged], found.unread)
    return Reading([_unquoted(item) for item in _LIST_ITEM.findall(said)], found.unread)


def _of_arrays(said: str) -> Reading:
    """The strings of the arrays and objects of an answer."""
    values = [(start, end, _strings(value, 0)) for start, end, value in _values(said)]
    whole = [value for value in values if value[2].items]
    if len(whole) > 1:
        whole = [value for value in whole if not _shows_a_form(value[2].items)] or whole
    broken, start, end = _broken(
        said, [(first, last) for first, last, _ in values], whole[0][0] if whole else len(said)
    )
    inside = sum(len(found.items) for first, last, found in whole if start < first and last <= end)
    if broken.items and len(broken.items) + broken.unread > inside:
        return broken
    # An array in the middle of a sentence is a mention, if others stand alone; of mentions the longest, or the last.
    alone = [found for start, end, found in whole if _stands_alone(said, start, end)]
    chosen = alone or sorted((found for _, _, found in whole), key=lambda found: len(found.items))[-1:]
    items = [item for found in chosen for item in found.items]
    # Dots and numbers in the place of a text are none.
    kept = [item for item in items if item.strip(" .…0123456789") or not item.strip()] or items
    unread = sum(found.unread for found in chosen) + len(items) - len(kept)
    # JSON in JSON strings.
    inner = [_of_arrays(item).items if item.lstrip()[:1] in ("[", "{") else [] for item in kept[:_TRIES]]
    return Reading([one for strings in inner for one in strings] if inner and all(inner) else kept, unread)


def _stands_alone(said: str, start: int, end: int) -> bool:
    return _LINE_BEGINS.search(said, max(0, start - 100), start) is not None and _LINE_ENDS.match(said, end) is not None


def _shows_a_form(items: Sequence[str]) -> bool:
    return all(_PLACEHOLDER.fullmatch(item) for item in items)


def _strings(value: Any, depth: int) -> Reading:
    """The strings of a JSON value, and how many of its items are none."""
    if isinstance(value, str):
        return Reading([value], 0)
    if depth < _DEEPEST and isinstance(value, list):
        return _joined(_strings(item, depth + 1) for item in value)
    if depth < _DEEPEST and isinstance(value, dict):
        lists = value.values() if not value.get("texts") else [value["texts"]]
        inside = _joined(_strings(item, depth + 1) for item in lists if isinstance(item, list | dict))
        words = {name: item for name, item in value.items() if isinstance(item, str)}
        if inside.items:
            return inside
        if words and all(re.fullmatch(r"\D{0,20}\d{1,4}\s*", name) for name in words):
            return Reading(list(words.values()), len(value) - len(words))
        words = {name: item for name, item in words.items() if name.casefold() not in _BESIDE}
        words = {name: item for name, item in words.items() if item.lstrip()[:1] in ("[", "{")} or words
        one = next(iter(words.values())) if len(words) == 1 else None
        item = words.get("text", one if all(not isinstance(item, list | dict) for item in value.values()) else None)
        if item is not None and not _shows_a_form([item]):
            return Reading([item], 0)
    return Reading([], 1)


def _joined(readings: Iterator[Reading]) -> Reading:
    parts = list(readings)
    return Reading([item for part in parts for item in part.items], sum(part.unread for part in parts))


def _without_numbers(items: list[str]) -> list[str]:
    numbers = [_NUMBER.match(item) for item in items]
    values = [int(number[2]) for number in numbers if number]
    runs = len(values) == len(items) > 1 and all(a < b for a, b in itertools.pairwise(values))
    return [item[number.end() :] for item, number in zip(items, numbers, strict=True) if number] if runs else items


def _decoded(line: str) -> list[str]:
    try:
        return [json.loads(line, strict=False)]
    except ValueError:
        return []


def _unquoted(item: str) -> str:
    item = item.strip().rstrip(",")
    if bold := re.fullmatch(r"\*\*([^*]+)\*\*", item):
        item = bold[1]
    return item[1:-1] if len(item) > 1 and _QUOTES.get(item[0]) == item[-1] else item


# Arrays that are no JSON: other quotes, quotes inside that are not escaped, comments, an end that is missing.

_OPENING = "[\"“„‘'«「『]"
_CLOSERS = {'"': '"”', "“": '”"', "„": '“”"', "‘": "’'", "'": "'’", "«": '»"', "「": "」", "『": "』"}
_COMMA = "[,，、]"
# Possessive and bounded, so that hostile answers stay cheap.
_COMMENT = r"(?://|\#)[^\n]{0,200}\n|/\*[^*]{0,200}\*/"
_GAP = rf"(?>\s++|{_COMMENT}){{0,8}}+"
_PLAIN = r"(?:-?[\d.]++|(?i:null|none|true|false))"
_CLOSING = re.compile(
    rf"[\"”“’'»」』](?={_GAP}\]|{_GAP}{_COMMA}{_GAP}(?:{_OPENING}|[\[{{\]]|\.\.\.|…|{_PLAIN}\s*+[,\]]|\Z))"
)
_BEGINS = re.compile(rf"\[{_GAP}(?={_OPENING}|\{{|\[|…|\.\.\.)")
_BETWEEN = re.compile(rf"(?>[\s,，、…]++|\.\.\.|{_COMMENT})*+")
_FOLLOWED = re.compile(rf"{_GAP}[,，、\]]")
_NEXT = re.compile(rf"[,，、\n]\s*+(?={_OPENING}|\{{)")
_BARE = re.compile(r"[^,\]]*+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
# A string in which quotes stand in pairs around words, or within one.
_PAIRED = re.compile(
    r"""(?>[^"\\]++|\\.|(?<=\w)"(?=\w)|(?<!\w)"(?=[^\s"])(?:[^"\\]|\\.)*+(?<=[^\s"])"(?!\w))*+""", re.DOTALL
)
_LONGEST_ITEM = 20_000


def _broken(said: str, values: Sequence[tuple[int, int]], before: int) -> tuple[Reading, int, int]:
    """The first array that is no JSON and begins before a position: its items, where it begins and where it ends."""
    closings: dict[str, list[int]] = {}
    for bracket, _ in zip(_BEGINS.finditer(said), range(_TRIES), strict=False):
        if bracket.start() >= before:
            break
        if any(start <= bracket.start() < end for start, end in values):
            continue
        if not closings:
            for close in _CLOSING.finditer(said):
                closings.setdefault(close[0], []).append(close.start())
        found, end = _without_commas(said, bracket.end()) or _broken_array(said, bracket.end(), closings)
        if found.items:
            return found, bracket.start(), end
    return Reading([], 0), 0, 0


def _without_commas(said: str, position: int) -> tuple[Reading, int] | None:
    """The items of an array that is JSON but for what stands between them, and where it ends; None for another.

    A string that runs into the next one may be a part of it: only one with its comma counts.
    """
    items: list[Any] = []
    parts = 0
    while True:
        position = _BETWEEN.match(said, position).end()  # type: ignore[union-attr]  # it matches anywhere
        if said[position : position + 1] == "]":
            found = _strings(items, 0)
            return Reading(found.items, found.unread + parts), position + 1
        try:
            item, position = _DECODER.raw_decode(said, position)
        except (ValueError, RecursionError):
            return None
        if isinstance(item, str) and not _FOLLOWED.match(said, position):
            parts += 1
        else:
            items.append(item)


def _broken_array(said: str, position: int, closings: dict[str, list[int]]) -> tuple[Reading, int]:
    """The items of an array whose first one begins at a position, and where it ends."""
    items: list[str] = []
    unread = 0
    while unread < _TRIES:
        position = _BETWEEN.match(said, position).end()  # type: ignore[union-attr]  # it matches anywhere
        sign = said[position : position + 1]
        if sign in ("", "]"):
            return Reading(items, unread), position
        if sign in _CLOSERS:
            ends = [
                places[i]
                for c in _CLOSERS[sign]
                if (i := bisect(places := closings.get(c, []), position)) < len(places)
            ]
            item = said[position + 1 : min(ends)] if ends and min(ends) - position < _LONGEST_ITEM else None
            if item is not None and _is_whole(item, sign):
                items.append(_ESCAPE.sub(_unescaped, item))
                position = min(ends) + 1
                continue
        elif sign in ("{", "["):
            try:
                value, position = _DECODER.raw_decode(said, position)
            except (ValueError, RecursionError):
                pass
            else:
                strings = _strings(value, 1)
                items, unread = items + strings.items, unread + strings.unread
                continue
        else:
            unread, position = unread + 1, _BARE.match(said, position).end()  # type: ignore[union-attr]
            continue
        unread += 1
        if (following := _NEXT.search(said, position + 1)) is None:
            return Reading(items, unread), len(said)
        position = following.end()
    return Reading(items, unread), position


def _is_whole(item: str, opening: str) -> bool:
    """Whether what stands between two delimiters is one string, and not the end of one and the beginning of another."""
    if opening == '"':
        return _PAIRED.fullmatch(item) is not None
    if opening in "'‘":
        return re.search(r"(?<![\w\\])['‘]", item) is None
    return opening == "„" or not re.search("[“”«»]", re.sub("“[^“”]*”|«[^«»]*»", "", item))


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    # What JSON does not know is a backslash that the model forgot to double.
    return _ESCAPED.get(escape[2]) or (escape[2] if escape[2] in "\"'\\/" else escape[0])
