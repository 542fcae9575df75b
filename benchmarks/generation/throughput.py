"""How fast and how lean the engine asks: throughput, memory, and peers on the same server and the same requests.

    python benchmarks/generation/throughput.py [--distilabel PYTHON] [--curator PYTHON] [--turns 100000] [--write]

The test server (a process of its own, 200 ms an answer) and Pyrite share this machine. Pyrite's time is that of all
conversations held, each answer synced to the disk; making the requests is included. Each figure is the median of
`--repeats` runs, in which the contenders take turns. PYTHON is that of an environment with the peer in it: see
`distilabel_peer.py` and `curator_peer.py`. `--write` puts the result into benchmarks/results/generation.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from llm_server import serve_apart

from pyrite.commands import doctor
from pyrite.data import cards
from pyrite.llm import prompts, runner
from pyrite.llm.conversations import Script
from pyrite.params import Params

HERE = Path(__file__).parent
LATENCY = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--turns", type=int, default=100_000, help="for memory; 0 leaves it out")
    parser.add_argument("--distilabel", metavar="PYTHON")
    parser.add_argument("--curator", metavar="PYTHON")
    parser.add_argument("--write", action="store_true")
    parser.add_argument(
        "--hold", nargs=3, type=int, metavar=("CONVERSATIONS", "TURNS", "CONCURRENCY"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.hold:
        print(json.dumps(hold(*options.hold)))
        return
    peers = {name: getattr(options, name) for name in ("distilabel", "curator") if getattr(options, name)}
    result: dict[str, Any] = {"conditions": conditions(options), "concurrency": {}}
    for concurrency in (64, 256):
        times = race(options.requests, concurrency, options.repeats, peers)
        medians = {name: statistics.median(seconds) for name, seconds in times.items()}
        ideal = options.requests * LATENCY / concurrency
        result["concurrency"][str(concurrency)] = {
            "ideal_seconds": ideal,
            "seconds": {name: round(median, 3) for name, median in medians.items()},
            "share_of_ideal": {name: round(ideal / median, 3) for name, median in medians.items()},
            "requests_per_second": {name: round(options.requests / median) for name, median in medians.items()},
        }
        print(json.dumps({concurrency: result["concurrency"][str(concurrency)]}, indent=2), flush=True)
    if options.turns:
        with serve_apart() as url:
            held = pyrite(url, options.turns // 4, 4, 256)
        result["memory"] = {"turns": options.turns} | {key: held[key] for key in ("peak_resident_mb", "seconds")}
        print(json.dumps(result["memory"], indent=2))
    if options.write:
        path = ROOT / "benchmarks/results/generation.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n")


def race(requests: int, concurrency: int, repeats: int, peers: dict[str, str]) -> dict[str, list[float]]:
    """Seconds of each contender, run by run."""
    seconds: dict[str, list[float]] = {"pyrite": [], **{name: [] for name in peers}}
    with tempfile.TemporaryDirectory() as folder, serve_apart("--latency", str(LATENCY)) as url:
        file = Path(folder) / "requests.jsonl"
        script = a_script(concurrency)
        labels = list(script.card.labels)
        openings = (script.opening(labels[n % len(labels)], n) for n in range(requests))
        file.write_text("".join(json.dumps({"messages": script.request(c).messages}) + "\n" for c in openings))
        for _ in range(repeats):
            seconds["pyrite"].append(pyrite(url, requests, 1, concurrency)["seconds"])
            for name, python in peers.items():
                command = [python, str(HERE / f"{name}_peer.py"), str(file), url, str(concurrency)]
                done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True)
                result = json.loads(done.stdout.splitlines()[-1])
                assert result["answered"] == requests, result
                seconds[name].append(result["seconds"])
    return seconds


def pyrite(url: str, conversations: int, turns: int, concurrency: int) -> dict[str, Any]:
    """A run of this script's `hold` in a new process and an empty project."""
    command = [sys.executable, __file__, "--hold", str(conversations), str(turns), str(concurrency)]
    environment = os.environ | {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"}
    # Beside the project and not in memory, so that a sync is one.
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as folder:
        environment.pop("DVC_ROOT", None)
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["turns"] == conversations * turns, result
    return result


def hold(conversations: int, turns: int, concurrency: int) -> dict[str, Any]:
    """Hold so many conversations; seconds, turns answered and the largest resident size."""
    script = a_script(concurrency)
    labels = list(script.card.labels)
    jobs = [runner.DialogueJob(script.opening(labels[n % len(labels)], n), turns) for n in range(conversations)]
    start = time.perf_counter()
    with runner.mode(script.p, "python_docs", "zero_shot") as ask:
        held = ask(jobs, script)
    seconds = time.perf_counter() - start
    return {
        "seconds": round(seconds, 3),
        "turns": sum(len(result.dialogue.turns) for result in held),
        "peak_resident_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def a_script(concurrency: int) -> Script:
    """The zero-shot script of the default task, three texts a turn."""
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        card, templates = cards.load("python_docs"), prompts.load("zero_shot")
        study = yaml.safe_load(Path("params.yaml").read_text())
    finally:
        os.chdir(before)
    study["llms"]["claude"] = {"model": "test-model"}
    study["sources"]["zero_shot"]["texts_per_turn"] = 3
    study["generate"] |= {"provider": "openai", "limits": {"OPENAI": {"concurrency": concurrency}}}
    p = Params.model_validate(study, strict=False)
    return Script(card, "zero_shot", templates, p, pd.DataFrame(columns=["id", "text", "label", "split"]))


def conditions(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "requests": options.requests,
        "repeats": options.repeats,
        "latency_seconds": LATENCY,
        "cpu": doctor.cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "openai": version("openai"),
    }


if __name__ == "__main__":
    main()
