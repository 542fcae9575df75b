from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    ModernBertConfig,
    RobertaConfig,
    pipeline,
)

from pyrite.training import encoder, finetune
from pyrite.training.batches import Tokens
from pyrite.training.classifier import Fitted, Job
from pyrite.training.classifiers.fine_tune import FineTune

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
    result = finetune.fit(
        spec(tiny_checkpoint), Job(tokens, targets, tokens, LABELS, 0, "float32", lambda: next(steps))
    )
    assert (result.probabilities.argmax(1) == targets).mean() > 0.9
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-5)
    assert next(steps) == 30
    assert len(result.history["loss"]) == len(result.history["accuracy"]) == 30
    assert result.history["accuracy"][-1] > 0.8
    assert result.history["loss"][-1] < result.history["loss"][0]
    assert 0 < result.history["padding_share"] < 0.5


def test_the_same_seed_gives_the_same_result_and_another_does_not(tiny_checkpoint: Path, rows: tuple) -> None:
    tokens, targets = rows
    first, again, other = (
        finetune.fit(spec(tiny_checkpoint), Job(tokens, targets, tokens, LABELS, seed, "float32")).probabilities
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.fixture(params=["bert", "roberta", "modernbert"])
def family(request: pytest.FixtureRequest, tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A tiny checkpoint of a model family, without dropout: what is left to differ is how batches are computed."""
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    plain = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "vocab_size": 15}
    special = {"bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    config = {
        "bert": lambda: BertConfig(**size, **plain, max_position_embeddings=24),
        # Positions start behind the padding's number, which is not 0.
        "roberta": lambda: RobertaConfig(**size, **plain, max_position_embeddings=24, pad_token_id=1),
        "modernbert": lambda: ModernBertConfig(**size, vocab_size=15, pad_token_id=0, **special),
    }[request.param]()
    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_config(config).base_model.save_pretrained(tmp_path / "weights")
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        if (tiny_checkpoint / name).exists():
            shutil.copy(tiny_checkpoint / name, tmp_path / "weights")
    return tmp_path / "weights"


def test_no_position_is_wanted_that_a_model_does_not_have(family: Path) -> None:
    limit = encoder.position_limit(str(family), None)
    assert limit == {"bert": 24, "roberta": 22}.get(AutoConfig.from_pretrained(family).model_type, 8192)
    tokens = encoder.tokenise(["a " * 50, "a"], str(family), None, 40)
    assert tokens.lengths.tolist() == [min(limit, 40), 3]
    assert tokens.truncated.tolist() == [True, False]
    model = encoder.pretrained(AutoModelForSequenceClassification, str(family), None)
    assert np.isfinite(encoder.classify(model, tokens, "float32")).all()


def of_family(family: Path, rows: tuple, precision: str = "float32", steps: int = 10) -> Fitted:
    tokens, targets = rows
    AcceleratorState._reset_state(reset_partial_state=True)
    recipe = spec(family, steps=steps, learning_rate=1e-3)
    return finetune.fit(recipe, Job(tokens, targets, tokens, LABELS, 0, precision))


def test_however_a_step_is_cut_into_passes_the_result_is_the_same(
    family: Path, rows: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = of_family(family, rows)
    # No padding at all: each pass has texts of one length.
    monkeypatch.setattr(finetune, "PASS", {"cpu": 0})
    unpadded = of_family(family, rows)
    assert unpadded.history["padding_share"] == 0 < padded.history["padding_share"]
    np.testing.assert_allclose(padded.probabilities, unpadded.probabilities, atol=1e-4)
    np.testing.assert_allclose(padded.history["loss"], unpadded.history["loss"], atol=1e-4)
    # One text at a time in evaluation.
    monkeypatch.setattr(encoder, "INFERENCE_TOKENS", 1)
    np.testing.assert_allclose(of_family(family, rows).probabilities, unpadded.probabilities, atol=1e-4)


def test_bfloat16_agrees_with_float32(family: Path, rows: tuple) -> None:
    full, half = (of_family(family, rows, precision).probabilities for precision in ("float32", "bfloat16"))
    np.testing.assert_allclose(full, half, atol=0.03)
    assert not np.array_equal(full, half)


def test_a_step_that_does_not_fit_is_done_in_halves_with_the_same_result(
    family: Path, rows: tuple, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(finetune, "PASS", {"cpu": 0})
    whole = of_family(family, rows)
    cross_entropy = finetune.cross_entropy
    passes = itertools.count()

    def small_device(*given: object, **more: object) -> torch.Tensor:
        # Now and then in the middle of a step, when gradients have been added up.
        if next(passes) in (1, 8):
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return cross_entropy(*given, **more)

    monkeypatch.setattr(finetune, "cross_entropy", small_device)
    halves = of_family(family, rows)
    assert "out of memory: going on with at most" in capsys.readouterr().err
    np.testing.assert_allclose(whole.probabilities, halves.probabilities, atol=1e-4)
    np.testing.assert_allclose(whole.history["loss"], halves.history["loss"], atol=1e-4)


def test_early_stopping_sees_only_rows_of_the_mix_and_keeps_the_best(tiny_checkpoint: Path, rows: tuple) -> None:
    tokens, targets = rows
    # Labels of the held-out rows that contradict the others: the longer it trains, the worse.
    kept, held_out = finetune._validation(len(tokens), seed=0)
    assert sorted([*kept, *held_out]) == list(range(40))
    assert len(held_out) == 4
    contrary = np.array(targets)
    contrary[held_out] = 1 - contrary[held_out]
    recipe = spec(tiny_checkpoint, steps=200, patience=2)
    stopped = finetune.fit(recipe, Job(tokens, contrary.tolist(), tokens, LABELS, 0, "float32"))
    losses = stopped.history["validation_loss"]
    assert len(losses) < 20
    assert stopped.history["steps"] == 10 * len(losses) == len(stopped.history["loss"])
    assert np.argmin(losses) == len(losses) - 3
    given = stopped.probabilities[held_out, contrary[held_out]]
    assert -np.log(given).mean() == pytest.approx(min(losses), abs=1e-4)


def test_balanced_weights_make_labels_weigh_the_same() -> None:
    recipe = spec(Path("x"), class_weights="balanced")
    weights = finetune._class_weights(recipe, np.array([0, 0, 0, 1]), 3)
    np.testing.assert_allclose(weights[:2], [4 / 6, 2])
    assert weights[0] * 3 == pytest.approx(float(weights[1]))
    assert finetune._class_weights(spec(Path("x"), class_weights="none"), np.array([0, 0, 0, 1]), 3).tolist() == [
        1,
        1,
        1,
    ]


def test_class_weights_help_the_rare_label(tiny_checkpoint: Path, rows: tuple) -> None:
    tokens, targets = rows
    few = [*range(20), 20, 21]
    mean = {}
    for weights in ("none", "balanced"):
        recipe = spec(tiny_checkpoint, steps=10, learning_rate=1e-3, class_weights=weights)
        fitted = finetune.fit(recipe, Job(tokens[few], [targets[i] for i in few], tokens, LABELS, 0, "float32"))
        mean[weights] = fitted.probabilities[:, 1].mean()
    assert mean["balanced"] > mean["none"] + 0.03


def test_the_model_is_compiled_where_the_recipe_says_so(
    family: Path, rows: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **options: calls.append(options))
    tokens, targets = rows
    finetune.fit(spec(family, steps=2, compile=True), Job(tokens, targets, tokens, LABELS, 0, "float32"))
    assert calls == [{"dynamic": True}]


def test_the_checkpoint_is_safetensors_and_labels_as_the_fit_did(
    tiny_checkpoint: Path, rows: tuple, tmp_path: Path
) -> None:
    tokens, targets = rows
    result = finetune.fit(spec(tiny_checkpoint), Job(tokens, targets, tokens[[0]], LABELS, 0, "float32"))
    result.save(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    assert not list(tmp_path.glob("*.bin"))
    # transformers would note whether there was a network, and the same fit then differ from machine to machine.
    assert "local_files_only" not in (tmp_path / "tokenizer_config.json").read_text()
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        again = torch.softmax(model(input_ids=torch.tensor(tokens[[0]].ids[None]).long()).logits, -1).numpy()
    np.testing.assert_allclose(again, result.probabilities, atol=1e-5)
    assert pipeline("text-classification", model=str(tmp_path))("red thing")[0]["label"] in LABELS


def test_leaving_out_unused_embeddings_changes_nothing(
    tiny_checkpoint: Path, rows: tuple, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tokens, targets = rows
    held_out = encoder.tokenise(["a red thing", "the two three"], str(tiny_checkpoint), None, 16)
    recipe = spec(tiny_checkpoint, weight_decay=0.0)
    shrunk = finetune.fit(recipe, Job(tokens, targets, held_out, LABELS, 0, "float32"))
    shrunk.save(tmp_path / "shrunk")

    class Everything(finetune.Vocabulary):
        def __init__(self, pad_id: int, *texts: Tokens) -> None:
            super().__init__(pad_id, Tokens.of([range(15)]))

    monkeypatch.setattr(finetune, "Vocabulary", Everything)
    whole = finetune.fit(recipe, Job(tokens, targets, held_out, LABELS, 0, "float32"))
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
