"""Does a pilot foretell whether the whole set is worth it?

    PYRITE_DATA_MIRROR=DIR python benchmarks/pilots.py

On the five tasks of benchmarks/next.py: from 5, 10 and 20 generated texts a label the score of all 100 is foretold, by
the probe, and whether it will reach the score of all real labels less the margin of three points: *likely* if the whole
80 % interval does, *unlikely* if none of it, else *can't tell*.

Writes benchmarks/results/pilots.json and pilots.md.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import next as simulated
import numpy as np

from pyrite.base import files
from pyrite.measures import forecast

RESULTS = Path(__file__).parent / "results"
PILOT, WHOLE, SEEDS, MARGIN = (5, 10, 20), 100, 3, 3.0


def pilots() -> list[dict]:
    """What pilots of five tasks foretell of the whole set, and what it gave; scores in points."""
    found = []
    for task in simulated.load():
        real = task.score(task.train)
        for source, (embeddings, targets) in task.generated.items():
            sizes = (*PILOT, WHOLE)
            scores = np.zeros((SEEDS, len(sizes)))
            for seed in range(SEEDS):
                order = np.random.default_rng(seed).permutation(len(targets))
                place = np.empty(len(targets), dtype=int)
                for label in np.unique(targets):
                    mine = order[targets[order] == label]
                    place[mine] = np.arange(len(mine))
                for k, size in enumerate(sizes):
                    scores[seed, k] = task.score((embeddings[place < size], targets[place < size]))
            rows = [size * len(task.labels) for size in PILOT]
            known = (scores.mean(0)[:-1] / 100).tolist()
            told = forecast.forecast(rows, known, WHOLE * len(task.labels))
            low, high = 100 * told.low, 100 * told.high
            bar = real - MARGIN
            said = "likely" if low > bar else "unlikely" if high < bar else "can't tell"
            true = scores.mean(0)[-1]
            found.append(
                {"task": task.name, "source": source, "pilot": scores.mean(0)[-2], "forecast": 100 * told.value}
                | {"low": low, "high": high, "true": true, "real": real, "said": said, "reached": bool(true > bar)}
            )
    return found


def page(found: list[dict]) -> str:
    lines = ["# Pilots of 20 generated texts a label, and the set of 100, by benchmarks/pilots.py", ""]
    lines += ["| task | source | pilot | forecast | the set | all labels | worth it? | it was |"]
    lines += ["|:--|:--|--:|--:|--:|--:|:--|:--|"]
    for one in found:
        told = f"{one['forecast']:.1f} ({one['low']:.1f} to {one['high']:.1f})"
        was = "good enough" if one["reached"] else "not good enough"
        cells = [one["task"], one["source"], f"{one['pilot']:.1f}", told, f"{one['true']:.1f}", f"{one['real']:.1f}"]
        lines.append(f"| {' | '.join([*cells, one['said'], was])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        simulated.study()
        found = pilots()
        os.chdir(here)
    files.write_json(RESULTS / "pilots.json", found)
    files.write_text(RESULTS / "pilots.md", page(found))
    print((RESULTS / "pilots.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
