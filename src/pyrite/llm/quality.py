"""Quality: which generated texts may be trained on, and why the others are dropped."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pyrite.base import console
from pyrite.data import texts
from pyrite.data.cards import Card
from pyrite.data.transcripts import Conversation
from pyrite.llm import parsing
from pyrite.llm.conversations import Script
from pyrite.measures import near_duplicates, neighbours
from pyrite.params import Generate
from pyrite.training import embedding_check

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
# An answer may hold this many times the texts that were asked for; what comes after is not even looked at.
OVERFULL = 2
# So many words in a row of a shown text, or fewer where one of the two has no more, are no coincidence.
QUOTED, QUOTED_LEAST = 8, 5


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
        for position, text in enumerate(parsing.texts(c.turns[turn].answer, c.turns[turn].requested or 0))
    ]
    frame = pd.DataFrame(rows, columns=["text", "label", *texts.ORIGIN, "requested"])
    frame["id"] = frame["text"].map(lambda text: texts.digest(text)[:16])
    return frame.sort_values(["turn", "conversation", "position"], kind="stable", ignore_index=True)


Check = Callable[[pd.DataFrame], Any]


def judge(frame: pd.DataFrame, checks: Mapping[str, Check], doing: str) -> None:
    """Give each row the `reason` of the first check that holds for it, or nothing.

    A check sees the rows that those before it left, so the costly ones see few.
    """
    frame["reason"] = ""
    with console.progress() as view:
        for reason, check in view.track(list(checks.items()), description=doing):
            left = frame[frame["reason"] == ""]
            if len(left):
                holds = np.asarray(check(left), dtype=bool)
                frame.loc[left.index[holds], "reason"] = reason


class Contamination:
    """Whether texts repeat rows that are held out, word for word, nearly, or by their embeddings.

    Attributes:
        alike: the share of pairs of unlike real texts that MiniLM takes for copies.
    """

    def __init__(self, card: Card, prepared: pd.DataFrame, held_out: pd.DataFrame, limits: Generate) -> None:
        self._held_out, self._limits = held_out, limits
        self._cosine: dict[str, float] = {}
        self.alike = embedding_check.look(prepared["text"].tolist(), card.language, limits.contamination_cosine)

    @property
    def blind(self) -> bool:
        """Whether embeddings tell nothing here."""
        return self.alike > embedding_check.MOST_ALIKE

    @property
    def checks(self) -> dict[str, Check]:
        held_out = self._held_out["text"].tolist()
        return {
            "contamination: exact": lambda left: left["id"].isin(self._held_out["id"]),
            "contamination: near": lambda left: near_duplicates.near(
                left["text"].tolist(), held_out, self._limits.near_duplicate
            ),
            "contamination: embedding": lambda left: self._closest(left) >= self._limits.contamination_cosine,
        }

    def _closest(self, candidates: pd.DataFrame) -> np.ndarray:
        """The highest cosine of each text to any real row that none may repeat, worked out once; -1 where it would tell
        nothing."""
        if len(new := candidates[~candidates["id"].isin(self._cosine)]):
            real, cosines = self._held_out["text"].tolist(), np.full(len(new), -1.0)
            if real and not self.blind:
                from pyrite.training import encoder  # takes seconds to load, which labelled texts need not wait for

                embedded = encoder.embed(new["text"].tolist()), encoder.embed(real)
                cosines = neighbours.largest_cosines(*embedded, 1)[:, 0]
            self._cosine |= dict(zip(new["id"], cosines.tolist(), strict=True))
        return candidates["id"].map(self._cosine).to_numpy()


class QualityFilter:
    """The texts of conversations, each with the reason why it is dropped: one of `REASONS`, or nothing."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._contamination = Contamination(script.card, script.prepared, script.held_out, script.checks)
        if self._contamination.blind:
            console.log.print(
                f"{script.task} {script.source}: the check of copies by embeddings is off: MiniLM takes "
                f"{self._contamination.alike:.0%} of the pairs of unlike real texts for copies. The checks by words "
                "stay."
            )

    def __call__(self, conversations: Sequence[Conversation]) -> pd.DataFrame:
        """`collect` with one more column, `reason`."""
        script = self._script
        frame = collect(script, conversations)
        least, most = script.card.length_words
        threshold = script.checks.near_duplicate
        checks: dict[str, Check] = {
            "unasked": lambda left: ~left["requested"].astype(bool),
            "empty": lambda left: left["text"] == "",
            "length": lambda left: ~left["text"].map(texts.length).between(least, most),
            "control characters": lambda left: left["text"].str.contains(f"[{console.CONTROL}]"),
            "exact duplicate": lambda left: left["id"].duplicated(),
            "near duplicate": lambda left: near_duplicates.repeats(left["text"].tolist(), threshold),
            "copy of an example": lambda left: self._copies(left, conversations, threshold),
            **self._contamination.checks,
            "surplus": lambda left: left.groupby("label").cumcount() >= script.spec.per_label,
        }
        judge(frame, checks, f"{script.task} {script.source}: judging {len(frame):,} texts")
        return frame

    def _copies(self, candidates: pd.DataFrame, conversations: Sequence[Conversation], threshold: float) -> np.ndarray:
        """Which texts nearly repeat an example that their own conversation had shown by then."""
        text_of = self._script.text_of
        copies = pd.Series(False, index=candidates.index)
        groups = dict(list(candidates.groupby(["label", "conversation"], sort=False)))
        lost = {i for c in conversations for turn in c.turns for i in turn.examples if i not in text_of}
        if lost:
            # Recorded with other rows: `python_docs` has those of the Python that runs it.
            console.log.print(
                f"{self._script.task} {self._script.source}: {len(lost)} of the examples that its prompts showed are no"
                " rows here: whether a text repeats one of these is not looked at"
            )
        for c in conversations:
            own = groups.get((c.label, c.conversation))
            for number, turn in enumerate(c.turns):
                shown = [text_of[i] for i in turn.examples if i not in lost]
                if own is not None and shown:
                    later = own[own["turn"] >= number]
                    copies[later.index] |= near_duplicates.near(later["text"].tolist(), shown, threshold)
        return copies.to_numpy()


def without_copies(script: Script, c: Conversation) -> Conversation:
    """A conversation with an empty text in place of each that repeats what its prompts had shown by then, or quotes it.

    An answer with such a text becomes the JSON array of its texts; the others stay as they came.
    """
    shown: list[str] = []
    turns = []
    for turn in c.turns:
        shown += [script.text_of[i] for i in turn.examples if i in script.text_of]
        written = [texts.normalise(text) for text in parsing.texts(turn.answer, turn.requested or 0)]
        copies = near_duplicates.near(written, shown, script.checks.near_duplicate)
        copies |= np.array([_quotes(text, shown) for text in written], dtype=bool)
        if copies.any() or _quotes(texts.normalise(turn.answer), shown):
            kept = ["" if copied else text for text, copied in zip(written, copies, strict=True)]
            turn = replace(turn, answer=json.dumps(kept, ensure_ascii=False))
        turns.append(turn)
    return replace(c, turns=tuple(turns))


def _quotes(text: str, shown: Sequence[str]) -> bool:
    for words in map(str.split, shown):
        run = min(QUOTED, len(words), len(text.split()))
        if run >= QUOTED_LEAST and any(" ".join(words[k : k + run]) in text for k in range(len(words) - run + 1)):
            return True
    return False
