"""What conversations and surveys still need, as a table."""

from collections.abc import Sequence
from typing import Any

from pyrite.llm.costs import CostEstimate
from pyrite.results.table import Column, Table

COUNTS = {"requests": "requests", "prompt_tokens": "tokens sent", "completion_tokens": "answered"}


def table(needs: Sequence[CostEstimate], attempt_cap: float) -> Table:
    """A row a (task, source), and one for all of them."""
    rows = [{"task": n.task, "source": n.source, **_figures([n])} for n in needs]
    if len(needs) > 1:
        rows.append({"task": "total", **_figures(needs)})
    notes = "Nothing is left to ask: every answer is there."
    if any(n.requests for n in needs):
        notes = (
            "This is what it takes if every text is accepted. Dropped texts are asked for again, "
            f"up to {attempt_cap:g} times as many in all (generate.attempt_cap)."
        )
        if any(n.task == "pairs" for n in needs):
            notes += " Pairs of tasks are judged by `pyrite annotate --pairs` alone."
    counts = [Column(key, title, form=",d") for key, title in COUNTS.items()]
    columns = [Column("task"), Column("source"), *counts, Column("cost", right=True)]
    return Table(columns, rows, notes=notes, plain=True)


def _figures(needs: Sequence[CostEstimate]) -> dict[str, Any]:
    """Requests, tokens and cost of all together; of a cost that is known in part, the part."""
    known, unpriced = sum(n.cost_usd or 0.0 for n in needs), any(n.cost_usd is None for n in needs)
    cost = " + ".join([*([f"${known:.2f}"] if known or not unpriced else []), *(["?"] if unpriced else [])])
    return {key: sum(getattr(n, key) for n in needs) for key in COUNTS} | {"cost": cost}
