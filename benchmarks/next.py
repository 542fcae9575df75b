"""Which real texts to label next: does `pyrite next` beat texts drawn at random, and does it give what was foretold?

    PYRITE_DATA_MIRROR=DIR python benchmarks/next.py [REPEATS]

Simulated on all tasks with recorded texts, by the probe (logistic regression on MiniLM's embeddings). A labeller
starts from the zero-shot texts alone, or from the few-shot texts and 100 real ones; of 1,000 more real texts, drawn
anew in each of 20 repeats, 50 or 100 are labelled. They are chosen by the smallest margin over the predicted labels in
turn (what `pyrite next` does), by the smallest margin alone, as the farthest from the generated texts, or at random.
All train the same classifier, which is scored on the same test rows (2,000 at most).

A gain is that over as many texts drawn at random in the same repeat: with a 95 % interval over the repeats for a task
(its test rows as they are), and over the tasks as a sample.

**Followed.** A user with 200 labels and no generated texts labels 50 more: what the scores of 50, 100 and all of these
labels foretell, and what 50 texts at random and 50 that `pyrite next` names truly give, means over the repeats.

Writes benchmarks/results/next.json and next.md.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats
from sklearn.metrics import f1_score

from pyrite.base import files, paths
from pyrite.data import texts
from pyrite.measures import forecast, selection
from pyrite.results.table import Table
from pyrite.stages import fetch, generate, prepare
from pyrite.training import encoder, linear

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
TASKS = sorted(path.parent.name for path in (ROOT / "data/recordings").glob("*/few_shot.jsonl"))
STARTS = {"zero_shot": 0, "few_shot": 100}
WAITING, C = 1000, 10.0
# Rows of each side that there are at most. An id is a digest: the lowest are a sample at random.
ROWS = {"train": 4000, "validation": 500, "test": 2000}
RULES = ("next", "margin alone", "farthest from generated")
# What a user who follows the advice has, and labels.
KNOWN, MORE = (50, 100, 200), 50

Rows = tuple[np.ndarray, np.ndarray]


class Task:
    """A task's embeddings and labels: real training rows, test rows, generated sets."""

    def __init__(self, name: str) -> None:
        table = texts.read(paths.prepared(name))
        self.name, self.labels = name, sorted(table["label"].unique())
        self.train = self._of(table[table["split"] == "train"])
        self.test = self._of(table[table["split"] == "test"])
        self.generated = {source: self._of(texts.read(paths.source(name, source))) for source in STARTS}

    def _of(self, rows: pd.DataFrame) -> Rows:
        return encoder.embed(rows["text"].tolist()), rows["label"].map(self.labels.index).to_numpy()

    def probabilities(self, rows: list[Rows], of: np.ndarray) -> np.ndarray:
        embeddings, targets = (np.concatenate(part) for part in zip(*rows, strict=True))
        return linear.probe(embeddings, targets, of, len(self.labels), C)

    def score(self, *rows: Rows) -> float:
        """Macro-F1 in [0, 1], trained on these rows."""
        predicted = self.probabilities(list(rows), self.test[0]).argmax(1)
        return float(f1_score(self.test[1], predicted, average="macro"))


def simulate(task: Task, source: str, rng: np.random.Generator) -> dict[str, float]:
    """The scores of one repeat in points, by rule and number of labels, of 50 or 100 texts more."""
    known, generated = STARTS[source], task.generated[source]
    order = rng.permutation(len(task.train[0]))
    start = [generated, *([_take(task.train, order[:known])] if known else [])]
    waiting = _take(task.train, order[known : known + WAITING])
    sure = task.probabilities(start, waiting[0])
    rules = {
        "at random": np.arange(len(waiting[0])),
        "next": selection.least_sure(sure, len(sure)),
        "margin alone": np.argsort(selection.margins(sure), kind="stable"),
        "farthest from generated": np.argsort((waiting[0] @ generated[0].T).max(1), kind="stable"),
    }
    return {
        f"{rule}, {n}": 100 * task.score(*start, _take(waiting, chosen[:n]))
        for rule, chosen in rules.items()
        for n in (50, 100)
    }


def follow(task: Task, rng: np.random.Generator) -> dict[str, float]:
    """One user: the score now; the gain foretold of 50 labels more, with its 80 % interval; what came. In points."""
    order = rng.permutation(len(task.train[0]))
    own, held = order[: KNOWN[-1]], _take(task.train, order[: KNOWN[-1]])
    # As a study has them: means over three nested draws, but for all labels, of which there is one.
    draws = [rng.permutation(own) for _ in range(3)]
    means = [np.mean([task.score(_take(task.train, draw[:n])) for draw in draws]) for n in KNOWN[:-1]]
    scores = [*map(float, means), task.score(held)]
    waiting = _take(task.train, order[KNOWN[-1] : KNOWN[-1] + WAITING])
    chosen = selection.least_sure(task.probabilities([held], waiting[0]), MORE)
    foretold = forecast.forecast(KNOWN, scores, KNOWN[-1] + MORE)
    came = task.score(held, _take(waiting, np.arange(MORE)))
    gains = {"foretold": foretold.value, "low": foretold.low, "high": foretold.high, "at random": came}
    gains["next"] = task.score(held, _take(waiting, chosen))
    return {
        "now": 100 * scores[-1],
        **{key: 100 * (value - scores[-1]) for key, value in gains.items()},
        "held": float(foretold.low <= came <= foretold.high),
    }


