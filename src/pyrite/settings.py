"""Settings: the ways to ask an LLM for texts. `tasks/prompts.yaml` has the templates, a task card fills them."""

from __future__ import annotations

import re

from pydantic import field_validator

from pyrite import paths, schema
from pyrite.cards import Card
from pyrite.errors import PyriteError
from pyrite.schema import Schema

SETTINGS = ("zero_shot", "few_shot")

_FIELDS = {"item", "items", "label", "style", "min_words", "max_words", "n", "k", "examples"}
_FIELD = re.compile(r"\{(\w+)\}")


class Templates(Schema):
    """The user messages of one setting: the first of a conversation, and every later one."""

    first: str
    next: str

    @field_validator("first", "next")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        if unknown := sorted(set(_FIELD.findall(value)) - _FIELDS):
            raise ValueError(f"unknown field {{{unknown[0]}}}; there are {', '.join(sorted(_FIELDS))}")
        return value


class Prompts(Schema):
    """`tasks/prompts.yaml`."""

    zero_shot: Templates
    few_shot: Templates


def load(setting: str) -> Templates:
    """The templates of a setting.

    Raises:
        PyriteError: the setting is unknown, or the file is not valid.
    """
    if setting not in SETTINGS:
        raise PyriteError(f"setting '{setting}': unknown; there are {', '.join(SETTINGS)}")
    templates: Templates = getattr(schema.load(paths.PROMPTS, Prompts), setting)
    return templates


def system(card: Card) -> str:
    """The system message: the card's role."""
    return _one_line(card.role)


def prompt(templates: Templates, card: Card, label: str, turn: int, n: int, k: int) -> str:
    """The user message of one turn: n texts asked for after k examples, with `{examples}` left unfilled."""
    least, most = card.length_words
    fields = {
        "item": card.item,
        "items": card.items,
        "label": card.labels[label],
        "style": card.style,
        "min_words": least,
        "max_words": most,
        "n": n,
        "k": k,
        "examples": "{examples}",
    }
    # One pass, so that braces in a card's own words stay as they are.
    template = _one_line(templates.first if turn == 0 else templates.next)
    return _FIELD.sub(lambda match: _one_line(str(fields[match[1]])), template)


def _one_line(text: str) -> str:
    return " ".join(text.split())
