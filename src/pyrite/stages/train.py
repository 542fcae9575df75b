"""Train: fit every mix and seed of a classifier on a task.

Reads `data/prepared/<task>.parquet` and `data/sources/<task>/<source>.parquet`; writes one folder per fit,
`models/<task>/<classifier>/<mix>/seed-<k>/`, with `predictions.parquet` (the test rows), `history.json` and, where
`train.checkpoints` asks for it, `checkpoint/` with a model card.
A fit that the store holds is not trained again.

Under `accelerate launch` or `torchrun` the fits are dealt out to the processes, and the store brings them together;
with `train.parallel: data` all processes train each fit.
"""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather_object

from pyrite import params
from pyrite.base import console, files, paths, store
from pyrite.base.errors import PyriteError
from pyrite.data import mixes, texts
from pyrite.params import Params
from pyrite.training import encoder, modelcard, parallel
from pyrite.training.classifier import DivergenceError, Job
from pyrite.training.classifiers import AnyClassifier
from pyrite.training.fits import Data, Fit, plan

# A process takes some six seconds to start: as long as short fits on about so many characters of text (`probe` has done
# 800,000 a second, `tfidf` 350,000).
WORTH_A_PROCESS = 4_000_000
# What a process holds for each character of its longest short fit, at most: 384 float32 of a text of 60 characters, in
# the embeddings of all texts, in the fit's rows, and once more.
BYTES_A_CHARACTER = 80


@dataclass(frozen=True)
class Inputs:
    """What all fits of a (task, classifier) share; `features` has the tokens, embeddings or texts of rows by number."""

    name: str
    spec: AnyClassifier
    precision: str
    labels: list[str]
    numbers: dict[str, int]
    features: Any
    together: bool

    def of(self, ids: list[str]) -> Any:
        return self.features[[self.numbers[i] for i in ids]]


class Outcome(NamedTuple):
    """What became of a fit, as a line."""

    line: str
    failed: bool


def run(task: str, classifier: str) -> None:
    """Train what the store lacks of a (task, classifier), then write all of its fits.

    Raises:
        PyriteError: an input is missing or no good, or some fits diverged; the others are in the store.
    """
    p = params.load()
    if classifier not in p.train.classifiers:
        known = ", ".join(p.train.classifiers)
        raise PyriteError(f"classifier '{classifier}': unknown; train.classifiers in params.yaml has {known}")
    spec = p.train.classifiers[classifier]
    data = Data(
        prepared=texts.read(paths.prepared(task)),
        sources={source: texts.read(paths.source(task, source)) for source in p.sources},
        test_rows=p.train.test_rows,
        folds=p.train.folds,
    )
    if data.prepared.empty:
        write([], data, task, classifier, p)
        console.log.print(f"{task} {classifier}: nothing is trained: no real texts could say how good it is")
        return
    name = f"{task} {classifier}"
    precision = encoder.best_precision() if p.train.precision == "auto" else p.train.precision
    state = PartialState(
        cpu=not torch.accelerator.is_available(),  # several CPU processes join only if told so
        # Who has done its fits waits for the others, which may take longer than the minutes that are the default.
        timeout=timedelta(days=7),
    )
    processes = 1
    if p.train.parallel == "data" and spec.long:
        processes = state.num_processes if parallel.launched() else parallel.devices()
    fits = plan(name, data, spec, p.train.seeds_of(classifier), precision, p.train.checkpoints, processes)
    unique = sorted({fit.fingerprint: fit for fit in fits}.values(), key=lambda fit: -fit.effort)
    if state.is_main_process:
        console.log.print(
            f"{name}: {len(fits)} fits, {sum(fit.stored for fit in fits)} from the store, "
            f"{sum(not fit.stored for fit in unique)} to train"
        )
    if processes > 1 and parallel.launched():
        # All must train the same fits at the same time, whatever each sees of the store.
        [todo] = broadcast_object_list([[fit.fingerprint for fit in unique if not fit.stored]])
        own = [fit for fit in unique if fit.fingerprint in todo]
    else:
        # Dealt out before the store is asked: what one process finishes must not change the share of a later one.
        own = [fit for fit in unique[state.process_index :: state.num_processes] if not fit.stored]
    failed = train(own, prepare_inputs(name, data, spec, precision, own, processes > 1), processes) if own else []
    failed = gather_object(failed)
    state.wait_for_everyone()
    if not state.is_main_process:
        return
    if failed:
        kept = len(unique) - len(set(failed))
        raise PyriteError("; ".join(dict.fromkeys(failed)) + (f" ({kept} other fits are kept)" if kept > 0 else ""))
    write(fits, data, task, classifier, p)


