"""Statistics of scores: their uncertainty over seeds and test items, gaps and tests.

Pure functions of arrays. Throughout, n is the number of test items, L of labels (codes 0 to L - 1), S of seeds and B of
resamples; `...` stands for any leading axes, such as (mixes, seeds). Scores are in [0, 1].

**Uncertainty.** A score is a mean over S fits on the same n items, so items and seeds are *crossed*, as cases and
readers are in reader studies of diagnostic tests. With three to five seeds, resampling both (the pigeonhole bootstrap,
Owen 2007) errs on two sides: it shrinks the variance between seeds by (S - 1) / S and counts the interaction of
seeds and items thrice. So the items are bootstrapped, the same draw for every fit, and the variance of the mean is put
together as Obuchowski and Rockette (1995) do:

    Var = Cov2 + MS / S

where Cov2 is the bootstrap covariance of *different* seeds' scores on the same items, and MS the variance of the S
scores. A gap is treated alike, with the paired differences of two mixes in place of scores.

MS has S - 1 degrees of freedom, Cov2 nearly as many as there are items. For a sum of two such variances Cochran and Cox
(1957, section 4.14) put together the normal quantile and Student's, weighted by the two variances. With three seeds
that covers up to 97.1 %; with the seeds' share of the variance to the power 1.25 as Student's weight, 95 % intervals
cover 94.7 to 96.5 % and one-sided tests at 5 % err in 3.9 to 5.0 %, whichever source of variance is the larger (two
seeds: 93.0 to 97.1 % and 3.5 to 5.7 %). Satterthwaite's degrees of freedom, which Hillis (2007) takes, leave 92.3 % and
6.1 % (two seeds: 87.2 % and 8.5 %). `benchmarks/coverage.py` measures the same of whole simulated studies.

**Generation.** How much another set of texts from the same LLM would move a score is estimated from two halves of the
set, of other conversations each: with half of the texts a score varies twice as much, the difference D of two of them
four times, so that D^2 / 4 is added to the variance. It has one degree of freedom; 95 % intervals cover 91 to 95 % all
the same as long as it is no larger than the rest, where without it they fall to 84 %. Resampling conversations and
fitting again is too wide. Without halves it is in no interval.

Cochran and Cox 1957, "Experimental Designs", 2nd ed. Hillis 2007, Stat. Med. 26(3). Obuchowski and Rockette 1995,
Commun. Stat. Simul. 24(2). Owen 2007, "The pigeonhole bootstrap", Ann. Appl. Stat. 1(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from pyrite.measures import intervals
from pyrite.measures.scores import Counts, Floats, Integers, indicators, one_hot

# Resamples whose item counts are held in memory at once.
_CHUNK = 500

# The weight of Student's quantile is the seeds' share of the variance to this power.
_STUDENTS_SHARE = 1.25

# Standard errors at which draws are cut off: of 10,000 normal ones, one is beyond.
_FARTHEST = 4


# Resampling


@dataclass(frozen=True)
class Resamples:
    """Scores on each of B bootstrap samples of the items: `macro_f1` and `accuracy` (B, ...), `f1` (B, ..., L)."""

    macro_f1: Floats
    accuracy: Floats
    f1: Floats


def bootstrap(gold: Integers, predicted: Integers, labels: int, resamples: int, rng: np.random.Generator) -> Resamples:
    """Scores of every prediction set (..., n) on bootstrap samples of the items, the same samples for all sets."""
    n, sets = len(gold), predicted.shape[:-1]
    shares = indicators(gold, predicted, labels).reshape(n, -1)
    support = one_hot(gold, labels)
    drawn = Resamples(*(np.empty((resamples, *sets, *more), np.float32) for more in ((), (), (labels,))))
    for start in range(0, resamples, _CHUNK):
        rows = min(_CHUNK, resamples - start)
        times = intervals.times(n, rows, rng).astype(np.float32)
        sums = (times @ shares).reshape(rows, 2, *sets, labels)
        counts = Counts(sums[:, 0], sums[:, 1], (times @ support).reshape(rows, *[1] * len(sets), labels))
        chunk = slice(start, start + rows)
        drawn.macro_f1[chunk] = counts.macro_f1()
        drawn.accuracy[chunk] = counts.accuracy()
        drawn.f1[chunk] = counts.f1()
    return drawn


def swap(
    gold: Integers,
    predicted: Integers,
    labels: int,
    pairs: Sequence[tuple[int, int]],
    resamples: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Gaps of macro-F1 and of accuracy, each (B, pairs), when items are swapped at random between two mixes.

    `predicted` (M, S, n). Each item is swapped with probability one half, the predictions of all seeds together, so
    that what the seeds have in common on an item stays in common.
    """
    n, sets = len(gold), predicted.shape[:-1]
    shares = indicators(gold, predicted, labels).reshape(n, -1)
    total = shares.sum(0).reshape(2, *sets, labels)
    support = np.bincount(gold, minlength=labels).astype(np.float32)
    first, second = np.array(pairs).T
    macro_f1, accuracy = np.empty((2, resamples, len(pairs)), np.float32)
    for start in range(0, resamples, _CHUNK):
        rows = min(_CHUNK, resamples - start)
        kept = rng.integers(2, size=(rows, n)).astype(np.float32)
        sums = (kept @ shares).reshape(rows, 2, *sets, labels)
        one = sums[:, :, first] + (total[:, second] - sums[:, :, second])
        other = total[:, first] + total[:, second] - one
        a, b = Counts(one[:, 0], one[:, 1], support), Counts(other[:, 0], other[:, 1], support)
        chunk = slice(start, start + rows)
        macro_f1[chunk] = (a.macro_f1() - b.macro_f1()).mean(-1)
        accuracy[chunk] = (a.accuracy() - b.accuracy()).mean(-1)
    return macro_f1, accuracy


