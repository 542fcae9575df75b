"""Are nearest neighbours fast and lean enough for large sets?

    python benchmarks/neighbours.py [N]

Two sets of N texts (20,000 by default) with 384 dimensions, in clusters: the five largest cosines of each text of one
set to the other, by `measures.neighbours` and by scikit-learn's brute force in the same run, with as many threads as
there are cores for both. scikit-learn has two ways: `cosine`, which is what is asked for here, and `euclidean`, which
has a kernel of its own and gives the same neighbours for unit vectors. Then pyrite alone at five times N: Chamfer,
similarity and coverage, with the largest memory that the process had, and remote clique at both sizes, whose time must
grow no faster than N.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from pyrite.measures import embedding_diversity
from pyrite.measures.neighbours import Vectors, largest_cosines

DIMENSIONS, CLUSTERS, K = 384, 200, 5


def texts(rng: np.random.Generator, n: int) -> Vectors:
    centres = rng.standard_normal((CLUSTERS, DIMENSIONS), dtype=np.float32)
    vectors = rng.standard_normal((n, DIMENSIONS), dtype=np.float32)
    vectors += 0.7 * centres[rng.integers(CLUSTERS, size=n)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(work: Callable[[], Vectors]) -> tuple[Vectors, float]:
    started = time.perf_counter()
    vectors = work()
    return vectors, time.perf_counter() - started


def main(n: int) -> None:
    console = Console()
    rng = np.random.default_rng(0)
    large, others = texts(rng, 5 * n), texts(rng, 5 * n)
    # First, because the memory counted is the most that the process ever had.
    for name, measure in (
        ("Chamfer", lambda: embedding_diversity.nearest_distances(large)),
        ("similarity", lambda: embedding_diversity.closeness(large, others)),
        ("coverage", lambda: embedding_diversity.covered(large, others)),
    ):
        _, seconds = timed(measure)
        console.print(f"{name}, {5 * n:,} x {5 * n:,}: {seconds:.1f} s, {gigabytes():.2f} GB at most")
    for size in (n, 5 * n):
        seconds = min(timed(lambda size=size: embedding_diversity.remote_clique(large[:size]))[1] for _ in range(3))
        console.print(f"remote clique of {size:,}: {seconds:.3f} s")
    queries, keys = large[:n], others[:n]
    ours, seconds = timed(lambda: largest_cosines(queries, keys, K))
    console.print(f"{n:,} x {n:,} on {os.cpu_count()} cores: {seconds:.2f} s")
    for metric in ("cosine", "euclidean"):
        search = NearestNeighbors(n_neighbors=K, algorithm="brute", metric=metric).fit(keys)
        # Whatever OMP_NUM_THREADS says: both get all cores.
        with threadpool_limits(os.cpu_count()):
            (distances, _), theirs = timed(lambda search=search: search.kneighbors(queries))
        cosines = 1 - distances if metric == "cosine" else 1 - distances**2 / 2
        error = np.abs(cosines - ours).max()
        console.print(
            f"  scikit-learn, {metric}: {theirs:.2f} s, {theirs / seconds:.1f} times as long (differs by {error:.0e})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
