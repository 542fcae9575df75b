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
from pyrite.results.table import Column, Table

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


def curves(result: TaskResult) -> Iterator[list[tuple[int, int, float]]]:
    """The learning curves of a task (rows, real ones, score): of real rows, and of these with generated ones."""
    probe = result.classifiers["probe"]
    score = {mix: of_mix.macro_f1.value for mix, of_mix in probe.mixes.items()}
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
    return float(np.quantile([abs(point.true - point.value) / point.error for point in points], LEVEL))


def points_of_curves() -> list[Hidden]:
    tasks = [read_result(path, TaskResult) for path in sorted(KEPT.glob("*.json"))]
    return [point for task in tasks for curve in curves(task) for point in hidden(task.task, curve)]


def backtest(points: list[Hidden]) -> dict:
    """Errors in points, and how many of the true scores lie in their intervals, a task left out at a time."""
    tasks = list(dict.fromkeys(point.task for point in points))
    held = {}
    for task in tasks:
        width = quantile([point for point in points if point.task != task])
        of_task = [point for point in points if point.task == task]
        held[task] = [(point, abs(point.true - point.value) <= width * point.error) for point in of_task]
    every = [pair for of_task in held.values() for pair in of_task]

    def summed_up(some: list[tuple[Hidden, bool]]) -> dict:
        ways = {"power_law": "value", "no_change": "no_change", "log_linear": "log_linear"}
        errors = {
            name: 100 * np.mean([abs(point.true - getattr(point, key)) for point, _ in some])
            for name, key in ways.items()
        }
        return {"forecasts": len(some), "error": errors, "coverage": np.mean([inside for _, inside in some])}

    times = {"up to 3 times": (1, 3), "3 to 10 times": (3, 10), "10 times and more": (10, np.inf)}
    return {
        "tasks": len(tasks),
        "quantile": quantile(points),
        "half_width": 100 * np.mean([quantile(points) * point.error for point in points]),
        "all": summed_up(every),
        "by_distance": {
            name: summed_up(some)
            for name, (low, high) in times.items()
            if (some := [pair for pair in every if low <= pair[0].times < high])
        },
        "by_task": {task: summed_up(of_task) for task, of_task in held.items()},
    }


def followed() -> list[dict]:
    """What a user with 400 labels would have been told on each task, and what came: label 400 more, add the few-shot
    texts, call the LLM. Gains in points over the 400 labels."""
    users = []
    for path in sorted(KEPT.glob("*.json")):
        task = read_result(path, TaskResult)
        probe = task.classifiers["probe"]
        score = {mix: of_mix.macro_f1.value for mix, of_mix in probe.mixes.items()}
        if f"real@{2 * LABELS}" not in score:
            continue
        known = [(rows, score[mix]) for rows, mix in probe.curve if rows <= LABELS]
        foretold = forecast.forecast(*map(list, zip(*known, strict=True)), 2 * LABELS)
        now = score[f"real@{LABELS}"]
        both = [(probe.mixes[point.both].rows, score[point.both]) for point in probe.mix_curves["few_shot"].points]
        before = [pair for pair in both if pair[0] < both[-1][0]][: len(known) - 1]
        rows = probe.mixes[f"real@{LABELS}+few_shot"].rows
        added = forecast.forecast(*map(list, zip(*before, strict=True)), rows)
        llm = task.llm and task.llm.classifiers["probe"].get("real@equal")
        users.append(
            {"task": task.task, "now": 100 * now}
            | {"label": _gains(foretold, score[f"real@{2 * LABELS}"], now)}
            | {"add": _gains(added, score[f"real@{LABELS}+few_shot"], now)}
            | {"call": llm and [100 * getattr(llm.gap.macro_f1, key) for key in ("value", "low", "high")]}
        )
    return users


def _gains(foretold: Interval, true: float, now: float) -> list[float]:
    return [100 * (score - now) for score in (foretold.value, foretold.low, foretold.high, true)]


def errors(parts: dict) -> list[str]:
    """The lines of a table of backtests."""
    lines = [
        "Mean absolute error in points of macro-F1, and the share of true scores within the 80 % interval (its "
        "quantile from the other tasks).",
        "",
    ]
    titles = {"power_law": "power law", "no_change": "no change", "log_linear": "log-linear"}
    ways = [Column(way, title, form=".1f") for way, title in titles.items()]
    columns = [Column("hidden points"), Column("forecasts", right=True), *ways]
    rows = [{"hidden points": name, **part, **part["error"]} for name, part in parts.items()]
    table = Table([*columns, Column("coverage", "in the interval", form=".0%")], rows)
    return [*lines, *table.markdown().splitlines()]


def page(result: dict) -> str:
    back = result["backtest"]
    lines = ["# Forecasts and what came, by benchmarks/forecast.py", ""]
    lines += errors({"all": back["all"], **back["by_distance"], **back["by_task"]})
    lines += [
        "",
        f"What a user with {LABELS} labels would have been told, and what came (points gained over those labels):",
        "",
    ]
    columns = [Column("task"), Column("now", form=".1f")]
    for way, title in (("label", "label as many more"), ("add", "add few-shot")):
        columns += [Column(way, f"{title}: foretold", right=True), Column(f"{way} came", "came", form="+.1f")]
    rows = [
        user
        | {way: ranged(user[way]) for way in ("label", "add", "call") if user[way]}
        | {f"{way} came": user[way][3] for way in ("label", "add")}
        for user in result["followed"]
    ]
    return "\n".join(lines) + "\n" + Table([*columns, Column("call", "call the LLM", right=True)], rows).markdown()


def ranged(gain: tuple[float, ...]) -> str:
    value, low, high, *_ = gain
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def main() -> None:
    result = {"backtest": backtest(points_of_curves()), "followed": followed()}
    files.write_json(RESULTS / "forecast.json", result)
    files.write_text(RESULTS / "forecast.md", page(result))
    print((RESULTS / "forecast.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
