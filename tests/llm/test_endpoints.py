"""The cases of `benchmarks/generation/endpoints.py` in this process and without long waits: there they are commands."""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import endpoint_server
import pytest
from conftest import ROOT

from pyrite import cli
from pyrite.llm import client, quality

_spec = importlib.util.spec_from_file_location("endpoints", ROOT / "benchmarks/generation/endpoints.py")
assert _spec is not None
assert _spec.loader is not None
endpoints = sys.modules["endpoints"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(endpoints)

Run = Callable[[str, Path, Mapping[str, str]], tuple[int, str]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("endpoints") / "template"
    endpoints.template(folder)
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, as `pyrite` does."""
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(quality.Contamination, "_closest", lambda self, left: left["text"].map(len).to_numpy() * 0.0)

    def run(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        with monkeypatch.context() as during:
            during.chdir(folder)
            during.delenv("DVC_ROOT", raising=False)
            for name, value in environment.items():
                during.setenv(name, value)
            during.setattr(sys, "argv", ["pyrite", *command.split()])
            try:
                cli.main()
                code: object = 0
            except SystemExit as ended:
                code = ended.code or 0
        return int(str(code)), "".join(capsys.readouterr())

    return run


@pytest.mark.parametrize("case", endpoints.CASES, ids=lambda case: case.name)
def test_what_comes_of_an_endpoint_with_a_quirk(case: endpoints.Case, template: Path, tmp_path: Path, run: Run) -> None:
    if case.kind == "waits" and case.mode != "perday":
        # What may pass or not uses up attempts, which come fast here; what is slow is so each time.
        brief = case.mode in ("busy408", "busy498", "busy524", "slow", "one_slot_cancel")
        case = dataclasses.replace(case, argument="0.03" if brief else "0.3")
    shutil.copytree(template, tmp_path / "project")
    with endpoint_server.serve(case.mode, case.argument) as (url, server):
        outcome = endpoints.measure(
            case, tmp_path / "project", url, lambda: server.seen, lambda mode: setattr(server, "mode", mode), run
        )
    assert not outcome["wrong"], "; ".join(outcome["wrong"])
