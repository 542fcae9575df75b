"""Thoughts: what a model says to itself before it answers, where its server does not part the two."""

from __future__ import annotations

import json
import re

_NAME = (
    r"(?:ant|\w{1,20}[_:.-])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflections?|deliberation|monologue)(?:[_-]\w{1,20})?"
    r"|scratch_?pad|analysis|draft|plan(?:ning)?|(?:\w{1,20}_of_thought|cot)"
)
_LESS, _MORE = r"(?:<\|?|&lt;)\s?", r"\|?(?:>|&gt;)"
# How models open and close a thought: in tags of many names, or each in a way of its own: Magistral; Kimi; Sky-T1;
# Command; Gemma; Apertus; MedGemma; Granite; s1, HyperCLOVA and Solar, in which a thought is a message by itself.
_CLOSE = (
    rf"{_LESS}/\s?(?:{_NAME})\s*{_MORE}|<\|think:end\|>|\[/THINK(?:ING)?\]|◁/think▷|<\|end_of_thought\|>"
    rf"|<\|END_THINKING\|>|<channel\|>|<\|inner_suffix\|>|<unused95>"
)
_OPEN = (
    rf"{_LESS}(?:{_NAME})(?::start)?(?:\s[^<>]{{0,80}})?(?<!/){_MORE}|\[THINK(?:ING)?\]|◁think▷|<\|begin_of_thought\|>"
    rf"|<\|START_THINKING\|>|<\|channel>(?=thought)|<\|inner_prefix\|>|<unused94>"
    rf"|<\|im_start\|>(?:think|assistant/think)\b|^Here(?: is|['’]s) my thought process:"
    rf"|<details type=.reasoning.[^<>]*>"
)
# What ends a thought that was opened and nothing else.
_END = r"<\|im_start\|>(?:answer|assistant)\b(?!/think)|<\|content\|>|^Here(?: is|['’]s) my response:|(?<=\n)</details>"
_TAG = re.compile(rf"(?P<close>{_CLOSE})|(?P<open>{_OPEN})|(?P<end>{_END})", re.IGNORECASE | re.MULTILINE)
# Thoughts under a heading at the beginning, and the heading of the answer.
_HEADED = re.compile(
    r"\W*(?:my )?(?:thinking|thoughts?|reasoning|analysis|chain of thought)(?: process)?\W{0,4}(?:\n|:).*?"
    r"^\W{0,6}(?:my |the )?(?:final )?(?:answer|response|output|result)\W{0,4}(?:\n|:)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
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
    if headed := _HEADED.match(answer):
        answer = answer[headed.end() :]
    spoken, start, thinks = [], 0, False
    for number, tag in enumerate(_TAG.finditer(answer)):
        if not thinks:
            if number < _TRIES and _is_json(answer, start):
                break
            if tag["end"]:
                continue
            spoken.append(answer[start : tag.start()])
        if tag["close"] and not thinks:
            spoken = []
        thinks, start = bool(tag["open"]), tag.end()
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
