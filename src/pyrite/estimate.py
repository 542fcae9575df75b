"""Estimate: the requests, tokens and money that `generate` would still need, before any is spent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from pyrite import generate, params
from pyrite.answers import Ledger
from pyrite.conversations import Script
from pyrite.endpoint import CHARACTERS_PER_TOKEN
from pyrite.generate import Opening

# A word of English with the space after it, in characters; and what JSON puts around each text.
CHARACTERS_PER_WORD, AROUND_A_TEXT = 6, 4
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
    """Print what every (task, setting) of the study needs, or the one that is named."""
    p = params.load()
    needs = [
        need(generate.load(t, s))
        for t in ([task] if task else p.tasks)
        for s in ([setting] if setting else p.generate.settings)
    ]
    if as_json:
        print(json.dumps([asdict(n) for n in needs], indent=2))
        return
    out = Console()
    out.print(table(needs, p.generate.attempt_cap))
    if p.generate.model not in p.generate.prices:
        out.print(f"'{p.generate.model}' has no price in generate.prices, so only tokens are reckoned.")
    if p.generate.budget_usd is not None:
        spent = Ledger(p.generate.prices).spent()
        out.print(f"Budget: ${p.generate.budget_usd:.2f}, of which ${spent:.2f} is spent.")


def need(script: Script) -> Need:
    """What a (task, setting) still needs if every text is accepted."""
    return reckon(generate.pending(script), script)


def reckon(waiting: Sequence[Opening], script: Script) -> Need:
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
    tokens = round(sent / CHARACTERS_PER_TOKEN), round(answered / CHARACTERS_PER_TOKEN)
    price = script.p.prices.get(script.p.model)
    return Need(script.card.id, script.setting, requests, *tokens, price.of(*tokens) if price else None)


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
    return drawn


def _figures(requests: int, sent: int, answered: int, cost: float | None) -> tuple[str, str, str, str]:
    return f"{requests:,}", f"{sent:,}", f"{answered:,}", "?" if cost is None else f"${cost:.2f}"
