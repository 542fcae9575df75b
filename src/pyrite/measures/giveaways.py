"""What gives generated texts away: words, punctuation, casing and lengths that they have more or less often than real
texts of the same label, and words that tell the label more plainly than in real texts.

Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008): the prior has the shares of both sides
together and weighs as much as `PRIOR` texts. Each feature counts once a text, as the tenth time in a text is no new
evidence, and is a choice of its own: to have it or not. The variance has all terms, not only those of having it: some
features are in nearly all texts.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

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
    found = {
        "begins with a capital": text[:1].isupper(),
        "begins with a small letter": text[:1].islower(),
        "no capitals": text == text.lower(),
        "a word in capitals": any(word.isupper() and len(word) > 1 for word in re.findall(r"[^\W\d_]+", text)),
        "every long word with a capital": len(long) > 2 and all(word[0].isupper() for word in long),
    }
    return {feature for feature, holds in found.items() if holds}


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


def log_odds(mine: Floats, n: int, others: Floats, of_others: int, shares: Floats) -> tuple[Floats, Floats]:
    """The log-odds ratio of each feature between two sides and its variance, (features,) each.

    Args:
        mine, others: how many texts of each side have each feature, of n and `of_others` texts.
        shares: the share of all texts, of both sides or more, that have it; the prior's.
    """
    having, lacking = PRIOR * shares, PRIOR * (1 - shares)
    # A feature that all texts have leaves no prior for lacking it: half a text keeps the odds finite.
    cells = [
        np.maximum(cell, 0.5)
        for side, total in ((mine, n), (others, of_others))
        for cell in (side + having, total - side + lacking)
    ]
    ratio: Floats = np.log(cells[0] / cells[1]) - np.log(cells[2] / cells[3])
    variance: Floats = sum((1 / cell for cell in cells), np.zeros(len(shares)))
    return ratio, variance


def given_away(real: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> dict[str, GivenAway]:
    """What gives each source away beside real texts (columns id, text, label); without real texts, leaks alone."""
    sides = [real, *sources.values()]
    ends = np.cumsum([0, *map(len, sides)])
    every = pd.concat(sides)["text"].tolist()
    found: dict[str, dict[str, list[Giveaway]]] = {name: {} for name in sources}
    leaks: dict[str, list[Leak]] = {}
    for kind, features in KINDS.items():
        table, names = _table(every, features)
        of_side = [table[start:end] for start, end in itertools.pairwise(ends)]
        for (name, frame), mine in zip(sources.items(), of_side[1:], strict=True):
            for label in sorted(frame["label"].unique()):
                own, others = (_of_label(*side, label) for side in ((frame, mine), (real, of_side[0])))
                found[name].setdefault(label, []).extend(_between(kind, names, own, others))
            if kind == "word":
                leaks[name] = _leaks(names, (frame, mine), (real, of_side[0]))
    return {
        name: GivenAway(
            labels={
                label: tuple(_plainest(listed, 1) + _plainest(listed, -1))
                for label, listed in of_source.items()
                if listed
            },
            leaks=tuple(leaks[name]),
        )
        for name, of_source in found.items()
    }


# The ids of texts, and which features each has.
_Side = tuple[NDArray[np.object_], csr_array]


def _table(every: Sequence[str], features: Callable[[str], Iterable[str]]) -> tuple[csr_array, NDArray[np.object_]]:
    """Which features each text has, (texts, features), and the features' names: those of `LEAST` texts or more."""
    from sklearn.feature_extraction.text import CountVectorizer  # here: who reads results need not wait for it

    vectoriser = CountVectorizer(binary=True, analyzer=features, dtype=np.int32)
    # The extra text gives the vectoriser a vocabulary where no text has a feature.
    table = csr_array(vectoriser.fit_transform([*every, "A word."]))[:-1]
    kept = np.flatnonzero(np.bincount(table.indices, minlength=table.shape[1]) >= LEAST)
    return csr_array(table[:, kept]), vectoriser.get_feature_names_out()[kept]


def _of_label(frame: pd.DataFrame, table: csr_array, label: str) -> _Side:
    rows = (frame["label"] == label).to_numpy()
    return frame["id"].to_numpy()[rows], csr_array(table[rows])


