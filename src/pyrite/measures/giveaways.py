"""What gives generated texts away: words, punctuation, casing and lengths that they have more or less often than real
texts of the same label, and words that tell the label more plainly than in real texts.

Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008): the prior has the shares of both sides
together and weighs as much as `PRIOR` texts. Each feature counts once a text, as the tenth time in a text is no new
evidence, and is a choice of its own: to have it or not. The variance has all terms, not only those of having it: some
features are in nearly all texts.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtri

from pyrite.base.schema import Result
from pyrite.data import texts as texts_of
from pyrite.measures import near_duplicates
from pyrite.measures.intervals import Floats

PRIOR = 100

# A feature of fewer texts is not looked at: it may be somebody's name, and is no evidence.
LEAST = 5

# Features that are listed of each label and side; texts that are named of each side of a feature.
LISTED, NAMED = 4, 5

NUMBER = "(a number)"


class Giveaway(Result):
    """A feature that a source has more often than real texts (z above 0) or less often.

    Attributes:
        kind: one of `KINDS`.
        texts, of: so many of so many texts of the label have it in the source; `real_texts`, `real_of`: of real ones.
        log_odds, z: the log-odds ratio of source to real, and how many standard errors it is from 0.
        ids, real_ids: some texts of each side that have it.
    """

    kind: str
    feature: str
    texts: int
    of: int
    real_texts: int
    real_of: int
    log_odds: float
    z: float
    ids: tuple[str, ...] = ()
    real_ids: tuple[str, ...] = ()


class Leak(Result):
    """A word that tells its label more plainly in a source than in real texts.

    Of the `of` texts with the word, `texts` have the label; of real ones `real_texts` of `real_of`. `z`: how many
    standard errors the log-odds ratio of label to other labels in the source lies above that in real texts.
    """

    label: str
    feature: str
    texts: int
    of: int
    real_texts: int
    real_of: int
    z: float
    ids: tuple[str, ...] = ()


class GivenAway(Result):
    """What gives a source away, by label, the plainest first, and the words that leak its labels."""

    labels: dict[str, tuple[Giveaway, ...]]
    leaks: tuple[Leak, ...]


def words(text: str) -> set[str]:
    """The words of a text in lower case; all numbers are one."""
    return {
        NUMBER if any(sign.isdigit() for sign in token) else token
        for token in near_duplicates.tokens(text)
        if any(sign.isalnum() for sign in token)
    }


def punctuation(text: str) -> set[str]:
    """The signs of a text, and the one at its end."""
    end = text[-1:] if text and not text[-1].isalnum() else "no sign"
    return {*re.findall(r"[^\w\s]", text), f"{end} at the end"}


def casing(text: str) -> set[str]:
    """How a text uses capitals; nothing in scripts without them."""
    if text.lower() == text.upper():
        return set()
    long = [word for word in text.split() if len(word) > 3 and word[0].isalpha()]
    uses = {
        "begins with a capital": text[:1].isupper(),
        "begins with a small letter": text[:1].islower(),
        "no capitals": text == text.lower(),
        "a word in capitals": any(word.isupper() and len(word) > 1 for word in re.findall(r"[^\W\d_]+", text)),
        "every long word with a capital": len(long) > 2 and all(word[0].isupper() for word in long),
    }
    return {feature for feature, holds in uses.items() if holds}


def length(text: str) -> set[str]:
    """The bucket of a text's length in words: 1, 2 to 3, 4 to 7 and so on."""
    least = 1 << (max(texts_of.length(text), 1).bit_length() - 1)
    return {f"{least} to {2 * least - 1} words" if least > 1 else "1 word"}


KINDS: dict[str, Callable[[str], set[str]]] = {
    "word": words,
    "punctuation": punctuation,
    "casing": casing,
    "length": length,
}


def log_odds(counts: Floats, n: int, others: Floats, n_others: int, shares: Floats) -> tuple[Floats, Floats]:
    """The log-odds ratio of each feature between two sides and its variance, (features,) each.

    Args:
        counts, others: how many texts of each side have each feature, of n and `n_others` texts.
        shares: the share of all texts, of both sides or more, that have it; the prior's.
    """
    having, lacking = PRIOR * shares, PRIOR * (1 - shares)
    # A feature that all texts have leaves no prior for lacking it: half a text keeps the odds finite.
    cells = [
        np.maximum(cell, 0.5)
        for side, total in ((counts, n), (others, n_others))
        for cell in (side + having, total - side + lacking)
    ]
    ratio: Floats = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    variance: Floats = sum((1 / cell for cell in cells), np.zeros(len(shares)))
    return ratio, variance


