"""Generate: hold the conversations of a (task, setting) and keep the texts that may be trained on.

Reads the recordings and the store, the card, the prompts and `data/prepared/<task>.parquet`; asks the endpoint for the
rest where `generate.provider` says so. Writes `data/transcripts/<task>/<setting>.jsonl` (the conversations used),
`data/synthetic/<task>/<setting>.parquet` (the texts accepted) and `metrics/generate/<task>.<setting>.json` (what was
asked for, received, paid and dropped, and why).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce

import pandas as pd
from rich.table import Table

from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import texts, transcripts
from pyrite.data.transcripts import Conversation, Turn
from pyrite.llm import generation, parsing, runner, shortfall
from pyrite.llm.cache import Tokens, added
from pyrite.llm.conversations import Script
from pyrite.llm.generation import GenerationRun
from pyrite.llm.quality import REASONS
from pyrite.results import generation as results
from pyrite.results.generation import GeneratedSet, LabelCounts


def run(task: str, setting: str) -> None:
    """Make the generated set of a (task, setting)."""
    script = generation.load(task, setting)
    p = script.p
    with runner.mode(p, task, setting) as ask:
        held = generation.gather(script, ask)
    accepted = held.accepted.assign(split="train")
    columns = [*texts.COLUMNS, *texts.ORIGIN]
    texts.write(accepted.sort_values("id")[columns].reset_index(drop=True), paths.synthetic(task, setting))
    transcripts.write(paths.transcript(task, setting), [c for c in held.conversations if c.turns])
    counts = count(held, script)
    results.save(counts)
    if script.lacks_examples:
        console.log.print(f"{task} {setting}: nothing is asked: it shows the LLM real texts, and the task has none")
        return
    console.log.print(table(counts))
    short = {label: n.accepted for label, n in counts.labels.items() if n.accepted < p.per_label}
    why = {label: shortfall.explain(label, held, script) for label in short}
    # A classifier that never saw a label would be blamed on the LLM, unless it was the LLM that refused.
    stuck = [label for label, n in short.items() if not n and not shortfall.refused_for_good(label, held)]
    error = why[stuck[0]] if stuck else ""
    for reason in dict.fromkeys(why.values()):
        if reason != error:
            labels = [f"{label} ({n} of {p.per_label})" for label, n in short.items() if why[label] == reason]
            console.log.print(f"{task} {setting}: too few texts for {', '.join(labels)}: {reason}")
    if stuck:
        raise PyriteError(f"{task} {setting}: no text for label {', '.join(stuck)}: {error}")


def count(held: GenerationRun, script: Script) -> GeneratedSet:
    """What became of the answers and texts of a run, per label and in total."""
    prepared, plans = script.prepared, script.templates.plans
    training = set(prepared.loc[prepared["split"] == "train", "id"])
    price = script.p.prices.get(script.p.model)

    def counts(rows: pd.DataFrame, mine: Sequence[Conversation], in_vain: Tokens) -> LabelCounts:
        reasons = rows["reason"].value_counts()
        turns = [turn for c in mine for turn in c.turns]
        silent = [
            turn.answer
            for c in mine
            for position, turn in enumerate(c.turns)
            if not turn.refused and not (parsing.texts if position >= plans else parsing.attributes)(turn.answer)
        ]
        refusals = Counter(turn.refused for turn in turns if turn.refused)
        if in_words := sum(answer == "" or parsing.is_refusal(answer) for answer in silent):
            refusals["refusal"] += in_words
        charged = _charged(turns, in_vain)
        return LabelCounts(
            answers=len(turns),
            refused_answers=refusals.total(),
            unparsable_answers=len(silent) - in_words,
            prompt_tokens=charged and charged[0],
            completion_tokens=charged and charged[1],
            cost_usd=price.of(*charged) if price and charged else None,
            requested=sum(turn.requested or 0 for turn in turns),
            received=len(rows),
            dropped={reason: int(reasons.get(reason, 0)) for reason in REASONS},
            accepted=int(reasons.get("", 0)),
            refusals=dict(sorted(refusals.items())),
            unread_items=sum(parsing.read(turn.answer).unread for c in mine for turn in c.turns[plans:]),
            also_real_training=int(rows.loc[rows["reason"] == "", "id"].isin(training).sum()),
        )

    frame = held.candidates
    return GeneratedSet(
        task=script.task,
        setting=script.setting,
        models=(script.p.model,),
        stale_answers=held.stale,
        labels={
            label: counts(
                frame[frame["label"] == label],
                [c for c in held.conversations if c.label == label],
                held.in_vain.get(label, (0, 0)),
            )
            for label in script.card.labels
        },
        total=counts(frame, held.conversations, reduce(added, held.in_vain.values(), (0, 0))),
        per_label=script.p.per_label,
    )


def _charged(turns: Sequence[Turn], in_vain: Tokens) -> Tokens | None:
    """What turns and empty answers cost; None where a turn does not say it, or nothing came at all."""
    told = [
        (sent, said)
        for t in turns
        if (sent := t.prompt_tokens) is not None and (said := t.completion_tokens) is not None
    ]
    return reduce(added, told, in_vain) if len(told) == len(turns) and (turns or any(in_vain)) else None


def table(counts: GeneratedSet) -> Table:
    """What became of the texts of every label, for a terminal."""
    title = f"{counts.task} {counts.setting}"
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    drawn.add_column("label")
    for column in ("asked", "received", "accepted"):
        drawn.add_column(column, justify="right")
    drawn.add_column("dropped", style="dim")
    rows = [(label, n, f" of {counts.per_label}") for label, n in counts.labels.items()]
    for label, n, wanted in [*rows, *([("total", counts.total, "")] if len(rows) > 1 else [])]:
        dropped = ", ".join(f"{number} {reason}" for reason, number in n.dropped.items() if number)
        counted = {"refused answers": n.refused_answers, "answers without texts": n.unparsable_answers}
        counted["unread items"] = n.unread_items
        said = [dropped, *(f"{number} {what}" for what, number in counted.items() if number)]
        drawn.add_row(label, str(n.requested), str(n.received), f"{n.accepted}{wanted}", "; ".join(filter(None, said)))
    total = counts.total
    if total.prompt_tokens is not None:
        cost = "its price is not in generate.prices" if total.cost_usd is None else f"${total.cost_usd:.4f}"
        drawn.caption = f"{total.prompt_tokens:,} + {total.completion_tokens:,} tokens: {cost}"
        drawn.caption_justify = "left"
    return drawn
