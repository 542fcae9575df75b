"""Are nearest neighbours fast and lean enough for large sets?

    python benchmarks/neighbours.py [N]

Two sets of N texts (20,000 by default) with 384 dimensions, in clusters: the five largest cosines of each text of one
set to the other, by `pyrite.neighbours` and by scikit-learn's brute force in the same run, on the same cores; then
pyrite alone at five times N, with the largest memory that the process had. Both find the same cosines.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from rich.console import Console
from sklearn.neighbors import NearestNeighbors

from pyrite.geometry import remote_clique
from pyrite.neighbours import Vectors, largest_cosines

DIMENSIONS, CLUSTERS, K = 384, 200, 5


def texts(rng: np.random.Generator, n: int) -> Vectors:
    centres = rng.standard_normal((CLUSTERS, DIMENSIONS), dtype=np.float32)
    vectors = rng.standard_normal((n, DIMENSIONS), dtype=np.float32)
    vectors += 0.7 * centres[rng.integers(CLUSTERS, size=n)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(n: int) -> None:
    console = Console()
    rng = np.random.default_rng(0)
    large, others = texts(rng, 5 * n), texts(rng, 5 * n)
    started = time.perf_counter()
    largest_cosines(large, others, K)
    seconds = time.perf_counter() - started
    console.print(f"{5 * n:,} x {5 * n:,}: {seconds:.1f} s, {gigabytes():.2f} GB at most")
    for size in (n, 5 * n):
        started = time.perf_counter()
        remote_clique(large[:size])
        console.print(f"remote clique of {size:,}: {time.perf_counter() - started:.3f} s")
    queries, keys = large[:n], others[:n]
    started = time.perf_counter()
    ours = largest_cosines(queries, keys, K)
    seconds = time.perf_counter() - started
    console.print(f"{n:,} x {n:,}: {seconds:.2f} s")
    for metric in ("cosine", "euclidean"):
        search = NearestNeighbors(n_neighbors=K, algorithm="brute", metric=metric)
        started = time.perf_counter()
        distances, _ = search.fit(keys).kneighbors(queries)
        theirs = time.perf_counter() - started
        cosines = 1 - distances if metric == "cosine" else 1 - distances**2 / 2
        error = np.abs(cosines - ours).max()
        console.print(
            f"  scikit-learn, {metric}: {theirs:.2f} s, {theirs / seconds:.1f} times as long (differs by {error:.0e})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
