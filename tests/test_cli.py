from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from conftest import ROOT

PYRITE = [sys.executable, "-c", "from pyrite.cli import main; main()"]


def pyrite(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PYRITE, *arguments], cwd=cwd, capture_output=True, text=True)


def test_help_lists_the_stages_in_pipeline_order_without_heavy_imports() -> None:
    stages = list(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
    said = pyrite("--help").stdout
    listed = re.findall(r"^│ (\w+)  ", said, flags=re.MULTILINE)
    assert [name for name in listed if name in stages] == stages
    code = (
        "import sys, pyrite.cli; print([m for m in ('torch', 'pandas', 'numpy', 'transformers') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_a_users_mistake_is_one_line_and_exit_code_1(project: Path) -> None:
    said = pyrite("fetch", "poetry", cwd=project)
    assert said.returncode == 1
    assert said.stdout == ""
    assert said.stderr.startswith("pyrite: task 'poetry'")
    assert said.stderr.count("\n") == 1


def test_an_unknown_command_is_exit_code_2() -> None:
    assert pyrite("frobnicate").returncode == 2


def test_the_store_is_a_command_with_a_command(project: Path) -> None:
    assert "the store is empty" in pyrite("store", cwd=project).stdout
    said = pyrite("store", "prune", cwd=project)
    assert said.returncode == 1
    assert said.stderr.startswith("pyrite: say what to prune")
    assert pyrite("store", "prune", "--days", "-1", cwd=project).returncode == 2
