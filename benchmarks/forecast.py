"""Do forecasts of more rows come true, and do their intervals hold?

    python benchmarks/forecast.py

**Backtest.** The learning curves of the fourteen recorded tasks (`results/fourteen-tasks`: the probe on 50 real rows to
all of them, alone and with the few-shot texts): of each, all but the first three, four, ... points are hidden, and each
hidden point with at least 1.3 times as many rows is foretold. Beside it stand "no change" (the last score stays) and
"log-linear" (a line through the scores over the logarithm of real rows). The 80 % interval of a task's forecasts takes
its quantile from the other thirteen tasks; `measures.forecast.QUANTILE` is that of all.

**Followed.** What a user with 400 labels would have been told on each task, and what came: the score of 800 labels,
that of the few-shot texts added (foretold from these mixes with fewer labels), and the LLM on the texts it labelled.

Writes benchmarks/results/forecast.json and forecast.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyrite.base import files
from pyrite.base.schema import read_result
from pyrite.measures import forecast
from pyrite.measures.intervals import Interval
from pyrite.results.evaluation import TaskResult

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"
KEPT = ROOT / "results/fourteen-tasks/metrics/evaluate"
FARTHER, LEVEL, LABELS = 1.3, 0.80, 400


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


def points_of_curves() -> list[Hidden]:
    tasks = [read_result(path, TaskResult) for path in sorted(KEPT.glob("*.json"))]
    return [one for task in tasks for curve in curves(task) for one in hidden(task.task, curve)]


def backtest(points: list[Hidden]) -> dict:
    """Errors in points, and how many of the true scores lie in their intervals, a task left out at a time."""
    tasks = list(dict.fromkeys(one.task for one in points))
    held = {}
    for task in tasks:
        width = quantile([one for one in points if one.task != task])
        mine = [one for one in points if one.task == task]
        held[task] = [(one, abs(one.true - one.value) <= width * one.error) for one in mine]
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
            name: told(some)
            for name, (low, high) in times.items()
            if (some := [x for x in every if low <= x[0].times < high])
        },
        "by_task": {task: told(of_task) for task, of_task in held.items()},
    }


def followed() -> list[dict]:
    """What a user with 400 labels would have been told on each task, and what came: label 400 more, add the few-shot
    texts, call the LLM. Gains in points over the 400 labels."""
    found = []
    for path in sorted(KEPT.glob("*.json")):
        task = read_result(path, TaskResult)
        probe = task.classifiers["probe"]
        score = {mix: one.macro_f1.value for mix, one in probe.mixes.items()}
        if f"real@{2 * LABELS}" not in score:
            continue
        known = [(rows, score[mix]) for rows, mix in probe.curve if rows <= LABELS]
        told = forecast.forecast(*map(list, zip(*known, strict=True)), 2 * LABELS)
        now = score[f"real@{LABELS}"]
        of_mix = [(probe.mixes[one.both].rows, score[one.both]) for one in probe.mix_curves["few_shot"].points]
        before = [one for one in of_mix if one[0] < of_mix[-1][0]][: len(known) - 1]
        rows = probe.mixes[f"real@{LABELS}+few_shot"].rows
        added = forecast.forecast(*map(list, zip(*before, strict=True)), rows)
        llm = task.llm and task.llm.classifiers["probe"].get("real@equal")
        found.append(
            {"task": task.task, "now": 100 * now}
            | {"label": _told(told, score[f"real@{2 * LABELS}"], now)}
            | {"add": _told(added, score[f"real@{LABELS}+few_shot"], now)}
            | {"call": llm and [100 * getattr(llm.gap.macro_f1, key) for key in ("value", "low", "high")]}
        )
    return found


def _told(told: Interval, true: float, now: float) -> list[float]:
    return [100 * (one - now) for one in (told.value, told.low, told.high, true)]


def errors(parts: dict) -> list[str]:
    """The lines of a table of backtests."""
    lines = [
        "Mean absolute error in points of macro-F1, and the share of true scores within the 80 % interval (its "
        "quantile from the other tasks).",
        "",
        "| hidden points | forecasts | power law | no change | log-linear | in the interval |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for name, one in parts.items():
        cells = " | ".join(f"{one['error'][way]:.1f}" for way in ("power_law", "no_change", "log_linear"))
        lines.append(f"| {name} | {one['forecasts']} | {cells} | {one['coverage']:.0%} |")
    return lines


def page(found: dict) -> str:
    back = found["backtest"]
    lines = ["# Forecasts and what came, by benchmarks/forecast.py", ""]
    lines += errors({"all": back["all"], **back["by_distance"], **back["by_task"]})
    lines += [
        "",
        f"What a user with {LABELS} labels would have been told, and what came (points gained over those labels):",
        "",
    ]
    lines += ["| task | now | label as many more: foretold | came | add few-shot: foretold | came | call the LLM |"]
    lines += ["|:--|--:|--:|--:|--:|--:|--:|"]
    for one in found["followed"]:
        cells = [one["task"], f"{one['now']:.1f}"]
        for value, low, high, true in (one["label"], one["add"]):
            cells += [f"{value:+.1f} ({low:+.1f} to {high:+.1f})", f"{true:+.1f}"]
        called = one["call"]
        cells.append(f"{called[0]:+.1f} ({called[1]:+.1f} to {called[2]:+.1f})" if called else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    found = {"backtest": backtest(points_of_curves()), "followed": followed()}
    files.write_json(RESULTS / "forecast.json", found)
    files.write_text(RESULTS / "forecast.md", page(found))
    print((RESULTS / "forecast.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
