"""Failures: what an endpoint's error means for the request, for the run and for the user.

Errors come in many shapes and under any status, also inside a 200. Whatever they are, one line with the reason comes
out, without the key.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any

import httpx2
from openai import APIConnectionError, APITimeoutError

from pyrite.base import console
from pyrite.data.texts import encodable
from pyrite.llm import keys


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
        said: all that the server said, in lower case.
        wait: for how many seconds the server wants us to wait, where it said so.
        refused: why the request is kept as refused once it is not sent again; empty: it is not.
        paid: the tokens, sent and answered, that it says it cost all the same.
    """

    reason: str
    then: Then
    status: int | None = None
    said: str = ""
    wait: float | None = None
    refused: str = ""
    paid: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return self.reason


# Why a request is kept as refused.
FILTERED, CONTEXT, REFUSAL = "content filter", "context length", "refusal"

# The words of errors that mean the same under many statuses; each was said by some server.
_FILTER = re.compile(
    r"content[ _-](management )?(policy|filter)|responsible ?ai|moderation|prohibited[ _]content|content exists risk"
    r"|inappropriate content|sensitive (content|words?)|data_?inspection|safety (system|filter|setting)"
    r"|usage (polic|guideline)|(input|prompt|content|message|text|response)\b.{0,40}\b(flagged|filtered|blocked)\b"
    r"|violat\w+.{0,60}polic"
)
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|maximum context|exceed_?context|prompt is too long|input is too long|"
    r"(prompt|input|request|messages?).{0,40}too[ _](long|large)|too many (input |prompt )?tokens|reduce the length|"
    r"max_model_len|max_(completion_)?tokens must be at least 1, got -|maximum (input|prompt|model) (length|tokens)|"
    r"(input|prompt) tokens?.{0,60}exceed|longer than the (model|context)|exceed context|"
    r"inputs` (tokens \+|must have less than)"
)
_QUOTA = re.compile(
    r"insufficient_quota|insufficient (balance|credit|fund)|credit balance is too low|billing_(hard_)?limit|"
    r"not_enough_credit|payment required|out of credits|billing_not_active|account is not active"
)
_KEY = re.compile(
    r"(invalid|incorrect|missing|no|wrong|expired)[ _](api|access|auth|subscription)[ _-]?(key|token)"
    r"|api[ _]key (not valid|expired|was reported)|api_key_invalid|security token"
    r"|authentication (error|fail)|unauthenticated|unauthorized|authentication_error|invalid subscription key"
)
_MODEL = re.compile(
    r"model_not_found|model_decommissioned|(no such|unknown|invalid) model|not a valid model"
    r"|model identifier is invalid|model\b.{0,80}"
    r"(does not exist|doesn't exist|not found|is not available|decommissioned|no longer|not supported by)"
)
_LOADING = re.compile(
    r"(model|server)\b.{0,40}\bloading|loading (the )?model|warming up|overloaded|rate[ _-]?limit|too many requests"
)
# Statuses that ask for patience, and those that may pass (524 and the like are 5xx anyway).
_WAITS, _PASSES = {429, 498, 503, 529}, {408, 409, 424, 425, 499}
# An endpoint that wants more patience than this, in seconds, has ended the run.
LONGEST_TOLD = 3600.0
# No body is larger when it is unpacked.
MOST_BYTES = 2**26


