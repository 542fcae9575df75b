"""How fast is training on a GPU?

    python benchmarks/training/gpu.py [--steps N] [--tiny] [--tasks TASK ...]

A model of BERT-base's shape with random weights, and random tokens in rows as long as those of the paper's ten tasks
(`lengths.json`: the 0th to 100th percentile of each task's training rows in WordPiece tokens, at most 256): speed
depends on neither weights nor words. Pyrite, Pyrite compiled, `transformers.Trainer` with its defaults and tuned; the
same rows, steps and rows in a step, in turn, in one run. Gives samples/s, model FLOP utilisation, padding (all that an
unpadded attention could still save), and the paper's Table 1 summed up: ten tasks, 18 fits each of 3,000 rows and three
epochs, with what a fit costs beside its training. Writes benchmarks/results/training-gpu.json.

Model FLOP are three times those of the forward pass: 2 for each weight of the layers and token, and 4 x tokens x hidden
units x layers for each token's attention (Chowdhery et al. 2022, appendix B). `--tiny` tries the script on any
machine, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import peers
import torch
from rich.console import Console
from transformers import BertConfig, BertForSequenceClassification

from pyrite.base import files
from pyrite.results.table import Column, Table
from pyrite.training import encoder
from pyrite.training.batches import Tokens

# Dense bfloat16 FLOP/s by the makers' data sheets.
PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12}
LENGTHS = json.loads((Path(__file__).parent / "lengths.json").read_text())
ROWS, EPOCHS, BATCH, FITS_OF_A_TASK, LABELS = 3000, 3, 32, 18, 4


def random_model(folder: str, tiny: bool) -> BertConfig:
    small = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
    config = BertConfig(**(small if tiny else {}), num_labels=LABELS)
    BertForSequenceClassification(config).save_pretrained(folder)
    return config


def random_rows(task: str, rows: int, rng: np.random.Generator) -> Tokens:
    lengths = np.interp(rng.random(rows), np.linspace(0, 1, len(LENGTHS[task])), LENGTHS[task]).astype(int)
    return Tokens.of([rng.integers(1000, 30000, length).tolist() for length in lengths])


def model_flop(config: BertConfig, lengths: np.ndarray) -> float:
    """FLOP of a forward and backward pass over each text once."""
    weights = config.num_hidden_layers * (4 * config.hidden_size**2 + 2 * config.hidden_size * config.intermediate_size)
    attention = 4 * config.num_hidden_layers * config.hidden_size * lengths
    return float(3 * (lengths * (2 * weights + attention)).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=-(-ROWS * EPOCHS // BATCH))
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--tasks", nargs="+", default=list(LENGTHS))
    options = parser.parse_args()
    rng, precision = np.random.default_rng(0), encoder.best_precision()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    peak = next((flop for name, flop in PEAK.items() if name in device), None)
    conditions = {"device": device, "precision": precision, "training_rows": ROWS, "steps": options.steps}
    conditions |= {"rows_in_a_step": BATCH, "python": platform.python_version()}
    conditions |= {package: version(package) for package in ("torch", "transformers", "accelerate")}
    kept: dict[str, dict] = {}
    title = f"{device}, {precision}, {options.steps} steps of {BATCH} rows, torch {torch.__version__}"
    columns = [Column("task"), Column("tokens a row", form=".0f"), Column("padding", form=".1%"), Column("system")]
    columns += [Column("samples/s", form=",.0f"), Column("tokens/s", form=",.0f"), Column("TFLOP/s", form=".2f")]
    columns += [Column("MFU", form=".1%"), Column("times", form=".2f")]
    rows: list[dict] = []
    table_one = 0.0
    with tempfile.TemporaryDirectory() as folder:
        config = random_model(folder, options.tiny)
        for task in options.tasks:
            tokens, test = random_rows(task, ROWS, rng), random_rows(task, 500, rng)
            targets = rng.integers(0, LABELS, ROWS).tolist()
            rates: dict[str, float] = {}
            shared = (tokens, targets, test, LABELS, 0)
            kept[task] = {"tokens_in_a_row": round(float(tokens.lengths.mean()), 1)}
            for name in ("Pyrite", "Pyrite, compiled", "Trainer, defaults", "Trainer, tuned"):
                compiled = name == "Pyrite, compiled"
                if compiled and not torch.cuda.is_available():
                    continue
                spec = peers.recipe(folder, options.steps, BATCH, 3e-5, 256, compile=compiled)
                started = time.perf_counter()
                if name.startswith("Pyrite"):
                    measured, tuned = peers.pyrite(spec, *shared, precision)
                    whole = time.perf_counter() - started
                    padding = tuned.history["padding_share"]
                else:
                    measured, padding = peers.trainer(spec, *shared, name.endswith("tuned")), None
                rates[name] = measured.rows / measured.seconds
                flop = model_flop(config, tokens.lengths) * measured.rows / ROWS / measured.seconds
                if name == "Pyrite":
                    steps = ROWS * EPOCHS / BATCH
                    beside = whole - measured.seconds
                    table_one += FITS_OF_A_TASK * (beside + measured.seconds * steps / options.steps)
                row = {"task": task, "tokens a row": tokens.lengths.mean(), "padding": padding, "system": name}
                row |= {"samples/s": rates[name], "tokens/s": measured.tokens / measured.seconds}
                row |= {"TFLOP/s": flop / 1e12, "MFU": peak and flop / peak, "times": rates["Pyrite"] / rates[name]}
                rows.append(row)
                kept[task][name] = {
                    "samples_per_second": round(rates[name], 1),
                    "pyrite_is_faster_times": round(rates["Pyrite"] / rates[name], 2),
                    "model_flop_utilisation": flop / peak if peak else None,
                }
    Table(columns, rows, title).print(Console(width=140))
    fits = FITS_OF_A_TASK * len(options.tasks)
    if not options.tiny:
        table_one_of = {"fits": fits, "rows": ROWS, "epochs": EPOCHS, "minutes": round(table_one / 60, 1)}
        result = {"conditions": conditions, "tasks": kept, "table_1": table_one_of}
        files.write_json(Path(__file__).parents[1] / "results/training-gpu.json", result)
    Console().print(f"Table 1, {fits} fits of {ROWS} rows and {EPOCHS} epochs: {table_one / 60:.1f} minutes, summed up")


if __name__ == "__main__":
    main()
