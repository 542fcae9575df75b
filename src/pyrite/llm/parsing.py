"""Parsing: what an LLM's answers hold. Answers are untrusted: nothing in them raises, nothing takes long."""

import csv
import html
import itertools
import json
import re
from collections.abc import Sequence
from contextlib import suppress

from pyrite.data.texts import encodable
from pyrite.llm import lenient, thoughts
from pyrite.llm.values import BESIDE, TEXT, Reading, pairs, shows_a_form, strings

_KINDS = r"(?:text|item|sentence|example|number|no\.?|tweet|review|post|message|sms|comment|headline|summary)"
_BULLET = r"[-*•–—+→▪◦●■☐☑✅✔➤]"
_MARK = (
    rf"(?:\**(?:{_KINDS}[ \t_]*|[a-z](?=\d{{1,4}}:))?[#(\[]?\d{{1,4}}"
    r"(?:\ufe0f?\u20e3|\\?[.):\]]{1,2}|[ \t][-–—])\**:?"
    rf"|#\d{{1,4}}|{_BULLET}|[①-⑳]"
    r"|\(?[a-z]\)|[ivx]{1,4}[.)])"
)
# The lines below an item that are indented belong to it.
_LIST_ITEM = re.compile(
    rf"^[ \t]*(?:{_MARK}[^\S\n]+|\d{{1,4}}(?:[、．\t]|[.)](?=[^\W\d_])))(\S.*(?:\n[ \t]+(?!{_MARK}|\w+:)\S.*)*)$",
    re.MULTILINE | re.IGNORECASE,
)
_TAGS = r"(?:(?:text|item|sentence|example|string|entry)[_-]?\d{0,3}|li|p)\b"
_TAGGED = re.compile(rf"<({_TAGS})[^<>]{{0,99}}>([^<]*+(?:<(?!/?{_TAGS})[^<]*+)*+)</\1>", re.IGNORECASE)
# An element of any name that holds no other.
_LEAF = re.compile(r"<([^\W\d][\w-]{0,40}?)[_-]?\d{0,3}(?:\s[^<>]{0,99})?>([^<>]*+)</\1[_-]?\d{0,3}>")
# Strings that stand alone on their lines, or several in a row.
_STRING = r"""(?:"(?:[^"\\\n]|\\.)*+"|“[^“”\n]*+”|«[^«»\n]*+»)"""
_SEVERAL = re.compile(
    rf"(?:^[ \t]*+{_STRING}[ \t]*+,?[ \t]*+(?:\n(?:[ \t]*\n)*+|\Z))+"
    rf"|(?:^|[(\[{{:=])[ \t]*+{_STRING}(?:[ \t]*+[,;|]\s*+{_STRING})++(?=[\s,;]*+(?:[)\]}}]|\n|\Z))",
    re.MULTILINE,
)
# `text: ...` on lines of its own, and a number as the heading of a text.
_FIELD = re.compile(
    r"^[ \t]*(?:[-*•][ \t]+)?[\"'*]{0,2}(?:text|sentence|content|example)[\"'*]{0,2}[ \t]*[:=][*]{0,2}[ \t]*"
    r"(\S.*(?:\n(?![ \t]*(?:[-*•\[]|[\"'*]{0,2}[\w ]{1,20}[\"'*]{0,2}[ \t]*[:=])|\s*$).*)*)$",
    re.MULTILINE | re.IGNORECASE,
)
_HEADING = re.compile(
    rf"^[#*_ \t]*(?:{_KINDS}[ \t_]?)?#?(\d{{1,4}})[.):\]]?[*_: \t]*\n\s*+(?=\S)", re.MULTILINE | re.IGNORECASE
)
_COLUMN = re.compile(rf"{TEXT.pattern}|comment|example|sms", re.IGNORECASE)
_NUMBER = re.compile(
    rf"\s*[(\[*]{{0,3}}(?:{_KINDS}\s*)?(#?)(\d{{1,4}})(?:[.):\]]{{1,2}}\**:?(?:\s+|(?=\D))|\s?[-–—]\s+|(?<=#\d)\s+)(?=\S)",
    re.IGNORECASE,
)
# A name before an array says that it holds no texts.
_NAME_BEFORE = re.compile(r"(\w{1,20})[*_]{0,2}[ \t]*[:=][*_]{0,2}\s*\Z")
# JSON in a string, perhaps in a block of code.
_PACKED = re.compile(r"\s*(?:```\w*\s*)?[\[{]")
# What stands on the line of an array that is no part of a sentence.
_LINE_BEGINS = re.compile(rf"(?:\A|[\n:=,;`>\]}}])[ \t]*(?:{_MARK}[ \t]+)?\Z", re.IGNORECASE)
_LINE_ENDS = re.compile(r"[ \t,;`~\]}]*(?:\n|\Z|[\[{<])")
# How models refuse: words of regret or of what they are, what they can't or won't, and what they were asked for.
_REGRET = r"\W*(?:I['’]?m |I |my )?(?:sorry|apologies|apologi[sz]e|unfortunately|afraid|as an ai\b[^.\n]{0,30}?|no)\b"
_MODEL = r"\W*(?:as|I['’]m|I am)(?: just)? an? (?:[\w-]+ ){0,3}(?:AI|model)(?: (?:language )?(?:model|assistant))?\W++"
_BUT = r"[\s,.;:!]*(?:but |and |so |that )?"
_CANNOT = (
    r"\bI(?:['’]?(?:m|ll|d)| am| will| would)?(?: \w+ly)? (?:can['’]?t|cannot|can not|won['’]?t|will not|unable|refuse"
    r"|not (?:able|going|allowed|permitted|willing)|(?:rather|prefer) not|(?:don['’]t|do not|not) (?:feel )?comfortable"
    r"|(?:(?:must|have to|need to|going to have to) )?(?:\w+ly )?decline)\b"
)
_ABROAD = (
    r"(?:tut mir leid|lo siento|désolée?|desculpe|mi dispiace|spijt me|извините|抱歉|对不起|申し訳|죄송|语言模型)"
    r"[^.!?。]{0,40}(?:nicht|no puedo|ne peux|não posso|non posso|niet|не могу|无法|不能|できません|수 없)"
)
_RULES = r"\bmy (?:\w+ ){0,2}(?:guidelines|programming|scope)\b"
_REFUSAL = re.compile(rf"{_CANNOT}|\bI['’]m sorry|\bapologi[sz]e|{_RULES}|{_ABROAD}", re.IGNORECASE)
# A whole text that is one. Others begin so too, but not with such a request.
_MAKE = r"(?:provid|generat|creat|produc|writ|engag)\w+"
_END = r"\W*(?:\n|\Z|(?:is there|can I|let me|let['’]s|would you)\b)"
_SUCH = rf"[^.!?]{{0,60}}\b(?:such|request|content|texts?|examples?|speech)\b| th(?:is|at|ese)(?: for you)?{_END}"
_REQUEST = (
    rf"(?:(?<=decline)|(?<=comfortable) with) (?:this|that|your|these) (?:requests?|one)\b|(?<=decline){_END}"
    rf"|[^.!?]{{0,40}}\b(?:fulfil|comply(?: with (?:th|your)|{_END})|(?:help|assist)(?: you)? with (?:th|your)"
    rf"|{_MAKE}(?:{_SUCH}))"
)
_REFUSES = re.compile(
    rf"{_REGRET}{_BUT}{_CANNOT}[^.!?]{{0,40}}\b(?:help|assist|fulfil|comply|do th|{_MAKE})(?! but)"
    rf"|(?:\W*|{_REGRET}{_BUT}|I (?:understand|appreciate)\b[^.!?\n]{{0,60}}{_BUT}){_CANNOT}(?:{_REQUEST})"
    rf"|{_MODEL}{_BUT}{_CANNOT}|[^.!?\n]{{0,60}}\brequest\W+but {_CANNOT}"
    rf"|[^.!?\n]{{0,60}}\b(?:against|violat\w+|beyond) {_RULES}|\W*{_RULES} (?:do not|don['’]t|prevent|prohibit)"
    rf"|(?:\w{{1,9}} ){{0,2}}\w{{0,9}}?{_ABROAD}",
    re.IGNORECASE,
)
# What stands before a list's text and is none: a line above others; a title; a box; the sign of a folded or a quoted
# text; a name, if all have the same.
_ABOVE = re.compile(r"\**[\w ]{1,30}:\**")
_TITLE = re.compile(r"\*\*[^*\n]{1,60}(?::\*\*\s*|\*\*[ \t]*(?:[:–—-][ \t]*|\n\s*))(?=\S)")
_BOX = re.compile(r"\A(?:\[[ xX]?\][ \t]+|[>|]-?[ \t]*\n\s*|>[ \t]+)")
_NAMED = re.compile(rf"(?:(?:[a-z_]{{1,20}}|(?i:{_KINDS})):|\*\*[\w ]{{1,30}}(?::\*\*|\*\*:))[ \t]+")
# A label that follows a text.
_LABELLED = re.compile(r"\s*[|(\[–—-]\s*\**(?:label|class|category)\**[ \t]*:.*", re.IGNORECASE | re.DOTALL)
# A text in quotes with a remark behind it, and one in marks that make it bold, slanted or code.
_REMARKED = re.compile(r"""(["“«][^"“”«»]+["”»])[ \t]+[(\[–—-].*""")
_MARKED = re.compile(r"(\*\*|[*_`])(?=\S)([^*`]+)\1")
# How a sentence ends; and, so far, one that was cut off in its middle.
_ENDED = re.compile(r"""[.!?…。！？:;)\]"'”’»」]\s*\Z""")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "「": "」", "『": "』"}


