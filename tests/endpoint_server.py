"""Endpoints as their users report them, on loopback: each mode has one quirk, and counts what a provider would bill.

In a test: `with serve("think") as (url, seen):`. As a process: `python tests/endpoint_server.py --mode think`, whose
first line of output is the port. `GET /stub` tells what it has seen. Some modes take an argument.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import email.utils
import gzip
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from aiohttp import web
from llm_server import WORDS, in_thread, start

# What stands in a thought, and must neither be trained on nor be sent back.
DRAFT = "DRAFT "
FILTERED = "sockets, HTTP, mail"
# Sentences as a docstring task has them: with words that somebody may have for a key.
DOCSTRINGS = (
    "Return none if the {} queue is EMPTY, else its next key.",
    "Test whether none of the {} threads is alive in the pool.",
    "Raise EMPTY if there is no {} within the x seconds that the key allows.",
)
# Where a label stands in an answer.
LABELS: dict[str, Callable[[dict[str, str]], str]] = {
    "fence": lambda labels: f"The labels:\n```json\n{json.dumps(labels, indent=2)}\n```",
    "array": lambda labels: json.dumps(list(labels.values())),
    "wrapped": lambda labels: json.dumps({"labels": labels}),
    "comma": lambda labels: json.dumps(labels)[:-1] + ",}",
    "upper": lambda labels: json.dumps({number: label.upper() for number, label in labels.items()}),
    "bold": lambda labels: "\n".join(f"**{number}.** {label}" for number, label in labels.items()),
    "text": lambda labels: "\n".join(f"Text {number}: {label}" for number, label in labels.items()),
    "objects": lambda labels: json.dumps({number: {"label": label} for number, label in labels.items()}),
    "list": lambda labels: json.dumps([{"id": int(number), "label": label} for number, label in labels.items()]),
    "think": lambda labels: (
        f"<think>Maybe {json.dumps(dict.fromkeys(labels, 'network'))}? No.</think>\n{json.dumps(labels)}"
    ),
    # Counted from 0: read as it stands, every label would be its neighbour's.
    "shifted": lambda labels: json.dumps({str(int(number) - 1): label for number, label in labels.items()}),
}


def _quoted(texts: list[str]) -> list[str]:
    return [json.dumps(text) for text in texts]


# The form that the texts come in.
FORMS: dict[str, Callable[[list[str]], str]] = {
    "double": lambda t: json.dumps(json.dumps(t)),
    "smart": lambda t: "[" + ", ".join(f"“{text}”" for text in t) + "]",
    "single": repr,
    "trailing": lambda t: json.dumps(t)[:-1] + ",]",
    "comments": lambda t: "[\n" + "\n".join(f"  {text}, // the {n}th" for n, text in enumerate(_quoted(t), 1)) + "\n]",
    "unescaped": lambda t: "[" + ", ".join('"' + re.sub(r" (\w+)", r' "\1"', text, count=1) + '"' for text in t) + "]",
    "chatty": lambda t: f"Sure [as you asked], five of them:\n\n{json.dumps(t)}\n\nShall I [go on]?",
    "numbered_in": lambda t: json.dumps([f"{n}. {text}" for n, text in enumerate(t, 1)]),
    "numbered": lambda t: "\n".join(f"{n}. {text}" for n, text in enumerate(t, 1)),
    "objects": lambda t: json.dumps([{"text": text} for text in t]),
    "keyed": lambda t: json.dumps({str(n): text for n, text in enumerate(t, 1)}),
    "concat": lambda t: "\n".join(f"[{text}]" for text in _quoted(t)),
    "lines": lambda t: "\n".join(_quoted(t)),
    "dupkeys": lambda t: '{"texts": [], "texts": ' + json.dumps(t) + "}",
    "bom": lambda t: "\ufeff" + json.dumps(t),
    "placeholder": lambda t: f'The form is ["string 1", "string 2"].\n\n{json.dumps(t)}',
    "second_fence": lambda t: f"```json\n{{}}\n```\nAnd now the texts:\n```json\n{json.dumps(t)}\n```",
    "ellipsis": lambda t: "[" + ", ..., ".join(_quoted(t)) + "]",
    "newlines": lambda t: "[" + ", ".join(f'"{text}"'.replace(" ", "\n", 1) for text in t) + "]",
    "backslash": lambda t: "[" + ", ".join(f'"\\d {text}"' for text in t) + "]",
    "bullets": lambda t: "\n".join(f"* {text}" for text in t),
    "yaml": lambda t: "texts:\n" + "\n".join(f"  - {text}" for text in t),
    "tilde": lambda t: f"~~~json\n{json.dumps(t)}\n~~~",
    "html": lambda t: "&#91;" + ", ".join(f"&quot;{text}&quot;" for text in t) + "&#93;",
    "echo": lambda t: f"The array of 2 strings that you asked for: [{len(t)}]\n{json.dumps(t)}",
    "surrogates": lambda t: json.dumps([f"\U0001f600 {text}" for text in t]),
    "lone": lambda t: json.dumps(t).replace(".", "\\ud83d.", 1),
    "cut": lambda t: json.dumps(t)[:-12],
    # One string runs into the next: it is no text, the others are.
    "missing_comma": lambda t: json.dumps(t).replace('", "', '" "', 1),
}


@dataclass
class Reply:
    """A response, and the tokens that a provider bills for it: sent and answered.

    Attributes:
        after: seconds until it is sent.
        alone: no other is made meanwhile, and none for who has gone.
        closes: seconds after it at which an idle connection ends.
    """

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "application/json"
    billed: tuple[int, int] = (0, 0)
    after: float = 0.0
    alone: bool = False
    closes: float | None = None


@dataclass
class Asked:
    """A request: its number, what it says, and how long ago the first one came (seconds)."""

    number: int
    body: dict[str, Any]
    query: str
    authorization: str
    since: float

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def last(self) -> str:
        return str(self.messages[-1]["content"])

    @property
    def filtered(self) -> bool:
        return FILTERED in json.dumps(self.messages)

    def texts(self) -> list[str]:
        """As many sentences as are asked for, other ones for each request."""
        counts = re.findall(r"JSON array of (\d+) strings", self.last)
        rng = random.Random(f"texts {self.number}")
        many = int(counts[-1]) if counts else 2
        return [" ".join(rng.choices(WORDS, k=rng.randint(9, 14))).capitalize() + "." for _ in range(many)]

    def labels(self) -> dict[str, str] | None:
        """What each text of a question to an annotator gets, by its place; None where texts are asked for."""
        if not (match := re.search(r'\{"1": .*\}', self.last)):
            return None
        known = re.findall(r'"(\w+)" for ', self.last)
        numbered, _ = json.JSONDecoder().raw_decode(self.last, match.start())
        return {number: known[int(number) % len(known)] for number in numbered}

    def words(self) -> str:
        """What a faultless LLM says."""
        if (labels := self.labels()) is not None:
            return json.dumps(labels)
        texts = self.texts()
        return json.dumps({"texts": texts} if "response_format" in self.body else texts)


def tokens(text: object) -> int:
    return max(1, len(text if isinstance(text, str) else json.dumps(text)) // 4) if text else 0


def completion(a: Asked, content: Any, *, hidden: int = 0, finish: str = "stop", **message: Any) -> Reply:
    """A chat completion; `hidden` tokens were thought, and are billed as answered ones."""
    sent, answered = sum(tokens(m["content"]) for m in a.messages), tokens(content) + hidden
    said_by = {"role": "assistant", "content": content} | message
    usage = {"prompt_tokens": sent, "completion_tokens": answered, "total_tokens": sent + answered}
    choice = {"index": 0, "message": said_by, "finish_reason": finish}
    body = {"id": f"c-{a.number}", "object": "chat.completion", "created": 1, "model": a.body["model"]}
    return Reply(body | {"choices": [choice], "usage": usage}, billed=(sent, answered))


def good(a: Asked) -> Reply:
    return completion(a, a.words())


def error(status: int, message: str, code: str | None = None, headers: Mapping[str, str] = {}, **more: Any) -> Reply:
    return Reply({"error": {"message": message, "type": "error", "code": code} | more}, status, dict(headers))


def thought(a: Asked, mode: str) -> Reply:
    """Thoughts in the content: with drafts, without an opening tag, repeating the form that is asked for, cut off."""
    texts = a.texts()
    drafts, final = json.dumps([DRAFT + text for text in texts]), json.dumps(a.labels() or texts)
    if mode == "think_cut":
        steps = "\n".join(f"{n}. {DRAFT}Keep each one between four and thirty words" for n in range(1, 4))
        return completion(a, f"<think>\n{steps}", finish="length")
    return completion(
        a,
        {
            "think": f"<think>\nDraft: {drafts}\nBetter ones:\n</think>\n\n{final}",
            "think_plain": f"<think>\nI shall vary them.\n</think>\n{final}",
            "think_open": f"Draft: {drafts}\n</think>\n{final}",
            "think_fence": f"<think>\n```json\n{drafts}\n```\n</think>\n{final}",
            "think_format": f'<think>\nIt must be an array like ["...", "..."].\n</think>\n{final}',
            "harmony": f"<|channel|>analysis<|message|>Draft: {drafts}<|end|><|start|>assistant"
            f"<|channel|>final<|message|>{final}<|return|>",
        }[mode],
    )


def usage(a: Asked, how: str) -> Reply:
    """Tokens told in odd ways; the bill is the same."""
    reply = completion(a, a.words(), hidden=2000 if how == "outside" else 0)
    sent, answered = reply.billed
    if how == "missing":
        del reply.body["usage"]
        return reply
    reply.body["usage"] = {
        "null": None,
        "zero": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "outside": {"prompt_tokens": sent, "completion_tokens": answered - 2000, "total_tokens": sent + answered},
        "cached": reply.body["usage"] | {"prompt_tokens_details": {"cached_tokens": sent // 2}},
        "words": {"prompt_tokens": "many", "completion_tokens": -1},
    }[how]
    return reply


def context(a: Asked, limit: int, *, silent: bool) -> Reply:
    """At most so many characters: refused with 400, or the oldest messages fall off and nobody says so.

    What fell off is billed, and not told.
    """
    kept = list(a.messages)
    while len(kept) > 1 and sum(len(m["content"]) for m in kept) > limit:
        kept.pop(0)
    if len(kept) == len(a.messages):
        return good(a)
    if not silent:
        message = f"The maximum context length is {limit // 4} tokens. Please reduce the length of the messages."
        return error(400, message, "context_length_exceeded", param="messages")
    if any(" that document " in m["content"] for m in kept):
        reply = good(a)
    else:  # nothing says any more which label is meant
        reply = completion(a, json.dumps({"texts": [DRAFT + text for text in a.texts()]}))
    sent = sum(tokens(m["content"]) for m in kept)
    reply.body["usage"] = {"prompt_tokens": sent, "completion_tokens": reply.billed[1]}
    return reply


def filtered(a: Asked, how: str) -> Reply:
    """A filter that minds the prompts about one label; `some`: one request in four."""
    if not (random.Random(a.last + str(len(a.messages))).random() < 0.25 if how == "some" else a.filtered):
        return good(a)
    policy = "The response was filtered due to the prompt triggering the content management policy."
    if how == "empty":
        usage = {"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 100}
        return Reply({"object": "chat.completion", "choices": [], "usage": usage}, billed=(100, 0))
    if how == "finish":
        return completion(a, "", finish="content_filter")
    if how == "moderation":
        return error(403, "Input was flagged by moderation", metadata={"reasons": ["violence"]})
    return error(400, policy, "content_filter", param="prompt")


# How errors repeat a key.
KEYS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quoted": lambda key: json.dumps(key)[1:-1],
    "url": lambda key: quote(key, safe=""),
    "half": lambda key: f"{key[:-4]}****",
    "upper": str.upper,
    "wide": lambda key: "".join(chr(ord(sign) + 0xFEE0) for sign in key),
    "b64": lambda key: base64.b64encode(key.encode()).decode(),
    "spaced": " ".join,
}


def failing(a: Asked, form: str) -> Reply:
    """The forms that errors have."""
    key = a.authorization.removeprefix("Bearer ")
    if form in KEYS:
        return error(400, f"The key «{KEYS[form](key)}» is not one of ours", "invalid_api_key")
    return {
        "inside": Reply({"choices": None, "error": {"message": "Provider returned error", "code": 400, "metadata": {
            "raw": "the model is not served any more"}}}),
        "list": Reply([{"error": {"code": 400, "message": "API key not valid. Please pass a valid one."}}], 400),
        "detail": Reply({"detail": "The model gibberish does not exist."}, 422),
        "string": Reply({"error": "no such adapter is loaded"}, 400),
        "vllm": Reply({"object": "error", "message": "max_tokens must be at least 1, got -186.", "code": 400}, 400),
        "text": Reply("upstream said no", 400, type="text/plain"),
        "html": Reply("<!DOCTYPE html><title>522: no route to the origin</title>", 422, type="text/html"),
        "redirect": Reply("", 308, {"Location": "https://elsewhere.example/v1"}, "text/plain"),
        "stream": Reply('data: {"object": "chat.completion.chunk"}\n\ndata: [DONE]\n\n', type="text/event-stream"),
    }[form]  # fmt: skip


ERRORS = ("list", "detail", "string", "vllm", "text", "html", "redirect", "stream")


def refusing(a: Asked, parameter: str) -> Reply:
    """Something in the request that this endpoint does not take."""
    if parameter == "temperature_other" and a.body.get("temperature", 1) != 1:
        return error(400, "Unsupported value: 'temperature' does not support other values than 1.", "unsupported_value")
    if parameter in a.body:
        return error(400, f"`{parameter}` is not supported by this model.", "unsupported_parameter", param=parameter)
    if parameter == "system" and a.messages[0]["role"] == "system":
        return Reply({"object": "error", "message": "System role not supported", "code": 400}, 400)
    if parameter == "schema" and a.body.get("response_format", {}).get("type") == "json_schema":
        return error(400, "This response_format type is unavailable now", "invalid_request_error")
    if parameter == "late" and a.number > 1 and "response_format" in a.body:
        return error(400, "Invalid parameter: 'response_format' is not supported.", param="response_format")
    if parameter == "thinking" and a.body.get("chat_template_kwargs") != {"enable_thinking": False}:
        return error(400, "chat_template_kwargs are missing")
    if parameter == "streaming" and a.body.get("stream") is not False:
        return failing(a, "stream")
    if parameter == "no_version" and "api-version=" not in a.query:
        return error(404, "Resource not found", "404")
    return good(a)


def busy(a: Asked, status: int, seconds: float, form: str = "") -> Reply:
    """Refused until so many seconds after the first request, which the headers say in one of many forms."""
    left = seconds - a.since
    if left <= 0:
        return good(a)
    headers = {
        "": {},
        "seconds": {"Retry-After": f"{int(left) + 1}"},
        "date": {"Retry-After": email.utils.formatdate(time.time() + left + 1, usegmt=True)},
        "duration": {"Retry-After": f"{int(left // 60)}m{left % 60:.1f}s"},
        "milliseconds": {"Retry-After-Ms": f"{left * 1000:.0f}"},
        "reset": {"x-ratelimit-reset-requests": f"{left:.2f}s"},
    }[form]
    return error(status, "Loading model" if status == 503 else "Come back later", headers=headers)


def without_thoughts(a: Asked, words: str | None) -> Reply:
    """Only the thoughts, in a field of their own, and no content."""
    if words is None:
        return completion(a, "", finish="length", reasoning_content="Okay. First I", hidden=1000)
    return completion(a, None, reasoning_content=words, hidden=tokens(words))


def quota(a: Asked, many: int) -> Reply:
    if a.number < many:
        return good(a)
    message = "You exceeded your current quota. Quota exceeded for metric: requests_per_day, limit: 50"
    return Reply([{"error": {"code": 429, "message": message}}], 429, {"Retry-After": "43200"})


def docstrings(a: Asked) -> Reply:
    sentences = [random.Random(f"{a.number} {text}").choice(DOCSTRINGS).format(text[:-1].lower()) for text in a.texts()]
    return completion(a, json.dumps({"texts": sentences}))


def labelled(a: Asked, form: str) -> Reply:
    labels = a.labels()
    return good(a) if labels is None else completion(a, LABELS[form](labels))


def named(a: Asked, model: str) -> Reply:
    reply = good(a)
    reply.body["model"] = model
    return reply


def packed(a: Asked, how: str) -> Reply:
    """A good answer in an odd wrapping; else one that says that it is encoded, and is not."""
    reply = good(a)
    raw = json.dumps(reply.body).encode()
    if how not in ("gzip", "bom", "spaces"):
        reply.headers = {"Content-Encoding": how}
    elif how == "gzip":
        reply.body, reply.headers = gzip.compress(raw), {"Content-Encoding": "gzip"}
    else:
        reply.body = {"bom": b"\xef\xbb\xbf", "spaces": b"\n        \n" * 20}[how] + raw
    return reply


def not_finite(a: Asked) -> Reply:
    """A good answer with a number beside it that JSON does not have."""
    reply = good(a)
    reply.body["choices"][0]["logprobs"] = {"content": float("nan")}
    return reply


def echoing(a: Asked) -> Reply:
    """The schema that was sent, with the texts in it, as small models say it."""
    schema = {"type": "object", "properties": {"texts": {"type": "array", "items": a.texts()}}}
    return completion(a, json.dumps(schema))


# A mode: what it answers to a request, with the mode's argument.
MODES: dict[str, Callable[[Asked, str], Reply]] = {
    "good": lambda a, _: good(a),
    "gzip": lambda a, _: packed(a, "gzip"),
    "bom_body": lambda a, _: packed(a, "bom"),
    "spaces": lambda a, _: packed(a, "spaces"),
    "enc": packed,
    "nan": lambda a, _: not_finite(a),
    "anypath": lambda a, _: good(a),
    "huge": lambda a, many: completion(a, json.dumps(a.texts() * int(many))),
    "closes": lambda a, _: replace(good(a), closes=0.0),
    "keepalive": lambda a, seconds: replace(good(a), closes=float(seconds)),
    "slow": lambda a, seconds: replace(good(a), after=float(seconds)),
    "one_slot_cancel": lambda a, seconds: replace(good(a), after=float(seconds), alone=True),
    "reasoning_field": lambda a, _: completion(a, a.words(), reasoning_content=f'["{DRAFT}"]', hidden=300),
    "reasoning_only": lambda a, _: without_thoughts(a, a.words()),
    "length_empty": lambda a, _: without_thoughts(a, None),
    "parts": lambda a, _: completion(a, [{"type": "text", "text": a.words()}]),
    "parts_think": lambda a, _: completion(
        a, [{"type": "thinking", "thinking": f'["{DRAFT}one"]'}, {"type": "text", "text": a.words()}]
    ),
    "form": lambda a, form: completion(a, FORMS[form](a.texts())),
    "ctx400": lambda a, limit: context(a, int(limit), silent=False),
    "ctx_trunc": lambda a, limit: context(a, int(limit), silent=True),
    "docs": lambda a, _: docstrings(a),
    "usage": usage,
    "azure_filter": lambda a, _: filtered(a, "policy"),
    "azure_filter_some": lambda a, _: filtered(a, "some"),
    "empty_choices": lambda a, _: filtered(a, "empty"),
    "finish_filter": lambda a, _: filtered(a, "finish"),
    "mod403": lambda a, _: filtered(a, "moderation"),
    "or_error": lambda a, _: failing(a, "inside"),
    "err_key": lambda a, form: failing(a, form),
    **{
        f"err_{form}": lambda a, _, form=form: failing(a, form)
        for form in ("list", "detail", "string", "vllm", "text", "html", "redirect", "stream")
    },
    "temp1": lambda a, _: refusing(a, "temperature_other"),
    "tempnever": lambda a, _: refusing(a, "temperature"),
    "maxtokens": lambda a, _: refusing(a, "max_tokens"),
    "no_system": lambda a, _: refusing(a, "system"),
    "only_object": lambda a, _: refusing(a, "schema"),
    "late_schema": lambda a, _: refusing(a, "late"),
    "nested": lambda a, _: refusing(a, "thinking"),
    "sse_tail": lambda a, _: refusing(a, "streaming"),
    "azure": lambda a, _: refusing(a, "no_version"),
    "ignores_schema": lambda a, _: completion(a, f"Here they are:\n\n{json.dumps(a.labels() or a.texts())}"),
    "schema_chat": lambda a, _: echoing(a),
    "first500": lambda a, _: error(500, "The server had an error.") if a.number == 0 else good(a),
    "per402": lambda a, _: error(402, "Insufficient Balance"),
    "perday": lambda a, many: quota(a, int(many)),
    "echo_model": named,
    "ra_secs": lambda a, seconds: busy(a, 429, float(seconds), "seconds"),
    "ra_date": lambda a, seconds: busy(a, 429, float(seconds), "date"),
    "ra_dur": lambda a, seconds: busy(a, 429, float(seconds), "duration"),
    "ra_ms": lambda a, seconds: busy(a, 429, float(seconds), "milliseconds"),
    "ra_reset": lambda a, seconds: busy(a, 429, float(seconds), "reset"),
    **{
        f"busy{status}": lambda a, seconds, status=status: busy(a, status, float(seconds)) for status in (408, 498, 524)
    },
    "busy503": lambda a, seconds: busy(a, 503, float(seconds), "seconds"),
    "busy529": lambda a, seconds: busy(a, 529, float(seconds), "seconds"),
    "malformed": lambda a, _: Reply(None),
    **{f"annot_{form}": lambda a, _, form=form: labelled(a, form) for form in LABELS},
    **{
        mode: lambda a, _, mode=mode: thought(a, mode)
        for mode in ("think", "think_plain", "think_open", "think_fence", "think_format", "think_cut", "harmony")
    },
}


class Server:
    """Answers as its mode says. `seen` is what `GET /stub` tells; `mode` may be changed between two runs."""

    def __init__(self, mode: str, argument: str = "") -> None:
        self.mode, self.argument = mode, argument
        self.statuses: Counter[int] = Counter()
        self.billed, self.first, self.number = [0, 0], 0.0, 0
        # Requests that sent a thought back, and requests without a limit on the answer.
        self.sent_back = self.unlimited = 0
        self.slot = asyncio.Lock()
        # The last request of each connection.
        self.latest: dict[asyncio.Transport, int] = {}

    @property
    def seen(self) -> dict[str, Any]:
        return {
            "n": self.number,
            "by_status": {str(status): n for status, n in self.statuses.items()},
            "billed_prompt": self.billed[0],
            "billed_completion": self.billed[1],
            "sent_back": self.sent_back,
            "unlimited": self.unlimited,
        }

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request."""
        if http.path == "/stub":
            return web.json_response(self.seen)
        if http.path.endswith("/models"):
            return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})
        if not http.path.endswith("/chat/completions"):
            return web.json_response({"detail": "Not Found"}, status=404)
        body = json.loads(await http.content.read())
        self.first = self.first or time.monotonic()
        a = Asked(
            self.number, body, http.query_string, http.headers.get("Authorization", ""), time.monotonic() - self.first
        )
        self.number += 1
        answers = [str(m["content"]) for m in a.messages if m["role"] == "assistant"]
        self.sent_back += any(mark in text for text in answers for mark in (DRAFT, "<think>", "<|channel|>"))
        self.unlimited += not {"max_tokens", "max_completion_tokens"} & set(body)
        reply = MODES[self.mode](a, self.argument)
        transport = http.transport
        assert transport
        self.latest[transport] = a.number
        async with self.slot if reply.alone else contextlib.nullcontext():
            await asyncio.sleep(0 if transport.is_closing() else reply.after)
        if reply.alone and transport.is_closing():
            return web.Response()
        if reply.body is None:
            transport.write(b"HTP/9 what\r\n\r\n")
            transport.close()
            return web.Response()
        self.statuses[reply.status] += 1
        self.billed = [self.billed[0] + reply.billed[0], self.billed[1] + reply.billed[1]]
        raw = reply.body if isinstance(reply.body, str | bytes) else json.dumps(reply.body)
        raw = raw.encode() if isinstance(raw, str) else raw
        response = web.Response(body=raw, status=reply.status, headers=reply.headers, content_type=reply.type)
        if reply.closes is not None:
            await response.prepare(http)
            await response.write_eof()
            asyncio.get_running_loop().call_later(reply.closes, self.end, transport, a.number)
        return response

    def end(self, transport: asyncio.Transport, number: int) -> None:
        """End a connection that has been idle since this request."""
        if self.latest[transport] == number:
            transport.close()


@contextlib.contextmanager
def serve(mode: str, argument: str = "") -> Iterator[tuple[str, Server]]:
    """A server in a thread, on a free port: its base URL and itself."""
    server = Server(mode, argument)
    with in_thread(server) as url:
        yield url, server


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=MODES, required=True)
    parser.add_argument("--arg", default="")
    given = parser.parse_args()
    _, port = await start(Server(given.mode, given.arg), 0)
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