def _take(rows: Rows, places: np.ndarray) -> Rows:
    return rows[0][places], rows[1][places]


def interval(gains: np.ndarray) -> tuple[float, float, float]:
    """Mean and its 95 % interval by Student's t."""
    mean, error = gains.mean(), stats.sem(gains)
    low, high = stats.t.interval(0.95, len(gains) - 1, mean, error)
    return float(mean), float(low), float(high)


def study() -> None:
    """Prepare the tasks and their generated sets in this folder."""
    for name in ("tasks", "data/recordings"):
        shutil.copytree(ROOT / name, name)
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    Path("params.yaml").write_text(yaml.safe_dump(params | {"tasks": TASKS}), encoding="utf-8")
    for task in TASKS:
        fetch.run(task)
        prepare.run(task)
        rows = texts.read(paths.prepared(task)).sort_values("id")
        some = [rows[rows["split"] == side][:most] for side, most in ROWS.items()]
        texts.write(pd.concat(some, ignore_index=True), paths.prepared(task))
        for source in STARTS:
            generate.run(task, source)


def main(repeats: int) -> None:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        study()
        tasks = [Task(name) for name in TASKS]
        os.chdir(here)

    def repeated(what: Callable[..., dict[str, float]], task: Task, *start: str) -> pd.DataFrame:
        draws = (np.random.default_rng([seed, len(task.name)]) for seed in range(repeats))
        return pd.DataFrame([what(task, *start, rng) for rng in draws])

    scores = {source: {task.name: repeated(simulate, task, source) for task in tasks} for source in STARTS}
    gains = {
        f"{source}, {rule}, {n}": _over({name: of[f"{rule}, {n}"] - of[f"at random, {n}"] for name, of in by.items()})
        for source, by in scores.items()
        for rule in RULES
        for n in (50, 100)
    }
    halved = {
        source: _over({name: of["next, 50"] - of["at random, 100"] for name, of in by.items()})
        for source, by in scores.items()
    }
    result = {
        "conditions": {
            "repeats": repeats,
            "waiting": {task.name: min(WAITING, len(task.train[0]) - max(STARTS.values())) for task in tasks},
            "test_rows": {task.name: len(task.test[0]) for task in tasks},
        },
        "scores": {
            f"{name}, {source}": of.mean().to_dict() for source, by in scores.items() for name, of in by.items()
        },
        "gains": gains,
        "next_50_minus_random_100": halved,
        "followed": {task.name: repeated(follow, task).mean().to_dict() for task in tasks},
    }
    files.write_json(RESULTS / "next.json", result)
    files.write_text(RESULTS / "next.md", page(result))
    print((RESULTS / "next.md").read_text(encoding="utf-8"))


def _over(by_task: dict[str, pd.Series]) -> dict[str, tuple[float, float, float]]:
    means = np.array([gains.mean() for gains in by_task.values()])
    return {name: interval(gains.to_numpy()) for name, gains in by_task.items()} | {"all tasks": interval(means)}


def page(result: dict) -> str:
    """Both simulations as tables, a task a row."""
    parts = [
        "# Which texts to label next, by benchmarks/next.py",
        "Points of macro-F1 more than with as many texts drawn at random, with 95 % intervals (over repeats; in the "
        "last row over tasks).",
    ]
    for source, start in (("zero_shot", "Zero-shot texts"), ("few_shot", "Few-shot texts and 100 labels")):
        columns = {f"{rule}, {n} texts": result["gains"][f"{source}, {rule}, {n}"] for rule in RULES for n in (50, 100)}
        columns["next, 50, less 100 at random"] = result["next_50_minus_random_100"][source]
        tasks = columns["next, 50 texts"]
        rows = [{"task": task, **{head: _cell(*of[task]) for head, of in columns.items()}} for task in tasks]
        parts += [f"**{start}**", Table.of(rows).markdown().strip()]
    rows = [
        {
            "task": task,
            "now": user["now"],
            "foretold": _cell(user["foretold"], user["low"], user["high"]),
            **{f"came, {how}": f"{user[how]:+.1f}" for how in ("at random", "next")},
            "users whose gain at random lay in the interval": f"{user['held']:.0%}",
        }
        for task, user in result["followed"].items()
    ]
    parts += [
        f"**The advice followed.** A user with {KNOWN[-1]} labels labels {MORE} more: points gained, with the 80 % "
        "interval that was told, means over the repeats.",
        Table.of(rows).markdown().strip(),
    ]
    return "\n\n".join(parts) + "\n"


def _cell(value: float, low: float, high: float) -> str:
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
