"""How long does DVC think when a study has many tasks?

    python benchmarks/many_tasks.py [--tasks 10 100] [--run] [--write]

A scratch repository with the `dvc.yaml` of this project, so many tasks and the encoders and settings of `params.yaml`,
where every stage's command only writes a line into each of its outputs. Measured are the seconds (by the clock, and of
computing) of a first `dvc repro` (with `--run`; otherwise the outputs are written at once and `dvc commit` takes them
in, which gives the same lock), of one with nothing to do, of one stage with nothing to do, of `dvc status` and `dvc exp
show`, and the size of `dvc.lock`. `--write` puts the result into benchmarks/results/many-tasks.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from pyrite.base import files, paths

ROOT = Path(__file__).parents[1]
DVC = [sys.executable, "-m", "dvc"]
# Writes a line into each of its outputs, in a file of a folder where that is one.
STUB = """for out; do
  case $out in *.*) file=$out;; *) file=$out/made;; esac
  mkdir -p "$(dirname "$file")"; echo "$out" > "$file"
done
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--run", action="store_true", help="let `dvc repro` run every stage")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    result: dict[str, Any] = {"dvc": version("dvc"), "python": platform.python_version(), "tasks": {}}
    for tasks in options.tasks:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            result["tasks"][str(tasks)] = measure(tasks, options.run)
            os.chdir(ROOT)
        print(json.dumps({tasks: result["tasks"][str(tasks)]}, indent=2), flush=True)
    if options.write:
        files.write_json(ROOT / "benchmarks/results/many-tasks.json", result)


def measure(tasks: int, run: bool) -> dict[str, Any]:
    """What is measured of so many tasks, in an empty working directory."""
    names = [f"task_{number:03}" for number in range(tasks)]
    write(names)
    quietly("git", "init", "-q")
    quietly(*DVC, "init", "-q")
    costs: dict[str, Any] = {}
    if run:
        costs["first_repro"] = timed(*DVC, "repro")
    else:
        stages = json.loads(quietly(sys.executable, "-c", RESOLVE))
        for command in stages.values():
            quietly("sh", "-c", command)
        costs["commit"] = timed(*DVC, "commit", "--force", "--quiet")
    author = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    quietly("git", "add", "-A")
    quietly("git", *author, "commit", "-qm", "study")
    lock = Path("dvc.lock").read_bytes()
    costs["stages"] = len(yaml.load(lock, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"])
    costs |= {"lock_bytes": len(lock), "lock_lines": lock.count(b"\n")}
    output = quietly(*DVC, "repro")  # fills what DVC remembers of the files
    assert "Data and pipelines are up to date." in output, output[-500:]
    costs["repro_with_nothing_to_do"] = timed(*DVC, "repro")
    costs["one_stage_with_nothing_to_do"] = timed(*DVC, "repro", f"evaluate@{names[0]}")
    costs["status"] = timed(*DVC, "status")
    costs["exp_show"] = timed(*DVC, "exp", "show")
    assert Path("dvc.lock").read_bytes() == lock
    return costs


# The commands of all stages, as DVC reads them.
RESOLVE = """
import json
from dvc.repo import Repo
print(json.dumps({stage.addressing: stage.cmd for stage in Repo().index.stages}))
"""


def write(names: list[str]) -> None:
    """The pipeline with stubs for commands, and all that it depends on from outside."""
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    for stage in pipeline["stages"].values():
        body = stage.get("do", stage)
        outs = [*body.get("outs", []), *body.get("metrics", [])]
        places = [next(iter(out)) if isinstance(out, dict) else out for out in outs]
        body["cmd"] = " ".join(["sh stub.sh", *places])
        for dep in body["deps"]:
            if dep.startswith("src/"):
                path = Path(dep if "." in dep else f"{dep}/made")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(dep)
    # What `dvc plots diff` draws is not made by stubs.
    pipeline.pop("plots", None)
    Path("dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    Path("stub.sh").write_text(STUB)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump(params | {"tasks": names}, sort_keys=False))
    shutil.copy(ROOT / ".dvcignore", ".dvcignore")
    shutil.copy(ROOT / ".gitignore", ".gitignore")
    paths.TASKS.mkdir()
    for path in (paths.ANNOTATORS, paths.PROMPTS):
        shutil.copy(ROOT / path, path)
    card = yaml.safe_load((ROOT / paths.card("python_docs")).read_text())
    for name in names:
        paths.card(name).write_text(yaml.safe_dump(card | {"id": name}))
        for file in (
            paths.recording(name, "zero_shot"),
            paths.imported(name, "any"),
            paths.recorded_annotations(name),
        ):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)


def quietly(*command: str) -> str:
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def timed(*command: str) -> dict[str, float]:
    """Seconds by the clock, and of computing in the command and its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    quietly(*command)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    computing = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 1), "cpu_seconds": round(computing, 1)}


if __name__ == "__main__":
    main()
