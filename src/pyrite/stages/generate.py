"""Generate: hold the conversations of a (task, setting) and keep the texts that may be trained on.

Reads the recordings and the store, the card, the prompts and `data/prepared/<task>.parquet`; asks the endpoint for the
rest where `generate.provider` says so. Writes `data/transcripts/<task>/<setting>.jsonl` (the conversations used),
`data/synthetic/<task>/<setting>.parquet` (the texts accepted) and `metrics/generate/<task>.<setting>.json` (what was
asked for, received, paid and dropped, and why).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, texts, transcripts
from pyrite.data.transcripts import Conversation
from pyrite.llm import conversations, parsing, prompts, runner
from pyrite.llm.conversations import Script
from pyrite.measures import near_duplicates, neighbours
from pyrite.training import encoder

Opening = runner.Opening[Conversation]
Held = runner.Held[Conversation]
Ask = Callable[[Sequence[Opening], Script], list[Held]]

# Why a text is dropped, in the order of the checks: a text has the first reason that holds.
REASONS = (
    "unasked",
    "empty",
    "length",
    "control characters",
    "exact duplicate",
    "near duplicate",
    "copy of an example",
    "contamination: exact",
    "contamination: near",
    "contamination: embedding",
    "surplus",
)
_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
# An answer may hold this many times the texts that were asked for; what comes after is not even looked at.
OVERFULL = 2
# No label is reckoned to give less than this share of the texts asked for when it is topped up.
LOWEST_YIELD = 0.1


def run(task: str, setting: str) -> None:
    """Make the generated set of a (task, setting)."""
    script = load(task, setting)
    p = script.p
    with runner.mode(p, task, setting) as ask:
        made = gather(script, ask)
    accepted = made.candidates[made.candidates["reason"] == ""].assign(split="train")
    if not script.mute:
        require_every_label(accepted, made, script)

    columns = [*texts.COLUMNS, *texts.ORIGIN]
    texts.write(accepted.sort_values("id")[columns].reset_index(drop=True), paths.synthetic(task, setting))
    transcripts.write(paths.transcript(task, setting), [c for c in made.conversations if c.turns])
    counts = count(made, script)
    files.write_json(
        paths.metrics("generate", f"{task}.{setting}"),
        {"task": task, "setting": setting, "models": [p.model], "stale_answers": made.stale} | counts,
    )
    if script.mute:
        console.log.print(f"{task} {setting}: nothing is asked: it shows the LLM real texts, and the task has none")
        return
    console.log.print(table(counts, p.per_label, f"{task} {setting}"))
    if short := [label for label, n in counts["labels"].items() if n["accepted"] < p.per_label]:
        console.log.print(f"{task} {setting}: {_why_short(short, made, script)}")


def load(task: str, setting: str) -> Script:
    """What is asked for a (task, setting) of this study."""
    p = params.load().generate
    card, templates = cards.load(task), prompts.load(setting)
    return Script(card, setting, templates, p, texts.read(paths.prepared(task)))


@dataclass
class Made:
    """The conversations of a (task, setting) so far.

    Attributes:
        conversations: recorded ones first, then those held.
        stale: how many recorded answers the card and the prompts no longer ask for.
        waiting: how many conversations wait for an answer that did not come.
        asked: texts asked for by label, answered or not.
        candidates: every text of the conversations, with the `reason` why it is dropped.
    """

    conversations: list[Conversation]
    stale: int
    waiting: int
    asked: dict[str, int]
    candidates: pd.DataFrame


def gather(script: Script, ask: Ask) -> Made:
    """Hold conversations until every label has its texts, its attempts are used up, or no more answers come."""
    recorded, stale = _recorded(script)
    made = Made(recorded, stale, 0, dict.fromkeys(script.card.labels, 0), pd.DataFrame())
    for c in recorded:
        made.asked[c.label] += sum(
            conversations.asked(c, turn, script.card, script.templates) or 0 for turn in range(len(c.turns))
        )
    judged = Judged(script)
    while True:
        made.candidates = judged(made.conversations)
        wave = top_up(made, script)
        if not wave:
            return made
        held = ask([(script.opening(label, number), turns) for label, number, turns in wave], script)
        for label, _, turns in wave:
            made.asked[label] += turns * script.p.texts_per_turn
        made.conversations += [c for c, _ in held]
        made.waiting += sum(waits for _, waits in held)
        if not any(c.turns for c, _ in held):
            return made


def pending(script: Script) -> list[Opening]:
    """The conversations that wait for an answer: as far as they came, and how many turns they shall have.

    Those that may be needed in their place, should their texts be dropped, are not among them.
    """
    waiting: list[Opening] = []

    def ask(openings: Sequence[Opening], script: Script) -> list[Held]:
        if waiting:
            return [(c, False) for c, _ in openings]
        held = runner.look(openings, script)
        waiting.extend((c, turns) for (c, waits), (_, turns) in zip(held, openings, strict=True) if waits)
        return held

    gather(script, ask)
    return waiting


def held(script: Script) -> list[Conversation]:
    """The conversations as far as recordings and the store have their answers."""
    return gather(script, runner.look).conversations


def top_up(made: Made, script: Script) -> list[tuple[str, int, int]]:
    """The conversations that every label still needs: label, number, and how many turns ask for texts."""
    if script.mute:
        return []
    p, wave = script.p, []
    accepted = made.candidates.loc[made.candidates["reason"] == "", "label"].value_counts()
    for label in script.card.labels:
        have, asked = int(accepted.get(label, 0)), made.asked[label]
        yields = max(have / asked, LOWEST_YIELD) if asked else 1.0
        affordable = int((p.attempt_cap * p.per_label - asked) // p.texts_per_turn)
        turns = min(int(np.ceil((p.per_label - have) / (p.texts_per_turn * yields))), affordable)
        number = max((c.conversation + 1 for c in made.conversations if c.label == label), default=0)
        while turns > 0:
            wave.append((label, number, min(turns, p.turns)))
            turns, number = turns - p.turns, number + 1
    return wave


def _recorded(script: Script) -> tuple[list[Conversation], int]:
    """The recorded conversations of the study's LLM as far as they are current, and how many answers are stale."""
    path = paths.recording(script.card.id, script.setting)
    if not path.exists():
        return [], 0
    recorded = [c for c in transcripts.read(path, script.card, script.setting) if c.model == script.p.model]
    found = [conversations.current(c, script.card, script.templates) for c in recorded]
    stale = sum(len(c.turns) for c in recorded) - sum(len(c.turns) for c in found)
    if stale:
        console.log.print(
            f"{script.card.id} {script.setting}: {stale} recorded answers are stale, because the card or "
            f"{paths.PROMPTS} no longer asks for them; they are not used"
        )
    return found, stale


