"""Replies: what an endpoint's answer holds: the model's words, what they cost, and why there are none.

Replies are untrusted, and differ from provider to provider.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyrite.data.texts import encodable
from pyrite.llm import failures, keys, thoughts
from pyrite.llm.cache import BYTES_PER_TOKEN, Answer, Message, Tokens, tokens_of, tokens_sent
from pyrite.llm.failures import Failure, Then

# No answer has so many tokens: who says so has counted something else.
MOST_TOKENS = 10**7
# Deeper than providers put what they count.
_DEEPEST = 4


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        answer: what the model said.
        finish: why it ended, as the endpoint says it: stop, length, ...
        model: the model that the endpoint says it was.
        reckoned: whether the tokens are reckoned, since the endpoint does not say them.
        thinks: whether it thought beside its answer.
    """

    answer: Answer
    finish: str = ""
    model: str = ""
    reckoned: bool = False
    thinks: bool = False


# Reasons to end that are a filter's, and those that are the limit on tokens, in the words of several providers.
_FILTERED = re.compile(
    r"filter|safety|block|flagged|prohibited|recitation|sensitive|spii|guardrail|moderat|refusal|policy|toxic|harm"
)
_LIMITED = re.compile(r"length|max\w*token|(token|output)_limit|window|out_of_tokens")
# Where providers put what the model thought.
_BESIDE = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")
_COUNT = re.compile(r'"(\w{1,40})"\s*:\s*(\d{1,9})(?=\s*[,}])')
_WORDS = re.compile(r'"(?:reasoning_)?content"\s*:\s*"((?:[^"\\]|\\.)*+)', re.DOTALL)
# What is charged for, in the words of several providers, as `_plain` writes them.
_SENT = ("prompttoken", "inputtoken", "prompteval", "promptn", "prompt", "input", "tokensin")
_ANSWERED = (
    "completiontoken",
    "outputtoken",
    "candidatestoken",
    "eval",
    "predictedn",
    "completion",
    "output",
    "tokensout",
)
_THOUGHT, _TOTAL = ("reasoningtoken", "thoughtstoken"), ("totaltoken", "total")
_CACHED = (("cachereadinputtoken",), ("cachecreationinputtoken",))


def read_response(content: bytes, model: str, messages: Sequence[Message]) -> Reply:
    """The reply in the body of a 200.

    Raises:
        Failure: it is an error, a stream, a page or something else that is no chat completion.
    """
    text = failures.text_of(content)
    body = failures.parsed(text)
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        unreadable = "\ufffd" in text[:100]
        words = "it is packed or encoded in a way that can't be read" if unreadable else failures.words_of(body)
        reason = f"an answer that is no chat completion{f' ({words})' if words else ''}: check OPENAI_BASE_URL"
        paid = sent, answered = cost_in(text)
        reckoned = len(content) // BYTES_PER_TOKEN if unreadable else sum(map(_tokens_of_string, _WORDS.findall(text)))
        if reckoned and not (sent and answered):  # it broke off before it said all that it costs
            paid = sent or tokens_sent(messages), answered or reckoned
        if re.match(r"\s*(data|event|id|:)", text):
            reason = "the endpoint streams its answer although it is asked not to (stream: false)"
            raise Failure(reason, Then.GIVE_UP, 200, paid=paid)
        raise Failure(reason, Then.AGAIN, 200, paid=paid)
    return read(body, model, messages)


def is_completion(body: Any) -> bool:
    """Whether a body is a chat completion, whatever its status."""
    return isinstance(body, dict) and bool(body.get("choices"))


def read(body: Any, model: str, messages: Sequence[Message]) -> Reply:
    """The reply in a chat completion.

    Raises:
        Failure: it is an error or no chat completion; what it says it cost is in it.
    """
    if not isinstance(body, dict):
        raise Failure("an answer that is no chat completion", Then.AGAIN, 200)
    choices, usage = body.get("choices"), _usage(body, 0)
    paid = prompt, completion = _tokens(usage)
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message, finish = choice.get("message"), _name(choice.get("finish_reason"))
    finish = "length" if _LIMITED.search(finish) else finish
    filtered = bool(_FILTERED.search(f"{finish} {_name(choice.get('native_finish_reason'))}"))
    if filtered and not isinstance(message, dict):
        message = {}
    error = body.get("error") or choice.get("error")
    if not (choices or error) and failures.words_of(body):
        error = body
    if error and not (isinstance(message, dict) and message.get("content")):
        fields = error if isinstance(error, dict) else body
        codes = (re.fullmatch(r"[345]\d\d", str(fields.get(name))) for name in ("code", "status", "status_code"))
        named = next(filter(None, codes), None)
        failure = failures.of_response(int(named[0]) if named else 200, {}, {"error": error})
        failure.paid = paid
        raise failure
    if not isinstance(message, dict):
        if choices or not isinstance(choices, list):
            raise Failure("an answer that is no chat completion", Then.AGAIN, 200, paid=paid)
        # A filter's way at some providers; now and then a mere hiccup.
        reason = "the endpoint gives an answer without choices: a filter, or a model that has nothing to say"
        raise Failure(reason, Then.EMPTY, 200, refused=failures.FILTERED, paid=paid)

    text = encodable(_text(message.get("content")) or _called(message))
    if keys.are_in(text):
        raise Failure("the answer repeats the key: it is not kept", Then.GIVE_UP, 200, paid=paid)
    beside = next((message[name] for name in _BESIDE if message.get(name)), "")
    words = thoughts.strip(text).strip()
    refused = ""
    if filtered:
        refused = failures.FILTERED
    elif not words and _refuses(message):
        refused = failures.REFUSAL
    # So few for so much text can't be all: thirty-two bytes a token are more than any text has.
    if reckoned := not prompt or 8 * completion < tokens_of(text):
        prompt = prompt or tokens_sent(messages)
        thought = tokens_of(beside if isinstance(beside, str) else json.dumps(beside))
        completion = max(completion, tokens_of(text) + thought, _count(usage, _TOTAL) - prompt)
    answer = Answer(model, _today(), prompt, completion, text if words else "", refused)
    served, thinks = body.get("model"), bool(beside or (text.strip() and not words))
    return Reply(answer, finish, served if isinstance(served, str) else "", reckoned, thinks)


