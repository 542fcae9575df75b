"""Forecasts: what more rows would give, from scores at fewer of them.

A learning curve is taken for a power law, score(n) = a - b n^-c with b >= 0 and a <= 1 (Cortes et al. 1994, Rosenfeld
et al. 2020). From three to six points its exponent can't be told, so no single one is taken: every c of a grid is
fitted by least squares, and what they foretell is averaged, each c weighing as much as its fit deserves. How far they
differ is part of the interval. The more rows, the less a score moves from draw to draw, so points weigh by their rows.

`benchmarks/forecast.py` hides the larger subsets of recorded tasks: 254 forecasts err by 1.0 points (no change: 3.1, a
line over log n: 3.2), and 79 % of the true scores lie in intervals whose quantile the other tasks gave.

Generated texts repeat themselves: alone they keep about half of what their curve promises, and lie wider around it.
`benchmarks/pilot.py`: 80 such forecasts err by 2.1 points (no change: 2.9), and 79 % lie in their interval. The half
was chosen on these same tasks.

Cortes et al. 1994, "Learning curves: asymptotic values and rate of convergence", NIPS. Rosenfeld et al. 2020, "A
constructive prediction of the generalization error across scales", ICLR.
"""

from collections.abc import Sequence

import numpy as np

from pyrite.measures.intervals import Interval

# Fewer points tell nothing of where a curve goes.
FEWEST = 3

EXPONENTS = np.geomspace(0.05, 1.0, 20)
# How far a score of about half of all rows lies from its curve, as it is drawn once more: a point.
NOISE = 0.01
# Of the backtest: so many times the standard error hold 80 % of what came (`benchmarks/forecast.py`).
QUANTILE = 0.80
# The same of generated texts alone (`benchmarks/pilot.py`).
QUANTILE_GENERATED = 1.69


def forecast(rows: Sequence[int], scores: Sequence[float], at: int, *, generated: bool = False) -> Interval:
    """The score at `at` rows, with its 80 % prediction interval.

    Args:
        rows: the rows at the points of the curve, increasing, three or more; from nested subsets.
        scores: the scores there, in [0, 1].
        at: more rows than the last point has.
        generated: no row has a label of people's.
    """
    value, error = expected(rows, scores, at, generated=generated)
    reach = error * (QUANTILE_GENERATED if generated else QUANTILE)
    return Interval(value=value, low=max(0.0, value - reach), high=min(1.0, value + reach))


def expected(rows: Sequence[int], scores: Sequence[float], at: int, *, generated: bool = False) -> tuple[float, float]:
    """The score at `at` rows, and its standard error."""
    n, y = np.asarray(rows, dtype=float), np.asarray(scores, dtype=float)
    weights = n / n.mean()
    fell = (n / n[-1])[None] ** -EXPONENTS[:, None]
    # Least squares of y = a - b x for each exponent, then within b >= 0 and a <= 1.
    x, mean = fell @ weights / weights.sum(), np.average(y, weights=weights)
    slope = -((fell - x[:, None]) * (y - mean) * weights).sum(1) / ((fell - x[:, None]) ** 2 * weights).sum(1)
    b = np.maximum(slope, 0.0)
    a = mean + b * x
    over = a > 1
    b = np.where(over, ((1 - y) * fell * weights).sum(1) / (fell**2 * weights).sum(1), b)
    a = np.where(over, 1.0, a)
    misses = ((y - a[:, None] + b[:, None] * fell) ** 2 * weights).sum(1)
    shares = np.exp(-(misses - misses.min()) / (2 * NOISE**2))
    shares /= shares.sum()
    foretold = a - b * (at / n[-1]) ** -EXPONENTS
    value = float(shares @ foretold)
    spread = float(shares @ (foretold - value) ** 2)
    value = (scores[-1] + value) / 2 if generated else value
    # The farther, the less: an error that grows with the logarithm of how many times as many rows.
    drift = NOISE * np.log(at / n[-1])
    return value, float(np.sqrt(spread + NOISE**2 + drift**2))
