"""What several tests need: an empty project, and a tiny task in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

# Tiny models gain nothing from a second thread and lose much where another process wants the core. Read on import.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import pytest

from pyrite import texts

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, which is the working directory; its store is its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


@pytest.fixture
def shared() -> Path:
    """The folder of golden files that developers have beside the project."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no golden files here")
    return folder


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    """Makes a text table from (text, label, split) rows, with the ids that `prepare` would give them."""

    def make(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=["text", "label", "split"])
        frame.insert(0, "id", frame["text"].map(lambda text: texts.digest(text)[:16]))
        return frame

    return make


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer with random weights and a vocabulary of a few words, as a local folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("tiny")
    words = ["red", "green", "blue", "one", "two", "three", "thing", "of", "the", "a"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture
def fresh_accelerate() -> Iterator[None]:
    """Accelerate fixes precision and devices once per process; a stage is a process of its own, a test is not."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
