"""Accuracy against annotator agreement (Li et al. 2023, Figure 2), and what its nested thresholds can't show."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrite.base.schema import Result
from pyrite.measures import intervals
from pyrite.measures.intervals import Estimate, Floats

# A point with fewer items is dropped and marked.
LEAST_ITEMS = 5

# Thresholds are multiples of 1/20.
STEPS = 20


class Level(Result):
    """The accuracy of so many items, of that agreement or from it on."""

    agreement: float
    items: int
    accuracy: Estimate


class AgreementCurve(Result):
    """How the accuracy of a classifier goes with the agreement of annotators.

    `thresholds`: accuracy of the items with at least that agreement, one for each different set of items, with
    `r_squared` of the linear fit and `spearman` over them, or a note that says why not. They are nested, which flatters
    both. `bins`: accuracy of the items from each threshold to the next. `slope`: by how much the log-odds of a right
    prediction rise for 0.1 more agreement, over items; `steeper_than_real`: that minus the slope of the fits on real
    rows, over the same items.
    """

    thresholds: tuple[Level, ...]
    bins: tuple[Level, ...]
    slope: Estimate
    r_squared: float | None = None
    spearman: float | None = None
    note: str | None = None
    steeper_than_real: Estimate | None = None


def against_agreement(
    agreement: Floats, right: Floats, real: Floats | None, resamples: int, rng: np.random.Generator
) -> AgreementCurve:
    """How the accuracy of a classifier goes with the agreement of annotators. Bootstrap over items, the fits fixed.

    Args:
        agreement: (n,), of each test item.
        right: (n,), the share of fits that got the item right.
        real: (n,), that of the fits on real rows, where these are others.
    """
    levels = np.floor(agreement * STEPS) / STEPS
    grid = np.unique(levels)
    thresholds = _levels(levels[:, None] >= grid, grid, right, resamples, rng)
    bins = _levels(levels[:, None] == grid, grid, right, resamples, rng)
    kept = [(point.agreement, point.accuracy.value) for point in thresholds if point.accuracy.note is None]
    return AgreementCurve(
        thresholds=thresholds,
        **_trend(np.array(kept).reshape(-1, 2)),
        bins=bins,
        slope=slope(agreement, right, resamples, rng),
        steeper_than_real=None if real is None else slope(agreement, right, resamples, rng, beyond=real),
    )


def _levels(
    members: NDArray[np.bool_], grid: Floats, right: Floats, resamples: int, rng: np.random.Generator
) -> tuple[Level, ...]:
    """Accuracy of the items in each column of `members`, (n, levels)."""
    weights = members.astype(float)

    def accuracies(times: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            ratio: Floats = (times @ (weights * right[:, None])) / (times @ weights)
        return ratio

    estimates = intervals.bootstrap_each(accuracies, len(right), resamples, rng)
    return tuple(
        Level(
            agreement=float(level),
            items=int(size),
            accuracy=estimate if size >= LEAST_ITEMS else too_few(int(size)),
        )
        for level, size, estimate in zip(grid, members.sum(0), estimates, strict=True)
    )


def too_few(items: int) -> Estimate:
    return Estimate.missing(f"{items} items; {LEAST_ITEMS} are needed")


def _trend(points: Floats) -> dict[str, Any]:
    """R² and rho of (agreement, accuracy), (n, 2), or the note that says why there are none."""
    if len(points) < 3:
        return {"note": f"{len(points)} points; a trend needs 3"}
    if np.ptp(points[:, 1]) == 0:
        return {"note": "the accuracy is the same at every threshold"}
    from scipy import stats  # here: who reads results need not wait for it

    fit = stats.linregress(*points.T)
    return {"r_squared": float(fit.rvalue**2), "spearman": float(stats.spearmanr(*points.T).statistic)}


def slope(
    agreement: Floats, right: Floats, resamples: int, rng: np.random.Generator, *, beyond: Floats | None = None
) -> Estimate:
    """Slope of the logistic regression of `right` on `agreement`, in log-odds for 0.1 of agreement.

    Args:
        beyond: of other fits on the same items: by how much the slope of `right` exceeds theirs.
    """
    outcomes = [right] if beyond is None else [right, beyond]
    if len(right) < LEAST_ITEMS:
        return too_few(len(right))
    if np.ptp(agreement) == 0:
        return Estimate.missing("all items have the same agreement")
    if not all(np.ptp(outcome) for outcome in outcomes):
        return Estimate.missing("the fits are equally right on every item")
    of_outcomes = [_slopes(agreement, outcome) for outcome in outcomes]

    def excess(times: Floats) -> Floats:
        # Two slopes without bound have no difference.
        with np.errstate(invalid="ignore"):
            difference: Floats = np.subtract.reduce([slopes(times) for slopes in of_outcomes])
        return difference

    return intervals.bootstrap(excess, len(right), resamples, rng)


def _slopes(agreement: Floats, right: Floats) -> Callable[[Floats], Floats]:
    """The slope for each sample, given how often each item is in it."""
    # Items with the same agreement and outcome are one cell: a sample is how often each cell is in it.
    cells, cell = np.unique(np.column_stack([agreement, right]), axis=0, return_inverse=True)
    member = np.eye(len(cells))[cell.ravel()]
    return lambda times: _logistic_slopes(cells[:, 0], cells[:, 1], times @ member)


def _logistic_slopes(agreement: Floats, right: Floats, weights: Floats) -> Floats:
    """Maximum-likelihood slopes, (samples,), for weights (samples, cells).

    Infinite where agreement parts right from wrong, NaN where a sample has one agreement or one outcome only.
    """
    x = 10 * (agreement - agreement.mean())
    intercepts, slopes = np.zeros((2, len(weights)))
    with np.errstate(all="ignore"):
        for _ in range(50):
            p = 1 / (1 + np.exp(-(intercepts[:, None] + slopes[:, None] * x)))
            errors, curvature = weights * (right - p), weights * p * (1 - p)
            g0, g1 = errors.sum(1), errors @ x
            h0, h1, h2 = curvature.sum(1), curvature @ x, curvature @ x**2
            determinant = h0 * h2 - h1**2
            intercepts = intercepts + np.clip((h2 * g0 - h1 * g1) / determinant, -1, 1)
            step = np.clip((h0 * g1 - h1 * g0) / determinant, -1, 1)
            slopes = slopes + step
            if np.nanmax(np.abs(step), initial=0) < 1e-9:
                break
    wrong, hit = (weights > 0) & (right < 1), (weights > 0) & (right > 0)
    rising = np.where(wrong, x, -np.inf).max(1) <= np.where(hit, x, np.inf).min(1)
    falling = np.where(hit, x, -np.inf).max(1) <= np.where(wrong, x, np.inf).min(1)
    slopes = np.where(rising, np.inf, np.where(falling, -np.inf, slopes))
    return np.where(rising & falling, np.nan, slopes)
