"""Fine-tuning: a pretrained transformer trained whole, for a fixed number of steps, with Accelerate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

from pyrite import encoder
from pyrite.params import FineTune

# Rows are sorted by length within windows of this many batches: little padding, and still a random order.
WINDOW = 32
MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class FineTuned:
    """A trained model's word on the test texts, and how it was trained.

    Attributes:
        probabilities: float32 (test texts, labels).
        history: the loss at every step, and the share of padding among the tokens.
        save: writes the checkpoint into a folder.
    """

    probabilities: np.ndarray
    history: dict[str, Any]
    save: Callable[[Path], None]


def fit(
    spec: FineTune,
    tokens: Sequence[Sequence[int]],
    targets: Sequence[int],
    test_tokens: Sequence[Sequence[int]],
    labels: Sequence[str],
    seed: int,
    precision: str,
    advance: Callable[[], None] = lambda: None,
) -> FineTuned:
    """Train on `tokens` (one list of ids per text) and `targets` (label numbers), then label `test_tokens`.

    AdamW, a linear warm-up and a linear decay to zero, gradients clipped at norm 1, no weight decay on biases and
    norms (Devlin et al. 2019; Mosbach et al. 2021). The number of steps is the recipe's, whatever the number of rows:
    every mix gets the same compute, and nothing is selected on data that the owner of the mix would not have.

    Args:
        advance: called after every step.
    """
    accelerator = Accelerator(mixed_precision="bf16" if precision == "bfloat16" else "no")
    if accelerator.device.type == "cpu":
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
    ).to(accelerator.device)
    pad_id = model.config.pad_token_id or 0
    vocabulary = Vocabulary([*tokens, *test_tokens], pad_id)
    whole_embedding = vocabulary.shrink(model)
    tokens, test_tokens = vocabulary.renumber(tokens), vocabulary.renumber(test_tokens)
    optimiser = torch.optim.AdamW(_parameter_groups(model, spec.weight_decay), lr=spec.learning_rate, fused=True)
    schedule = get_linear_schedule_with_warmup(optimiser, round(spec.warmup * spec.steps), spec.steps)
    answers = torch.tensor(targets, device=accelerator.device)

    losses, seen, padded = [], 0, 0
    model.train()
    for _, batch in zip(range(spec.steps), _batches(tokens, spec.batch_rows, seed), strict=False):
        inputs = encoder.pad([tokens[i] for i in batch], pad_id, accelerator.device)
        with accelerator.autocast():
            loss = model(**inputs, labels=answers[batch]).loss
        accelerator.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        losses.append(round(loss.item(), 5))
        seen += inputs["attention_mask"].numel()
        padded += inputs["attention_mask"].numel() - int(inputs["attention_mask"].sum())
        advance()

    def save(folder: Path) -> None:
        vocabulary.grow(model, whole_embedding)
        model.save_pretrained(folder)
        encoder.pretrained(AutoTokenizer, spec.checkpoint, spec.revision).save_pretrained(folder)

    history = {"precision": precision, "steps": spec.steps, "padding_share": padded / seen, "loss": losses}
    return FineTuned(_predict(accelerator, model, test_tokens, pad_id), history, save)


class Vocabulary:
    """The tokens of a task, renumbered from 0 without gaps, so that only their embeddings are trained.

    The embeddings of all other tokens never get a gradient, yet the optimiser would walk through them at every step:
    for a small model on short texts, a quarter of the time. Left out, they keep their pretrained values.
    """

    def __init__(self, tokens: Iterable[Sequence[int]], pad_id: int) -> None:
        # Padding and what comes before keep their numbers: RoBERTa derives positions from the padding's number.
        self.used = torch.tensor(sorted({token for text in tokens for token in text} | set(range(pad_id + 1))))
        self._number = {token: number for number, token in enumerate(self.used.tolist())}

    def renumber(self, tokens: Sequence[Sequence[int]]) -> list[list[int]]:
        return [[self._number[token] for token in text] for text in tokens]

    def shrink(self, model: Any) -> torch.nn.Embedding:
        """Give the model an embedding of the used tokens only; returns the whole one."""
        whole: torch.nn.Embedding = model.get_input_embeddings()
        used = whole.weight.detach()[self.used.to(whole.weight.device)].clone()
        small = torch.nn.Embedding.from_pretrained(used, False, whole.padding_idx)  # type: ignore[no-untyped-call]
        model.set_input_embeddings(small)
        return whole

    def grow(self, model: Any, whole: torch.nn.Embedding) -> None:
        """Give the model its whole embedding back, with what the used tokens have learnt."""
        with torch.no_grad():
            whole.weight[self.used.to(whole.weight.device)] = model.get_input_embeddings().weight
        model.set_input_embeddings(whole)


def _batches(tokens: Sequence[Sequence[int]], size: int, seed: int) -> Iterator[list[int]]:
    """Batches of row numbers without end: every row once per epoch, in a new order each time."""
    generator = np.random.default_rng(seed)
    lengths = np.array([len(t) for t in tokens])
    while True:
        order = generator.permutation(len(tokens))
        window = WINDOW * size
        order = np.concatenate(
            [
                part[np.argsort(lengths[part], kind="stable")]
                for part in np.split(order, range(window, len(order), window))
            ]
        )
        batches = np.split(order, range(size, len(order), size))
        for i in generator.permutation(len(batches)):
            yield batches[i].tolist()


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]  # biases and norms
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _predict(
    accelerator: Accelerator, model: torch.nn.Module, tokens: Sequence[Sequence[int]], pad_id: int
) -> np.ndarray:
    model.eval()
    probabilities: np.ndarray | None = None
    with torch.inference_mode(), accelerator.autocast():
        for batch in encoder.by_length(tokens, encoder.INFERENCE_TOKENS):
            logits = model(**encoder.pad([tokens[i] for i in batch], pad_id, accelerator.device)).logits
            part = torch.softmax(logits.float(), dim=-1).cpu().numpy()
            if probabilities is None:
                probabilities = np.empty((len(tokens), part.shape[1]), dtype=np.float32)
            probabilities[batch] = part
    assert probabilities is not None, "no test rows"
    return probabilities
