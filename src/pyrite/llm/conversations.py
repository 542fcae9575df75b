"""Conversations: what is asked of an LLM for a (task, source), turn by turn.

A request follows from the card, the templates, the source and what was answered before, and from nothing else: a
second run asks the same, and finds the answers in the store.
"""

import itertools
import json
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import folds, texts
from pyrite.data.cards import Card
from pyrite.data.transcripts import Conversation, Turn
from pyrite.llm import cache, parsing, prompts, thoughts
from pyrite.llm.cache import Answer, Message, Request
from pyrite.llm.prompts import Templates
from pyrite.params import Params, Written

# An answer of more characters than this ends its conversation: every later turn would send it again, and pay for it.
LONGEST_HISTORY = 200_000

# Characters of an English word with the space after it; of another language so many real texts tell them.
ENGLISH, _SAMPLE = 6.0, 200
# Tokens that a word takes at most, in languages with long ones, and what JSON puts around a text.
TOKENS_PER_WORD, TOKENS_AROUND = 3, 10
# Tokens of a plan: six attributes of ten values take a quarter of them.
PLAN_TOKENS = 2000
_WORDS = {"type": "array", "items": {"type": "string"}}
_ATTRIBUTE = prompts.closed({"name": {"type": "string"}, "values": _WORDS})
ATTRIBUTES = prompts.closed({"attributes": {"type": "array", "items": _ATTRIBUTE}})


def texts_schema(n: int, shortest: int, longest: int) -> dict[str, object]:
    """The JSON schema of an answer with n texts of so many characters."""
    text = {"type": "string", "minLength": shortest, "maxLength": longest}
    return prompts.closed({"texts": {"type": "array", "items": text, "minItems": n, "maxItems": n}})


class Script:
    """All that decides what is asked for a written source of a task.

    Attributes:
        source, spec: its name, and what `params.yaml` says of it.
        checks: what may be trained on.
        answers: where the store has the answers: with those of all sources that ask with the same prompt.
    """

    def __init__(self, card: Card, source: str, templates: Templates, study: Params, prepared: pd.DataFrame) -> None:
        self.card, self.source, self.templates, self.prepared = card, source, templates, prepared
        spec = study.sources[source]
        assert isinstance(spec, Written)
        self.spec = spec
        self.p, self.checks = study.asking(spec.llm), study.generate
        self.task, self.answers = card.id, spec.prompt
        # The real rows that no text may repeat.
        self.held_out = folds.held_out(prepared, study.train.folds)
        self.text_of: dict[str, str] = dict(zip(prepared["id"], prepared["text"], strict=True))
        pool = prepared[texts.in_pool(prepared)].sort_values("id")
        self._pool: dict[str, list[str]] = {str(label): rows["id"].tolist() for label, rows in pool.groupby("label")}
        least, most = card.length_words
        per_word = _characters_per_word(prepared["text"].head(_SAMPLE).tolist())
        # Half and twice as long as usual: a bound that ends a text in its middle would do more harm than none.
        self._schema = texts_schema(spec.texts_per_turn, int(least * per_word / 2), int(most * per_word * 2))
        self._limit = spec.texts_per_turn * (most * TOKENS_PER_WORD + TOKENS_AROUND)

    @property
    def lacks_examples(self) -> bool:
        """Whether nothing can be asked: the prompts show real texts, and the task has none at all."""
        return self.templates.shows_examples and self.prepared.empty

    def opening(self, label: str, number: int) -> Conversation:
        """A conversation in which nothing has been asked yet."""
        return Conversation(
            task=self.card.id,
            setting=self.spec.prompt,
            label=label,
            conversation=number,
            model=self.p.llm.model,
            recorded="",
            system=prompts.system(self.card),
            turns=(),
        )

    def request(self, c: Conversation) -> Request:
        """The next turn of a conversation.

        Raises:
            PyriteError: it should show real examples, and the pool has none for the label.
        """
        number = len(c.turns)
        plans = number < self.templates.plans
        examples = self._examples(c) if self.templates.shows_examples and not plans else ()
        attributes = "" if plans else drawn(c, self.templates, number)
        prompt = prompts.prompt(
            self.templates, self.card, c.label, number, self.spec.texts_per_turn, len(examples), attributes
        )
        messages: list[Message] = [{"role": "system", "content": c.system}]
        for turn in c.turns:
            messages.append({"role": "user", "content": self._filled(turn.prompt, turn.examples)})
            # Thoughts are not sent back: they cost as much as answers, and models are not trained to see them.
            messages.append({"role": "assistant", "content": thoughts.strip(turn.answer)})
        messages.append({"role": "user", "content": self._filled(prompt, examples)})
        position = (self.spec.prompt, c.label, c.conversation, number)
        return Request(
            messages,
            schema=ATTRIBUTES if plans else self._schema,
            limit=PLAN_TOKENS if plans else self._limit,
            key=cache.key(messages, self.p.llm.model, self.p.llm.sampling, position),
            prompt=prompt,
            examples=examples,
        )

    def requests(self, turns: int) -> int:
        """The requests of a conversation with so many turns that ask for texts."""
        return turns + self.templates.plans

    def goes_on(self, c: Conversation, turns: int) -> bool:
        """Whether there is a next turn of a conversation of so many turns that ask for texts.

        A refusal, an answer without texts or one that is far too long spoils the history: its conversation ends.
        """
        if not c.turns:
            return True
        last = c.turns[-1].answer
        if c.turns[-1].refused or len(last) > LONGEST_HISTORY:
            return False
        if len(c.turns) == self.templates.plans:
            return bool(parsing.attributes(last))
        return len(c.turns) < self.requests(turns) and bool(parsing.texts(last))

    def answered(self, c: Conversation, request: Request, answer: Answer) -> Conversation:
        """The conversation with one more turn."""
        plans = len(c.turns) < self.templates.plans
        turn = Turn(
            # The prompts of a source are few: one copy of each is enough.
            prompt=sys.intern(request.prompt),
            examples=request.examples,
            answer=answer.text,
            requested=0 if plans else self.spec.texts_per_turn,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            refused=answer.refused or None,
        )
        return replace(c, recorded=c.recorded or answer.date, turns=(*c.turns, turn))

    def _filled(self, prompt: str, examples: Sequence[str]) -> str:
        return prompt.replace("{examples}", json.dumps([self.text_of[i] for i in examples], ensure_ascii=False))

    def _examples(self, c: Conversation) -> tuple[str, ...]:
        """Ids of real rows of the pool, fresh ones in every turn until the pool is used up."""
        pool = self._pool.get(c.label, [])
        if not pool:
            raise PyriteError(
                f"{paths.prepared(self.card.id)}: label '{c.label}' has no row in the pool to show as an example; "
                f"prepare more rows of it or take {self.source} out of sources"
            )
        order = random.Random(f"{self.spec.prompt}/{c.label}/{c.conversation}").sample(pool, len(pool))
        first = (len(c.turns) - self.templates.plans) * self.spec.examples
        wanted = min(self.spec.examples, len(pool))
        return tuple(order[(first + i) % len(order)] for i in range(wanted))


