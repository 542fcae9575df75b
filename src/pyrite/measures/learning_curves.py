"""Learning curves: scores over numbers of real labels, made non-decreasing and inverted."""

from collections.abc import Sequence

import numpy as np

from pyrite.measures.scores import Floats


def isotonic(curves: Floats, weights: Floats) -> Floats:
    """The non-decreasing weighted least-squares fit of each curve (..., K), `weights` (K,).

    By the min-max formula (Barlow et al. 1972, section 1.2), many curves at once: the fit at point i is the largest,
    over j <= i, of the smallest, over k >= i, of the weighted mean from j to k.
    """
    fitted = np.full_like(curves, -np.inf)
    for j in range(len(weights)):
        means = (curves * weights)[..., j:].cumsum(-1) / weights[j:].cumsum()
        smallest = np.minimum.accumulate(means[..., ::-1], axis=-1)[..., ::-1]
        fitted[..., j:] = np.maximum(fitted[..., j:], smallest)
    return fitted


def worth(rows: Sequence[int], curves: Floats, weights: Floats, scores: Floats) -> Floats:
    """How many real labels give each score: the learning curve inverted.

    Args:
        rows: (K,), real rows at the points of the curve, increasing.
        curves: (..., K), scores at those points; made non-decreasing, linear in log rows between points.
        weights: (K,), of the points in the non-decreasing fit: the inverse variance of each, since a few rows give
            scores that differ wildly from seed to seed.
        scores: (...), the scores to look up.

    Returns:
        (...): the fewest rows whose fitted score is the given one; 0 below the curve's first point (fewer than its
        rows), infinity above its last (more than its rows).
    """
    fitted = isotonic(curves, weights)
    logs = np.log(np.asarray(rows, dtype=float))
    # The first point that reaches the score; a level stretch of the curve has one score whatever its rounding.
    right = (fitted < scores[..., None] - 1e-9).sum(-1)
    beyond, right = right == len(rows), np.clip(right, 1, len(rows) - 1)
    low, high = (np.take_along_axis(fitted, (right - k)[..., None], -1)[..., 0] for k in (1, 0))
    share = np.divide(scores - low, high - low, out=np.zeros_like(low), where=high > low)
    labels = np.exp(logs[right - 1] + np.clip(share, 0, 1) * (logs[right] - logs[right - 1]))
    return np.where(beyond, np.inf, np.where(scores < fitted[..., 0] - 1e-9, 0.0, labels))
