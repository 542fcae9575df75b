"""Endpoint: an OpenAI-compatible chat API, asked by many conversations at once, politely and within budget.

`NAME_API_KEY` and `NAME_BASE_URL` of the environment say where it is; neither ever reaches a file, a log or a message.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from openai import APIStatusError

from pyrite.base import console
from pyrite.base.errors import PyriteError
from pyrite.llm import dialect, failures, replies, waits
from pyrite.llm.cache import Answer, Ledger, Request, Unanswered, tokens_sent
from pyrite.llm.dialect import TIMEOUT, Dialect
from pyrite.llm.failures import Failure, Then
from pyrite.llm.replies import Reply
from pyrite.params import DEFAULT, Asking

Keep = Callable[[Answer], Awaitable[None]]

# The one layer of retries: the client's own is off. Waits double from the first to the longest, each with jitter.
ATTEMPTS = 7
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
# What took too long or came back empty is most likely to do so again.
ATTEMPTS_IN_VAIN = 2
# An endpoint that answers no request (429, 503) for so many seconds more than it asked for has stopped serving us.
PATIENCE = 600.0
# So many requests that failed for good, without an answer in between: something is wrong with all of them.
FAILURES_IN_A_ROW = 10
# Tokens that an answer is reckoned with before the first one came.
TYPICAL_ANSWER = 1000


@dataclass
class _Open:
    """A request that waits for its answer: since when, in which attempt, and why the one before it failed."""

    since: float
    attempt: int = 1
    before: str = ""


class Endpoint:
    """One endpoint and what all requests to it share: limits, cool-down, budget, and the reason to stop.

    Make it in the event loop that uses it. After `stop` no request is sent; those in flight come to their end.

    Attributes:
        dialect: what the endpoint takes, as far as the answers have shown it.
        models: the names by which the endpoint calls the models that answered.
    """

    def __init__(self, p: Asking, attempts: int = ATTEMPTS) -> None:
        self._p, self._attempts = p, attempts
        self._client = dialect.client(p.llm.endpoint or DEFAULT, p.limits.concurrency)
        self._slots = asyncio.Semaphore(p.limits.concurrency)
        self._requests, self._tokens = Pace(p.limits.requests_per_minute), Pace(p.limits.tokens_per_minute)
        self._ledger = Ledger(p.prices)
        self._reserved: list[float] = []  # US dollars that each request in flight may cost
        self._completion_tokens, self._longest, self._answers = 0, 0, 0
        self._resume_at = 0.0
        self._cooling = ""
        self._last_answer = time.monotonic()
        self._longest_wait = 0.0  # seconds that the endpoint asked for
        self._failures = 0
        self._open: dict[object, _Open] = {}
        self._said_reckoned = False
        self._stopping = asyncio.Event()
        self._reason: PyriteError | None = None
        self.dialect = Dialect(p)
        self.models: set[str] = set()
        if p.budget_usd is not None and p.price is None:
            raise PyriteError(
                f"params.yaml: generate.budget_usd can't be kept without a price: put '{p.llm.model}' into "
                "generate.prices, or write budget_usd: null"
            )

    async def close(self) -> None:
        await self._client.close()

    @property
    def spent(self) -> float | None:
        """US dollars that the answers in the store have cost; None where the model's price is not known."""
        return None if self._p.price is None else self._ledger.spent()

    def stop(self, reason: PyriteError) -> None:
        """Send no further request: `ask` raises the reason instead."""
        if self._reason is None:
            self._reason = reason
        self._stopping.set()

    def waiting(self, quiet: float) -> str:
        """What is waited for where no answer came for so many seconds, in a line; empty where one did."""
        now = time.monotonic()
        if now - self._last_answer < quiet:
            return ""
        if (left := self._resume_at - now) > 0:
            return f"waiting {waits.duration(left)} more as the endpoint asks: {self._cooling}"
        if not self._open:
            return ""
        first = min(self._open.values(), key=lambda request: request.since)
        wait = waits.duration(now - first.since)
        before = f"; before that: {first.before}" if first.before else ""
        return f"{len(self._open)} requests wait for an answer, one for {wait} (attempt {first.attempt}{before})"

    async def ask(self, request: Request, keep: Keep) -> Answer:
        """The answer to a request, handed to `keep` before anything else happens.

        What came back without words is handed to `keep` too, for what it cost. A request that is refused for good has
        an answer that says so (`refused`).

        Raises:
            Unanswered: this request can't be answered.
            PyriteError: no request can, or the run was stopped.
        """
        attempt, before = 1, ""
        while True:
            expected = sum(self._expected(request))
            place = object()
            async with AsyncExitStack() as stack:
                try:
                    async with self._slots:
                        await self._wait_for_turn(expected)
                        await stack.enter_async_context(self._reserve(request))
                        self._open[place] = _Open(time.monotonic(), attempt, before)
                        reply = await self.dialect.ask(self._send, request)
                        self._answered(reply, expected)
                    if not (reply.answer.text or reply.answer.refused):
                        raise Failure(_wordless(reply), Then.EMPTY, paid=reply.answer.tokens)
                    await keep(reply.answer)
                    return reply.answer
                except Failure as failed:
                    failure, before = failed, failed.reason
                    failure.refused = failures.for_good(failure, request.messages)
                    if failure.refused and (failure.then is not Then.EMPTY or attempt >= self._tries(failure.then)):
                        self._failures, self._last_answer = 0, time.monotonic()
                        answer = replies.without_words(failure, self._p.llm.model)
                        await keep(answer)
                        return answer
                    if any(failure.paid):
                        await keep(replies.without_words(failure, self._p.llm.model))
                finally:
                    self._open.pop(place, None)
            attempt = await self._after(failure, attempt)

    async def _send(self, body: dict[str, Any]) -> Reply:
        try:
            response = await self._client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        except APIStatusError as error:
            response = error.response
            # A filter's refusal may be a whole completion, under 400.
            if not replies.is_completion(failures.parsed(failures.text_of(response.content))):
                raise failures.of_response(response.status_code, response.headers, response.content) from None
        # Whatever came over the wire: the transport does not turn all that is no HTTP into errors of its own.
        except Exception as error:
            failure = failures.of_exception(error, TIMEOUT.read or 0.0)
            failure.paid = replies.cost_in(str(error.__cause__ or error))  # a body longer than told is quoted in it
            raise failure from None
        reply = replies.read_response(response.content, self._p.llm.model, body["messages"])
        if reply.reckoned and not self._said_reckoned:
            self._said_reckoned = True
            console.log.print("the endpoint does not say what it charges for: tokens are reckoned from characters")
        return reply

    def _answered(self, reply: Reply, expected_tokens: int) -> None:
        sent, answered = reply.answer.tokens
        self.models |= {reply.model} - {""}
        self._last_answer = time.monotonic()
        if reply.answer.text or reply.answer.refused:
            self._failures = 0
        self._answers += 1
        self._completion_tokens += answered
        self._longest = max(self._longest, answered)
        self._tokens.correct(sent + answered - expected_tokens)

    @asynccontextmanager
    async def _reserve(self, request: Request) -> AsyncIterator[None]:
        """Keep what a request may cost until its answer is in the ledger.

        Where the budget has no room for it, wait for requests in flight, which may cost less than was kept for them;
        stop where there are none. The first request goes alone: it shows what an answer of this model costs.
        """
        budget, price, cost = self._p.budget_usd, self._p.price, 0.0
        while budget is not None and price is not None:
            sent, typical = self._expected(request)
            cost = price.of(sent, max(typical, self._longest, request.limit or 0))
            spent = self._ledger.spent()
            alone = self._answers > 0 or not self._reserved
            if alone and spent + sum(self._reserved) + cost <= budget:
                break
            if not self._reserved:
                reason = f"${spent:.4f} of ${budget:.2f} is spent, and the next request could go beyond it"
                advice = "raise it and run again: what is answered is kept"
                self.stop(PyriteError(f"params.yaml: generate.budget_usd: {reason}; {advice}"))
            await self._pause(0.02)
        self._go_on()
        self._reserved.append(cost)
        try:
            yield
        finally:
            self._reserved.remove(cost)

    def _expected(self, request: Request) -> tuple[int, int]:
        """The tokens that a request is reckoned with: sent, and answered as on average so far."""
        typical = self._completion_tokens // self._answers if self._answers else TYPICAL_ANSWER
        return tokens_sent(request.messages), typical

    def _go_on(self) -> None:
        if self._reason is not None:
            raise self._reason

    async def _wait_for_turn(self, tokens: int) -> None:
        """Wait for the limits per minute, then for the end of a cool-down, which may have begun meanwhile."""
        await self._pause(max(self._requests.reserve(1), self._tokens.reserve(tokens)) - time.monotonic())
        while (left := self._resume_at - time.monotonic()) > 0:
            # A little apart, so that they don't all come back in the same instant.
            await self._pause(left + random.uniform(0, min(1.0, left)))
        self._go_on()

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            try:
                await asyncio.wait_for(self._stopping.wait(), seconds)
            except TimeoutError:
                return
        self._go_on()

    def _tries(self, then: Then) -> int:
        """How often a request that came to this is sent."""
        if then in (Then.GIVE_UP, Then.TOO_LONG):
            return 1
        return min(self._attempts, ATTEMPTS_IN_VAIN if then in (Then.SLOW, Then.EMPTY) else ATTEMPTS)

    async def _after(self, failure: Failure, attempt: int) -> int:
        """Wait as long as a failed request should; the number of its next attempt.

        Raises:
            Unanswered: it is no use to send it again.
            PyriteError: it is no use to send any.
        """
        # What failed says the names of the usual endpoint's variables.
        reason = failure.reason.replace(f"{DEFAULT}_", f"{self._p.llm.endpoint}_")
        if failure.then is Then.STOP:
            self.stop(PyriteError(f"{reason}; what is answered is kept"))
        self._go_on()
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * random.uniform(0.5, 1)
        if failure.then is Then.WAIT:
            # A busy endpoint is nobody's fault: all wait, and none uses up its attempts.
            now = time.monotonic()
            self._longest_wait = max(self._longest_wait, failure.wait or 0.0)
            self._resume_at, self._cooling = max(self._resume_at, now + (failure.wait or backoff)), reason
            if self._attempts == 1:
                self.stop(PyriteError(reason))
            if now - self._last_answer > PATIENCE + self._longest_wait:
                served = f"no answer for {waits.duration(now - self._last_answer)}"
                self.stop(PyriteError(f"{served}: {reason}; what is answered is kept"))
            self._go_on()
            return min(attempt + 1, self._attempts)
        if attempt < self._tries(failure.then):
            await self._pause(max(backoff, failure.wait or 0.0))
            return attempt + 1
        self._failures += 1
        # An answer without words is the model's, not the endpoint's: the next may have some.
        first = not self._answers and failure.then is not Then.EMPTY
        if first or self._failures >= FAILURES_IN_A_ROW:
            many = "the first request" if not self._answers else f"{self._failures} requests in a row"
            self.stop(PyriteError(f"{many} failed: {reason}; what is answered is kept"))
        self._go_on()
        raise Unanswered(reason)


def _wordless(reply: Reply) -> str:
    """Why an answer has no words, in a line."""
    if reply.finish == "length":
        how = "raise max_completion_tokens in its sampling, or turn thinking off (docs/llm.md)"
        return f"the model used its limit of tokens for thinking: {how}"
    if reply.thinks:
        return "the answer is empty: all that the model said is its thinking; turn it off at the server (docs/llm.md)"
    return "the answer is empty: the model said nothing"


class Pace:
    """A limit per minute: each request reserves its share of time and starts when it comes."""

    def __init__(self, per_minute: int | None) -> None:
        self._seconds = 60 / per_minute if per_minute else 0.0
        self._free_at = 0.0

    def reserve(self, amount: int) -> float:
        """When a request of this size may start, on the monotonic clock."""
        start = max(self._free_at, time.monotonic())
        self._free_at = start + amount * self._seconds
        return start

    def correct(self, amount: int) -> None:
        """A request was larger than reserved by so much, or smaller."""
        self._free_at += amount * self._seconds
