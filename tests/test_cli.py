from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from conftest import ROOT, Study

from pyrite import cli
from pyrite.base import paths, streams
from pyrite.base.errors import PyriteError, Stopped

PYRITE = [sys.executable, "-c", "from pyrite.cli import main; main()"]


def pyrite(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PYRITE, *arguments], cwd=cwd, capture_output=True, text=True, env=os.environ | environment)


def parsed(words: list[str]) -> dict[str, Any]:
    """The values that `pyrite WORDS` gives its command, which is not run; wrong words end in an exception."""
    command: Any = typer.main.get_command(cli.app)
    context = command.make_context("pyrite", words)
    while rest := [*getattr(context, "_protected_args", []), *context.args]:
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
        if not hasattr(command, "commands"):
            break
    return dict(context.params)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and the group of commands that runs by itself, by name."""
    todo = [("", typer.main.get_command(cli.app))]
    while todo:
        place, command = todo.pop()
        if place and (not hasattr(command, "commands") or command.invoke_without_command):
            yield place, command
        todo += [(f"{place} {name}".strip(), inner) for name, inner in getattr(command, "commands", {}).items()]


def test_help_lists_the_stages_in_pipeline_order_without_heavy_imports() -> None:
    stages = list(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
    page = pyrite("--help").stdout
    listed = re.findall(r"^│ (\w+)  ", page, flags=re.MULTILINE)
    assert [name for name in listed if name in stages] == stages
    code = (
        "import sys, pyrite.cli; print([m for m in ('torch', 'pandas', 'numpy', 'transformers') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_a_users_mistake_is_one_line_and_exit_code_1(project: Path) -> None:
    done = pyrite("fetch", "poetry", cwd=project)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("pyrite: task 'poetry'")
    assert done.stderr.count("\n") == 1


def test_an_unknown_command_is_exit_code_2() -> None:
    assert pyrite("frobnicate").returncode == 2


def test_the_store_is_a_command_with_a_command(project: Path) -> None:
    assert "the store is empty" in pyrite("store", cwd=project).stdout
    done = pyrite("store", "prune", cwd=project)
    assert done.returncode == 1
    assert done.stderr.startswith("pyrite: say what to prune")
    assert pyrite("store", "prune", "--days", "-1", cwd=project).returncode == 2


def test_every_command_has_a_short_help_and_an_example_that_it_takes() -> None:
    names = dict(commands())
    assert {"fetch", "batch export", "store", "store prune"} <= names.keys()
    for name, command in names.items():
        assert 0 < len(command.help) < 120, name
        example = command.epilog.removeprefix("Example: ")
        words = shlex.split(example)
        assert words[: 1 + len(name.split())] == ["pyrite", *name.split()], example
        parsed(words[1:])
    with pytest.raises(Exception, match=r"(?i)no such option"):
        parsed(["store", "prune", "--no-such-thing"])
    with pytest.raises(Exception, match=r"(?i)missing"):
        parsed(["train", "python_docs"])


def test_every_command_gives_its_function_what_that_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    called, load = [], cli.import_module

    class Module:
        def __init__(self, name: str) -> None:
            self.module = load(name)

        def __getattr__(self, function: str) -> Callable[..., None]:
            def bound(**given: Any) -> None:
                called.append(inspect.signature(getattr(self.module, function)).bind(**given))

            return bound

    monkeypatch.setattr(cli, "import_module", Module)
    examples = [command.epilog.removeprefix("Example: ") for name, command in commands() if name != "store"]
    for example in examples:
        cli.app(shlex.split(example)[1:], standalone_mode=False)
    assert len(called) == len(examples)


def test_a_shell_completes_commands_and_tasks() -> None:
    def completed(line: str) -> set[str]:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1 + line.endswith(" "))}
        return set(pyrite(cwd=ROOT, _PYRITE_COMPLETE="complete_bash", **words).stdout.split())

    assert completed("pyrite pre") == {"prepare", "predict"}
    assert completed("pyrite fetch tweet_") == {"tweet_emotion", "tweet_irony", "tweet_sentiment"}
    assert not {"prompts", "annotators"} & set(paths.tasks())


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command prints, in this process, which has loaded what each would take seconds to load."""

    def run(*words: str, cwd: Path = ROOT, **environment: str) -> str:
        with monkeypatch.context() as there:
            there.chdir(cwd)
            for name, value in environment.items():
                there.setenv(name, value)
            assert not cli.app(list(words), standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_colours_are_for_terminals_and_for_who_wants_them(printed: Callable[..., str]) -> None:
    assert "\x1b" not in pyrite("verdict", FORCE_COLOR="").stdout
    assert "\x1b[1;36m" in printed("verdict", FORCE_COLOR="1", NO_COLOR="")
    assert not re.search(r"\x1b\[[0-9;]*3\d", printed("verdict", FORCE_COLOR="1", NO_COLOR="1"))


def test_what_a_program_may_read_is_json(project: Path, printed: Callable[..., str]) -> None:
    verdict = json.loads(printed("verdict", "--json"))
    headline = json.loads((ROOT / paths.HEADLINE).read_text())
    assert verdict["overall"]["verdict"] == headline["verdict"]
    assert 100 * verdict["tasks"][0]["gap"]["value"] == pytest.approx(headline["gap"], abs=0.06)
    table = json.loads(printed("table", "--json"))
    narrow = printed("table", COLUMNS="80")
    assert max(map(len, narrow.splitlines())) <= 80
    for row in table["scores"]:
        gap = [row[f"few_shot - real {score}"] for score in ("macro_f1", "accuracy")]
        assert "{:+.1f}/{:+.1f}".format(*gap) in narrow, "a number is cut"
    assert "pyth" in narrow, "a name is folded to single letters"
    assert "python_docs" in printed("table", COLUMNS="")
    narrow = printed("verdict", COLUMNS="60")
    assert max(map(len, narrow.splitlines())) <= 60 and "Equals labels" in narrow and "can't tell" in narrow
    assert {row["task"] for row in table["scores"]} == {"python_docs"}
    assert table["augmentation"][0]["real rows"] == "pool"
    assert json.loads(printed("store", "--json", cwd=project)) == []
    paths.answers("fruit", "zero_shot").parent.mkdir(parents=True)
    paths.answers("fruit", "zero_shot").write_text("{}\n")
    [kind] = json.loads(printed("store", "--json", cwd=project))
    assert (kind["kind"], kind["entries"], kind["bytes"]) == ("answers", 1, 3)


def test_debug_shows_where_a_mistake_came_up(project: Path) -> None:
    (project / "params.yaml").write_text("tasks: [")
    plain = pyrite("compare", cwd=project)
    assert plain.stderr.count("\n") == 1
    for done in (pyrite("--debug", "compare", cwd=project), pyrite("compare", cwd=project, PYRITE_DEBUG="1")):
        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert "ParserError" in done.stderr, "what the mistake was made of is hidden"
        assert done.stderr.endswith(plain.stderr)


def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException) -> tuple[Any, str]:
    """The exit code and the words when a command raises an error."""

    def fail(task: str) -> None:
        raise error

    monkeypatch.setattr("pyrite.stages.prepare.run", fail)
    monkeypatch.setattr(sys, "argv", ["pyrite", "prepare", "fruit"])
    monkeypatch.delenv(streams.DEBUG, raising=False)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return exit_.value.code, capsys.readouterr().err


