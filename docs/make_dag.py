"""Put the picture of `dvc dag` into docs/how-it-works.md, between its markers: `python docs/make_dag.py`."""

from __future__ import annotations

import subprocess
import sys

from blocks import ROOT, put, rewrite


def block() -> str:
    """The stages and what depends on what, as Mermaid in Markdown; one box for all tasks, settings and encoders."""
    command = [sys.executable, "-m", "dvc", "dag", "--collapse-foreach-matrix", "--md"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.replace("\t", "  ").strip()


def filled(page: str) -> str:
    """The page with the picture between its markers."""
    return put(page, {"dag": block()})


if __name__ == "__main__":
    rewrite("docs/how-it-works.md", filled)
