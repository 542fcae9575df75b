"""Failures: what an endpoint's error means for the request, for the run and for the user.

Errors come in many shapes and under any status, also inside a 200. Whatever they are, one line with the reason comes
out, without the key.
"""

import html
import itertools
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import httpx2
from openai import APIConnectionError, APITimeoutError

from pyrite.base import console
from pyrite.data.texts import encodable
from pyrite.llm import keys, waits
from pyrite.llm.cache import Message


class Then(Enum):
    """What a failure asks for."""

    STOP = auto()  # no request will be answered
    WAIT = auto()  # all requests wait: nobody's fault
    AGAIN = auto()  # the same request may pass later
    SLOW = auto()  # it took too long, and may do so again
    EMPTY = auto()  # an answer came, without words
    REFUSED = auto()  # this request is never answered, whoever asks
    TOO_LONG = auto()  # the conversation is longer than the model's context
    GIVE_UP = auto()  # this request can't be answered


@dataclass
class Failure(Exception):  # noqa: N818 - what a request came to, no error of ours
    """A request without an answer.

    Attributes:
        reason: one line for the user: what went wrong and what to do.
        then: what to do.
        status: the HTTP status, or the one that the body names.
        text: all that the server said, in lower case.
        wait: for how many seconds the server wants us to wait, where it said so.
        refused: why the request is kept as refused once it is not sent again; empty: it is not.
        paid: the tokens, sent and answered, that it says it cost all the same.
    """

    reason: str
    then: Then
    status: int | None = None
    text: str = ""
    wait: float | None = None
    refused: str = ""
    paid: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return self.reason


# Why a request is kept as refused.
FILTERED, CONTEXT, REFUSAL = "content filter", "context length", "refusal"

# The words of errors that mean the same under many statuses; each was said by some server.
_FILTER = re.compile(
    r"content[ _-]?(management )?(policy|filter)|responsible ?ai|moderation|prohibited[ _]content|content exists risk"
    r"|inappropriate content|sensitive ?(content|words?|info)|new_sensitive|敏感|data_?inspection|guardrail|nsfw"
    r"|due to safety|safety (system|filter|setting|reason|classif|policy)|(unsafe|harmful) content"
    r"|usage (polic|guideline)|violat\w+.{0,60}polic|request was flagged"
    r"|\b(input|prompt|content|message|text|response)\b.{0,40}\b(flagged|filtered|blocked)\b"
)
_TOO_LONG = re.compile(
    r"context[ _]?(length|window|size)|(maximum|model's) context|exceed_?context|max_(model_len|total_tokens)"
    r"|\b(prompt|input|request|messages?|conversation|history).{0,40}too[ _](long|large)|range of input length"
    r"|too many (input |prompt )?tokens|reduce (the length|the input|your prompt)|only supports up to \d+ tokens"
    r"|max_(completion_)?tokens must be at least 1, got -|maximum (input|prompt|model) (length|tokens)"
    r"|((input|prompt)\b(?! valid)|tokens?( count| limit| length)?)\b.{0,60}"
    r"(exceed|only supports up to|(more|longer|larger) than)|exceed.{0,40}\btoken limit"
    r"|longer than the (model|context)|exceed context|inputs` (tokens \+|must have less than)"
)
_QUOTA = re.compile(
    r"insufficient[ _](\w+[ _])?(quota|balance|credit|fund)|(balance|credits) (is|are) (too low|insufficient|depleted)"
    r"|not[ _]enough[ _](credit|balance)|(out of|any|all available|your monthly included) credits|余额不足"
    r"|out of call volume|billing[ _](hard[ _])?(limit|not_active)|billing to be enabled|payment required"
    r"|(hit|reached)\b.{0,40} (spend(ing)?|usage) (limit|cap)|(spend(ing)?|usage|key) (limit|cap).{0,10} (reach|exceed)"
    r"|budget[ _](has been )?exceeded|exceeded ?budget|account\b.{0,40} is (not active|suspended)|arrear|overdue"
    r"|trial has expired"
)
_KEY = re.compile(
    r"(invalid|incorrect|missing|no|wrong|expired)[ _](api|access|auth\w*|subscription)[ _-]?(key|token|header|credent)"
    r"|api[ _]key (not (valid|found)|expired|was reported|is (disabled|revoked))|api_key_invalid|security token"
    r"|authenticat(ion (error|fail)|ion_error)|(not |un)authenticated|unauthorized|unregistered caller"
)
_MODEL = re.compile(
    r"model_(not_\w+|decommissioned)|(no such|unknown|invalid|unavailable|unsupported) model\b(?! (out|in|para|resp))"
    r"|not a valid model|model identifier is invalid|unexpected (model name|endpoint)|unable to access model"
    r"|no models loaded|model is required|requested model is not|model not exist"
    r"|model:? (['\"`]\S+|\S*[-/:.\d]\S*) (is not|(has been|is) deprecated)"
    r"|model\b.{0,80}(do(es)? not exist|doesn't exist|not found|is not available|decommissioned|not supported by"
    r"|no longer (avail|supported|exist|serv))"
)
_RATE = re.compile(r"rate[ _-]?limit|too many requests|throttl")
_BUSY = re.compile(rf"(model|server)\b.{{0,40}}\bloading|loading (the )?model|warming up|overloaded|{_RATE.pattern}")
# Statuses that ask for patience, and those that may pass (524 and the like are 5xx anyway).
_WAITS, _PASSES = {429, 498, 503, 529}, {408, 409, 424, 425, 499}
# No body is larger when it is unpacked.
MOST_BYTES = 2**26


