"""Estimate: the requests, tokens and money that `generate` and `annotate` would still need, before any is spent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from pyrite import params
from pyrite.base import console, paths
from pyrite.data import cards, sheets, standins, transcripts
from pyrite.llm import annotators, failures, generation, prompts, speed, surveys
from pyrite.llm.annotators import Question, Survey
from pyrite.llm.cache import BYTES_PER_TOKEN, Ledger, Log, tokens_of
from pyrite.llm.conversations import Script
from pyrite.llm.generation import Job

# A word of English with the space after it, in characters; and what JSON puts around each text.
CHARACTERS_PER_WORD, AROUND_A_TEXT = 6, 4
# What an annotator's answer says of one text, with its number.
CHARACTERS_PER_LABEL = 16
# The attributes of a plan: six of ten values, as the shipped prompt asks for.
PLAN_CHARACTERS = 2000


@dataclass(frozen=True)
class Need:
    """What a (task, setting) still needs.

    Attributes:
        requests, prompt_tokens, completion_tokens: what is sent and answered.
        cost_usd: US dollars; None without a price.
        seconds: the time that the answers take, one after another; None before `pyrite doctor` has measured it.
    """

    task: str
    setting: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    seconds: float | None


def run(task: str | None, setting: str | None, as_json: bool) -> None:
    """Print what every (task, setting) of the study needs, or the one that is named; the labels of test rows are the
    setting `annotations`, and so are judgements of pairs of tasks, where some are open.

    Of tasks that are not prepared, real texts are reckoned with the length that the card gives.
    """
    p = params.load()
    tasks = [task] if task else p.tasks
    needs = [
        of_survey(*_questions(t))
        if s == annotators.SETTING
        else reckon(generation.pending(script := _script(t, s)), script)
        for t in tasks
        for s in ([setting] if setting else (*p.generate.settings, annotators.SETTING))
    ]
    unprepared = [t for t in tasks if not paths.prepared(t).exists()]
    if task is None and setting in (None, annotators.SETTING) and len(p.tasks) > 1 and not unprepared:
        pairs = of_survey(*surveys.of_pairs())
        needs += [pairs] if pairs.requests else []
    if as_json:
        print(json.dumps([asdict(n) for n in needs], indent=2))
        return
    out = console.screen()
    out.print(table(needs, p.generate.attempt_cap))
    if unprepared:
        out.print(f"Not prepared yet: {', '.join(unprepared)}. Real texts are reckoned with the length in the card.")
    out.print(_time(needs, p.generate))
    if p.generate.model not in p.generate.prices:
        out.print(f"'{p.generate.model}' has no price in generate.prices, so only tokens are reckoned.")
    if p.generate.budget_usd is not None:
        spent = Ledger(p.generate.prices).spent()
        out.print(f"Budget: ${p.generate.budget_usd:.2f}, of which ${spent:.2f} is spent.")


def _time(needs: Sequence[Need], p: params.Generate) -> str:
    rate = speed.of(p.model)
    if rate is None:
        return f"How long it takes is not known: `pyrite doctor` measures how fast '{p.model}' answers."
    alone = sum(n.seconds or 0.0 for n in needs)
    at_once = min(p.concurrency, max(1, sum(n.requests for n in needs)))
    slow, fast = failures.duration(alone), failures.duration(alone / at_once)
    return (
        f"Time at {rate:.0f} tokens a second (pyrite doctor): {slow} where the endpoint answers one request after "
        f"another, {fast} where it answers {at_once} at once."
    )


def _script(task: str, setting: str) -> Script:
    p, card = params.load().generate, cards.load(task)
    recording = paths.recording(task, setting)
    held = transcripts.read(recording, card, setting) if recording.exists() else []
    shown = [one for c in held for turn in c.turns for one in turn.examples]
    return Script(card, setting, prompts.load(setting), p, standins.prepared(card, p.examples, shown))


def need(script: Script) -> Need:
    """What a (task, setting) still needs."""
    return reckon(generation.pending(script), script)


def reckon(waiting: Sequence[Job], script: Script) -> Need:
    """Requests, tokens and cost of conversations until they have their turns, if every text is accepted.

    An answer is reckoned with the tokens that the stored ones of the (task, setting) took on average. Before there are
    some, and for what is sent, tokens are reckoned from characters, and the length of texts from the card's bounds.
    """
    p = script.p
    least, most = script.card.length_words
    answer = p.texts_per_turn * ((least + most) / 2 * CHARACTERS_PER_WORD + AROUND_A_TEXT) / BYTES_PER_TOKEN
    mean = Log(script.task, script.setting).mean_tokens(p.model)
    requests, sent, answered = 0, 0.0, 0.0
    for c, turns in waiting:
        messages = script.request(c).messages
        history = float(sum(tokens_of(m["content"]) for m in messages))
        question = tokens_of(messages[-1]["content"])
        for turn in range(len(c.turns), script.requests(turns)):
            said = PLAN_CHARACTERS / BYTES_PER_TOKEN if turn < script.templates.plans else answer
            requests, sent, answered = requests + 1, sent + history, answered + (mean or said)
            # What a model thought is not sent again.
            history += min(said, mean or said) + question
    return _need(script.task, script.setting, requests, sent, answered, p)


def _questions(task: str) -> tuple[Survey, list[Question]]:
    if paths.prepared(task).exists():
        inquiry = surveys.of_task(task)
        return inquiry.survey, inquiry.questions
    p, card = params.load(), cards.load(task)
    recorded = sheets.recorded(paths.recorded_annotations(task), sheets.ANNOTATIONS, p.generate.model)
    items = [*dict.fromkeys(item for _, (item, _, _) in recorded), *map(str, range(p.annotate.items))]
    test = dict.fromkeys(items[: p.annotate.items], standins.of_length(card))
    inquiry = surveys.of_task(task, test)
    return inquiry.survey, inquiry.questions


def of_survey(survey: Survey, questions: Sequence[Question]) -> Need:
    """What the questions to annotators still need, if every answer can be read."""
    waiting = [question for question, waits in surveys.look(survey, questions) if waits]
    sent = sum(tokens_of(m["content"]) for question in waiting for m in survey.request(question).messages)
    mean = Log(survey.task, survey.setting).mean_tokens(survey.p.model)
    labels = sum(len(question.about) for question in waiting) * CHARACTERS_PER_LABEL / BYTES_PER_TOKEN
    answered = mean * len(waiting) if mean else labels
    return _need(survey.task, survey.setting, len(waiting), sent, answered, survey.p)


def _need(task: str, setting: str, requests: int, sent: float, answered: float, p: params.Generate) -> Need:
    tokens, price, rate = (round(sent), round(answered)), p.prices.get(p.model), speed.of(p.model)
    return Need(
        task, setting, requests, *tokens, price.of(*tokens) if price else None, answered / rate if rate else None
    )


def table(needs: Sequence[Need], attempt_cap: float) -> Table:
    """What is needed, for a terminal."""
    drawn = Table(box=None, header_style="dim", pad_edge=False, caption_justify="left")
    drawn.add_column("task")
    drawn.add_column("setting")
    for column in ("requests", "tokens sent", "answered", "cost"):
        drawn.add_column(column, justify="right")
    for n in needs:
        drawn.add_row(n.task, n.setting, *_figures(n.requests, n.prompt_tokens, n.completion_tokens, n.cost_usd))
    costs = [n.cost_usd for n in needs if n.cost_usd is not None]
    total = _figures(
        sum(n.requests for n in needs),
        sum(n.prompt_tokens for n in needs),
        sum(n.completion_tokens for n in needs),
        sum(costs) if costs else None,
    )
    if len(needs) > 1:
        drawn.add_row("total", "", *total, style="bold")
    drawn.caption = (
        "If every text is accepted. Dropped texts are asked for again, "
        f"up to {attempt_cap:g} times as many in all (generate.attempt_cap)."
    )
    if any(n.task == "pairs" for n in needs):
        drawn.caption += " Pairs of tasks are judged by `pyrite annotate --pairs` alone."
    return drawn


def _figures(requests: int, sent: int, answered: int, cost: float | None) -> tuple[str, str, str, str]:
    return f"{requests:,}", f"{sent:,}", f"{answered:,}", "?" if cost is None else f"${cost:.2f}"
