"""Measures in embedding space, against their definitions written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.measures import embedding_diversity
from pyrite.measures.neighbours import Vectors

SETS = st.builds(
    lambda seed, n, dimensions: unit(np.random.default_rng(seed), n, dimensions),
    st.integers(0, 99),
    st.integers(2, 40),
    st.integers(2, 12),
)


def unit(rng: np.random.Generator, n: int, dimensions: int = 8) -> Vectors:
    vectors = rng.normal(size=(n, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def distances(vectors: Vectors, others: Vectors | None = None) -> np.ndarray:
    if others is not None:
        return 1 - vectors.astype(float) @ others.astype(float).T
    within = 1 - vectors.astype(float) @ vectors.astype(float).T
    np.fill_diagonal(within, np.nan)
    return within


@given(SETS)
def test_remote_clique_is_the_mean_of_all_pairs(vectors: Vectors) -> None:
    assert embedding_diversity.remote_clique(vectors) == pytest.approx(np.nanmean(distances(vectors)), abs=1e-6)


@given(SETS, st.integers(0, 99))
def test_remote_clique_of_a_bootstrap_sample_leaves_out_copies(vectors: Vectors, seed: int) -> None:
    times = np.random.default_rng(seed).integers(0, 3, size=(1, len(vectors))).astype(float)
    times[0, :2] = 1
    weights = np.outer(times, times)
    np.fill_diagonal(weights, 0)
    expected = np.average(np.nan_to_num(distances(vectors)), weights=weights)
    assert embedding_diversity.remote_clique(vectors, times)[0] == pytest.approx(expected, abs=1e-6)


@given(SETS)
def test_chamfer_is_the_mean_of_the_nearest(vectors: Vectors) -> None:
    np.testing.assert_allclose(
        embedding_diversity.nearest_distances(vectors), np.nanmin(distances(vectors), axis=1).clip(0), atol=1e-6
    )


@given(SETS, st.integers(0, 99), st.integers(1, 20))
def test_closeness_and_coverage_follow_their_definitions(vectors: Vectors, seed: int, m: int) -> None:
    others = unit(np.random.default_rng(seed), m, vectors.shape[1])
    between = distances(vectors, others)
    nearest = np.sort(between, axis=1)[:, :5]
    np.testing.assert_allclose(embedding_diversity.closeness(vectors, others), (1 - nearest).mean(1), atol=1e-6)
    kth = min(5, len(vectors) - 1) - 1
    radius = np.sort(distances(vectors), axis=1)[:, kth]
    clear = np.abs(between.min(1) - radius) > 1e-6
    assert (embedding_diversity.covered(vectors, others) == (between.min(1) <= radius))[clear].all()


@given(SETS)
def test_vendi_is_the_exponential_of_the_entropy_of_the_kernels_eigenvalues(vectors: Vectors) -> None:
    exact = vectors.astype(float)
    values = np.linalg.eigvalsh(exact @ exact.T / len(exact)).clip(1e-300)
    assert embedding_diversity.vendi(vectors) == pytest.approx(np.exp(-(values * np.log(values)).sum()), abs=1e-6)


def test_equal_texts_have_no_diversity() -> None:
    vectors = np.repeat(unit(np.random.default_rng(0), 1), 20, axis=0)
    assert embedding_diversity.remote_clique(vectors) == pytest.approx(0, abs=1e-6)
    assert embedding_diversity.nearest_distances(vectors) == pytest.approx(0, abs=1e-6)
    assert (embedding_diversity.nearest_distances(vectors) >= 0).all()
    assert embedding_diversity.vendi(vectors) == pytest.approx(1, abs=1e-6)


def test_orthogonal_texts_are_as_many_as_they_are() -> None:
    vectors = np.eye(9, dtype=np.float32)
    assert embedding_diversity.vendi(vectors) == pytest.approx(9)
    assert embedding_diversity.remote_clique(vectors) == pytest.approx(1)


def test_coverage_of_another_sample_is_what_theory_says() -> None:
    # Naeem et al. 2020, eq. 9: without a difference each ball of k neighbours is missed with probability about 2^-k.
    rng = np.random.default_rng(0)
    share = embedding_diversity.covered(unit(rng, 4000, 6), unit(rng, 4000, 6)).mean()
    assert share == pytest.approx(1 - 2**-5, abs=0.015)


@given(SETS)
def test_the_principal_plane_is_that_of_the_singular_values(vectors: Vectors) -> None:
    places, shares = embedding_diversity.principal_plane(vectors)
    centred = vectors.astype(float) - vectors.astype(float).mean(0)
    values = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose((places**2).sum(0), values[:2] ** 2, atol=1e-6)
    np.testing.assert_allclose(shares, values[:2] ** 2 / (values**2).sum(), atol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_the_plane_has_one_way_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit(rng, 50)
    places, _ = embedding_diversity.principal_plane(vectors)
    weights = (vectors - vectors.mean(0)).T @ places
    assert (weights[np.abs(weights).argmax(0), [0, 1]] > 0).all()
    order = rng.permutation(50)
    np.testing.assert_allclose(embedding_diversity.principal_plane(vectors[order])[0], places[order], atol=1e-6)


def test_equal_texts_have_one_place() -> None:
    places, shares = embedding_diversity.principal_plane(np.repeat(unit(np.random.default_rng(0), 1), 5, axis=0))
    np.testing.assert_allclose(places, 0, atol=1e-6)
    assert all(0 <= share <= 1 for share in shares)
