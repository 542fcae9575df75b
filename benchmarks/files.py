"""Are real files read, and is nothing in them changed in silence?

    python benchmarks/files.py [--folder ../shared/field/files] [--only a6 b7] [--write]

Every file of a folder of odd files under the documented commands: `new`, `fetch` and `prepare`, or `predict` (files
whose names begin with p_) with a classifier that always says the same. Beside each stands what is right, from the table
FILES.md beside the folder. `--write` puts the table into benchmarks/results/files.json and files.md.

    python benchmarks/files.py --large 1000 [--write]

makes a CSV file of so many megabytes, and says how long `new`, `fetch` and `prepare` take on it, how much memory and
how much of the processor; with `--write` also in benchmarks/results/large-files.json.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"

from pyrite import cli
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import predict
from pyrite.results.table import Column, Table

# What else a command needs to be told.
CHOICES = "annotations.0.result.0.value.choices"
OPTIONS = {
    "a15_ls_good.json": ["--text", "data.text", "--label", CHOICES],
    "a5_kaggle": ["--text", "text", "--label", "target"],
    "b8_messages.jsonl": ["--text", "messages", "--label", "label"],
    "b8_date.parquet": ["--text", "text", "--label", "when"],
    "b7_index2.csv": ["--text", "review", "--label", "stars"],
}
# Tasks that these are to be made into, one after another.
NAMES = {"d6_ok.csv": ["no", "null", "on"]}
# What is read anew from another file.
REFRESHED = {"d7_old.csv": "d7_new.csv"}
# No data sets by themselves.
PARTS = {"d7_new.csv"}


class Constant:
    """A classifier that needs no model."""

    labels = ("a", "b")
    limit = 512

    def __init__(self, folder: Path) -> None:
        self.truncated = self.empty = self.mended = 0

    def __call__(self, texts: list[str]) -> np.ndarray:
        return np.tile([0.25, 0.75], (len(texts), 1))


def right(name: str, table: Path) -> str:
    """What the table beside the files says of one."""
    for line in table.read_text(encoding="utf-8").splitlines() if table.exists() else ():
        files, *_, answer = ["", *(cell.strip() for cell in line.strip("|").split("|"))][-3:]
        # `a.csv/.parquet` stands for both.
        for pattern in re.findall(r"[\w.*]+", re.sub(r"(\w+)\.csv/\.parquet", r"\1.csv, \1.parquet", files)):
            wanted = pattern.strip("/")
            if name in (wanted, f"{wanted}.csv") or fnmatch.fnmatch(
                name, wanted if "." in wanted else f"{wanted}[._]*"
            ):
                return answer
    return ""


def run(*arguments: str) -> tuple[int, list[str]]:
    """The exit code of a command, and the lines that it said."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            cli.app(list(arguments), standalone_mode=False)
        except PyriteError as error:
            return 1, [str(error)]
        except Exception as error:
            return 70, [f"{type(error).__name__}: {error}"]
    return 0, output.getvalue().splitlines()


def about_data(lines: list[str]) -> str:
    """What `new` says of the data beyond its tables."""
    starts = ("Left out", "Labels that", "With ", "What follows", "The card", "Half of", "row 1", "MiniLM")
    marks = ("label", "side", "taken", "alike", "same", "signs", "language", "embed", "split anew")
    kept = [line for line in lines if line.startswith(starts) or (line.endswith(".") and any(m in line for m in marks))]
    skipped = ("few_shot", "labelled", "annotations", "Written", "If every", "Next")
    return " ".join(dict.fromkeys(line for line in kept if not line.startswith(skipped)))


def of_predict(path: Path) -> dict[str, Any]:
    code, lines = run("predict", "model", str(path), "-o", "out.jsonl")
    rows = Path("out.jsonl").read_text(encoding="utf-8").splitlines() if code == 0 else []
    empty = sum(json.loads(row)["predicted"] is None for row in rows)
    message = " ".join(lines)
    return {"read": len(rows), "left_out": {"no_text": empty} if empty else {}, "exit": code, "message": message}


