"""Thoughts: what a model says to itself before it answers, where its server does not part the two."""

import json
import re

from pyrite.llm import lenient

# Words of several languages with which thoughts are named.
_WORDS = (
    r"think|thought|reason|reflect|deliberat|contemplat|monolog|scratch|brainstorm|critique|analys|draft|plan|internal"
    r"|cot\b|chain[_-]of|nachdenk|denk|gedank|überleg|réfl|pens[éeai]|raison|razon|raciocin|ragion|мысл|размышл"
    r"|рассужд|思|推|考え|생각|추론|विचार|सोच"
)
_NAME = rf"(?:ant|(?:\w{{1,20}}[_:.-]){{0,3}})(?:{_WORDS})[\w-]{{0,30}}"
NAMED = re.compile(_NAME, re.IGNORECASE)
_LESS, _MORE = r"(?:<\|?|&lt;|\\u003c)\s?", r"\|?(?:>|&gt;|\\u003e)"
_WORD = r"(?:THINK(?:ING)?|THOUGHTS?|REASONING|(?-i:ANALYSIS|REFLECTION|SCRATCHPAD))"
# How models open and close a thought: in tags of many names, or each in a way of its own: Magistral; Kimi; Sky-T1;
# Command; Gemma; Apertus; MedGemma; Granite; s1, HyperCLOVA and Solar, in which a thought is a message by itself.
_CLOSE = (
    rf"{_LESS}(?:/\s?|(?:end|eot)_)(?:{_NAME})\s*{_MORE}|{_LESS}(?:{_NAME})[_:-](?:end|stop){_MORE}"
    rf"|[\[{{]{{1,2}}/{_WORD}[\]}}]{{1,2}}|◁/think▷|<channel\|>|<\|inner_suffix\|>|<unused95>"
)
_OPEN = (
    rf"{_LESS}(?!end_|eot_)(?:{_NAME})(?::start)?(?:\s[^<>]{{0,80}})?(?<!/)(?<![_:-]end)(?<![_:-]stop){_MORE}"
    rf"|[\[{{]{{1,2}}{_WORD}[\]}}]{{1,2}}|◁think▷|<\|channel>(?=thought)|<\|inner_prefix\|>|<unused94>"
    rf"|<\|im_start\|>(?:think|assistant/think)\b|^Here(?: is|['’]s) my thought process:"
    rf"|<details type=.reasoning.[^<>]*>"
)
# What ends a thought that was opened and nothing else.
_END = r"<\|im_start\|>(?:answer|assistant)\b(?!/think)|<\|content\|>|^Here(?: is|['’]s) my response:|(?<=\n)</details>"
_TAG = re.compile(rf"(?P<close>{_CLOSE})|(?P<open>{_OPEN})|(?P<end>{_END})", re.IGNORECASE | re.MULTILINE)
# Thoughts under a heading, and the heading of the answer: one that says it is final needs no other before it.
_HEAD = r"^[#*_> \t【]{0,8}(?:[-=~]{2,10} ?)?(?:step \d{1,2}\W{1,3})?(?:(?:my|the|first|rough) )?"
_TAIL = r"[】*_]{0,3}[:：]?[*_]{0,3}(?: ?[-=~]{2,10})?(?=[ \t]*(?:\n|[\[{`]))"
_THINKS = re.compile(
    rf"{_HEAD}(?:(?:{_WORDS})\w{{0,20}}|let me think)[^\n:：]{{0,40}}(?:[:：]|\n)", re.IGNORECASE | re.MULTILINE
)
_ANSWERS = re.compile(
    rf"{_HEAD}(?:final )?(?:answer|response|output|result|antwort|réponse|respuesta|回答|答案|ответ){_TAIL}",
    re.IGNORECASE | re.M,
)
_FINALLY = re.compile(
    rf"{_HEAD}(?:(?:final|revised|improved|polished|corrected)(?: \w{{1,20}}){{0,2}}|correction|revision"
    rf"|\w{{1,20}} ?\w{{0,4}} \(final\)|最终\w{{1,4}}){_TAIL}"
    r"|^[^\n]{0,80}\b(?:final|revised|improved|polished|corrected|better|rewritten) (?:version|list|set|array|texts?)\b"
    r"[^\n:]{0,40}:(?=[ \t]*\n)|^[^\n]{0,80}\blet me (?:revise|rewrite|redo|improve|fix)\b[^\n:]{0,40}:(?=[ \t]*\n)",
    re.IGNORECASE | re.M,
)
# Where a model says which tags its answer stands in, and where its turn ends.
_IN_TAGS = re.compile(r"^[ \t]*<((?:final_?)?(?:answer|output|response))>(.*?)(?:</\1>|\Z)", re.I | re.S | re.M)
_TURN = re.compile(
    r"<\|(?:im_end|eot_id|eom_id|end|end_of_text|endoftext|end_of_turn|user)\|>|<end_of_turn>|</s>|\[/?INST\]"
    r"|^#{2,3} ?(?:Instruction|Input|User|Human):?$|(?<=\n\n)(?:User|Human): ",
    re.M,
)
# The answer of models that were trained on mathematics.
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?((?:[^{}]|\{[^{}]*\})*)\}")
# gpt-oss: every message has a channel, and only that of `final` is for the reader.
_CHANNEL = re.compile(r"<\|channel\|>\s*[a-z]")
_FINAL = re.compile(
    r"<\|channel\|>\s*final\b(?:.{0,80}?<\|message\|>|\s)(.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)", re.S
)
# The same where the server drops the special tokens but keeps the words between them.
_BARE = r"\s*(?:analysis|commentary)"
_BARE_CHANNELS = re.compile(rf"{_BARE}(?![a-z]).*assistantfinal|{_BARE}(?=[A-Z]).*", re.S)
_ANY = re.compile(r"<(/?)([^\W\d][^\s<>/=]{0,40})(?:[\s=][^<>]{0,80})?>")
# A block of code that is named as a thought; a quotation at the beginning, and what an answer may begin with after it.
_FENCED = re.compile(
    rf"^[ \t]*(```|~~~)[ \t]*(?:{_WORD}|drafts?)[ \t]*\n.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.I | re.M | re.S
)
_QUOTED = re.compile(r"\s*+(?:>[^\n]*+(?:\n\s*+|\Z))++")
_MAY_ANSWER = re.compile(r"[\[{\"“]|^[ \t]*(?:\W{0,3}\d|[-*•] )", re.M)


