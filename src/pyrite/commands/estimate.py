"""Estimate: the requests, tokens and money that `generate` and `annotate` would still need, before any is spent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from pyrite import params
from pyrite.base import console
from pyrite.llm import annotators, generation, surveys
from pyrite.llm.annotators import Question, Survey
from pyrite.llm.cache import BYTES_PER_TOKEN, Ledger
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
    """What a (task, setting) still needs: requests, tokens sent and answered, US dollars (None without a price)."""

    task: str
    setting: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


def run(task: str | None, setting: str | None, as_json: bool) -> None:
    """Print what every (task, setting) of the study needs, or the one that is named; the labels of test rows are the
    setting `annotations`, and so are judgements of pairs of tasks, where some are open."""
    p = params.load()
    needs = [
        of_survey(*_questions(t)) if s == annotators.SETTING else need(generation.load(t, s))
        for t in ([task] if task else p.tasks)
        for s in ([setting] if setting else (*p.generate.settings, annotators.SETTING))
    ]
    if task is None and setting in (None, annotators.SETTING) and len(p.tasks) > 1:
        pairs = of_survey(*surveys.of_pairs())
        needs += [pairs] if pairs.requests else []
    if as_json:
        print(json.dumps([asdict(n) for n in needs], indent=2))
        return
    out = console.screen()
    out.print(table(needs, p.generate.attempt_cap))
    if p.generate.model not in p.generate.prices:
        out.print(f"'{p.generate.model}' has no price in generate.prices, so only tokens are reckoned.")
    if p.generate.budget_usd is not None:
        spent = Ledger(p.generate.prices).spent()
        out.print(f"Budget: ${p.generate.budget_usd:.2f}, of which ${spent:.2f} is spent.")


def need(script: Script) -> Need:
    """What a (task, setting) still needs if every text is accepted."""
    return reckon(generation.pending(script), script)


def reckon(waiting: Sequence[Job], script: Script) -> Need:
    """Requests, tokens and cost of conversations until they have their turns.

    Tokens are reckoned from characters, four to one (English); the length of texts from the card's bounds.
    """
    least, most = script.card.length_words
    answer = script.p.texts_per_turn * ((least + most) / 2 * CHARACTERS_PER_WORD + AROUND_A_TEXT)
    requests, sent, answered = 0, 0.0, 0.0
    for c, turns in waiting:
        messages = script.request(c).messages
        history = float(sum(len(m["content"]) for m in messages))
        question = len(messages[-1]["content"])
        for turn in range(len(c.turns), script.requests(turns)):
            said = PLAN_CHARACTERS if turn < script.templates.plans else answer
            requests, sent, answered = requests + 1, sent + history, answered + said
            history += said + question
    tokens = round(sent / BYTES_PER_TOKEN), round(answered / BYTES_PER_TOKEN)
    price = script.p.prices.get(script.p.model)
    return Need(script.card.id, script.setting, requests, *tokens, price.of(*tokens) if price else None)


def _questions(task: str) -> tuple[Survey, list[Question]]:
    about = surveys.of_task(task)
    return about.survey, about.questions


def of_survey(survey: Survey, questions: Sequence[Question]) -> Need:
    """What the questions to annotators still need, if every answer can be read."""
    waiting = [question for question, waits in surveys.look(survey, questions) if waits]
    sent = sum(len(m["content"]) for question in waiting for m in survey.request(question).messages)
    answered = sum(len(question.about) for question in waiting) * CHARACTERS_PER_LABEL
    tokens = round(sent / BYTES_PER_TOKEN), round(answered / BYTES_PER_TOKEN)
    price = survey.p.prices.get(survey.p.model)
    return Need(survey.task, survey.setting, len(waiting), *tokens, price.of(*tokens) if price else None)


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
