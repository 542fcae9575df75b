"""The texts behind the scores of a source: the most unlike real ones, most repeated, most copied, least true to their
label, each with the real text that is nearest to it. Only ids leave here.
"""

import numpy as np
from numpy.typing import NDArray

from pyrite.base.schema import Result
from pyrite.measures import neighbours
from pyrite.measures.diversity import Texts, label_classifier
from pyrite.measures.neighbours import Vectors

SEED = 0

# Texts that are listed of each kind.
LISTED = 5

# Each text is held against at most so many others, drawn at random: all against all takes too long for more.
OTHERS = 20_000


class Telling(Result):
    """A text, the value that it is listed for, and the texts nearest to it: a real one, and one of its own source.

    `said`: of a text that is not true to its label, the label that fits it better.
    """

    id: str
    value: float
    real: str
    twin: str = ""
    said: str = ""


class TellingTexts(Result):
    """The texts of a source, the worst first.

    Attributes:
        unlike: by their cosine to the nearest real training text, the lowest first; `copied`: the highest first.
        repeated: by their cosine to the nearest other text of the source, which is their `twin`.
        untrue: by the chance that a classifier trained on real texts gives their label, the lowest first.
    """

    unlike: tuple[Telling, ...] = ()
    repeated: tuple[Telling, ...] = ()
    copied: tuple[Telling, ...] = ()
    untrue: tuple[Telling, ...] = ()


def telling(corpus: Texts, real: Texts) -> TellingTexts:
    """The texts behind the scores of a source, held against real training texts (two labels or more; not empty)."""
    if len(corpus) < 2:
        return TellingTexts()
    rng = np.random.default_rng(SEED)
    corpus = corpus.take(rng.permutation(len(corpus)))
    chances, likeliest = _chances(corpus, real)
    real = real.take(rng.permutation(len(real))[:OTHERS])
    to_real = neighbours.largest_cosines(corpus.vectors, real.vectors, 1)[:, 0]
    to_twin = neighbours.largest_cosines(corpus.vectors, corpus.vectors[:OTHERS], 1, skip_self=True)[:, 0]

    def listed(
        values: NDArray[np.floating], sign: int, twins: bool = False, labels: bool = False
    ) -> tuple[Telling, ...]:
        rows = np.argsort(sign * values, kind="stable")[:LISTED]
        real_rows = _nearest(corpus.vectors[rows], real.vectors)
        twin_rows = _nearest(corpus.vectors[rows], corpus.vectors[:OTHERS], rows)
        ids, real_ids = corpus.frame["id"].to_numpy(), real.frame["id"].to_numpy()
        return tuple(
            Telling(
                id=ids[row],
                value=float(values[row]),
                real=real_ids[real_row],
                twin=ids[twin_row] if twins else "",
                said=str(likeliest[row]) if labels else "",
            )
            for row, real_row, twin_row in zip(rows, real_rows, twin_rows, strict=True)
        )

    return TellingTexts(
        unlike=listed(to_real, 1),
        repeated=listed(to_twin, -1, twins=True),
        copied=listed(to_real, -1),
        untrue=listed(chances, 1, labels=True) if len(likeliest) else (),
    )


def _nearest(vectors: Vectors, others: Vectors, own: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The other that is nearest to each, itself left out."""
    cosines = vectors @ others.T
    if own is not None:
        rows = np.flatnonzero(own < len(others))
        cosines[rows, own[rows]] = -np.inf
    nearest: NDArray[np.int64] = cosines.argmax(axis=1)
    return nearest


def _chances(corpus: Texts, real: Texts) -> tuple[NDArray[np.floating], NDArray[np.object_]]:
    """The chance of each text's own label, and the likeliest label; nothing where real texts have one label only."""
    if real.frame["label"].nunique() < 2:
        return np.zeros(0), np.zeros(0, dtype=object)
    classifier = label_classifier(real)
    chances = classifier.predict_proba(corpus.vectors)
    column = {label: i for i, label in enumerate(classifier.classes_)}
    # Of a label without real texts nothing is known: its texts come last.
    own = [chances[row, column[label]] if label in column else 1.0 for row, label in enumerate(corpus.frame["label"])]
    return np.array(own), classifier.classes_[chances.argmax(axis=1)]
