"""Estimates: values with 95 % intervals, by resampling."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from pyrite.base.schema import Result

Floats = NDArray[np.float64]

# Resampled counts that are held in memory at once.
_CHUNK = 10_000_000

# Parts of the delete-a-group jackknife.
_GROUPS = 20

# Pairs of which a permutation test takes all orders, and how many random ones it takes of more.
_ALL_ORDERS, _ORDERS = 7, 4999


class Estimate(Result):
    """A value and the ends of its 95 % interval; where one of them is None, `note` says why."""

    value: float | None
    low: float | None
    high: float | None
    note: str | None = None

    @classmethod
    def missing(cls, reason: str) -> Self:
        """A value that can't be given, and why."""
        return cls(value=None, low=None, high=None, note=reason)


class Interval(Estimate):
    """A value that is always known, and so is its interval."""

    value: float
    low: float
    high: float


class Score(Estimate):
    """A score in [0, 1], the mean over seeds; `low` and `high` are None where no interval would hold."""

    value: float
    per_seed: tuple[float, ...] = ()


class Correlation(Estimate):
    """A correlation of so many pairs, with the p-value of a permutation test."""

    p: float | None = None
    pairs: int = 0


class Pooled(Estimate):
    """The mean effect over studies, with the p-value of its t-test."""

    p: float | None = None
    studies: int = 0


def bootstrap(statistic: Callable[[Floats], Floats], n: int, resamples: int, rng: np.random.Generator) -> Estimate:
    """Percentile interval from samples of the n items with replacement.

    `statistic` takes how often each item is in a sample, (samples, n), and gives one value for each, (samples,); NaN
    where it is not defined. With more than 5 % of those the interval is a gap.
    """
    return bootstrap_each(lambda times: statistic(times)[:, None], n, resamples, rng)[0]


def bootstrap_each(
    statistic: Callable[[Floats], Floats], n: int, resamples: int, rng: np.random.Generator
) -> list[Estimate]:
    """As `bootstrap`, for a statistic that gives several values for each sample, (samples, values)."""
    rows = max(1, _CHUNK // n)
    draws = np.concatenate(
        [statistic(times(n, min(rows, resamples - start), rng)) for start in range(0, resamples, rows)]
    )
    return [_estimate(float(value), drawn) for value, drawn in zip(statistic(np.ones((1, n)))[0], draws.T, strict=True)]


def _estimate(value: float, drawn: Floats) -> Estimate:
    if not np.isfinite(value):
        return Estimate.missing("without bound for these items" if np.isinf(value) else "not defined for these items")
    if np.isnan(drawn).mean() > 0.05:
        return Estimate(value=value, low=None, high=None, note="not defined for many samples of these items")
    low, high = np.nanpercentile(drawn, [2.5, 97.5], method="nearest")
    if not np.isfinite([low, high]).all():
        return Estimate(value=value, low=None, high=None, note="without bound in many samples of these items")
    return Estimate(value=value, low=float(low), high=float(high))


def times(n: int, samples: int, rng: np.random.Generator) -> Floats:
    """How often each of n items is in each sample of n with replacement, (samples, n)."""
    drawn = rng.integers(n, size=(samples, n)) + np.arange(samples)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=samples * n).reshape(samples, n).astype(float)


def of_mean(values: NDArray[Any], resamples: int, rng: np.random.Generator) -> Estimate:
    """The mean of values (n,), with its bootstrap interval."""
    exact = values.astype(float)
    return bootstrap(lambda times: times @ exact / len(exact), len(exact), resamples, rng)


def jackknife(statistic: Callable[[NDArray[np.int_]], float], n: int, rng: np.random.Generator) -> Estimate:
    """Delete-a-group jackknife interval (Kott 2001), for statistics that copies of an item would spoil.

    Each of 20 random groups of the n items is left out in turn; `statistic` takes the indices that stay.
    """
    value = statistic(np.arange(n))
    groups = np.array_split(rng.permutation(n), min(_GROUPS, n))
    left = np.array([statistic(np.setdiff1d(np.arange(n), group)) for group in groups])
    if not (np.isfinite(value) and np.isfinite(left).all()):
        return Estimate.missing("not defined for these items")
    k = len(groups)
    reach = float(stdtrit(k - 1, 0.975) * np.sqrt((k - 1) / k * ((left - left.mean()) ** 2).sum()))
    return Estimate(value=value, low=value - reach, high=value + reach)


def pooled(effects: Sequence[Estimate]) -> Pooled:
    """The mean effect in studies like these, of which each estimate is one (random effects); none without an interval.

    Hartung and Knapp's t-interval with the variance between studies of DerSimonian and Laird. It is never narrower
    than that of a common effect would be with the same quantile (Röver, Knapp and Friede 2015): few studies can agree
    by luck.
    """
    return _random_effects(effects, [[] for _ in effects])


def regressed(effects: Sequence[Estimate], moderator: Sequence[float]) -> Pooled:
    """By how much the effect rises with one more of a moderator, a value for each study: a meta-regression.

    With the same interval as `pooled` (Knapp and Hartung 2003).
    """
    return _random_effects(effects, [[value] for value in moderator])


