"""Put the picture of `dvc dag` into docs/how-it-works.md, between its markers: `python docs/make_dag.py`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/how-it-works.md"
START, END = "<!-- dag: made by docs/make_dag.py from dvc.yaml -->", "<!-- /dag -->"


def block() -> str:
    """The stages and what depends on what, as Mermaid in Markdown; one box for all tasks, settings and encoders."""
    command = [sys.executable, "-m", "dvc", "dag", "--collapse-foreach-matrix", "--md"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.replace("\t", "  ").strip()


def filled(page: str) -> str:
    """The page with the picture between its markers."""
    return re.sub(f"{START}.*{END}", lambda _: f"{START}\n{block()}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
