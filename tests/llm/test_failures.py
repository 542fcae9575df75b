from __future__ import annotations

import json
from typing import Any

import pytest

from pyrite.llm import failures
from pyrite.llm.failures import Then


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
        # Filters, and what only looks like one
        (400, {"error": {"message": "litellm.ContentPolicyViolationError: AzureException"}}, Then.REFUSED),
        (400, {"error": {"code": "InputTextSensitiveContentDetected", "message": "No."}}, Then.REFUSED),
        (400, {"error": {"message": "Blocked due to SAFETY"}}, Then.REFUSED),
        (403, {"error": {"message": "Requests to method GenerateContent are blocked."}}, Then.GIVE_UP),
        (403, "<html><title>Content blocked by your organization</title></html>", Then.GIVE_UP),
        (400, "<html><title>400 Request Header Or Cookie Too Large</title></html>", Then.GIVE_UP),
        # The context, and what only looks like it
        (400, {"message": "Range of input length should be [1, 6000]"}, Then.TOO_LONG),
        (400, {"error": "Your request exceeded model token limit: 8192"}, Then.TOO_LONG),
        (400, {"error": "The input token count is 40000 but model only supports up to 32768."}, Then.TOO_LONG),
        (400, {"error": "Prompt exceeds max length"}, Then.TOO_LONG),
        (413, "<html><title>413 Request Entity Too Large</title></html>", Then.TOO_LONG),
        (413, "", Then.TOO_LONG),
        (408, {"error": "Deadline exceeded while reading the prompt"}, Then.AGAIN),
        (400, {"error": "Input validation error: `temperature` exceeds 2"}, Then.GIVE_UP),
        # Money
        (429, {"error": "Your team has used all available credits or reached its monthly spending limit."}, Then.STOP),
        (412, {"error": "Account a is suspended, possibly due to reaching its limit"}, Then.STOP),
        (403, {"message": "Sorry, your account balance is insufficient"}, Then.STOP),
        (429, {"error": {"message": "Budget has been exceeded! Max budget: 0.4"}}, Then.STOP),
        (400, {"code": "Arrearage", "message": "Access denied."}, Then.STOP),
        (429, {"error": "Rate limited. Subscribe to get more monthly included credits"}, Then.WAIT),
        # The model, the key, the address
        (400, {"error": {"message": "Model Not Exist"}}, Then.STOP),
        (400, {"error": {"message": "Model m-1 is not supported"}}, Then.STOP),
        (400, {"error": {"message": "This model no longer supports system messages"}}, Then.GIVE_UP),
        (400, {"error": {"message": "For this model top_p is not supported"}}, Then.GIVE_UP),
        (400, {"error": {"message": "Invalid model output: no JSON"}}, Then.GIVE_UP),
        (403, {"error": "The API key is disabled"}, Then.STOP),
        (400, {"error": "No auth credentials found"}, Then.STOP),
        (405, {"detail": "Method Not Allowed"}, Then.STOP),
    ],
)
def test_an_error_asks_for_what_its_provider_means(status: int, body: Any, then: Then) -> None:
    failure = failures.of_response(status, {}, (body if isinstance(body, str) else json.dumps(body)).encode())
    assert failure.then is then
    assert failures.words_of(body) in failure.reason


@pytest.mark.parametrize(
    "body",
    [
        {"errors": {"model": ["the cause"]}},
        {"data": {"error": {"message": "the cause"}}},
        {"fault": {"faultstring": "the cause"}},
        {"type": "about:blank", "title": "the cause"},
        {"error": {"type": "the cause"}},
        {"info": "the cause"},
        "<error>the cause</error>",
        "<HTML><TITLE lang=en>the cause</TITLE></HTML>",
        "<?xml version='1.0'?><Error><Code>x</Code><Message>the cause</Message></Error>",
        "<400> the cause",
    ],
)
def test_the_cause_is_found_in_any_body(body: Any) -> None:
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    assert "the cause" in failures.of_response(418, {}, raw).reason
