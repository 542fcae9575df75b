from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from test_client import BOUNDED, asking, completion, error

from pyrite.llm import failures, replies
from pyrite.llm.cache import Request
from pyrite.llm.dialect import Dialect
from pyrite.llm.failures import Failure, Then

SAMPLING = {
    "temperature": 0.7,
    "top_p": 0.9,
    "thinking": {"type": "enabled"},
    "provider": {"order": ["a"]},
    "user": "u",
}
MESSAGES = [{"role": "system", "content": "You are a poet."}, {"role": "user", "content": "Write."}]
REQUEST = Request(MESSAGES, BOUNDED, 100)
Refuses = Callable[[dict[str, Any], int], bool]


def settle(body: Any, refuses: Refuses, status: int = 400, times: int = 2) -> tuple[dict[str, Any], list[Then | None]]:
    """What is sent in the end to an endpoint that refuses some requests (by what is sent, and its number), and what
    became of each."""
    dialect, sent, outcomes = Dialect(asking(sampling=SAMPLING)), [], []

    async def send(request: dict[str, Any]) -> replies.Reply:
        sent.append(request)
        if refuses(request, len(sent) - 1):
            raise failures.of_response(status, {}, json.dumps(body).encode())
        return replies.read(completion(), "m", request["messages"])

    async def ask() -> None:
        for _ in range(times):
            try:
                await dialect.ask(send, REQUEST)
                outcomes.append(None)
            except Failure as failure:
                outcomes.append(failure.then)

    asyncio.run(ask())
    return sent[-1], outcomes


WHOLE, _ = settle(None, lambda request, number: False)


@pytest.mark.parametrize(
    "refusal",
    [
        error("`temperature` may only be set to 1 when `thinking` is enabled."),
        error("temperature: not supported when thinking is on"),
        error("Provider returned error: Unsupported parameter: 'temperature'"),
        error("This model no longer supports temperature"),
        error("Only temperature=1 is supported"),
        error("No.", param="temperature"),
        {"message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Not permitted"}]}},
        error("Refused.", cause=json.dumps(error("Unsupported value", param="temperature"))),
    ],
)
def test_of_several_named_only_what_is_refused_is_left_out(refusal: Any) -> None:
    sent, outcomes = settle(refusal, lambda request, number: "temperature" in request)
    assert outcomes == [None, None]
    assert sent == {name: value for name, value in WHOLE.items() if name != "temperature"}


def test_a_name_may_be_written_otherwise() -> None:
    refusal = error("Model m does not support parameter topP.")
    assert "top_p" not in settle(refusal, lambda request, number: "top_p" in request)[0]


@pytest.mark.parametrize(
    "passing",
    [
        "Provider returned error",
        "Invalid request: the stream was closed, user aborted",
        "The system encountered an error while processing your message",
        "We could not parse the JSON body of your request.",
        "Failed to validate JSON. See 'failed_generation'.",
    ],
)
@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("number", [0, 1])
def test_what_passes_by_itself_teaches_nothing(passing: str, status: int, number: int) -> None:
    refusal = error(passing, type="invalid_request_error")
    sent, _ = settle(refusal, lambda request, place: place == number, status, times=3)
    assert sent == WHOLE


@pytest.mark.parametrize(
    "refusal",
    [
        "Expected a value <= 2, but got 5: 'temperature' is above its maximum.",
        "temperature must be in (0, 2]",
        "temperature must be non-negative",
        "temperature too high",
        "Invalid type for 'temperature': expected a decimal",
    ],
)
def test_a_value_out_of_range_in_many_words_is_for_the_user(refusal: str) -> None:
    sent, outcomes = settle(error(refusal), lambda request, number: "temperature" in request)
    assert outcomes == [Then.GIVE_UP] * 2
    assert sent["temperature"] == 0.7


@pytest.mark.parametrize(
    "refusal",
    [
        "`max_tokens` must be at most `8192`, less than the `context_window` of this model",
        "max_tokens is too large: 9000. This model supports at most 4096 completion tokens.",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "input length and `max_tokens` exceed context limit: 188 + 213 > 204",
        "It exceeds the maximum context length: 10 tokens from the messages and 800 tokens for the completion.",
        "`inputs` tokens + `max_new_tokens` must be <= 4097.",
        "You passed 50 input tokens and requested 4090 output tokens. The model's context length is 4096.",
    ],
)
def test_a_limit_that_is_too_high_is_left_out(refusal: str) -> None:
    sent, outcomes = settle(error(refusal), lambda request, number: any("max_" in name for name in request))
    assert outcomes == [None, None]
    assert sent == {name: value for name, value in WHOLE.items() if name != "max_tokens"}
