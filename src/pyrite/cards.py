"""Task cards: what is classified, the labels with one instruction each, where real data come from."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from pyrite import paths, schema
from pyrite.errors import PyriteError
from pyrite.schema import Schema

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Docstrings(Schema):
    """Real data: the docstring summaries of this Python's own standard library, labelled by module."""

    kind: Literal["stdlib_docstrings"]
    licence: str
    modules: dict[str, tuple[str, ...]]


class Table(Schema):
    """Real data: a CSV file in the project, with one column of texts and one of labels."""

    kind: Literal["file"]
    path: str
    text: str
    label: str
    licence: str


class Card(Schema):
    """One task, as `tasks/<id>.yaml` has it."""

    id: str
    title: Words
    description: Words
    paper: str | None = None
    source: Annotated[Docstrings | Table, Field(discriminator="kind")]
    item: Words
    items: Words
    length_words: tuple[int, int]
    role: Words
    style: Words
    labels: dict[str, Words]

    @field_validator("id")
    @classmethod
    def _plain_id(cls, value: str) -> str:
        # The id becomes part of file names and of DVC's stage names.
        if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
            raise ValueError(f"'{value}' must be lower-case letters, digits and _, beginning with a letter")
        return value

    @field_validator("length_words")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1]:
            raise ValueError(f"{list(value)} must be [least, most] with 1 <= least <= most")
        return value

    @field_validator("labels")
    @classmethod
    def _several(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) < 2:
            raise ValueError("a classifier needs two labels or more")
        return value

    @model_validator(mode="after")
    def _modules_match_labels(self) -> Card:
        if isinstance(self.source, Docstrings) and set(self.source.modules) != set(self.labels):
            odd = sorted(set(self.source.modules) ^ set(self.labels))
            raise ValueError(f"source.modules and labels must name the same labels; only one has {', '.join(odd)}")
        return self


def load(task: str) -> Card:
    """The card of `task`.

    Raises:
        PyriteError: there is no such card, or it is not valid.
    """
    path = paths.card(task)
    if not path.exists():
        known = sorted(p.stem for p in paths.TASKS.glob("*.yaml") if p.stem != "prompts")
        raise PyriteError(f"task '{task}': there is no {path}; the cards here are {', '.join(known) or 'none'}")
    card = schema.load(path, Card)
    if card.id != task:
        raise PyriteError(f"{path}: id: '{card.id}' must be the file's name, '{task}'")
    return card
