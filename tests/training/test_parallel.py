"""Processes side by side: how they end. What they train, and that they do it alike, is in test_train.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

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


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups there")
@pytest.mark.parametrize("moment", ["at work", "at the start"])
def test_ctrl_c_ends_jobs_at_once_and_without_their_tracebacks(tmp_path: Path, moment: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # A session of its own, so that the signal reaches parent and workers as Ctrl-C does.
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    patience = time.monotonic() + 300
    while True:
        workers = [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
        if (tmp_path / "began").exists() or (workers and moment == "at the start"):
            break
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert said == ""
    assert not psutil.wait_procs(workers, timeout=30)[1]
