"""Endpoint: an OpenAI-compatible chat API, asked by many conversations at once, politely and within budget.

`OPENAI_API_KEY` and `OPENAI_BASE_URL` say which one; neither ever reaches a file, a log or a message.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAioHttpClient,
    OpenAIError,
)

from pyrite.base import console
from pyrite.base.errors import PyriteError
from pyrite.llm.cache import Answer, Ledger, Message
from pyrite.llm.parsing import encodable
from pyrite.params import Generate

Keep = Callable[[Answer], Awaitable[None]]

# A slow local model may need minutes for an answer; whoever is not there says so at once.
TIMEOUT = httpx2.Timeout(600, connect=10)
# The one layer of retries: the client's own is off. Waits double from the first to the longest, each with jitter.
ATTEMPTS = 7
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
# An endpoint that refuses every request (429) for this long has stopped serving us, whatever it says.
PATIENCE = 600.0
# So many requests that failed for good, without an answer in between: something is wrong with all of them.
FAILURES_IN_A_ROW = 10
# Characters per token of English: for limits and budgets, until the endpoint says what it counted.
CHARACTERS_PER_TOKEN = 4
# Tokens that an answer is reckoned with before the first one came.
TYPICAL_ANSWER = 1000


class Unanswered(Exception):  # noqa: N818 - no error of ours
    """This request has no answer, and asking again would not help; others may go on."""


class Endpoint:
    """One endpoint and what all requests to it share: limits, cool-down, budget, and the reason to stop.

    `structured` says whether it takes a JSON schema: None until the first answer has shown it.
    Make it in the event loop that uses it. After `stop` no request is sent; those in flight come to their end.
    """

    def __init__(self, p: Generate, attempts: int = ATTEMPTS) -> None:
        self._p, self._attempts = p, attempts
        self._client = client(p.concurrency)
        self._slots = asyncio.Semaphore(p.concurrency)
        self._requests, self._tokens = Pace(p.requests_per_minute), Pace(p.tokens_per_minute)
        self._price = p.prices.get(p.model)
        self._ledger = Ledger(p.prices)
        self._reserved: list[float] = []  # US dollars that each request in flight may cost
        self._completion_tokens, self._answers = 0, 0
        self._resume_at = 0.0
        self._last_answer = time.monotonic()
        self._failures = 0
        self._stopping = asyncio.Event()
        self._reason: PyriteError | None = None
        self.structured: bool | None = None
        if p.budget_usd is not None and self._price is None:
            raise PyriteError(
                f"params.yaml: generate.budget_usd can't be kept without a price: put '{p.model}' into "
                "generate.prices, or write budget_usd: null"
            )

    async def close(self) -> None:
        await self._client.close()

    @property
    def spent(self) -> float | None:
        """US dollars that the answers in the store have cost; None where the model's price is not known."""
        return None if self._price is None else self._ledger.spent()

    def stop(self, reason: PyriteError) -> None:
        """Send no further request: `ask` raises the reason instead."""
        if self._reason is None:
            self._reason = reason
        self._stopping.set()

    async def ask(self, messages: Sequence[Message], schema: Mapping[str, object] | None, keep: Keep) -> Answer:
        """The answer to a conversation so far, handed to `keep` before anything else happens.

        Args:
            schema: the JSON schema of the answer, sent along where the endpoint takes one; None: any text will do.

        Raises:
            Unanswered: this request can't be answered.
            PyriteError: no request can, or the run was stopped.
        """
        waited = 0
        while True:
            expected = sum(self._expected(messages))
            async with AsyncExitStack() as stack:
                try:
                    async with self._slots:
                        await self._wait_for_turn(expected)
                        await stack.enter_async_context(self._reserve(messages))
                        answer = await self._post(messages, schema)
                        self._answered(answer, expected)
                    await keep(answer)
                    return answer
                except APIError as error:
                    failure = error
            waited = await self._after(failure, waited)

    async def _post(self, messages: Sequence[Message], schema: Mapping[str, object] | None) -> Answer:
        said = body(messages, self._p)
        if self.structured is False or schema is None:
            return await self._send(said)
        try:
            answer = await self._send(said | {"response_format": response_format(schema)})
        except APIStatusError as error:
            if self.structured or error.status_code not in (400, 404, 415, 422, 500, 501):
                raise
            # It may be the schema that it can't take: without one the truth comes out.
            answer = await self._send(said)
            if self.structured is None:
                console.log.print("the endpoint takes no JSON schema: its answers are read leniently")
            self.structured = False
            return answer
        self.structured = True
        return answer

    async def _send(self, said: dict[str, Any]) -> Answer:
        response = await self._client.post("/chat/completions", body=said, cast_to=httpx2.Response)
        try:
            reply = json.loads(response.content)
        except (ValueError, RecursionError):
            reply = None
        answer = read(reply, self._p.model, datetime.now(UTC).strftime("%Y-%m-%d"))
        if answer is None:
            raise APIError("an answer that is no chat completion", response.request, body=None)
        return answer

    def _answered(self, answer: Answer, expected_tokens: int) -> None:
        self._failures = 0
        self._last_answer = time.monotonic()
        self._answers += 1
        self._completion_tokens += answer.completion_tokens or len(answer.text) // CHARACTERS_PER_TOKEN
        if answer.prompt_tokens is not None and answer.completion_tokens is not None:
            self._tokens.correct(answer.prompt_tokens + answer.completion_tokens - expected_tokens)

    @asynccontextmanager
    async def _reserve(self, messages: Sequence[Message]) -> AsyncIterator[None]:
        """Keep what a request may cost until its answer is in the ledger.

        Where the budget has no room for it, wait for requests in flight, which may cost less than was kept for them;
        stop where there are none.
        """
        budget, cost = self._p.budget_usd, 0.0
        while self._price is not None:
            cost = self._price.of(*self._expected(messages))
            spent = self._ledger.spent() if budget is not None else 0.0
            if budget is None or spent + sum(self._reserved) + cost <= budget:
                break
            if not self._reserved:
                said = f"${spent:.4f} of ${budget:.2f} is spent, and the next request could go beyond it"
                self.stop(
                    PyriteError(
                        f"params.yaml: generate.budget_usd: {said}; raise it and run again: what is answered is kept"
                    )
                )
            await self._pause(0.02)
        self._go_on()
        self._reserved.append(cost)
        try:
            yield
        finally:
            self._reserved.remove(cost)

    def _expected(self, messages: Sequence[Message]) -> tuple[int, int]:
        """The tokens that a request is reckoned with: sent, and answered as on average so far."""
        sent = sum(len(m["content"]) for m in messages) // CHARACTERS_PER_TOKEN
        return sent, self._completion_tokens // self._answers if self._answers else TYPICAL_ANSWER

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

    async def _after(self, error: APIError, waited: int) -> int:
        """Wait as long as a failed request should; how often it has waited then.

        Raises:
            Unanswered: it is no use to send it again.
            PyriteError: it is no use to send any.
        """
        reason = explain(error)
        status = error.status_code if isinstance(error, APIStatusError) else None
        if status in (401, 402, 403, 404) or error.code == "insufficient_quota":
            self.stop(PyriteError(f"{reason}; what is answered is kept"))
        self._go_on()
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2**waited) * random.uniform(0.5, 1)
        if isinstance(error, APIStatusError) and status == 429:
            # Too many requests are nobody's fault: all wait, and none uses up its attempts.
            self._resume_at = max(self._resume_at, time.monotonic() + (_retry_after(error) or backoff))
            if self._attempts == 1:
                self.stop(PyriteError(reason))
            if time.monotonic() - self._last_answer > PATIENCE:
                self.stop(PyriteError(f"no answer for {PATIENCE / 60:.0f} minutes: {reason}; what is answered is kept"))
            self._go_on()
            return min(waited + 1, self._attempts)
        final = status is not None and status < 500 and status not in (408, 409)
        if not final and waited + 1 < self._attempts:
            await self._pause(backoff)
            return waited + 1
        self._failures += 1
        if not self._answers or self._failures >= FAILURES_IN_A_ROW:
            many = "the first request" if not self._answers else f"{self._failures} requests in a row"
            self.stop(PyriteError(f"{many} failed: {reason}; what is answered is kept"))
        self._go_on()
        raise Unanswered(reason)


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


