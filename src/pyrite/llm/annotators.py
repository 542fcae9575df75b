"""LLM annotators: the personas of `tasks/annotators.yaml`, what each is asked, and how an answer is read.

Nothing here asks an LLM: a survey says what `runner` sends. Questions leave real texts out (`{texts}`, `{first}`,
`{second}` stay unfilled until they are sent), and recordings hold labels by id only.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from pyrite.base import paths, schema
from pyrite.base.schema import Schema
from pyrite.data.cards import Card, Words
from pyrite.llm import cache, choices, prompts
from pyrite.llm.cache import Answer, Request
from pyrite.llm.prompts import one_line
from pyrite.params import Asking

# The answers of personas have this place in the store, beside those to the prompts that ask for texts.
ANNOTATIONS = "annotations"
# How often a question is put before what its answers leave open stays open.
TRIES = 2

# Tokens that a label takes at most, with its number; a model may put as many around them.
LABEL_TOKENS = 50
# The fields that a prompt may have, and those that it must.
_FIELDS = {
    "annotate": ({"description", "labels", "items", "n", "texts", "example"}, {"labels", "texts"}),
    "pair": ({"definition", "first", "second"}, {"first", "second"}),
}


class Annotators(Schema):
    """`tasks/annotators.yaml`."""

    definition: Words
    personas: dict[str, Words] = Field(min_length=2)
    labeller: Words
    texts_per_request: Annotated[int, Field(gt=0)]
    annotate: Words
    pair: Words

    @field_validator("annotate", "pair")
    @classmethod
    def _has_its_fields(cls, value: str, info: ValidationInfo) -> str:
        return prompts.with_fields(value, *_FIELDS[str(info.field_name)])


@dataclass(frozen=True)
class Question:
    """What one persona is asked, and what it answered so far.

    `about` is what fills the prompt: the ids of texts, or two tasks; `tokens` are those sent and answered, for each
    answer. What was `refused` for good is not asked again.
    """

    annotator: str
    system: str
    prompt: str
    about: tuple[str, ...]
    answers: tuple[str, ...] = ()
    tokens: tuple[tuple[int | None, int | None], ...] = ()
    refused: bool = False


@dataclass
class Survey:
    """The questions to all personas about one task, or about pairs of tasks: a script of `runner`.

    Attributes:
        task: the task, or `pairs`.
        questions: as none of them was asked yet.
        source, answers: what the labels are for, and where the store has the answers.
        fill: the fields that a question's prompt leaves open until it is sent.
        read: what one answer to a question says: a label of each text, or the more objective task; None where it
            can't be read.
        schema: the JSON schema of a question's answers, or None.
    """

    task: str
    questions: Sequence[Question]
    p: Asking
    fill: Callable[[Question], dict[str, str]]
    read: Callable[[Question, str], list[str | None]]
    schema: Callable[[Question], dict[str, object] | None]
    source: str = ANNOTATIONS
    answers: str = ANNOTATIONS

    def requests(self, turns: int) -> int:
        """One as a rule: only what can't be read is asked again."""
        return 1

    def goes_on(self, c: Question, turns: int) -> bool:
        """Whether a question that may be put so often is put (again)."""
        return not c.refused and len(c.answers) < turns and None in self.read_all(c)

    def request(self, c: Question) -> Request:
        """The question as it is sent."""
        question = {"role": "user", "content": prompts.filled(c.prompt, self.fill(c))}
        messages = [{"role": "system", "content": c.system}, question]
        key = cache.key(messages, self.p.llm.model, self.p.llm.sampling, (self.answers, len(c.answers)))
        return Request(messages, self.schema(c), LABEL_TOKENS * (len(c.about) + 1), key)

    def answered(self, c: Question, request: Request, answer: Answer) -> Question:
        """The question with one more answer."""
        tokens = (*c.tokens, (answer.prompt_tokens, answer.completion_tokens))
        return replace(c, answers=(*c.answers, answer.text), tokens=tokens, refused=bool(answer.refused))

    def read_all(self, c: Question) -> list[str | None]:
        """What all answers to a question say together: of several, the first that can be read counts."""
        readings = [self.read(c, answer) for answer in c.answers or ("",)]
        return [next((label for label in tries if label is not None), None) for tries in zip(*readings, strict=True)]


