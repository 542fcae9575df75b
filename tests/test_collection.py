"""Workers of a parallel run collect the tests for themselves: all must find the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from conftest import ROOT


def collect(hash_seed: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "tests"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_no_test_id_depends_on_the_clock_or_the_hash_seed() -> None:
    first = collect("1")
    time.sleep(1.1)
    second = collect("2")
    found = [[line for line in process.communicate()[0].splitlines() if "::" in line] for process in (first, second)]
    assert len(found[0]) > 500
    assert found[0] == found[1]
