"""Does an LLM repeat the real texts that its prompts showed it? Held against as many that it was not shown.

Only counts and ids leave here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrite.base.schema import Result
from pyrite.measures import intervals
from pyrite.measures.diversity import Texts
from pyrite.measures.intervals import Estimate

# Digits from which on a number is long, and is a phone number where signs part it or a + begins it.
LONG, PHONE = 5, 7

# Pairs of a generated and a shown text that are named of each kind.
NAMED = 5

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DIGITS = re.compile(r"\+?\d(?:[\d().\s/-]*\d)?")
# Two words or more with capitals: of people, firms and places. A rough guess, of which as many are found by chance in
# texts that were not shown.
_NAME = re.compile(r"[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w'’-]+)+")


class Returned(Result):
    """How many texts hold an item of a text that was shown to them, and of as many (or fewer) that were not.

    `pairs`: the ids of some texts and of the shown text that the item stands in.
    """

    shown: int
    unshown: int
    pairs: tuple[tuple[str, str], ...] = ()


class Repeats(Result):
    """Whether a source repeats what it was shown.

    Attributes:
        texts: texts that could be compared; those as near to both sides are left out.
        nearer: the share of them nearer to a shown text than to any of equally many unshown ones of the label; 0.5
            where showing them changes nothing. Its interval is over conversations: their texts share what was shown.
        returned: items of shown texts that come back, by their kind: e-mail addresses, phone numbers, ...
    """

    texts: int
    nearer: Estimate
    returned: dict[str, Returned]


def _numbers(text: str) -> Iterator[tuple[str, bool]]:
    """(digits, whether they are written as a phone number) of each number."""
    for number in _DIGITS.findall(text):
        digits = re.sub(r"\D", "", number)
        grouped = number.startswith("+") or re.search(r"\d[().\s/-]+\d", number) is not None
        yield digits, grouped and PHONE <= len(digits) <= 15


ITEMS: dict[str, Callable[[str], set[str]]] = {
    "e-mail addresses": lambda text: {address.lower() for address in _EMAIL.findall(text)},
    "phone numbers": lambda text: {digits for digits, phone in _numbers(text) if phone},
    "long numbers": lambda text: {n for n, phone in _numbers(text) if not phone and len(n) >= LONG},
    "names": lambda text: {name.lower() for name in _NAME.findall(text)},
}

# What was shown: by (label, conversation), the ids that each turn showed.
Showings = Mapping[tuple[str, int], Sequence[Sequence[str]]]


def repeats(corpus: Texts, showings: Showings, pool: Texts, rng: np.random.Generator) -> Repeats:
    """Whether texts (with their label, conversation and turn) repeat what their conversation had shown by their turn.

    Which rows of the pool a conversation shows is drawn at random, so without an effect a shown row is as likely to be
    the nearest one as an unshown row of the same label.

    Args:
        pool: the real texts that could have been shown, columns id, text and label.
    """
    counts: dict[tuple[str, int], NDArray[np.int64]] = {}
    turns = list(_turns(corpus, showings, pool, rng))
    for turn in turns:
        sides = (rng.permutation(turn.shown)[: len(turn.unshown)], turn.unshown)
        to_shown, to_unshown = ((corpus.vectors[turn.rows] @ pool.vectors[side].T).max(axis=1) for side in sides)
        count = np.array([(to_shown > to_unshown).sum(), (to_shown != to_unshown).sum()])
        counts[turn.conversation] = counts.get(turn.conversation, 0) + count
    of_conversation = np.array(list(counts.values())).reshape(-1, 2)
    return Repeats(
        texts=int(of_conversation[:, 1].sum()),
        nearer=intervals.clustered_proportion(*of_conversation.T),
        returned={kind: _returned(find, turns, corpus, pool) for kind, find in ITEMS.items()},
    )


@dataclass(frozen=True)
class _Turn:
    """The texts of a turn, and the rows of the pool that its conversation had shown by then, and never: positions."""

    conversation: tuple[str, int]
    rows: NDArray[np.int64]
    shown: NDArray[np.int64]
    unshown: NDArray[np.int64]


def _turns(corpus: Texts, showings: Showings, pool: Texts, rng: np.random.Generator) -> Iterator[_Turn]:
    """The turns for which there is something to compare, each with at most as many unshown rows as shown ones."""
    place = {row: i for i, row in enumerate(pool.frame["id"])}
    of_label = {label: np.flatnonzero(pool.frame["label"] == label) for label in pool.frame["label"].unique()}
    texts = corpus.frame.reset_index(drop=True)
    key: Any
    for key, rows in texts.groupby(["label", "conversation", "turn"]):
        label, conversation, turn = key
        showing = showings.get((label, conversation), ())
        ever, shown = (
            np.unique([place[i] for ids in turns for i in ids if i in place]).astype(np.int64)
            for turns in (showing, showing[: turn + 1])
        )
        unshown = rng.permutation(np.setdiff1d(of_label.get(label, []), ever).astype(np.int64))[: len(shown)]
        if len(shown) and len(unshown):
            yield _Turn((label, conversation), rows.index.to_numpy(), shown, unshown)


def _returned(find: Callable[[str], set[str]], turns: Sequence[_Turn], corpus: Texts, pool: Texts) -> Returned:
    of_text, of_real = ([find(text) for text in side.words] for side in (corpus, pool))
    ids, real_ids = corpus.frame["id"].tolist(), pool.frame["id"].tolist()

    def holding(turn: _Turn, side: NDArray[np.int64]) -> list[tuple[str, str]]:
        """Each text that holds an item of one of these rows, with the first such row."""
        pairs = []
        for row in turn.rows:
            holders = (real for real in side if of_text[row] & of_real[real])
            if (real := next(holders, None)) is not None:
                pairs.append((ids[row], real_ids[real]))
        return pairs

    shown = [pair for turn in turns for pair in holding(turn, turn.shown)]
    unshown = sum(len(holding(turn, turn.unshown)) for turn in turns)
    return Returned(shown=len(shown), unshown=unshown, pairs=tuple(sorted(shown)[:NAMED]))
