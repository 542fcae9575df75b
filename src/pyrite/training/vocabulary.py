"""The vocabulary of a task: the tokens that occur in its texts, so that only their embeddings are trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from pyrite.training.batches import Tokens


class Vocabulary:
    """The tokens of a task, renumbered from 0 without gaps.

    The embeddings of all other tokens never get a gradient, yet the optimiser would walk through them at every step:
    for a small model on short texts, a quarter of the time. Left out, they keep their pretrained values.
    """

    def __init__(self, pad_id: int, *texts: Tokens) -> None:
        # Padding and what comes before keep their numbers: RoBERTa derives positions from the padding's number.
        used = np.unique(np.concatenate([np.arange(pad_id + 1), *(tokens.ids for tokens in texts)]))
        self.used = torch.from_numpy(used.astype(np.int64))

    def renumber(self, tokens: Tokens) -> Tokens:
        return replace(tokens, ids=np.searchsorted(self.used.numpy(), tokens.ids).astype(np.int32))

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
