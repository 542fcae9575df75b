"""SECURITY.md: that its tests are there, and those of its tests that are about no single module."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import FRUIT_KEY, ROOT, Study, card_text
from llm_server import WORDS, serve
from openai import APIError

from pyrite import params
from pyrite.base import console, files, schema
from pyrite.base.errors import PyriteError
from pyrite.commands import predict, recordings
from pyrite.data import cards
from pyrite.data.formats import csv_files
from pyrite.llm import dialect, failures
from pyrite.stages import generate
from pyrite.training import encoder

PACKAGE = sorted((ROOT / "src/pyrite").rglob("*.py"))
HOSTILE = "\x1b]0;owned\x07\x1b[2J[red]x[/] [/nothing] \u202eevil \x9b31m"


def test_every_test_that_the_page_names_is_there() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)::(test_\w+)`", page)
    assert len(named) > 20
    for module, name in named:
        [path] = (ROOT / "tests").rglob(f"{module}.py")
        assert f"def {name}(" in path.read_text(encoding="utf-8"), f"no {module}::{name}"


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in PACKAGE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


def test_no_pickle_no_shell_no_eval() -> None:
    for path in PACKAGE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            bad = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "pty", "dvc"}
            bad |= set() if path.stem == "new" else {"subprocess"}
            assert not bad & {name.split(".")[0] for name in names}, path
    for path, call in calls():
        name = ast.unparse(call.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert name not in ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load"), path
        assert name not in ("torch.load", "torch.save", "pd.read_pickle", "tarfile.extractall"), path
        assert not name.endswith((".to_pickle", ".extractall", ".extract", ".from_single_file")), path
        if name.startswith("subprocess."):  # `new` asks git of one file
            assert isinstance(call.args[0], ast.List), path
            assert "shell" not in given, path
        if name in ("np.load", "np.save"):
            assert given.get("allow_pickle") == "False", path
        if name.endswith((".from_pretrained", ".from_config")) and "Embedding" not in name:
            assert given.get("trust_remote_code") == "False", path


def test_a_terminal_shows_hostile_words_and_obeys_none(capsys: pytest.CaptureFixture[str]) -> None:
    shown = console.printable(HOSTILE)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert "[red]x[/] [/nothing]" in shown
    out = console.Console()
    out.print(HOSTILE)
    from rich.table import Table

    table = Table(HOSTILE)
    table.add_row(HOSTILE)
    out.print(table)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x9b" not in printed
    assert printed.count("[/nothing]") == 3


def test_an_error_that_quotes_hostile_words_is_inert(project: Path) -> None:
    code = f"from pyrite import cli; from pyrite.stages import fetch\nfrom pyrite.base.errors import PyriteError\ndef bad(task): raise PyriteError({HOSTILE!r})\nfetch.run = bad\ncli.main()"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code, "fetch", "x"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "[/nothing]" in done.stderr


def test_a_server_that_says_markup_and_commands_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    console.log.print(f"3 requests failed: {failures.clean(HOSTILE)}")
    printed = capsys.readouterr().err
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "[/nothing]" in printed


@pytest.mark.parametrize("name", ["a; rm -rf x", "$(touch x)", "`touch x`", "../x", "a b", "a'b", "-h", "a\n"])
def test_a_name_that_a_shell_would_run_is_refused(study: Study, project: Path, name: str) -> None:
    study()
    written = yaml.safe_load((project / "params.yaml").read_text())
    for change in ("tasks", "sources", "encoders"):
        changed = json.loads(json.dumps(written))
        if change == "tasks":
            changed["tasks"] = [name]
        elif change == "sources":
            changed["sources"][name] = changed["sources"]["zero_shot"]
        else:
            changed["train"]["classifiers"][name] = changed["train"]["classifiers"]["tfidf"]
        (project / "params.yaml").write_text(yaml.safe_dump(changed))
        with pytest.raises(PyriteError, match=r"must be lower-case letters"):
            params.load()
    (project / "tasks/odd.yaml").write_text(card_text().replace("id: fruit", f"id: {json.dumps(name)}"))
    with pytest.raises(PyriteError, match="must be lower-case letters"):
        cards.load("odd")


def test_a_task_cannot_be_named_on_the_command_line_by_a_path(project: Path) -> None:
    for words in (["evaluate", "../x"], ["train", "fruit", "../../x"], ["generate", "a;b", "zero_shot"]):
        command = [sys.executable, "-c", "from pyrite.cli import main; main()", *words]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 1
        assert "must be lower-case letters" in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("path", ["/etc/hostname", "../secrets.csv", "a/../../secrets.csv"])
def test_a_card_reaches_no_file_outside_the_project(study: Study, project: Path, path: str) -> None:
    study()
    source = {"kind": "file", "path": path, "text": "text", "label": "label", "licence": "none"}
    (project / "tasks/fruit.yaml").write_text(card_text(source=source))
    with pytest.raises(PyriteError, match=r"source.* is not in the project"):
        cards.load("fruit")
    # Who names the digest of a file knows what is in it.
    (project / "tasks/fruit.yaml").write_text(card_text(source=source | {"sha256": "0a" * 32}))
    assert cards.load("fruit").source.kind == "file"


def test_yaml_makes_no_objects_and_fills_no_memory(tmp_path: Path) -> None:
    class Anything(schema.Schema):
        a: str

    bomb = "a: &a0 {k: v}\n"
    for level in range(1, 30):
        bomb += f"b{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n"
    for text, words in (
        ("a: !!python/object/apply:os.system ['touch owned']", "not valid YAML"),
        (bomb, "more than 100000 values"),
        ('a: "\\e[2J"', "a control character"),
        ("a: &a [*a]", "not valid YAML"),
    ):
        (tmp_path / "x.yaml").write_text(text)
        with pytest.raises(PyriteError, match=words):
            schema.load(tmp_path / "x.yaml", Anything)
    assert not Path("owned").exists()


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_a_checkpoint_runs_no_code(project: Path, tiny_checkpoint: Path) -> None:
    mark = project / "owned"
    hostile = project / "hostile"
    hostile.mkdir()
    (hostile / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(mark)))
    config = json.loads((tiny_checkpoint / "config.json").read_text())
    code = f"from pathlib import Path\nPath({str(mark)!r}).mkdir()\n"
    (hostile / "evil.py").write_text(code)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (hostile / name).write_bytes((tiny_checkpoint / name).read_bytes())
    for changes in ({}, {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M"}}):
        (hostile / "config.json").write_text(json.dumps(config | changes))
        with pytest.raises(PyriteError, match="can't be loaded"):
            predict.Classifier(hostile)
        with pytest.raises(PyriteError, match="can't be loaded"):
            encoder.embed(["a text"], str(hostile))
    assert not mark.exists()


FORMULAS = ['=HYPERLINK("http://x")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "＝1"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_csv_file_has_a_formula(formula: str) -> None:
    from pyrite.results.table import Column, Table

    out = io.BytesIO()
    csv_files.write(out, [{formula: formula, "n": "-1.5", "p": -0.5, "predicted": formula}])
    rows = list(csv.reader(io.StringIO(out.getvalue().decode(), newline="")))
    assert rows == [[f"'{formula}", "n", "p", "predicted"], [f"'{formula}", "-1.5", "-0.5", f"'{formula}"]]
    table = Table([Column("label"), Column("gap", form=".1f")], [{"label": formula, "gap": -1.234}]).csv()
    assert list(csv.reader(io.StringIO(table, newline="")))[1] == [f"'{formula}", "-1.23"]
    assert files.cell("a=1") == "a=1"


def test_labels_on_a_terminal_are_inert() -> None:
    out = io.BytesIO()
    csv_files.write(out, [{"text": HOSTILE, "predicted": HOSTILE}], on_terminal=True)
    assert b"\x1b" not in out.getvalue()


# Keys


def written(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes().decode("latin-1")


def test_an_answer_that_says_the_key_is_not_kept(
    study: Study, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(0)

    def echo(request: object) -> str:
        return json.dumps([f"{' '.join(rng.sample(WORDS, 6))} {FRUIT_KEY}" for _ in range(5)])

    with serve(answers=echo) as server:
        study(server.url, sources=["zero_shot"], per_label=2, texts_per_turn=2)
        with pytest.raises(PyriteError, match="the answer repeats the key"):
            generate.run("fruit", "zero_shot")
        recordings.run("fruit", "zero_shot")
        assert server.log
    printed = capfd.readouterr()
    for place, content in [*written(project), ("out", printed.out), ("err", printed.err)]:
        assert FRUIT_KEY not in content, place


def test_no_message_has_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", FRUIT_KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://inner.example.org/v1")
    message = failures.clean(f"{'x' * 190} wrong key {FRUIT_KEY}")
    assert FRUIT_KEY[:10] not in message
    message = failures.clean(f"wrong key '{FRUIT_KEY}' at http://inner.example.org/v1/chat")
    assert message == "wrong key '$OPENAI_API_KEY' at $OPENAI_BASE_URL/chat"


def test_a_password_in_the_address_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", FRUIT_KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://somebody:a%40secret@127.0.0.1:1/v1")
    with pytest.raises(PyriteError, match="OPENAI_BASE_URL: has a password") as caught:
        dialect.client("OPENAI", 1)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("broken", [False, True])
def test_no_traceback_or_log_has_the_key(study: Study, project: Path, broken: bool) -> None:
    # Refused by the server, which says the key again; or a mistake of ours in the midst of a request.
    code = "from pyrite import cli; from pyrite.llm import replies\n"
    if broken:
        code += "def broken(*given): raise RuntimeError('a mistake of ours')\nreplies.read = broken\n"
    code += "cli.main()"
    with serve(key=None if broken else "another") as server:
        study(server.url, sources=["zero_shot"])
        command = [sys.executable, "-c", code, "generate", "fruit", "zero_shot"]
        loud = {"OPENAI_LOG": "debug", "PYTHONASYNCIODEBUG": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | loud)
    assert done.returncode == 1
    assert ("a mistake of ours" if broken else "401") in done.stderr
    for place, content in [*written(project), ("out", done.stdout), ("err", done.stderr)]:
        assert FRUIT_KEY not in content, place


@pytest.mark.parametrize("key", ["sk-two\nlines", "sk-ä", "sk-\x1b[2J"])
def test_a_key_that_no_header_can_hold_is_not_repeated(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(PyriteError, match="OPENAI_API_KEY: has signs that no key has") as caught:
        dialect.client("OPENAI", 1)
    assert "sk-" not in str(caught.value)
    assert not isinstance(caught.value, APIError)
