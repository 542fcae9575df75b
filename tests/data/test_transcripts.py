from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ROOT

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, transcripts
from pyrite.data.cards import Card


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    monkeypatch.chdir(ROOT)
    return cards.load("python_docs")


def test_written_and_read_again_is_the_same(card: Card, tmp_path: Path) -> None:
    recorded = transcripts.read(paths.recording("python_docs", "few_shot"), card, "few_shot")
    transcripts.write(tmp_path / "t.jsonl", recorded)
    assert transcripts.read(tmp_path / "t.jsonl", card, "few_shot") == recorded


LINE = {
    "task": "python_docs",
    "setting": "zero_shot",
    "label": "dates",
    "conversation": 0,
    "model": "m",
    "recorded": "2026-01-01",
    "system": "s",
    "turns": [{"prompt": "p", "examples": [], "answer": "[]"}],
}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([json.dumps(LINE), "{"], [":2:", "not a conversation"]),
        ([json.dumps(LINE | {"label": "poetry"})], [":1:", "'poetry' is not in the card"]),
        ([json.dumps(LINE | {"task": "imdb"})], [":1:", "imdb zero_shot"]),
        ([json.dumps(LINE), json.dumps(LINE)], [":2:", "twice"]),
        ([json.dumps(LINE | {"turns": [{"prompt": "p"}]})], [":1:", "turns.0.examples"]),
        ([json.dumps({k: v for k, v in LINE.items() if k != "model"})], [":1:", "model"]),
        (["\xff\xfe"], [":1:", "not a conversation"]),
    ],
)
def test_a_broken_recording_is_named_by_file_and_line(
    card: Card, tmp_path: Path, lines: list[str], words: list[str]
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(lines), encoding="latin-1")
    with pytest.raises(PyriteError) as caught:
        transcripts.read(path, card, "zero_shot")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)
