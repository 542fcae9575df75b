"""Transcripts: what was said in the conversations of a (task, setting), one JSON line each.

A recording is a transcript that ships with the project. No real text is in one: `prompt` has `{examples}` unfilled,
`examples` holds the ids of the real rows that were shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from pyrite import files, settings
from pyrite.cards import Card
from pyrite.errors import PyriteError
from pyrite.schema import Schema
from pyrite.settings import Templates


class Turn(Schema):
    """One question and its raw answer."""

    prompt: str
    examples: tuple[str, ...]
    answer: str


class Conversation(Schema):
    """A system message and the turns that followed, all for one label."""

    task: str
    setting: str
    label: str
    conversation: Annotated[int, Field(ge=0)]
    model: str
    recorded: str
    system: str
    turns: tuple[Turn, ...]


def read(path: Path, card: Card, setting: str) -> list[Conversation]:
    """The conversations of a transcript, ordered by label (as in the card) and number.

    Raises:
        PyriteError: the file is missing, a line is broken, or it speaks of another task, setting or label.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        raise PyriteError(f"{path}: no such recording; record {card.id} {setting} first or take it from git") from None
    conversations: dict[tuple[str, int], Conversation] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            conversation = Conversation.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            raise PyriteError(f"{place}: not a conversation: {key + ': ' if key else ''}{first['msg']}") from None
        if (conversation.task, conversation.setting) != (card.id, setting):
            said = f"{conversation.task} {conversation.setting}"
            raise PyriteError(f"{place}: a conversation of {said} in the recording of {card.id} {setting}")
        if conversation.label not in card.labels:
            known = ", ".join(card.labels)
            raise PyriteError(f"{place}: label '{conversation.label}' is not in the card, which has {known}")
        position = (conversation.label, conversation.conversation)
        if position in conversations:
            raise PyriteError(f"{place}: conversation {position[1]} of label '{position[0]}' is there twice")
        conversations[position] = conversation
    order = list(card.labels)
    return sorted(conversations.values(), key=lambda c: (order.index(c.label), c.conversation))


def write(path: Path, conversations: Iterable[Conversation]) -> None:
    lines = (json.dumps(c.model_dump(), ensure_ascii=False) + "\n" for c in conversations)
    files.write_text(path, "".join(lines))


def current(conversation: Conversation, card: Card, templates: Templates) -> Conversation:
    """The conversation up to the first turn that card and templates no longer render to.

    The number of texts asked for is the recording's own: it is read off the prompt.
    """
    if conversation.system != settings.system(card):
        return conversation.model_copy(update={"turns": ()})
    fresh = []
    for position, turn in enumerate(conversation.turns):
        if asked(turn, card, templates, conversation.label, position) is None:
            break
        fresh.append(turn)
    return conversation.model_copy(update={"turns": tuple(fresh)})


def asked(turn: Turn, card: Card, templates: Templates, label: str, position: int) -> int | None:
    """How many texts a turn asked for, or None where it is not what card and templates render to."""
    for n in sorted({int(digits) for digits in re.findall(r"\d{1,6}", turn.prompt)}):
        if settings.prompt(templates, card, label, position, n, len(turn.examples)) == turn.prompt:
            return n
    return None


_FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)(?:```|\Z)", re.DOTALL)
_DECODER = json.JSONDecoder()
_BETWEEN_ITEMS = re.compile(r"[\s,]*")
# How many opening brackets of an answer may turn out not to begin the array: a bound for hostile answers.
_TRIES = 100


def parse(answer: str) -> list[str]:
    """The texts of an answer: a JSON array of strings, bare, in a code fence, or as the one array of an object.

    Lenient, because answers are a model's: what stands around the array is ignored, a truncated array gives its whole
    items, items that are no strings are left out. An answer without an array of strings gives no texts.
    """
    if fenced := _FENCE.search(answer):
        answer = fenced[1]
    for bracket, _ in zip(re.finditer(r"\[", answer), range(_TRIES), strict=False):
        if found := _array(answer, bracket.end()):
            return found
    return []


def _array(answer: str, position: int) -> list[str]:
    """The strings of the array whose items begin at `position`, up to its end or the first broken item."""
    found: list[str] = []
    while True:
        position = _BETWEEN_ITEMS.match(answer, position).end()  # type: ignore[union-attr]  # it matches anywhere
        try:
            item, position = _DECODER.raw_decode(answer, position)
        except (json.JSONDecodeError, RecursionError):
            return found
        if isinstance(item, str):
            found.append(item)
