"""What the training engine is compared with: `transformers.Trainer`, with its defaults and tuned.

Both get Pyrite's recipe (rows in a step, steps, learning rate, schedule, decay, seed) and padding to the longest row of
a batch. Tuned means bfloat16 where the hardware has it, rows grouped by length, fused AdamW and, on a GPU, compilation.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from accelerate.state import AcceleratorState
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

from pyrite.training import encoder, finetune, parallel
from pyrite.training.batches import Tokens
from pyrite.training.classifier import Fitted, Job
from pyrite.training.classifiers.fine_tune import FineTune


@dataclass(frozen=True)
class Measured:
    """One fit: seconds of its training loop, rows and real tokens that went through it, and its test labels."""

    seconds: float
    rows: int
    tokens: int
    predicted: np.ndarray


def recipe(checkpoint: str, steps: int, rows: int, learning_rate: float, max_tokens: int, **more: object) -> FineTune:
    values = {"method": "fine_tune", "mixes": ("real",), "checkpoint": checkpoint, "steps": steps, "batch_rows": rows}
    values |= {"learning_rate": learning_rate, "warmup": 0.1, "weight_decay": 0.01, "max_tokens": max_tokens}
    return FineTune.model_validate(values | more)


def pyrite(
    spec: FineTune, tokens: Tokens, targets: Sequence[int], test: Tokens, labels: int, seed: int, precision: str
) -> tuple[Measured, Fitted]:
    AcceleratorState._reset_state(reset_partial_state=True)
    names = [str(i) for i in range(labels)]
    tuned = finetune.fit(spec, Job(tokens, targets, test, names, seed, precision))
    seconds = tuned.speed["seconds"]
    seen = round(tuned.speed["tokens_per_second"] * seconds)
    # A step has so many rows on average.
    return Measured(seconds, spec.steps * spec.batch_rows, seen, tuned.probabilities.argmax(1)), tuned


class _Clock(TrainerCallback):
    """The time of the training loop alone, as Pyrite takes it."""

    def on_train_begin(self, *args: object, **more: object) -> None:
        self.started = time.perf_counter()

    def on_train_end(self, *args: object, **more: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds = time.perf_counter() - self.started


def trainer(
    spec: FineTune, tokens: Tokens, targets: Sequence[int], test: Tokens, labels: int, seed: int, tuned: bool
) -> Measured:
    AcceleratorState._reset_state(reset_partial_state=True)
    gpu = torch.cuda.is_available()
    model = encoder.pretrained(AutoModelForSequenceClassification, spec.checkpoint, None, num_labels=labels)
    pad_id, seen = model.config.pad_token_id or 0, [0, 0]

    def collate(rows: list[dict]) -> dict[str, torch.Tensor]:
        ids = [torch.tensor(row["input_ids"]) for row in rows]
        seen[0] += len(ids)
        seen[1] += sum(map(len, ids))
        padded = pad_sequence(ids, batch_first=True, padding_value=pad_id)
        mask = pad_sequence([torch.ones_like(i) for i in ids], batch_first=True)
        return {"input_ids": padded, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}

    def dataset(tokens: Tokens, targets: Sequence[int]) -> list[dict]:
        ids = np.split(tokens.ids, tokens.starts[1:])
        return [{"input_ids": text.tolist(), "labels": target} for text, target in zip(ids, targets, strict=True)]

    better = {"bf16": encoder.best_precision() == "bfloat16", "train_sampling_strategy": "group_by_length"}
    better |= {"optim": "adamw_torch_fused", "torch_compile": gpu}
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            max_steps=spec.steps,
            per_device_train_batch_size=spec.batch_rows,
            learning_rate=spec.learning_rate,
            warmup_steps=spec.warmup,
            weight_decay=spec.weight_decay,
            seed=seed,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
            use_cpu=not gpu,
            **(better if tuned else {}),
        )
        if not gpu:
            torch.set_num_threads(parallel.devices())
        clock = _Clock()
        peer = Trainer(model, arguments, collate, dataset(tokens, targets), callbacks=[clock])
        peer.train()
        rows, real = seen
        # Trainer would group the test rows too, and give their labels in that order.
        peer.args.train_sampling_strategy = "random"
        predicted = peer.predict(dataset(test, [0] * len(test))).predictions.argmax(1)
    return Measured(clock.seconds, rows, real, predicted)