# Uncertainty over items and seeds


@dataclass(frozen=True)
class Samples:
    """K statistics (scores or gaps), each a mean over S seeds on the same n items, with their uncertainty.

    Args:
        observed: (S, K), the value of each seed.
        resampled: (B, S, K), the same on the bootstrap samples of the items.
        wider: what all errors from seeds and items are multiplied by.
        halves: (S, K), by how much the values differ between the halves of the generated texts; 0 where none are in it,
            NaN where that is not known.
    """

    observed: Floats
    resampled: Floats
    wider: float = 1.0
    halves: Floats | None = None

    @cached_property
    def mean(self) -> Floats:
        """(K,)."""
        mean: Floats = self.observed.mean(0)
        return mean

    @cached_property
    def seed_variance(self) -> Floats:
        """(K,): MS / S, of which one seed tells nothing: 0."""
        seeds = len(self.observed)
        return self.wider**2 * self.observed.var(0, ddof=1) / seeds if seeds > 1 else np.zeros_like(self.mean)

    @cached_property
    def item_variance(self) -> Floats:
        """(K,): Cov2; with one seed the whole variance over the items."""
        of_mean = self.resampled.mean(1).var(0, dtype=np.float64)
        within = self.resampled.var(0, dtype=np.float64).mean(0)
        return self.wider**2 * np.maximum(_between_seeds(of_mean, within, len(self.observed)), 0)

    @cached_property
    def generation_variance(self) -> Floats:
        """(K,): mean D^2 / 4 over the seeds; NaN where it is not known."""
        if self.halves is None:
            return np.full_like(self.mean, np.nan)
        variance: Floats = (self.halves**2).mean(0) / 4
        return variance

    @cached_property
    def error(self) -> Floats:
        """(K,): the standard error."""
        return np.sqrt(self.item_variance + self.seed_variance + np.nan_to_num(self.generation_variance))

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """(low, high), each (K,): mean -+ quantile x standard error."""
        reach = self._stretched(ndtri((1 + level) / 2)) * self.error
        return self.mean - reach, self.mean + reach

    def detectable(self) -> Floats:
        """(K,): the smallest true gap found in 80 % of such studies at a two-sided level of 5 %."""
        return (self._stretched(ndtri(0.975)) + self._stretched(ndtri(0.80))) * self.error

    def _stretched(self, normal: Floats) -> Floats:
        # One seed has no share of the variance, whatever its freedom.
        return _stretched(normal, self.seed_variance, self.error, max(len(self.observed) - 1, 1))

    def minus(self, first: Sequence[int], second: Sequence[int]) -> Samples:
        """The gaps of the statistics `first` to the statistics `second`, paired over seeds and items."""
        return Samples(
            self.observed[:, first] - self.observed[:, second],
            self.resampled[:, :, first] - self.resampled[:, :, second],
            self.wider,
            None if self.halves is None else self.halves[:, first] - self.halves[:, second],
        )

    def p_values(self, swapped: Floats, rng: np.random.Generator) -> Floats:
        """(K,): two-sided p of gaps, from what `swap` (B, K) gave.

        The null hypothesis: over test items and over new seeds, the two mixes are equally good. Swapping items alone
        asks less (are *these* fits equally good?), and swapping three seeds can give no p below 1/4. So each
        permuted gap, scaled to the variance from items, gets a normal draw with the variance from seeds and generation,
        and their sum is stretched like the quantiles of the interval. Where neither has any this is the plain
        permutation test over items.
        """
        of_mean = self.resampled.mean(1).var(0, dtype=np.float64)
        scale = np.sqrt(np.divide(self.item_variance, of_mean, out=np.ones_like(of_mean), where=of_mean > 0))
        error = np.sqrt(self.seed_variance + np.nan_to_num(self.generation_variance))
        null = self._spread(swapped * scale + rng.standard_normal(swapped.shape) * error)
        # Equal gaps must count as such whatever the rounding.
        as_large = np.abs(null) >= np.abs(self.mean) - 1e-6
        p: Floats = (1 + as_large.sum(0)) / (1 + len(swapped))
        return p

    def draws(self, rng: np.random.Generator) -> Floats:
        """(B, K): joint draws around the mean, whose covariance over the K statistics is that of the estimates.

        The bootstrap's own draws of the mean, mapped linearly so that their covariance is Cov2 (the map that moves
        them least: optimal transport between Gaussians), plus normal multiples of the seeds' deviations and of half the
        difference between the halves of the generated texts, each stretched like the quantiles of its interval.
        """
        resamples, seeds = len(self.resampled), len(self.observed)
        of_mean = self.resampled.mean(1, dtype=np.float64)
        within = np.mean([_covariance(self.resampled[:, s]) for s in range(seeds)], axis=0)
        wanted = _between_seeds(_covariance(of_mean), within, seeds)
        items = (of_mean - of_mean.mean(0)) @ _transport(_covariance(of_mean), wanted)
        multiples = rng.standard_normal((resamples, seeds)) / np.sqrt(max(seeds * (seeds - 1), 1))
        noise = self.wider * (items + multiples @ (self.observed - self.mean))
        if self.halves is not None:
            # What two mixes of the same set differ by between its halves, they would differ by together.
            moved = np.copysign(np.sqrt(np.nan_to_num(self.generation_variance)), self.halves.mean(0))
            noise = noise + rng.standard_normal((resamples, 1)) * moved
        return self.mean + self._spread(noise)

    def _spread(self, noise: Floats) -> Floats:
        """Noise (B, K) with the standard error's size, given the tails that the error's own uncertainty makes."""
        # Farther out than any resample of a normal goes, Student's quantiles of few seeds are astronomical.
        scale = np.where(self.error > 0, self.error, 1)
        stretched = self._stretched(np.clip(noise / scale, -_FARTHEST, _FARTHEST)) * scale
        # Exactly as it was where nothing is to be stretched: rounding would break the ties of permuted gaps.
        return np.where(self.seed_variance > 0, stretched, noise)


