"""docs/experiments.md: every command in it, run in order in a small study; and what else the docs run.

Run here, of the other pages and the README: `RUN`. `test_docs.py` holds all the rest against the programs' parsers.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from conftest import DVC, ROOT, run
from test_docs import typed_in_docs

from pyrite import cli
from pyrite.base import streams

# One worker runs the study that they share.
pytestmark = pytest.mark.xdist_group("default study")


def commands() -> list[str]:
    """What the page's console blocks say to type."""
    page = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, flags=re.S)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def clone(default_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the small default study has run."""
    return shutil.copytree(default_study, tmp_path_factory.mktemp("experiments") / "study", symlinks=True)


# What the other pages say to type and is cheap where a small study is done, with words that it prints.
RUN = {
    "pyrite --help": "subjectivity",
    "pyrite train --help": "Example: pyrite train",
    "pyrite doctor": "endpoint: not asked",
    "pyrite doctor --json": '"what": "versions"',
    "pyrite estimate": "few_shot",
    "pyrite estimate --json": '"prompt_tokens"',
    "pyrite verdict": "Trained on",
    "pyrite verdict --json": '"overall"',
    "pyrite table": "by training set",
    "pyrite table --json": '"augmentation"',
    "pyrite store --json": '"kind": "fits"',
    "pyrite --debug compare": "",
    "pyrite prepare python_docs": " train, ",
    "pyrite generate python_docs few_shot": "accepted",
    "pyrite train python_docs tfidf": "0 to train",
    "pyrite export python_docs exported": "few_shot texts and README.md",
    "pyrite transcripts export": "conversations of anthropic/claude",
    "pyrite batch export": "requests wait",
    "dvc status": "",
    "dvc repro --dry": "",
    "dvc params diff": "",
}


def test_what_the_other_pages_say_to_type_runs(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(streams.DEBUG, "")  # which a command below sets
    there = {" ".join(command) for _, command in typed_in_docs()}
    assert set(RUN) <= there, f"no page says to type {set(RUN) - there}"
    monkeypatch.chdir(clone)
    for command, words in RUN.items():
        program, *arguments = shlex.split(command)
        if program == "dvc":
            output = run(clone, *DVC, *arguments)
        else:  # in this process, which has loaded what each of them would take seconds to load
            assert not cli.app(arguments, standalone_mode=False), command
            output = "".join(capsys.readouterr())
        assert words in output, command
    assert (clone / "exported/data/few_shot.parquet").exists()


def typed(folder: Path, command: str) -> str:
    words = shlex.split(command)
    return run(folder, *(DVC if words[0] == "dvc" else words[:1]), *words[1:])


def test_every_command_of_the_page_works(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    outputs = {command: typed(clone, command) for command in commands()}
    shown = next(outputs[command] for command in outputs if "Experiment|" in command)
    assert max(map(len, shown.splitlines())) <= 120
    assert "…" not in shown
    for name, mix in (("real", "real"), ("zero-shot", "zero_shot"), ("few-shot", "few_shot")):
        assert re.search(rf"{name}.*\b{mix}\b", shown)
    for column in ("candidate", "llm", "rows", "macro_f1", "gap", "interval", "verdict"):
        assert column in shown
    ran = "".join(outputs[command] for command in outputs if command.startswith("dvc exp run"))
    assert set(re.findall(r"Running stage '(\w+)", ran)) == {"compare", "report"}
    pictures = (clone / "dvc_plots/index.html").read_text()
    assert "F1 of the candidate by label" in pictures