def client(connections: int) -> AsyncOpenAI:
    """The client that the environment asks for, with so many connections at once.

    Raises:
        PyriteError: there is no key, or the address is none.
    """
    base_url = os.environ.get("OPENAI_BASE_URL") or None
    api_key = os.environ.get("OPENAI_API_KEY") or None
    if not (api_key or "").isascii() or not (api_key or "").isprintable():
        raise PyriteError("OPENAI_API_KEY: has signs that no key has, such as a line break; export it anew")
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise PyriteError("OPENAI_BASE_URL: not an address; it begins with http:// or https:// and mostly ends in /v1")
    if "@" in (base_url or "").partition("://")[2].partition("/")[0]:
        raise PyriteError("OPENAI_BASE_URL: has a password in it, which no endpoint is sent; export it without")
    if api_key is None:
        if base_url is None:
            raise PyriteError(
                "OPENAI_API_KEY: not set; export your key, or set OPENAI_BASE_URL to a server of your own (docs/llm.md)"
            )
        api_key = "none"  # local servers ask for no key, but the client wants to send one
    try:
        # Said, because without a number the transport has one of its own: 100.
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        http = DefaultAioHttpClient(timeout=TIMEOUT, limits=limits)
        return AsyncOpenAI(api_key=api_key, base_url=base_url, max_retries=0, timeout=TIMEOUT, http_client=http)
    except (OpenAIError, ValueError, httpx2.InvalidURL):
        raise PyriteError("OPENAI_BASE_URL: not an address that can be used; see docs/llm.md") from None


