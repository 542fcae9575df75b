"""Lenient: the JSON values of an answer, and those that are JSON but for their quotes, commas, comments or end."""

import json
import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

# Deeper than any answer that was asked for.
DEEPEST = 6
# How many opening brackets of an answer, or items in them, may turn out to be no value: a bound for hostile answers.
TRIES = 100


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of a name that is given several words all are kept, in a list."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        before = fields.get(name, value)
        if isinstance(value, str) and isinstance(before, str | list) and before not in (value, []):
            value = [*(before if isinstance(before, list) else [before]), value]
        fields[name] = value
    return fields


# Control characters in strings are let through: models write raw newlines.
_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_object)


def values(answer: str) -> list[Any]:
    """The whole JSON arrays and objects of an answer that lie in no other, in their order; also of JSON in JSON."""
    with suppress(ValueError, RecursionError):
        if isinstance(inner := json.loads(answer), str):
            return values(inner)
    return [value for _, _, value in whole(answer)]


def whole(answer: str) -> Iterator[tuple[int, int, Any]]:
    """The same without JSON in JSON, each with where it begins and ends."""
    end = tries = 0
    for bracket in re.finditer(r"[\[{]", answer):
        if bracket.start() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(answer, bracket.start())
        except (ValueError, RecursionError):
            tries += 1
            if tries == TRIES:
                return
            continue
        yield bracket.start(), end, value


# Nearly JSON

_CLOSERS = {'"': '"”', "“": '”"', "„": '“”"', "‘": "’'", "'": "'’", "«": '»"', "「": "」", "『": "』"}
_OPENING = f"[{''.join(_CLOSERS)}]"
_COMMA = "[,，、;|]"
# Possessive and bounded, so that hostile answers stay cheap.
_COMMENT = r"(?://|\#)[^\n]{0,200}\n|/\*[^*]{0,200}\*/"
_GAP = rf"(?>\s++|\\n|{_COMMENT}){{0,8}}+"
_PLAIN = r"(?:-?[\d.]++|(?i:null|none|true|false))"
_NAME = rf"(?:{_OPENING}[^\"'“”„‘’«»\n]{{0,80}}[\"'”“’»]|[^\W\d][\w -]{{0,40}}|\d{{1,4}})"
_KEY = rf"{_NAME}{_GAP}[:：]"
_NAMED = re.compile(rf"({_NAME}){_GAP}[:：]{_GAP}")
_BETWEEN = re.compile(rf"(?>[\s,，、;|…]++|\\n|\.\.\.|{_COMMENT})*+")
_OPENS = re.compile(_GAP + _OPENING)
# How each begins, how a string in it ends, how far what is no value goes, and where what follows one may begin.
_BEGINS = {
    "[": re.compile(rf"\[{_GAP}(?={_OPENING}|\{{|\[|…|\.\.\.)"),
    "{": re.compile(rf"\{{{_GAP}(?={_KEY}|{_OPENING})"),
}
_CLOSING = "[\"”“’'»」』]"
_ENDS = {
    "[": re.compile(
        rf"{_CLOSING}(?={_GAP}\]|{_GAP}{_COMMA}{_GAP}(?:{_OPENING}|[\[{{\]]|\.\.\.|…|{_PLAIN}\s*+[,\]]|\Z))"
    ),
    "{": re.compile(rf"{_CLOSING}(?={_GAP}{_COMMA}?+{_GAP}(?:{_KEY}|\}})|{_GAP}{_COMMA}{_GAP}\Z)"),
}
_BARE = {"[": re.compile(r"[^,\]]*+"), "{": re.compile(r"[^,}]*+")}
_NEXT = {
    "[": re.compile(rf"(?:{_COMMA}|\n)\s*+(?={_OPENING}|\{{)"),
    "{": re.compile(rf"(?=\}}\s*+(?:[,\]}}]|\Z))|(?:{_COMMA}|\n)\s*+(?={_KEY})"),
}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
# A string in which quotes stand in pairs around words, or within one.
_PAIRED = re.compile(
    r"""(?>[^"\\]++|\\.|(?<=\w)"(?=\w)|(?<!\w)"(?=[^\s"])(?:[^"\\]|\\.)*+(?<=[^\s"])"(?!\w))*+""", re.DOTALL
)
_LONGEST = 20_000


