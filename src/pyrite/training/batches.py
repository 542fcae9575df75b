"""Batches: texts of similar length go through a model together, so that little is computed on padding."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from pyrite.base import console
from pyrite.base.errors import PyriteError

T = TypeVar("T")

# Rows are sorted by length within windows of this many steps: little padding, and still a random order.
WINDOW = 32


@dataclass(frozen=True)
class Tokens:
    """The token ids of texts, end to end: compact to keep, to send to a process and to cut batches from.

    Attributes:
        ids: int32 (tokens,).
        lengths: int64 (texts,), the number of tokens of each text.
        truncated: bool (texts,), which texts were longer than the limit.
    """

    ids: np.ndarray
    lengths: np.ndarray
    truncated: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]], truncated: Sequence[bool] | None = None) -> Tokens:
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        ids = np.fromiter((token for text in texts for token in text), dtype=np.int32, count=int(lengths.sum()))
        cut = np.zeros(len(texts), dtype=bool) if truncated is None else np.array(truncated, dtype=bool)
        return cls(ids, lengths, cut)

    @property
    def starts(self) -> np.ndarray:
        starts: np.ndarray = np.cumsum(self.lengths) - self.lengths
        return starts

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, texts: Sequence[int] | np.ndarray) -> Tokens:
        """The tokens of some of the texts, in the order asked for."""
        starts, chosen = self.starts, np.asarray(texts, dtype=np.int64)
        parts = [self.ids[starts[i] : starts[i] + self.lengths[i]] for i in chosen]
        ids = np.concatenate(parts) if parts else self.ids[:0]
        return Tokens(ids, self.lengths[chosen], self.truncated[chosen])


class Padder:
    """Makes padded batches of texts whose tokens lie on the device: a batch is one gather, without a loop over rows."""

    def __init__(self, tokens: Tokens, pad_id: int, device: torch.device | str = "cpu") -> None:
        self._pad_id = pad_id
        self._lengths = tokens.lengths
        self._ids, self._starts, self._counts = (
            torch.from_numpy(values).to(device, torch.long) for values in (tokens.ids, tokens.starts, tokens.lengths)
        )

    def __call__(self, texts: Sequence[int]) -> dict[str, torch.Tensor]:
        """`input_ids` and `attention_mask` of some texts, both (texts, longest)."""
        chosen = torch.as_tensor(texts, device=self._ids.device)
        # The longest is known here: asking the device would make the program wait for it.
        offsets = torch.arange(int(self._lengths[texts].max()), device=self._ids.device)
        mask = offsets < self._counts[chosen, None]
        places = (self._starts[chosen, None] + offsets) * mask
        return {"input_ids": torch.where(mask, self._ids[places], self._pad_id), "attention_mask": mask.long()}


def steps(lengths: np.ndarray, rows: int, seed: int) -> Iterator[list[int]]:
    """The rows of each training step, without end: every row once per epoch, in a new order each time.

    An epoch has as many steps as `rows` in each would give, but the steps have equally many tokens instead: fewer long
    texts or more short ones. Within a step the longest text comes first.
    """
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(lengths))
        epoch: list[list[int]] = []
        for window in np.array_split(order, math.ceil(len(order) / (WINDOW * rows))):
            window = window[np.argsort(-lengths[window], kind="stable")]
            ends = np.cumsum(lengths[window])
            count = max(1, round(len(window) / rows))
            cuts = np.unique(np.searchsorted(ends, ends[-1] * np.arange(1, count) / count))
            epoch += [part.tolist() for part in np.split(window, cuts) if len(part)]
        for i in rng.permutation(len(epoch)):
            yield epoch[i]


def parts(batch: Sequence[int], lengths: np.ndarray, worth: int, budget: int) -> list[list[int]]:
    """Cut a batch, longest text first, into parts that go through the model one after the other.

    Args:
        worth: how many tokens of padding a cut must save; another pass through the model costs as much.
        budget: the most tokens, padding included, in a part of several texts.
    """
    widths = lengths[batch]
    if len(batch) == 1:
        return [list(batch)]
    saved = (widths[0] - widths[1:]) * np.arange(len(batch) - 1, 0, -1)
    cut = int(saved.argmax()) + 1
    if saved[cut - 1] <= worth:
        if len(batch) * widths[0] <= budget:
            return [list(batch)]
        cut = max(1, min(len(batch) - 1, budget // int(widths[0])))
    return [*parts(batch[:cut], lengths, worth, budget), *parts(batch[cut:], lengths, worth, budget)]


def by_length(lengths: np.ndarray, budget: int) -> Iterator[list[int]]:
    """Texts in batches of similar length, the longest first, each within `budget` tokens when padded."""
    order = np.argsort(-lengths, kind="stable").tolist()
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, int(lengths[order[start]])))
        yield order[start : start + size]
        start += size


def within_memory(budget: int, smallest: int, run: Callable[[int], T]) -> tuple[T, int]:
    """`run(budget)`, with half the token budget whenever memory runs out; the result, and the budget that it took.

    Raises:
        PyriteError: not even the longest text alone, of `smallest` tokens, fits.
    """
    while True:
        try:
            return run(budget), budget
        except RuntimeError as error:
            from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size  # rare, and slow to load

            if not should_reduce_batch_size(error):
                raise
        # Not within the handler: until it ends, the error keeps the tensors of its frames alive.
        if budget <= smallest:
            raise PyriteError(
                f"out of memory with a single text of {smallest} tokens; lower max_tokens in params.yaml, or take a "
                "smaller encoder"
            )
        clear_device_cache(garbage_collection=True)
        budget //= 2
        console.log.print(f"out of memory: going on with at most {budget:,} tokens at once")
