"""Train: fit every mix and seed of an encoder on a task.

Reads `data/prepared/<task>.parquet` and `data/synthetic/<task>/<setting>.parquet`; writes one folder per fit,
`models/<task>/<encoder>/<mix>/seed-<k>/`, with `predictions.parquet` (the test rows), `history.json` and, where
`train.checkpoints` asks for it, `checkpoint/`. A fit that the store holds is not trained again.

Under `accelerate launch` or `torchrun` the fits are dealt out to the processes; the store brings them together.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accelerate import PartialState

from pyrite import console, encoder, files, finetune, linear, mixes, params, paths, store, texts
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
    test_rows: int | None = None

    @property
    def tables(self) -> list[pd.DataFrame]:
        return [self.prepared, *self.synthetic.values()]

    @property
    def test(self) -> pd.DataFrame:
        # An id is a digest: the lowest ones are a sample at random.
        return self.prepared[self.prepared["split"] == "test"].sort_values("id").iloc[: self.test_rows]

    @property
    def labels(self) -> list[str]:
        return sorted(self.prepared["label"].unique())


@dataclass(frozen=True)
class Inputs:
    """What all fits of a (task, encoder) share; `features` has the tokens, embedding or text of each row by its id."""

    spec: Encoder
    precision: str
    labels: list[str]
    test_ids: list[str]
    features: dict[str, Any]


def run(task: str, encoder_name: str) -> None:
    """Train what the store lacks of a (task, encoder), then write all of its fits."""
    p = params.load()
    if encoder_name not in p.train.encoders:
        known = ", ".join(p.train.encoders)
        raise PyriteError(f"encoder '{encoder_name}': unknown; train.encoders in params.yaml has {known}")
    spec = p.train.encoders[encoder_name]
    data = Data(
        prepared=texts.read(paths.prepared(task)),
        synthetic={setting: texts.read(paths.synthetic(task, setting)) for setting in p.generate.settings},
        test_rows=p.train.test_rows,
    )
    precision = encoder.best_precision() if p.train.precision == "auto" else p.train.precision
    fits = plan(data, spec, p.train.seeds, precision, p.train.checkpoints)
    unique = list({fit.fingerprint: fit for fit in fits}.values())
    state = PartialState(cpu=not torch.accelerator.is_available())  # several CPU processes join only if told so
    if state.is_main_process:
        console.log.print(
            f"{task} {encoder_name}: {len(fits)} fits, {sum(fit.stored for fit in fits)} from the store, "
            f"{sum(not fit.stored for fit in unique)} to train"
        )
    # Dealt out before the store is asked: what one process finishes must not change the share of a later one.
    if mine := [fit for fit in unique[state.process_index :: state.num_processes] if not fit.stored]:
        workers = devices() if isinstance(spec, FineTune) and state.num_processes == 1 else 1
        train(mine, prepare_inputs(data, spec, precision), f"{task} {encoder_name}", min(workers, len(mine)))
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
        weights = encoder.identity(spec.checkpoint, spec.revision)
        shared |= {"code": store.code(finetune, encoder), "precision": precision, "weights": weights}
    elif isinstance(spec, Probe):
        weights = encoder.identity(spec.checkpoint, spec.revision)
        shared |= {"code": store.code(linear, encoder), "precision": precision, "weights": weights}
    else:
        shared |= {"code": store.code(linear)}
    real_rows = int((data.prepared["split"] == "train").sum())
    fits = []
    for mix in spec.mixes:
        if mixes.is_curve(mix) and (mixes.parse(mix)[0].rows or 0) > real_rows:
            # One list of sizes serves tasks of all sizes: the learning curve of a small one ends earlier.
            continue
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


def devices() -> int:
    """How many fits can run side by side: one on each accelerator or, without one, on each CPU core."""
    if count := torch.accelerator.device_count():
        return count
    # Not every system can say which cores this process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare_inputs(data: Data, spec: Encoder, precision: str) -> Inputs:
    """Tokenise, embed or just gather the texts of a task, once for all fits."""
    features: dict[str, Any] = {}
    for table in data.tables:
        column = table["text"].tolist()
        if isinstance(spec, FineTune):
            values: Any = encoder.tokenise(column, spec.checkpoint, spec.revision, spec.max_tokens)
        elif isinstance(spec, Probe):
            values = encoder.embed(column, spec.checkpoint, spec.revision, spec.max_tokens)
        else:
            values = column
        features |= dict(zip(table["id"], values, strict=True))
    return Inputs(spec, precision, data.labels, data.test["id"].tolist(), features)


def train(fits: list[Fit], inputs: Inputs, name: str, workers: int) -> None:
    """Train fits, several side by side where `workers` says so; each goes to the store as soon as it is done."""
    steps = inputs.spec.steps if isinstance(inputs.spec, FineTune) else 1
    with console.progress() as progress:
        bar = progress.add_task(f"training {name}, {len(fits)} fits", total=steps * len(fits))
        if workers == 1:
            for fit in fits:
                fit_one(fit, inputs, name, lambda: progress.advance(bar))
        else:
            _side_by_side(fits, inputs, name, workers, lambda done: progress.update(bar, completed=done))


def fit_one(fit: Fit, inputs: Inputs, name: str, advance: Callable[[], None]) -> None:
    """Train one fit and put it into the store.

    Raises:
        PyriteError: it can't be trained, or it diverged.
    """
    started = time.perf_counter()
    spec, save = inputs.spec, None
    targets = [inputs.labels.index(label) for label in fit.rows["label"]]
    if len(set(targets)) < 2:
        raise PyriteError(f"{name} {fit.mix} seed {fit.seed}: all of its rows have one label; take more rows")
    rows = [inputs.features[i] for i in fit.rows["id"]]
    test = [inputs.features[i] for i in inputs.test_ids]
    if isinstance(spec, FineTune):
        tuned = finetune.fit(spec, rows, targets, test, inputs.labels, fit.seed, inputs.precision, advance)
        probabilities, save = tuned.probabilities, tuned.save
        history = tuned.history | _versions("accelerate", "torch", "transformers")
    else:
        learn = linear.probe if isinstance(spec, Probe) else linear.tfidf
        probabilities = learn(rows, targets, test, len(inputs.labels), spec.C)
        history = _versions("scikit-learn")
        advance()
    if not np.isfinite(probabilities).all():
        raise PyriteError(
            f"{name} {fit.mix} seed {fit.seed}: training diverged (the predictions are not numbers); lower its "
            "learning_rate in params.yaml"
        )
    seconds = time.perf_counter() - started

    def fill(folder: Path) -> None:
        np.save(folder / "probabilities.npy", probabilities, allow_pickle=False)
        files.write_json(folder / "history.json", history)
        # Timings stay here: in an output they would make two equal runs differ.
        files.write_json(folder / "timing.json", {"seconds": seconds})

    # The checkpoint first: an entry in `fits` says that the fit is finished.
    if fit.keep_checkpoint and save is not None:
        store.add("checkpoints", fit.fingerprint, save)
    store.add("fits", fit.fingerprint, fill)


def _versions(*packages: str) -> dict[str, dict[str, str]]:
    return {"versions": {name: version(name) for name in packages}}


# Several processes, one device each. They meet in the store, so they need not speak to each other.

_shared: tuple[Inputs, str, Any]


def _side_by_side(fits: list[Fit], inputs: Inputs, name: str, workers: int, report: Callable[[int], object]) -> None:
    context = multiprocessing.get_context("spawn")
    steps = context.Value("L", 0)
    numbers = context.SimpleQueue()
    for number in range(workers):
        numbers.put(number)
    pool = ProcessPoolExecutor(workers, context, _begin, (inputs, name, steps, numbers))
    try:
        waiting = {pool.submit(_work, fit) for fit in fits}
        while waiting:
            done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_EXCEPTION)
            for finished in done:
                finished.result()
            report(steps.value)
    except BrokenProcessPool:
        raise PyriteError(
            f"{name}: a training process was killed, perhaps for want of memory; the fits that were done are kept, run "
            "it again"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(inputs: Inputs, name: str, steps: Any, numbers: Any) -> None:
    """Make this process a worker on a device of its own, which ends when its parent does."""
    global _shared
    number = numbers.get()
    _shared = inputs, name, steps
    if torch.cuda.is_available():
        torch.cuda.set_device(number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(fit: Fit) -> None:
    inputs, name, steps = _shared

    def advance() -> None:
        with steps.get_lock():
            steps.value += 1

    fit_one(fit, inputs, name, advance)


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