def texts(answer: str, n: int = 0) -> list[str]:
    """The texts of an answer; one of n lines that should have been n texts is taken for these."""
    items = read(answer).items
    lines = [line for line in items[0].splitlines() if line.strip()] if len(items) == 1 else []
    return lines if len(lines) == n > 1 else items


def read(answer: str) -> Reading:
    """The texts of an answer: JSON strings in one array or several, bare, in code fences or in objects; else one JSON
    string a line; else the items of a numbered or bulleted list. An answer with none of them holds no texts.

    Thoughts and what stands around the arrays are ignored; so is what an LLM offers in place of what it refuses, and
    texts that all are refusals. Only whole items count: a string that is cut off, or that is not followed by a comma or
    the end of its array, is unread, as are numbers and the like. Of a broken array the rest is read. Numbers that run
    through the items are taken off.
    """
    answer = thoughts.strip(answer)
    refuses = _REFUSES.match(answer)
    reading = _of_arrays(answer) if refuses else _read(answer)
    if not (reading.items or refuses) and ("&quot;" in answer or '\\"' in answer):
        reading = _read(html.unescape(answer).replace('\\"', '"'))
    items = _without_numbers([encodable(item) for item in reading.items])
    if all(map(_REFUSES.match, items)) or (shows_a_form(items) and any(map(str.isalpha, "".join(items)))):
        return Reading([], reading.unread)
    titles = [_TITLE.match(item) for item in items]
    if len(items) > 1 and all(titles):
        items = [item[title.end() :] for item, title in zip(items, titles, strict=True) if title]
    return Reading(items, reading.unread)


