"""Waits: how long an endpoint asks to wait, in any of the forms that it may say it in."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# An endpoint that wants more patience than this, in seconds, has ended the run.
LONGEST = 3600.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PARTS = re.compile(
    r"(\d{1,9}(?:\.\d{1,9})?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])",
    re.IGNORECASE,
)
_RETRY = re.compile(
    r"(?:try again|retry(?:ing)?|resets?|come back|wait)(?: your request)?(?: for| in| after| at)?:?\s+(?=(\d.{0,39}))",
    re.IGNORECASE,
)
# IETF's header RateLimit: in its newer form several limits, each with what is left of it and until when.
_POLICY = re.compile(r',(?=\s*"?[^\s",;=]+"?\s*;)')
_LEFT, _RESET = (re.compile(rf"(?:^|[;,\s])(?:{names})=(\d{{1,9}})") for names in ("r|remaining", "t|reset"))
# Names of what says how long to wait, without their signs: Retry-After, retryDelay, estimated_time.
_AFTER = re.compile(r"retryafter|retrydelay|estimatedtime")


def seconds(text: str, now: datetime) -> float | None:
    """How long a value asks to wait: `30`, `1.5`, `2m3s`, `PT30S`, `250ms`, a date or Unix time; None for others. Of
    several the first counts."""
    text = text.strip().strip('"')
    if re.match(r"P[T\d]", text):
        text = text[1:].replace("T", "")
    try:
        number = float(re.split("[,;]", text)[0])
    except ValueError:
        number = None
    if number is not None:
        while 1e11 < number < math.inf:  # Unix time in milliseconds or less
            number /= 1000
        wait = number - now.timestamp() if number > 1e9 else number
    elif parts := _PARTS.findall(text) if re.match(r"\d", text) else []:
        wait, last = 0.0, math.inf
        for amount, name in parts:
            if (unit := _UNITS[_unit(name)]) >= last:  # another one, or what stands behind it
                break
            wait, last = wait + float(amount) * unit, unit
    else:
        try:
            date = _date(text)
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
        wait = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return wait if 0 < wait < math.inf else None


def _unit(name: str) -> str:
    name = name.casefold()
    return "ms" if name == "ms" or name.startswith("milli") else name[0]


def _date(text: str) -> datetime:
    if re.match(r"\d{4}-?\d\d", text):
        return datetime.fromisoformat(re.sub(r" (?=[+-]\d)| ?UTC$", "", text))
    return parsedate_to_datetime(text)


def of_error(headers: Mapping[str, str], body: Any, words: str, *, limited: bool) -> float | None:
    """For how many seconds an error asks to wait: by what is named so, by the limit that is used up, or in its words.

    Args:
        headers, body, words: the response, and what it says to people.
        limited: whether a limit was hit. Limits are told with every answer.
    """
    now = datetime.now(UTC)
    for named in (dict(_values(dict(headers))), dict(_values(body))):
        waits = [
            wait
            for name, value in named.items()
            if _AFTER.search(name) and (wait := seconds(f"{value}{'ms' * name.endswith('ms')}", now))
        ]
        if waits:
            return min(waits)
        if not limited:
            continue
        resets = [(left, wait) for left, reset in _limits(named) if (wait := seconds(reset, now))]
        if spent := [wait for left, wait in resets if re.match(r"-|0(\.0*)?$", left.strip())]:
            return max(spent)
        if resets:
            # Of those that nobody says are used up, the shortest: too short a wait costs one more refusal.
            return min(wait for _, wait in resets)
    return next((wait for text in _RETRY.findall(words) if (wait := seconds(text, now))), None)


def _limits(named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is left of each limit that is told of, and when it is reset."""
    for policy in _POLICY.split(named.get("ratelimit", "")):
        left, reset = _LEFT.search(policy), _RESET.search(policy)
        yield left[1] if left else "", reset[1] if reset else ""
    yield from ((named.get(name.replace("reset", "remaining"), ""), named[name]) for name in named if "reset" in name)


def _values(body: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """What has a name, in plain letters with those of all that it stands in: retryafter, metadataheadersretryafter.
    A string may be JSON again."""
    if isinstance(body, list | dict) and depth < 8:
        for part, value in body.items() if isinstance(body, dict) else (("", item) for item in body[:5]):
            yield from _values(value, name + re.sub(r"[\W_]", "", part.casefold()), depth + 1)
    elif isinstance(body, str) and body.lstrip()[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            yield from _values(json.loads(body), name, depth + 1)
    elif isinstance(body, str | int | float):
        yield name, str(body)


def duration(seconds: float) -> str:
    """So many seconds in words: 45 s, 12 minutes, 3 hours."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