def _random_effects(effects: Sequence[Estimate], moderators: Sequence[Sequence[float]]) -> Pooled:
    """The last coefficient of the effects on a constant and the moderators of each study."""
    studies = [
        (effect.value, effect.low, effect.high, 1.0, *moderator)
        for effect, moderator in zip(effects, moderators, strict=True)
        if None not in (effect.value, effect.low, effect.high)
    ]
    needed = 2 + max(map(len, moderators), default=0)
    if len(studies) < needed:
        return Pooled.missing(f"{len(studies)} with an interval; {needed} are needed")
    values, low, high, *columns = np.array(studies, dtype=float).T
    design = np.array(columns).T
    freedom, variance = len(values) - len(columns), ((high - low) / (2 * ndtri(0.975))) ** 2

    def fit(between: float) -> tuple[Floats, Floats, Floats, float]:
        weights = 1 / (variance + between)
        inverse = np.linalg.inv(design.T * weights @ design)
        coefficients = inverse @ (design.T * weights @ values)
        return weights, inverse, coefficients, float(weights @ (values - design @ coefficients) ** 2)

    fixed, inverse, _, spread = fit(0.0)
    between = (spread - freedom) / (fixed.sum() - np.trace(inverse @ (design.T * fixed**2 @ design)))
    _, inverse, coefficients, spread = fit(max(float(between), 0.0))
    error = np.sqrt(max(spread / freedom, 1.0) * inverse[-1, -1])
    value, reach = float(coefficients[-1]), float(stdtrit(freedom, 0.975) * error)
    p = float(2 * stdtr(freedom, -abs(value) / error))
    return Pooled(value=value, low=value - reach, high=value + reach, p=p, studies=len(values))


def spearman(first: Floats, second: Floats, rng: np.random.Generator) -> Correlation:
    """Spearman's rho of n pairs, with an interval that holds for few of them and the p-value of a permutation test.

    Fisher's z with the variance (1 + rho^2 / 2) / (n - 3) of Bonett and Wright (2000). A rho of 1 or -1 would get no
    width, so the interval begins half a step (a swap of two neighbours is one) inside.
    """
    from scipy import stats  # here, because all who read results read estimates

    n = len(first)
    if n < 4:
        return Correlation.missing(f"{n} pairs; a rank correlation needs 4")
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return Correlation.missing("all values are the same")
    rho = float(stats.spearmanr(first, second).statistic)
    inside = 1 - 6 / (n * (n**2 - 1))
    z = np.arctanh(np.clip(rho, -inside, inside))
    reach = ndtri(0.975) * np.sqrt((1 + rho**2 / 2) / (n - 3))
    return Correlation(
        value=rho,
        low=-1.0 if rho <= -inside else float(np.tanh(z - reach)),
        high=1.0 if rho >= inside else float(np.tanh(z + reach)),
        p=_permutation_p(stats.rankdata(first), stats.rankdata(second), rng),
        pairs=n,
    )


def _permutation_p(first: Floats, second: Floats, rng: np.random.Generator) -> float:
    """Two-sided p of the product of two rankings: over all orders of few pairs, else over random ones."""
    order = np.arange(len(first))
    if len(first) <= _ALL_ORDERS:
        orders = np.array(list(itertools.permutations(order)))
    else:
        orders = np.vstack([order, rng.permuted(np.tile(order, (_ORDERS, 1)), axis=1)])
    first, second = first - first.mean(), second - second.mean()
    # Equal products must count as such whatever the rounding.
    return float((np.abs(second[orders] @ first) >= np.abs(second @ first) - 1e-9).mean())


def proportion(hits: int, n: int) -> Estimate:
    """A share of n independent items, with Wilson's score interval (1927)."""
    return share(hits, n) if n else Estimate.missing("no items")


def share(hits: int, n: int) -> Interval:
    """As `proportion`, of one item at least."""
    value, z = hits / n, float(ndtri(0.975))
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * float(np.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))) / (1 + z**2 / n)
    return Interval(value=value, low=max(0.0, middle - reach), high=min(1.0, middle + reach))


def proportions(hits: Iterable[tuple[str, bool]]) -> dict[str, Estimate]:
    """The share of hits of each label, by (label, whether it is one) of each item."""
    of_label: dict[str, list[bool]] = {}
    for label, hit in hits:
        of_label.setdefault(label, []).append(hit)
    return {label: proportion(sum(own), len(own)) for label, own in sorted(of_label.items())}


def clustered_proportion(hits: NDArray[np.int_], sizes: NDArray[np.int_]) -> Estimate:
    """A share of items that come in clusters, whose items go together: `hits` and `sizes` of each, (clusters,).

    Linearised variance of a ratio over clusters with Student's t (Cochran 1977, section 11.8), never narrower than
    Wilson's interval of as many independent items.
    """
    if (k := len(sizes)) < 2 or not sizes.sum():
        return proportion(int(hits.sum()), int(sizes.sum()))
    wilson = share(int(hits.sum()), int(sizes.sum()))
    error = float(np.sqrt(k / (k - 1) * ((hits - wilson.value * sizes) ** 2).sum())) / sizes.sum()
    reach = float(stdtrit(k - 1, 0.975)) * error
    low, high = max(0.0, min(wilson.low, wilson.value - reach)), min(1.0, max(wilson.high, wilson.value + reach))
    return Interval(value=wilson.value, low=low, high=high)
