"""Generate: replay the conversations of a (task, setting) and keep the texts that may be trained on.

Reads `data/recordings/<task>.<setting>.jsonl`, the card, the prompts and `data/prepared/<task>.parquet`; writes
`data/transcripts/<task>.<setting>.jsonl` (the conversations used), `data/synthetic/<task>.<setting>.parquet` (the
texts accepted) and `metrics/generate/<task>.<setting>.json` (what was asked for, received and dropped, and why).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyrite import cards, console, encoder, files, overlap, params, paths, settings, texts, transcripts
from pyrite.cards import Card
from pyrite.errors import PyriteError
from pyrite.params import Generate
from pyrite.settings import Templates
from pyrite.transcripts import Conversation

# Why a text is dropped, in the order of the checks: a text has the first reason that holds.
REASONS = (
    "empty",
    "length",
    "exact duplicate",
    "near duplicate",
    "copy of an example",
    "contamination: exact",
    "contamination: near",
    "contamination: embedding",
    "surplus",
)


def run(task: str, setting: str) -> None:
    """Make the generated set of a (task, setting)."""
    p = params.load().generate
    card, templates = cards.load(task), settings.load(setting)
    prepared = texts.read(paths.prepared(task))
    recorded = transcripts.read(paths.recording(task, setting), card, setting)
    conversations = [transcripts.current(c, card, templates) for c in recorded]
    stale = sum(len(c.turns) for c in recorded) - sum(len(c.turns) for c in conversations)
    if stale:
        console.log.print(
            f"{task} {setting}: {stale} recorded answers are stale, because the card or {paths.PROMPTS} no longer "
            "asks for them; they are not used"
        )
    candidates = collect(conversations)
    candidates["reason"] = judge(candidates, conversations, card, prepared, p)
    accepted = candidates[candidates["reason"] == ""].assign(split="train")
    require_every_label(accepted, candidates, card, setting, stale)

    columns = [*texts.COLUMNS, *texts.ORIGIN]
    texts.write(accepted.sort_values("id")[columns].reset_index(drop=True), paths.synthetic(task, setting))
    transcripts.write(paths.transcript(task, setting), [c for c in conversations if c.turns])
    counts = count(candidates, conversations, card, templates, prepared)
    files.write_json(
        paths.metrics("generate", f"{task}.{setting}"),
        {"task": task, "setting": setting, "models": sorted({c.model for c in conversations}), "stale_answers": stale}
        | counts,
    )
    total = counts["total"]
    dropped = ", ".join(f"{n} {reason}" for reason, n in total["dropped"].items() if n) or "none"
    console.log.print(f"{task} {setting}: {total['received']} texts, {total['accepted']} accepted; dropped: {dropped}")


def collect(conversations: Sequence[Conversation]) -> pd.DataFrame:
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
        }
        for c in conversations
        for turn, said in enumerate(c.turns)
        for position, text in enumerate(transcripts.parse(said.answer))
    ]
    frame = pd.DataFrame(rows, columns=["text", "label", *texts.ORIGIN])
    frame["id"] = frame["text"].map(lambda text: texts.digest(text)[:16])
    return frame.sort_values(["turn", "conversation", "position"], kind="stable", ignore_index=True)


def judge(
    candidates: pd.DataFrame, conversations: Sequence[Conversation], card: Card, prepared: pd.DataFrame, p: Generate
) -> pd.Series:
    """For each text why it is dropped: one of `REASONS`, or nothing where it is accepted."""
    column = candidates["text"].tolist()
    held_out = prepared[prepared["split"] != "train"]
    least, most = card.length_words
    words = candidates["text"].map(texts.word_count)
    # Embeddings of the whole prepared table, because other stages want the same and take them from the store.
    real = encoder.embed(prepared["text"].tolist())[(prepared["split"] != "train").to_numpy()]
    checks = {
        "empty": words == 0,
        "length": ~words.between(least, most),
        "exact duplicate": candidates["id"].duplicated(),
        "near duplicate": overlap.repeats(column, p.near_duplicate),
        "copy of an example": _copies(candidates, conversations, prepared, p.near_duplicate),
        "contamination: exact": candidates["id"].isin(held_out["id"]),
        "contamination: near": overlap.near(column, held_out["text"].tolist(), p.near_duplicate),
        "contamination: embedding": _closest(encoder.embed(column), real) >= p.contamination_cosine,
    }
    reason = pd.Series("", index=candidates.index)
    for name, holds in checks.items():
        reason[(reason == "") & np.asarray(holds)] = name
    accepted = reason == ""
    surplus = candidates[accepted].groupby("label").cumcount() >= p.per_label
    reason[surplus[surplus].index] = "surplus"
    return reason


def _copies(
    candidates: pd.DataFrame, conversations: Sequence[Conversation], prepared: pd.DataFrame, threshold: float
) -> np.ndarray:
    """Which texts nearly repeat an example that their own conversation had shown by then."""
    text_of = dict(zip(prepared["id"], prepared["text"], strict=True))
    copies = np.zeros(len(candidates), dtype=bool)
    for c in conversations:
        for turn, said in enumerate(c.turns):
            if unknown := [i for i in said.examples if i not in text_of]:
                raise PyriteError(
                    f"{paths.recording(c.task, c.setting)}: label '{c.label}', conversation {c.conversation}, turn "
                    f"{turn}: example {unknown[0]} is not among the prepared rows; record it anew"
                )
            mine = (
                (candidates["label"] == c.label)
                & (candidates["conversation"] == c.conversation)
                & (candidates["turn"] >= turn)
            )
            shown = [text_of[i] for i in said.examples]
            copies[mine] |= overlap.near(candidates.loc[mine, "text"].tolist(), shown, threshold)
    return copies


def _closest(embeddings: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The highest cosine of each embedding to any of the others."""
    block = 1024
    return np.concatenate(
        [(embeddings[i : i + block] @ others.T).max(1) for i in range(0, len(embeddings), block)] or [np.empty(0)]
    )


