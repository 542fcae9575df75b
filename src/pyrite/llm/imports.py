"""Imports: what of an imported set may be trained on. Somebody else answers for it, so little is dropped."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from pyrite.data import folds, texts
from pyrite.data.cards import Card
from pyrite.data.transcripts import Conversation, Turn
from pyrite.llm import quality
from pyrite.llm.quality import Contamination
from pyrite.measures import near_duplicates
from pyrite.params import Params

# What `texts.plain_label` leaves out.
_BETWEEN = r"[\s_.*`\"'-]"
# So many signs that texts begin or end in are no chance where half of the texts have them, and so many texts tell.
SHARED, ENOUGH = 12, 10
# What a checked row has.
CHECKED = ["id", "text", "label", "seeds", "conversation", "position", "reason"]


@dataclass(frozen=True)
class Checked:
    """An imported set, row by row.

    Attributes:
        rows: id, text, label, the ids of the real rows that it was made from, a number for all texts of a label made
            from the same ones, position in the file and the `reason` why a row is left out, or nothing.
        unknown_labels: labels that the card lacks, with the rows that have them; those are not among `rows`.
        noticed: what is counted and kept.
    """

    rows: pd.DataFrame
    unknown_labels: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)

    def conversations(self, task: str, source: str, llm: str) -> list[Conversation]:
        """What the LLM was shown, as conversations without words: one for all texts made from the same real rows."""
        groups = self.rows.drop_duplicates(["label", "conversation"])
        return [
            Conversation(task, source, label, int(number), llm, "", "", (Turn("", seeds, ""),))
            for label, number, seeds in zip(groups["label"], groups["conversation"], groups["seeds"], strict=True)
            if seeds
        ]


def check(card: Card, imported: pd.DataFrame, prepared: pd.DataFrame, study: Params) -> Checked:
    """Which rows (text, label and perhaps seeds) may be trained on.

    Empty texts, exact copies, what repeats a row that is held out and what was made from one are left out. Near copies
    of each other, unusual lengths and copies of real training texts are only counted: dropping them would change
    somebody else's set.
    """
    frame = imported.reset_index(drop=True).rename_axis("position").reset_index()
    frame["text"], frame["label"] = frame["text"].map(texts.normalise), frame["label"].map(texts.normalise_label)
    known = frame["label"].isin(list(card.labels))
    unknown = Counter(frame.loc[~known, "label"])
    frame = frame[known].reset_index(drop=True)
    frame["id"] = frame["text"].map(lambda text: texts.digest(text)[:16])
    made_from = frame["seeds"] if "seeds" in frame else pd.Series([()] * len(frame))
    frame["seeds"] = made_from.map(lambda ids: tuple(sorted(ids)))
    frame["conversation"] = frame.groupby("label")["seeds"].transform(lambda of_label: pd.factorize(of_label)[0])
    held_out, threshold = folds.held_out(prepared, study.train.folds), study.generate.near_duplicate
    tested, real = set(held_out["id"]), set(prepared["id"])
    checks: dict[str, quality.Check] = {
        "empty": lambda left: left["text"] == "",
        "exact duplicate with another label": lambda left: (
            left["label"] != left.groupby("id")["label"].transform("first")
        ),
        "exact duplicate": lambda left: left["id"].duplicated(),
        "made from a row that is held out": lambda left: ~left["seeds"].map(tested.isdisjoint).astype(bool),
        **Contamination(card, prepared, held_out, study.generate).checks,
    }
    quality.judge(frame, checks, f"checking {len(frame):,} texts")
    rows = frame[frame["reason"] == ""]
    least, most = card.length_words
    ends = tuple(shared_ends(rows["text"]))
    noticed = {
        "nearly the same as another": sum(near_duplicates.repeats(rows["text"].tolist(), threshold)),
        f"shorter or longer than the card's {least} to {most} words": (
            int((~rows["text"].map(texts.length).between(least, most)).sum())
        ),
        "real training texts, word for word": int(rows["id"].isin(real).sum()),
        "made from texts that are no real rows of the task": int((~rows["seeds"].map(real.issuperset)).sum()),
        "tagged with the name of a label": len(tags(imported["text"].iloc[rows["position"]], list(card.labels))),
        "alike at their beginning or end, as where a prompt was kept": (
            int((rows["text"].str.startswith(ends) | rows["text"].str.endswith(ends)).sum())
        ),
    }
    return Checked(frame, dict(unknown.most_common()), {what: int(n) for what, n in noticed.items() if n})


def shared_ends(column: pd.Series) -> list[str]:
    """What half of the texts or more begin or end in, such as a prompt that was kept; of few texts nothing."""
    distinct = column.map(texts.normalise).drop_duplicates()
    ends = [distinct.str[:SHARED].value_counts(), distinct.str[-SHARED:].value_counts()]
    return [str(counts.index[0]) for counts in ends if len(distinct) >= ENOUGH and 2 * counts.iloc[0] >= len(distinct)]


def tags(column: pd.Series, labels: Sequence[str]) -> pd.Series:
    """Of the texts that begin or end in the name of a label, set off by a sign or a line of its own, that label:
    `... [billing]`, `Topic: billing` and the text below."""
    names = {texts.plain_label(label): label for label in labels}
    # What makes no other label may stand between and around its words.
    split = [filter(None, re.split(rf"{_BETWEEN}+", label)) for label in sorted(labels, key=len, reverse=True)]
    name = "|".join(filter(None, (f"{_BETWEEN}*".join(map(re.escape, parts)) for parts in split)))
    begins = re.compile(
        rf"[\s\[(<{{#|*\"'“]*(?:\w+\s*[:=>]\s*)?({name})[ ]*(?:[\])>}}<*|:=\n]|[–—-]\s|$)", re.IGNORECASE
    )
    ends = re.compile(rf"[\[(<>{{#|:*/=–—\n-]\s*[\"'“]?({name})[\s\])>}}*|.\"'”]*(?:</\w+>\s*)?$", re.IGNORECASE)

    def tag(text: str) -> str:
        # Not the whole text: the patterns' time grows with what they are given.
        match = ends.search(text[-100:]) or begins.match(text[:100])
        return names.get(texts.plain_label(match[1]), "") if match else ""

    return column.map(tag)[lambda tagged: tagged != ""]
