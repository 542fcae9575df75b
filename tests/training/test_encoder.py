from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from pyrite.base.errors import PyriteError
from pyrite.training import encoder

TEXTS = ["Return the lock.", "Parse a date from a string and return it as a tuple of integers.", "Close the socket."]


def test_embeddings_are_the_mean_of_the_last_layer_one_text_at_a_time(project: Path) -> None:
    embeddings = encoder._embed(TEXTS, encoder.PACKAGED, None, 256, "float32")
    model = encoder.pretrained(AutoModel, encoder.PACKAGED, None).eval()
    for text, embedding in zip(TEXTS, embeddings, strict=True):
        ids = torch.tensor(encoder.tokenise([text], encoder.PACKAGED, None, 256).ids[None]).long()
        with torch.inference_mode():
            mean = model(input_ids=ids).last_hidden_state[0].mean(0).numpy()
        np.testing.assert_allclose(embedding, mean / np.linalg.norm(mean), atol=1e-5)


def test_embeddings_come_from_the_store_the_second_time(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encoder.embed(TEXTS)
    monkeypatch.setattr(encoder, "_embed", None)
    np.testing.assert_array_equal(encoder.embed(TEXTS), first)
    np.testing.assert_array_equal(encoder.embed([*TEXTS[::-1], TEXTS[0]]), first[[2, 1, 0, 0]])
    with pytest.raises(TypeError):
        encoder.embed([*TEXTS, "A text that is new."])


def test_only_new_texts_are_embedded_and_with_whom_changes_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = TEXTS[1].split()
    texts = [" ".join(np.random.default_rng(i).choice(words, 3 + i % 9)) + f" {i}" for i in range(120)]
    whole = encoder.embed(texts)
    shutil.rmtree(".pyrite")
    given, real = [], encoder._embed
    monkeypatch.setattr(encoder, "_embed", lambda texts, *rest: given.append(texts) or real(texts, *rest))
    encoder.embed(texts[:50])
    encoder.embed(texts[90:])
    np.testing.assert_array_equal(encoder.embed(texts), whole)
    assert given == [texts[:50], texts[90:], texts[50:90]]


def test_meaning_shows_in_the_cosine(project: Path) -> None:
    lock, unlock, date = encoder.embed(["Acquire the lock.", "Take the mutex.", "The fourth of July."])
    assert lock @ unlock > lock @ date + 0.2


def test_weights_other_than_the_known_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "PACKAGED_SHA256", "0" * 64)
    encoder.locate.cache_clear()
    with pytest.raises(PyriteError, match="SHA-256"):
        encoder.locate(encoder.PACKAGED)
    encoder.locate.cache_clear()


def test_a_checkpoint_that_is_not_there_is_one_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PyriteError, match=r"checkpoint './no-such-folder'") as caught:
        encoder.pretrained(AutoModel, "./no-such-folder", None)
    assert "\n" not in str(caught.value)
