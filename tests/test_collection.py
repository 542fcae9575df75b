"""Workers of a parallel run collect the tests for themselves: all must find the same."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import COLLECTED


def test_no_test_id_depends_on_the_clock_or_the_hash_seed(request: pytest.FixtureRequest) -> None:
    # What this process found some time ago, with a hash seed of its own, is what another finds now.
    here = request.config.stash[COLLECTED]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *request.config.args]
    environment = {**os.environ, "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    done = subprocess.run(command, cwd=request.config.invocation_params.dir, env=environment, capture_output=True)
    there = [line for line in done.stdout.decode().splitlines() if "::" in line]
    assert there
    assert there == here