def of_response(status: int, headers: Mapping[str, str], content: bytes | Any) -> Failure:
    """What an error response means; `content` is its body, raw or parsed."""
    raw = text_of(content) if isinstance(content, bytes) else ""
    body = parsed(raw) if isinstance(content, bytes) else content
    words = words_of(body)
    said = " ".join([words, *(code[:100] for code in _strings(body, _NAMING))]).casefold()
    quoted = f" ({words})" if words else ""

    def failure(then: Then, reason: str, *, wait: float | None = None, refused: str = "") -> Failure:
        return Failure(reason, then, status, said, wait, refused)

    if 300 <= status < 400:
        place = clean(headers.get("location", "").partition("?")[0]) or "another address"
        return failure(Then.STOP, f"the endpoint redirects to {place} ({status}): set OPENAI_BASE_URL to where it is")
    if status == 402 or _QUOTA.search(said):
        return failure(Then.STOP, f"the endpoint says that your quota is used up{quoted}: add credit there")
    if status not in (401, 404, 429) and _FILTER.search(said):
        return failure(Then.REFUSED, f"the endpoint refuses the request ({status}){quoted}", refused=FILTERED)
    # Too many tokens in a minute are no long request, unless this one alone has more.
    if status not in (401, 403, 404) and _TOO_LONG.search(said) and (status != 429 or "too large" in said):
        reason = f"the request is longer than the model's context ({status}){quoted}: raise it (docs/llm.md)"
        return failure(Then.TOO_LONG, reason, refused=CONTEXT)
    if status == 401 or (status in (400, 403) and _KEY.search(said)):
        return failure(Then.STOP, f"the endpoint refuses the key ({status}){quoted}: check OPENAI_API_KEY")
    if status == 403:
        return failure(Then.GIVE_UP, f"the key may not do this (403){quoted}: check its rights, or take another model")
    if status == 404 or (status < 500 and status not in _WAITS and _MODEL.search(said)):
        hint = "check the model's name in llms and OPENAI_BASE_URL (mostly it ends in /v1)"
        return failure(Then.STOP, f"no such model or address ({status}){quoted}: {hint}")
    wait = _told(headers, body, raw, words)
    if wait is not None and wait > LONGEST_TOLD:
        when = f"the endpoint asks to come back in {duration(wait)} ({status}){quoted}"
        return failure(Then.STOP, f"{when}: run it again then")
    if status == 429:
        hint = "lower concurrency or requests_per_minute in generate.limits"
        return failure(Then.WAIT, f"too many requests (429){quoted}: {hint}", wait=wait)
    if status in _WAITS or (status >= 500 and (wait is not None or _LOADING.search(said))):
        return failure(Then.WAIT, f"the endpoint is busy ({status}){quoted}", wait=wait)
    then = Then.AGAIN if status >= 500 or status in _PASSES else Then.GIVE_UP
    return failure(then, f"the endpoint answers with an error ({status}){quoted}", wait=wait)


def of_exception(error: Exception, patience: float) -> Failure:
    """What it means that no response came, or none that can be read."""
    cause = error.__cause__ if isinstance(error, APIConnectionError) and error.__cause__ else error
    if isinstance(error, APITimeoutError) and not isinstance(cause, httpx2.ConnectTimeout):
        slow = f"no answer within {patience:.0f} s: the server is too slow or lost"
        return Failure(f"{slow}; ask for fewer texts in a turn, or lower concurrency in generate.limits", Then.SLOW)
    said = clean(str(cause)).replace(" ssl:default", "")
    if "certificate" in said.casefold() or "[SSL" in said:
        reason = f"TLS to the endpoint failed ({said}): check OPENAI_BASE_URL, SSL_CERT_FILE and your proxy"
    elif isinstance(error, APIConnectionError) and not isinstance(cause, httpx2.DecodingError):
        reason = f"the endpoint can't be reached ({said}): check OPENAI_BASE_URL, your network and your proxy"
    else:
        reason = f"what comes back is no HTTP ({said}): check OPENAI_BASE_URL and your proxy"
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


_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
# Where errors keep their words, the most telling first. What a request said is repeated elsewhere.
_SPEAKING = (
    *("message", "detail", "msg", "error_description", "error_msg", "status_msg", "raw", "reason", "reasons"),
    *("error", "errors", "base_resp", "metadata"),
)
_NAMING = ("code", "type", "status", "param", "loc", "innererror", "error", "errors", "detail", "details", "reason")


def words_of(body: Any) -> str:
    """What an error says to people, in a line."""
    said = (_readable(words) for words in _strings(body, _SPEAKING))
    return clean(": ".join(dict.fromkeys(itertools.islice(filter(None, said), 4))))


