"""Asking: many dialogues with an LLM side by side, their answers from the store or, where allowed, the endpoint.

A dialogue is a conversation for generated texts or a question to an annotator: what it asks next, its script knows.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from pyrite.base import console
from pyrite.base.errors import Stopped
from pyrite.llm.cache import Answer, Log, Message, Request, Tokens, Unanswered, added, tokens_of, tokens_sent
from pyrite.params import Asking

if TYPE_CHECKING:
    from pyrite.llm.client import Endpoint


C = TypeVar("C")


class DialogueJob(NamedTuple, Generic[C]):
    """A dialogue that has begun or not, and how many turns it may have."""

    dialogue: C
    turns: int


class DialogueResult(NamedTuple, Generic[C]):
    """A dialogue as far as it came, whether it waits for an answer, and the tokens of what came without words."""

    dialogue: C
    waits: bool
    in_vain: Tokens = (0, 0)


class Script(Protocol[C]):
    """All that decides what is asked in the dialogues of a (task, source); `answers` names their place in the store."""

    task: str
    source: str
    answers: str
    p: Asking

    def requests(self, turns: int) -> int:
        """How many requests a dialogue of so many turns is reckoned with."""

    def goes_on(self, c: C, turns: int) -> bool:
        """Whether a dialogue of so many turns has a next request."""

    def request(self, c: C) -> Request:
        """The next request of a dialogue."""

    def answered(self, c: C, request: Request, answer: Answer) -> C:
        """The dialogue with one more answer."""


class Ask(Protocol):
    def __call__(self, jobs: Sequence[DialogueJob[C]], script: Script[C]) -> list[DialogueResult[C]]:
        """Hold all dialogues side by side."""


# The cost so far is added up from the store: not for every answer.
COST_SECONDS = 0.5


@contextmanager
def mode(p: Asking, task: str, answers: str) -> Iterator[Ask]:
    """How a (task, source) gets its answers: from the store only, or what is missing from the endpoint too.

    Raises:
        PyriteError: the endpoint can't be used or the store not be written, here or while dialogues are held.
    """
    log = Log(task, answers)
    if p.provider == "recorded":

        def find(jobs: Sequence[DialogueJob[C]], script: Script[C]) -> list[DialogueResult[C]]:
            if not len(log):  # nothing to find: then nothing need be asked, for which a task may have too few examples
                return [DialogueResult(job.dialogue, waits=False) for job in jobs]
            return asyncio.run(_hold_all(jobs, script, log, None))

        yield find
        return
    with log, asyncio.Runner() as loop:
        endpoint = loop.run(_open(p))

        def ask(jobs: Sequence[DialogueJob[C]], script: Script[C]) -> list[DialogueResult[C]]:
            return loop.run(_hold_all(jobs, script, log, endpoint))

        try:
            yield ask
        finally:
            loop.run(endpoint.close())


def look(jobs: Sequence[DialogueJob[C]], script: Script[C]) -> list[DialogueResult[C]]:
    """Dialogues as far as the store has their answers."""
    return asyncio.run(_hold_all(jobs, script, Log(script.task, script.answers), None))


async def _open(p: Asking) -> Endpoint:
    from pyrite.llm.client import Endpoint  # takes a second to load, which who asks nobody need not wait for

    return Endpoint(p)  # in the loop that will use it


async def _hold_all(
    jobs: Sequence[DialogueJob[C]], script: Script[C], log: Log, endpoint: Endpoint | None
) -> list[DialogueResult[C]]:
    """Hold all dialogues side by side, each turn by turn."""
    results = [DialogueResult(job.dialogue, waits=False) for job in jobs]
    failures: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    todo = iter(enumerate(jobs))

    doing = f"asking {script.p.llm.model}" if endpoint else "reading answers"
    with console.progress() as progress:
        total = sum(script.requests(turns) for _, turns in jobs)
        bar = progress.add_task(f"{script.task} {script.source}: {doing}", total=total, cost=_spent(endpoint))
        reckoned = time.monotonic()

        def advance() -> None:
            nonlocal reckoned
            if time.monotonic() - reckoned > COST_SECONDS:
                reckoned = time.monotonic()
                progress.update(bar, cost=_spent(endpoint))
            progress.advance(bar)

        async def work() -> None:
            for number, (c, turns) in todo:
                results[number] = await _hold(c, turns)

        async def tell() -> None:
            while endpoint is not None:
                await asyncio.sleep(console.PLAIN_SECONDS)
                if line := endpoint.waiting(console.PLAIN_SECONDS):
                    console.log.print(f"{script.task} {script.source}: {line}")

        async def _hold(c: C, turns: int) -> DialogueResult[C]:
            before: Answer | None = None
            in_vain = (0, 0)
            while script.goes_on(c, turns):
                request = script.request(c)
                answer = log.get(request.key)
                if answer is None and endpoint is not None:

                    async def keep(answer: Answer, request: Request = request, before: Answer | None = before) -> None:
                        await log.add(request.key, marked(before, answer, request.messages))

                    try:
                        answer = await endpoint.ask(request, keep)
                    except Unanswered as failed:
                        failures[str(failed)] += 1
                in_vain = added(in_vain, log.in_vain(request.key))
                if answer is None:
                    return DialogueResult(c, waits=True, in_vain=in_vain)
                before = marked(before, answer, request.messages)
                c = script.answered(c, request, before)
                advance()
                if before.refused:
                    ended[before.refused] += 1
                if before.cut:
                    ended["its beginning no longer fits into the model's context (docs/llm.md)"] += 1
                    break
            return DialogueResult(c, waits=False, in_vain=in_vain)

        # Twice as many as may ask at once: while some wait for the disk, others use the endpoint.
        workers = [asyncio.create_task(work()) for _ in range(min(2 * script.p.limits.concurrency, len(jobs)))]
        telling = asyncio.create_task(tell())
        with _stopped_by_signals(endpoint, workers):
            errors = await asyncio.gather(*workers, return_exceptions=True)
        telling.cancel()
    for reason, times in ended.most_common():
        console.log.print(f"{script.task} {script.source}: {times} ended early: {reason}")
    for reason, times in failures.most_common(3):
        console.log.print(f"{script.task} {script.source}: {times} requests failed: {reason}")
    for error in errors:
        if isinstance(error, asyncio.CancelledError):
            dropped = ", the requests in flight were dropped" if endpoint else ""
            raise Stopped(f"stopped; what is answered is kept{dropped}: run it again to go on")
        if error is not None:
            raise error
    return results


def marked(before: Answer | None, answer: Answer, messages: Sequence[Message]) -> Answer:
    """The answer, marked as `cut` where the server left out the beginning; all that was sent then counts."""
    if answer.cut or not was_cut(before, answer, messages):
        return answer
    return replace(answer, cut=True, prompt_tokens=max(tokens_sent(messages), answer.prompt_tokens or 0))


def was_cut(before: Answer | None, answer: Answer, messages: Sequence[Message]) -> bool:
    """Whether the server left out the beginning of a conversation, without a word, because it was too long for it.

    It shows in what it counted: less than the turn before and that turn's answer. Of the answer half is enough, for
    thoughts are counted and not sent again.
    """
    history = [m["content"] for m in messages if m["role"] == "assistant"]
    if before is None or not history or not before.prompt_tokens or not answer.prompt_tokens:
        return False
    return answer.prompt_tokens < before.prompt_tokens + min(before.completion_tokens or 0, tokens_of(history[-1])) / 2


def _spent(endpoint: Endpoint | None) -> float | None:
    return endpoint.spent if endpoint else None


@contextmanager
def _stopped_by_signals(endpoint: Endpoint | None, workers: Sequence[asyncio.Task[None]]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets the requests in flight come to their end, the second drops them."""
    loop = asyncio.get_running_loop()
    asked_to = False

    def stop() -> None:
        nonlocal asked_to
        if endpoint is None or asked_to:
            for worker in workers:
                worker.cancel()
        else:
            asked_to = True
            console.log.print("stopping when the requests in flight are answered; once more stops at once")
            endpoint.stop(Stopped("stopped; what is answered is kept: run it again to go on"))

    numbers = (signal.SIGINT, signal.SIGTERM)
    with suppress(NotImplementedError, RuntimeError, ValueError):  # no such thing on Windows or beside the main thread
        for number in numbers:
            loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for number in numbers:
                loop.remove_signal_handler(number)