def strip(answer: str) -> str:
    """What an answer says when it has done thinking; empty where it never has.

    A thought without its opening tag begins with the answer, one without its closing tag ends with it. What is JSON to
    the answer's end has no thoughts: its strings may hold any tag.
    """
    if _is_json(answer):
        return answer
    if _CHANNEL.search(answer):
        return "\n".join(_FINAL.findall(answer))
    if bare := _BARE_CHANNELS.match(answer):
        return answer[bare.end() :]
    answer = _unquoted(_FENCED.sub("", answer))
    spoken, start, thinks = [], 0, False
    for number, tag in enumerate(_TAG.finditer(answer)):
        if not thinks:
            if number < lenient.TRIES and _is_json(answer[start:]):
                break
            if tag["end"]:
                continue
            spoken.append(answer[start : tag.start()])
        if tag["close"] and not thinks:
            spoken = []
        thinks, start = bool(tag["open"]), tag.end()
    if not thinks:
        spoken.append(answer[start:])
    return _beside_elements(_marked("".join(spoken)))


def _unquoted(answer: str) -> str:
    """What follows the quotation that an answer begins with, where that may be the answer; else what is quoted."""
    if (quoted := _QUOTED.match(answer)) is None:
        return answer
    rest = answer[quoted.end() :]
    return rest if _MAY_ANSWER.search(rest) else re.sub("^[ \t]*>[ \t]?", "", answer, flags=re.M)


def _marked(answer: str) -> str:
    """What stands under the heading or in the tags of the answer, up to the end of the turn, where it has some."""
    if (thinks := _THINKS.search(answer)) and (ends := _ANSWERS.search(answer, thinks.end())):
        answer = answer[: thinks.start()] + answer[ends.end() :]
    if (finals := list(_FINALLY.finditer(answer))) and answer[finals[-1].end() :].strip():
        answer = answer[finals[-1].end() :]
    if boxed := _BOXED.findall(answer):
        answer = boxed[-1]
    if tagged := _IN_TAGS.findall(answer):
        answer = "\n".join(words for _, words in tagged)
    return next((turn for turn in _TURN.split(answer) if turn.strip()), answer)


def _beside_elements(answer: str) -> str:
    """The answer without the elements of any name in it, where there is JSON with strings beside them."""
    beside, end, opened, name = [], 0, 0, ""
    for tag in _ANY.finditer(answer):
        if not name and not tag[1]:
            opened, name = tag.start(), tag[2]
        elif tag[1] and tag[2] == name:
            beside.append(answer[end:opened])
            end, name = tag.end(), ""
    rest = "".join([*beside, answer[end:]])
    return rest if beside and any('"' in rest[start:end] for start, end, _ in lenient.whole(rest)) else answer


def _is_json(answer: str) -> bool:
    try:
        json.loads(answer)
    except (ValueError, RecursionError):
        return False
    return True
