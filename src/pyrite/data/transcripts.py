"""Transcripts: what was said in the conversations of a (task, setting), one JSON line each.

A recording is a transcript that ships with the project. No real text is in one: `prompt` has `{examples}` unfilled,
`examples` holds the ids of the real rows that were shown.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pyrite.base import files
from pyrite.base.errors import PyriteError
from pyrite.data.cards import Card

Count = Annotated[int, Field(ge=0)]
_STRICT = ConfigDict(extra="forbid", strict=True)


# Dataclasses, not models: a study has a hundred thousand turns, and each would take three times the memory.
@dataclass(frozen=True, slots=True, config=_STRICT)
class Turn:
    """One question and its raw answer.

    Attributes:
        prompt: the question, with `{examples}` unfilled.
        examples: the ids of the real rows that it showed.
        answer: what came back.
        requested: how many texts it asked for; None in a recording that leaves it to the prompt.
        prompt_tokens, completion_tokens: what the endpoint charged for, where it said so.
        refused: why it has no answer, or none to its end, where that is so.
    """

    prompt: str
    examples: tuple[str, ...]
    answer: str
    requested: Count | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, config=_STRICT)
class Conversation:
    """A system message and the turns that followed, all for one label."""

    task: str
    setting: str
    label: str
    conversation: Count
    model: str
    recorded: str
    system: str
    turns: tuple[Turn, ...]


_CONVERSATION = TypeAdapter(Conversation)


def line(conversation: Conversation) -> str:
    """A conversation as a line of a transcript; what is not known is left out."""
    fields = asdict(conversation)
    fields["turns"] = [{k: v for k, v in turn.items() if v is not None} for turn in fields["turns"]]
    return json.dumps(fields, ensure_ascii=False) + "\n"


def read(path: Path, card: Card, setting: str) -> list[Conversation]:
    """The conversations of a transcript, ordered by label (as in the card) and number.

    Raises:
        PyriteError: the file is missing, a line is broken, or it speaks of another task, setting or label.
    """
    conversations: dict[tuple[str, str, int], Conversation] = {}
    for place, conversation in _lines(path):
        if (conversation.task, conversation.setting) != (card.id, setting):
            other = f"{conversation.task} {conversation.setting}"
            raise PyriteError(f"{place}: a conversation of {other} in the recording of {card.id} {setting}")
        if conversation.label not in card.labels:
            labels = ", ".join(card.labels)
            raise PyriteError(f"{place}: label '{conversation.label}' is not in the card, which has {labels}")
        position = (conversation.model, conversation.label, conversation.conversation)
        if position in conversations:
            raise PyriteError(f"{place}: conversation {position[2]} of label '{position[1]}' is there twice")
        conversations[position] = conversation
    order = list(card.labels)
    return sorted(conversations.values(), key=lambda c: (order.index(c.label), c.conversation))


def _lines(path: Path) -> Iterator[tuple[str, Conversation]]:
    """The conversations of a transcript, each with its place in the file."""
    try:
        records = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        raise PyriteError(f"{path}: no such file: run `dvc repro`") from None
    for number, record in enumerate(records, start=1):
        if record.strip():
            try:
                yield f"{path}:{number}", _CONVERSATION.validate_json(record)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                key = ".".join(map(str, first["loc"]))
                problem = f"{key}: {first['msg']}" if key else first["msg"]
                raise PyriteError(f"{path}:{number}: not a conversation: {problem}") from None


def showings(path: Path) -> dict[tuple[str, int], list[tuple[str, ...]]]:
    """The ids of the real rows that each turn of a transcript showed, by (label, conversation); none without a file.

    Raises:
        PyriteError: a line is no conversation.
    """
    conversations = _lines(path) if path.exists() else ()
    return {(c.label, c.conversation): [turn.examples for turn in c.turns] for _, c in conversations}


def provenance(path: Path) -> tuple[list[str], str]:
    """The LLMs that speak in a transcript, and the SHA-256 of all that they were asked.

    Raises:
        PyriteError: the file is missing, or a line is no conversation.
    """
    conversations = [conversation for _, conversation in _lines(path)]
    prompts = [[c.system, *(turn.prompt for turn in c.turns)] for c in conversations]
    return sorted({c.model for c in conversations}), hashlib.sha256(json.dumps(prompts).encode()).hexdigest()


def write(path: Path, conversations: Iterable[Conversation]) -> None:
    files.write_text(path, "".join(map(line, conversations)))
