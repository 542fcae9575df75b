"""Thoughts: what a model says to itself before it answers, where its server does not part the two."""

from __future__ import annotations

import json
import re

_NAMES = r"think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratch_?pad|analysis"
# How models open and close a thought: DeepSeek, Qwen and most others; Magistral; Kimi; Sky-T1; Command; Gemma.
_TAG = re.compile(
    rf"(?P<close></(?:\w{{1,20}}:)?(?:{_NAMES})\s*>|\[/THINK(?:ING)?\]|◁/think▷|<\|end_of_thought\|>|<\|END_THINKING\|>"
    rf"|<channel\|>)"
    rf"|<(?:\w{{1,20}}:)?(?:{_NAMES})(?:\s[^<>]{{0,80}})?>|\[THINK(?:ING)?\]|◁think▷|<\|begin_of_thought\|>"
    rf"|<\|START_THINKING\|>|<\|channel>(?=thought)",
    re.IGNORECASE,
)
# gpt-oss: every message has a channel, and only that of `final` is for the reader.
_CHANNEL = re.compile(r"<\|channel\|>\s*(?:analysis|commentary|final)\b")
_FINAL = re.compile(
    r"<\|channel\|>\s*final\b.{0,80}?<\|message\|>(.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)", re.S
)
# The same where the server drops the special tokens but keeps the words between them.
_BARE_CHANNELS = re.compile(r"\s*(?:analysis|commentary)(?![a-z]).*assistantfinal", re.S)
_DECODER = json.JSONDecoder()
# Where an answer may turn out not to be JSON: a bound for hostile ones.
_TRIES = 100
_SPACE, _REST = re.compile(r"\s*"), re.compile(r"\s*\Z")


def strip(answer: str) -> str:
    """What an answer says when it has done thinking; empty where it never has.

    A thought without its opening tag begins with the answer, one without its closing tag ends with it. What is JSON to
    the answer's end has no thoughts: its strings may hold any tag.
    """
    if _is_json(answer, 0):
        return answer
    if _CHANNEL.search(answer):
        return "\n".join(_FINAL.findall(answer))
    if bare := _BARE_CHANNELS.match(answer):
        return answer[bare.end() :]
    spoken, start, thinks = [], 0, False
    for number, tag in enumerate(_TAG.finditer(answer)):
        if not thinks:
            if number < _TRIES and _is_json(answer, start):
                break
            spoken.append(answer[start : tag.start()])
        if tag["close"] and not thinks:
            spoken = []
        thinks, start = not tag["close"], tag.end()
    if not thinks:
        spoken.append(answer[start:])
    return "".join(spoken)


def _is_json(answer: str, start: int) -> bool:
    """Whether an answer is one JSON value from here to its end."""
    try:
        _, end = _DECODER.raw_decode(answer, _SPACE.match(answer, start).end())  # type: ignore[union-attr]
    except (ValueError, RecursionError):
        return False
    return _REST.match(answer, end) is not None
