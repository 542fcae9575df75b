from __future__ import annotations

from conftest import Study
from llm_server import serve
from test_runner import outputs

from pyrite.base import paths
from pyrite.commands import recordings
from pyrite.data import cards, transcripts
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
