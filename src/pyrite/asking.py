"""Asking: many conversations with an LLM side by side, their answers from the store or, where allowed, the endpoint."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from pyrite import console, conversations
from pyrite.answers import Answer, Log
from pyrite.conversations import Script
from pyrite.endpoint import Endpoint, Unanswered
from pyrite.errors import Stopped
from pyrite.params import Generate
from pyrite.transcripts import Conversation

# A conversation that has begun or not, and how many of its turns ask for texts.
Opening = tuple[Conversation, int]
# A conversation as far as it came, and whether it waits for an answer.
Held = tuple[Conversation, bool]
Ask = Callable[[Sequence[Opening], Script], list[Held]]

# The cost so far is added up from the store: not for every answer.
COST_SECONDS = 0.5


@contextmanager
def mode(p: Generate, task: str, setting: str) -> Iterator[Ask]:
    """How a (task, setting) gets its answers: from the store only, or what is missing from the endpoint too.

    Raises:
        PyriteError: the endpoint can't be used or the store not be written, here or while conversations are held.
    """
    log = Log(task, setting)
    if p.provider == "recorded" and not len(log):
        # Nothing to find: then nothing need be asked, for which a task may have too few examples.
        yield lambda openings, script: [(c, False) for c, _ in openings]
        return
    with asyncio.Runner() as runner:
        if p.provider == "recorded":
            yield lambda openings, script: runner.run(_hold_all(openings, script, log, None))
            return
        with log:
            endpoint = runner.run(_open(p))
            try:
                yield lambda openings, script: runner.run(_hold_all(openings, script, log, endpoint))
            finally:
                runner.run(endpoint.close())


def look(openings: Sequence[Opening], script: Script) -> list[Held]:
    """Conversations as far as the store has their answers."""
    log = Log(script.card.id, script.setting)
    return asyncio.run(_hold_all(openings, script, log, None))


async def _open(p: Generate) -> Endpoint:
    return Endpoint(p)  # in the loop that will use it


async def _hold_all(openings: Sequence[Opening], script: Script, log: Log, endpoint: Endpoint | None) -> list[Held]:
    """Hold all conversations side by side, each turn by turn."""
    held: list[Held] = [(c, False) for c, _ in openings]
    failures: Counter[str] = Counter()
    todo = iter(enumerate(openings))

    doing = f"asking {script.p.model}" if endpoint else "reading answers"
    with console.progress() as progress:
        total = sum(turns for _, turns in openings)
        bar = progress.add_task(f"{script.card.id} {script.setting}: {doing}", total=total, cost=_spent(endpoint))
        reckoned = time.monotonic()

        def advance() -> None:
            nonlocal reckoned
            if time.monotonic() - reckoned > COST_SECONDS:
                reckoned = time.monotonic()
                progress.update(bar, cost=_spent(endpoint))
            progress.advance(bar)

        async def work() -> None:
            for number, (c, turns) in todo:
                held[number] = await _hold(c, turns)

        async def _hold(c: Conversation, turns: int) -> Held:
            while script.goes_on(c, turns):
                request = script.request(c)
                answer = log.get(request.key)
                if answer is None:
                    if endpoint is None:
                        return c, True

                    async def keep(answer: Answer, key: str = request.key) -> None:
                        await log.add(key, answer)

                    try:
                        answer = await endpoint.ask(request.messages, request.schema, keep)
                    except Unanswered as failed:
                        failures[str(failed)] += 1
                        return c, True
                c = conversations.answered(c, request, answer)
                if len(c.turns) > script.templates.plans:
                    advance()
            return c, False

        # Twice as many as may ask at once: while some wait for the disk, others use the endpoint.
        workers = [asyncio.create_task(work()) for _ in range(min(2 * script.p.concurrency, len(openings)))]
        with _stopped_by_signals(endpoint, workers):
            ended = await asyncio.gather(*workers, return_exceptions=True)
    for reason, times in failures.most_common(3):
        console.log.print(f"{script.card.id} {script.setting}: {times} requests failed: {reason}")
    for error in ended:
        if isinstance(error, asyncio.CancelledError):
            dropped = ", the requests in flight were dropped" if endpoint else ""
            raise Stopped(f"stopped; what is answered is kept{dropped}: run it again to go on")
        if error is not None:
            raise error
    return held


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
