from __future__ import annotations

import json

import pytest
from conftest import Study
from llm_server import serve
from test_runner import outputs

from pyrite.base import paths
from pyrite.commands import recordings
from pyrite.data import cards, transcripts
from pyrite.data.transcripts import Conversation, Turn
from pyrite.llm import generation, parsing, quality
from pyrite.stages import generate


def test_exported_answers_give_the_same_set_without_the_store(study: Study) -> None:
    with serve() as server:
        study(server.url)
        for setting in ("zero_shot", "few_shot"):
            generate.run("fruit", setting)
            before = outputs(setting)
            recordings.run("fruit", setting)
            assert "real sentence number" not in paths.recording("fruit", setting).read_text()
            paths.answers("fruit", setting).unlink()
            study(provider="recorded")
            generate.run("fruit", setting)
            assert outputs(setting) == before
            study()


def test_another_llm_keeps_its_place_in_the_file(study: Study) -> None:
    with serve() as server:
        for model in ("m", "another", "m"):
            study(server.url, model=model)
            generate.run("fruit", "zero_shot")
            recordings.run("fruit", "zero_shot")
    recorded = transcripts.read(paths.recording("fruit", "zero_shot"), cards.load("fruit"), "zero_shot")
    assert sorted(c.model for c in recorded) == ["another"] * 4 + ["m"] * 4


def test_nothing_stored_writes_nothing(study: Study) -> None:
    study(provider="recorded")
    recordings.run(None, "zero_shot")
    assert not paths.recording("fruit", "zero_shot").exists()


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ('["{shown}", "an apple a day, they say"]', ["", "an apple a day, they say"]),
        ('["I once read: {shown} Is that so?", "a pear"]', ["", "a pear"]),
        ('["{begun}", "a pear"]', ["", "a pear"]),
        ("I can't. {shown}", []),
        ('Like "{shown}", here they are:\n["a pear", "a plum"]', ["a pear", "a plum"]),
    ],
)
def test_a_recording_holds_no_text_that_the_llm_was_shown(study: Study, answer: str, kept: list[str]) -> None:
    study()
    script = generation.load("fruit", "few_shot")
    shown, later = list(script.text_of)[:2]
    text = script.text_of[shown]
    filled = answer.replace("{shown}", text).replace("{begun}", " ".join(text.split()[:5]))
    turns = (Turn("some", (shown,), filled), Turn("more", (later,), filled), Turn("more", (), '["a fig"]'))
    c = quality.without_copies(script, Conversation("fruit", "few_shot", "apple", 0, "m", "2026-01-01", "", turns))
    # What a conversation has shown stays shown; an answer without it stays as it came.
    assert [json.loads(turn.answer) for turn in c.turns] == [kept, kept, ["a fig"]]
    assert text not in transcripts.line(c)
    assert parsing.texts(c.turns[0].answer) == kept


def test_what_repeats_nothing_stays_as_it_came(study: Study) -> None:
    study()
    script = generation.load("fruit", "few_shot")
    turn = Turn("some", tuple(script.text_of)[:2], 'Sure!\n1. "a pear"\n2. "real, and a sentence, but another one"')
    c = Conversation("fruit", "few_shot", "apple", 0, "m", "2026-01-01", "", (turn,))
    assert quality.without_copies(script, c) == c