def _counts(side: _Side) -> Floats:
    return np.bincount(side[1].indices, minlength=side[1].shape[1]).astype(np.float64)


def _between(kind: str, names: NDArray[np.object_], own: _Side, others: _Side) -> list[Giveaway]:
    """The features of one label that two sides differ in, beyond what chance gives among so many (Bonferroni, 5 %)."""
    if not len(own[0]) or not len(others[0]):
        return []
    mine, theirs = _counts(own), _counts(others)
    seen = mine + theirs >= LEAST
    sizes = len(own[0]), len(others[0])
    ratio, variance = log_odds(mine[seen], sizes[0], theirs[seen], sizes[1], (mine + theirs)[seen] / sum(sizes))
    z = ratio / np.sqrt(variance)
    # The listed ones of either direction are enough: a kind alone could fill them.
    order = np.argsort(-np.abs(z), kind="stable")
    plain = [i for i in order if abs(z[i]) > _beyond(len(z))]
    some = [i for i in plain if z[i] > 0][:LISTED] + [i for i in plain if z[i] < 0][:LISTED]
    places = np.flatnonzero(seen)
    return [
        Giveaway(
            kind=kind,
            feature=str(names[places[i]]),
            texts=int(mine[places[i]]),
            of=len(own[0]),
            real_texts=int(theirs[places[i]]),
            real_of=len(others[0]),
            log_odds=float(ratio[i]),
            z=float(z[i]),
            ids=_named(own, places[i]),
            real_ids=_named(others, places[i]),
        )
        for i in some
    ]


def _leaks(
    names: NDArray[np.object_], source: tuple[pd.DataFrame, csr_array], real: tuple[pd.DataFrame, csr_array]
) -> list[Leak]:
    """The words that tell a label more plainly than in real texts, beyond chance: the plainest of each label."""
    found = []
    labels = sorted(source[0]["label"].unique())
    all_mine, all_theirs = (np.asarray(side[1].sum(axis=0), dtype=np.float64).ravel() for side in (source, real))
    seen = all_mine >= LEAST
    places = np.flatnonzero(seen)
    shares = (all_mine + all_theirs)[seen] / (len(source[0]) + len(real[0]))
    for label in labels if len(labels) > 1 and len(places) else ():
        own, theirs_all = _of_label(*source, label), _of_label(*real, label)
        mine, theirs, sizes = _counts(own)[seen], _counts(theirs_all)[seen], (len(own[0]), len(theirs_all[0]))
        ratio, variance = log_odds(mine, sizes[0], all_mine[seen] - mine, len(source[0]) - sizes[0], shares)
        if sizes[1]:
            others = all_theirs[seen] - theirs
            real_ratio, real_variance = log_odds(theirs, sizes[1], others, len(real[0]) - sizes[1], shares)
            ratio, variance = ratio - real_ratio, variance + real_variance
        z = ratio / np.sqrt(variance)
        for i in np.argsort(-z, kind="stable")[:LISTED]:
            if z[i] > _beyond(len(z) * len(labels)):
                found.append(
                    Leak(
                        label=label,
                        feature=str(names[places[i]]),
                        texts=int(mine[i]),
                        of=int(all_mine[places[i]]),
                        real_texts=int(theirs[i]),
                        real_of=int(all_theirs[places[i]]),
                        z=float(z[i]),
                        ids=_named(own, places[i]),
                    )
                )
    return sorted(found, key=lambda leak: -leak.z)


def _beyond(tests: int) -> float:
    """The z that chance alone passes in one of twenty families of so many two-sided tests."""
    return float(-ndtri(0.025 / max(tests, 1)))


def _named(side: _Side, feature: int) -> tuple[str, ...]:
    """Some texts that have a feature: those with the lowest ids, which is at random."""
    having = side[1][:, [feature]].nonzero()[0]
    return tuple(sorted(side[0][having])[:NAMED])


def _plainest(listed: Sequence[Giveaway], sign: int) -> list[Giveaway]:
    return sorted((one for one in listed if one.z * sign > 0), key=lambda one: -abs(one.z))[:LISTED]
