"""Processes side by side: how they end. What they train, and that they do it alike, is in test_train.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pyrite.base.errors import PyriteError
from pyrite.training import parallel

SCRIPT = """
import sys, time
from pathlib import Path
from pyrite.training import parallel

def work(job, folder, advance):
    Path(folder, "began").touch()
    time.sleep(600)

if __name__ == "__main__":
    try:
        list(parallel.side_by_side(work, [1], sys.argv[1], 1, lambda done: None))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def started(folder: Path, at_work: bool) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """The script in a session of its own, so that a signal reaches parent and worker as Ctrl-C does; its worker."""
    script = folder / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    patience = time.monotonic() + 300
    while True:
        children = psutil.Process(process.pid).children()
        workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        if (folder / "began").exists() or (workers and not at_work):
            return process, workers
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups there")
@pytest.mark.parametrize("at_work", [True, False], ids=["at work", "at the start"])
def test_ctrl_c_ends_jobs_at_once_and_without_their_tracebacks(tmp_path: Path, at_work: bool) -> None:
    process, workers = started(tmp_path, at_work)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors == ""
    assert not psutil.wait_procs(workers, timeout=30)[1]


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    process, workers = started(tmp_path, at_work=True)
    assert workers
    process.kill()
    process.communicate()
    assert not psutil.wait_procs(workers, timeout=60)[1]


def refuse(job: str, shared: None, advance: Callable[[], object]) -> str:
    raise PyriteError(f"{job}: no")


@pytest.mark.parametrize("way", [parallel.side_by_side, parallel.together])
def test_an_error_in_a_process_is_the_one_that_its_job_raised(way: Callable[..., Iterator[str]]) -> None:
    with pytest.raises(PyriteError, match=r"^this: no$"):
        list(way(refuse, ["this"], None, 2, lambda done: None))
