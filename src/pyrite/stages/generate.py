"""Generate: hold the conversations of a (task, setting) and keep the texts that may be trained on.

Reads the recordings and the store, the card, the prompts and `data/prepared/<task>.parquet`; asks the endpoint for the
rest where `generate.provider` says so. Writes `data/transcripts/<task>/<setting>.jsonl` (the conversations used),
`data/synthetic/<task>/<setting>.parquet` (the texts accepted) and `metrics/generate/<task>.<setting>.json` (what was
asked for, received, paid and dropped, and why).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.table import Table

from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import texts, transcripts
from pyrite.data.transcripts import Conversation
from pyrite.llm import generation, parsing, runner
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
    if not script.lacks_examples:
        require_every_label(held, script)

    columns = [*texts.COLUMNS, *texts.ORIGIN]
    texts.write(accepted.sort_values("id")[columns].reset_index(drop=True), paths.synthetic(task, setting))
    transcripts.write(paths.transcript(task, setting), [c for c in held.conversations if c.turns])
    counts = count(held, script)
    results.save(counts)
    if script.lacks_examples:
        console.log.print(f"{task} {setting}: nothing is asked: it shows the LLM real texts, and the task has none")
        return
    console.log.print(table(counts, p.per_label))
    if short := [label for label, n in counts.labels.items() if n.accepted < p.per_label]:
        console.log.print(f"{task} {setting}: {_why_short(short, held, script)}")


def require_every_label(held: GenerationRun, script: Script) -> None:
    """Stop where a label has no text: a classifier that never saw a label would be blamed on the LLM."""
    empty = [label for label in script.card.labels if label not in set(held.accepted["label"])]
    if not empty:
        return
    p = script.p
    if received := held.candidates["label"].isin(empty).sum():
        why = f"all of its {received} texts were dropped"
    elif any(c.turns for c in held.conversations if c.label in empty):
        why = f"'{p.model}' gave answers without texts only; ask another model, or mend the prompts"
    elif held.stale:
        why = "its recorded answers are stale: the card or the prompts changed since; undo that or record anew"
    elif p.provider == "recorded":
        why = f"'{p.model}' has no answer for it in {paths.recording(script.card.id, script.setting)} or the store; "
        why += "with generate.provider: openai it is asked (pyrite estimate says what that costs)"
    else:
        why = "no request for it was answered; run it again"
    raise PyriteError(f"{script.card.id} {script.setting}: no text for label {', '.join(empty)}: {why}")


def _why_short(short: list[str], held: GenerationRun, script: Script) -> str:
    few = f"fewer than {script.p.per_label} texts for {', '.join(short)}"
    if script.p.provider == "recorded":
        return f"{few}; no more are recorded. With generate.provider: openai they are asked for"
    if held.waiting:
        return f"{few}: requests failed; run it again to ask anew"
    return f"{few}, after {script.p.attempt_cap:g} times as many were asked for: generate.attempt_cap"


def count(held: GenerationRun, script: Script) -> GeneratedSet:
    """What became of the answers and texts of a run, per label and in total."""
    prepared, plans = script.prepared, script.templates.plans
    training = set(prepared.loc[prepared["split"] == "train", "id"])
    price = script.p.prices.get(script.p.model)

    def counts(rows: pd.DataFrame, mine: Sequence[Conversation]) -> LabelCounts:
        reasons = rows["reason"].value_counts()
        turns = [turn for c in mine for turn in c.turns]
        silent = [
            turn.answer
            for c in mine
            for position, turn in enumerate(c.turns)
            if not (parsing.texts if position >= plans else parsing.attributes)(turn.answer)
        ]
        refused = sum(answer == "" or parsing.is_refusal(answer) for answer in silent)
        prompt_tokens = _total([turn.prompt_tokens for turn in turns])
        completion_tokens = _total([turn.completion_tokens for turn in turns])
        cost = None
        if price is not None and prompt_tokens is not None and completion_tokens is not None:
            cost = price.of(prompt_tokens, completion_tokens)
        return LabelCounts(
            answers=len(turns),
            refused_answers=refused,
            unparsable_answers=len(silent) - refused,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost_usd=cost,
            requested=sum(turn.requested or 0 for turn in turns),
            received=len(rows),
            dropped={reason: int(reasons.get(reason, 0)) for reason in REASONS},
            accepted=int(reasons.get("", 0)),
            also_real_training=int(rows.loc[rows["reason"] == "", "id"].isin(training).sum()),
        )

    frame = held.candidates
    return GeneratedSet(
        task=script.task,
        setting=script.setting,
        models=(script.p.model,),
        stale_answers=held.stale,
        labels={
            label: counts(frame[frame["label"] == label], [c for c in held.conversations if c.label == label])
            for label in script.card.labels
        },
        total=counts(frame, held.conversations),
    )


def _total(tokens: Sequence[int | None]) -> int | None:
    return None if None in tokens or not tokens else sum(n for n in tokens if n is not None)


def table(counts: GeneratedSet, per_label: int) -> Table:
    """What became of the texts of every label, for a terminal."""
    title = f"{counts.task} {counts.setting}"
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    drawn.add_column("label")
    for column in ("asked", "received", "accepted"):
        drawn.add_column(column, justify="right")
    drawn.add_column("dropped", style="dim")
    rows = [(label, n, f" of {per_label}") for label, n in counts.labels.items()]
    for label, n, wanted in [*rows, *([("total", counts.total, "")] if len(rows) > 1 else [])]:
        dropped = ", ".join(f"{number} {reason}" for reason, number in n.dropped.items() if number)
        if silent := n.refused_answers + n.unparsable_answers:
            dropped += f"{'; ' if dropped else ''}{silent} answers without texts"
        drawn.add_row(label, str(n.requested), str(n.received), f"{n.accepted}{wanted}", dropped)
    total = counts.total
    if total.prompt_tokens is not None:
        cost = "its price is not in generate.prices" if total.cost_usd is None else f"${total.cost_usd:.4f}"
        drawn.caption = f"{total.prompt_tokens:,} + {total.completion_tokens:,} tokens: {cost}"
        drawn.caption_justify = "left"
    return drawn
