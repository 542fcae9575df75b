from __future__ import annotations

import asyncio
import itertools
import json
import socket
import threading
import time
from base64 import b32encode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from conftest import shipped_params
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from llm_server import Fault, Running, serve
from openai import APIConnectionError, APITimeoutError

from pyrite.base.errors import PyriteError
from pyrite.llm import client, conversations, dialect, failures, replies
from pyrite.llm.cache import Answer, Ledger, Log, Request, Unanswered
from pyrite.llm.client import Endpoint, Pace
from pyrite.params import LLM, Asking, Limits, Price

MESSAGES = [{"role": "user", "content": "Write texts. Answer with a JSON array of 2 strings."}]
BOUNDED = conversations.texts_schema(2, 1, 100)
SCHEMA = dialect.unbounded(BOUNDED)
KEY = "sk-a-key-that-must-not-be-said"
PRICE = {"m": {"input": 1.0, "output": 1.0, "date": "2026-01-01"}}


def asking(**own: Any) -> Asking:
    """A model `m` without sampling, asked as the shipped study would, but for what a test has of its own."""
    llm = {"model": "m"} | {key: own.pop(key) for key in LLM.model_fields if key in own}
    limits = {key: own.pop(key) for key in Limits.model_fields if key in own}
    about = {"provider": "openai", "budget_usd": None, "prices": shipped_params()["generate"]["prices"]}
    return Asking.model_validate(about | {"llm": llm, "limits": limits} | own, strict=False)