def of_response(status: int, headers: Mapping[str, str], content: bytes | Any) -> Failure:
    """What an error response means; `content` is its body, raw or parsed. A 200 with an error says nothing of its kind
    but in words."""
    body = parsed(text_of(content)) if isinstance(content, bytes) else content
    words = _words(body)
    # A page is a proxy's or a firewall's, whatever it says of filters. Codes in quotes: what they name is meant.
    codes = (f"'{code[:100]}'" for code in itertools.islice(_strings(body, _NAMING), 20) if code not in words)
    text = "" if isinstance(body, str) and _PAGE.match(body) else " ".join([words[:500], *codes]).casefold()
    # Words without a name of theirs may be the request's own: they are shown, and decide nothing.
    shown = clean(words or _words(body, None))
    quoted = f" ({shown})" if shown else ""

    def failure(then: Then, reason: str, *, wait: float | None = None, refused: str = "") -> Failure:
        return Failure(reason, then, status, text, wait, refused)

    if 300 <= status < 400:
        place = clean(headers.get("location", "").partition("?")[0]) or "another address"
        return failure(Then.STOP, f"the endpoint redirects to {place} ({status}): set OPENAI_BASE_URL to where it is")
    wait = waits.of_error(headers, body, words, limited=status in _WAITS)
    limited = status in (400, 402, 403) and (_RATE.search(text) or (status == 402 and wait))
    if not limited and (status == 402 or _QUOTA.search(text)):
        return failure(Then.STOP, f"the endpoint says that your quota is used up{quoted}: add credit there")
    if status not in (401, 404, 429) and _FILTER.search(text):
        return failure(Then.REFUSED, f"the endpoint refuses the request ({status}){quoted}", refused=FILTERED)
    # Too many tokens in a minute are no long request, unless this one alone has more.
    too_long = status not in (401, 403, 404, 408, 504) and (status != 429 or "too large" in text)
    if status == 413 or (not limited and too_long and _TOO_LONG.search(text)):
        reason = f"the request is longer than the model's context ({status}){quoted}: raise it (docs/llm.md)"
        return failure(Then.TOO_LONG, reason, refused=CONTEXT)
    if status == 401 or (status in (200, 400, 403) and _KEY.search(text)):
        return failure(Then.STOP, f"the endpoint refuses the key ({status}){quoted}: check OPENAI_API_KEY")
    if status == 403 and not limited:
        return failure(Then.GIVE_UP, f"the key may not do this (403){quoted}: check its rights, or take another model")
    if status in (404, 405) or (status < 500 and status not in _WAITS and _MODEL.search(text)):
        hint = "check the model's name in llms and OPENAI_BASE_URL (mostly it ends in /v1)"
        return failure(Then.STOP, f"no such model or address ({status}){quoted}: {hint}")
    patient = limited or status in _WAITS | _PASSES or status == 200 or status >= 500
    if wait is not None and wait > waits.LONGEST and patient:
        when = f"the endpoint asks to come back in {waits.duration(wait)} ({status}){quoted}"
        return failure(Then.STOP, f"{when}: run it again then")
    if status == 429 or limited:
        hint = "lower concurrency or requests_per_minute in generate.limits"
        return failure(Then.WAIT, f"too many requests ({status}){quoted}: {hint}", wait=wait)
    # What a single request may be to blame for uses up its attempts, however long it waits between them.
    if status in _WAITS or (patient and status not in _PASSES and _BUSY.search(text)):
        return failure(Then.WAIT, f"the endpoint is busy ({status}){quoted}", wait=wait)
    then = Then.AGAIN if patient else Then.GIVE_UP
    coded = "" if status == 200 else f" ({status})"
    return failure(then, f"the endpoint answers with an error{coded}{quoted}", wait=wait)


