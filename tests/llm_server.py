"""An OpenAI-compatible server on loopback for tests and benchmarks: made-up answers, chosen faults, a log of requests.

In a test: `with serve(latency=0.1, faults={"rate_limit": 0.1}) as server:`, then `server.url` and `server.log`. As a
process: `python tests/llm_server.py --latency 0.2 --faults rate_limit=0.1,cut=0.05 --log requests.jsonl`, whose first
line of output is the port.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

WORDS = """amber anchor apple autumn basin beacon birch blanket border bottle branch bread bridge bronze brother bucket
butter cabin candle canyon carpet castle cedar chalk cherry circle cliff clock cloud copper corner cotton cradle crane
desert dinner doctor donkey door dragon early eagle east echo engine evening fabric falcon farmer feather fiddle field
finger flame forest fossil fountain garden ginger glass granite guitar hammer harbour hazel hollow honey island ivory
jacket jungle kettle kitchen ladder lantern lemon letter lily linen lizard marble market meadow mirror morning mountain
needle north ocean olive orange orchard paper pebble pencil pepper pilot planet pocket quarry rabbit raven ribbon river
saddle salmon shadow silver sister spider spring stable statue summer teacher thunder ticket tiger timber tunnel valley
velvet village violin wagon walnut water whisper willow window winter""".split()  # noqa: SIM905


class Fault(StrEnum):
    """What can go wrong with an answer; in a script, what does."""

    RATE_LIMIT = "rate_limit"  # 429
    RETRY_AFTER = "retry_after"  # 429 that says when to come back
    SERVER_ERROR = "server_error"  # 500
    DROP = "drop"  # the connection ends without an answer
    CUT = "cut"  # the connection ends in the middle of the body
    NOT_JSON = "not_json"  # 200 with a body that breaks off, called JSON
    HTML = "html"  # 200 with a proxy's page
    NO_CHOICES = "no_choices"  # an empty list of choices
    UNPARSABLE = "unparsable"  # talk without an array
    REFUSAL = "refusal"  # a refusal as text
    REFUSAL_FIELD = "refusal_field"  # a refusal in its own field, without content
    TRUNCATED = "truncated"  # the array ends inside its last item; finish_reason is length
    FENCE = "fence"  # the array in a code fence
    NUMBERED = "numbered"  # a numbered list
    OBJECT = "object"  # {"texts": [...]}
    HUGE = "huge"  # 10 MB
    CONTROL = "control"  # control characters and lone surrogates, raw and escaped


# A response as it is: status, body (bytes, or what JSON is made of), headers.
Raw = tuple[int, Any, dict[str, str]]
# What a script may say for a request: a fault, the assistant's words, a whole body, a status, a response, or None (as
# usual).
Answer = Fault | str | dict[str, Any] | int | Raw | None


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """How the server answers.

    Args:
        latency: Seconds until an answer; what is rejected (4xx) is rejected at once.
        faults: The probability of each fault (by name); they add up to 1 at most.
        seed: Of faults and texts; both depend on it and on the request's number.
        repeatable: Texts depend on the request itself instead of its number: asked again, it gets the same ones.
        retry_after: What the header of a `retry_after` fault says, in seconds.
        key: The key to be sent; None takes any or none.
        models: The models that exist; None knows every name.
        quota: How many requests are paid for; from then on the quota is used up. None: all.
        structured: Whether `response_format` is obeyed (True), refused (False) or overlooked (None).
        unsupported: The parameters that are refused.
        answers: What is answered instead, by the parsed request, or one after another until they are used up.
    """

    latency: float = 0.0
    faults: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seed: int = 0
    repeatable: bool = False
    retry_after: float = 1.0
    key: str | None = None
    models: Sequence[str] | None = None
    quota: int | None = None
    structured: bool | None = True
    unsupported: Sequence[str] = ()
    answers: Callable[[dict[str, Any]], Answer] | Sequence[Answer] = ()


@dataclasses.dataclass(frozen=True)
class Entry:
    """One request for a completion.

    `digest` is the SHA-256 of model and messages, so equal for a request that is sent again; times are Unix seconds;
    `status` is 0 where the connection ended before one; `whole` says that the last byte has left this process; `answer`
    is the SHA-256 of the assistant's words, empty where there are none.
    """

    number: int
    digest: str
    received: float
    answered: float
    status: int
    fault: str
    whole: bool
    answer: str
    request: dict[str, Any] = dataclasses.field(repr=False)
    query: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)


class Handler(Protocol):
    """What answers HTTP requests."""

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse: ...


class Server:
    """Answers requests as a behaviour says and tells `record` of each when it is done with it.

    `peak` is the largest number of requests at once.
    """

    def __init__(self, behaviour: Behaviour, record: Callable[[Entry], None]) -> None:
        unknown = [name for name in behaviour.faults if name not in list(Fault)]
        if unknown or sum(behaviour.faults.values()) > 1 + 1e-9:
            raise ValueError(f"faults: unknown {unknown}, or probabilities above 1 in total; known: {', '.join(Fault)}")
        self.behaviour = behaviour
        self.record = record
        self.received = 0
        self.running = 0
        self.sending = 0
        self.peak = 0

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        """One HTTP request."""
        if (http.method, http.path) == ("POST", "/v1/chat/completions"):
            return await self._complete(http)
        if (http.method, http.path) == ("GET", "/v1/models"):
            models = self.behaviour.models or ["test-model"]
            data = [{"id": model, "object": "model", "created": 0, "owned_by": "tests"} for model in models]
            return self._locked(http) or _json({"object": "list", "data": data})
        return _json({"detail": "Not Found"}, 404)

    async def _complete(self, http: web.BaseRequest) -> web.StreamResponse:
        received, number = time.time(), self.received
        self.received += 1
        self.running += 1
        self.peak = max(self.peak, self.running)
        # Not `read`, which has a limit on the size.
        request = json.loads(await http.content.read())
        question = json.dumps([request.get("model"), request.get("messages")], sort_keys=True)
        fault: Fault | None = None
        words: str | None = None
        response = self._rejected(http, request, number)
        if response is None:
            answer = self._answer(request, number)
            fault = answer if isinstance(answer, Fault) else None
            response, words = self._reply(request, number, answer)
            if self.behaviour.latency and response.status != 429:
                await asyncio.sleep(self.behaviour.latency)
        self.sending += 1
        whole = await _send(http, response, fault)
        status = 0 if fault is Fault.DROP else response.status
        digests = [_digest(question), _digest(words) if words else ""]
        self.record(
            Entry(
                number,
                digests[0],
                received,
                time.time(),
                status,
                fault or "",
                whole,
                digests[1],
                request,
                dict(http.query),
            )
        )
        self.sending -= 1
        self.running -= 1
        return response

    def _locked(self, http: web.BaseRequest) -> web.Response | None:
        sent = http.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.behaviour.key in (None, sent):
            return None
        # Some servers say the key again.
        return _error(401, f"Incorrect API key provided: {sent}.", "invalid_request_error", code="invalid_api_key")

    def _rejected(self, http: web.BaseRequest, request: dict[str, Any], number: int) -> web.Response | None:
        """The answer to a request that this server does not take; None for one that it does."""
        has, model = self.behaviour, request.get("model")
        if locked := self._locked(http):
            return locked
        if has.models is not None and model not in has.models:
            message = f"The model `{model}` does not exist or you do not have access to it."
            return _error(404, message, "invalid_request_error", code="model_not_found")
        if has.quota is not None and number >= has.quota:
            message = "You exceeded your current quota, please check your plan and billing details."
            return _error(429, message, "insufficient_quota", code="insufficient_quota")
        if not request.get("messages"):
            message = (
                "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array."
            )
            return _error(400, message, "invalid_request_error", param="messages", code="empty_array")
        if has.structured is False and "response_format" in request:
            kind = request["response_format"].get("type")
            message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
            return _error(400, message, "invalid_request_error", param="response_format")
        for name in has.unsupported:
            if name in request:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                return _error(400, message, "invalid_request_error", param=name, code="unsupported_parameter")
        return None

    def _answer(self, request: dict[str, Any], number: int) -> Answer:
        scripted = self.behaviour.answers
        answer = None
        if callable(scripted):
            answer = scripted(request)
        elif number < len(scripted):
            answer = scripted[number]
        if answer is None and self.behaviour.faults:
            draw = random.Random(f"fault {self.behaviour.seed} {number}").random()
            for name, probability in self.behaviour.faults.items():
                draw -= probability
                if draw < 0:
                    return Fault(name)
        return answer

    def _reply(self, request: dict[str, Any], number: int, answer: Answer) -> tuple[web.Response, str | None]:
        """The response, and the assistant's words in it."""
        if isinstance(answer, dict):
            return _json(answer), None
        if isinstance(answer, tuple):
            status, body, headers = answer
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            return web.Response(body=raw, status=status, headers={"Content-Type": "application/json"} | headers), None
        if isinstance(answer, int):
            return _error(answer, f"Status {answer}, as the script says.", "scripted"), None
        match answer:
            case Fault.RATE_LIMIT | Fault.RETRY_AFTER:
                message = "Rate limit reached: too many requests."
                response = _error(429, message, "requests", code="rate_limit_exceeded")
                if answer is Fault.RETRY_AFTER:
                    response.headers["Retry-After"] = f"{self.behaviour.retry_after:g}"
                return response, None
            case Fault.SERVER_ERROR:
                return _error(500, "The server had an error while processing your request.", "server_error"), None
            case Fault.HTML:
                return web.Response(text="<html><h1>Bad gateway</h1></html>", content_type="text/html"), None
            case Fault.NOT_JSON:
                return web.Response(text='{"id": "chatcmpl-', content_type="application/json"), None
        if isinstance(answer, str) and not isinstance(answer, Fault):
            content: str | None = answer
        else:
            content = self._words(request, number, answer)
        message: dict[str, str | None] = {"content": content, "refusal": None}
        if answer is Fault.REFUSAL_FIELD:
            message = {"content": None, "refusal": content}
        heard = sum(len(str(m.get("content")).split()) for m in request["messages"])
        prompt, completion = round(heard * 1.3), round(len((content or "").split()) * 1.3)
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        reason = "length" if answer is Fault.TRUNCATED else "stop"
        choice = {"index": 0, "message": {"role": "assistant"} | message, "logprobs": None, "finish_reason": reason}
        body = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request.get("model"),
            "choices": [] if answer is Fault.NO_CHOICES else [choice],
            "usage": usage,
        }
        return _json(body), None if answer is Fault.NO_CHOICES else content

    def _words(self, request: dict[str, Any], number: int, fault: Fault | None) -> str:
        """The assistant's words: as many texts as the last message asks for, in the form that the fault has."""
        prompt = " ".join(str(m.get("content")) for m in request["messages"])
        counts = re.findall(r"JSON array of (\d+) strings", str(request["messages"][-1].get("content")))
        bounds = re.findall(r"between (\d+) and (\d+) words", prompt)
        low, high = map(int, bounds[-1]) if bounds else (8, 16)
        name = prompt if self.behaviour.repeatable else number
        rng = random.Random(f"texts {self.behaviour.seed} {name}")
        lengths = [rng.randint(low, high) for _ in range(int(counts[-1]) if counts else 1)]
        texts = [" ".join(rng.choices(WORDS, k=length)).capitalize() + "." for length in lengths]
        match fault:
            case Fault.UNPARSABLE:
                return f"Certainly! Let me think about it first: {texts[0]}"
            case Fault.REFUSAL | Fault.REFUSAL_FIELD:
                return "I'm sorry, but I can't help with that."
            case Fault.TRUNCATED:
                return json.dumps(texts)[: -max(5, len(texts[-1]) // 2)]
            case Fault.FENCE:
                return f"Here they are:\n```json\n{json.dumps(texts, indent=2)}\n```\nAnything else?"
            case Fault.NUMBERED:
                return "\n".join(f"{place}. {text}" for place, text in enumerate(texts, start=1))
            case Fault.OBJECT:
                return json.dumps({"texts": texts})
            case Fault.HUGE:
                return json.dumps(["again " * (10**7 // 6)])
            case Fault.CONTROL:
                odd = ["\x00", "\x1b[31m", "\x08", "\u202e", "\ud800", "\udfff"]
                texts = [f"{text[:9]}{odd[place % len(odd)]}{text[9:]}" for place, text in enumerate(texts)]
                # Escaped, as a careful model would write them, and raw, as no JSON may have them.
                return (
                    "[" + ", ".join(f'"{t}"' if place % 4 > 1 else json.dumps(t) for place, t in enumerate(texts)) + "]"
                )
        if self.behaviour.structured and (form := request.get("response_format")):
            schema = form.get("json_schema", {}).get("schema", {})
            named = {name: about["enum"] for name, about in schema.get("properties", {}).items() if "enum" in about}
            if named:
                return json.dumps({name: rng.choice(labels) for name, labels in named.items()})
            if schema.get("type") != "array":
                return json.dumps({next(iter(schema.get("properties", {})), "texts"): texts})
        elif not counts:
            return texts[0]
        return json.dumps(texts)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")


def _error(status: int, message: str, kind: str, *, param: str | None = None, code: str | None = None) -> web.Response:
    return _json({"error": {"message": message, "type": kind, "param": param, "code": code}}, status)


async def _send(http: web.BaseRequest, response: web.Response, fault: Fault | None) -> bool:
    """Write the response, or the part of it that the fault leaves; whether its last byte has gone to the system."""
    transport = http.transport
    if transport is None:
        return False
    try:
        if fault is Fault.DROP:
            transport.close()
        elif fault is Fault.CUT:
            body = response.body
            assert isinstance(body, bytes)
            part = web.StreamResponse(status=response.status, headers={"Content-Length": str(len(body))})
            part.content_type = "application/json"
            await part.prepare(http)
            await part.write(body[: len(body) // 2])
            transport.close()
        else:
            await response.prepare(http)
            await response.write_eof()
            while transport.get_write_buffer_size() and not transport.is_closing():
                await asyncio.sleep(0.001)
            return not transport.is_closing()
    except (ConnectionError, OSError):
        pass
    return False


async def start(server: Handler, port: int) -> tuple[web.ServerRunner, int]:
    runner = web.ServerRunner(web.Server(server.handle, access_log=None), shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    return runner, runner.addresses[0][1]


class Running:
    """A server in a thread of this process: its base URL, its log so far, and itself."""

    def __init__(self, url: str, server: Server, entries: list[Entry]) -> None:
        self.url, self.server, self._entries = url, server, entries

    @property
    def log(self) -> list[Entry]:
        """The requests that were answered; a client may have its answer a moment before the entry is written."""
        patience = time.monotonic() + 1
        while self.server.sending and time.monotonic() < patience:
            time.sleep(0.001)
        return self._entries


@contextlib.contextmanager
def serve(**behaviour: Any) -> Iterator[Running]:
    """A server in a thread, on a free port, gone at the end; the arguments are those of `Behaviour`."""
    entries: list[Entry] = []
    server = Server(Behaviour(**behaviour), entries.append)
    with in_thread(server) as url:
        yield Running(url, server, entries)


@contextlib.contextmanager
def in_thread(server: Handler) -> Iterator[str]:
    """The base URL of a server in a thread of this process, on a free port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner, port = asyncio.run_coroutine_threadsafe(start(server, 0), loop).result()
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.contextmanager
def serve_apart(*options: str) -> Iterator[str]:
    """The base URL of a server in a process of its own, which takes no time of this one (options: its command line)."""
    with subprocess.Popen([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()
            process.wait(10)
    assert process.returncode == 0


def _faults(written: str) -> dict[str, float]:
    pairs = (pair.split("=") for pair in written.split(",") if pair)
    return {name: float(probability) for name, probability in pairs}


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: a free one, printed")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--faults", type=_faults, default={}, help="name=probability,...: " + ", ".join(Fault))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeatable", action="store_true", help="texts by request, not by its number")
    parser.add_argument("--retry-after", type=float, default=1.0, help="seconds")
    parser.add_argument("--log", type=Path, help="a JSONL file to append each request to")
    given = vars(parser.parse_args())
    port, path = given.pop("port"), given.pop("log")
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("a")) if path else None

        def record(entry: Entry) -> None:
            if file:
                line = {name: value for name, value in vars(entry).items() if name not in ("request", "query")}
                file.write(json.dumps(line) + "\n")
                file.flush()

        runner, port = await start(Server(Behaviour(**given), record), port)
        print(port, flush=True)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_main())