def broken(answer: str, kind: str, apart: Sequence[tuple[int, int]], before: int) -> Iterator[tuple[int, int, Any]]:
    """The arrays (`[`) or objects (`{`) that are nearly JSON and begin before a position and in none of these places,
    each with where it begins and ends. What can't be read in them is None."""
    reader = _Reader(answer)
    for bracket in _BEGINS[kind].finditer(answer):
        if bracket.start() >= before or not reader.tries:
            return
        if not any(start <= bracket.start() < end for start, end in apart):
            value, end = reader.container(bracket.start(), 0)
            yield bracket.start(), end, value


class _Reader:
    """Reads one answer; `tries` is how much in it may be no value, a bound for hostile ones."""

    def __init__(self, answer: str) -> None:
        self._answer, self.tries = answer, TRIES
        self._ends: dict[str, dict[str, list[int]]] = {}

    def container(self, start: int, depth: int) -> tuple[Any, int]:
        """The array or object that begins here, and where it ends."""
        answer, kind, position = self._answer, self._answer[start], start + 1
        pairs: list[tuple[str, Any]] = []
        while self.tries:
            position = _BETWEEN.match(answer, position).end()  # type: ignore[union-attr]  # it matches anywhere
            if answer[position : position + 1] in ("", "]" if kind == "[" else "}"):
                break
            named = _NAMED.match(answer, position) if kind == "{" else None
            value, position = self._value(named.end() if named else position, kind, depth)
            pairs.append((named[1].strip(" \"'“”„‘’«»") if named else "", value))
        listed = kind == "[" or not any(name for name, _ in pairs)
        return [value for _, value in pairs] if listed else _object(pairs), position + 1

    def _value(self, start: int, kind: str, depth: int) -> tuple[Any, int]:
        sign = self._answer[start : start + 1]
        if sign in ("[", "{") and depth < DEEPEST:
            return self.container(start, depth + 1)
        if sign in _CLOSERS:
            return self._string(start, kind)
        bare = _BARE[kind].match(self._answer, start)
        assert bare is not None  # it matches anywhere
        with suppress(ValueError, RecursionError):  # a number or a truth value
            return json.loads(bare[0].lower()), bare.end()
        self.tries -= 1
        return None, bare.end()

    def _string(self, start: int, kind: str) -> tuple[str | None, int]:
        """The string that begins here, if it is whole, and where it ends, or what comes after it begins."""
        answer, sign = self._answer, self._answer[start]
        with suppress(ValueError):
            item, end = _DECODER.raw_decode(answer, start) if sign == '"' else ("", 0)
            if end and _ENDS[kind].match(answer, end - 1):
                return item, end
            if end and kind == "[" and _OPENS.match(answer, end):  # it runs into the next one, and may be a part of it
                self.tries -= 1
                return None, end
        close = self._closing(start, kind)
        if close and close - start < _LONGEST and _is_whole(item := answer[start + 1 : close], sign):
            return _ESCAPE.sub(_unescaped, item), close + 1
        self.tries -= 1
        following = _NEXT[kind].search(answer, start + 1)
        return None, following.end() if following else len(answer)

    def _closing(self, start: int, kind: str) -> int | None:
        """Where the string that begins here may end, at the earliest."""
        if kind not in self._ends:
            self._ends[kind] = {}
            for close in _ENDS[kind].finditer(self._answer):
                self._ends[kind].setdefault(close[0], []).append(close.start())
        places = [self._ends[kind].get(sign, []) for sign in _CLOSERS[self._answer[start]]]
        return min((ends[i] for ends in places if (i := bisect(ends, start)) < len(ends)), default=None)


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