def for_good(failure: Failure, messages: Sequence[Message]) -> str:
    """Why a request is kept as refused, or nothing: where no conversation can even begin, that is for the user to
    mend."""
    begins = not any(message["role"] == "assistant" for message in messages)
    return "" if failure.then is Then.TOO_LONG and begins else failure.refused


def of_exception(error: Exception, patience: float) -> Failure:
    """What it means that no response came, or none that can be read."""
    cause = error.__cause__ if isinstance(error, APIConnectionError) and error.__cause__ else error
    if isinstance(error, APITimeoutError) and not isinstance(cause, httpx2.ConnectTimeout):
        slow = f"no answer within {patience:.0f} s: the server is too slow or lost"
        return Failure(f"{slow}; ask for fewer texts in a turn, or lower concurrency in generate.limits", Then.SLOW)
    words = clean(str(cause)).replace(" ssl:default", "")
    if "certificate" in words.casefold() or "[SSL" in words:
        reason = f"TLS to the endpoint failed ({words}): check OPENAI_BASE_URL, SSL_CERT_FILE and your proxy"
    elif isinstance(error, APIConnectionError) and not isinstance(cause, httpx2.DecodingError):
        reason = f"the endpoint can't be reached ({words}): check OPENAI_BASE_URL, your network and your proxy"
    else:
        reason = f"what comes back is no HTTP ({words}): check OPENAI_BASE_URL and your proxy"
    return Failure(reason, Then.AGAIN)


def text_of(content: bytes) -> str:
    """The body of a response as its bytes show it, packed or not: headers say the one where servers do the other."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        for bits in (47, -15) if content[:1] not in b"{[<" else ():  # gzip or zlib, else bare deflate
            with suppress(zlib.error):
                content = zlib.decompressobj(bits).decompress(content, MOST_BYTES)
                break
    return content.decode(json.detect_encoding(content), "replace")


def parsed(text: str) -> Any:
    """The body of a response: JSON where it is some (the first value, whatever follows), else its text."""
    text = text.strip()
    try:
        return json.JSONDecoder().raw_decode(text)[0] if text[:1] in ("{", "[") else text
    except (ValueError, RecursionError):
        return text


_PAGE = re.compile(r"\s*<[!?a-z]", re.IGNORECASE)
# What a page or other markup says of itself.
_TITLE = re.compile(r"<(?:title|message|faultstring)\b[^<>]{0,99}>(.{1,300}?)</", re.IGNORECASE | re.DOTALL)
# Where errors keep their words, the most telling first. What a request said is repeated elsewhere.
_SPEAKING = (
    *("message", "detail", "msg", "error_description", "error_msg", "error_message", "errormessage", "errmsg"),
    *("status_msg", "faultstring", "raw", "cause", "reason", "reasons", "description", "title"),
    *("error", "errors", "base_resp", "metadata", "fault", "details"),
)
_NAMING = (
    *("code", "type", "status", "param", "loc", "innererror", "message", "error", "errors", "detail", "details"),
    *("reason", "cause"),
)


def words_of(body: Any) -> str:
    """What an error says to people, in a line."""
    return clean(_words(body))


def _words(body: Any, names: Sequence[str] | None = _SPEAKING) -> str:
    readable = filter(None, map(_readable, _strings(body, names)))
    return ": ".join(dict.fromkeys(itertools.islice(readable, 4)))


def _readable(words: str) -> str:
    """The title of a page, or words that are none."""
    if not _PAGE.match(words):
        return words.strip()[:1000]
    page = words[:10_000]
    title = _TITLE.search(page)
    return html.unescape(title[1] if title else re.sub(r"<[^<>]*>", " ", page)).strip()


def _strings(body: Any, names: Sequence[str] | None, depth: int = 0) -> Iterator[str]:
    """What stands under these names (None: any), in their order, whatever its shape; a string may be JSON again."""
    body = parsed(body) if isinstance(body, str) else body
    if isinstance(body, str):
        yield body
    elif isinstance(body, list | dict) and depth < 8:
        fields = body if isinstance(body, dict) else dict(enumerate(body[:5]))
        if isinstance(body, dict) and names is not None:
            low = {name.casefold(): value for name, value in body.items()}
            fields = {name: low[name] for name in names if name in low}
        for part in itertools.islice(fields.values(), 20):
            yield from _strings(part, names, depth + 1)


def clean(text: str) -> str:
    """A server's words as one short line; some repeat the key."""
    return " ".join(console.printable(encodable(keys.hide(text[:5000]))).split())[:200]
