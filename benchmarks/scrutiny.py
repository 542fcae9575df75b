"""Is a large source looked through in time and memory?

    python benchmarks/scrutiny.py [N]

A source of N made-up texts (100,000 by default) of five labels, twenty words each, and 30,000 real ones, with random
embeddings of 384 dimensions: all of `stages.diversity.scrutinise`, that is what gives the source away, whether it
repeats what its prompts showed, and the texts behind the scores. Embedding the texts is not among it. Writes
`benchmarks/results/scrutiny.json`: seconds, the largest memory of the process, cores, and the bytes of the result.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from pyrite.base import files
from pyrite.data import texts
from pyrite.measures.diversity import Texts
from pyrite.stages import diversity

LABELS, WORDS, LENGTH, REAL, PER_TURN, TURNS, SHOWN = 5, 30_000, 20, 30_000, 25, 4, 5


def made(rng: np.random.Generator, n: int) -> Texts:
    drawn = np.minimum(rng.zipf(1.3, size=(n, LENGTH)), WORDS)
    frame = pd.DataFrame({"text": [" ".join(f"w{word}" for word in row) for row in drawn]})
    frame["id"] = [texts.digest(f"{i} {text}")[:16] for i, text in enumerate(frame["text"])]
    frame["label"] = [f"label {label}" for label in rng.integers(LABELS, size=n)]
    vectors = rng.standard_normal((n, 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Texts(frame.assign(split="train"), vectors)


def main(n: int) -> None:
    rng = np.random.default_rng(0)
    real, source = made(rng, REAL), made(rng, n)
    place = source.frame.groupby("label").cumcount()
    source.frame["conversation"], source.frame["turn"] = place // (PER_TURN * TURNS), place // PER_TURN % TURNS
    pool = real.frame[texts.in_pool(real.frame)].groupby("label")["id"].apply(list)
    showings = {
        (label, c): [list(rng.choice(pool[label], SHOWN)) for _ in range(TURNS)]
        for label, c in source.frame[["label", "conversation"]].drop_duplicates().itertuples(index=False)
    }
    started = time.perf_counter()
    looks = diversity.scrutinise(real, {"source": source}, {"source": showings})
    result = {
        "texts": n,
        "real_texts": REAL,
        "cores": os.cpu_count(),
        "seconds": round(time.perf_counter() - started, 1),
        "gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "kilobytes_of_result": len(looks["source"].model_dump_json()) // 1000,
    }
    files.write_json(Path(__file__).parent / "results/scrutiny.json", result)
    print(result)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
