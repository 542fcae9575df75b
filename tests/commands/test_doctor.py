from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import FRUIT_KEY, Study, change_params
from llm_server import Fault, serve

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import doctor
from pyrite.llm import speed


def diagnose(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    try:
        doctor.run(as_json=True)
    except PyriteError as error:
        assert str(error).startswith("doctor: not well: ")
    output = capsys.readouterr().out
    assert FRUIT_KEY not in output
    return {finding["what"]: finding for finding in json.loads(output)}


def test_all_is_well(study: Study, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serve() as server:
        study(server.url)
        findings = diagnose(capsys)
        assert all(finding["well"] for finding in findings.values())
        assert "follows a JSON schema" in findings["endpoint"]["found"]
        assert findings["turn 1"]["found"].startswith("3 of 3 texts, such as: ")
        assert findings["turn 2"]["found"].startswith("3 of 3 texts, such as: ")
        assert set(findings["labels"]["found"].removeprefix("3 of 3 labels, ").split(", ")) <= {"fruit", "tool"}
        # Asked as `generate` and `annotate` ask, and nothing is kept.
        sent = [[message["role"] for message in entry.request["messages"]] for entry in server.log]
        assert sent == [["system", "user"], ["system", "user", "assistant", "user"], ["system", "user"]]
        assert "about fruit" in server.log[0].request["messages"][1]["content"]
        assert not list(project.rglob("*.jsonl"))
        assert speed.of("m") > 0
    study(provider="recorded")
    assert diagnose(capsys)["endpoint"]["well"] is None


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"key": "another"}, ["401", "OPENAI_API_KEY"]),
        ({"models": ["x"]}, ["404", "llms"]),
        ({"quota": 0}, ["quota"]),
        ({"answers": lambda request: Fault.RATE_LIMIT}, ["429"]),
        ({"answers": lambda request: Fault.SERVER_ERROR}, ["500"]),
        ({"answers": lambda request: Fault.HTML}, ["no chat completion"]),
        ({"answers": lambda request: Fault.DROP}, ["can't be reached"]),
        (
            {"answers": lambda request: {"choices": [{"message": {}, "finish_reason": "length"}]}},
            ["max_completion_tokens"],
        ),
    ],
)
def test_what_is_wrong_with_the_endpoint_is_said(
    study: Study,
    capsys: pytest.CaptureFixture[str],
    behaviour: dict[str, Any],
    words: list[str],
) -> None:
    with serve(**behaviour) as server:
        study(server.url)
        finding = diagnose(capsys)["endpoint"]
    assert finding["well"] is False
    assert all(word in finding["found"] for word in words), finding
    assert len(server.log) <= 3


def test_no_key_is_said(study: Study, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    study()
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert "OPENAI_API_KEY: not set" in diagnose(capsys)["endpoint"]["found"]


def test_a_broken_study_and_mirror_are_said(
    study: Study,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study(provider="recorded", sources=["nothing_like_it"])
    monkeypatch.setenv("PYRITE_DATA_MIRROR", "/nowhere/at/all")
    findings = diagnose(capsys)
    assert findings["study"]["well"] is False
    assert findings["data"]["well"] is False
    assert findings["versions"]["well"] is True


def test_answers_that_hold_nothing_are_shown(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    with serve(answers=lambda request: Fault.UNPARSABLE) as server:
        study(server.url)
        findings = diagnose(capsys)
    assert findings["turn 1"]["well"] is False
    assert "it said: Certainly" in findings["turn 1"]["found"]
    assert "labels" not in findings


def test_a_refusal_is_said_as_one(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    refusal = (400, {"error": {"code": "content_filter", "message": "No."}}, {})
    with serve(answers=lambda request: refusal) as server:
        study(server.url)
        findings = diagnose(capsys)
    assert "JSON schema" not in findings["endpoint"]["found"]
    assert "refused (content filter" in findings["turn 1"]["found"]


def test_another_model_and_a_study_that_is_not_prepared(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    reply = {
        "model": "other-7b",
        "choices": [{"message": {"content": '["one apple is red"]'}, "finish_reason": "stop"}],
    }
    with serve(answers=[reply]) as server:
        study(server.url, sources=["few_shot", "zero_shot"])
        paths.prepared("fruit").unlink()
        findings = diagnose(capsys)
    assert findings["endpoint"]["well"] is True
    assert "says that 'other-7b' answered" in findings["endpoint"]["found"]
    assert "words words" in server.log[0].request["messages"][1]["content"]


def test_an_llm_that_nothing_uses_is_not_asked(study: Study) -> None:
    with serve() as server:
        study(server.url, sources=["zero_shot"])
        change_params("llms.spare", {"model": "spare"})
        findings = {finding.what: finding for finding in doctor.look()}
    assert findings["endpoint of spare"].well is None
    assert "no source uses spare" in findings["endpoint of spare"].found
    assert findings["endpoint of llm"].well
    assert {entry.request["model"] for entry in server.log} == {"m"}
