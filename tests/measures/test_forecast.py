from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.measures import forecast

ROWS = [50, 100, 200, 400, 800]


def law(n: float, a: float = 0.9, b: float = 2.0, c: float = 0.4) -> float:
    return a - b * n**-c


@pytest.mark.parametrize("at", [1600, 8000])
@pytest.mark.parametrize("c", [0.15, 0.4, 0.8])
def test_a_power_law_is_gone_on_with(at: int, c: float) -> None:
    b = 0.3 * 50**c  # from 0.6 at 50 rows
    foretold = forecast.forecast(ROWS, [law(n, b=b, c=c) for n in ROWS], at)
    assert foretold.value == pytest.approx(law(at, b=b, c=c), abs=0.02)
    assert foretold.low < law(at, b=b, c=c) < foretold.high


def test_a_level_curve_stays_level_and_a_falling_one_is_not_gone_on_with() -> None:
    assert forecast.forecast(ROWS, [0.7] * 5, 8000).value == pytest.approx(0.7)
    assert forecast.forecast(ROWS, [0.9, 0.85, 0.8, 0.75, 0.7], 8000).value == pytest.approx(
        np.average([0.9, 0.85, 0.8, 0.75, 0.7], weights=ROWS)
    )


def test_no_score_is_above_one_and_the_interval_widens_with_the_distance() -> None:
    steep = [0.5, 0.7, 0.85, 0.95, 0.99]
    far = forecast.forecast(ROWS, steep, 80_000)
    assert far.value <= 1
    assert far.high <= 1
    widths = [forecast.expected(ROWS, [law(n) for n in ROWS], at)[1] for at in (800, 1600, 8000, 80_000)]
    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(forecast.NOISE, rel=0.2)


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=7),
    st.integers(1, 1000),
    st.integers(1, 1000),
)
def test_any_scores_give_a_forecast_within_bounds(scores: list[float], first: int, times: int) -> None:
    rows = [first * 2**k for k in range(len(scores))]
    foretold = forecast.forecast(rows, scores, times * rows[-1])
    assert 0 <= foretold.low <= foretold.high <= 1
    assert min(scores) - 1e-6 <= foretold.value <= 1 + 1e-9
