"""Fine-tuning: a pretrained transformer trained whole, for a fixed number of steps, with Accelerate."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from accelerate.utils.memory import should_reduce_batch_size
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

from pyrite.base.errors import PyriteError
from pyrite.training import batches, encoder
from pyrite.training.batches import Padder, Tokens
from pyrite.training.classifier import DivergenceError, Fitted, Job, Recipe
from pyrite.training.vocabulary import Vocabulary

MAX_GRADIENT_NORM = 1.0
# Steps between two looks at the loss (and, with early stopping, at the validation rows): on an accelerator a look
# makes the program wait.
CHECK = 10
# The share of a mix's own rows that early stopping keeps out of training.
VALIDATION_SHARE = 0.1
# Another pass through the model costs about as much as this many tokens: measured for MiniLM on a CPU core (about 100);
# on an accelerator small passes are bound by their launches.
PASS = {"cpu": 64, "accelerator": 4096}


def fit(spec: Recipe, job: Job) -> Fitted:
    """Train a transformer on tokens, then label the test texts by it.

    AdamW, a linear warm-up and a linear decay to zero, gradients clipped at norm 1, no weight decay on biases and
    norms (Devlin et al. 2019; Mosbach et al. 2021). The number of steps is the recipe's, whatever the number of rows:
    every mix gets the same compute, and nothing is selected on data that the owner of the mix would not have. A step
    has `batch_rows` rows on average and a fixed number of tokens; each row weighs the same, whatever its batch.

    The history has the mean loss and the accuracy on the training rows at every step, the share of padding among the
    tokens, the truncated texts, and what else describes the fit; the speed leaves padding out.

    Raises:
        DivergenceError: the loss is no longer a number.
        PyriteError: the checkpoint can't be loaded, or memory does not suffice for a single text.
    """
    tokens, test, labels, seed, precision = job.rows, job.test, job.labels, job.seed, job.precision
    accelerator = Accelerator(
        cpu=not torch.accelerator.is_available(),  # several CPU processes join only if told so
        mixed_precision="bf16" if precision == "bfloat16" else "no",
    )
    device = accelerator.device
    if device.type == "cpu":
        # Cores are for fits side by side: no time is lost at barriers, and any number of cores gives the same result.
        torch.set_num_threads(1)
    set_seed(seed)
    model = encoder.pretrained(
        AutoModelForSequenceClassification,
        spec.checkpoint,
        spec.revision,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    ).to(device)
    vocabulary = Vocabulary(model.config.pad_token_id or 0, tokens, test)
    whole_embedding = vocabulary.shrink(model)
    rows, held_out = _validation(len(tokens), seed) if spec.patience else (np.arange(len(tokens)), np.arange(0))
    loop = _Loop(spec, accelerator, model, precision, job.together)
    answers = np.asarray(job.targets)
    started = time.perf_counter()
    loop.run(
        vocabulary.renumber(tokens[rows]),
        answers[rows],
        vocabulary.renumber(tokens[held_out]),
        answers[held_out],
        seed,
        job.advance,
    )
    seconds = time.perf_counter() - started

    def save(folder: Path) -> None:
        vocabulary.grow(model, whole_embedding)
        model.save_pretrained(folder)
        tokenizer = encoder.pretrained(AutoTokenizer, spec.checkpoint, spec.revision)
        # Whoever loads the checkpoint cuts texts where training did.
        tokenizer.model_max_length = min(spec.max_tokens, encoder.position_limit(spec.checkpoint, spec.revision))
        # Whether there was a network is no part of a result.
        tokenizer.init_kwargs.pop("local_files_only", None)
        tokenizer.save_pretrained(folder)

    started = time.perf_counter()
    probabilities = loop.classify(vocabulary.renumber(test))
    evaluation_seconds = time.perf_counter() - started
    truncated = {"train": int(tokens.truncated[rows].sum()), "test": int(test.truncated.sum())}
    history = {"precision": precision, "truncated_texts": truncated} | loop.history()
    speed = {
        "device": _name(device),
        "seconds": seconds,
        "tokens_per_second": loop.seen / seconds,
        "evaluation_seconds": evaluation_seconds,
    }
    return Fitted(probabilities, history, save, speed)


class _Loop:
    """The training of one model by one process or, together, by all of them."""

    def __init__(self, spec: Recipe, accelerator: Accelerator, model: Any, precision: str, together: bool) -> None:
        self.spec, self.accelerator, self.model, self.precision = spec, accelerator, model, precision
        self.processes: int = accelerator.num_processes if together else 1
        self.rank: int = accelerator.process_index if together else 0
        self.network = accelerator.prepare(model) if self.processes > 1 else model
        if spec.compile:
            self.network.compile(dynamic=True)
        self.pad_id = model.config.pad_token_id or 0
        self.worth = PASS["cpu" if accelerator.device.type == "cpu" else "accelerator"]
        # The most tokens that go through the model at once: no bound until memory runs out.
        self.budget = 2**62
        self.record = torch.zeros(spec.steps, 2, device=accelerator.device)  # of each step: summed loss, right answers
        self.rows: list[int] = []
        self.seen = self.computed = 0
        self.validation: list[float] = []

    def run(
        self,
        tokens: Tokens,
        targets: np.ndarray,
        held_out: Tokens,
        held_out_targets: np.ndarray,
        seed: int,
        advance: Callable[[], object],
    ) -> None:
        """Train on some rows; with early stopping the model ends as it was when the held-out rows liked it best."""
        spec, device = self.spec, self.accelerator.device
        pad = Padder(tokens, self.pad_id, device)
        answers = torch.from_numpy(targets).to(device)
        weights = _class_weights(spec, targets, self.model.config.num_labels).to(device)
        optimiser = torch.optim.AdamW(
            _parameter_groups(self.model, spec.weight_decay), lr=spec.learning_rate, fused=True
        )
        schedule = get_linear_schedule_with_warmup(optimiser, round(spec.warmup * spec.steps), spec.steps)
        if self.processes > 1:
            # The same start everywhere (DDP sees to it), but dropout of its own for each share.
            set_seed(seed, device_specific=True)
        best: dict[str, torch.Tensor] = {}
        self.model.train()
        for batch in itertools.islice(batches.steps(tokens.lengths, spec.batch_rows, seed), spec.steps):
            share = batch[self.rank :: self.processes]
            self._gradients(pad, tokens.lengths, share, answers, weights, optimiser)
            self.rows.append(len(batch))
            self.seen += int(tokens.lengths[batch].sum())
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            advance()
            if len(self.rows) % CHECK and len(self.rows) < spec.steps:
                continue
            if not self._all(self.record).isfinite().all():
                raise DivergenceError(f"the loss is not a number by step {len(self.rows)}")
            if len(held_out):
                self.validation.append(_loss(self.classify(held_out), held_out_targets, weights))
                self.model.train()
                since_best = len(self.validation) - 1 - int(np.argmin(self.validation))
                if since_best == 0:
                    best = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
                elif since_best >= spec.patience:
                    break
        if best:
            self.model.load_state_dict(best)

    def _gradients(
        self,
        pad: Padder,
        lengths: np.ndarray,
        share: list[int],
        answers: torch.Tensor,
        weights: torch.Tensor,
        optimiser: torch.optim.Optimizer,
    ) -> None:
        """Add up the gradients of a step's rows, part by part, and note loss and right answers."""
        # A process without a row takes part with one that weighs nothing: the others wait for its gradients.
        weight, rows = (1, share) if share else (0, [0])
        padded = int(lengths[rows].max()) * len(rows)

        def run(budget: int) -> tuple[torch.Tensor, int]:
            optimiser.zero_grad()
            noted = torch.zeros(2, device=answers.device)
            computed = 0
            todo = batches.parts(rows, lengths, self.worth, budget)
            for number, part in enumerate(todo, start=1):
                inputs = pad(part)
                gold = answers[part]
                # Gradients are exchanged once a step, with those of the last part.
                last = number == len(todo)
                with contextlib.nullcontext() if last else self.accelerator.no_sync(self.network):
                    with encoder.autocast(answers.device, self.precision):
                        logits = self.network(**inputs).logits.float()
                    loss = weight * cross_entropy(logits, gold, weights, reduction="sum")
                    # DDP takes the mean over processes; a step is the sum over its rows.
                    self.accelerator.backward(loss * self.processes / self.spec.batch_rows)
                right = weight * (logits.detach().argmax(-1) == gold).sum()
                noted += torch.stack([loss.detach(), right])
                computed += inputs["input_ids"].numel()
            return noted, computed

        if self.processes == 1:
            (noted, computed), budget = batches.within_memory(min(self.budget, padded), int(lengths[rows].max()), run)
            if budget < padded:
                self.budget = budget
        else:
            try:
                noted, computed = run(self.budget)
            except RuntimeError as error:
                if not should_reduce_batch_size(error):
                    raise
                # The others have begun to exchange gradients: this step can't start again.
                raise PyriteError(
                    "out of memory while processes train one fit together; lower batch_rows in params.yaml, or take "
                    "train.parallel: fits, which halves the batch by itself"
                ) from None
        self.record[len(self.rows)] = noted
        self.computed += computed

    def classify(self, tokens: Tokens) -> np.ndarray:
        """Label probabilities (texts, labels) by the model as it is; every process gets all of them."""
        own = np.arange(self.rank, len(tokens), self.processes)
        probabilities = np.zeros((len(tokens), self.model.config.num_labels), dtype=np.float32)
        times = np.zeros(len(tokens), dtype=np.float32)
        probabilities[own] = encoder.classify(self.model, tokens[own], self.precision)
        times[own] = 1
        gathered = self._all(torch.from_numpy(np.column_stack([probabilities, times])).to(self.accelerator.device))
        assert bool((gathered[:, -1] == 1).all()), "a text was labelled twice or not at all"
        labelled: np.ndarray = gathered[:, :-1].cpu().numpy()
        return labelled

    def history(self) -> dict[str, Any]:
        """How training went, the same on every process."""
        loss, right = self._all(self.record[: len(self.rows)]).cpu().double().numpy().T
        computed = self._all(torch.tensor(self.computed, device=self.accelerator.device)).item()
        found: dict[str, Any] = {
            "steps": len(self.rows),
            "padding_share": 1 - self.seen / computed,
            "loss": np.round(loss / self.rows, 5).tolist(),
            "accuracy": np.round(right / self.rows, 5).tolist(),
        }
        if self.processes > 1:
            found["processes"] = self.processes
        if self.validation:
            found["validation_loss"] = self.validation
        return found

    def _all(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over the processes that train together."""
        if self.processes == 1:
            return values
        summed: torch.Tensor = self.accelerator.reduce(values, "sum")
        return summed


def _validation(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the rows to train on and of those that early stopping looks at."""
    order = np.random.default_rng(seed).permutation(rows)
    count = max(1, round(VALIDATION_SHARE * rows))
    return np.sort(order[count:]), np.sort(order[:count])


def _loss(probabilities: np.ndarray, targets: np.ndarray, weights: torch.Tensor) -> float:
    """The mean cross-entropy of targets, weighted as in training."""
    given = np.clip(probabilities[np.arange(len(targets)), targets], 1e-12, None)
    return float(np.average(-np.log(given), weights=weights.cpu().numpy()[targets]))


def _class_weights(spec: Recipe, targets: np.ndarray, n_labels: int) -> torch.Tensor:
    """Weight of each label's rows: 1, or inversely proportional to how many there are, 1 on average over the rows."""
    if spec.class_weights == "none":
        return torch.ones(n_labels)
    counts = np.bincount(targets, minlength=n_labels)
    balanced = len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return torch.tensor(balanced, dtype=torch.float32)


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]  # biases and norms
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
