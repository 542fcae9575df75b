"""Nearest neighbours, against all pairs at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.measures import neighbours


def unit(rng: np.random.Generator, n: int, dimensions: int = 8) -> neighbours.Vectors:
    vectors = rng.normal(size=(n, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def brute_force(queries: np.ndarray, keys: np.ndarray, k: int, skip_self: bool) -> np.ndarray:
    cosines = queries.astype(float) @ keys.astype(float).T
    if skip_self:
        np.fill_diagonal(cosines, -np.inf)
    largest = -np.sort(-cosines, axis=1)[:, :k]
    return np.pad(largest, ((0, 0), (0, k - largest.shape[1])), constant_values=-np.inf)


@given(n=st.integers(1, 30), m=st.integers(1, 30), k=st.integers(1, 6), seed=st.integers(0, 99))
def test_largest_cosines_are_those_of_all_pairs(n: int, m: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    queries, keys = unit(rng, n), unit(rng, m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "QUERIES", 7)
        patch.setattr(neighbours, "KEYS", 4)
        np.testing.assert_allclose(
            neighbours.largest_cosines(queries, keys, k), brute_force(queries, keys, k, False), atol=1e-6
        )
        np.testing.assert_allclose(
            neighbours.largest_cosines(queries, queries, k, skip_self=True),
            brute_force(queries, queries, k, True),
            atol=1e-6,
        )


def test_whole_tiles_are_searched_too() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(rng, neighbours.KEYS + neighbours.QUERIES + 100)
    largest = neighbours.largest_cosines(vectors, vectors, 5, skip_self=True)
    np.testing.assert_allclose(largest, brute_force(vectors, vectors, 5, True), atol=1e-6)


def test_equal_texts_are_each_others_neighbours() -> None:
    vectors = np.repeat(unit(np.random.default_rng(0), 1), 3, axis=0)
    np.testing.assert_allclose(neighbours.largest_cosines(vectors, vectors, 2, skip_self=True), 1, atol=1e-6)