def prepare_inputs(
    name: str, data: Data, spec: AnyClassifier, precision: str, fits: list[Fit], together: bool
) -> Inputs:
    """Tokenise, embed or just gather the texts of a task, once for all fits."""
    wanted = {i for fit in fits for i in (*fit.rows["id"], *fit.test)}
    by_id = pd.concat([table.set_index("id")["text"] for table in data.tables])
    by_id = by_id[~by_id.index.duplicated() & by_id.index.isin(wanted)]
    numbers = {i: number for number, i in enumerate(by_id.index)}
    return Inputs(name, spec, precision, data.labels, numbers, spec.features(by_id.tolist()), together)


def train(fits: list[Fit], inputs: Inputs, processes: int) -> list[str]:
    """Train fits, each in the store as soon as it is done; what went wrong with those that could not be trained."""
    spec = inputs.spec
    failed = []
    with console.progress() as view:
        doing = f"{inputs.name}: training"
        bar = view.add_task(f"{doing}, 0 of {len(fits)} fits done", total=spec.advances() * len(fits))
        report = partial(view.update, bar)
        outcomes: Iterator[Outcome]
        alone = not parallel.launched()
        if alone and processes > 1:
            outcomes = parallel.together(fit_one, fits, inputs, processes, lambda done: report(completed=done))
        elif alone and (workers := _workers(spec, fits)) > 1:
            outcomes = parallel.side_by_side(fit_one, fits, inputs, workers, lambda done: report(completed=done))
        else:
            outcomes = (fit_one(fit, inputs, lambda: view.advance(bar)) for fit in fits)
        for done, outcome in enumerate(outcomes, start=1):
            report(description=f"{doing}, {done} of {len(fits)} fits done")
            if outcome.failed:
                failed.append(outcome.line)
            elif spec.long and PartialState().is_main_process:
                console.log.print(f"  {outcome.line}")
    return failed