def attributes(answer: str) -> dict[str, list[str]]:
    """The attributes of an answer by name, each with its values: `[{"name": ..., "values": [...]}, ...]` or an object.

    Attributes without a name or a value are left out.
    """
    named = {}
    for _, _, value in lenient.whole(thoughts.strip(answer)):
        for name, values in pairs(value):
            words = [encodable(word) for word in values if isinstance(word, str)]
            if isinstance(name, str) and name.strip() and words:
                named[encodable(name)] = words
    return named


def is_refusal(answer: str) -> bool:
    """Whether an answer without texts says that the LLM will not write them."""
    return _REFUSAL.search(thoughts.strip(answer)[:500]) is not None


def _read(answer: str) -> Reading:
    whole = None
    with suppress(ValueError, RecursionError):
        whole = json.loads(answer, strict=False)
    if isinstance(whole, str):
        # JSON in a JSON string; or a text in place of an array of one.
        return inner if (inner := _read(whole)).items else Reading([whole], 0)
    answer = answer.replace('"""', '"').replace("<![CDATA[", "").replace("]]>", "")
    reading = _of_arrays(answer)
    if not reading.items:
        reading, _, _ = _first(answer, "{", [], len(answer))
    if len(reading.items) == 1 and reading.items[0] and all(map(_LIST_ITEM.match, reading.items[0].splitlines())):
        return _listed(reading.items[0])  # a list in the place of a text
    if reading.items:
        return reading
    several = max(_SEVERAL.finditer(answer), key=lambda match: len(match[0]), default=None)
    alone = _first(f"[{','.join(re.findall(_STRING, several[0]))}]", "[", [], 1)[0] if several else reading
    if len(alone.items) > 1:
        return alone
    if len(fields := _FIELD.findall(answer)) > 1 or (fields := _of_table(answer)):
        return _uncut(fields, answer)
    if elements := _of_elements(answer):
        return Reading(elements, 0)
    listed = _listed(_HEADING.sub(r"\1. ", answer))
    # Each of several may stand below a heading of its own.
    return listed if {*alone.items} <= {*listed.items} else alone


def _of_table(answer: str) -> list[str]:
    """The column of a table, in Markdown, with commas or with tabs, whose head names texts."""
    lines = [line.strip().strip("|") for line in answer.splitlines()]
    for number, line in enumerate(lines[: lenient.TRIES]):
        for sign in "|\t,":
            head = [name.strip(' "*') for name in line.split(sign)]
            column = next((i for i, name in enumerate(head) if _COLUMN.fullmatch(name)), -1)
            if len(head) > 1 and column >= 0:
                with suppress(csv.Error):
                    rows = csv.reader(lines[number + 1 :], delimiter=sign, skipinitialspace=True)
                    cells = [row[column].strip() for row in rows if len(row) == len(head)]
                    return [cell for cell in cells if cell.strip(":-")]
    return []


