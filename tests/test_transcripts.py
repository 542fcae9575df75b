from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from pyrite import cards, paths, settings, transcripts
from pyrite.cards import Card
from pyrite.errors import PyriteError


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    monkeypatch.chdir(ROOT)
    return cards.load("python_docs")


@pytest.mark.parametrize("setting", settings.SETTINGS)
@pytest.mark.parametrize("path", sorted((ROOT / "data/recordings").glob("*.zero_shot.jsonl")), ids=lambda p: p.name)
def test_every_recording_is_what_card_and_prompts_render_to(
    monkeypatch: pytest.MonkeyPatch, path: Path, setting: str
) -> None:
    monkeypatch.chdir(ROOT)
    card, templates = cards.load(path.name.partition(".")[0]), settings.load(setting)
    recorded = transcripts.read(paths.recording(card.id, setting), card, setting)
    assert {c.label for c in recorded} == set(card.labels)
    assert [transcripts.current(c, card, templates) for c in recorded] == recorded
    for conversation in recorded:
        for position, turn in enumerate(conversation.turns):
            asked = transcripts.asked(turn, card, templates, conversation.label, position)
            assert asked == len(transcripts.parse(turn.answer))


def test_a_turn_that_is_no_longer_asked_ends_the_conversation(card: Card) -> None:
    templates = settings.load("zero_shot")
    recorded = transcripts.read(paths.recording("python_docs", "zero_shot"), card, "zero_shot")[0]
    reworded = templates.model_copy(update={"next": templates.next + " Please."})
    assert len(transcripts.current(recorded, card, reworded).turns) == 1
    reworded = templates.model_copy(update={"first": templates.first + " Please."})
    assert transcripts.current(recorded, card, reworded).turns == ()
    other_role = card.model_copy(update={"role": "You are a poet."})
    assert transcripts.current(recorded, other_role, templates).turns == ()
    other_label = card.model_copy(update={"labels": card.labels | {"dates": "document dates"}})
    assert transcripts.current(recorded, other_label, templates) == recorded


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


def test_a_missing_recording_is_said(card: Card, tmp_path: Path) -> None:
    with pytest.raises(PyriteError, match="no such recording"):
        transcripts.read(tmp_path / "none.jsonl", card, "zero_shot")


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('```json\n["a", "b"]\n```', ["a", "b"]),
        ('Here you are:\n```\n["a"]\n```\nAnything else?', ["a"]),
        ('Sure [as asked]: ["a", "b"]', ["a", "b"]),
        ('{"texts": ["a", "b"]}', ["a", "b"]),
        ('["a", "b", "cut o', ["a", "b"]),
        ('```json\n["a", "b", "cut o', ["a", "b"]),
        ('["a", 3, null, {"text": "b"}, "c"]', ["a", "c"]),
        ('["a", "b",]', ["a", "b"]),
        ("I'm sorry, I can't help with that.", []),
        ("", []),
        ("[" * 100_000, []),
    ],
)
def test_answers_are_read_leniently(answer: str, texts: list[str]) -> None:
    assert transcripts.parse(answer) == texts


@given(st.lists(st.text()), st.text(alphabet=st.characters(exclude_characters="[`")))
def test_any_array_is_read_whatever_stands_before_it(texts: list[str], before: str) -> None:
    # A fence inside a text is the one thing that can't be told from a fence around the array.
    texts = [text.replace("```", "") for text in texts]
    assert transcripts.parse(before + json.dumps(texts)) == texts


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="`")), min_size=1), st.data())
def test_a_truncated_array_keeps_its_whole_items(texts: list[str], data: st.DataObject) -> None:
    answer = json.dumps(texts)
    cut = data.draw(st.integers(min_value=0, max_value=len(answer) - 1))
    found = transcripts.parse(answer[:cut])
    assert found == texts[: len(found)]


@given(st.text())
def test_any_answer_gives_a_list_of_texts(answer: str) -> None:
    assert all(isinstance(text, str) for text in transcripts.parse(answer))