def test_how_a_command_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(monkeypatch, capsys, PyriteError("x: no")) == (1, "pyrite: x: no\n")
    assert ended(monkeypatch, capsys, Stopped("stopped; all is kept")) == (130, "pyrite: stopped; all is kept\n")
    code, message = ended(monkeypatch, capsys, KeyboardInterrupt())
    assert (code, message.count("\n")) == (130, 1)
    assert "run it again to go on" in message
    code, message = ended(monkeypatch, capsys, PermissionError(13, "Permission denied", "data/raw"))
    assert (code, message.count("\n")) == (1, 1)
    assert message.startswith("pyrite: data/raw: Permission denied")


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_ctrl_c_while_texts_are_judged_says_a_sentence(study: Study, project: Path) -> None:
    study(provider="recorded", sources=["zero_shot"])
    waiting = project / "judging"
    code = f"""
import pathlib, time
from pyrite import cli
from pyrite.base import streams
from pyrite.llm import quality
def judge(self, made):
    pathlib.Path({str(waiting)!r}).touch()
    time.sleep(60)
quality.QualityFilter.__call__ = judge
cli.main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "generate", "fruit", "zero_shot"], stderr=subprocess.PIPE, text=True, cwd=project
    )
    patience = time.monotonic() + 120
    while not waiting.exists():
        assert process.poll() is None
        assert time.monotonic() < patience
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message == "pyrite: stopped; what is finished is kept: run it again to go on\n"
