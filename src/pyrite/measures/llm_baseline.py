"""The LLM called as the classifier: how it scores on the test rows that it labelled, and the classifiers on the same.

An LLM that answers in several roles (personas) stands for itself as seeds do for a mix: its score is their mean, their
spread is part of the interval.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from pyrite.measures import statistics
from pyrite.measures.statistics import Floats, Integers, Samples

# Fewer rows than this say nothing.
FEWEST = 20


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
    said = [pd.Index(labels).get_indexer(pd.Index(wide[persona].iloc[whole])) for persona in wide]
    return whole, np.stack(said)


def against(
    gold: Integers, said: Integers, predicted: dict[str, dict[str, Integers]], labels: int, resamples: int
) -> dict[str, Any]:
    """Scores of the LLM and of every mix on the same m items, and the LLM's gap to each mix.

    Args:
        gold: (m,).
        said: (personas, m).
        predicted: encoder -> mix -> (seeds, m).
    """
    llm = _estimates(gold, said, labels, resamples)
    found: dict[str, Any] = {"rows": len(gold), "personas": len(said)}
    found |= {score: _interval(one) for score, one in llm.items()}
    found["encoders"] = {}
    for encoder, of_mix in predicted.items():
        found["encoders"][encoder] = {}
        for mix, codes in of_mix.items():
            mine = _estimates(gold, codes, labels, resamples)
            entry: dict[str, Any] = {score: _interval(one) for score, one in mine.items()}
            entry["gap"] = {score: _floats(*statistics.unpaired(one, mine[score], 0.95)) for score, one in llm.items()}
            found["encoders"][encoder][mix] = entry
    return found


def _estimates(gold: Integers, predicted: Integers, labels: int, resamples: int) -> dict[str, Samples]:
    # The same seed each time: every classifier is scored on the same samples of the items.
    drawn = statistics.bootstrap(gold, predicted, labels, resamples, np.random.default_rng(0))
    counts = statistics.count(gold, predicted, labels)
    return {
        "macro_f1": Samples(counts.macro_f1()[:, None], drawn.macro_f1[..., None]),
        "accuracy": Samples(counts.accuracy()[:, None], drawn.accuracy[..., None]),
    }


def _interval(found: Samples) -> dict[str, float]:
    low, high = (np.clip(end, 0, 1) for end in found.interval(0.95))
    return _floats(found.mean, low, high)


def _floats(mean: Floats, low: Floats, high: Floats) -> dict[str, float]:
    return {"mean": float(mean[0]), "low": float(low[0]), "high": float(high[0])}