@pytest.fixture(autouse=True)
def quick(project: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Sends so many requests at once to a server; what became of each, an answer or an error."""

    def send(
        server: Running | str, times: int = 1, limit: int | None = None, schema: Any = SCHEMA, **own: Any
    ) -> list[Any]:
        monkeypatch.setenv("OPENAI_BASE_URL", server if isinstance(server, str) else server.url)

        async def run(log: Log) -> list[Any]:
            async def ask_once(number: int) -> Answer:
                request = Request(MESSAGES, schema, limit, f"{number:064}")
                return await endpoint.ask(request, lambda answer: log.add(request.key, answer))

            endpoint = Endpoint(asking(**own))
            try:
                return await asyncio.gather(*map(ask_once, range(times)), return_exceptions=True)
            finally:
                await endpoint.close()

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


def spent() -> float:
    """What all stored answers have cost, by `PRICE`."""
    return Ledger({"m": Price(**PRICE["m"])}).spent()


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
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA


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
    calls = itertools.count()
    with serve(answers=lambda request: Fault.SERVER_ERROR if 0 < next(calls) <= client.ATTEMPTS else None) as server:
        outcomes = ask(server, 3, concurrency=1)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) >= 2
    assert not any(isinstance(outcome, PyriteError) for outcome in outcomes)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"key": "another"}, ["401", "OPENAI_API_KEY"]),
        ({"models": ["gpt-x"]}, ["404", "llms"]),
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


@pytest.mark.parametrize(("fault", "retry_after"), [(Fault.RATE_LIMIT, 0.0), (Fault.RETRY_AFTER, 0.1)])
def test_an_endpoint_that_only_refuses_is_left(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, fault: Fault, retry_after: float
) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.6)  # with time for the connection, which a busy machine takes
    with serve(answers=lambda request: fault, retry_after=retry_after) as server:
        assert "429" in stops(ask(server, 5))
    waited = server.log[-1].answered - server.log[0].received
    # As soon as its time and our patience are over, not whenever a request happens to be late.
    assert retry_after + 0.1 < waited < 10


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
    assert 0.0008 < spent() <= 0.0012
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
        dialect.client("OPENAI", 1)


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
    calls = itertools.count()
    with serve(latency=0.2, answers=lambda request: 401 if next(calls) == 4 else None) as server:
        outcomes = ask(server, 10, requests_per_minute=600)
        sent = list(server.log)
    answered = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert len(answered) == sum(entry.status == 200 for entry in sent)
    assert 3 <= len(answered) < 10


@pytest.mark.xdist_group("transformers")
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
    reason = str(failures.of_exception(error, 600))
    assert all(word in reason for word in words), reason
    assert "\n" not in reason


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


# What endpoints of others say


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": None, "param": None, "code": None} | more}


def completion(content: Any = '["a", "b"]', usage: Any = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    choice["message"] |= more.pop("message", {})
    return {"object": "chat.completion", "model": "m", "choices": [choice | more], "usage": usage}


HISTORY = [*MESSAGES, {"role": "assistant", "content": '["a"]'}, {"role": "user", "content": "More, please."}]


@pytest.mark.parametrize(
    "refusal",
    [
        (400, error("The prompt triggered Azure OpenAI's content management policy.", code="content_filter"), {}),
        (403, error("Input was flagged by moderation", code=403, metadata={"reasons": ["violence"]}), {}),
        (400, error("Content Exists Risk"), {}),
        (400, completion("", finish_reason="content_filter"), {}),
        (200, {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 100}}, {}),
        (200, completion(None, finish_reason="content_filter"), {}),
        (200, {"choices": [{"index": 0, "finish_reason": "content_filter"}]}, {}),
        (400, error("Your prompt was flagged as potentially violating our usage policy"), {}),
        (200, {"choices": None, **error("Input was flagged by moderation", code=403)}, {}),
    ],
)
def test_a_filter_refuses_requests_and_stops_no_run(ask: Ask, refusal: Any) -> None:
    with serve(answers=lambda request: refusal) as server:
        outcomes = ask(server, client.FAILURES_IN_A_ROW + 2)
    assert {outcome.refused for outcome in outcomes} == {failures.FILTERED}
    # It is kept, and counts as the answer.
    assert Log("t", "s").get(f"{0:064}") == outcomes[0]
    paid = 100 * len(server.log) if refusal[1].get("usage") else sum(o.prompt_tokens for o in outcomes)
    assert spent() * 1e6 == pytest.approx(paid)


def test_a_refusal_in_its_own_field_is_one(ask: Ask) -> None:
    with serve(answers=[Fault.REFUSAL_FIELD]) as server:
        [answer] = ask(server)
    assert (answer.text, answer.refused) == ("", failures.REFUSAL)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 300 tokens. However, you requested 400 tokens in the messages.",
        "the request exceeds the available context size, try increasing it",
        "max_tokens must be at least 1, got -186.",
    ],
)
def test_a_conversation_ends_where_the_context_is_used_up(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    with serve(answers=lambda request: (400, error(message), {})) as server:
        assert "longer than the model's context" in stops(ask(server))  # it can't even begin
        monkeypatch.setitem(globals(), "MESSAGES", HISTORY)
        [answer] = ask(server)
    assert (answer.text, answer.refused) == ("", failures.CONTEXT)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 2100}, (90, 2010)),
        (
            {"prompt_tokens": 90, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 500}},
            (90, 510),
        ),
        (
            {"prompt_tokens": 90, "completion_tokens": 510, "completion_tokens_details": {"reasoning_tokens": 500}},
            (90, 510),
        ),
        ({"prompt_tokens": 90.0, "completion_tokens": 20.0, "prompt_tokens_details": {"cached_tokens": 40}}, (90, 20)),
        (None, (12, 100)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, (12, 100)),
        ({"prompt_tokens": -4, "completion_tokens": "10"}, (12, 100)),
        ({"prompt_tokens": 10**12, "completion_tokens": True}, (12, 100)),
        ({"prompt_tokens": 90, "completion_tokens": 1, "total_tokens": 91}, (90, 100)),
    ],
)
def test_tokens_are_what_is_charged_for_or_reckoned(
    ask: Ask, capsys: pytest.CaptureFixture[str], usage: Any, tokens: tuple[int, int]
) -> None:
    with serve(answers=[completion("x" * 400, usage)]) as server:
        [answer] = ask(server)
    assert (answer.prompt_tokens, answer.completion_tokens) == tokens
    assert ("reckoned from characters" in capsys.readouterr().err) == (tokens[1] == 100)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "a"}, {"type": "output_text", "text": "b"}], "ab"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "draft"}]}, {"type": "text", "text": "a"}], "a"),
        ([{"type": "reasoning", "text": "draft"}, "a"], "a"),
        ({"type": "text", "text": {"value": "a"}}, "a"),
    ],
)
def test_of_parts_only_texts_count(ask: Ask, content: Any, text: str) -> None:
    with serve(answers=[completion(content, message={"reasoning_content": '["a draft"]'})]) as server:
        [answer] = ask(server)
    assert answer.text == text


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (completion(None, message={"reasoning_content": '["a", "b"]'}), "all that the model said is its thinking"),
        (completion("", finish_reason="length"), "raise max_completion_tokens"),
        (completion("  "), "the model said nothing"),
    ],
)
def test_an_empty_answer_is_tried_twice_paid_twice_and_no_answer(ask: Ask, reply: Any, words: str) -> None:
    reply = reply | {"usage": {"prompt_tokens": 50, "completion_tokens": 50, "total_tokens": 100}}
    with serve(answers=lambda request: reply) as server:
        [outcome] = ask(server)
    assert isinstance(outcome, Unanswered)
    assert words in str(outcome)
    assert len(server.log) == 2
    assert Log("t", "s").get("0" * 64) is None
    assert spent() == pytest.approx(200e-6)


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ((400, [error("API key not valid. Please pass a valid API key.", code=400)], {}), ["key", "API key not valid"]),
        (
            (422, {"detail": "422: The model gpt-5-gibberish does not exist."}, {}),
            ["gpt-5-gibberish", "llms"],
        ),
        ((422, {"detail": [{"loc": ["body", "x"], "msg": "field required"}]}, {}), ["field required"]),
        ((400, b"stream timeout: upstream said no", {}), ["upstream said no"]),
        ((418, {"error": "as a string"}, {}), ["as a string"]),
        ((418, {"error": {"message": "no", "metadata": {"raw": '{"detail": "upstream"}'}}}, {}), ["no: upstream"]),
        ((418, b"<!DOCTYPE html><html><head><title>a page | 418</title></head>", {}), ["a page | 418"]),
        ((200, {"choices": None, **error("Provider returned error", code=402)}, {}), ["quota"]),
        ((200, b'data: {"choices": [{"delta": {}}]}\n\n', {"Content-Type": "text/event-stream"}), ["stream"]),
        ((307, b"", {"Location": "http://elsewhere.example/v1?key=1"}), ["redirects", "elsewhere.example/v1 (307)"]),
        ((402, error("Insufficient Balance"), {}), ["quota", "Insufficient Balance"]),
    ],
)
def test_the_reason_reaches_the_user(ask: Ask, response: Any, words: list[str]) -> None:
    with serve(answers=lambda request: response) as server:
        reason = stops(ask(server))
    assert all(word in reason for word in words), reason


def test_a_socks_proxy_is_said(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("NO_PROXY", "")
    with serve() as server, pytest.raises(PyriteError, match="a SOCKS proxy"):
        ask(server)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as server:
        assert isinstance(ask(server)[0], Answer)


def test_what_is_refused_is_done_without_and_said_once(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    def answers(request: dict[str, Any]) -> Any:
        assert request["stream"] is False
        if "temperature" in request:
            return (400, error("`temperature` is deprecated for this model."), {})
        return None

    with serve(answers=answers) as server:
        outcomes = ask(server, 10, concurrency=1, sampling={"temperature": 0.7, "top_p": 0.9})
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert sum("temperature" in entry.request for entry in server.log) == 1
    assert all(entry.request["top_p"] == 0.9 for entry in server.log)
    assert capsys.readouterr().err.count("refuses temperature") == 1


def test_a_value_out_of_range_is_for_the_user_to_mend(ask: Ask) -> None:
    refused = (400, error("Invalid 'temperature': must be between 0 and 2."), {})
    with serve(answers=lambda request: refused) as server:
        assert "between 0 and 2" in stops(ask(server, sampling={"temperature": 5}))


def test_a_system_message_that_is_refused_heads_the_first_question(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(request: dict[str, Any]) -> Any:
        roles = [message["role"] for message in request["messages"]]
        return (400, {"object": "error", "message": "System role not supported"}, {}) if "system" in roles else None

    monkeypatch.setitem(globals(), "MESSAGES", [{"role": "system", "content": "You are a poet."}, *HISTORY])
    with serve(answers=answers) as server:
        assert isinstance(ask(server, 3, concurrency=1)[2], Answer)
    assert [entry.status for entry in server.log] == [400, 200, 200, 200]
    sent = server.log[-1].request["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[0]["content"].startswith("You are a poet.\n\nWrite texts.")


def test_a_limit_that_the_context_has_no_room_for_is_left_out(ask: Ask) -> None:
    refusal = "The maximum context length is 512 tokens: you requested 600 (300 in the messages, 300 in the completion)"
    with serve(answers=lambda request: (400, error(refusal), {}) if "max_tokens" in request else None) as server:
        assert all(isinstance(outcome, Answer) for outcome in ask(server, 2, concurrency=1, limit=300))
    assert ["max_tokens" in entry.request for entry in server.log] == [True, False, False]
    with serve(answers=lambda request: (400, error("max_tokens must be at least 1, got -186."), {})) as server:
        ask(server, limit=300)
    assert len(server.log) == 1


@pytest.mark.parametrize("unsupported", [["max_tokens"], ["max_tokens", "max_completion_tokens"]])
def test_the_limit_on_tokens_is_sent_by_the_name_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, unsupported: list[str]
) -> None:
    with serve(unsupported=unsupported) as server:
        assert isinstance(ask(server, limit=300)[0], Answer)
    sent = server.log[-1].request
    assert "max_tokens" not in sent
    assert sent.get("max_completion_tokens") == (300 if len(unsupported) == 1 else None)
    with serve() as server:
        ask(server, limit=300, sampling={"max_completion_tokens": 50})
    assert server.log[0].request["max_completion_tokens"] == 50
    assert "max_tokens" not in server.log[0].request


def test_a_model_that_thinks_gets_a_larger_limit(ask: Ask) -> None:
    def answers(request: dict[str, Any]) -> Any:
        return completion("", finish_reason="length") if request["max_tokens"] < 1000 else None

    with serve(answers=answers) as server:
        assert all(isinstance(outcome, Answer) for outcome in ask(server, 3, concurrency=1, limit=300))
    assert [entry.request["max_tokens"] for entry in server.log] == [300, 1200, 1200, 1200]


def test_one_passing_error_says_nothing_of_schemas(ask: Ask) -> None:
    with serve(answers=[500]) as server:
        ask(server, 5, concurrency=1)
    assert ["response_format" in entry.request for entry in server.log] == [True, False, True, True, True, True]


def test_a_schema_that_is_refused_later_is_left_out_then(ask: Ask) -> None:
    def answers(request: dict[str, Any]) -> Any:
        late = next(calls) > 2 and "response_format" in request
        return (400, error("grammar: too many rules"), {}) if late else None

    calls = itertools.count()
    with serve(answers=answers) as server:
        assert all(isinstance(outcome, Answer) for outcome in ask(server, 8, concurrency=1))
    assert [entry.status for entry in server.log] == [200, 200, 200, 400, 200, 200, 200, 200, 200]


def test_a_schema_is_sent_without_bounds_where_they_are_refused(ask: Ask) -> None:
    def answers(request: dict[str, Any]) -> Any:
        return (400, error("Invalid schema: 'minItems' is not permitted"), {}) if "minItems" in str(request) else None

    with serve(answers=answers) as server:
        ask(server, 3, concurrency=1, schema=BOUNDED)
    assert [entry.status for entry in server.log] == [400, 200, 200, 200]
    assert all("response_format" in entry.request for entry in server.log)


def test_what_follows_the_path_of_the_address_stays_there(ask: Ask) -> None:
    with serve() as server:
        [answer] = ask(f"{server.url}?api-version=2024-10-21")
    assert isinstance(answer, Answer)
    assert server.log[0].query == {"api-version": "2024-10-21"}


@pytest.mark.parametrize("end", ["/", "//", "/chat/completions", "/chat/completions/", " ", "\n"])
def test_an_address_is_taken_as_it_is_copied(ask: Ask, end: str) -> None:
    with serve() as server:
        assert isinstance(ask(f"{server.url}{end}")[0], Answer)


@pytest.mark.parametrize(
    "refusal",
    [
        "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
        "value is not valid; permitted: 'user', 'assistant'",
        "The first message must be from the user.",
    ],
)
def test_a_system_message_is_refused_in_many_words(ask: Ask, monkeypatch: pytest.MonkeyPatch, refusal: str) -> None:
    def answers(request: dict[str, Any]) -> Any:
        return (400, error(refusal), {}) if request["messages"][0]["role"] == "system" else None

    monkeypatch.setitem(globals(), "MESSAGES", [{"role": "system", "content": "You are a poet."}, *MESSAGES])
    with serve(answers=answers) as server:
        assert isinstance(ask(server)[0], Answer)


@pytest.mark.parametrize(
    "refusal",
    [
        "temperature: Input should be equal to 1",
        "`temperature` may only be set to 1 when thinking is enabled.",
        "Der Parameter 'temperature' wird nicht unterstützt.",
    ],
)
def test_a_value_is_refused_in_many_words(ask: Ask, refusal: str) -> None:
    with serve(answers=lambda request: (400, error(refusal), {}) if "temperature" in request else None) as server:
        assert isinstance(ask(server, sampling={"temperature": 0.7})[0], Answer)


def test_an_answer_that_breaks_off_counts_if_it_is_whole_and_is_paid_if_not(ask: Ask) -> None:
    body = completion("x" * 40, {"prompt_tokens": 50, "completion_tokens": 10})
    packed = {"Content-Encoding": "gzip"}
    with serve(answers=[(200, json.dumps(body).encode()[:-2], {}), (200, body, packed)]) as server:
        [answer] = ask(server)
    assert answer.text == "x" * 40  # a header that says that it is packed does not make it so
    assert spent() == pytest.approx(120e-6)


def test_an_error_that_cost_something_is_paid(ask: Ask) -> None:
    body = error("Something went wrong.") | {"usage": {"prompt_tokens": 50, "completion_tokens": 10}}
    with serve(answers=[(200, body, {})]) as server:
        [answer] = ask(server)
    paid = 60 + answer.prompt_tokens + answer.completion_tokens
    assert spent() == pytest.approx(paid * 1e-6)


def test_an_answer_that_is_longer_than_its_header_says_is_paid(ask: Ask) -> None:
    body = json.dumps(completion("x" * 40, {"prompt_tokens": 50, "completion_tokens": 10})).encode()
    with socket.create_server(("127.0.0.1", 0)) as bound:

        def serve_one() -> None:
            for connection in (bound.accept()[0] for _ in range(client.ATTEMPTS)):
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) - 9) + body)

        server = threading.Thread(target=serve_one, daemon=True)
        server.start()
        assert "no HTTP" in stops(ask(f"http://127.0.0.1:{bound.getsockname()[1]}/v1"))
        server.join(10)
    assert spent() == pytest.approx(client.ATTEMPTS * 60e-6)


def test_a_wait_of_hours_ends_the_run(ask: Ask) -> None:
    body = [{"error": {"code": 429, "message": "You exceeded your quota", "details": [{"retryDelay": "43200s"}]}}]
    with serve(answers=lambda request: (429, body, {})) as server:
        reason = stops(ask(server))
    assert "12 hours" in reason
    assert "run it again then" in reason
    assert len(server.log) == 1


def test_a_model_that_loads_is_waited_for(ask: Ask) -> None:
    loading = (503, error("Loading model"), {"Retry-After": "0.05"})
    with serve(answers=[loading] * (client.ATTEMPTS + 1)) as server:
        assert isinstance(ask(server)[0], Answer)
    assert len(server.log) == client.ATTEMPTS + 2


def test_what_took_too_long_is_sent_once_more_only(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "TIMEOUT", httpx2.Timeout(0.2, connect=10))
    with serve(latency=0.6) as server:
        assert "too slow" in stops(ask(server))
        time.sleep(0.5)
        assert server.server.received == client.ATTEMPTS_IN_VAIN


async def keep_nothing(answer: Answer) -> None:
    pass


def test_what_is_waited_for_is_said(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    async def run() -> None:
        endpoint = Endpoint(asking())
        task = asyncio.create_task(endpoint.ask(Request(MESSAGES), keep_nothing))
        while not task.done():
            await asyncio.sleep(0.1)
            lines.append(endpoint.waiting(0.2))
        await endpoint.close()

    with serve(answers=[500], latency=0.5) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        asyncio.run(run())
    assert lines[0] == ""
    assert any("1 requests wait for an answer" in line and "attempt 1" in line for line in lines)
    assert any("attempt 2; before that: the endpoint answers with an error (500)" in line for line in lines)


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        KEY.upper(),
        quote(KEY, safe=""),
        json.dumps(KEY),
        f"{KEY[:-4]}****",
        " ".join(KEY),
        b64encode(KEY.encode()).decode(),
        b64encode(f":{KEY}".encode()).decode(),
        KEY.encode().hex(),
        quote(quote(KEY, safe="")),
        "-".join(KEY),
        "".join(f"\\u{ord(sign):04x}" for sign in KEY),
        "".join(f"\\x{ord(sign):02x}" for sign in KEY),
        "".join(f"&#{ord(sign)};" for sign in KEY),
        b32encode(KEY.encode()).decode(),
        KEY[::-1],
    ],
)
def test_no_form_of_the_key_is_in_a_message(form: str) -> None:
    cleaned = failures.clean(f"wrong key «{form}» here")
    assert cleaned.startswith("wrong key «")
    assert "$OPENAI_API_KEY" in cleaned
    assert "that-must" not in "".join(cleaned.split()).casefold()
    assert b64encode(KEY.encode()).decode()[:12] not in cleaned


@pytest.mark.parametrize("word", ["none", "EMPTY", "x", "key", "ollama", "internationalisation"])
def test_a_key_that_is_a_word_changes_nothing(ask: Ask, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", word)
    content = json.dumps([f"Return {word} if there is none.", "Keep the key of x."])
    with serve(answers=[content]) as server:
        [answer] = ask(server)
    assert answer.text == content
    assert failures.clean(content) == content


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
FIELDS = st.sampled_from(["choices", "message", "content", "usage", "error", "code", "detail", "finish_reason", "text"])
BODIES = st.recursive(
    JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=20
)


@given(
    BODIES, st.integers(100, 599), st.dictionaries(st.sampled_from(["Retry-After", "x-reset"]), st.text(max_size=12))
)
def test_no_body_is_more_than_a_failure(body: Any, status: int, headers: dict[str, str]) -> None:
    content = json.dumps(body).encode()
    for cut in (content, content[: len(content) // 2], b"\xff" + content, content + content):
        failure = failures.of_response(status, headers, cut)
        assert "\n" not in failure.reason
        try:
            answer = replies.read_response(cut, "m", MESSAGES).answer
        except failures.Failure as failed:
            assert "\n" not in failed.reason
        else:
            answer.text.encode()
            assert 0 <= answer.completion_tokens < replies.MOST_TOKENS * 3


HTTP = [
    b"HTTP/1.1 ",
    b"200 OK\r\n",
    b"500 no\r\n",
    b"302 x\r\nLocation: http://[\r\n",
    b"Content-Length: ",
    b"2",
    b"{}",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"zz\r\n",
    b'{"choices": []}',
]


def test_no_bytes_on_the_wire_are_more_than_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a server sends, its answer or a line says why there is none."""
    bound = socket.create_server(("127.0.0.1", 0), backlog=50)
    sent = [b""]

    def serve_bytes() -> None:
        while True:
            try:
                connection, _ = bound.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(sent[0])

    threading.Thread(target=serve_bytes, daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{bound.getsockname()[1]}/v1")

    async def run(raw: bytes) -> None:
        sent[0] = raw
        endpoint = Endpoint(asking(), attempts=1)
        try:
            answer = await endpoint.ask(Request(MESSAGES), keep_nothing)
            assert answer.text or answer.refused
        except (PyriteError, Unanswered) as error:
            assert "\n" not in str(error)
        finally:
            await endpoint.close()

    @hypothesis_settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(HTTP) | st.binary(max_size=8), max_size=12).map(b"".join))
    def all_bytes(raw: bytes) -> None:
        asyncio.run(run(raw))

    try:
        all_bytes()
    finally:
        bound.close()
