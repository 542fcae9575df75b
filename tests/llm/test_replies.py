from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from pyrite.llm import replies
from pyrite.llm.cache import tokens_of
from pyrite.llm.failures import Failure, Then
from pyrite.llm.replies import Reply

MESSAGES = [{"role": "user", "content": "Write two texts, please."}]
DRAFT, SAID = "a draft of it, thought over", "what it says"
# What is reckoned where the endpoint does not say it.
SENT, ANSWERED = tokens_of(MESSAGES[0]["content"]), tokens_of(SAID)


def read(message: Any, finish: str = "stop", usage: Any = None) -> Reply:
    body = {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}
    return replies.read(body, "m", MESSAGES)


@pytest.mark.parametrize(
    "content",
    [
        [SAID],
        {"type": "text", "text": SAID},
        [{"type": "thinking", "thinking": [{"type": "text", "text": DRAFT}]}, {"type": "text", "text": SAID}],
        [{"type": "redacted_thinking", "data": DRAFT}, {"type": "output_text", "text": SAID}],
        [{"type": "reasoning", "text": DRAFT}, {"type": "text", "text": {"value": SAID}}],
        [{"type": "reasoning.text", "text": DRAFT}, SAID],
        [{"type": "summary_text", "text": DRAFT}, {"text": SAID}],
        [{"text": DRAFT, "thought": True}, {"text": SAID}],
    ],
)
def test_parts_that_are_thoughts_are_not_said(content: Any) -> None:
    assert read({"content": content}).answer.text == SAID


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None, "tool_calls": [{"function": {"name": "f", "arguments": '["a"]'}}]}, '["a"]'),
        ({"content": None, "function_call": {"arguments": {"texts": ["a"]}}}, '{"texts": ["a"]}'),
        ({"content": SAID, "tool_calls": [{"function": {"arguments": "{}"}}]}, SAID),
        ({"content": {"texts": ["a"]}}, '{"texts": ["a"]}'),
        ({"content": ["a", "b"]}, '["a", "b"]'),
        ({"content": ['["a"', ', "b"]']}, '["a", "b"]'),
        ({"content": None, "tool_calls": [7, {"function": "f"}], "function_call": "f"}, ""),
    ],
)
def test_an_answer_may_be_a_call_or_json_by_itself(message: dict[str, Any], text: str) -> None:
    assert read(message).answer.text == text


@pytest.mark.parametrize("message", [{"refusal": "No."}, {"content": [{"type": "refusal", "refusal": "No."}]}])
def test_a_refusal_has_its_own_field_or_part(message: dict[str, Any]) -> None:
    assert read(message).answer.refused == "refusal"