def collect(script: Script, made: Sequence[Conversation]) -> pd.DataFrame:
    """Every text of every answer, one row each, in the order in which they were written, turn by turn.

    Turns come before conversations: if later texts are surplus, each conversation has given its share.
    """
    rows = [
        {
            "text": texts.normalise(text),
            "label": c.label,
            "setting": c.setting,
            "conversation": c.conversation,
            "turn": turn,
            "position": position,
            "wanted": position < OVERFULL * (conversations.asked(c, turn, script.card, script.templates) or 0),
        }
        for c in made
        for turn in range(script.templates.plans, len(c.turns))
        for position, text in enumerate(parsing.texts(c.turns[turn].answer))
    ]
    frame = pd.DataFrame(rows, columns=["text", "label", *texts.ORIGIN, "wanted"])
    frame["id"] = frame["text"].map(lambda text: texts.digest(text)[:16])
    return frame.sort_values(["turn", "conversation", "position"], kind="stable", ignore_index=True)


class Judged:
    """The texts of conversations, each with the reason why it is dropped: one of `REASONS`, or nothing.

    A text is compared with those that were not dropped before it, so the costly checks see few.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._cosine: dict[str, float] = {}

    def __call__(self, made: Sequence[Conversation]) -> pd.DataFrame:
        script, prepared = self._script, self._script.prepared
        frame = collect(script, made)
        frame["reason"] = ""
        held_out = prepared[prepared["split"] != "train"]
        others = held_out["text"].tolist()
        least, most = script.card.length_words
        threshold = script.p.near_duplicate

        with console.progress() as view:
            doing = f"{script.card.id} {script.setting}: judging {len(frame):,} texts"
            bar = view.add_task(doing, total=len(REASONS))

            def drop(reason: str, check: Any) -> None:
                left = frame[frame["reason"] == ""]
                if len(left):
                    holds = np.asarray(check(left), dtype=bool)
                    frame.loc[left.index[holds], "reason"] = reason
                view.advance(bar)

            drop("unasked", lambda left: ~left["wanted"].astype(bool))
            drop("empty", lambda left: left["text"] == "")
            drop("length", lambda left: ~left["text"].map(texts.word_count).between(least, most))
            drop("control characters", lambda left: left["text"].str.contains(_CONTROL))
            drop("exact duplicate", lambda left: left["id"].duplicated())
            drop("near duplicate", lambda left: near_duplicates.repeats(left["text"].tolist(), threshold))
            drop("copy of an example", lambda left: self._copies(left, made, threshold))
            drop("contamination: exact", lambda left: left["id"].isin(held_out["id"]))
            drop("contamination: near", lambda left: near_duplicates.near(left["text"].tolist(), others, threshold))
            drop("contamination: embedding", lambda left: self._closest(left) >= script.p.contamination_cosine)
            drop("surplus", lambda left: left.groupby("label").cumcount() >= script.p.per_label)
        return frame

    def _closest(self, candidates: pd.DataFrame) -> np.ndarray:
        """The highest cosine of each text to any validation or test row; of each text it is worked out once."""
        if len(new := candidates[~candidates["id"].isin(self._cosine)]):
            prepared = self._script.prepared
            # Embeddings of the whole prepared table, because other stages want the same and take them from the store.
            real = encoder.embed(prepared["text"].tolist())[(prepared["split"] != "train").to_numpy()]
            cosines = np.full(len(new), -1.0)
            if len(real):
                cosines = neighbours.largest_cosines(encoder.embed(new["text"].tolist()), real, 1)[:, 0]
            self._cosine |= dict(zip(new["id"], cosines.tolist(), strict=True))
        return candidates["id"].map(self._cosine).to_numpy()

    def _copies(self, candidates: pd.DataFrame, made: Sequence[Conversation], threshold: float) -> np.ndarray:
        """Which texts nearly repeat an example that their own conversation had shown by then."""
        text_of = self._script.text_of
        copies = pd.Series(False, index=candidates.index)
        groups = dict(list(candidates.groupby(["label", "conversation"], sort=False)))
        for c in made:
            mine = groups.get((c.label, c.conversation))
            for turn, said in enumerate(c.turns):
                if unknown := [i for i in said.examples if i not in text_of]:
                    raise PyriteError(
                        f"{paths.recording(c.task, c.setting)}: label '{c.label}', conversation {c.conversation}, turn "
                        f"{turn}: example {unknown[0]} is not among the prepared rows; record it anew"
                    )
                if mine is None or not said.examples:
                    continue
                later = mine[mine["turn"] >= turn]
                copies[later.index] |= near_duplicates.near(
                    later["text"].tolist(), [text_of[i] for i in said.examples], threshold
                )
        return copies.to_numpy()


def require_every_label(accepted: pd.DataFrame, made: Made, script: Script) -> None:
    """Stop where a label has no text: a classifier that never saw a label would be blamed on the LLM."""
    empty = [label for label in script.card.labels if label not in set(accepted["label"])]
    if not empty:
        return
    p = script.p
    if received := made.candidates["label"].isin(empty).sum():
        why = f"all of its {received} texts were dropped"
    elif any(c.turns for c in made.conversations if c.label in empty):
        why = f"'{p.model}' gave answers without texts only; ask another model, or mend the prompts"
    elif made.stale:
        why = "its recorded answers are stale: the card or the prompts changed since; undo that or record anew"
    elif p.provider == "recorded":
        why = f"'{p.model}' has no answer for it in {paths.recording(script.card.id, script.setting)} or the store; "
        why += "with generate.provider: openai it is asked (pyrite estimate says what that costs)"
    else:
        why = "no request for it was answered; run it again"
    raise PyriteError(f"{script.card.id} {script.setting}: no text for label {', '.join(empty)}: {why}")


def _why_short(short: list[str], made: Made, script: Script) -> str:
    few = f"fewer than {script.p.per_label} texts for {', '.join(short)}"
    if script.p.provider == "recorded":
        return f"{few}; no more are recorded. With generate.provider: openai they are asked for"
    if made.waiting:
        return f"{few}: requests failed; run it again to ask anew"
    return f"{few}, after {script.p.attempt_cap:g} times as many were asked for: generate.attempt_cap"


def count(made: Made, script: Script) -> dict[str, Any]:
    """Texts requested, received, accepted and dropped by reason, tokens and cost, per label and in total.

    `also_real_training` counts accepted texts that are, word for word, training rows of the real data: the LLM knows
    them by heart. They are kept, for they leak nothing about the test rows, but a reader should know. Tokens are null
    where an answer came without them (recordings), the cost also where the model has no price.
    """
    prepared, plans = script.prepared, script.templates.plans
    training = set(prepared.loc[prepared["split"] == "train", "id"])
    price = script.p.prices.get(script.p.model)

    def counts(rows: pd.DataFrame, mine: Sequence[Conversation]) -> dict[str, Any]:
        reasons = rows["reason"].value_counts()
        turns = [(c, turn) for c in mine for turn in range(len(c.turns))]
        silent = [
            c.turns[turn].answer
            for c, turn in turns
            if not (parsing.texts if turn >= plans else parsing.attributes)(c.turns[turn].answer)
        ]
        refused = sum(answer == "" or parsing.is_refusal(answer) for answer in silent)
        said = [c.turns[turn] for c, turn in turns]
        prompt_tokens = _total([turn.prompt_tokens for turn in said])
        completion_tokens = _total([turn.completion_tokens for turn in said])
        known = price is not None and prompt_tokens is not None and completion_tokens is not None
        return {
            "answers": len(turns),
            "refused_answers": refused,
            "unparsable_answers": len(silent) - refused,
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "cost_usd": price.of(prompt_tokens, completion_tokens) if known else None,  # type: ignore[union-attr,arg-type]
            "requested": sum(conversations.asked(c, turn, script.card, script.templates) or 0 for c, turn in turns),
            "received": len(rows),
            "dropped": {reason: int(reasons.get(reason, 0)) for reason in REASONS},
            "accepted": int(reasons.get("", 0)),
            "also_real_training": int(rows.loc[rows["reason"] == "", "id"].isin(training).sum()),
        }

    frame = made.candidates
    return {
        "labels": {
            label: counts(frame[frame["label"] == label], [c for c in made.conversations if c.label == label])
            for label in script.card.labels
        },
        "total": counts(frame, made.conversations),
    }


def _total(tokens: Sequence[int | None]) -> int | None:
    return None if None in tokens or not tokens else sum(n for n in tokens if n is not None)


def table(counts: dict[str, Any], per_label: int, title: str) -> Table:
    """What became of the texts of every label, for a terminal."""
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    drawn.add_column("label")
    for column in ("asked", "received", "accepted"):
        drawn.add_column(column, justify="right")
    drawn.add_column("dropped", style="dim")
    rows = counts["labels"] | ({"total": counts["total"]} if len(counts["labels"]) > 1 else {})
    for label, n in rows.items():
        dropped = ", ".join(f"{number} {reason}" for reason, number in n["dropped"].items() if number)
        silent = n["refused_answers"] + n["unparsable_answers"]
        if silent:
            dropped += f"{'; ' if dropped else ''}{silent} answers without texts"
        accepted = str(n["accepted"])
        if label != "total":
            accepted += f" of {per_label}"
        drawn.add_row(label, str(n["requested"]), str(n["received"]), accepted, dropped)
    total = counts["total"]
    if total["prompt_tokens"] is not None:
        cost = "its price is not in generate.prices" if total["cost_usd"] is None else f"${total['cost_usd']:.4f}"
        drawn.caption = f"{total['prompt_tokens']:,} + {total['completion_tokens']:,} tokens: {cost}"
        drawn.caption_justify = "left"
    return drawn
