"""95 % intervals by resampling, as the {"value", "low", "high"} that metrics files hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

Floats = NDArray[np.float64]

# value, low, high; where one of them is None, a note that says why.
Figure = dict[str, Any]

# Resampled counts that are held in memory at once.
_CHUNK = 10_000_000

# Parts of the delete-a-group jackknife.
_GROUPS = 20


def gap(note: str) -> Figure:
    """A value that can't be given, and why."""
    return {"value": None, "low": None, "high": None, "note": note}


def bootstrap(statistic: Callable[[Floats], Floats], n: int, resamples: int, rng: np.random.Generator) -> Figure:
    """Percentile interval from samples of the n items with replacement.

    `statistic` takes how often each item is in a sample, (samples, n), and gives one value for each, (samples,); NaN
    where it is not defined. With more than 5 % of those the interval is a gap.
    """
    value = float(statistic(np.ones((1, n)))[0])
    if not np.isfinite(value):
        return gap("not defined for these items")
    rows = max(1, _CHUNK // n)
    draws = np.concatenate(
        [statistic(_times(n, min(rows, resamples - start), rng)) for start in range(0, resamples, rows)]
    )
    if np.isnan(draws).mean() > 0.05:
        return {"value": value, "low": None, "high": None, "note": "not defined for many samples of these items"}
    low, high = np.nanpercentile(draws, [2.5, 97.5], method="nearest")
    if not np.isfinite([low, high]).all():
        return {"value": value, "low": None, "high": None, "note": "without bound in many samples of these items"}
    return {"value": value, "low": float(low), "high": float(high)}


def _times(n: int, samples: int, rng: np.random.Generator) -> Floats:
    drawn = rng.integers(n, size=(samples, n)) + np.arange(samples)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=samples * n).reshape(samples, n).astype(float)


def of_mean(values: NDArray[Any], resamples: int, rng: np.random.Generator) -> Figure:
    """The mean of values (n,), with its bootstrap interval."""
    exact = values.astype(float)
    return bootstrap(lambda times: times @ exact / len(exact), len(exact), resamples, rng)


def jackknife(statistic: Callable[[NDArray[np.int_]], float], n: int, rng: np.random.Generator) -> Figure:
    """Delete-a-group jackknife interval (Kott 2001), for statistics that copies of an item would spoil.

    Each of 20 random groups of the n items is left out in turn; `statistic` takes the indices that stay.
    """
    value = statistic(np.arange(n))
    groups = np.array_split(rng.permutation(n), min(_GROUPS, n))
    left = np.array([statistic(np.setdiff1d(np.arange(n), group)) for group in groups])
    if not (np.isfinite(value) and np.isfinite(left).all()):
        return gap("not defined for these items")
    k = len(groups)
    reach = float(t.ppf(0.975, k - 1) * np.sqrt((k - 1) / k * ((left - left.mean()) ** 2).sum()))
    return {"value": value, "low": value - reach, "high": value + reach}
