"""Dialect: how an OpenAI-compatible endpoint is reached, and how it wants to be asked.

Endpoints differ in the parameters, roles and schemas that they take. What one refuses is found out once, said, and done
without.
"""

import os
import re
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAioHttpClient, OpenAIError

from pyrite.base import console
from pyrite.base.errors import PyriteError
from pyrite.llm.cache import Message, Request
from pyrite.llm.failures import Failure, Then
from pyrite.llm.replies import Reply
from pyrite.params import Asking

# A slow local model may need minutes for an answer; whoever is not there says so at once.
TIMEOUT = httpx2.Timeout(600, connect=10)
# The two names of the limit on an answer's tokens. Servers of one's own know the first, OpenAI's newer models only the
# second, and those say so.
LIMITS = ("max_tokens", "max_completion_tokens")
# How often the limit is made four times larger for a model that thinks before it answers.
THINKS, MOST_ROOM = 4, 64

_NOT = (
    r"(?:unsupported|not support\w*|n't support|no longer support\w*|unknown|unrecogni[sz]ed|not permitted|not allowed"
    r"|not enabled|deprecated|invalid(?!_request)|extra|unexpected|only|can ?not|can't|(?:must|should) be)"
)
_UNKNOWN = re.compile(_NOT)
# What may stand between a refusal and the name of what is refused.
_AND = r"\W+(?:(?:the|use|of|request|keyword|parameter|argument|field|value|option|property|supplied|name)s?\W+){0,4}"
_SYSTEM = re.compile(
    rf"\bsystem\W{{1,3}}(role|message|prompt|instruction)s?\b.{{0,40}}{_NOT}|{_NOT}.{{0,40}}['\"`]system['\"`]"
    rf"|{_NOT}{_AND}system (role|message|prompt|instruction)|role.{{0,80}}\bsystem\b|developer instruction"
    r"|roles must|alternate between|start with a user|\buser\W+(and |or )?\W*assistant|first (message|role)"
)
_LIMIT = re.compile(r"\bmax_(completion_)?tokens\b")
# Statuses of errors that may pass or not.
_UNSURE = (200, 500, 501)
_WITH_ANSWER = re.compile(
    r"(in|for) the completion|or completion|output tokens|max_(completion_|new_)?tokens(?!.{0,30} got -)"
)
# A value that is too large or too small is for the user to mend.
_RANGE = re.compile(
    r"between|range|less than|greater than|at most|at least|larger|smaller|above|below|maximum|too (high|low)"
    r"|too (large|small)|[<>]=|positive|negative|[\[(]-?[\d.]+ ?,|\ban? (valid )?(number|float|integer|decimal)"
)
_SCHEMA = re.compile(
    r"response[_ ]format|schema|grammar|structured|guided|json[_ ](mode|object)|strict|(min|max)_?(items|length)"
)
# What the model wrote followed no schema: that says nothing of what the endpoint takes.
_WRITTEN = re.compile(r"failed_generation|generated json")
# What an endpoint takes that refuses schemas as they are, by their form.
_TAKES = {
    1: "takes a JSON schema, but not the number and length of its items",
    2: "takes no JSON schema: its answers are read leniently",
}
# What documentation shows behind the address.
_BEHIND = re.compile(r"/*(chat/completions)?/*$")
_BOUNDS = {"minItems", "maxItems", "minLength", "maxLength"}


def client(endpoint: str, connections: int) -> AsyncOpenAI:
    """The client of an endpoint, whose variables in the environment begin with its name, with so many connections.

    Raises:
        PyriteError: there is no key, or the address or the proxy is none.
    """
    url, key = f"{endpoint}_BASE_URL", f"{endpoint}_API_KEY"
    base_url, api_key = os.environ.get(url, "").strip().strip("'\"") or None, os.environ.get(key) or None
    if not (api_key or "").isascii() or not (api_key or "").isprintable():
        raise PyriteError(f"{key}: has signs that no key has, such as a line break; export it anew")
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise PyriteError(f"{url}: not an address; it begins with http:// or https:// and mostly ends in /v1")
    if "@" in (base_url or "").partition("://")[2].partition("/")[0]:
        raise PyriteError(f"{url}: has a password in it, which no endpoint is sent; export it without")
    if api_key is None:
        if base_url is None:
            raise PyriteError(f"{key}: not set; export your key, or set {url} to a server of your own (docs/llm.md)")
        api_key = "none"  # local servers ask for no key, but the client wants to send one
    try:
        address = httpx2.URL(base_url or "https://api.openai.com/v1")
        _refuse_socks(address)
        # Said, because without a number the transport has one of its own: 100.
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        http = DefaultAioHttpClient(
            timeout=TIMEOUT,
            limits=limits,
            follow_redirects=False,
            headers={"Accept-Encoding": "gzip"},
            event_hooks={"response": [_as_it_comes]},
        )
        return AsyncOpenAI(
            api_key=api_key,
            # What follows the path, as Azure's ?api-version=..., stays behind it.
            base_url=address.copy_with(path=_BEHIND.sub("", address.path), query=None, fragment=None),
            default_query=dict(address.params),
            default_headers={"api-key": api_key} if "api-version" in address.params else None,
            max_retries=0,
            timeout=TIMEOUT,
            http_client=http,
        )
    except (OpenAIError, ValueError, httpx2.InvalidURL):
        raise PyriteError(f"{url}: not an address that can be used; see docs/llm.md") from None


