"""How texts lie in embedding space: spread within a set, closeness and coverage between two sets.

Vectors are L2-normalised, float32 (texts, dimensions); the distance is d = 1 - cosine. All of these depend on the
number of texts: compare sets of equal size.
"""

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pyrite.measures.intervals import Floats
from pyrite.measures.neighbours import Vectors, largest_cosines


def remote_clique(vectors: Vectors, times: Floats | None = None) -> Floats:
    """Mean distance of a text to the others (Cox et al. 2021), linear in the number of texts.

    With unit vectors the sum of the cosines of all pairs is |sum of vectors|^2 - n, so no pair is ever formed.

    Args:
        vectors: (n, dimensions), n >= 2.
        times: (..., n), how often each text is in a bootstrap sample; without it, once. Copies of the same text are no
            pair, else a sample drawn with replacement would look less diverse than the set it came from.

    Returns:
        (...): one value for each sample.
    """
    exact = vectors.astype(np.float64)
    times = np.ones(len(exact)) if times is None else times
    norms = np.einsum("ij,ij->i", exact, exact)
    cosines = ((times @ exact) ** 2).sum(-1) - times**2 @ norms
    pairs = times.sum(-1) ** 2 - (times**2).sum(-1)
    distance: Floats = 1 - cosines / pairs
    return distance


def nearest_distances(vectors: Vectors) -> Floats:
    """Distance of each text to the nearest other, (n,), n >= 2. The mean is the Chamfer distance (Cox et al. 2021)."""
    cosines = largest_cosines(vectors, vectors, 1, skip_self=True)[:, 0]
    # Rounding puts equal texts a hair beyond 1.
    return np.maximum(1 - cosines.astype(np.float64), 0)


def closeness(vectors: Vectors, others: Vectors, k: int = 5) -> Floats:
    """Mean of each text's k largest cosines to the other set (Li et al. 2023, appendix), (n,)."""
    mean: Floats = largest_cosines(vectors, others, min(k, len(others))).mean(1, dtype=np.float64)
    return mean


def covered(vectors: Vectors, others: Vectors, k: int = 5) -> NDArray[np.bool_]:
    """Whether the other set has a text within each text's k-th nearest neighbour distance, (n,).

    The mean is the coverage of Naeem et al. (2020), section 3.2.
    """
    radius = largest_cosines(vectors, vectors, min(k, len(vectors) - 1), skip_self=True)[:, -1]
    nearest = largest_cosines(vectors, others, 1)[:, 0]
    return np.asarray(nearest >= radius)


def vendi(vectors: Vectors) -> float:
    """Vendi score (Friedman and Dieng 2022): exp of the entropy of the eigenvalues of K/n, K the matrix of cosines.

    It is an effective number of distinct texts, from 1 (all equal) to n.
    """
    exact = vectors.astype(np.float64)
    # X X' and X' X have the same eigenvalues but for zeros: take the smaller matrix.
    gram = exact @ exact.T if len(exact) < exact.shape[1] else exact.T @ exact
    # For so small a matrix, threads that wait for each other on a busy machine cost far more than they save.
    with threadpool_limits(1):
        values = np.linalg.eigvalsh(gram / len(exact))
    positive = values[values > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def principal_plane(vectors: Vectors) -> tuple[Floats, tuple[float, float]]:
    """Places of texts on the plane of their first two principal components, and each one's share of the variance.

    The same texts always lie in the same places: a component points to where its largest weight is positive.

    Returns:
        (n, 2) and two shares; zeros where all texts are equal.
    """
    exact = vectors.astype(np.float64)
    centred = exact - exact.mean(0) if len(exact) else exact
    with threadpool_limits(1):
        values, components = np.linalg.eigh(centred.T @ centred)
    largest, axes = values[::-1][:2], components[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), [0, 1]])
    first, second = largest / values.sum() if values.sum() > 0 else (0.0, 0.0)
    return centred @ axes, (float(first), float(second))