def _readable(words: str) -> str:
    """The title of a page, or words that are none."""
    if title := _TITLE.search(words[:10_000]):
        return title[1]
    return "" if words.lstrip().startswith("<") else words.strip()[:500]


def _strings(body: Any, names: Sequence[str], depth: int = 0) -> Iterator[str]:
    """What stands under these names, in their order, whatever its shape; a string may be JSON again."""
    body = parsed(body) if isinstance(body, str) else body
    if isinstance(body, str):
        yield body
    elif isinstance(body, list | dict) and depth < 8:
        low = _low(body) if isinstance(body, dict) else {}
        for part in body[:5] if isinstance(body, list) else [low[name] for name in names if name in low]:
            yield from _strings(part, names, depth + 1)


def _low(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.casefold(): value for name, value in fields.items()}


# Waiting

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PARTS = re.compile(
    r"(\d{1,9}(?:\.\d{1,9})?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)",
    re.IGNORECASE,
)
_RETRY = re.compile(
    r"(?:try again|retry|resets?|come back)(?: your request)?(?: in| after)?:?\s+(.{1,40})", re.IGNORECASE
)


# IETF's header of all limits, in its older and its newer form.
_LIMIT = re.compile(r"\b(?:reset|t)=(\d{1,9})")
_DELAY = re.compile(r'"retryDelay"\s*:\s*"([^"]{1,40})"')


def seconds(text: str, now: datetime) -> float | None:
    """How long a header's value asks to wait: `30`, `1.5`, `2m3s`, `PT30S`, `250ms`, a date or Unix time; None for
    others. Of several the first counts."""
    text = text.strip().removeprefix("PT")
    if text[:1].isdigit():
        text = re.split("[,;]", text)[0]
    try:
        number = float(text)
    except ValueError:
        number = None
    if number is not None:
        while 1e11 < number < math.inf:  # Unix time in milliseconds or less
            number /= 1000
        wait = number - now.timestamp() if number > 1e9 else number
    elif parts := _PARTS.findall(text) if re.match(r"\d", text) else []:
        wait = sum(float(amount) * _UNITS[_unit(name)] for amount, name in parts)
    else:
        try:
            date = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
        wait = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return wait if 0 < wait < math.inf else None


def _unit(name: str) -> str:
    name = name.casefold()
    return "ms" if name == "ms" or name.startswith("milli") else name[0]


def _told(headers: Mapping[str, str], body: Any, raw: str, words: str) -> float | None:
    """How long the server wants us to wait: by Retry-After, by the limit that is used up, or in its words."""
    now = datetime.now(UTC)
    low = _low(headers)
    if milliseconds := seconds(low.get("retry-after-ms", ""), now):
        return milliseconds / 1000
    if wait := seconds(low.get("retry-after", ""), now):
        return wait
    if named := _LIMIT.search(low.get("ratelimit", "")):
        return seconds(named[1], now)
    resets = {name: wait for name, value in low.items() if "reset" in name and (wait := seconds(value, now))}
    spent = [wait for name, wait in resets.items() if low.get(name.replace("reset", "remaining"), "").strip() == "0"]
    if spent or resets:
        # Of those that nobody says are used up, the shortest: too short a wait costs one more refusal.
        return max(spent) if spent else min(resets.values())
    loading = body.get("estimated_time") if isinstance(body, dict) else None
    if isinstance(loading, int | float) and (wait := seconds(str(loading), now)):
        return wait
    if delay := _DELAY.search(raw):
        return seconds(delay[1], now)
    said = _RETRY.search(words)
    return seconds(said[1], now) if said and _PARTS.match(said[1]) else None


def duration(seconds: float) -> str:
    """So many seconds in words: 45 s, 12 minutes, 3 hours."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


def clean(text: str) -> str:
    """A server's words as one short line; some repeat the key."""
    return " ".join(console.printable(encodable(keys.hide(text[:5000]))).split())[:200]
