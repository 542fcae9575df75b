"""Exact nearest neighbours by cosine, tile by tile: memory grows with the number of texts, not with its square."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pyrite.base import console

Vectors = NDArray[np.float32]

# A tile of cosines stays in a core's cache while its largest values are picked.
QUERIES, KEYS = 512, 2048


def largest_cosines(queries: Vectors, keys: Vectors, k: int, *, skip_self: bool = False) -> Vectors:
    """The k largest cosines of each query to the keys, the largest first: (queries, k).

    Both are L2-normalised, (rows, dimensions). `skip_self` leaves out key i for query i: the neighbours of a set
    within itself. Where there are fewer than k keys, the rest is -inf.
    """
    starts = range(0, len(queries), QUERIES)

    def search(start: int) -> Vectors:
        return _of_block(queries[start : start + QUERIES], keys, k, start if skip_self else None)

    # Each thread does whole blocks: threads that share one product would wait for each other at the end of each tile.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool, console.progress() as progress:
        blocks = progress.track(pool.map(search, starts), total=len(starts), description="nearest neighbours")
        return np.concatenate([*blocks, np.empty((0, k), dtype=np.float32)])


def _of_block(block: Vectors, keys: Vectors, k: int, skipped: int | None) -> Vectors:
    """The same for a few queries; key `skipped` + i is left out for query i."""
    best = np.full((len(block), k), -np.inf, dtype=np.float32)
    # One buffer for all tiles: fresh memory for each would cost as much in page faults as the product itself.
    buffer = np.empty(len(block) * KEYS, dtype=np.float32)
    for first in range(0, len(keys), KEYS):
        others = keys[first : first + KEYS]
        tile = buffer[: len(block) * len(others)].reshape(len(block), len(others))
        np.matmul(block, others.T, out=tile)
        if skipped is not None:
            same = np.arange(max(skipped, first), min(skipped + len(block), first + len(others)))
            tile[same - skipped, same - first] = -np.inf
        _keep_largest(best, tile)
    return best


def _keep_largest(best: Vectors, tile: Vectors) -> None:
    """Put into `best` (rows, k; largest first) what a tile (rows, columns) has that is larger; uses the tile up.

    After the first few tiles hardly any row has a new neighbour, so one pass for the maximum is nearly all the work.
    """
    rows, columns = np.arange(len(tile)), tile.argmax(axis=1)
    while True:
        values = tile[rows, columns]
        larger = values > best[rows, -1]
        rows, columns, values = rows[larger], columns[larger], values[larger]
        if not len(rows):
            return
        best[rows] = -np.sort(-np.column_stack([best[rows, :-1], values]), axis=1)
        tile[rows, columns] = -np.inf
        columns = tile[rows].argmax(axis=1)
