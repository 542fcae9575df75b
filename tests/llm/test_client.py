from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import shipped_params
from llm_server import Entry, Fault, Running, serve
from openai import APIConnectionError, APITimeoutError

from pyrite.base.errors import PyriteError
from pyrite.llm import client, conversations, dialect, failures
from pyrite.llm.cache import Answer, Ledger, Log
from pyrite.llm.client import Endpoint, Pace, Unanswered
from pyrite.params import Generate, Price

MESSAGES = [{"role": "user", "content": "Write texts. Answer with a JSON array of 2 strings."}]
KEY = "sk-a-key-that-must-not-be-said"
PRICE = {"m": {"input": 1.0, "output": 1.0, "date": "2026-01-01"}}


@pytest.fixture(autouse=True)
def quick(project: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Sends so many requests at once to a server; what became of each, an answer or an error."""

    def send(server: Running | str, times: int = 1, **settings: Any) -> list[Any]:
        monkeypatch.setenv("OPENAI_BASE_URL", server if isinstance(server, str) else server.url)
        shipped = shipped_params()["generate"]
        p = Generate.model_validate(shipped | {"model": "m", "sampling": {}} | settings, strict=False)

        async def run(log: Log) -> list[Any]:
            async def one(number: int) -> Answer:
                return await asked.ask(MESSAGES, conversations.TEXTS, lambda answer: log.add(f"{number:064}", answer))

            asked = Endpoint(p)
            try:
                return await asyncio.gather(*map(one, range(times)), return_exceptions=True)
            finally:
                await asked.close()

        with Log("t", "s") as log:
            return asyncio.run(run(log))

    return send


Ask = Callable[..., list[Any]]


def stops(outcomes: list[Any]) -> str:
    """The one reason for which all requests were stopped."""
    reasons = {str(outcome) for outcome in outcomes if isinstance(outcome, PyriteError)}
    assert len(reasons) == 1, outcomes
    reason = reasons.pop()
    assert "\n" not in reason
    assert KEY not in reason
    return reason


def test_an_answer_comes_with_its_tokens_and_a_schema_was_sent(ask: Ask) -> None:
    with serve(answers=['["a", "b"]']) as server:
        [answer] = ask(server, sampling={"temperature": 0.5})
    assert answer.text == '["a", "b"]'
    assert answer.prompt_tokens > 0
    assert answer.completion_tokens > 0
    sent = server.log[0].request
    assert sent["model"] == "m"
    assert sent["messages"] == MESSAGES
    assert sent["temperature"] == 0.5
    assert sent["response_format"]["json_schema"]["schema"] == conversations.TEXTS


def test_a_server_without_schemas_is_found_out_once(ask: Ask) -> None:
    with serve(structured=False) as server:
        assert all(isinstance(answer, Answer) for answer in ask(server, 20))
    assert {entry.status for entry in server.log if "response_format" in entry.request} == {400}
    with serve(structured=False) as server:
        ask(server, 20, concurrency=1)
    assert [entry.status for entry in server.log if "response_format" in entry.request] == [400]


def test_a_wrong_key_is_tried_by_those_in_flight_only(ask: Ask) -> None:
    with serve(key="another") as server:
        assert "401" in stops(ask(server, 50, concurrency=4))
    assert len(server.log) <= 4


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.DROP, Fault.CUT, Fault.NOT_JSON, Fault.HTML])
def test_what_passes_is_tried_again(ask: Ask, fault: Fault) -> None:
    with serve(answers=[fault, fault, fault]) as server:
        [answer] = ask(server)
    assert isinstance(answer, Answer)
    assert len(server.log) in (4, 5)  # where an error is a server's, it may have been for the schema


def test_a_request_without_hope_is_given_up_and_the_others_go_on(ask: Ask) -> None:
    def at_times(request: dict[str, Any]) -> Fault | None:
        at_times.calls += 1  # type: ignore[attr-defined]
        return Fault.SERVER_ERROR if 1 < at_times.calls <= 1 + client.ATTEMPTS else None  # type: ignore[attr-defined]

    at_times.calls = 0  # type: ignore[attr-defined]
    with serve(answers=at_times) as server:
        outcomes = ask(server, 3, concurrency=1)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) >= 2
    assert not any(isinstance(outcome, PyriteError) for outcome in outcomes)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"key": "another"}, ["401", "OPENAI_API_KEY"]),
        ({"models": ["gpt-x"]}, ["404", "generate.model"]),
        ({"quota": 0}, ["quota", "credit"]),
        ({"answers": [402]}, ["quota"]),
        ({"answers": [403]}, ["403"]),
        ({"answers": lambda request: 418}, ["first request", "418"]),
        ({"answers": lambda request: Fault.HTML}, ["first request", "no chat completion"]),
    ],
)
def test_what_no_request_survives_stops_all_at_once(ask: Ask, behaviour: dict[str, Any], words: list[str]) -> None:
    with serve(**behaviour) as server:
        reason = stops(ask(server, 10, concurrency=1))
    assert all(word in reason for word in words), reason
    # One that may pass is tried again, and while it waits others are tried.
    assert len(server.log) <= (10 * client.ATTEMPTS if "no chat completion" in reason else 2)


def test_failures_in_a_row_stop_the_run(ask: Ask) -> None:
    with serve(answers=lambda request: None if len(server.log) < 1 else 400) as server:
        outcomes = ask(server, 200, concurrency=1)
    assert f"{client.FAILURES_IN_A_ROW} requests in a row failed" in stops(outcomes)
    assert len(server.log) < 200 or sum(isinstance(o, Unanswered) for o in outcomes) < 20


def test_all_wait_as_long_as_the_server_says(ask: Ask) -> None:
    def once(request: dict[str, Any]) -> Fault | None:
        # The second request is refused: those after it in the cool-down must not have been sent.
        return Fault.RETRY_AFTER if next(calls) == 1 else None

    calls = itertools.count()
    with serve(answers=once, retry_after=0.6, latency=0.05) as server:
        outcomes = ask(server, 12, concurrency=3)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    refused = next(entry for entry in server.log if entry.status == 429)
    later = [entry.received for entry in server.log if entry.received > refused.answered + 0.1]
    assert later
    assert min(later) - refused.answered > 0.55


def test_refusals_by_rate_use_up_no_attempts(ask: Ask) -> None:
    with serve(answers=[None] + [Fault.RATE_LIMIT] * 30) as server:
        outcomes = ask(server, 2)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)


def test_an_endpoint_that_only_refuses_is_left(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.2)
    with serve(answers=lambda request: Fault.RATE_LIMIT) as server:
        assert "429" in stops(ask(server, 5))


def test_a_limit_per_minute_spaces_requests(ask: Ask) -> None:
    with serve() as server:
        started = time.monotonic()
        ask(server, 6, requests_per_minute=1200)
    assert time.monotonic() - started >= 5 * 60 / 1200


def test_a_pace_reserves_in_turn_and_mends_what_it_guessed() -> None:
    pace = Pace(60)
    first = pace.reserve(2)
    assert pace.reserve(1) == pytest.approx(first + 2)
    pace.correct(3)
    assert pace.reserve(1) == pytest.approx(first + 6)
    free = Pace(None)
    assert free.reserve(10**9) <= time.monotonic()
    assert free.reserve(1) <= time.monotonic()


def test_a_budget_needs_a_price(ask: Ask) -> None:
    with serve() as server, pytest.raises(PyriteError, match=r"budget_usd can't be kept without a price: put 'm'"):
        ask(server, budget_usd=1.0)
    assert not server.log


def test_no_request_goes_beyond_the_budget(ask: Ask) -> None:
    with serve() as server:
        assert "budget_usd" in stops(ask(server, 3, budget_usd=0.0001, prices=PRICE))
    assert not server.log  # a first answer is reckoned with a thousand tokens
    with serve(latency=0.05) as server:
        outcomes = ask(server, 60, budget_usd=0.0012, prices=PRICE)
    assert "budget_usd" in stops(outcomes)
    spent = Ledger({"m": Price(**PRICE["m"])}).spent()
    assert 0.0008 < spent <= 0.0012
    # What an earlier run has spent counts too.
    with serve() as server:
        assert "is spent" in stops(ask(server, 1, budget_usd=0.0012, prices=PRICE))
    assert not server.log


@pytest.mark.parametrize(
    ("base_url", "key", "words"),
    [
        (None, None, "OPENAI_API_KEY: not set"),
        ("localhost:8000/v1", KEY, "OPENAI_BASE_URL: not an address"),
        ("http://[::1:80", KEY, "OPENAI_BASE_URL: not an address"),
    ],
)
def test_an_environment_that_says_nothing_usable(
    monkeypatch: pytest.MonkeyPatch, base_url: str | None, key: str | None, words: str
) -> None:
    for name, value in {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": key}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(PyriteError, match=words):
        dialect.client(1)


def test_a_server_that_is_not_there(ask: Ask) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    reason = stops(ask(f"http://127.0.0.1:{port}/v1"))
    assert "can't be reached" in reason
    assert "OPENAI_BASE_URL" in reason


def test_a_local_server_needs_no_key(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with serve() as server:
        assert isinstance(ask(server)[0], Answer)


@pytest.mark.parametrize("fault", [Fault.REFUSAL_FIELD, Fault.HUGE, Fault.CONTROL])
def test_odd_answers_are_answers(ask: Ask, fault: Fault) -> None:
    with serve(answers=[fault]) as server:
        [answer] = ask(server)
    assert isinstance(answer, Answer)
    answer.text.encode()


def test_after_a_stop_those_in_flight_are_answered_and_no_more_are_sent(ask: Ask) -> None:
    sent: list[Entry] = []
    calls = itertools.count()
    with serve(latency=0.2, answers=lambda request: 401 if next(calls) == 4 else None) as server:
        outcomes = ask(server, 10, requests_per_minute=600)
        sent = list(server.log)
    answered = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert len(answered) == sum(entry.status == 200 for entry in sent)
    assert 3 <= len(answered) < 10


def test_a_server_that_nobody_here_wrote_answers(ask: Ask, transformers_server: str, tiny_chat_model: Path) -> None:
    answers = ask(transformers_server, 3, model=str(tiny_chat_model), sampling={"max_tokens": 8})
    assert all(isinstance(answer, Answer) for answer in answers), answers
    assert {answer.model for answer in answers} == {str(tiny_chat_model)}
    assert all(0 < answer.completion_tokens <= 8 for answer in answers)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (OSError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), ["TLS", "SSL_CERT_FILE", "proxy"]),
        (OSError("Cannot connect to proxy.example"), ["can't be reached", "OPENAI_BASE_URL", "proxy"]),
        (OSError(f"refused, with {KEY} in it\nand a second line"), ["$OPENAI_API_KEY in it and a second line"]),
    ],
)
def test_a_connection_that_fails_says_why_in_one_line(cause: Exception, words: list[str]) -> None:
    error = APIConnectionError(request=httpx2.Request("POST", "http://localhost/v1"))
    error.__cause__ = cause
    said = str(failures.of_exception(error, 600))
    assert all(word in said for word in words), said
    assert "\n" not in said


def test_a_slow_answer_is_told_from_a_server_that_is_not_there() -> None:
    request = httpx2.Request("POST", "http://localhost/v1")
    slow, away = APITimeoutError(request=request), APITimeoutError(request=request)
    away.__cause__ = httpx2.ConnectTimeout("")
    assert "no answer within 600 s" in str(failures.of_exception(slow, 600))
    assert "can't be reached" in str(failures.of_exception(away, 600))


def test_tokens_per_minute_space_requests_too(ask: Ask) -> None:
    with serve() as server:
        started = time.monotonic()
        # The first is reckoned with a thousand tokens, which its answer shows to be some fifty: half a second each.
        ask(server, 3, tokens_per_minute=6000, concurrency=1)
    assert 0.8 <= time.monotonic() - started < 8
