"""Quality: which generated texts may be trained on, and why the others are dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import texts
from pyrite.data.transcripts import Conversation
from pyrite.llm import parsing
from pyrite.llm.conversations import Script
from pyrite.measures import near_duplicates, neighbours
from pyrite.training import embedding_check, encoder

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


def collect(script: Script, conversations: Sequence[Conversation]) -> pd.DataFrame:
    """Every text of every answer, one row each, in the order in which they were written, turn by turn.

    Turns come before conversations: if later texts are surplus, each conversation has given its share.
    """
    rows = [
        {
            "text": texts.normalise(text),
            "label": c.label,
            "source": script.source,
            "conversation": c.conversation,
            "turn": turn,
            "position": position,
            "requested": position < OVERFULL * (c.turns[turn].requested or 0),
        }
        for c in conversations
        for turn in range(script.templates.plans, len(c.turns))
        for position, text in enumerate(parsing.texts(c.turns[turn].answer))
    ]
    frame = pd.DataFrame(rows, columns=["text", "label", *texts.ORIGIN, "requested"])
    frame["id"] = frame["text"].map(lambda text: texts.digest(text)[:16])
    return frame.sort_values(["turn", "conversation", "position"], kind="stable", ignore_index=True)


class QualityFilter:
    """The texts of conversations, each with the reason why it is dropped: one of `REASONS`, or nothing.

    A text is compared with those that were not dropped before it, so the costly checks see few.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._cosine: dict[str, float] = {}
        alike = embedding_check.look(
            script.prepared["text"].tolist(), script.card.language, script.checks.contamination_cosine
        )
        self._blind = alike > embedding_check.MOST_ALIKE
        if self._blind:
            console.log.print(
                f"{script.task} {script.source}: the check of copies by embeddings is off: MiniLM takes "
                f"{alike:.0%} of the pairs of unlike real texts for copies. The checks by words stay."
            )

    def __call__(self, conversations: Sequence[Conversation]) -> pd.DataFrame:
        """`collect` with one more column, `reason`.

        Raises:
            PyriteError: a conversation shows an example that is no prepared row.
        """
        script, held_out = self._script, self._script.held_out
        frame = collect(script, conversations)
        frame["reason"] = ""
        others = held_out["text"].tolist()
        least, most = script.card.length_words
        threshold = script.checks.near_duplicate

        with console.progress() as view:
            doing = f"{script.task} {script.source}: judging {len(frame):,} texts"
            bar = view.add_task(doing, total=len(REASONS))

            def drop(reason: str, check: Callable[[pd.DataFrame], Any]) -> None:
                left = frame[frame["reason"] == ""]
                if len(left):
                    holds = np.asarray(check(left), dtype=bool)
                    frame.loc[left.index[holds], "reason"] = reason
                view.advance(bar)

            drop("unasked", lambda left: ~left["requested"].astype(bool))
            drop("empty", lambda left: left["text"] == "")
            drop("length", lambda left: ~left["text"].map(texts.length).between(least, most))
            drop("control characters", lambda left: left["text"].str.contains(_CONTROL))
            drop("exact duplicate", lambda left: left["id"].duplicated())
            drop("near duplicate", lambda left: near_duplicates.repeats(left["text"].tolist(), threshold))
            drop("copy of an example", lambda left: self._copies(left, conversations, threshold))
            drop("contamination: exact", lambda left: left["id"].isin(held_out["id"]))
            drop("contamination: near", lambda left: near_duplicates.near(left["text"].tolist(), others, threshold))
            if not self._blind:
                drop("contamination: embedding", lambda left: self._closest(left) >= script.checks.contamination_cosine)
            drop("surplus", lambda left: left.groupby("label").cumcount() >= script.spec.per_label)
        return frame

    def _closest(self, candidates: pd.DataFrame) -> np.ndarray:
        """The highest cosine of each text to any real row that none may repeat; of each text it is worked out once."""
        if len(new := candidates[~candidates["id"].isin(self._cosine)]):
            real, cosines = self._script.held_out["text"].tolist(), np.full(len(new), -1.0)
            if real:
                embedded = encoder.embed(new["text"].tolist()), encoder.embed(real)
                cosines = neighbours.largest_cosines(*embedded, 1)[:, 0]
            self._cosine |= dict(zip(new["id"], cosines.tolist(), strict=True))
        return candidates["id"].map(self._cosine).to_numpy()

    def _copies(self, candidates: pd.DataFrame, conversations: Sequence[Conversation], threshold: float) -> np.ndarray:
        """Which texts nearly repeat an example that their own conversation had shown by then."""
        text_of = self._script.text_of
        copies = pd.Series(False, index=candidates.index)
        groups = dict(list(candidates.groupby(["label", "conversation"], sort=False)))
        for c in conversations:
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
