"""How fast is training on CPU cores, and what does it cost in macro-F1?

    python benchmarks/training/cpu.py [--steps N] [--seeds N] [--tasks TASK ...]

MiniLM on 700 real training rows of each task (`data/prepared/`, so `dvc repro` comes first): Pyrite with a fit on each
core, the same compiled, `transformers.Trainer` with its defaults and tuned, one fit on all cores; the same rows, steps,
rows in a step and seeds, in turn, in one run. Samples/s are those of the whole machine, the median of the seeds; the
score is macro-F1 on the test rows. Of the compiled model they are those of a process's second fit; what its first took
longer is the time of compiling. Writes benchmarks/results/training-cpu.json.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median
from typing import Any

import pandas as pd
import peers
from rich.console import Console
from sklearn.metrics import f1_score

from pyrite.base import files, paths
from pyrite.commands import doctor
from pyrite.data import texts
from pyrite.results.table import Column, Table
from pyrite.training import encoder, parallel

TRAINING_ROWS, TEST_ROWS = 700, 800
STEP_ROWS, MAX_TOKENS = 32, 128


def rows_of(task: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = texts.read(paths.prepared(task))
    train, test = frame[frame["split"] == "train"], frame[frame["split"] == "test"]
    return train.sample(min(TRAINING_ROWS, len(train)), random_state=0), test.sample(
        min(TEST_ROWS, len(test)), random_state=0
    )


def side_by_side(arguments: tuple, seeds: list[int], cores: int) -> tuple[list[peers.Measured], float]:
    """Fits in as many processes as cores; each, and samples/s of all cores."""
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        # Each core is busy all the time: more fits than were asked for fill the last round, and do not count.
        filled = seeds + seeds[: -len(seeds) % cores]
        fits = list(pool.map(_fit, [(*arguments, seed) for seed in filled]))
    return fits[: len(seeds)], cores * median(fit.rows / fit.seconds for fit in fits)


def compiled(arguments: tuple, cores: int) -> tuple[list[peers.Measured], float, float]:
    """A compiled fit of each core; samples/s of all cores, and the seconds that compiling took."""
    spec, *rest = arguments
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder  # nothing is compiled there yet
        jobs = [(spec.model_copy(update={"compile": True}), *rest, seed) for seed in range(cores)]
        first, second = zip(*pool.map(_fit_twice, jobs), strict=True)
    rate = cores * median(fit.rows / fit.seconds for fit in second)
    return list(second), rate, median(a.seconds - b.seconds for a, b in zip(first, second, strict=True))


def _fit(arguments: tuple) -> peers.Measured:
    *shared, seed = arguments
    measured, _ = peers.pyrite(*shared, seed, encoder.best_precision())
    return measured


def _fit_twice(arguments: tuple) -> tuple[peers.Measured, peers.Measured]:
    return _fit(arguments), _fit(arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", default=["python_docs", "sms_spam", "imdb"])
    options = parser.parse_args()
    cores, seeds = parallel.devices(), list(range(options.seeds))
    conditions = {"cpu": doctor.cpu(), "cores": cores, "precision": encoder.best_precision()}
    conditions |= {"training_rows": TRAINING_ROWS, "steps": options.steps, "rows_in_a_step": STEP_ROWS}
    conditions |= {"max_tokens": MAX_TOKENS, "seeds": options.seeds, "python": platform.python_version()}
    conditions |= {package: version(package) for package in ("torch", "transformers", "accelerate")}
    kept: dict[str, dict] = {}
    columns = [Column("task"), Column("system"), Column("samples/s", form=",.1f"), Column("times", form=".2f")]
    columns += [Column("macro-F1", form=".1f"), Column("by seed", right=True)]
    rows: list[dict] = []
    for task in options.tasks:
        both = rows_of(task)
        labels = sorted(both[0]["label"].unique())
        targets, gold = ([labels.index(label) for label in frame["label"]] for frame in both)
        spec = peers.recipe(encoder.PACKAGED, options.steps, STEP_ROWS, 2e-4, MAX_TOKENS)
        tokens = [encoder.tokenise(frame["text"].tolist(), spec.checkpoint, None, MAX_TOKENS) for frame in both]
        shared = (spec, tokens[0], targets, tokens[1], len(labels))
        results: dict[str, Any] = {"Pyrite": side_by_side(shared, seeds, cores)}
        for name, tuned in (("Trainer, defaults", False), ("Trainer, tuned", True)):
            fits = [peers.trainer(*shared, seed, tuned) for seed in seeds]
            results[name] = fits, median(fit.rows / fit.seconds for fit in fits)
        *results["Pyrite, compiled"], compiling = compiled(shared, cores)
        for name, (fits, rate) in results.items():
            scores = [100 * f1_score(gold, fit.predicted, average="macro") for fit in fits]
            by_seed = ", ".join(f"{score:.1f}" for score in scores)
            ratio = results["Pyrite"][1] / rate
            row = {"task": task, "system": name, "samples/s": rate, "times": ratio, "macro-F1": mean(scores)}
            rows.append(row | {"by seed": by_seed})
            kept.setdefault(task, {})[name] = {
                "samples_per_second": round(rate, 1),
                "pyrite_is_faster_times": round(ratio, 2),
                "macro_f1": [round(score, 1) for score in scores],
            }
        kept[task]["Pyrite, compiled"]["compiling_seconds"] = round(compiling, 1)
        # After each task: all of them take an hour.
        written = Path(__file__).parents[1] / "results/training-cpu.json"
        files.write_json(written, {"conditions": conditions, "tasks": kept})
    title = f"{cores} cores ({doctor.cpu()}), {encoder.best_precision()}, {options.steps} steps of {STEP_ROWS}"
    Table(columns, rows, title).print(Console())


if __name__ == "__main__":
    main()
