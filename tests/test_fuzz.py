"""A few inputs of each target of `benchmarks/fuzz.py`; that many can't break Pyrite is its own long run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from conftest import ROOT

# Not by its folder on the path: another script there has the name of a package.
_spec = importlib.util.spec_from_file_location("fuzz", ROOT / "benchmarks/fuzz.py")
assert _spec is not None
assert _spec.loader is not None
fuzz = sys.modules["fuzz"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fuzz)

TARGETS = fuzz.targets()


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_makes_it_crash_or_hang(name: str, project: Path) -> None:
    inputs = {"pages": 3, "damaged": 20_000 // fuzz.MANY}.get(name, 60)
    outcomes = fuzz.run(TARGETS[name], inputs, number=1)
    assert outcomes.total() >= inputs
    # Some are read: the pieces fit together now and then.
    assert set(outcomes) - {"refused", "nothing", "no rows", "empty"}


def test_a_crash_and_a_hang_are_found() -> None:
    def crash(text: str) -> str:
        if "[" in text:
            raise KeyError(text)
        return "read"

    def hang(text: str) -> str:
        while "[" in text:
            pass
        return "read"

    with pytest.raises(KeyError):
        fuzz.run(fuzz.Target(1, fuzz.of("["), crash), 100, number=0)
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr(fuzz, "LONGEST", 0.02)
        with pytest.raises(TimeoutError):
            fuzz.run(fuzz.Target(1, fuzz.of("["), hang), 100, number=0)