def given_away(real: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> dict[str, GivenAway]:
    """What gives each source away beside real texts (columns id, text, label); without real texts, leaks alone."""
    ends = np.cumsum([0, len(real), *map(len, sources.values())])
    every = pd.concat([real, *sources.values()])["text"].tolist()
    frames = [frame[["id", "label"]] for frame in (real, *sources.values())]
    giveaways: dict[str, dict[str, list[Giveaway]]] = {source: {} for source in sources}
    leaks: dict[str, list[Leak]] = {}
    for kind, features in KINDS.items():
        table, names = _table(every, features)
        tables = (table[start:end] for start, end in itertools.pairwise(ends))
        of_real, *of_sources = map(_Side, frames, tables)
        for source, side in zip(sources, of_sources, strict=True):
            for label, own in side.by_label.items():
                differences = _between(kind, names, own, of_real.of_label(label))
                giveaways[source].setdefault(label, []).extend(differences)
            if kind == "word":
                leaks[source] = _leaks(names, side, of_real)
    return {
        source: GivenAway(
            labels={
                label: tuple(_plainest(listed, 1) + _plainest(listed, -1))
                for label, listed in of_source.items()
                if listed
            },
            leaks=tuple(leaks[source]),
        )
        for source, of_source in giveaways.items()
    }


@dataclass(frozen=True, eq=False)
class _Side:
    """Texts (columns id and label), and which features each has, (texts, features)."""

    frame: pd.DataFrame
    table: csr_array

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def by_label(self) -> dict[str, _Side]:
        """The texts of each label."""
        return {label: self._taken(self.frame["label"] == label) for label in sorted(self.frame["label"].unique())}

    @cached_property
    def counts(self) -> Floats:
        """How many texts have each feature."""
        return np.bincount(self.table.indices, minlength=self.table.shape[1]).astype(np.float64)

    def of_label(self, label: str) -> _Side:
        """Those of one label, of which there may be none."""
        return self.by_label[label] if label in self.by_label else self._taken(self.frame["label"] == label)

    def _taken(self, rows: pd.Series) -> _Side:
        return _Side(self.frame[rows], csr_array(self.table[rows.to_numpy()]))

    def having(self, feature: int) -> tuple[str, ...]:
        """Some texts that have a feature: those with the lowest ids, which is at random."""
        return tuple(sorted(self.frame["id"].to_numpy()[self.table[:, [feature]].nonzero()[0]])[:NAMED])


def _table(every: Sequence[str], features: Callable[[str], Iterable[str]]) -> tuple[csr_array, NDArray[np.object_]]:
    """Which features each text has, (texts, features), and the features' names: those of `LEAST` texts or more."""
    from sklearn.feature_extraction.text import CountVectorizer  # here: who reads results need not wait for it

    vectoriser = CountVectorizer(binary=True, analyzer=features, dtype=np.int32)
    # The extra text gives the vectoriser a vocabulary where no text has a feature.
    table = csr_array(vectoriser.fit_transform([*every, "A word."]))[:-1]
    kept = np.flatnonzero(np.bincount(table.indices, minlength=table.shape[1]) >= LEAST)
    return csr_array(table[:, kept]), vectoriser.get_feature_names_out()[kept]


def _between(kind: str, names: NDArray[np.object_], own: _Side, real: _Side) -> list[Giveaway]:
    """The features of one label that two sides differ in, beyond what chance gives among so many (Bonferroni, 5 %)."""
    if not len(own) or not len(real):
        return []
    seen = np.flatnonzero(own.counts + real.counts >= LEAST)
    counts, real_counts = own.counts[seen], real.counts[seen]
    shares = (counts + real_counts) / (len(own) + len(real))
    ratio, variance = log_odds(counts, len(own), real_counts, len(real), shares)
    z = ratio / np.sqrt(variance)
    # The listed ones of either direction are enough: a kind alone could fill them.
    order = np.argsort(-np.abs(z), kind="stable")
    plain = [i for i in order if abs(z[i]) > _beyond(len(z))]
    listed = [i for i in plain if z[i] > 0][:LISTED] + [i for i in plain if z[i] < 0][:LISTED]
    return [
        Giveaway(
            kind=kind,
            feature=str(names[seen[i]]),
            texts=int(counts[i]),
            of=len(own),
            real_texts=int(real_counts[i]),
            real_of=len(real),
            log_odds=float(ratio[i]),
            z=float(z[i]),
            ids=own.having(seen[i]),
            real_ids=real.having(seen[i]),
        )
        for i in listed
    ]


def _leaks(names: NDArray[np.object_], source: _Side, real: _Side) -> list[Leak]:
    """The words that tell a label more plainly than in real texts, beyond chance: the plainest of each label."""
    leaks: list[Leak] = []
    seen = np.flatnonzero(source.counts >= LEAST)
    totals, real_totals = source.counts[seen], real.counts[seen]
    shares = (totals + real_totals) / (len(source) + len(real))
    for label, own in source.by_label.items() if len(source.by_label) > 1 and len(seen) else ():
        own_real = real.of_label(label)
        counts, real_counts = own.counts[seen], own_real.counts[seen]
        ratio, variance = log_odds(counts, len(own), totals - counts, len(source) - len(own), shares)
        if len(own_real):
            others, n_others = real_totals - real_counts, len(real) - len(own_real)
            real_ratio, real_variance = log_odds(real_counts, len(own_real), others, n_others, shares)
            ratio, variance = ratio - real_ratio, variance + real_variance
        z = ratio / np.sqrt(variance)
        leaks += [
            Leak(
                label=label,
                feature=str(names[seen[i]]),
                texts=int(counts[i]),
                of=int(totals[i]),
                real_texts=int(real_counts[i]),
                real_of=int(real_totals[i]),
                z=float(z[i]),
                ids=own.having(seen[i]),
            )
            for i in np.argsort(-z, kind="stable")[:LISTED]
            if z[i] > _beyond(len(z) * len(source.by_label))
        ]
    return sorted(leaks, key=lambda leak: -leak.z)


def _beyond(tests: int) -> float:
    """The z that chance alone passes in one of twenty families of so many two-sided tests."""
    return float(-ndtri(0.025 / max(tests, 1)))


def _plainest(listed: Sequence[Giveaway], sign: int) -> list[Giveaway]:
    of_sign = (giveaway for giveaway in listed if giveaway.z * sign > 0)
    return sorted(of_sign, key=lambda giveaway: -abs(giveaway.z))[:LISTED]
