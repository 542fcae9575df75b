"""Regions of real texts that a generated set leaves out: what to ask the LLM for next. Only ids leave here."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pyrite.base.schema import Result
from pyrite.measures import embedding_diversity
from pyrite.measures.neighbours import Vectors

SEED = 0

# At most so many regions, each of so many texts or more in the mean; texts that are listed of each.
REGIONS, LEAST_TEXTS, LISTED = 5, 10, 5


class LabelGap(Result):
    """How many real texts of a label were asked, and how many of them have no generated neighbour."""

    texts: int
    left_out: int


class Region(Result):
    """Real texts without a generated neighbour that lie together: how many, of which labels, the most typical ids."""

    texts: int
    labels: dict[str, int]
    ids: tuple[str, ...]


class LeftOut(Result):
    """How many real texts were asked for a generated neighbour, and those without: by label, and by region."""

    texts: int
    labels: dict[str, LabelGap]
    regions: tuple[Region, ...]


def left_out(frame: pd.DataFrame, vectors: Vectors, generated: Vectors) -> LeftOut:
    """The real training texts without a generated neighbour, by label and by region.

    A text has one where a generated text lies no farther than its fifth nearest real one (Naeem et al. 2020): asked of
    as many real texts as there are generated ones, drawn at random. The texts without are put together by k-means.

    Args:
        frame: real training rows, columns id and label.
        vectors: their embeddings, row for row.
        generated: those of the generated texts.

    Returns:
        The regions are the largest first.
    """
    rng = np.random.default_rng(SEED)
    n = min(len(frame), len(generated))
    if n < 2:
        return LeftOut(texts=n, labels={}, regions=())
    drawn = rng.permutation(len(frame))[:n]
    sample, real = frame.iloc[drawn].reset_index(drop=True), vectors[drawn]
    out = ~embedding_diversity.covered(real, generated[rng.permutation(len(generated))[:n]])
    labels = {
        str(label): LabelGap(texts=len(rows), left_out=int(out[rows.index].sum()))
        for label, rows in sample.groupby("label")
    }
    return LeftOut(texts=n, labels=labels, regions=_regions(sample[out].reset_index(drop=True), real[out]))


def _regions(frame: pd.DataFrame, vectors: Vectors) -> tuple[Region, ...]:
    count = min(REGIONS, len(frame) // LEAST_TEXTS, len(np.unique(vectors, axis=0)))
    if not count:
        return ()
    from sklearn.cluster import KMeans  # here: who reads results need not wait for it

    # For so few numbers, threads that wait for each other on a busy machine cost far more than they save.
    with threadpool_limits(1):
        clusters = KMeans(count, n_init=5, random_state=SEED).fit(vectors)
    distance = np.linalg.norm(vectors - clusters.cluster_centers_[clusters.labels_], axis=1)
    regions = []
    for cluster in range(count):
        rows = np.flatnonzero(clusters.labels_ == cluster)
        nearest = rows[np.argsort(distance[rows], kind="stable")][:LISTED]
        labels = {str(label): int(times) for label, times in frame["label"].iloc[rows].value_counts().items()}
        regions.append(Region(texts=len(rows), labels=labels, ids=tuple(frame["id"].iloc[nearest])))
    return tuple(sorted(regions, key=lambda region: -region.texts))
