from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, pipeline

from pyrite import encoder, finetune
from pyrite.batches import Tokens
from pyrite.params import FineTune

WORDS = ["red", "green", "blue", "one", "two", "three", "thing", "of", "the", "a"]
LABELS = ["colour", "number"]

pytestmark = pytest.mark.usefixtures("fresh_accelerate")


def spec(checkpoint: Path, **changes: object) -> FineTune:
    recipe = {
        "method": "fine_tune",
        "mixes": ("real",),
        "checkpoint": str(checkpoint),
        "steps": 30,
        "batch_rows": 8,
        "learning_rate": 5e-3,
        "warmup": 0.1,
        "weight_decay": 0.01,
        "max_tokens": 16,
    }
    return FineTune.model_validate(recipe | changes)


@pytest.fixture
def rows(tiny_checkpoint: Path) -> tuple[Tokens, list[int]]:
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS[:3] + WORDS[6:], 4 + i % 3)) for i in range(20)]
    texts += [" ".join(generator.choice(WORDS[3:], 4 + i % 3)) for i in range(20)]
    return encoder.tokenise(texts, str(tiny_checkpoint), None, 16), [0] * 20 + [1] * 20


def test_it_learns_and_says_how(tiny_checkpoint: Path, rows: tuple) -> None:
    tokens, targets = rows
    steps = itertools.count()
    result = finetune.fit(spec(tiny_checkpoint), tokens, targets, tokens, LABELS, 0, "float32", lambda: next(steps))
    assert (result.probabilities.argmax(1) == targets).mean() > 0.9
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-5)
    assert next(steps) == 30
    assert len(result.history["loss"]) == 30
    assert result.history["loss"][-1] < result.history["loss"][0]
    assert 0 < result.history["padding_share"] < 0.5


def test_the_same_seed_gives_the_same_result_and_another_does_not(tiny_checkpoint: Path, rows: tuple) -> None:
    tokens, targets = rows
    first, again, other = (
        finetune.fit(spec(tiny_checkpoint), tokens, targets, tokens, LABELS, seed, "float32").probabilities
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_bfloat16_agrees_with_float32(tiny_checkpoint: Path, rows: tuple) -> None:
    tokens, targets = rows
    one_step = spec(tiny_checkpoint, steps=1)
    full = finetune.fit(one_step, tokens, targets, tokens, LABELS, 0, "float32").probabilities
    AcceleratorState._reset_state(reset_partial_state=True)
    half = finetune.fit(one_step, tokens, targets, tokens, LABELS, 0, "bfloat16").probabilities
    np.testing.assert_allclose(full, half, atol=0.02)
    assert not np.array_equal(full, half)


def test_the_checkpoint_is_safetensors_and_labels_as_the_fit_did(
    tiny_checkpoint: Path, rows: tuple, tmp_path: Path
) -> None:
    tokens, targets = rows
    result = finetune.fit(spec(tiny_checkpoint), tokens, targets, tokens.take([0]), LABELS, 0, "float32")
    result.save(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    assert not list(tmp_path.glob("*.bin"))
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        again = torch.softmax(model(input_ids=torch.tensor(tokens.take([0]).ids[None]).long()).logits, -1).numpy()
    np.testing.assert_allclose(again, result.probabilities, atol=1e-5)
    assert pipeline("text-classification", model=str(tmp_path))("red thing")[0]["label"] in LABELS


def test_leaving_out_unused_embeddings_changes_nothing(
    tiny_checkpoint: Path, rows: tuple, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tokens, targets = rows
    held_out = encoder.tokenise(["a red thing", "the two three"], str(tiny_checkpoint), None, 16)
    recipe = spec(tiny_checkpoint, weight_decay=0.0)
    shrunk = finetune.fit(recipe, tokens, targets, held_out, LABELS, 0, "float32")
    shrunk.save(tmp_path / "shrunk")

    class Everything(finetune.Vocabulary):
        def __init__(self, pad_id: int, *texts: Tokens) -> None:
            super().__init__(pad_id, Tokens.of([range(15)]))

    monkeypatch.setattr(finetune, "Vocabulary", Everything)
    whole = finetune.fit(recipe, tokens, targets, held_out, LABELS, 0, "float32")
    whole.save(tmp_path / "whole")
    np.testing.assert_allclose(shrunk.probabilities, whole.probabilities, atol=1e-5)
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("shrunk", "whole")]
    for name, weight in weights[0].items():
        torch.testing.assert_close(weight, weights[1][name], atol=1e-5, rtol=1e-4)


def test_biases_and_norms_do_not_decay(tiny_checkpoint: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(tiny_checkpoint, num_labels=2)
    decayed, plain = finetune._parameter_groups(model, 0.1)
    names = {id(p): name for name, p in model.named_parameters()}
    assert decayed["weight_decay"] == 0.1
    assert plain["weight_decay"] == 0
    assert all(names[id(p)].endswith("bias") or "LayerNorm" in names[id(p)] for p in plain["params"])
    assert not any(names[id(p)].endswith("bias") or "LayerNorm" in names[id(p)] for p in decayed["params"])
    assert len(decayed["params"]) + len(plain["params"]) == len(names)
