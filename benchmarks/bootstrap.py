"""How long do intervals, gaps and p-values of a whole study take, and how much memory?

    python benchmarks/bootstrap.py [RESAMPLES]

Ten tasks of 2,000 test rows and four labels, five mixes, three seeds, 10,000 resamples: all that `pyrite evaluate` does
with the predictions once they are read. Promised: at most 20 s on two cores, and less than 1 GB.

Writes benchmarks/results/bootstrap.json.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np

from pyrite.base import files
from pyrite.stages import evaluate

RESULTS = Path(__file__).parent / "results"
MIXES = ("real", "zero_shot", "few_shot", "pool", "pool+few_shot")
TASKS, SEEDS, ROWS, LABELS = 10, 3, 2000, 4


def predictions(rng: np.random.Generator) -> evaluate.Predictions:
    """Fits that are right on about three rows in four."""
    gold = rng.integers(LABELS, size=ROWS)
    right = rng.random((len(MIXES), SEEDS, ROWS)) < rng.uniform(0.6, 0.8, (len(MIXES), 1, 1))
    predicted = np.where(right, gold, rng.integers(LABELS, size=right.shape))
    labels, ids = [f"label {k}" for k in range(LABELS)], np.array([f"{i:016x}" for i in range(ROWS)])
    calibration, rows = np.zeros(right.shape[:2]), [600] * len(MIXES)
    return evaluate.Predictions(MIXES, tuple(range(SEEDS)), labels, gold, predicted, calibration, rows, ids)


def main(resamples: int) -> None:
    rng = np.random.default_rng(0)
    studies = [predictions(rng) for _ in range(TASKS)]
    before, started = _peak(), time.perf_counter()
    for study in studies:
        evaluate.evaluate(study, resamples)
    result = {
        "conditions": {
            **{"tasks": TASKS, "mixes": len(MIXES), "seeds": SEEDS, "test_rows": ROWS, "labels": LABELS},
            **{"resamples": resamples, "cores": len(os.sched_getaffinity(0)), "machine": platform.machine()},
            **{"python": platform.python_version(), "numpy": np.__version__, "load": round(os.getloadavg()[0], 1)},
        },
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mb": round(_peak()),
        "peak_mb_before": round(before),
    }
    files.write_json(RESULTS / "bootstrap.json", result)
    print(f"{result['seconds']} s, {result['peak_mb']} MB at most")


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
