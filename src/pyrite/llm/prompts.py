"""Prompts: the ways to ask an LLM for texts. Each is an entry of `tasks/prompts.yaml`, which a task card fills."""

import re
from collections.abc import Mapping

from pydantic import RootModel, ValidationInfo, field_validator

from pyrite.base import paths, schema
from pyrite.base.errors import PyriteError
from pyrite.base.schema import Schema
from pyrite.data import language
from pyrite.data.cards import Card

_FIELDS = {"item", "items", "label", "style", "min_words", "max_words", "n", "k", "examples", "attributes"}
_FIELD = re.compile(r"\{(\w+)\}")
# What else LLMs answer, by the names of its files.
TAKEN = ("annotations", "labelled")
_REMINDER = "This is about {items} that {label}."


class Templates(Schema):
    """The user messages of one prompt: the first of a conversation, and every later one.

    Where there is a `plan`, it comes before the first: it asks for attributes in which texts may differ, and
    `{attributes}` of every later message is one value of each (Yu et al. 2023, AttrPrompt).
    """

    plan: str | None = None
    first: str
    next: str

    @field_validator("plan", "first", "next")
    @classmethod
    def _asks_for_so_many(cls, value: str | None, info: ValidationInfo) -> str | None:
        return value and with_fields(value, _FIELDS, set() if info.field_name == "plan" else {"n"})

    @property
    def plans(self) -> int:
        """How many turns of a conversation ask for something other than texts."""
        return int(self.plan is not None)

    @property
    def shows_examples(self) -> bool:
        return "{examples}" in self.first + self.next

    def of_turn(self, turn: int) -> str:
        """The template of a conversation's turn, counted from 0."""
        if self.plan is not None and turn == 0:
            return self.plan
        return self.first if turn == self.plans else self.next


class Prompts(RootModel[dict[str, Templates]]):
    """`tasks/prompts.yaml`: the templates of each prompt by its name."""

    @field_validator("root")
    @classmethod
    def _plain_names(cls, value: dict[str, Templates]) -> dict[str, Templates]:
        # A prompt's name is part of file names, beside those of other answers and recordings.
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in TAKEN:
                raise ValueError(
                    f"'{name}' can't name a prompt: take lower-case letters, digits and _, but not {' or '.join(TAKEN)}"
                )
        return value


def load(name: str) -> Templates:
    """The templates of a prompt.

    Raises:
        PyriteError: the prompt is unknown, or the file is not valid.
    """
    templates = schema.load(paths.PROMPTS, Prompts).root
    if name not in templates:
        raise PyriteError(f"prompt '{name}': unknown; {paths.PROMPTS} has {', '.join(templates)}")
    return templates[name]


def system(card: Card) -> str:
    """The system message: the card's role."""
    return one_line(card.role)


def prompt(
    templates: Templates,
    card: Card,
    label: str,
    turn: int,
    n: int,
    k: int,
    attributes: str = "",
    *,
    reminds: bool = True,
) -> str:
    """The user message of one turn: n texts asked for after k examples, with `{examples}` left unfilled.

    A later turn whose template does not name the label is told it first: a server that cuts what does not fit into a
    model's context would leave the model without. Recordings from before that are without it (`reminds=False`).
    """
    least, most = card.length_words
    words = {"item": card.item, "items": card.items, "label": card.labels[label], "style": card.style}
    words |= {"attributes": attributes}
    numbers = {"min_words": least, "max_words": most, "n": n, "k": k}
    # What is filled in later must not be filled into a label of that name.
    fields = {name: one_line(value).replace("{examples}", "{ examples }") for name, value in words.items()}
    template = templates.of_turn(turn)
    if reminds and turn > 0 and "{label}" not in template:
        template = f"{_REMINDER} {template}"
    message = filled(one_line(template), fields | {name: str(number) for name, number in numbers.items()})
    if card.language == language.ENGLISH:
        return message
    count = " Count lengths in characters." if language.unit(card.language) == "characters" else ""
    return f"{message} Write in {card.language}.{count}"


def with_fields(template: str, known: set[str], needed: set[str]) -> str:
    """A template, if it has these fields.

    Raises:
        ValueError: it has another one, or lacks one that it needs.
    """
    fields = set(_FIELD.findall(template))
    if unknown := sorted(fields - known):
        raise ValueError(f"unknown field {{{unknown[0]}}}; there are {', '.join(sorted(known))}")
    if missing := sorted(needed - fields):
        raise ValueError(f"the field {{{missing[0]}}} is missing")
    return template


def filled(template: str, fields: Mapping[str, str]) -> str:
    """A template with its fields filled in one pass: braces in what is filled in stay, as fields do that are not
    given."""
    return _FIELD.sub(lambda match: fields.get(match[1], match[0]), template)


def closed(properties: Mapping[str, object]) -> dict[str, object]:
    """The JSON schema of an object that has these properties, all of them and no others."""
    required = {"required": list(properties), "additionalProperties": False}
    return {"type": "object", "properties": dict(properties), **required}


def one_line(text: str) -> str:
    """A text without line breaks and spaces in a row."""
    return " ".join(text.split())