def _name(value: Any) -> str:
    return value.casefold() if isinstance(value, str) else ""


def _text(content: Any) -> str:
    """The words of a message: a text, the parts of it that are one, or the JSON that it is. Thoughts are none."""
    parts = content if isinstance(content, list) else [content]
    if len(parts) > 1 and all(isinstance(part, str) and not re.search(r"[\[{\]}]", part) for part in parts):
        return json.dumps(parts)
    return "".join(map(_part, parts))


def _part(part: Any) -> str:
    if isinstance(part, dict) and part and not part.keys() & {"type", "text", "thought"}:
        return json.dumps(part)
    if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text") and not part.get("thought"):
        part = part.get("text")
        part = part.get("value") if isinstance(part, dict) else part
    return part if isinstance(part, str) else ""


def _called(message: Mapping[str, Any]) -> str:
    """What a model says to a function, which nobody offered it: some give their answer so."""
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    functions.append(message.get("function_call"))
    arguments = [function.get("arguments") for function in functions if isinstance(function, dict)]
    return "\n".join(words if isinstance(words, str) else json.dumps(words) for words in arguments if words)


def _refuses(message: Mapping[str, Any]) -> bool:
    parts = message["content"] if isinstance(message.get("content"), list) else []
    return bool(message.get("refusal")) or any(isinstance(part, dict) and part.get("refusal") for part in parts)


def _usage(reply: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """What a reply says beside its words, by name, wherever it stands; of two the outer one, then the first."""
    usage: dict[str, Any] = {_plain(name): value for name, value in reply.items() if not isinstance(value, dict | list)}
    for name, value in reply.items():
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict) and name != "message" and depth < _DEEPEST:
            usage = _usage(inner, depth + 1) | usage
    return usage


def cost_in(text: str) -> Tokens:
    """What some JSON says it cost, whole or not, sent and answered; 0 where it does not say it."""
    return _tokens({_plain(name): int(count) for name, count in _COUNT.findall(text)})


def _plain(name: str) -> str:
    """A name as all would write it: prompt_tokens, promptTokenCount and num_prompt_tokens are one."""
    return re.sub(r"[\W_]|num|count", "", name.casefold()).removesuffix("s")


def _tokens_of_string(inside: str) -> int:
    """The tokens of a JSON string without its quotes."""
    try:
        return tokens_of(json.loads(f'"{inside}"', strict=False))
    except ValueError:  # cut off in an escape
        return tokens_of(inside)


def _tokens(usage: Mapping[str, Any]) -> Tokens:
    """What a reply says it cost, sent and answered; 0 where it does not say it.

    Some count what the model thought in the total only, or beside the answer; one what it has cached beside the rest.
    """
    prompt, completion, thought = _count(usage, _SENT), _count(usage, _ANSWERED), _count(usage, _THOUGHT)
    if prompt and _count(usage, _SENT[:1]) == 0:
        prompt += sum(_count(usage, names) for names in _CACHED)
    if total := _count(usage, _TOTAL):
        prompt = prompt or (max(total - completion, 0) if completion else 0)
        completion = max(completion, total - prompt) if prompt else completion
    return prompt, completion + thought if thought > completion else completion


def _count(usage: Mapping[str, Any], names: Sequence[str]) -> int:
    """The first of these that is a number of tokens; 0 where none is."""
    for value in map(usage.get, names):
        try:
            number = 0.0 if isinstance(value, bool) or value is None else float(value)
        except ValueError:
            continue
        if 0 < number < MOST_TOKENS and number.is_integer():
            return int(number)
    return 0


def without_words(failure: Failure, model: str) -> Answer:
    """What is kept of a request that has no answer: what it cost, and why it is never answered, where that is so."""
    return Answer(model, _today(), *failure.paid, "", failure.refused)


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
