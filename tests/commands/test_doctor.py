from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import FRUIT_KEY, Study
from llm_server import Fault, serve

from pyrite.base.errors import PyriteError
from pyrite.commands import doctor


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    try:
        doctor.run(as_json=True)
    except PyriteError as error:
        assert str(error).startswith("doctor: not well: ")
    said = capsys.readouterr().out
    assert FRUIT_KEY not in said
    return {finding["what"]: finding for finding in json.loads(said)}


def test_all_is_well(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    with serve() as server:
        study(server.url)
        findings = found(capsys)
        assert all(finding["well"] for finding in findings.values())
        assert "follows a JSON schema" in findings["endpoint"]["found"]
        assert len(server.log) == 1
    study(provider="recorded")
    assert found(capsys)["endpoint"]["well"] is None


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"key": "another"}, ["401", "OPENAI_API_KEY"]),
        ({"models": ["x"]}, ["404", "generate.model"]),
        ({"quota": 0}, ["quota"]),
        ({"answers": lambda request: Fault.RATE_LIMIT}, ["429"]),
        ({"answers": lambda request: Fault.SERVER_ERROR}, ["500"]),
        ({"answers": lambda request: Fault.HTML}, ["no chat completion"]),
        ({"answers": lambda request: Fault.DROP}, ["can't be reached"]),
        ({"answers": lambda request: Fault.UNPARSABLE}, ["not with a JSON array", "Certainly"]),
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
        finding = found(capsys)["endpoint"]
    assert finding["well"] is False
    assert all(word in finding["found"] for word in words), finding
    assert len(server.log) <= 2


def test_no_key_is_said(study: Study, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    study()
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert "OPENAI_API_KEY: not set" in found(capsys)["endpoint"]["found"]


def test_a_broken_study_and_mirror_are_said(
    study: Study,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study(provider="recorded", settings=["nothing_like_it"])
    monkeypatch.setenv("PYRITE_DATA_MIRROR", "/nowhere/at/all")
    findings = found(capsys)
    assert findings["study"]["well"] is False
    assert findings["data"]["well"] is False
    assert findings["versions"]["well"] is True
