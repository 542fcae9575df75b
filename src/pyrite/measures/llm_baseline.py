"""The LLM called as the classifier: how it scores on the test rows that it labelled, and the classifiers on the same.

An LLM that answers in several roles (personas) stands for itself as seeds do for a mix: its score is their mean, their
spread is part of the interval.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from pyrite.base.schema import Result
from pyrite.measures import statistics
from pyrite.measures.intervals import Interval, Score
from pyrite.measures.scores import Integers, count
from pyrite.measures.statistics import Samples

if TYPE_CHECKING:
    import pandas as pd

# Fewer rows than this say nothing.
FEWEST = 20


class Gaps(Result):
    macro_f1: Interval
    accuracy: Interval


class Beside(Result):
    """A mix's scores on the rows that the LLM labelled, and `gap`: the LLM's scores minus these."""

    macro_f1: Score
    accuracy: Score
    gap: Gaps


class LlmResult(Result):
    """The LLM's scores on the `rows` that it labelled, and by classifier and mix what was trained beside it."""

    rows: int
    personas: int
    macro_f1: Score
    accuracy: Score
    classifiers: dict[str, dict[str, Beside]]


def answers(annotations: pd.DataFrame, ids: np.ndarray, labels: list[str]) -> tuple[Integers, Integers] | None:
    """What an LLM's personas said of the test rows.

    Args:
        annotations: columns item, annotator, label, source; those of source `llm` count.
        ids: (n,), the test rows.

    Returns:
        The positions of the m rows that the same personas labelled, all of them, and what each said, codes
        (personas, m); None where there are fewer than 20.
    """
    of_llm = annotations[(annotations["source"] == "llm") & annotations["label"].isin(labels)]
    # One table row for each test row: the first answer counts where a text was labelled twice.
    wide = of_llm.groupby(["item", "annotator"])["label"].first().unstack().reindex(ids)
    labelled = wide.notna().to_numpy()
    patterns = Counter(map(tuple, labelled[labelled.any(axis=1)].tolist()))
    if not patterns:
        return None
    # Recorded personas and those asked since may each have rows of their own: the set with the most rows counts.
    most = max(patterns, key=lambda pattern: (patterns[pattern], pattern))
    wide = wide.loc[:, list(most)]
    whole = np.flatnonzero(wide.notna().all(axis=1).to_numpy())
    if len(whole) < FEWEST:
        return None
    code = {label: k for k, label in enumerate(labels)}
    return whole, np.stack([wide[persona].iloc[whole].map(code).to_numpy(dtype=int) for persona in wide])


def against(
    gold: Integers, answered: Integers, predicted: dict[str, dict[str, Integers]], labels: int, resamples: int
) -> LlmResult:
    """Scores of the LLM and of every mix on the same m items, and the LLM's gap to each mix.

    Args:
        gold: (m,).
        answered: (personas, m), what the LLM's personas said.
        predicted: classifier -> mix -> (seeds, m).
    """
    llm = _samples(gold, answered, labels, resamples)

    def beside(codes: Integers) -> Beside:
        mix = _samples(gold, codes, labels, resamples)
        gaps = {}
        for score in llm:
            value, low, high = statistics.unpaired(llm[score], mix[score], 0.95)
            gaps[score] = Interval(value=value[0], low=low[0], high=high[0])
        return Beside(**_scores(mix), gap=Gaps(**gaps))

    classifiers = {name: {mix: beside(codes) for mix, codes in of_mix.items()} for name, of_mix in predicted.items()}
    return LlmResult(rows=len(gold), personas=len(answered), **_scores(llm), classifiers=classifiers)


def _samples(gold: Integers, predicted: Integers, labels: int, resamples: int) -> dict[str, Samples]:
    # The same seed each time: every classifier is scored on the same samples of the items.
    drawn = statistics.bootstrap(gold, predicted, labels, resamples, np.random.default_rng(0))
    counts = count(gold, predicted, labels)
    return {
        "macro_f1": Samples(counts.macro_f1()[:, None], drawn.macro_f1[..., None]),
        "accuracy": Samples(counts.accuracy()[:, None], drawn.accuracy[..., None]),
    }


def _scores(of_scores: dict[str, Samples]) -> dict[str, Score]:
    scores = {}
    for score, samples in of_scores.items():
        low, high = (np.clip(end, 0, 1)[0] for end in samples.interval(0.95))
        scores[score] = Score(value=samples.mean[0], low=low, high=high)
    return scores