@pytest.mark.parametrize(
    "beside",
    [
        {"reasoning_content": DRAFT},
        {"reasoning": DRAFT},
        {"thinking": DRAFT},
        {"reasoning_details": [{"type": "reasoning.text", "text": DRAFT}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": DRAFT}]},
    ],
)
def test_thoughts_beside_the_answer_are_reckoned_and_no_text(beside: dict[str, Any]) -> None:
    reply = read({"content": None} | beside)
    assert reply.thinks
    assert not reply.answer.text
    assert (reply.answer.completion_tokens or 0) >= tokens_of(DRAFT)


@pytest.mark.parametrize(
    "finish",
    [
        *("length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", "FinishReason.MAX_TOKENS"),
        *("MaxTokens", "model_context_window_exceeded", "max_tokens_reached"),
    ],
)
def test_the_limit_on_tokens_has_many_names(finish: str) -> None:
    assert read({"content": SAID}, finish).finish == "length"


@pytest.mark.parametrize(
    "finish",
    [
        "content_filter",
        "ContentFilter",
        "SAFETY",
        "IMAGE_SAFETY",
        "SPII",
        "RECITATION",
        "guardrail_intervened",
        "refusal",
        "blocked",
        "policy_violation",
    ],
)
def test_a_filter_has_many_names(finish: str) -> None:
    assert read({"content": None}, finish).answer.refused == "content filter"


@pytest.mark.parametrize(
    ("usage", "tokens", "reckoned"),
    [
        ({"prompt_tokens": 50, "completion_tokens": 10, "total_tokens": 60}, (50, 10), False),
        ({"prompt_tokens": "50", "completion_tokens": "10"}, (50, 10), False),
        ({"prompt_tokens": 50.0, "completion_tokens": 10.0}, (50, 10), False),
        ({"input_tokens": 50, "output_tokens": 10}, (50, 10), False),
        ({"prompt_tokens": 50, "completion_tokens": 0, "total_tokens": 60}, (50, 10), False),
        # Thoughts that are in the total only, or beside the answer.
        ({"prompt_tokens": 50, "completion_tokens": 10, "total_tokens": 160}, (50, 110), False),
        ({"prompt_tokens": 50, "completion_tokens": 10, "reasoning_tokens": 90}, (50, 100), False),
        (
            {"prompt_tokens": 50, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 90}},
            (50, 100),
            False,
        ),
        (
            {"prompt_tokens": 50, "completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 90}},
            (50, 100),
            False,
        ),
        ({"prompt_tokens": 50, "completion_tokens": 10, "completion_tokens_details": None}, (50, 10), False),
        ({"input_tokens": 20, "cache_read_input_tokens": 30, "output_tokens": 10}, (50, 10), False),
        ({"promptTokenCount": 50, "candidatesTokenCount": 10, "thoughtsTokenCount": 90}, (50, 100), False),
        ({"tokens": {"prompt_tokens": 50, "completion_tokens": 10}}, (50, 10), False),
        ({"completion_tokens": 10}, (SENT, 10), True),
        # In other writings of the same words.
        ({"inputTokens": 50, "outputTokens": 10, "totalTokens": 60}, (50, 10), False),
        ({"prompt_token_count": 50, "candidates_token_count": 10, "thoughts_token_count": 90}, (50, 100), False),
        ({"prompt": 50, "completion": 10, "total": 60}, (50, 10), False),
        ({"num_prompt_tokens": 50, "num_completion_tokens": 10}, (50, 10), False),
        ({"PromptTokens": 50, "CompletionTokens": 10}, (50, 10), False),
        ({"prompt_tokens": None, "completion_tokens": 10, "total_tokens": 60}, (50, 10), False),
        # What says nothing that can be.
        ({"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}, (SENT, ANSWERED), True),
        ({"prompt_tokens": -5, "completion_tokens": -1}, (SENT, ANSWERED), True),
        ({"prompt_tokens": True, "completion_tokens": 1e30}, (SENT, ANSWERED), True),
        ({"prompt_tokens": "many", "completion_tokens": [1]}, (SENT, ANSWERED), True),
        ([1], (SENT, ANSWERED), True),
        # A total without its parts is charged for all the same.
        ({"total_tokens": 5000}, (SENT, 5000 - SENT), True),
    ],
)
def test_tokens_are_counted_as_they_are_charged(usage: Any, tokens: tuple[int, int], reckoned: bool) -> None:
    reply = read({"content": SAID}, usage=usage)
    assert ((reply.answer.prompt_tokens, reply.answer.completion_tokens), reply.reckoned) == (tokens, reckoned)


BODY = {"choices": [{"message": {"content": SAID}}], "usage": {"prompt_tokens": 50, "completion_tokens": 10}}
RAW = json.dumps(BODY).encode()
# What is escaped in JSON takes two signs there, and is paid as one.
QUOTED = json.dumps({"choices": [{"message": {"content": '"' * 400}}], "usage": {}}).encode()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(RAW, mtime=0),
        zlib.compress(RAW),
        zlib.compress(RAW)[2:-4],
        RAW.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + RAW,
        json.dumps([BODY]).encode(),
        json.dumps({"choices": BODY["choices"], "x": {"usage": BODY["usage"]}}).encode(),
        json.dumps({"choices": [BODY["choices"][0] | {"usage": BODY["usage"]}]}).encode(),
        json.dumps({"choices": BODY["choices"], "timings": {"prompt_n": 50, "predicted_n": 10}}).encode(),
        json.dumps({"choices": BODY["choices"], "prompt_eval_count": 50, "eval_count": 10}).encode(),
    ],
    ids=("gzip", "zlib", "deflate", "utf-16", "mark", "list", "beside", "choice", "timings", "counts"),
)
def test_an_answer_is_read_however_it_is_packed(content: bytes) -> None:
    answer = replies.read_response(content, "m", MESSAGES).answer
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == (SAID, 50, 10)


@pytest.mark.parametrize(
    ("content", "paid"),
    [
        (RAW[:-1], (50, 10)),
        (RAW[:-3], (50, ANSWERED)),  # its last number may go on
        (RAW[: RAW.index(b"usage")], (SENT, ANSWERED)),
        (gzip.compress(RAW, mtime=0)[:-9], (50, 10)),
        (QUOTED[: QUOTED.index(b"usage")], (SENT, tokens_of('"' * 400))),
        (bytes(range(128, 256)), (SENT, 32)),
        (json.dumps({"data": BODY}).encode(), (50, 10)),
        (b"<html>no</html>", (0, 0)),
        (b"", (0, 0)),
    ],
)
def test_what_broke_off_is_paid_for(content: bytes, paid: tuple[int, int]) -> None:
    with pytest.raises(Failure) as failed:
        replies.read_response(content, "m", MESSAGES)
    assert failed.value.paid == paid


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"message": "the cause"}]},
        {"detail": [{"msg": "the cause", "loc": ["body"]}]},
        {"object": "error", "message": "the cause", "code": 50001},
        {"Message": "the cause"},
        {"success": False, "error_msg": "the cause"},
        {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "the cause"}},
        {"choices": [], "message": "the cause"},
        {"error": "the cause"},
    ],
)
def test_an_error_within_a_200_says_its_cause(body: Any) -> None:
    with pytest.raises(Failure) as failed:
        replies.read(body, "m", MESSAGES)
    assert "the cause" in failed.value.reason


@pytest.mark.parametrize(
    ("body", "then"),
    [
        ({"error": {"status": 429, "message": "Slow down."}}, Then.WAIT),
        ({"status_code": 429, "message": "Slow down."}, Then.WAIT),
        ({"error": {"type": "authentication_error", "message": "No."}}, Then.STOP),
        ({"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}, Then.STOP),
        ({"error": "Unexpected endpoint or method. (POST /chat/completions)"}, Then.STOP),
        ({"error": {"code": -1, "message": "Something went wrong."}}, Then.AGAIN),
        ({"error": {"message": "The server is overloaded."}}, Then.WAIT),
        ({"choices": None, "base_resp": {"status_msg": "input new_sensitive"}}, Then.REFUSED),
    ],
)
def test_an_error_within_a_200_asks_for_what_it_means(body: Any, then: Then) -> None:
    with pytest.raises(Failure) as failed:
        replies.read(body, "m", MESSAGES)
    assert failed.value.then is then
