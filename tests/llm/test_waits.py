from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pyrite.llm import failures, waits
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
        # In other writings of the same.
        ("01 Jan 2025 00:01:00 GMT", 60),
        ("01 Dec 2025 00:00:00 GMT", 334 * 86400),
        ("2025-01-01 00:01:00 UTC", 60),
        ("2025-01-01 00:01:00 +0000 UTC", 60),
        ("P1DT1H", 90000),
        ("1 minute, 30 seconds", 90),
        ('"30"', 30),
        ("30s, 60s", 30),
        ("1.2s. Upgrade within 3 days", 1.2),
    ],
)
def test_a_wait_is_read_as_it_is_written(value: str, wait: float | None) -> None:
    seconds = waits.seconds(value, datetime(2025, 1, 1, tzinfo=UTC))
    assert seconds is None if wait is None else seconds == pytest.approx(wait)


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
        # Of several limits the longest of those that are used up.
        (429, {"RateLimit": '"burst";r=0;t=3, "daily";r=0;t=360'}, {}, 360),
        (429, {"RateLimit": '"daily";r=9;t=86400, "burst";r=0;t=3'}, {}, 3),
        (429, {"RateLimit": "burst; t=3; r=0,daily; t=360; r=9", "RateLimit-Policy": '"burst";q=5;w=9'}, {}, 3),
        (429, {"RateLimit": '"a";r=9;t=40, "b";r=9;t=4'}, {}, 4),
        (429, {"RateLimit": '"burst";r=0;t=3', "X-RateLimit-Reset": "60", "X-RateLimit-Remaining": "0"}, {}, 60),
        (429, {"RateLimit": '"daily";r=0', "RateLimit-Policy": '"daily";q=1000;w=86400'}, {}, None),
        (429, {}, {"error": {"message": "Requests have exceeded the limit. Please retry after 26 seconds."}}, 26),
        (429, {}, {"message": "Too many tokens, please wait before trying again."}, None),
        (503, {"Retry-After": "20"}, {"error": {"message": "Loading model"}}, 20),
        (503, {}, {"error": "Model m is currently loading", "estimated_time": 20.0}, 20),
        (529, {}, {"error": {"message": "Overloaded"}}, None),
        # By any name, in headers or in the body.
        (429, {"x-ms-retry-after-ms": "1500"}, {}, 1.5),
        (429, {"retry-after-ms": "0", "Retry-After": "7"}, {}, 7),
        (429, {}, {"error": "Too many requests", "retryAfter": 20}, 20),
        (429, {}, {"error": {"message": "Slow down.", "metadata": {"retry_after_seconds": "9"}}}, 9),
        (503, {}, {"error": "Model m is currently loading", "estimated_time": "20.0"}, 20),
        (429, {}, {"error": {"details": [{"retryDelay": {"seconds": 34, "nanos": 0}}]}}, 34),
        (429, {}, {"error": {"metadata": {"headers": {"X-RateLimit-Reset": "40", "X-RateLimit-Remaining": "0"}}}}, 40),
        (429, {"x-ratelimit-reset-a": "1s", "x-ratelimit-reset-b": "9s", "x-ratelimit-remaining-b": "-12"}, {}, 9),
        (429, {}, {"error": "Limit of 15 per 60s. Please wait 12 seconds before retrying."}, 12),
        (429, {}, {"error": f"Rate limit reached {'in a long organization ' * 10}. Please try again in 1m2s."}, 62),
        (429, {}, {"error": {"message": json.dumps({"error": {"details": [{"retryDelay": "26s"}]}})}}, 26),
        # A limit is no quota that is used up, whatever the status.
        (402, {"Retry-After": "5"}, {"error": "In-flight budget"}, 5),
        (403, {}, {"error": "Rate limit exceeded, retry in 20s"}, 20),
        (429, {}, {"error": "Too many requests. Free trial users: see usage limits"}, None),
    ],
)
def test_all_wait_as_they_are_told(status: int, headers: dict[str, str], body: Any, wait: float | None) -> None:
    failure = failures.of_response(status, headers, json.dumps(body).encode())
    assert failure.then is Then.WAIT
    assert failure.wait == (None if wait is None else pytest.approx(wait))


@pytest.mark.parametrize(
    ("status", "headers", "then"),
    [
        # Limits are told with every answer; here none was hit.
        (500, {"x-ratelimit-reset-requests": "23h59m", "x-ratelimit-remaining-requests": "99"}, Then.AGAIN),
        (400, {"x-ratelimit-reset-requests": "23h59m"}, Then.GIVE_UP),
        (422, {"Retry-After": "86400"}, Then.GIVE_UP),
        (429, {"Retry-After": "86400"}, Then.STOP),
    ],
)
def test_only_what_waiting_helps_is_waited_for(status: int, headers: dict[str, str], then: Then) -> None:
    assert failures.of_response(status, headers, b"{}").then is then


@pytest.mark.parametrize("status", [408, 500, 502, 504, 524])
def test_what_a_request_may_be_to_blame_for_waits_alone(status: int) -> None:
    failure = failures.of_response(status, {"Retry-After": "3"}, b"")
    assert (failure.then, failure.wait) == (Then.AGAIN, 3)
