"""Would filtering help? A source trained on whole, without the rows whose label a checker doubts, and with weights.

The checker is a probe trained on the real training rows. *Kept* are the rows whose label it gives too; *weighted*,
every row counts as much as the probability that it gives to the row's label (as in IMP-Loss: Kuo et al. 2024,
arXiv 2410.21526, without its term for diversity). All are scored on the real test rows, alone and with the checker's
rows added, by the same probe.
"""

import numpy as np

from pyrite.base.schema import Result
from pyrite.measures import probes, scores, statistics
from pyrite.measures.diversity import Texts
from pyrite.measures.intervals import Interval
from pyrite.measures.scores import Floats

SEED = 0
# Fewer test rows, or rows that the checker confirms, say nothing.
FEWEST = 20


class Filtering(Result):
    """What filtering a source does, in macro-F1 (0 to 1); gains are over all of its rows, with 95 % intervals over the
    test rows.

    Attributes:
        checked_by: the real rows that the checker learned from.
        kept: the share of the source's rows whose label it confirms.
        alone: the score of all rows of the source.
        kept_alone, weighted_alone: what the confirmed rows, and all with weights, gain alone.
        kept_mixed, weighted_mixed: the same with the checker's real rows added.
    """

    checked_by: int
    kept: float
    alone: float
    kept_alone: Interval
    weighted_alone: Interval
    kept_mixed: Interval
    weighted_mixed: Interval


def measure(source: Texts, train: Texts, test: Texts, resamples: int) -> Filtering | None:
    """What filtering a source does; None with too few test rows, or confirmed rows of less than two labels."""
    labels = sorted(set(train.frame["label"]) | set(source.frame["label"]))
    if len(test) < FEWEST or len(set(train.frame["label"])) < 2:
        return None
    targets, real, gold = (
        np.array([labels.index(label) for label in texts.frame["label"]]) for texts in (source, train, test)
    )
    checker = probes.fit(train.vectors, real)
    belief = np.zeros((len(source), len(labels)))
    belief[:, checker.classes_] = checker.predict_proba(source.vectors)
    kept = belief.argmax(1) == targets
    if kept.sum() < FEWEST or len(set(targets[kept])) < 2:
        return None

    def predicted(weights: Floats, mixed: bool) -> np.ndarray:
        """The labels of the test rows, trained on the rows with weights above 0."""
        used = weights > 0
        parts = [(source.vectors[used], targets[used], weights[used])]
        parts += [(train.vectors, real, np.ones(len(real)))] if mixed else []
        vectors, codes, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
        return np.asarray(probes.fit(vectors, codes, shares).predict(test.vectors))

    ways = [np.ones(len(targets)), kept.astype(float), belief[np.arange(len(targets)), targets]]
    predictions = np.stack([predicted(weights, mixed) for mixed in (False, True) for weights in ways])
    observed = scores.count(gold, predictions, len(labels)).macro_f1()
    drawn = statistics.bootstrap(gold, predictions, len(labels), resamples, np.random.default_rng(SEED)).macro_f1
    pairs = {"kept_alone": (1, 0), "weighted_alone": (2, 0), "kept_mixed": (4, 3), "weighted_mixed": (5, 3)}
    gains = {name: _gain(observed, drawn, i, j) for name, (i, j) in pairs.items()}
    return Filtering(checked_by=len(train), kept=float(kept.mean()), alone=float(observed[0]), **gains)


def _gain(observed: Floats, drawn: Floats, i: int, j: int) -> Interval:
    low, high = np.quantile(drawn[:, i] - drawn[:, j], [0.025, 0.975])
    return Interval(value=float(observed[i] - observed[j]), low=float(low), high=float(high))
