"""Parsing: what an LLM's answers hold. Answers are untrusted: nothing in them raises, nothing takes long."""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Sequence

from pyrite.data.texts import encodable
from pyrite.llm import lenient, thoughts
from pyrite.llm.values import BESIDE, Reading, pairs, shows_a_form, strings

_KINDS = r"(?:text|item|sentence|example|number|no\.?)"
_MARK = (
    rf"(?:\**(?:{_KINDS}[ \t]*)?[#(\[]?\d{{1,4}}(?:[.):\]]|[ \t][-–—])\**:?|#\d{{1,4}}|[-*•–—+→▪◦①-⑳]"
    r"|\(?[a-z]\)|[ivx]{1,4}[.)])"
)
# The lines below an item that are indented belong to it.
_LIST_ITEM = re.compile(
    rf"^[ \t]*(?:{_MARK}[ \t]+|\d{{1,4}}[、．])(\S.*(?:\n[ \t]+(?!{_MARK}|\w+:)\S.*)*)$", re.MULTILINE | re.IGNORECASE
)
_TAGS = r"(?:(?:text|item|sentence|example|string|entry)[_-]?\d{0,3}|li|p)\b"
_TAGGED = re.compile(rf"<({_TAGS})[^<>]{{0,99}}>([^<]*+(?:<(?!/?{_TAGS})[^<]*+)*+)</\1>", re.IGNORECASE)
_LINES = re.compile(r'(?:^[ \t]*+"(?:[^"\\\n]|\\.)*+"[ \t]*+,?[ \t]*+(?:\n(?:[ \t]*\n)*+|\Z))+', re.MULTILINE)
_LINE = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NUMBER = re.compile(
    rf"\s*[(\[*]{{0,3}}(?:{_KINDS}\s*)?(#?)(\d{{1,4}})(?:[.):\]]{{1,2}}\**:?(?:\s+|(?=\D))|\s?[-–—]\s+|(?<=#\d)\s+)(?=\S)",
    re.IGNORECASE,
)
# A name before an array says that it holds no texts.
_NAME_BEFORE = re.compile(r"(\w{1,20})[*_]{0,2}[ \t]*[:=][*_]{0,2}\s*\Z")
# What stands on the line of an array that is no part of a sentence.
_LINE_BEGINS, _LINE_ENDS = re.compile(r"(?:\A|[\n:=,;`>\]}])[ \t]*\Z"), re.compile(r"[ \t,;`~\]}]*(?:\n|\Z|[\[{<])")
_REFUSAL = re.compile(
    r"\b(?:I['’]?m sorry|I apologi[sz]e|I (?:can['’]?t|cannot|can not|won['’]?t|am (?:not able|unable)|['’]m unable) )",
    re.IGNORECASE,
)
# What stands before a list's text and is none: a box; the sign of a folded text; or a name, if all have the same.
_BOX = re.compile(r"\[[ xX]?\][ \t]+|[>|]-?[ \t]*\n\s*")
_NAMED = re.compile(r"(?:[a-z_]{1,20}:|\*\*[\w ]{1,30}(?::\*\*|\*\*:))[ \t]+")
# A text in quotes with a remark behind it, and one in marks that make it bold, slanted or code.
_REMARKED = re.compile(r"""(["“«][^"“”«»]+["”»])[ \t]+[(\[–—-].*""")
_MARKED = re.compile(r"(\*\*|[*_`])(?=\S)([^*`]+)\1")
# How a sentence ends; and, so far, one that was cut off in its middle.
_ENDED = re.compile(r"""[.!?…。！？:;)\]"'”’»」]\s*\Z""")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "「": "」", "『": "』"}


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
    for _, _, value in lenient.whole(thoughts.strip(answer)):
        for name, values in pairs(value):
            words = [encodable(one) for one in values if isinstance(one, str)]
            if isinstance(name, str) and name.strip() and words:
                named[encodable(name)] = words
    return named


