"""Intervals, against closed forms for the mean."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pyrite import intervals


def test_bootstrap_of_a_mean_has_the_textbook_width() -> None:
    values = np.random.default_rng(0).normal(size=400)
    found = intervals.of_mean(values, 4000, np.random.default_rng(1))
    assert found["value"] == pytest.approx(values.mean())
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.05)


def test_samples_are_the_same_when_drawn_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(10.0)
    whole = intervals.of_mean(values, 100, np.random.default_rng(1))
    monkeypatch.setattr(intervals, "_CHUNK", 70)
    assert intervals.of_mean(values, 100, np.random.default_rng(1)) == whole


def test_jackknife_of_a_mean_has_the_textbook_width() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=2000)
    widths = []
    for _ in range(50):
        found = intervals.jackknife(lambda rows: float(values[rows].mean()), len(values), rng)
        assert found["value"] == pytest.approx(values.mean())
        widths.append(found["high"] - found["low"])
    # Student's t with 19 degrees of freedom.
    assert np.mean(widths) == pytest.approx(2 * 2.093 * values.std() / np.sqrt(2000), rel=0.05)


def test_what_is_not_defined_is_a_gap_with_a_reason() -> None:
    rng = np.random.default_rng(0)
    never = intervals.bootstrap(lambda times: np.full(len(times), np.nan), 5, 100, rng)
    often = intervals.bootstrap(lambda times: np.where(times[:, 0] > 0, 1.0, np.nan), 5, 100, rng)
    unbounded = intervals.bootstrap(lambda times: np.where(times[:, 0] > 0, 1.0, np.inf), 5, 100, rng)
    assert never["value"] is None and "not defined" in never["note"]
    assert often["value"] == 1 and often["low"] is None and "not defined" in often["note"]
    assert unbounded["value"] == 1 and unbounded["high"] is None and "without bound" in unbounded["note"]
    assert intervals.jackknife(lambda rows: float("nan"), 5, rng)["value"] is None
    json.dumps([never, often, unbounded], allow_nan=False)
