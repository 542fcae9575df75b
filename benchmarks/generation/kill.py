"""Killed again and again while the endpoint answers with faults: N rows per label, and nothing paid twice?

    python benchmarks/generation/kill.py [--kills 20] [--rows 1000]

`pyrite generate` runs in a project of its own against the test server (10 % 429, 5 % 500, 5 % cut connections, 5 %
without texts). Once it has its first answer of a run, its process group is killed (SIGKILL) at a random moment; then
the next run begins, and the last one is let finish.

Two conversations may begin with the same words, so that a request alone does not say whether it was sent again. But no
two answers of the server are the same, and the store finds one answer per request: if a request is sent again, one of
its answers is in the store in vain (a key is there twice) or not in the store (lost). Both must not happen to an answer
that the server had written wholly some time before the kill (`--in-flight` seconds); those written later are counted
apart. Prints what it counted as JSON; exit status 1 if anything is lost, paid twice, or a label has not its rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from llm_server import serve_apart

from pyrite.base import paths
from pyrite.data import cards

PYRITE = [sys.executable, "-m", "pyrite.cli"]
FAULTS = "rate_limit=0.1,server_error=0.05,cut=0.05,unparsable=0.05"
TASK, SETTING = "python_docs", "zero_shot"
# A run that has sent nothing after so many seconds never will.
PATIENCE = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=1000, help="per label")
    parser.add_argument("--texts-per-turn", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--longest", type=float, default=3.0, help="seconds from the first answer of a run to its kill")
    parser.add_argument("--in-flight", type=float, default=0.1, help="seconds before a kill")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project, log = Path(folder) / "project", Path(folder) / "requests.jsonl"
        prepare(project, options)
        with server(log, options) as environment:
            kills = campaign(project, log, environment, options)
        result = judge(project, log, kills, options)
    print(json.dumps(result))
    if len(kills) < options.kills:
        sys.exit(f"finished after {len(kills)} kills: ask for more --rows")
    if result["paid_twice"] or result["lost"] or set(result["rows"].values()) != {options.rows}:
        sys.exit(1)


def prepare(project: Path, options: argparse.Namespace) -> None:
    """A project with the default task's real data and no recordings."""
    project.mkdir()
    (project / "tasks").symlink_to(ROOT / "tasks")
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["llms"]["claude"] = {"model": "test-model"}
    params["sources"][SETTING] |= {"per_label": options.rows, "texts_per_turn": options.texts_per_turn}
    params["generate"] |= {"provider": "openai", "limits": {"OPENAI": {"concurrency": options.concurrency}}}
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    for stage in ("fetch", "prepare"):
        subprocess.run([*PYRITE, stage, TASK], cwd=project, env=environment_of_a_run(), check=True)


def environment_of_a_run() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DVC_ROOT"}


@contextmanager
def server(log: Path, options: argparse.Namespace) -> Iterator[dict[str, str]]:
    """The test server with faults; what a run's environment must be to ask it."""
    arguments = ["--latency", str(options.latency), "--faults", FAULTS, "--seed", str(options.seed), "--log", str(log)]
    with serve_apart(*arguments) as url:
        yield environment_of_a_run() | {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"}


def campaign(project: Path, log: Path, environment: dict[str, str], options: argparse.Namespace) -> list[float]:
    """When (Unix seconds) each kill was; after the last one, a run has finished."""
    rng = random.Random(options.seed)
    command = [*PYRITE, "generate", TASK, SETTING]
    kills: list[float] = []
    while len(kills) < options.kills:
        begun = log.stat().st_size
        with subprocess.Popen(command, cwd=project, env=environment, start_new_session=True) as run:
            try:
                patience = time.monotonic() + PATIENCE
                while log.stat().st_size == begun and run.poll() is None:
                    time.sleep(0.01)
                    if time.monotonic() > patience:
                        sys.exit(f"a run sent no request in {PATIENCE} seconds")
                run.wait(rng.uniform(0, options.longest))
            except subprocess.TimeoutExpired:
                kills.append(time.time())
            finally:
                if run.poll() is None:
                    os.killpg(run.pid, signal.SIGKILL)
        if run.returncode == 0:
            return kills
        if run.returncode != -signal.SIGKILL:
            sys.exit(f"the run ended by itself, with {run.returncode}")
    subprocess.run(command, cwd=project, env=environment, check=True)
    return kills


def judge(project: Path, log: Path, kills: list[float], options: argparse.Namespace) -> dict[str, Any]:
    """What the server's log, the store and the generated set say."""
    requests = [json.loads(line) for line in log.read_text().splitlines()]
    answers = [entry for entry in requests if entry["status"] == 200 and entry["whole"]]
    stored = [
        answer
        for path in (project / paths.answers(TASK, SETTING)).parent.glob("*.jsonl")
        for answer in map(json.loads, path.read_text().splitlines())
        if answer["text"]  # a line without is what a body that broke off has cost
    ]
    texts = {hashlib.sha256(answer["text"].encode()).hexdigest() for answer in stored}
    lost = [entry for entry in answers if entry["answer"] not in texts]
    # Seconds from an answer to the kill that its request's run met; below 0 it was written to a process that had gone.
    before = [min((k for k in kills if k > e["received"]), default=float("inf")) - e["answered"] for e in lost]
    in_flight = sum(seconds < options.in_flight for seconds in before)
    rows = pd.read_parquet(project / paths.source(TASK, SETTING))
    return {
        "kills": len(kills),
        "requests": len(requests),
        "outcomes": Counter(entry["fault"] or str(entry["status"]) for entry in requests),
        "answers_written_whole": len(answers),
        "answers_stored": len(stored),
        "paid_twice": len(stored) - len({answer["key"] for answer in stored}),
        "lost": len(lost) - in_flight,
        "lost_in_flight_at_a_kill": in_flight,
        "lost_seconds_before_a_kill": sorted(round(seconds, 3) for seconds in before if seconds < float("inf")),
        "rows": {label: int((rows["label"] == label).sum()) for label in cards.load(TASK).labels},
    }


if __name__ == "__main__":
    main()
