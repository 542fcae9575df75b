"""Texts, ids and splits: exactly the golden rows, and every rule on rows made up here."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from pyrite import fetch, paths, prepare, texts

ROOT = Path(__file__).parents[1]

# SHA-256 of the sorted lines `id,label,split`.
GOLDEN = {"python_docs": "3a1d7d9b14a285275f364ed089b6cf60d42e476763344333147f3e19e8dd1e22"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "tasks").symlink_to(ROOT / "tasks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def golden_digest(table: pd.DataFrame) -> str:
    lines = sorted(table["id"] + "," + table["label"] + "," + table["split"])
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


@pytest.mark.skipif(sys.version_info[:3] != (3, 11, 7), reason="the golden docstrings are those of CPython 3.11.7")
def test_python_docs_are_the_golden_rows(project):
    fetch.run("python_docs")
    prepare.run("python_docs")
    table = texts.read(paths.prepared("python_docs"))
    assert golden_digest(table) == GOLDEN["python_docs"]
    assert table["id"].is_monotonic_increasing
    counts = json.loads(paths.metrics("prepare", "python_docs").read_text())
    assert counts["read"] == counts["kept"] + sum(counts["dropped"].values())
    assert counts["pool"] == 240
