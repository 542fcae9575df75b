"""What the world does to a run: full disks, broken files, killed processes, odd clocks and closed terminals.

Killing every stage at random moments is `benchmarks/faults/kill.py`.
"""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import DVC, ROOT, Study, card_text, run, tfidf, write_params
from llm_server import serve
from safetensors.numpy import save_file

from pyrite.base import files, paths, store
from pyrite.base.errors import PyriteError
from pyrite.data import texts
from pyrite.llm import cache, replies, waits
from pyrite.stages import generate, prepare

PYRITE = [sys.executable, "-m", "pyrite.cli"]


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """The system refuses to make any file of this process larger: a full disk, for those who may mount none."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "pyrite-test", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def fruit(project: Path) -> Path:
    """A task whose raw data are there."""
    (project / "tasks").mkdir()
    (project / "tasks/fruit.yaml").write_text(card_text())
    write_params(tasks=["fruit"])
    rows = [f"sentence number {n} is about {('fruit', 'tool')[n % 2]},{('fruit', 'tool')[n % 2]}" for n in range(400)]
    (project / "fruit.csv").write_text("\n".join(["text,label", *rows]))
    paths.raw("fruit").mkdir(parents=True)
    (paths.raw("fruit") / "fruit.csv").write_bytes((project / "fruit.csv").read_bytes())
    return project


# A full disk, a folder that can't be written


def test_a_full_disk_leaves_what_was_there(small_disk: Path) -> None:
    files.write_text(small_disk / "metrics.json", "old")
    (small_disk / "others").write_bytes(bytes(50_000))
    before = contents(small_disk)
    with pytest.raises(PyriteError, match=r"metrics.json: can't be written \(No space left on device\)"):
        files.write_text(small_disk / "metrics.json", "new " * 10_000)
    with pytest.raises(PyriteError, match="No space left"), files.folder(small_disk / "raw") as folder:
        (folder / "file").write_bytes(bytes(50_000))
    assert contents(small_disk) == before


def test_a_full_disk_leaves_no_half_entry_in_the_store(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small_disk)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    vectors = np.zeros(50_000)
    for save in (
        lambda folder: np.save(folder / "embeddings.npy", vectors),
        lambda folder: save_file({"weights": vectors}, folder / "model.safetensors"),
    ):
        with pytest.raises(PyriteError, match=r"can't be written \(.*(No space left|is the disk full)"):
            store.add("embeddings", store.key("many"), save)
        assert store.find("embeddings", store.key("many")) is None
    assert [name for name, _ in contents(small_disk).items()] == [".pyrite/lock"]


def test_a_stage_on_a_full_disk_is_one_line_and_goes_on_when_there_is_room(fruit: Path) -> None:
    with no_file_above(3000), pytest.raises(PyriteError, match=r"fruit.parquet: can't be written \(File too large\)"):
        prepare.run("fruit")
    assert not contents(fruit / "data/prepared")
    prepare.run("fruit")
    assert len(texts.read(paths.prepared("fruit"))) == 400


def test_answers_before_a_full_disk_are_kept_and_not_paid_again(study: Study) -> None:
    with serve() as server:
        study(server.url, sources=["zero_shot"], concurrency=1, per_label=40)
        with no_file_above(2000), pytest.raises(PyriteError, match="the answers before it are kept"):
            generate.run("fruit", "zero_shot")
        kept, requests = len(cache.Log("fruit", "zero_shot")), len(server.log)
        assert kept > 0
        generate.run("fruit", "zero_shot")
        # All that was asked in all, but for what was in flight when the disk was full.
        needed = len(cache.Log("fruit", "zero_shot"))
        assert len(server.log) - requests == needed - kept
    assert len(texts.read(paths.source("fruit", "zero_shot"))) == 80


def test_a_read_only_folder_is_named(fruit: Path) -> None:
    prepare.run("fruit")
    before = contents(fruit / "data/prepared")
    folder = fruit / "data/prepared"
    folder.chmod(0o555)
    mounted = False
    if os.access(folder, os.W_OK):  # root, whom no permissions stop
        bind = ["mount", "--bind", str(folder), str(folder)], ["mount", "-o", "remount,bind,ro", str(folder)]
        if any(subprocess.run(command, capture_output=True).returncode for command in bind):
            pytest.skip("nothing is read-only for this user")
        mounted = True
    try:
        with pytest.raises(PyriteError, match=r"prepared/fruit.parquet: can't be written \((Permission|Read-only)"):
            prepare.run("fruit")
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
        folder.chmod(0o755)
    assert contents(folder) == before


# Killed processes, two at once


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_a_killed_process_left_half_written_is_cleared_by_the_next(project: Path, what: str) -> None:
    path = project / "data" / "result"

    def write(meanwhile: Callable[[], object]) -> None:
        if what == "file":
            files.write(path, lambda file: (file.write(b"half"), file.flush(), meanwhile()))
            return
        with files.folder(path) as folder:
            (folder / "half").write_text("half")
            meanwhile()

    if not (child := os.fork()):
        write(lambda: os.kill(os.getpid(), signal.SIGKILL))
    os.waitpid(child, 0)
    assert [left.name[:8] for left in path.parent.iterdir()] == [".result."]

    def another_writes_at_the_same_time() -> None:
        # It clears what the dead have left, and not what this one is writing.
        other = threading.Thread(target=write, args=[lambda: None])
        other.start()
        other.join()

    write(another_writes_at_the_same_time)
    assert [left.name for left in path.parent.iterdir()] == ["result"]


def test_a_files_own_neighbours_are_not_taken_for_half_written_ones(project: Path) -> None:
    neighbours = [project / name for name in (".out.csv.swp", "out.csv.part", ".other.csv.x.part")]
    for neighbour in neighbours:
        neighbour.write_text("mine")
    files.write_text(project / "out.csv", "new")
    assert all(neighbour.read_text() == "mine" for neighbour in neighbours)


def test_two_runs_of_a_stage_at_once_leave_one_whole_result(fruit: Path) -> None:
    runs = [subprocess.Popen([*PYRITE, "fetch", "fruit"], cwd=fruit, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [run.communicate()[1].decode() for run in runs]
    # Who comes second in the same instant may be told that it can't write; nothing else may happen.
    assert all(not run.returncode or "can't be written" in error for run, error in zip(runs, errors, strict=True)), (
        errors
    )
    assert {run.returncode for run in runs} & {0}
    assert contents(fruit / "data/raw") == {"fruit/fruit.csv": (fruit / "fruit.csv").read_bytes()}


# Broken files


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])])
def test_a_damaged_entry_of_the_store_is_said_and_made_anew(
    project: Path, damage: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = store.key("vectors")

    def fill(folder: Path) -> None:
        np.save(folder / "embeddings.npy", np.arange(10.0))

    file = store.add("embeddings", key, fill) / "embeddings.npy"
    whole = file.read_bytes()
    assert store.find("embeddings", key)
    file.write_bytes(damage(whole))
    monkeypatch.setattr(store, "_intact", set())  # as in the next process
    assert store.find("embeddings", key) is None
    assert f"{key}: damaged, so it is made anew" in capsys.readouterr().err
    assert store.add("embeddings", key, fill) == file.parent
    assert file.read_bytes() == whole
    assert [path.name for path in file.parent.parent.iterdir()] == [key]


def test_entries_from_before_there_were_seals_are_taken_as_they_are(project: Path) -> None:
    folder = store.add("fits", store.key("old"), lambda folder: (folder / "x").write_text("1"))
    (folder / store.CHECKSUMS).unlink()
    assert store.find("fits", store.key("old")) == folder


@pytest.fixture
def broken(fruit: Path) -> Callable[[Path], None]:
    """A study with every table; called with the path of one, it cuts it off."""
    write_params(
        tasks=["fruit"],
        train={"seeds": [0], "classifiers": {"tfidf": tfidf("real", "few_shot")}},
        compare={"classifier": "tfidf"},
    )
    shutil.copy(ROOT / "tasks/annotators.yaml", fruit / "tasks")
    prepare.run("fruit")
    table = texts.read(paths.prepared("fruit"))
    columns = {"probability:fruit": 0.5, "probability:tool": 0.5}
    for mix in ("real", "few_shot"):
        fit = paths.fit("fruit", "tfidf", mix, 0)
        texts.write(table.assign(predicted=table["label"], **columns), fit / "predictions.parquet")
        files.write_json(fit / "history.json", {"rows": 9})
    notes = pd.DataFrame({"item": table["id"][:9], "copy": 1, "annotator": "a", "label": "fruit", "source": "llm"})
    texts.write(notes, paths.annotation_table("fruit"))

    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-20])

    return cut


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        (paths.prepared("fruit"), "annotate"),
        (paths.judgements("fruit"), "annotate"),
        (paths.annotation_table("fruit"), "evaluate"),
        (paths.fit("fruit", "tfidf", "few_shot", 0) / "predictions.parquet", "evaluate"),
        (paths.annotation_table("fruit"), "subjectivity"),
    ],
)
def test_a_truncated_table_is_one_line_that_says_what_to_do(
    broken: Callable[[Path], None], path: Path, stage: str
) -> None:
    broken(path)
    run = importlib.import_module(f"pyrite.stages.{stage}").run
    with pytest.raises(PyriteError, match=rf"^{path}: not .*readable.*: delete .* and run `dvc repro`$"):
        run(*([] if stage == "subjectivity" else ["fruit"]))


def test_outputs_that_are_gone_from_dvcs_cache_are_made_again(fruit: Path) -> None:
    command = f"{' '.join(PYRITE)} fetch fruit"
    (fruit / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {"fetch": {"cmd": command, "deps": ["fruit.csv"], "outs": ["data/raw/fruit"]}}})
    )
    run(fruit, "git", "init", "-q")
    run(fruit, *DVC, "init", "-q")
    run(fruit, *DVC, "repro", "-q")
    before, lock = contents(fruit / "data/raw"), (fruit / "dvc.lock").read_bytes()
    for path in (fruit / ".dvc/cache/files").rglob("*"):
        if path.is_file():
            path.unlink()
    (paths.raw("fruit") / "fruit.csv").unlink()
    assert "Running stage 'fetch'" in run(fruit, *DVC, "repro")
    assert contents(fruit / "data/raw") == before
    assert (fruit / "dvc.lock").read_bytes() == lock


# Clocks, terminals


def test_a_clock_that_jumps_neither_stops_nor_repeats_anything(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    class Jumping(datetime):
        days = iter([datetime(2031, 1, 1), datetime(1970, 1, 1), datetime(2026, 5, 5)] * 100)

        @classmethod
        def now(cls, zone: tzinfo) -> datetime:
            return next(cls.days)

    for module in (waits, replies):
        monkeypatch.setattr(module, "datetime", Jumping)
    jumps = iter([1e10, 0.0, 5e9] * 10_000)
    with serve(faults={"rate_limit": 0.2}) as server:
        study(server.url, sources=["zero_shot"])
        with monkeypatch.context() as odd:
            odd.setattr(time, "time", lambda: next(jumps))
            generate.run("fruit", "zero_shot")
        requests, made = len(server.log), paths.transcript("fruit", "zero_shot").read_bytes()
        generate.run("fruit", "zero_shot")
        assert len(server.log) == requests
    assert paths.transcript("fruit", "zero_shot").read_bytes() == made


def test_entries_used_in_the_future_are_not_old(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pyrite.commands import pruning

    entry = store.add("fits", store.key("one"), lambda folder: (folder / "x").write_text("1"))
    os.utime(entry, (time.time() + 1e6, time.time() + 1e6))
    pruning.prune((), 0.0, unused=False)
    pruning.show()
    assert entry.is_dir()
    assert "0 hours ago" in capsys.readouterr().out


@pytest.mark.parametrize(("closing", "reason"), [(">/dev/full", "No space left"), (">&-", "Bad file descriptor")])
def test_a_result_that_can_not_be_shown_is_one_line(project: Path, closing: str, reason: str) -> None:
    if "full" in closing and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = subprocess.run(f"{' '.join(PYRITE)} store {closing}", shell=True, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("pyrite: standard output: ")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_seen_enough_gets_no_complaint(project: Path) -> None:
    done = subprocess.run(f"{' '.join(PYRITE)} --help | true", shell=True, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("closing", ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_stage_needs_no_terminal(fruit: Path, closing: str) -> None:
    if "full" in closing and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    before = (paths.raw("fruit") / "fruit.csv").read_bytes()
    (paths.raw("fruit") / "fruit.csv").unlink()
    code = subprocess.run(f"{' '.join(PYRITE)} fetch fruit {closing}", shell=True, cwd=fruit).returncode
    # Where standard output is closed, that is an error only for who wants to write there.
    assert code == 0
    assert contents(fruit / "data/raw") == {"fruit/fruit.csv": before}
    missing = subprocess.run(f"{' '.join(PYRITE)} fetch no_such {closing}", shell=True, cwd=fruit, capture_output=True)
    assert (missing.returncode, missing.stdout, missing.stderr) == (1, b"", b"")
