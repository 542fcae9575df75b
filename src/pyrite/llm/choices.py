"""Choices: which label an answer gives each of several texts, or which of two tasks it names.

Answers are a model's: untrusted, and read leniently.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pyrite.data import texts
from pyrite.llm import lenient, thoughts

# `1: positive`, `"1": "positive"`, `**2.** positive`, `Text 3: positive` or `| 4 | positive |`; the label ends with its
# quotes, its line, a comma or a star. The bound on its length keeps hostile answers cheap.
_NUMBERED = re.compile(
    r"""(?:^|[,;:{|\[])[ \t"']*+(?:[-•*+][ \t]+)?\**(?:(?:text|item|sentence|label|number|no\.?)[ \t]*)?"""
    r"""["'“(#]?(\d{1,4})(?!\.\d)(?:\ufe0f?\u20e3)?["'”)]?\**[ \t]*"""
    r"""(?:(?:[-=]>|[:.=)\]–—→|：、．\t\u20e3-])+|(?<=\u20e3)|(?:is about|is|should be)\b(?: labell?ed(?: as)?)?)"""
    r"""\**[ \t]*\**(?:["“]([^"“”\n]{0,200})["”]|'([^'\n]{0,200})'|([^\s:.=)"'*|-][^\n,;}*|"\]]{0,200}))""",
    re.IGNORECASE | re.MULTILINE,
)
_KEY = re.compile(r"[\W_]*[^\W\d_]{0,12}[\W_]*(\d{1,4})(?:\.0)?[\W_]*", re.IGNORECASE)
# The fields of an object that number its text; others count something else.
_INDEX = re.compile(
    r"(?:(?:text|item|sentence)[ _]?)?(?:id|index|idx|n|no|nr|num|number|key|text|item|sentence)", re.IGNORECASE
)
_LETTER = re.compile(r"\W*(?:(?:the )?(?:more objective )?(?:task|answer|option)?(?: is)?)?\W*([ab])\W*", re.IGNORECASE)
# What may stand before a label, and what may follow it.
_BEFORE, _AFTER = (
    re.compile(r"\A\W*(?:the )?(?:labels?|class(?:es)?|category|categories|answers?)\s*(?:(?:is|are)\b|[:=])\s*", re.I),
    re.compile(r"\s[-–—]|[,;:()（）：]"),
)
# A tag, with the number of a text if it has one.
_TAG = re.compile(r"<(/?)[^<>\d]{0,30}(\d{0,4})[^<>]{0,10}>")
_ROW = re.compile(r"^([ \t]*\d{1,4}),(?=[^,\n]+$)", re.MULTILINE)
# A row of a table; and a number above what is said of its text, or before the text and that.
_CELLS = re.compile(r"^[ \t]*\|[ \t*]*(\d{1,4})[.*]*[ \t]*\|(.{0,999})$", re.MULTILINE)
_ABOVE = re.compile(
    r"""^[^\w\n]*+(?:(?:text|item|sentence|message|number|no\.?)[ \t#]*)?(\d{1,4})[.):\]*]*[ \t]*"""
    r"""(?:["“]([^"“”\n]{0,500})["”][ \t]*(?:[-=]>|[-–—→:])[ \t]*|(?:["“]([^"“”\n]{0,500})["”])?[*: \t]*\n\s*+)"""
    r"""(?=[^\W\d]|["'*])""",
    re.IGNORECASE | re.MULTILINE,
)
# Deeper, and a longer line, than any answer that was asked for.
_DEEPEST, _LONGEST = 4, 300

# The label that some words name, or None.
Known = Callable[[str], str | None]


def of_texts(answer: str, n: int, labels: Sequence[str]) -> list[str | None]:
    """The label that an answer gives each of n texts; None where there is none, or one that is not known.

    Read are a JSON object by number, in another object or not, a list of objects or pairs, an array of n labels in
    order, an object of each label's numbers, numbered lines, n lines of a label each. Thoughts and what stands around
    the labels are ignored, a truncated answer gives what it has, and case, spaces, `_`, `-`, `*`, quotes and a full
    stop do not make another label; nor does an explanation behind it. Of two labels for one text none counts. An answer
    that numbers texts otherwise than from 1 to n says nothing.
    """
    known = _reader(labels)
    by_number: dict[int, set[str | None]] = {}
    for number, words in _numbered(thoughts.strip(answer), n, known):
        by_number.setdefault(number, set()).add(known(words))
    if not by_number.keys() <= set(range(1, n + 1)):
        return [None] * n
    return [_only(by_number.get(number, set())) for number in range(1, n + 1)]


def _reader(labels: Sequence[str]) -> Known:
    plain: dict[str, str | None] = {}
    for label in labels:
        plain[texts.plain_label(label)] = None if texts.plain_label(label) in plain else label
    # Signs around a label, of which no label has one, and none that denies or doubts it.
    own = re.escape("".join(labels))
    around = re.compile(rf"^(?:(?![{own}!¬~≠])[\W_])+|(?:(?![{own}?])[\W_])+$")

    def named(words: str) -> str | None:
        for form in (words, around.sub("", words)):
            if label := form if form in labels else plain.get(texts.plain_label(form)):
                return label
        return None

    def known(words: str) -> str | None:
        bare = _BEFORE.sub("", words, count=1)
        if label := named(words) or named(bare):
            return label
        first, *others = [named(part) for part in _AFTER.split(bare) if part.strip()] or [None]
        return first if not {*others} - {first, None} else None

    return known


def _numbered(answer: str, n: int, known: Known) -> list[tuple[int, str]]:
    """(number, what is said of it) of JSON or, where none gives a label, of numbered lines or of n lines."""

    def of_values(every: Iterable[Any]) -> list[tuple[int, str]]:
        return [pair for value in every for pair in _of_json(value, n, known, 0)]

    def labelled(pairs: list[tuple[int, str]]) -> int:
        return len({number for number, label in pairs if known(label)})

    if labelled(pairs := of_values(lenient.values(answer))):
        return pairs
    nearly = [of_values(value for *_, value in lenient.broken(answer, kind, [], len(answer))) for kind in "{["]
    answer = _TAG.sub(lambda tag: f"\n{tag[2]}: " if tag[2] and not tag[1] else "\n" if tag[1] else "", answer)
    answer = _ROW.sub(r"\1: ", answer)
    lines = [line for line in answer.splitlines() if line.strip()]
    lines = _BEFORE.sub("", lines[0], count=1).split(",") if len(lines) == 1 < n else lines
    lines = lines[1:] if len(lines) == n + 1 and lines[0].rstrip().endswith(":") else lines
    labels = [
        known(line) if len(line) < _LONGEST and not _NUMBERED.match(line) else None
        for line in lines[: max(n, lenient.TRIES)]
    ]
    if n == 1 and (label := _only(set(labels))):
        return [(1, label)]
    if len(lines) == n and None not in labels:
        return list(enumerate(map(str, labels), start=1))
    answer = _CELLS.sub(lambda row: f"{row[1]}: {_only(set(map(known, row[2].split('|')))) or ''}", answer)
    answer = _ABOVE.sub(lambda head: head[0] if known(head[2] or head[3] or "") else f"{head[1]}: ", answer)
    numbered = [(int(number), next(filter(None, words), "")) for number, *words in _NUMBERED.findall(answer)]
    return max([*nearly, numbered], key=labelled)


def _only(labels: set[str | None]) -> str | None:
    """The one label of some; None where there are several or none."""
    labels = labels - {None}
    return labels.pop() if len(labels) == 1 else None


def _of_json(value: Any, n: int, known: Known, depth: int) -> list[tuple[int, str]]:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        value = lenient.values(value)
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return []
    if isinstance(value, list):
        if value and all(isinstance(item, list) and len(item) == 2 and _number(item[0]) for item in value):
            return [(int(_number(number)), _label(item, known) or "") for number, item in value]
        labels = [_label(item, known) for item in value]
        numbered = [pair for item in value for pair in _of_json(item, n, known, depth + 1)]
        in_order = [(number, label) for number, label in enumerate(labels, start=1) if label is not None]
        return numbered or (in_order if len(in_order) == len(value) == n else [])
    by_number = [(int(_number(key)), _label(item, known) or "") for key, item in value.items() if _number(key)]
    if any(known(label) for _, label in by_number):  # whatever else there is, such as how many they are
        return by_number
    lists = {key: re.findall(r"[^\s,;]+", item) if isinstance(item, str) else item for key, item in value.items()}
    if value and all(known(key) and isinstance(item, list) and all(map(_number, item)) for key, item in lists.items()):
        return [(int(_number(number)), key) for key, numbers in lists.items() for number in numbers]
    numbers = [number for key, item in value.items() if _INDEX.fullmatch(key) and (number := _number(item))]
    label = _label(value, known)
    if label is not None and (len(numbers) == 1 or n == 1):
        return [(int(numbers[0]) if numbers else 1, label)]
    return [pair for item in value.values() for pair in _of_json(item, n, known, depth + 1)]


def _number(value: Any) -> str:
    """The number of a text that a JSON value names, in digits; empty where it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 10_000 else ""
    match = _KEY.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else ""


def _label(value: Any, known: Known) -> str | None:
    """The one label of a JSON value: itself, or an object's `label`, or the only word or label of one or of a list."""
    if isinstance(value, dict | list):
        inside = value if isinstance(value, list) else value.values()
        words = [word for item in inside if (word := _word(item, known)) is not None]
        labels = [word for word in words if known(word)]
        only = words[0] if len(words) == 1 else labels[0] if len(labels) == 1 else None
        value = value.get("label", only) if isinstance(value, dict) else only
    return _word(value, known)


def _word(value: Any, known: Known) -> str | None:
    """A JSON string; or a number or a truth value, where a label is written so."""
    if isinstance(value, str) or value is None:
        return value
    word = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return word if isinstance(value, int | float) and known(word) else None


def of_two(answer: str, first: str, second: str) -> str | None:
    """The task that an answer calls more objective: `first` for A, `second` for B; None where it is no such answer."""
    answer = thoughts.strip(answer)
    inside = [label for value in lenient.values(answer) if (label := _label(value, lambda _: None)) is not None]
    letter = _LETTER.fullmatch(inside[0] if len(inside) == 1 else answer)
    return {"A": first, "B": second}[letter[1].upper()] if letter else None
