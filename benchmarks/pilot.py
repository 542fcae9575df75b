"""Does a pilot of 20 texts a label tell whether 100 are worth it, and do forecasts of generated texts hold?

    python benchmarks/pilot.py STUDY

STUDY is a checkout in which `studies/fourteen-tasks.yaml` has run: its texts are needed. Of each task and written
source the first 20 texts of each label are a pilot, as `per_label: 20` would ask for. The probe learns from a quarter,
half (the mean over three nested draws) and all of them; the score of 100 a label is foretold as `pyrite estimate
--scores` does it, and then trained, too. What was said of the chance that it lies within 3 points of all real labels
stands beside what came. The same from 50 texts a label to 200 and from 100 to 200 backtests the interval: its quantile
is that of the other tasks, and `measures.forecast.QUANTILE_GENERATED` that of all.

Writes benchmarks/results/pilot.json and pilot.md.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from forecast import FARTHER, KEPT, Hidden, backtest, errors
from sklearn.metrics import f1_score

from pyrite.base import files, paths
from pyrite.base.schema import read_result
from pyrite.data import mixes, texts
from pyrite.measures import forecast
from pyrite.measures.intervals import Interval
from pyrite.results import forecasts
from pyrite.results.evaluation import TaskResult
from pyrite.results.table import Column, Table
from pyrite.training import encoder, linear

RESULTS = Path(__file__).resolve().parent / "results"
SOURCES, SEEDS, MARGIN, C = ("few_shot", "zero_shot"), (0, 1, 2), 0.03, 10.0
PILOT = 20, 100
# Texts a label, now and then.
STEPS = PILOT, (50, 200), (100, 200)


def foretell(task: str, source: str, now: int, then: int) -> Hidden:
    """What so many texts a label of a source foretell of more, and what came."""
    test = pd.read_parquet(paths.fit(task, "probe", "few_shot", 0) / "predictions.parquet")[["id", "label"]]
    test = test.merge(texts.read(paths.prepared(task))[["id", "text"]], on="id")
    order = ["conversation", "turn", "position"]
    written = texts.read(paths.source(task, source)).sort_values(order).groupby("label")
    whole, pilot = written.head(then), written.head(now)
    vectors = encoder.embed([*whole["text"], *test["text"]])
    of_text = dict(zip(whole["id"], vectors, strict=False))
    labels = sorted(whole["label"].unique())

    def score(rows: pd.DataFrame) -> float:
        learnt = np.stack([of_text[i] for i in rows["id"]])
        targets = [labels.index(label) for label in rows["label"]]
        predicted = linear.probe(learnt, targets, vectors[len(whole) :], len(labels), C).argmax(1)
        return float(f1_score(test["label"], np.array(labels)[predicted], average="macro"))

    rows = [len(pilot) // 4, len(pilot) // 2, len(pilot)]
    drawn = [[mixes.rows(f"s@{n}", pilot, {"s": pilot}, seed) for seed in SEEDS] for n in rows[:2]]
    scores = [*(float(np.mean([score(of_seed) for of_seed in of_size])) for of_size in drawn), score(pilot)]
    slope, start = np.polyfit(np.log(rows), scores, 1)
    line = min(1.0, start + slope * np.log(len(whole)))
    foretold = forecast.expected(rows, scores, len(whole), generated=True)
    return Hidden(task, score(whole), *foretold, scores[-1], float(line), len(whole) / len(pilot))


def main(study: Path) -> None:
    os.chdir(study)
    held, rows = [], []
    words: Counter[tuple[str, bool]] = Counter()
    for path, source, step in itertools.product(sorted(KEPT.glob("*.json")), SOURCES, STEPS):
        point = foretell(path.stem, source, *step)
        held += [point] if point.times >= FARTHER else []
        if step == PILOT:
            bar = read_result(path, TaskResult).classifiers["probe"].mixes["real"].macro_f1.value - MARGIN
            reach = forecast.QUANTILE_GENERATED * point.error
            foretold = Interval(value=point.value, low=point.value - reach, high=point.value + reach)
            word = forecasts.chance(foretold, bar)
            words[word, point.true >= bar] += 1
            row = {"task": point.task, "source": source, "pilot": point.no_change, "told": foretold.model_dump()}
            rows.append(row | {"came": point.true, "bar": bar, "said": word})
    result = {
        "backtest": backtest(held),
        "said": {f"{word}, {'within' if within else 'not'}": n for (word, within), n in sorted(words.items())},
        "pilots": rows,
    }
    files.write_json(RESULTS / "pilot.json", result)
    files.write_text(RESULTS / "pilot.md", page(result))
    print((RESULTS / "pilot.md").read_text(encoding="utf-8"))


def page(result: dict) -> str:
    lines = ["# Forecasts of generated texts and what came, by benchmarks/pilot.py", ""]
    lines += errors({"all": result["backtest"]["all"], **result["backtest"]["by_distance"]})
    lines += [
        "",
        "Pilots: do 100 texts a label score within 3 points of all real labels (wanted)?",
        "",
    ]
    rows = []
    for pilot in result["pilots"]:
        value, low, high = (100 * pilot["told"][end] for end in ("value", "low", "high"))
        ends = f"{value:.1f} ({low:.1f} to {high:.1f})"
        now, came, bar = (f"{100 * pilot[key]:.1f}" for key in ("pilot", "came", "bar"))
        row = {"task": pilot["task"], "source": pilot["source"], "pilot": now, "foretold": ends, "came": came}
        rows.append(row | {"wanted": bar, "said": pilot["said"]})
    table = Table([Column(key, right=key not in ("task", "source", "said")) for key in rows[0]], rows).markdown()
    counts = "; ".join(f"{what}: {n}" for what, n in result["said"].items())
    return "\n".join([*lines, table, f"Said, and what came: {counts}."]) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
