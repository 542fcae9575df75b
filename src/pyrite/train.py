"""Train: fit every mix and seed of an encoder on a task.

Reads `data/prepared/<task>.parquet` and `data/synthetic/<task>.<setting>.parquet`; writes one folder per fit,
`models/<task>/<encoder>/<mix>/seed-<k>/`, with `predictions.parquet` (the test rows), `history.json` and, where
`train.checkpoints` asks for it, `checkpoint/`. A fit that the store holds is not trained again.

Under `accelerate launch` or `torchrun` the fits are dealt out to the processes; the store brings them together.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accelerate import PartialState

from pyrite import console, encoder, files, finetune, linear, mixes, params, paths, settings, store, texts
from pyrite.errors import PyriteError
from pyrite.params import Encoder, FineTune, Probe


@dataclass(frozen=True)
class Fit:
    """One classifier to train: what it learns from, and the digest of all that decides its result."""

    mix: str
    seed: int
    rows: pd.DataFrame
    fingerprint: str
    keep_checkpoint: bool

    @property
    def stored(self) -> bool:
        kinds = ("fits", "checkpoints") if self.keep_checkpoint else ("fits",)
        return all(store.find(kind, self.fingerprint) for kind in kinds)


@dataclass(frozen=True)
class Data:
    """The texts of a task: every row that a mix may draw, and the test rows in the order of the predictions."""

    prepared: pd.DataFrame
    synthetic: dict[str, pd.DataFrame]

    @property
    def tables(self) -> list[pd.DataFrame]:
        return [self.prepared, *self.synthetic.values()]

    @property
    def test(self) -> pd.DataFrame:
        return self.prepared[self.prepared["split"] == "test"].sort_values("id")

    @property
    def labels(self) -> list[str]:
        return sorted(self.prepared["label"].unique())


# Trains one fit, calling back after every step; gives the probabilities of the test rows, its history and, from a
# method that has one, a function that saves the checkpoint into a folder.
Trainer = Callable[[Fit, Callable[[], None]], tuple[np.ndarray, dict[str, Any], Callable[[Path], None] | None]]


def run(task: str, encoder_name: str) -> None:
    """Train what the store lacks of a (task, encoder), then write all of its fits."""
    p = params.load()
    if encoder_name not in p.train.encoders:
        known = ", ".join(p.train.encoders)
        raise PyriteError(f"encoder '{encoder_name}': unknown; train.encoders in params.yaml has {known}")
    spec = p.train.encoders[encoder_name]
    data = Data(
        prepared=texts.read(paths.prepared(task)),
        synthetic={setting: texts.read(paths.synthetic(task, setting)) for setting in settings.SETTINGS},
    )
    precision = encoder.best_precision() if p.train.precision == "auto" else p.train.precision
    fits = plan(data, spec, p.train.seeds, precision, p.train.checkpoints)
    missing = list({fit.fingerprint: fit for fit in fits if not fit.stored}.values())
    console.log.print(
        f"{task} {encoder_name}: {len(fits)} fits, {sum(fit.stored for fit in fits)} from the store, "
        f"{len(missing)} to train"
    )
    state = PartialState(cpu=not torch.accelerator.is_available())  # several CPU processes join only if told so
    if mine := missing[state.process_index :: state.num_processes]:
        train(mine, spec, _trainer(data, spec, precision), f"{task} {encoder_name}")
    state.wait_for_everyone()
    if state.is_main_process:
        write(fits, data, task, encoder_name)


def plan(data: Data, spec: Encoder, seeds: tuple[int, ...], precision: str, checkpoints: str) -> list[Fit]:
    """The fits of an encoder on a task, mix by mix and seed by seed."""
    # Everything but the rows and the seed, which the fits do not share. The test rows belong to it because a fit's
    # result is its predictions.
    shared: dict[str, Any] = {
        "encoder": spec.model_dump(exclude={"mixes"}),
        "labels": data.labels,
        "test": data.test["id"].tolist(),
    }
    if isinstance(spec, FineTune):
        shared |= {"code": store.code(finetune, encoder), "precision": precision}
    elif isinstance(spec, Probe):
        shared |= {"code": store.code(linear, encoder), "precision": precision}
    else:
        shared |= {"code": store.code(linear)}
    fits = []
    for mix in spec.mixes:
        for seed in seeds:
            rows = mixes.rows(mix, data.prepared, data.synthetic, seed)
            identity = {**shared, "rows": rows[["id", "label"]].to_numpy().tolist()}
            if isinstance(spec, FineTune):
                # For the others the seed only draws the rows: two seeds with the same rows are one fit.
                identity["seed"] = seed
            keep = isinstance(spec, FineTune) and (
                checkpoints == "all" or (checkpoints == "first_seed" and seed == seeds[0])
            )
            fits.append(Fit(mix, seed, rows, store.key(identity), keep))
    return fits


def train(fits: list[Fit], spec: Encoder, trainer: Trainer, name: str) -> None:
    """Train fits one by one; each is in the store before the next begins."""
    steps = spec.steps if isinstance(spec, FineTune) else 1
    with console.progress() as progress:
        bar = progress.add_task(f"training {name}", total=steps * len(fits))
        for fit in fits:
            progress.update(bar, description=f"training {name} {fit.mix} seed {fit.seed}")
            started = time.perf_counter()
            probabilities, history, save = trainer(fit, lambda: progress.advance(bar))
            if not np.isfinite(probabilities).all():
                raise PyriteError(
                    f"{name} {fit.mix} seed {fit.seed}: training diverged (the predictions are not numbers); "
                    "lower its learning_rate in params.yaml"
                )
            _keep(fit, probabilities, history, save, seconds=time.perf_counter() - started)


def _keep(
    fit: Fit,
    probabilities: np.ndarray,
    history: dict[str, Any],
    save: Callable[[Path], None] | None,
    seconds: float,
) -> None:
    def fill(folder: Path) -> None:
        np.save(folder / "probabilities.npy", probabilities, allow_pickle=False)
        files.write_json(folder / "history.json", history)
        # Timings stay here: in an output they would make two equal runs differ.
        files.write_json(folder / "timing.json", {"seconds": seconds, "threads": os.cpu_count()})

    # The checkpoint first: an entry in `fits` says that the fit is finished.
    if fit.keep_checkpoint and save is not None:
        store.add("checkpoints", fit.fingerprint, save)
    store.add("fits", fit.fingerprint, fill)


def write(fits: list[Fit], data: Data, task: str, encoder_name: str) -> None:
    """Write the folders of all fits from the store, replacing what was there in one step."""
    target = paths.models(task, encoder_name)
    new = target.with_name(f".{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for fit in fits:
        stored = store.find("fits", fit.fingerprint)
        if stored is None:
            raise PyriteError(f"{paths.store()}: the fit {fit.mix} seed {fit.seed} is gone; run the stage again")
        folder = new / paths.fit(task, encoder_name, fit.mix, fit.seed).relative_to(target)
        folder.mkdir(parents=True)
        probabilities = np.load(stored / "probabilities.npy", allow_pickle=False)
        predictions = data.test[["id", "label"]].reset_index(drop=True)
        predictions["predicted"] = np.array(data.labels)[probabilities.argmax(1)]
        for number, label in enumerate(data.labels):
            predictions[f"probability:{label}"] = probabilities[:, number]
        texts.write(predictions, folder / "predictions.parquet")
        about = {
            "task": task,
            "encoder": encoder_name,
            "mix": fit.mix,
            "seed": fit.seed,
            "rows": len(fit.rows),
            "labels": data.labels,
            "fingerprint": fit.fingerprint,
        }
        files.write_json(folder / "history.json", about | files.read_json(stored / "history.json"))
        if fit.keep_checkpoint and (checkpoint := store.find("checkpoints", fit.fingerprint)):
            shutil.copytree(checkpoint, folder / "checkpoint", copy_function=_link)
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)


def _link(source: str, target: str) -> None:
    # Checkpoints are large and never change: a second name is enough where the file system allows one.
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _trainer(data: Data, spec: Encoder, precision: str) -> Trainer:
    """The method of an encoder, with what all of its fits share (tokens, embeddings) computed once."""
    test_ids = data.test["id"].tolist()
    number = {label: i for i, label in enumerate(data.labels)}

    def targets(fit: Fit) -> list[int]:
        return [number[label] for label in fit.rows["label"]]

    if isinstance(spec, FineTune):
        versions = {name: version(name) for name in ("accelerate", "torch", "transformers")}
        tokens: dict[str, list[int]] = {}
        for table in data.tables:
            ids = encoder.tokenise(table["text"].tolist(), spec.checkpoint, spec.revision, spec.max_tokens)
            tokens |= dict(zip(table["id"], ids, strict=True))

        def fine_tuned(
            fit: Fit, advance: Callable[[], None]
        ) -> tuple[np.ndarray, dict[str, Any], Callable[[Path], None]]:
            rows = [tokens[i] for i in fit.rows["id"]]
            test = [tokens[i] for i in test_ids]
            result = finetune.fit(spec, rows, targets(fit), test, data.labels, fit.seed, precision, advance)
            return result.probabilities, result.history | {"versions": versions}, result.save

        return fine_tuned

    versions = {"scikit-learn": version("scikit-learn")}
    features: dict[str, Any] = {}
    for table in data.tables:
        column = table["text"].tolist()
        values = (
            encoder.embed(column, spec.checkpoint, spec.revision, spec.max_tokens)
            if isinstance(spec, Probe)
            else column
        )
        features |= dict(zip(table["id"], values, strict=True))
    learn = linear.probe if isinstance(spec, Probe) else linear.tfidf

    def regression(fit: Fit, advance: Callable[[], None]) -> tuple[np.ndarray, dict[str, Any], None]:
        if fit.rows["label"].nunique() < 2:
            raise PyriteError(f"mix '{fit.mix}' seed {fit.seed}: all of its rows have one label; take more rows")
        rows = [features[i] for i in fit.rows["id"]]
        probabilities = learn(rows, targets(fit), [features[i] for i in test_ids], len(data.labels), spec.C)
        advance()
        return probabilities, {"versions": versions}, None

    return regression