def _workers(spec: AnyClassifier, fits: list[Fit]) -> int:
    """How many fits run side by side: one on each device, as far as memory goes where devices share it."""
    devices = parallel.devices()
    if spec.long:
        wanted, memory = min(devices, len(fits)), spec.memory()
        if torch.accelerator.is_available():
            return wanted
    else:
        wanted = min(devices, sum(fit.effort for fit in fits) // WORTH_A_PROCESS)
        memory = encoder.PROCESS_MEMORY + BYTES_A_CHARACTER * max(fit.effort for fit in fits)
    free = parallel.free_memory()
    if free // memory >= wanted:
        return wanted
    workers = max(1, free // memory)
    console.log.print(
        f"memory for {workers} of {wanted} fits side by side: {free / 2**30:.1f} GiB free, "
        f"about {memory / 2**30:.1f} GiB each"
    )
    return workers


def fit_one(fit: Fit, inputs: Inputs, advance: Callable[[], object]) -> Outcome:
    """Train one fit and put it into the store.

    Raises:
        PyriteError: it can't be trained, as another fit of the same classifier could not.
    """
    spec = inputs.spec
    place = f"{inputs.name} {fit.name}"
    targets = [inputs.labels.index(label) for label in fit.rows["label"]]
    rows, test = inputs.of(fit.rows["id"].tolist()), inputs.of(fit.test)
    job = Job(rows, targets, test, inputs.labels, fit.seed, inputs.precision, advance, inputs.together)
    try:
        fitted = spec.fit(job)
        if not np.isfinite(fitted.probabilities).all():
            raise DivergenceError("the predictions are not numbers")
    except DivergenceError as error:
        return Outcome(f"{place}: training diverged ({error}); lower its learning_rate in params.yaml", failed=True)
    if not spec.long:
        advance()
    history = fitted.history | {"versions": {name: version(name) for name in spec.packages}}

    def fill(folder: Path) -> None:
        np.save(folder / "probabilities.npy", fitted.probabilities, allow_pickle=False)
        files.write_json(folder / "history.json", history)
        # These stay here: in an output they would make two equal runs differ.
        files.write_json(folder / "speed.json", fitted.speed)

    if inputs.together and not PartialState().is_main_process:
        return Outcome(place, failed=False)
    # The checkpoint first: an entry in `fits` says that the fit is finished.
    if fit.keep_checkpoint and fitted.save is not None:
        store.add("checkpoints", fit.fingerprint, fitted.save)
    store.add("fits", fit.fingerprint, fill)
    if not (speed := fitted.speed):
        return Outcome(place, failed=False)
    rate = f"{speed['seconds']:.1f} s, {speed['tokens_per_second']:,.0f} tokens/s on {speed['device']}"
    return Outcome(f"{place}: {rate}", failed=False)


def write(fits: list[Fit], data: Data, task: str, classifier: str, p: Params) -> None:
    """Write the folders of all mixes and seeds from the store, replacing what was there in one step."""
    target = paths.models(task, classifier)
    with files.folder(target) as new:
        for (mix, seed), of_seed in itertools.groupby(fits, lambda fit: (fit.mix, fit.seed)):
            folder = new / paths.fit(task, classifier, mix, seed).relative_to(target)
            folder.mkdir(parents=True)
            write_seed(list(of_seed), folder, data, task, classifier, p)


def write_seed(fits: list[Fit], folder: Path, data: Data, task: str, classifier: str, p: Params) -> None:
    """Write what the store has of a mix and seed: one fit, or one of each fold. The history is that of the first.

    Raises:
        PyriteError: it lacks one.
    """
    parts, entries = [], []
    for fit in fits:
        if (entry := store.find("fits", fit.fingerprint)) is None:
            raise PyriteError(f"{paths.store()}: the fit {fit.name} is gone; run the stage again")
        entries.append(entry)
        probabilities = np.load(entry / "probabilities.npy", allow_pickle=False)
        part = pd.DataFrame(probabilities, columns=[f"probability:{label}" for label in data.labels])
        part.insert(0, "id", fit.test)
        part.insert(1, "predicted", np.array(data.labels)[probabilities.argmax(1)])
        if fit.fold is not None:
            part.insert(2, "fold", fit.fold)
        parts.append(part)
    # Every test row once, in the order of all predictions.
    predictions = data.test[["id", "label"]].merge(pd.concat(parts), on="id", validate="one_to_one")
    texts.write(predictions, folder / "predictions.parquet")
    first = fits[0]
    about = {
        "task": task,
        "classifier": classifier,
        "mix": first.mix,
        "seed": first.seed,
        "folds": len(fits),
        "rows": round(np.mean([len(fit.rows) for fit in fits])),
        "labels": data.labels,
        "fingerprints": [fit.fingerprint for fit in fits],
    }
    files.write_json(folder / "history.json", about | files.read_json(entries[0] / "history.json"))
    if first.keep_checkpoint and (checkpoint := store.find("checkpoints", first.fingerprint)):
        shutil.copytree(
            checkpoint, folder / "checkpoint", copy_function=_link, ignore=shutil.ignore_patterns(store.CHECKSUMS)
        )
        seen = predictions[predictions["id"].isin(first.test)]
        origins = {source: p.origin(source) for source in mixes.parse(first.mix).sources}
        spec = p.train.classifiers[classifier]
        card = modelcard.render(task, first, spec, data.labels, seen, origins)
        files.write_text(folder / "checkpoint/README.md", card)


def _link(source: str, target: str) -> None:
    # Checkpoints are large and never change: a second name is enough where the file system allows one.
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
