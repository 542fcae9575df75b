from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyrite.base import paths, store
from pyrite.base.errors import PyriteError
from pyrite.commands import pruning


@pytest.fixture
def filled(project: Path) -> Path:
    """A store with two fits, one of them old and the other in use, a checkpoint, an embedding and a paid answer."""
    for kind, name in (("fits", "old"), ("fits", "used"), ("checkpoints", "old"), ("embeddings", "one")):
        store.add(kind, store.key(name), lambda folder: (folder / "x").write_text("y" * 1000))
    answers = paths.store() / "answers"
    answers.mkdir()
    (answers / "task.zero_shot.jsonl").write_text("{}\n")
    for path in (store.find("fits", store.key("old")), answers / "task.zero_shot.jsonl"):
        os.utime(path, (time.time() - 40 * pruning.DAY,) * 2)
    fit = paths.fit("task", "encoder", "real", 0)
    fit.mkdir(parents=True)
    (fit / "history.json").write_text(json.dumps({"fingerprints": [store.key("used")]}))
    return project


def kinds() -> list[str]:
    return sorted(entry.kind for entry in pruning.entries())


def stored(kind: str, name: str) -> bool:
    return any((entry.kind, entry.path.name) == (kind, store.key(name)) for entry in pruning.entries())


def test_the_store_says_what_it_holds(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pruning.show()
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines.keys() == {"kind", "answers", "checkpoints", "embeddings", "fits"}
    assert "2" in lines["fits"]
    assert "2.1 kB" in lines["fits"]  # with the digests of what is in them
    assert "40 days ago" in lines["fits"]


def test_an_empty_store_is_said_to_be_empty(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pruning.show()
    assert "the store is empty" in capsys.readouterr().out


def test_pruning_by_age_keeps_what_was_used_since(filled: Path) -> None:
    pruning.prune((), 30, unused=False)
    assert kinds() == ["answers", "checkpoints", "embeddings", "fits"]
    assert not stored("fits", "old")


def test_looking_an_entry_up_is_a_use(filled: Path) -> None:
    store.find("fits", store.key("old"))
    pruning.prune((), 30, unused=False)
    assert stored("fits", "old")


def test_pruning_by_kind(filled: Path) -> None:
    pruning.prune(("embeddings", "checkpoints"), None, unused=False)
    assert kinds() == ["answers", "fits", "fits"]


def test_pruning_what_no_output_uses(filled: Path) -> None:
    pruning.prune((), None, unused=True)
    assert kinds() == ["answers", "embeddings", "fits"]
    assert stored("fits", "used")


def test_paid_answers_go_only_when_named(filled: Path) -> None:
    pruning.prune((), 0, unused=False)
    assert kinds() == ["answers"]
    pruning.prune(("answers",), None, unused=False)
    assert kinds() == []


def test_half_done_entries_of_killed_processes_go_too(filled: Path) -> None:
    half = paths.store() / "fits/ab/.new-123"
    half.mkdir(parents=True)
    pruning.prune((), None, unused=True)
    assert not half.exists()


@pytest.mark.parametrize(
    ("conditions", "words"),
    [(((), None, False), "say what to prune"), ((("fit",), None, False), "has no fit; there is answers, checkpoints")],
)
def test_a_condition_that_is_missing_or_unknown_is_one_line(filled: Path, conditions: tuple, words: str) -> None:
    before = kinds()
    with pytest.raises(PyriteError, match=words):
        pruning.prune(*conditions)
    assert kinds() == before


def test_nothing_is_pruned_while_a_stage_uses_the_store(filled: Path) -> None:
    code = (
        "import sys; from pyrite.base import store\n"
        "assert store.find('fits', store.key('used')); print('holds', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stage:
        assert stage.stdout is not None
        assert stage.stdout.readline() == b"holds\n"
        with pytest.raises(PyriteError, match="a stage that runs uses it"):
            pruning.prune(("fits",), None, unused=False)
        assert stored("fits", "used")
        stage.communicate()
    pruning.prune(("fits",), None, unused=False)
    assert not stored("fits", "used")


def test_answers_about_one_task_are_pruned_alone(filled: Path) -> None:
    for name in ("task.few_shot.jsonl", "other.zero_shot.jsonl", "task_two.zero_shot.jsonl"):
        (paths.store() / "answers" / name).write_text("{}\n")
    with pytest.raises(PyriteError, match="say --kind answers too"):
        pruning.prune(("fits",), None, unused=False, task="task")
    pruning.prune(("answers",), None, unused=False, task="task")
    left = {entry.path.name for entry in pruning.entries() if entry.kind == "answers"}
    assert left == {"other.zero_shot.jsonl", "task_two.zero_shot.jsonl"}
