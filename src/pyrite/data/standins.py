"""Stand-ins: rows in the place of a task's real ones before `prepare` has run.

What a study will ask and cost depends on the number and length of real texts, hardly on their words.
"""

from collections.abc import Iterable

import pandas as pd

from pyrite.base import paths
from pyrite.data import texts
from pyrite.data.cards import Card


def prepared(card: Card, examples: int, named: Iterable[str] = ()) -> pd.DataFrame:
    """The prepared rows of a task, or as many in the pool of each label as prompts show.

    Args:
        examples: how many real texts a prompt shows.
        named: the ids of rows that a recording speaks of.
    """
    if (path := paths.prepared(card.id)).exists():
        return texts.read(path)
    text = of_length(card)
    # Digits 8 to 15 of an id decide whether its row is in the pool.
    pool = [(f"{n:08x}{0:08x}", text, label, "train") for label in card.labels for n in range(examples)]
    recorded = [(item, text, next(iter(card.labels)), "train") for item in dict.fromkeys(named)]
    return pd.DataFrame([*pool, *recorded], columns=texts.COLUMNS)


def training(card: Card, n: int, named: Iterable[str] = ()) -> pd.DataFrame:
    """So many training rows in the place of those that an LLM shall label, first those that a recording names."""
    ids = list(dict.fromkeys([*named, *(f"{number:016x}" for number in range(n))]))[:n]
    rows = [(item, of_length(card), next(iter(card.labels)), "train") for item in ids]
    return pd.DataFrame(rows, columns=texts.COLUMNS)


def of_length(card: Card) -> str:
    """A text of as many words as the card's texts have on average."""
    return " ".join(["words"] * round(sum(card.length_words) / 2))
