"""The test server does what it says: seen through the `openai` package, as the product sees it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import time
from pathlib import Path
from typing import Any

import openai
import pytest
from llm_server import Fault, Running, serve, serve_apart
from openai import AsyncOpenAI, OpenAI

ASK = "Write 4 praises. Keep each one between 5 and 7 words. Answer with a JSON array of 4 strings and nothing else."
SCHEMA = {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "string"}}}}
FORM = {"type": "json_schema", "json_schema": {"name": "items", "schema": SCHEMA}}


def client(server: Running, key: str = "secret") -> OpenAI:
    return OpenAI(base_url=server.url, api_key=key, max_retries=0, timeout=10)


def ask(server: Running, prompt: str = ASK, **parameters: Any) -> Any:
    messages: Any = [{"role": "system", "content": "You write."}, {"role": "user", "content": prompt}]
    return client(server).chat.completions.create(**{"model": "any", "messages": messages} | parameters)


def content(server: Running, **parameters: Any) -> str:
    return ask(server, **parameters).choices[0].message.content


def test_answers_hold_unique_texts_as_many_and_as_long_as_asked() -> None:
    with serve() as server:
        answers = [ask(server) for _ in range(3)]
    texts = [text for answer in answers for text in json.loads(answer.choices[0].message.content)]
    assert len(texts) == len(set(texts)) == 12
    assert {len(text.split()) for text in texts} <= {5, 6, 7}
    assert answers[0].usage.prompt_tokens == round(1.3 * len(f"You write. {ASK}".split()))
    assert answers[0].usage.total_tokens > answers[0].usage.prompt_tokens


def test_bounds_are_remembered_from_the_first_turn() -> None:
    later = [{"role": "user", "content": ASK}, {"role": "user", "content": "Now a JSON array of 2 strings."}]
    with serve() as server:
        texts = json.loads(content(server, messages=later))
    assert len(texts) == 2
    assert {len(text.split()) for text in texts} <= {5, 6, 7}


def test_answers_depend_on_seed_and_number_alone() -> None:
    def two(seed: int) -> list[str]:
        with serve(seed=seed) as server:
            return [content(server) for _ in range(2)]

    assert two(1) == two(1) != two(2)


def test_requests_wait_side_by_side_and_are_logged() -> None:
    async def many(url: str) -> None:
        async with AsyncOpenAI(base_url=url, api_key="none", http_client=openai.DefaultAioHttpClient()) as llm:
            prompts = [f"{ASK} {number % 10}" for number in range(20)]
            turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
            await asyncio.gather(*[llm.chat.completions.create(model="m", messages=turn) for turn in turns])  # type: ignore[arg-type]

    with serve(latency=0.3) as server:
        begin = time.time()
        asyncio.run(many(server.url))
        assert time.time() - begin < 3
        assert server.server.peak == 20
    assert sorted(entry.number for entry in server.log) == list(range(20))
    assert len({entry.digest for entry in server.log}) == 10
    assert all(entry.whole and entry.status == 200 for entry in server.log)
    assert all(entry.answered - entry.received >= 0.3 for entry in server.log)


ERRORS = {
    Fault.RATE_LIMIT: openai.RateLimitError,
    Fault.RETRY_AFTER: openai.RateLimitError,
    Fault.SERVER_ERROR: openai.InternalServerError,
    Fault.DROP: openai.APIConnectionError,
    Fault.CUT: openai.APIConnectionError,
}


@pytest.mark.parametrize("fault", ERRORS)
def test_faults_that_are_errors(fault: Fault) -> None:
    with serve(faults={fault: 1}, retry_after=7) as server, pytest.raises(ERRORS[fault]) as error:
        ask(server)
    statuses = {"rate_limit": 429, "retry_after": 429, "server_error": 500, "drop": 0, "cut": 200}
    assert [(e.status, e.fault, e.whole) for e in server.log] == [
        (statuses[fault], fault, fault not in ("drop", "cut"))
    ]
    if isinstance(error.value, openai.RateLimitError):
        assert error.value.response.headers.get("Retry-After") == ("7" if fault == "retry_after" else None)


def test_bodies_that_are_no_completion() -> None:
    with serve(answers=[Fault.NOT_JSON, Fault.HTML, Fault.NO_CHOICES]) as server:
        with pytest.raises((ValueError, openai.OpenAIError)):
            ask(server)
        assert "<html>" in ask(server)
        assert ask(server).choices == []


def test_answers_in_other_forms() -> None:
    forms = [Fault.UNPARSABLE, Fault.REFUSAL, Fault.FENCE, Fault.NUMBERED, Fault.OBJECT]
    with serve(answers=forms) as server:
        talk, refusal, fence, numbered, wrapped = (content(server) for _ in forms)
    assert "[" not in talk + refusal
    assert "can't help" in refusal
    assert len(json.loads(fence.split("```")[1].removeprefix("json"))) == 4
    assert [line[:2] for line in numbered.splitlines()] == ["1.", "2.", "3.", "4."]
    assert len(json.loads(wrapped)["texts"]) == 4


def test_a_refusal_in_its_own_field() -> None:
    with serve(answers=[Fault.REFUSAL_FIELD]) as server:
        message = ask(server).choices[0].message
    assert message.content is None
    assert "can't help" in message.refusal


def test_a_truncated_answer_says_so() -> None:
    with serve(answers=[Fault.TRUNCATED]) as server:
        choice = ask(server).choices[0]
    assert choice.finish_reason == "length"
    assert choice.message.content.count('", "') == 3
    assert not choice.message.content.endswith('"]')


def test_an_answer_of_ten_megabytes() -> None:
    with serve(answers=[Fault.HUGE]) as server:
        assert len(content(server)) > 9_900_000
        assert server.log[0].whole


def test_odd_characters_raw_and_escaped() -> None:
    with serve(faults={"control": 1}) as server:
        answer = content(server, messages=[{"role": "user", "content": "JSON array of 24 strings"}])
    assert "\\u0000" in answer and "\x00" in answer
    assert "\\ud800" in answer and "\ud800" in answer
    with pytest.raises(ValueError, match="control character"):
        json.loads(answer)
    assert len(json.loads(answer, strict=False)) == 24


def test_faults_come_as_often_as_asked_and_depend_on_the_seed() -> None:
    def faults(seed: int) -> list[str]:
        with serve(faults={"rate_limit": 0.2, "fence": 0.3}, seed=seed) as server:
            llm = client(server)
            for _ in range(150):
                try:
                    llm.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
                except openai.RateLimitError:
                    continue
            return [entry.fault for entry in server.log]

    seen = faults(1)
    assert 0.1 < seen.count("rate_limit") / 150 < 0.3
    assert 0.2 < seen.count("fence") / 150 < 0.4
    assert seen == faults(1) != faults(2)


def test_an_unknown_fault_is_an_error() -> None:
    with pytest.raises(ValueError, match="ratelimit"), serve(faults={"ratelimit": 1}):
        pass


def test_keys_models_quota_and_parameters() -> None:
    with serve(key="right") as server, pytest.raises(openai.AuthenticationError, match="secret"):
        ask(server)
    with serve(models=["tiny"]) as server:
        assert [model.id for model in client(server).models.list()] == ["tiny"]
        assert ask(server, model="tiny").model == "tiny"
        with pytest.raises(openai.NotFoundError) as missing:
            ask(server, model="huge")
        assert missing.value.code == "model_not_found"
    with serve(quota=1) as server:
        ask(server)
        with pytest.raises(openai.RateLimitError) as spent:
            ask(server)
        assert spent.value.code == "insufficient_quota"
    with serve(unsupported=["temperature"]) as server:
        ask(server, top_p=0.5)
        with pytest.raises(openai.BadRequestError, match="'temperature' is not supported") as refused:
            ask(server, temperature=0.5)
        assert refused.value.param == "temperature"
        with pytest.raises(openai.BadRequestError, match="empty array"):
            ask(server, messages=[])


def test_response_format_obeyed_refused_and_overlooked() -> None:
    with serve() as server:
        assert len(json.loads(content(server, response_format=FORM))["items"]) == 4
    with serve(structured=None) as server:
        assert len(json.loads(content(server, response_format=FORM))) == 4
    with serve(structured=False) as server, pytest.raises(openai.BadRequestError, match="json_schema") as refused:
        ask(server, response_format=FORM)
    assert refused.value.param == "response_format"


def test_scripts() -> None:
    with serve(answers=["one", 503, None, {"choices": [{"message": {"content": "whole body"}}]}]) as server:
        assert content(server) == "one"
        assert server.log[0].answer == hashlib.sha256(b"one").hexdigest()
        with pytest.raises(openai.InternalServerError):
            ask(server)
        assert len(json.loads(content(server))) == 4
        assert content(server) == "whole body"
        assert len(json.loads(content(server))) == 4
    with serve(answers=lambda request: request["model"].upper()) as server:
        assert content(server, model="tiny") == "TINY"
        assert server.log[0].request["model"] == "tiny"


def test_a_client_that_has_gone_gets_no_whole_answer() -> None:
    with serve(latency=0.4) as server:
        with pytest.raises(openai.APITimeoutError):
            client(server).with_options(timeout=0.1).chat.completions.create(
                model="m", messages=[{"role": "user", "content": ASK}]
            )
        for _ in range(100):
            if server.log:
                break
            time.sleep(0.02)
        assert [entry.whole for entry in server.log] == [False]


def test_a_client_that_hangs_up_in_the_middle_gets_no_whole_answer() -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": ASK}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n\r\n"
    with serve(answers=[Fault.HUGE]) as server:
        with socket.create_connection(("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))) as connection:
            connection.sendall((head + body).encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert [(entry.status, entry.whole) for entry in server.log] == [(200, False)]


def test_as_a_process(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    # It also asserts that the server ends well.
    with serve_apart("--faults", "fence=0.5,object=0.5", "--log", str(log)) as url:
        llm = OpenAI(base_url=url, api_key="none", max_retries=0)
        llm.chat.completions.create(model="m", messages=[{"role": "user", "content": ASK}])
    line = json.loads(log.read_text())
    assert line["fault"] in ("fence", "object")
    assert {"number", "digest", "received", "answered", "status", "whole"} < set(line)


@pytest.mark.xdist_group("transformers")
def test_a_server_that_nobody_here_wrote(transformers_server: str, tiny_chat_model: Path) -> None:
    async def chat() -> Any:
        async with AsyncOpenAI(base_url=transformers_server, api_key="none", timeout=60) as llm:
            return await llm.chat.completions.create(
                model=str(tiny_chat_model), messages=[{"role": "user", "content": "one red thing"}], max_tokens=5
            )

    answer = asyncio.run(chat())
    assert answer.choices[0].message.role == "assistant"
    assert 1 <= answer.usage.completion_tokens <= 5
    assert answer.usage.prompt_tokens == 5