def explain(error: APIError) -> str:
    """One line: what went wrong with a request and what to do, without the key."""
    if isinstance(error, APITimeoutError) and not isinstance(error.__cause__, httpx2.ConnectTimeout):
        return f"no answer within {TIMEOUT.read:.0f} s: the server is too slow or lost; ask for fewer texts in a turn"
    if isinstance(error, APIConnectionError):
        cause = clean(str(error.__cause__ or error)).replace(" ssl:default", "")
        if "certificate" in cause.lower() or "[SSL" in cause:
            return f"TLS to the endpoint failed ({cause}): check OPENAI_BASE_URL, SSL_CERT_FILE and your proxy"
        return f"the endpoint can't be reached ({cause}): check OPENAI_BASE_URL, your network and your proxy"
    said = clean(str((error.body or {}).get("message") or "") if isinstance(error.body, dict) else "")
    said = f" ({said})" if said else ""
    status = error.status_code if isinstance(error, APIStatusError) else None
    if error.code == "insufficient_quota" or status == 402:
        return f"the endpoint says that your quota is used up{said}: add credit there"
    if status == 401:
        return f"the endpoint refuses the key (401){said}: check OPENAI_API_KEY"
    if status == 403:
        return f"the key may not do this (403){said}: check its rights, or take another model"
    if status == 404:
        return f"no such model or address (404){said}: check generate.model and OPENAI_BASE_URL (mostly it ends in /v1)"
    if status == 429:
        return f"too many requests (429){said}: lower generate.concurrency or requests_per_minute"
    if status is not None:
        return f"the endpoint answers with an error ({status}){said}"
    return clean(error.message)


def body(messages: Sequence[Message], p: Generate) -> dict[str, Any]:
    """A request as the API takes it, without a schema."""
    return {"model": p.model, "messages": list(messages), **p.sampling}


def response_format(schema: Mapping[str, object]) -> dict[str, object]:
    """What asks the API for an answer that follows a JSON schema."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}


def read(reply: Any, model: str, date: str) -> Answer | None:
    """The answer in an API's reply, empty for a refusal in a field of its own; None where it is no chat completion."""
    try:
        text = reply["choices"][0]["message"].get("content")
        usage = reply.get("usage") or {}
    except (TypeError, LookupError, AttributeError):
        return None
    return Answer(
        model=model,
        date=date,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        text=encodable(unkeyed(text)) if isinstance(text, str) else "",
    )


def clean(text: str) -> str:
    """A server's words as one short line; some repeat the key."""
    return " ".join(console.printable(encodable(unkeyed(text))).split())[:200]


def unkeyed(text: str) -> str:
    """A text from outside in which a name stands for the key and for the endpoint's address."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        if secret := os.environ.get(name):
            text = text.replace(secret, f"${name}")
    return text


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds that the server wants us to wait; a date or nonsense counts as nothing."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, PATIENCE) if seconds > 0 else None


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
