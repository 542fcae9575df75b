"""Do forecasts of more rows come true, and do their intervals hold?

    PYRITE_DATA_MIRROR=DIR python benchmarks/forecast.py

**Backtest.** The learning curves of the fourteen recorded tasks (`results/fourteen-tasks`: the probe on 50 real rows to
all of them, alone and with the few-shot texts): of each, all but the first three, four, ... points are hidden, and each
hidden point with at least 1.3 times as many rows is foretold. Beside it stand "no change" (the last score stays) and
"log-linear" (a line through the scores over the logarithm of real rows). The 80 % interval of a task's forecasts takes
its quantile from the other thirteen tasks; `measures.forecast.QUANTILE` is that of all.

**Pilot.** On five tasks whose texts are at hand: from 5, 10 and 20 generated texts a label the score of all 100 is
foretold, and whether it will reach the score of all real labels less the margin of three points: *likely* if the whole
interval does, *unlikely* if none of it, else *can't tell*.

Writes benchmarks/results/forecast.json and forecast.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import next as simulated
import numpy as np

from pyrite.base import files
from pyrite.base.schema import read_result
from pyrite.measures import forecast
from pyrite.results.evaluation import TaskResult

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
KEPT = ROOT / "results/fourteen-tasks/metrics/evaluate"
FARTHER, LEVEL, MARGIN = 1.3, 0.80, 3.0
PILOT, WHOLE, SEEDS = (5, 10, 20), 100, 3


class Hidden(NamedTuple):
    """A hidden point: its score, the forecasts, the standard error of ours, how many times the rows of the last."""

    task: str
    true: float
    value: float
    error: float
    no_change: float
    log_linear: float
    times: float


def curves(found: TaskResult) -> Iterator[list[tuple[int, int, float]]]:
    """The learning curves of a task (rows, real ones, score): of real rows, and of these with generated ones."""
    probe = found.classifiers["probe"]
    score = {mix: one.macro_f1.value for mix, one in probe.mixes.items()}
    yield [(rows, rows, score[mix]) for rows, mix in probe.curve]
    for curve in probe.mix_curves.values():
        yield [(probe.mixes[point.both].rows, point.rows, score[point.both]) for point in curve.points]


def hidden(task: str, curve: list[tuple[int, int, float]]) -> Iterator[Hidden]:
    rows, real, scores = (list(column) for column in zip(*curve, strict=True))
    for known in range(forecast.FEWEST, len(curve)):
        slope, start = np.polyfit(np.log(real[:known]), scores[:known], 1)
        for n, labels, true in curve[known:]:
            if n >= FARTHER * rows[known - 1]:
                ours = forecast.expected(rows[:known], scores[:known], n)
                # Over all rows this line errs more where generated ones are there from the start.
                line = min(1.0, start + slope * np.log(labels))
                yield Hidden(task, true, *ours, scores[known - 1], float(line), n / rows[known - 1])


def quantile(points: list[Hidden]) -> float:
    return float(np.quantile([abs(one.true - one.value) / one.error for one in points], LEVEL))


def backtest() -> dict:
    """Errors in points, and how many of the true scores lie in their intervals, a task left out at a time."""
    tasks = [read_result(path, TaskResult) for path in sorted(KEPT.glob("*.json"))]
    points = [one for task in tasks for curve in curves(task) for one in hidden(task.task, curve)]
    held = {}
    for task in tasks:
        width = quantile([one for one in points if one.task != task.task])
        mine = [one for one in points if one.task == task.task]
        held[task.task] = [(one, abs(one.true - one.value) <= width * one.error) for one in mine]
    every = [one for of_task in held.values() for one in of_task]

    def told(some: list[tuple[Hidden, bool]]) -> dict:
        ways = {"power_law": "value", "no_change": "no_change", "log_linear": "log_linear"}
        errors = {
            name: 100 * np.mean([abs(one.true - getattr(one, key)) for one, _ in some]) for name, key in ways.items()
        }
        return {"forecasts": len(some), "error": errors, "coverage": np.mean([inside for _, inside in some])}

    times = {"up to 3 times": (1, 3), "3 to 10 times": (3, 10), "10 times and more": (10, np.inf)}
    return {
        "tasks": len(tasks),
        "quantile": quantile(points),
        "half_width": 100 * np.mean([quantile(points) * one.error for one in points]),
        "all": told(every),
        "by_distance": {
            name: told([x for x in every if low <= x[0].times < high]) for name, (low, high) in times.items()
        },
        "by_task": {task: told(of_task) for task, of_task in held.items()},
    }


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


def page(found: dict) -> str:
    lines = ["# Forecasts and what came, by benchmarks/forecast.py", ""]
    lines.append(
        "Mean absolute error in points of macro-F1, and the share of true scores within the 80 % interval (its "
        "quantile from the other tasks)."
    )
    head = "| hidden points | forecasts | power law | no change | log-linear | in the interval |"
    lines += ["", head, "|:--|--:|--:|--:|--:|--:|"]
    parts = {"all": found["backtest"]["all"], **found["backtest"]["by_distance"], **found["backtest"]["by_task"]}
    for name, one in parts.items():
        errors = " | ".join(f"{one['error'][way]:.1f}" for way in ("power_law", "no_change", "log_linear"))
        lines.append(f"| {name} | {one['forecasts']} | {errors} | {one['coverage']:.0%} |")
    lines += ["", "Pilots of 20 generated texts a label, and the set of 100:", ""]
    lines += [
        "| task | source | pilot | forecast | the set | all labels | worth it? | it was |",
        "|:--|:--|--:|--:|--:|--:|:--|:--|",
    ]
    for one in found["pilots"]:
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
        found = {"backtest": backtest(), "pilots": pilots()}
        os.chdir(here)
    files.write_json(RESULTS / "forecast.json", found)
    files.write_text(RESULTS / "forecast.md", page(found))
    print((RESULTS / "forecast.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