def _characters_per_word(real: Sequence[str]) -> float:
    """The characters of a word with the space after it, or of one sign where the script has no spaces."""
    words = sum(map(texts.length, real))
    return sum(map(len, real)) / words if words else ENGLISH


def drawn(c: Conversation, templates: Templates, turn: int) -> str:
    """One value of each attribute that the conversation's plan has named, for one turn; nothing without a plan."""
    if templates.plan is None or not c.turns:
        return ""
    named = parsing.attributes(c.turns[0].answer)
    rng = random.Random(f"{c.setting}/{c.label}/{c.conversation}/{turn}")
    return "; ".join(f"{name}: {rng.choice(values)}" for name, values in named.items())


def current(c: Conversation, card: Card, templates: Templates) -> Conversation:
    """A recorded conversation up to the first turn that card and templates no longer render to.

    Every turn of it says how many texts it asked for: the number is the recording's own, whatever the study asks for.
    """
    fresh: list[Turn] = []
    if c.system == prompts.system(card):
        for number, turn in enumerate(c.turns):
            if (requested := _requested(c, number, card, templates)) is None:
                break
            fresh.append(replace(turn, requested=requested))
    return replace(c, turns=tuple(fresh))


def _requested(c: Conversation, number: int, card: Card, templates: Templates) -> int | None:
    """How many texts a turn asked for, or None where it is not what card and templates render to.

    A recording of before `requested` says it in its prompt only.
    """
    turn = c.turns[number]
    attributes = drawn(c, templates, number) if number else ""
    plans, shown = number < templates.plans, len(turn.examples)
    stored = None if plans else turn.requested
    counts = [stored] if stored is not None else sorted({int(n) for n in re.findall(r"\d{1,6}", turn.prompt)} | {0})
    for n, reminds in itertools.product(counts, (True, False)):
        if prompts.prompt(templates, card, c.label, number, n, shown, attributes, reminds=reminds) == turn.prompt:
            return 0 if plans else n
    return None