def unpaired(one: Samples, other: Samples, level: float) -> tuple[Floats, Floats, Floats]:
    """(mean, low, high), each (K,), of the gaps of `one` to `other` on the same samples of items; seeds are no pairs.

    The numbers of seeds may differ. What the two have in common on the items is their means' bootstrap covariance.
    """
    a, b = (samples.resampled.mean(1, dtype=np.float64) for samples in (one, other))
    common = ((a - a.mean(0)) * (b - b.mean(0))).mean(0)
    items = np.maximum(one.item_variance + other.item_variance - 2 * common, 0)
    seeds = one.seed_variance + other.seed_variance
    # Welch's freedom of the seeds' part; a single seed or one without variance takes none away.
    spent = sum(samples.seed_variance**2 / max(len(samples.observed) - 1, 1) for samples in (one, other))
    freedom = np.divide(seeds**2, spent, out=np.ones_like(seeds), where=spent > 0)
    mean, error = one.mean - other.mean, np.sqrt(items + seeds)
    reach = _stretched(ndtri((1 + level) / 2), seeds, error, freedom) * error
    return mean, mean - reach, mean + reach


def _stretched(normal: Floats, seed_variance: Floats, error: Floats, freedom: Floats | float) -> Floats:
    """Normal quantiles or draws (..., K) as those of (estimate - truth) / standard error: see above."""
    share = np.divide(seed_variance, error**2, out=np.zeros_like(error), where=error > 0)
    weight = share**_STUDENTS_SHARE
    # By the lower tail, whose probabilities keep their digits.
    students = -np.sign(normal) * stdtrit(freedom, ndtr(-np.abs(normal)))
    stretched: Floats = (1 - weight) * normal + weight * students
    return stretched


def _between_seeds(of_mean: Floats, within: Floats, seeds: int) -> Floats:
    """(Co)variance between different seeds, from that of the mean over seeds and the mean of that within a seed."""
    return of_mean if seeds == 1 else (seeds * of_mean - within) / (seeds - 1)


def _covariance(draws: Floats) -> Floats:
    return np.atleast_2d(np.cov(draws, rowvar=False, dtype=np.float64))


def _transport(have: Floats, want: Floats) -> Floats:
    """The symmetric matrix T with T have T = want (its nearest positive semi-definite matrix, where it is none)."""
    root, inverse = _power(have, 0.5), _power(have, -0.5)
    return inverse @ _power(root @ _power(want, 1.0) @ root, 0.5) @ inverse


def _power(matrix: Floats, exponent: float) -> Floats:
    """A power of the positive part of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    positive = values > 1e-9 * max(values.max(), 0)
    powers = np.where(positive, np.where(positive, values, 1) ** exponent, 0)
    result: Floats = (vectors * powers) @ vectors.T
    return result


# Corrections: of p-values for their number, and of intervals that would have no width


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in the order given (Holm 1979): the family-wise error is held."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = largest
    return adjusted


def floor(rows: float, level: float) -> float:
    """The largest share of rows on which two classifiers may differ that never differ on so many (the rule of three).

    Clopper and Pearson's bound at one side of a two-sided `level`: 1 - ((1 - level) / 2)^(1 / rows), about 3 / rows.
    """
    return float(1 - ((1 - level) / 2) ** (1 / rows))
