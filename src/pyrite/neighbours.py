"""Exact nearest neighbours by cosine, tile by tile: memory grows with the number of texts, not with its square."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pyrite import console

Vectors = NDArray[np.float32]

# A tile of cosines stays in a core's cache while its largest values are picked.
QUERIES, KEYS = 512, 2048


def largest_cosines(queries: Vectors, keys: Vectors, k: int, *, skip_self: bool = False) -> Vectors:
    """The k largest cosines of each query to the keys, the largest first: (queries, k).

    Both are L2-normalised, (rows, dimensions). `skip_self` leaves out key i for query i: the neighbours of a set
    within itself. Where there are fewer than k keys, the rest is -inf.
    """
    best = np.full((len(queries), k), -np.inf, dtype=np.float32)
    # One buffer for all tiles: fresh memory for each would cost as much in page faults as the product itself.
    buffer = np.empty(QUERIES * KEYS, dtype=np.float32)
    with console.progress() as progress:
        for start in progress.track(range(0, len(queries), QUERIES), description="nearest neighbours"):
            block = queries[start : start + QUERIES]
            for first in range(0, len(keys), KEYS):
                others = keys[first : first + KEYS]
                tile = buffer[: len(block) * len(others)].reshape(len(block), len(others))
                np.matmul(block, others.T, out=tile)
                if skip_self:
                    same = np.arange(max(start, first), min(start + len(block), first + len(others)))
                    tile[same - start, same - first] = -np.inf
                _keep_largest(best[start : start + QUERIES], tile)
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