class _Body(httpx2.AsyncByteStream):
    """A body that may break off: what came of it counts, for it is paid."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = False
        try:
            async for part in self._body:
                came = True
                yield part
        except httpx2.TimeoutException:
            raise
        except Exception:
            if not came:
                raise

    async def aclose(self) -> None:
        await self._body.aclose()


async def _as_it_comes(response: httpx2.Response) -> None:
    """Have a body read as it is: whether it is packed its bytes show, and not every server's header."""
    response.headers.pop("Content-Encoding", None)
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Body(response.stream)


def _refuse_socks(address: httpx2.URL) -> None:
    proxies = urllib.request.getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all") or ""
    if proxy.casefold().startswith("socks") and not urllib.request.proxy_bypass(address.host):
        raise PyriteError(
            "ALL_PROXY or HTTPS_PROXY: a SOCKS proxy, which can't be used: name an HTTP proxy, or put the endpoint's "
            "host into NO_PROXY"
        )


def request_body(messages: Sequence[Message], p: Asking) -> dict[str, Any]:
    """A request as the API takes it, without a schema."""
    return {"model": p.llm.model, "messages": list(messages), **p.llm.sampling}


def response_format(schema: Mapping[str, object]) -> dict[str, object]:
    """What asks the API for an answer that follows a JSON schema."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}


Send = Callable[[dict[str, Any]], Awaitable[Reply]]


class Dialect:
    """What one endpoint takes, as far as it is known.

    `structured` says whether it takes a JSON schema: None until the first answer has shown it.
    """

    def __init__(self, p: Asking) -> None:
        self._p = p
        self._without: set[str] = set()
        self._limit: str | None = LIMITS[0]
        self._room = 1
        self._folded = False
        self._form = 0  # 0: schemas as they are, 1: without bounds, 2: none
        self._doubted_at: float | None = None
        self.structured: bool | None = None

    async def ask(self, send: Send, request: Request) -> Reply:
        """The reply to a request, sent in the form that the endpoint takes, which it may take some tries to find.

        Raises:
            Failure: there is none.
        """
        began, form, limited = time.monotonic(), self._form, True
        refused: Failure | None = None
        while True:
            room, body = self._room, self._body(request, form, limited=limited)
            try:
                reply = await send(body)
            except Failure as failure:
                if self._finds_out(failure, body):
                    continue
                if failure.then is Then.TOO_LONG and _WITH_ANSWER.search(failure.text) and self._limits(body):
                    limited = False  # only together with what may be answered it is too long: the context is the limit
                    continue
                weaker = self._weaker(failure, body, form)
                if weaker is None:
                    raise
                form, refused = weaker, failure
                continue
            if not limited and self._limit:
                self._limit = None
                self._say("has no room for the limit on tokens; it is left out")
            self._passed(request.schema, form, refused, began)
            if room == self._room:
                self._make_room(reply, body)
            return reply

    def _body(self, request: Request, form: int, *, limited: bool) -> dict[str, Any]:
        messages = request.messages
        if self._folded and messages[0]["role"] == "system":
            first = {"role": "user", "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
            messages = [first, *messages[2:]]
        body = {k: v for k, v in request_body(messages, self._p).items() if k not in self._without}
        # Some servers stream unless told not to.
        body["stream"] = False
        if limited and request.limit and self._limit and not body.keys() & set(LIMITS):
            body[self._limit] = request.limit * self._room
        if request.schema is not None and form < 2:
            body["response_format"] = response_format(unbounded(request.schema) if form else request.schema)
        return body

    def _limits(self, body: Mapping[str, Any]) -> bool:
        """Whether a limit on the answer's tokens is sent that is ours, and not the study's."""
        return self._limit in body and self._limit not in self._p.llm.sampling

    def _finds_out(self, failure: Failure, body: Mapping[str, Any]) -> bool:
        """Whether the endpoint refuses something that can be done without; from now on it is."""
        if failure.then is not Then.GIVE_UP and failure.status not in _UNSURE:
            return False
        unknown, out_of_range = _UNKNOWN.search(failure.text), _RANGE.search(failure.text)
        if self._limits(body) and _LIMIT.search(failure.text):
            other = LIMITS[1] if self._limit == LIMITS[0] and unknown and not out_of_range else None
            if other is None:
                self._say(f"refuses {self._limit}: answers have no limit")
            self._limit = other
            return True
        named = _named(failure.text, body.keys() & self._p.llm.sampling.keys())
        if named and not out_of_range and (unknown or failure.status in (400, 422)):
            if not self._without.issuperset(named):
                self._say(f"refuses {named[0]}: it is done without ({failure.reason})")
            self._without.update(named)
            return True
        if _SYSTEM.search(failure.text) and body["messages"][0]["role"] == "system":
            if not self._folded:
                self._say("takes no system message: it stands at the head of the first question")
            self._folded = True
            return True
        return False

    def _weaker(self, failure: Failure, body: Mapping[str, Any], form: int) -> int | None:
        """The next weaker form of the schema to try, where it may be the schema that the endpoint can't take."""
        if "response_format" not in body or failure.status is None:
            return None
        sure = failure.then in (Then.GIVE_UP, Then.STOP) and failure.status in (400, 404, 415, 422)
        # What was paid for is kept as it came.
        maybe = failure.status in _UNSURE and failure.text and not any(failure.paid) and not self.structured
        if not (sure or maybe):
            return None
        schema = body["response_format"]["json_schema"]["schema"]
        return 1 if form == 0 and failure.status != 404 and unbounded(schema) != schema else 2

    def _passed(self, schema: object, form: int, refused: Failure | None, began: float) -> None:
        """Learn from a request that passed in some form, after one with a stronger form was refused or not."""
        if schema is None or form < self._form or (refused and _WRITTEN.search(refused.text)):
            return
        if refused is None:
            self._doubted_at = None
            self.structured = form < 2
            return
        # An error that names no schema, like a 500, may have passed by itself: only a second one, later, proves it.
        proven = refused.status not in _UNSURE and _SCHEMA.search(refused.text)
        if proven or (self._doubted_at is not None and began >= self._doubted_at):
            if form > self._form:
                self._say(_TAKES[form])
            self._form, self.structured = form, form < 2
        elif self._doubted_at is None:
            self._doubted_at = time.monotonic()

    def _make_room(self, reply: Reply, body: Mapping[str, Any]) -> None:
        """Raise our own limit where a model used it up before it said a word."""
        if reply.finish == "length" and not reply.answer.text and self._limits(body) and self._room < MOST_ROOM:
            self._room *= THINKS
            self._say(f"uses up its limit for thinking: answers may have {THINKS} times as many tokens")

    def _say(self, what: str) -> None:
        console.log.print(f"the endpoint {what}")


def _named(text: str, names: Iterable[str]) -> list[str]:
    """The parameter that an error names first, in quotes, else beside the words that refuse it; top_p or topP."""
    named = "|".join(re.escape(name.casefold()).replace("_", "_?") for name in names)
    beside = rf"\b(?P<a>{named})\b(?=\W{{0,3}}[^.;:]{{0,60}}{_NOT})|{_NOT}{_AND}(?P<b>{named})\b"
    match = re.search(rf"['\"`](?P<a>{named})['\"`]", text) or re.search(beside, text)
    plain = next(filter(None, match.groups()), "").replace("_", "") if match else ""
    return [name for name in names if name.casefold().replace("_", "") == plain]


def unbounded(schema: Any) -> Any:
    """The schema without the bounds on numbers and lengths, which some servers don't take."""
    if isinstance(schema, Mapping):
        return {name: unbounded(value) for name, value in schema.items() if name not in _BOUNDS}
    return [unbounded(value) for value in schema] if isinstance(schema, list) else schema