def require_every_label(accepted: pd.DataFrame, candidates: pd.DataFrame, card: Card, setting: str, stale: int) -> None:
    """Stop where a label has no text: a classifier that never saw a label would be blamed on the LLM."""
    empty = [label for label in card.labels if label not in set(accepted["label"])]
    if not empty:
        return
    recording = paths.recording(card.id, setting)
    if received := candidates["label"].isin(empty).sum():
        why = f"all of its {received} texts were dropped"
    elif stale:
        why = "its recorded answers are stale: the card or the prompts changed since; undo that or record anew"
    else:
        why = "nothing is recorded for it; record it or take the label out of the card"
    raise PyriteError(f"{recording}: no text for label {', '.join(empty)}: {why}")


def count(
    candidates: pd.DataFrame,
    conversations: Sequence[Conversation],
    card: Card,
    templates: Templates,
    prepared: pd.DataFrame,
) -> dict[str, Any]:
    """Texts requested, received, accepted and dropped by reason, per label and in total.

    `also_real_training` counts accepted texts that are, word for word, training rows of the real data: the LLM knows
    them by heart. They are kept, for they leak nothing about the test rows, but a reader should know.
    """
    training = set(prepared.loc[prepared["split"] == "train", "id"])

    def counts(rows: pd.DataFrame, mine: Sequence[Conversation]) -> dict[str, Any]:
        reasons = rows["reason"].value_counts()
        turns = [(c, i, turn) for c in mine for i, turn in enumerate(c.turns)]
        return {
            "answers": len(turns),
            "unparsable_answers": sum(not transcripts.parse(turn.answer) for _, _, turn in turns),
            "requested": sum(transcripts.asked(turn, card, templates, c.label, i) or 0 for c, i, turn in turns),
            "received": len(rows),
            "dropped": {reason: int(reasons.get(reason, 0)) for reason in REASONS},
            "accepted": int(reasons.get("", 0)),
            "also_real_training": int(rows.loc[rows["reason"] == "", "id"].isin(training).sum()),
        }

    return {
        "labels": {
            label: counts(candidates[candidates["label"] == label], [c for c in conversations if c.label == label])
            for label in card.labels
        },
        "total": counts(candidates, conversations),
    }