def load() -> Annotators:
    """The personas and their prompts.

    Raises:
        PyriteError: the file is missing or not valid.
    """
    return schema.load(paths.ANNOTATORS, Annotators)


def labels(
    card: Card,
    texts: Mapping[str, str],
    p: Asking,
    annotators: Annotators,
    personas: Mapping[str, str],
    source: str = ANNOTATIONS,
    answers: str = ANNOTATIONS,
) -> Survey:
    """The survey on the labels of texts (id -> text), by these personas (name -> system message)."""
    label = {"type": "string", "enum": list(card.labels)}

    def numbered(question: Question) -> dict[str, str]:
        return {str(number): texts[item] for number, item in enumerate(question.about, start=1)}

    return Survey(
        task=card.id,
        questions=list(label_questions(card, list(texts), annotators, personas)),
        p=p,
        fill=lambda question: {"texts": json.dumps(numbered(question), ensure_ascii=False)},
        read=lambda question, answer: choices.of_texts(answer, len(question.about), list(card.labels)),
        schema=lambda question: prompts.closed(dict.fromkeys(numbered(question), label)),
        source=source,
        answers=answers,
    )


def pairs(described: Mapping[str, str], p: Asking, annotators: Annotators) -> Survey:
    """The survey on which of two tasks is more objective (task -> what `describe` says of it)."""
    return Survey(
        task="pairs",
        questions=list(pair_questions(list(described), annotators)),
        p=p,
        fill=lambda question: dict(zip(("first", "second"), map(described.__getitem__, question.about), strict=True)),
        read=lambda question, answer: [choices.of_two(answer, *question.about)],
        schema=lambda question: None,
    )


def label_questions(
    card: Card, items: Sequence[str], annotators: Annotators, personas: Mapping[str, str]
) -> Iterator[Question]:
    """Each persona (name -> system message) is asked for the labels of all items (ids), so many in a request."""
    for name, system in personas.items():
        for start in range(0, len(items), annotators.texts_per_request):
            batch = tuple(items[start : start + annotators.texts_per_request])
            fields = {
                "description": card.description,
                "labels": _labels(card),
                "items": card.items if len(batch) > 1 else card.item,
                "n": str(len(batch)),
                "example": next(iter(card.labels)),
            }
            yield Question(name, one_line(system), prompts.filled(one_line(annotators.annotate), fields), batch)


def pair_questions(tasks: Sequence[str], annotators: Annotators) -> Iterator[Question]:
    """Each persona is asked once which of each two tasks is more objective.

    The order of a pair turns from persona to persona, and of a persona's pairs from one to the next: an LLM that likes
    what comes first then favours no task.
    """
    prompt = prompts.filled(one_line(annotators.pair), {"definition": one_line(annotators.definition)})
    for turn, (name, system) in enumerate(annotators.personas.items()):
        for number, pair in enumerate(itertools.combinations(tasks, 2)):
            yield Question(name, one_line(system), prompt, pair if (turn + number) % 2 == 0 else pair[::-1])


def describe(card: Card, examples: Mapping[str, str]) -> str:
    """A task in a few sentences: what it is, its labels with their instructions, and one example (text) of each."""
    shown = "; ".join(f"{label}: {json.dumps(text, ensure_ascii=False)}" for label, text in examples.items())
    return one_line(f"{card.title}. {card.description} Labels: {_labels(card)}. Examples: {shown or 'none'}.")


def _labels(card: Card) -> str:
    return "; ".join(f'"{label}" for {card.items} that {one_line(words)}' for label, words in card.labels.items())