def _of_elements(answer: str) -> list[str]:
    """The words of elements that are called texts; else of the most of one name that hold no other."""
    if tagged := _TAGGED.findall(answer):
        return [item.strip() for _, item in tagged]
    named: dict[str, list[str]] = {}
    for name, item in _LEAF.findall(answer):
        if not (BESIDE.fullmatch(name) or thoughts.NAMED.match(name)):
            named.setdefault(name, []).append(item.strip())
    most = max(named.values(), key=len, default=[])
    return most if len(most) > 1 else []


def _first(answer: str, kind: str, apart: Sequence[tuple[int, int]], before: int) -> tuple[Reading, int, int]:
    """The texts of the first array or object that is no JSON and has some; where it begins, and where it ends."""
    for start, end, value in lenient.broken(answer, kind, apart, before):
        if (reading := strings(value)).items:
            return reading, start, end
    return Reading([], 0), 0, 0


def _of_arrays(answer: str) -> Reading:
    """The strings of the arrays and objects of an answer."""
    values = [(start, end, strings(value)) for start, end, value in lenient.whole(answer)]
    whole = [value for value in values if value[2].items]
    if len(whole) > 1:
        whole = [value for value in whole if not shows_a_form(value[2].items)] or whole
    places = [(first, last) for first, last, _ in values]
    broken, start, end = _first(answer, "[", places, whole[0][0] if whole else len(answer))
    inside = sum(len(reading.items) for first, last, reading in whole if start < first and last <= end)
    if broken.items and len(broken.items) + broken.unread > inside:
        return broken
    # An array in the middle of a sentence is a mention, if others stand alone; of mentions the longest, or the last.
    alone = [reading for start, end, reading in whole if _stands_alone(answer, start, end)]
    chosen = alone or sorted((reading for _, _, reading in whole), key=lambda reading: len(reading.items))[-1:]
    items = [item for reading in chosen for item in reading.items]
    # Dots and numbers in the place of a text are none.
    kept = [item for item in items if item.strip(" .…0123456789") or not item.strip()] or items
    unread = sum(reading.unread for reading in chosen) + len(items) - len(kept)
    # JSON in JSON strings.
    inner = [_of_arrays(item).items if _PACKED.match(item) else [] for item in kept[: lenient.TRIES]]
    return Reading(list(itertools.chain(*inner)) if inner and all(inner) else kept, unread)


def _stands_alone(answer: str, start: int, end: int) -> bool:
    if (name := _NAME_BEFORE.search(answer, max(0, start - 30), start)) and BESIDE.fullmatch(name[1]):
        return False
    return bool(_LINE_BEGINS.search(answer, max(0, start - 100), start) and _LINE_ENDS.match(answer, end))


def _without_numbers(items: list[str]) -> list[str]:
    numbers = [_NUMBER.match(item) for item in items]
    values = [int(number[2]) for number in numbers if number]
    runs = len(values) == len(items) > 1 and all(a < b for a, b in itertools.pairwise(values))
    return [item[number.end() :] for item, number in zip(items, numbers, strict=True) if number] if runs else items


def _listed(answer: str) -> Reading:
    """The items of a numbered or bulleted list."""
    numbered: list[str] = []
    bulleted: list[str] = []
    for match in _LIST_ITEM.finditer(answer):
        if not _ABOVE.fullmatch(item := _BOX.sub("", match[1].strip())):
            (bulleted if re.match(rf"\s*{_BULLET}\s", match[0]) else numbered).append(item)
    # Beside numbers, bullets are the parts of items or notes below them; or the numbers are headings.
    items = max(numbered, bulleted, key=lambda kind: sum(map(len, kind)))
    names = [_NAMED.match(item) for item in items]
    if len(items) > 1 and len({name and name[0] for name in names}) == 1 and names[0]:
        items = [item[names[0].end() :] for item in items]
    return _uncut(items, answer)


def _uncut(items: list[str], answer: str) -> Reading:
    """The items without what quotes them; the last one only if it is not cut off where others end."""
    cut = len(items) > 1 and answer.rstrip().endswith(items[-1]) and all(map(_ENDED.search, items[:-1]))
    whole = items[:-1] if cut and not _ENDED.search(items[-1]) else items
    return Reading([_unquoted(item) for item in whole], len(items) - len(whole))


def _unquoted(item: str) -> str:
    item = _LABELLED.sub("", item).rstrip(",")
    if item.endswith("**") and item.count("**") == 1:  # they begin before the item's number
        item = item[:-2]
    for form, group in ((_MARKED, 2), (_REMARKED, 1)):
        if match := form.fullmatch(item):
            item = match[group]
    return item[1:-1].strip() if len(item) > 1 and _QUOTES.get(item[0]) == item[-1] else item