def is_refusal(answer: str) -> bool:
    """Whether an answer without texts says that the LLM will not write them."""
    return _REFUSAL.search(thoughts.strip(answer)[:500]) is not None


def _read(said: str) -> Reading:
    try:
        whole = json.loads(said, strict=False)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, str):
        # JSON in a JSON string; or a text in place of an array of one.
        return found if (found := _read(whole)).items else Reading([whole], 0)
    found = _of_arrays(said)
    if len(found.items) == 1 and found.items[0] and all(map(_LIST_ITEM.match, found.items[0].splitlines())):
        return _listed(found.items[0])  # a list in the place of a text
    if found.items or (found := _first(said, "{", [], len(said))[0]).items:
        return found
    if lines := max(_LINES.finditer(said), key=lambda match: len(match[0]), default=None):
        return _first(f"[{','.join(_LINE.findall(lines[0]))}]", "[", [], 1)[0]
    if tagged := _TAGGED.findall(said):
        return Reading([item.strip() for _, item in tagged], found.unread)
    return _listed(said)


def _first(said: str, kind: str, apart: Sequence[tuple[int, int]], before: int) -> tuple[Reading, int, int]:
    """The texts of the first array or object that is no JSON and has some; where it begins, and where it ends."""
    for start, end, value in lenient.broken(said, kind, apart, before):
        if (found := strings(value)).items:
            return found, start, end
    return Reading([], 0), 0, 0


def _of_arrays(said: str) -> Reading:
    """The strings of the arrays and objects of an answer."""
    values = [(start, end, strings(value)) for start, end, value in lenient.whole(said)]
    whole = [value for value in values if value[2].items]
    if len(whole) > 1:
        whole = [value for value in whole if not shows_a_form(value[2].items)] or whole
    places = [(first, last) for first, last, _ in values]
    broken, start, end = _first(said, "[", places, whole[0][0] if whole else len(said))
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
    inner = [_of_arrays(item).items if item.lstrip()[:1] in ("[", "{") else [] for item in kept[: lenient.TRIES]]
    return Reading([one for strings in inner for one in strings] if inner and all(inner) else kept, unread)


def _stands_alone(said: str, start: int, end: int) -> bool:
    if (name := _NAME_BEFORE.search(said, max(0, start - 30), start)) and BESIDE.fullmatch(name[1]):
        return False
    return _LINE_BEGINS.search(said, max(0, start - 100), start) is not None and _LINE_ENDS.match(said, end) is not None


def _without_numbers(items: list[str]) -> list[str]:
    numbers = [_NUMBER.match(item) for item in items]
    values = [int(number[2]) for number in numbers if number]
    runs = len(values) == len(items) > 1 and all(a < b for a, b in itertools.pairwise(values))
    return [item[number.end() :] for item, number in zip(items, numbers, strict=True) if number] if runs else items


def _listed(said: str) -> Reading:
    """The items of a numbered or bulleted list; the last one only if it is not cut off where others end."""
    items = [_BOX.sub("", item.strip(), count=1) for item in _LIST_ITEM.findall(said)]
    names = [_NAMED.match(item) for item in items]
    if len(items) > 1 and len({name and name[0] for name in names}) == 1 and names[0]:
        items = [item[names[0].end() :] for item in items]
    cut = len(items) > 1 and said.rstrip().endswith(items[-1]) and all(map(_ENDED.search, items[:-1]))
    whole = items[:-1] if cut and not _ENDED.search(items[-1]) else items
    return Reading([_unquoted(item) for item in whole], len(items) - len(whole))


def _unquoted(item: str) -> str:
    item = item.rstrip(",")
    for form, group in ((_MARKED, 2), (_REMARKED, 1)):
        if found := form.fullmatch(item):
            item = found[group]
    return item[1:-1].strip() if len(item) > 1 and _QUOTES.get(item[0]) == item[-1] else item