def of_new(path: Path) -> dict[str, Any]:
    """A card of the file or folder, and the rows that `prepare` makes of it."""
    for task in NAMES.get(path.name, ["task"]):
        code, lines = run("new", task, "--from", str(path), *OPTIONS.get(path.name, []))
    message, counts = " ".join(lines) if code else about_data(lines), {}
    if code == 0 and (other := REFRESHED.get(path.name)):
        code, lines = run("new", task, "--refresh", "--from", str(path.with_name(other)))
        message = " ".join(lines) if code else about_data(lines)
    for stage in ("fetch", "prepare") if code == 0 else ():
        code, lines = run(stage, task)
        message = message if code == 0 else f"{stage}: {' '.join(lines)}"
        if code:
            break
    else:
        counts = json.loads(paths.metrics("prepare", task).read_text()) if code == 0 else {}
    return {"read": counts.get("read", 0), "left_out": counts.get("dropped", {}), "exit": code, "message": message}


def made_up(megabytes: int, path: Path) -> int:
    """Write a CSV file of made-up texts of 100 words; gives its rows."""
    rng, rows = np.random.default_rng(0), 0
    words = np.array(["".join(rng.choice(list("abcdefghijklmnoprstuvwy"), rng.integers(2, 11))) for _ in range(20_000)])
    with path.open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        while file.tell() < megabytes * 10**6:
            texts, labels = words[rng.integers(len(words), size=(5000, 100))], rng.integers(5, size=5000)
            file.writelines(f"{' '.join(text)},l{label}\n" for text, label in zip(texts, labels, strict=True))
            rows += 5000
    return rows


def measured(*arguments: str) -> dict[str, float]:
    """A command in a process of its own: seconds, seconds of the processor, and the most memory that it held."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "pyrite.cli", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, f"{arguments}: exit status {status}"
    seconds = {"seconds": time.monotonic() - started, "cpu_seconds": used.ru_utime + used.ru_stime}
    return {key: round(value, 1) for key, value in seconds.items()} | {"memory_mb": round(used.ru_maxrss / 1000)}


def of_large(megabytes: int) -> dict[str, Any]:
    """What a large file takes."""
    with tempfile.TemporaryDirectory() as project:
        shutil.copytree(ROOT / "tasks", Path(project, "tasks"))
        shutil.copy(ROOT / "params.yaml", project)
        os.chdir(project)
        rows = made_up(megabytes, Path("large.csv"))
        commands = [("new", "large_file", "--from", "large.csv"), ("fetch", "large_file"), ("prepare", "large_file")]
        costs = {command[0]: measured(*command) for command in commands}
        kept = json.loads(paths.metrics("prepare", "large_file").read_text())["kept"]
        os.chdir(ROOT)
    return {"megabytes": megabytes, "rows": rows, "kept": kept, **costs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared/field/files")
    parser.add_argument("--only", nargs="+", default=[""], help="what the names begin with")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--large", type=int, default=0, help="megabytes of a made-up file")
    options = parser.parse_args()
    if options.large:
        costs = of_large(options.large)
        print(json.dumps(costs, indent=1))
        if options.write:
            (RESULTS / "large-files.json").write_text(json.dumps(costs, indent=1) + "\n", encoding="utf-8")
        return
    folder, predict.Classifier = options.folder.resolve(), Constant  # type: ignore[misc,assignment]
    results = {}
    for path in sorted(folder.iterdir()):
        if path.name in PARTS or not path.name.startswith(tuple(options.only)):
            continue
        with tempfile.TemporaryDirectory() as project:
            shutil.copytree(ROOT / "tasks", Path(project, "tasks"))
            shutil.copy(ROOT / "params.yaml", project)
            os.chdir(project)
            of = of_predict(path) if path.name.startswith("p_") else of_new(path)
            os.chdir(ROOT)
            of["message"] = of["message"].replace(f"{folder}/", "").replace(f"{project}/", "")
        results[path.name] = of | {"right": right(path.name, folder.parent / "FILES.md")}
        print(f"{path.name:22} exit {of['exit']} read {of['read']:5} {of['left_out'] or ''} {of['message'][:400]}")
        print(f"{'':22}   RIGHT: {results[path.name]['right']}")
    if options.write:
        (RESULTS / "files.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (RESULTS / "files.md").write_text(page(results), encoding="utf-8")


def page(results: dict[str, Any]) -> str:
    columns = [
        Column("file"),
        Column("read", "rows read", form=",d"),
        Column("left_out", "left out"),
        Column("exit", "exit code", right=True),
        Column("message", "what is said"),
        Column("right", "what is right"),
    ]
    rows = [
        {**of, "file": name, "left_out": ", ".join(f"{number} {why}" for why, number in of["left_out"].items())}
        for name, of in results.items()
    ]
    table = Table(columns, rows).markdown(lambda cell: cell.replace("|", "\\|"))
    return f"# Odd files, by benchmarks/files.py\n\n{table}"


if __name__ == "__main__":
    main()
