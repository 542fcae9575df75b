from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pyrite.llm import failures
from pyrite.llm.failures import Then


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("30", 30),
        ("1.5", 1.5),
        ("2m3s", 123),
        ("1h2m", 3720),
        ("250ms", 0.25),
        ("20 seconds", 20),
        ("Wed, 01 Jan 2025 00:01:00 GMT", 60),
        ("2025-01-01T00:01:00Z", 60),
        ("1735689660", 60),
        ("1735689660000", 60),
        ("Wed, 01 Jan 2020 00:00:00 GMT", None),
        ("-3", None),
        ("30, 30", 30),
        ("30;w=60", 30),
        ("PT1M30S", 90),
        ("1 minute and 30 seconds", 90),
        ("1735689660000000", 60),
        ("Wednesday, 01-Jan-25 00:01:00 GMT", 60),
        ("99999999999", 98264310399),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("9" * 400, None),
    ],
)
def test_a_wait_is_read_as_it_is_written(value: str, wait: float | None) -> None:
    found = failures.seconds(value, datetime(2025, 1, 1, tzinfo=UTC))
    assert found is None if wait is None else found == pytest.approx(wait)


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (429, {"Retry-After": "7", "x-ratelimit-reset-tokens": "1h"}, {}, 7),
        (429, {"retry-after-ms": "500"}, {}, 0.5),
        (429, {"x-ratelimit-reset-requests": "20s", "x-ratelimit-reset-tokens": "6m0s"}, {}, 20),
        (
            429,
            {
                "x-ratelimit-reset-requests": "20s",
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "0",
            },
            {},
            360,
        ),
        (429, {}, {"error": {"message": "Rate limit reached. Please try again in 8.52s."}}, 8.52),
        (429, {}, {"error": {"details": [{"@type": "RetryInfo", "retryDelay": "43s"}]}}, 43),
        (429, {"x-ratelimit-reset-requests": "6m0s", "Retry-After": "-1"}, {}, 360),
        (429, {"RateLimit": "limit=100, remaining=0, reset=40"}, {}, 40),
        (429, {"RateLimit": '"default";r=0;t=40'}, {}, 40),
        (429, {}, {"error": {"message": "Requests have exceeded the limit. Please retry after 26 seconds."}}, 26),
        (429, {}, {"message": "Too many tokens, please wait before trying again."}, None),
        (503, {"Retry-After": "20"}, {"error": {"message": "Loading model"}}, 20),
        (503, {}, {"error": "Model m is currently loading", "estimated_time": 20.0}, 20),
        (529, {}, {"error": {"message": "Overloaded"}}, None),
        (500, {"Retry-After": "3"}, {}, 3),
    ],
)
def test_all_wait_as_they_are_told(status: int, headers: dict[str, str], body: Any, wait: float | None) -> None:
    failure = failures.of_response(status, headers, json.dumps(body).encode())
    assert failure.then is failures.Then.WAIT
    assert failure.wait == (None if wait is None else pytest.approx(wait))


@pytest.mark.parametrize(
    ("status", "body", "then"),
    [
        # Anthropic
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, Then.WAIT),
        (400, {"error": {"message": "Your credit balance is too low to access the Anthropic API."}}, Then.STOP),
        (400, {"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}}, Then.TOO_LONG),
        (
            400,
            {"error": {"message": "input length and `max_tokens` exceed context limit: 190000 + 20000"}},
            Then.TOO_LONG,
        ),
        (413, {"error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}}, Then.TOO_LONG),
        # Gemini
        (400, [{"error": {"message": "Bad key.", "details": [{"reason": "API_KEY_INVALID"}]}}], Then.STOP),
        (400, {"error": {"message": "API key expired. Please renew the API key."}}, Then.STOP),
        (403, {"error": {"message": "Your API key was reported as leaked."}}, Then.STOP),
        (400, {"error": {"message": "The input token count (1200000) exceeds the maximum allowed"}}, Then.TOO_LONG),
        # Bedrock
        (429, {"message": "Too many tokens, please wait before trying again."}, Then.WAIT),
        (400, {"Message": "Input is too long for requested model."}, Then.TOO_LONG),
        (400, {"message": "The provided model identifier is invalid."}, Then.STOP),
        (403, {"message": "The security token included in the request is invalid."}, Then.STOP),
        (424, {"message": "The system encountered an unexpected error. Try your request again."}, Then.AGAIN),
        # Together, TGI
        (422, {"error": {"message": "`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000"}}, Then.TOO_LONG),
        (422, {"error": "Input validation error: `inputs` must have less than 4095 tokens"}, Then.TOO_LONG),
        (424, {"error": "Request failed during generation: CUDA out of memory"}, Then.AGAIN),
        (429, {"error": "Model is overloaded", "error_type": "overloaded"}, Then.WAIT),
        # Groq, OpenAI
        (
            413,
            {"error": {"message": "Request too large for model `m` on tokens per minute: Limit 6000"}},
            Then.TOO_LONG,
        ),
        (429, {"error": {"message": "Request too large for m on tokens per min (TPM): Limit 10000"}}, Then.TOO_LONG),
        (400, {"error": {"message": "No more.", "code": "model_decommissioned"}}, Then.STOP),
        (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, Then.STOP),
        (400, {"error": {"message": "billing_not_active: Your account is not active"}}, Then.STOP),
        (400, {"error": {"message": "your prompt was flagged as violating our usage policy"}}, Then.REFUSED),
        (403, {"error": {"message": "Country, region, or territory not supported"}}, Then.GIVE_UP),
        # DeepSeek, Mistral, Cloudflare
        (402, {"error": {"message": "Insufficient Balance"}}, Then.STOP),
        (400, {"error": {"message": "Content Exists Risk"}}, Then.REFUSED),
        (429, {"object": "error", "message": "Service tier capacity exceeded for this model."}, Then.WAIT),
        (
            400,
            {"message": "Prompt contains 40000 tokens, too large for model with 32768 context length"},
            Then.TOO_LONG,
        ),
        (400, {"object": "error", "message": "Invalid model: m", "code": "1500"}, Then.STOP),
        (422, {"message": {"detail": [{"loc": ["body", "x"], "msg": "Extra inputs are not permitted"}]}}, Then.GIVE_UP),
        (400, {"errors": [{"code": 10000, "message": "Authentication error"}], "result": None}, Then.STOP),
        # Ollama, LM Studio, vLLM, SGLang, llama.cpp
        (404, {"error": {"message": 'model "m" not found, try pulling it first'}}, Then.STOP),
        (500, {"error": "model requires more system memory (5.6 GiB) than is available"}, Then.AGAIN),
        (400, {"error": "The number of tokens to keep is greater than the context length."}, Then.TOO_LONG),
        (
            400,
            {"error": {"message": "The prompt (length 50) is longer than the maximum model length of 40."}},
            Then.TOO_LONG,
        ),
        (400, {"message": "The input (50 tokens) is longer than the model's context length (40)."}, Then.TOO_LONG),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, Then.WAIT),
    ],
)
def test_an_error_asks_for_what_its_provider_means(status: int, body: Any, then: Then) -> None:
    failure = failures.of_response(status, {}, json.dumps(body).encode())
    assert failure.then is then
    assert failures.words_of(body) in failure.reason
