"""Does the same study say the same on another machine?

    python benchmarks/machines.py NAME=STUDY NAME=STUDY ...

Each STUDY is a checkout of one commit in which `dvc repro` trained all fits anew, on a machine called NAME. Another CPU
sums products of floats in another order, so that a text near a border may get another label. Of each classifier and
candidate stand the gap in points, its 90 % interval and the verdict on every machine; of all scores the largest
difference.

Writes benchmarks/results/machines.json.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path

from pyrite.base import console, files
from pyrite.results import verdict
from pyrite.results.study import Study, TaskMetrics

RESULTS = Path(__file__).resolve().parent / "results"


def verdicts_on(task: TaskMetrics) -> dict[str, dict[str, object]]:
    """By classifier and candidate: gap, interval and word."""
    cases = {
        f"{task.task}, {classifier}, {mix}": task.case(classifier, mix)
        for classifier in task.evaluated.classifiers
        for mix in task.comparison.candidates
        if task.gap(classifier, mix)
    }
    return {
        name: {key: round(100 * getattr(case.gap, key), 2) for key in ("value", "low90", "high90")}
        | {"word": verdict.decide(case)}
        for name, case in cases.items()
    }


def main(machines: dict[str, Path]) -> None:
    here, verdicts, scores = Path.cwd(), {}, []
    for name, folder in machines.items():
        os.chdir(folder)
        tasks = Study.load().scored
        verdicts[name] = {key: case for task in tasks for key, case in verdicts_on(task).items()}
        scores.append(
            {
                (task.task, classifier, mix): 100 * score.macro_f1.value
                for task in tasks
                for classifier, result in task.evaluated.classifiers.items()
                for mix, score in result.mixes.items()
            }
        )
        os.chdir(here)
    differ = [abs(one[key] - other[key]) for one, other in pairwise(scores) for key in one]
    result = {
        "scores": {"compared": len(differ), "equal": differ.count(0.0), "largest_difference": round(max(differ), 3)},
        "verdicts": verdicts,
    }
    files.write_json(RESULTS / "machines.json", result)
    console.log.print_json(data=result)


if __name__ == "__main__":
    main({name: Path(folder).resolve() for name, folder in (machine.split("=", 1) for machine in sys.argv[1:])})
