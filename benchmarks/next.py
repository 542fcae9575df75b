"""Which real texts to label next: does `pyrite next` beat texts drawn at random?

    PYRITE_DATA_MIRROR=DIR python benchmarks/next.py [REPEATS]

Simulated on five tasks with recorded generated texts, by the probe (logistic regression on MiniLM's embeddings). A
labeller starts from the zero-shot texts alone, or from the few-shot texts and 100 real ones; of 1,000 more real texts,
drawn anew in each of 20 repeats, 50 or 100 are labelled. They are chosen by the smallest margin over the predicted
labels in turn (what `pyrite next` does), by the smallest margin alone, as the farthest from the generated texts, or at
random. All train the same classifier, which is scored on the same test rows (2,000 at most).

A gain is that over as many texts drawn at random in the same repeat: with a 95 % interval over the repeats for a task
(its test rows as they are), and over the five tasks as a sample.

Writes benchmarks/results/next.json and next.md.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats
from sklearn.metrics import f1_score

from pyrite.base import files, paths
from pyrite.data import texts
from pyrite.measures import selection
from pyrite.stages import fetch, generate, prepare
from pyrite.training import encoder, linear

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
TASKS = ("python_docs", "sms_spam", "reddit_emotion", "tweet_irony", "tweet_emotion")
STARTS = {"zero_shot": 0, "few_shot": 100}
WAITING, TEST, C = 1000, 2000, 10.0


class Task:
    """A task's embeddings: real training rows, test rows, generated sets."""

    def __init__(self, name: str) -> None:
        table = texts.read(paths.prepared(name))
        self.name, self.labels = name, sorted(table["label"].unique())
        self.train = self._of(table[table["split"] == "train"].sort_values("id"))
        self.test = self._of(table[table["split"] == "test"].sort_values("id")[:TEST])
        self.generated = {source: self._of(texts.read(paths.source(name, source))) for source in STARTS}

    def _of(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        return encoder.embed(rows["text"].tolist()), rows["label"].map(self.labels.index).to_numpy()

    def probabilities(self, rows: list[tuple[np.ndarray, np.ndarray]], of: np.ndarray) -> np.ndarray:
        embeddings, targets = (np.concatenate(part) for part in zip(*rows, strict=True))
        return linear.probe(embeddings, targets, of, len(self.labels), C)

    def score(self, *rows: tuple[np.ndarray, np.ndarray]) -> float:
        """Macro-F1 in points, trained on these rows."""
        predicted = self.probabilities(list(rows), self.test[0]).argmax(1)
        return 100 * float(f1_score(self.test[1], predicted, average="macro"))


def simulate(task: Task, source: str, rng: np.random.Generator) -> dict[str, float]:
    """The scores of one repeat by rule and number of labels, of 50 or 100 texts more."""
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
    scores = {
        f"{rule}, {n}": task.score(*start, _take(waiting, chosen[:n]))
        for rule, chosen in rules.items()
        for n in (50, 100)
    }
    return {"start": task.score(*start), **scores}


def _take(rows: tuple[np.ndarray, np.ndarray], places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return rows[0][places], rows[1][places]


def interval(gains: np.ndarray) -> tuple[float, float, float]:
    """Mean and its 95 % interval by Student's t."""
    mean, error = gains.mean(), stats.sem(gains)
    low, high = stats.t.interval(0.95, len(gains) - 1, mean, error)
    return float(mean), float(low), float(high)


def load() -> list[Task]:
    """The tasks that `study` prepared in this folder."""
    return [Task(name) for name in TASKS]


def study() -> None:
    """Prepare the tasks and their generated sets in this folder."""
    for name in ("tasks", "data/recordings"):
        shutil.copytree(ROOT / name, name)
    said = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    Path("params.yaml").write_text(yaml.safe_dump(said | {"tasks": list(TASKS)}), encoding="utf-8")
    for task in TASKS:
        fetch.run(task)
        prepare.run(task)
        for source in STARTS:
            generate.run(task, source)


def main(repeats: int) -> None:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        study()
        tasks = load()
        os.chdir(here)
    scores = {
        (task.name, source): pd.DataFrame(
            [simulate(task, source, np.random.default_rng([seed, len(task.name)])) for seed in range(repeats)]
        )
        for task in tasks
        for source in STARTS
    }
    rules = ("next", "margin alone", "farthest from generated")
    gains = {
        (source, rule, n): {
            name: of[f"{rule}, {n}"] - of[f"at random, {n}"] for (name, by), of in scores.items() if by == source
        }
        for source in STARTS
        for rule in rules
        for n in (50, 100)
    }
    halved = {
        source: {name: of["next, 50"] - of["at random, 100"] for (name, by), of in scores.items() if by == source}
        for source in STARTS
    }
    found = {
        "conditions": {
            "repeats": repeats,
            "waiting": WAITING,
            "test_rows": {task.name: len(task.test[0]) for task in tasks},
        },
        "scores": {f"{name}, {source}": of.mean().to_dict() for (name, source), of in scores.items()},
        "gains": {", ".join(map(str, key)): _over(of) for key, of in gains.items()},
        "next_50_minus_random_100": {source: _over(of) for source, of in halved.items()},
    }
    files.write_json(RESULTS / "next.json", found)
    files.write_text(RESULTS / "next.md", page(found, rules))
    print((RESULTS / "next.md").read_text(encoding="utf-8"))


def _over(by_task: dict[str, pd.Series]) -> dict[str, tuple[float, float, float]]:
    means = np.array([one.mean() for one in by_task.values()])
    return {name: interval(one.to_numpy()) for name, one in by_task.items()} | {"tasks": interval(means)}


def page(found: dict, rules: tuple[str, ...]) -> str:
    lines = ["# Which texts to label next, by benchmarks/next.py", ""]
    lines.append(
        "Points of macro-F1 more than with as many texts drawn at random, with 95 % intervals (over repeats; in the "
        "last column over tasks)."
    )
    lines += [
        "",
        "| start | texts | rule | " + " | ".join([*TASKS, "five tasks"]) + " |",
        "|:--|--:|:--|" + "--:|" * (len(TASKS) + 1),
    ]
    for key, of in found["gains"].items():
        source, rule, n = key.split(", ")
        start = "zero-shot texts" if source == "zero_shot" else "few-shot texts and 100 labels"
        lines.append(f"| {start} | {n} | {rule} | " + " | ".join(map(_cell, of.values())) + " |")
    for source, of in found["next_50_minus_random_100"].items():
        start = "zero-shot texts" if source == "zero_shot" else "few-shot texts and 100 labels"
        lines.append(f"| {start} | 50, to 100 at random | next | " + " | ".join(map(_cell, of.values())) + " |")
    return "\n".join(lines) + "\n"


def _cell(one: tuple[float, float, float]) -> str:
    return f"{one[0]:+.1f} ({one[1]:+.1f} to {one[2]:+.1f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
