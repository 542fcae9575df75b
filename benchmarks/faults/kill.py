"""Killed at random moments in every stage: does the next run finish, with the same results, and nothing done twice?

    python benchmarks/faults/kill.py [--kills 100] [--stages generate train ...] [--write]

A tiny study in a project of its own: a CSV file of sentences, an LLM that is the test server, a random transformer of
one layer and TF-IDF. It runs once undisturbed. Then each stage in turn loses its outputs and what the store has of it,
runs, and its process group is killed (SIGKILL) at a random moment; the next run must finish. To save the seconds that
a process takes to import PyTorch, a run is a fork of this process, which has imported everything; it then does what
`pyrite STAGE` does. The last kills meet whole `dvc repro` runs, which nothing was spared.

After each stage's kill, and after the last of `dvc repro`: all files of data, models, metrics and report, by name and
digest, and with `dvc repro` its lock, must be those of the undisturbed run. Nothing may be left over. A request is paid
twice if it was sent again although its answer had been written wholly more than `--in-flight` seconds before the kill.
A fit is trained twice if the store had it when its run was killed and the next run trains it. Exit status 1 if
anything of that is wrong; `--write` puts the result into benchmarks/results/faults-kill.json.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from voluptuous import Invalid

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from llm_server import serve_apart

from pyrite import cli
from pyrite.base import files, paths
from pyrite.data import sheets, texts

RESULT = ROOT / "benchmarks/results/faults-kill.json"
TASK = "shelf"
# What each stage is called with, what it leaves, and what the store keeps of it.
STAGES: dict[str, tuple[list[str], list[Path], list[str]]] = {
    "fetch": ([TASK], [paths.raw(TASK)], []),
    "prepare": ([TASK], [paths.prepared(TASK), paths.judgements(TASK), paths.metrics("prepare", TASK)], []),
    "generate": (
        [TASK, "few_shot"],
        [
            paths.transcript(TASK, "few_shot"),
            paths.source(TASK, "few_shot"),
            paths.dropped(TASK, "few_shot"),
            paths.metrics("generate", f"{TASK}.few_shot"),
        ],
        ["answers", "embeddings"],
    ),
    "train": ([TASK, "tiny"], [paths.models(TASK, "tiny")], ["fits", "checkpoints"]),
    "annotate": ([TASK], [paths.annotation_table(TASK)], []),
    "evaluate": ([TASK], [paths.metrics("evaluate", TASK)], []),
    "diversity": ([TASK], [paths.text_map(TASK), paths.metrics("diversity", TASK)], ["embeddings"]),
    "subjectivity": ([], [paths.metrics("subjectivity")], []),
    "compare": ([], [paths.HEADLINE, paths.FRONTIER, paths.TABLE, paths.PLOTS, paths.TABLES], []),
    "report": ([], [paths.REPORT], []),
}
# What must run before and is not killed.
BESIDE = {"generate": [TASK, "zero_shot"], "train": [TASK, "tfidf"]}
WHOLE = "dvc repro"
# When an answer came: another day in a run that goes on past midnight.
DAY = re.compile(rb'"recorded": "[\d-]*"')
# Of a hundred kills. The stages that cost money or hours get most.
SHARES = {
    **{"fetch": 5, "prepare": 6, "generate": 22, "train": 22, "annotate": 4, "evaluate": 7, "diversity": 8},
    **{"subjectivity": 4, "compare": 4, "report": 6, WHOLE: 12},
}
CARD = f"""
id: {TASK}
title: Fruit or tools
language: English
description: Say whether a sentence is about fruit or tools.
source: {{kind: file, path: {TASK}.csv, text: text, label: label, licence: none}}
item: sentence
items: sentences
length_words: [5, 9]
role: You are a grocer.
style: Short.
labels: {{fruit: are about fruit, tool: are about tools}}
"""
WORDS = {
    "fruit": ["apple", "pear", "plum", "ripe", "sweet", "basket"],
    "tool": ["hammer", "saw", "file", "steel", "bench", "nail"],
}
BOTH = ["the", "a", "of", "one", "big", "small", "red", "old", "table", "winter", "box"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="in all, shared out over the stages")
    parser.add_argument("--stages", nargs="+", choices=list(SHARES), default=list(SHARES))
    parser.add_argument("--in-flight", type=float, default=0.1, help="seconds before a kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    started = time.perf_counter()
    for stage in STAGES:
        importlib.import_module(f"pyrite.stages.{stage}")
    with tempfile.TemporaryDirectory() as folder:
        project, log = Path(folder) / "project", Path(folder) / "requests.jsonl"
        # The same request gets the same texts, after a moment.
        with serve_apart("--repeatable", "--latency", "0.05", "--log", str(log)) as url:
            prepare(project, url)
            os.chdir(project)
            campaign = Campaign(log, random.Random(options.seed))
            campaign.undisturbed()
            for stage, kills in shared_out(options.kills, options.stages).items():
                before = time.perf_counter()
                (campaign.of_pipeline if stage == WHOLE else campaign.of_stage)(stage, kills)
                print(f"{stage}: {kills} kills, {time.perf_counter() - before:.0f} s", file=sys.stderr, flush=True)
            result = campaign.result | paid(log, campaign, options.in_flight)
            os.chdir(ROOT)
    result |= {"seed": options.seed, "seconds": round(time.perf_counter() - started)}
    print(json.dumps(result, indent=2))
    if options.write:
        files.write_json(RESULT, result)
    if result["differences"] or result["paid_twice"] or result["trained_twice"]:
        sys.exit(1)


def shared_out(kills: int, stages: list[str]) -> dict[str, int]:
    """How many kills each stage gets: by its share, the rest to those that have most."""
    shares = {stage: SHARES[stage] for stage in SHARES if stage in stages}
    counts = {stage: kills * share // sum(shares.values()) for stage, share in shares.items()}
    for stage in sorted(shares, key=lambda stage: -shares[stage])[: kills - sum(counts.values())]:
        counts[stage] += 1
    return {stage: count for stage, count in counts.items() if count}


def prepare(project: Path, url: str) -> None:
    """The tiny study: its data, its settings, a DVC repository, and the environment of its runs."""
    (project / "tasks").mkdir(parents=True)
    (project / f"tasks/{TASK}.yaml").write_text(CARD)
    for name in ("dvc.yaml", ".dvcignore", ".gitignore", "tasks/annotators.yaml", "tasks/prompts.yaml"):
        shutil.copy(ROOT / name, project / name)
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for place in (paths.recording(TASK, "any"), paths.imported(TASK, "any"), paths.recorded_annotations(TASK)):
        (project / place.parent).mkdir(parents=True)
    rng, labels = random.Random(0), {}
    with (project / f"{TASK}.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for number in range(300):
            label = ("fruit", "tool")[number % 2]
            text = " ".join(rng.choices(WORDS[label] + BOTH, k=8))
            rows.writerow([text, label])
            if texts.fraction(item := texts.digest(text)[:16], 0) >= 0.75:
                labels[item] = label
    annotations = [
        f"{item},{who},{rng.choice([label, label, 'tool'])}" for item, label in labels.items() for who in "abc"
    ]
    sheet = "\n".join([",".join(sheets.ANNOTATIONS), *annotations])
    (project / paths.recorded_annotations(TASK)).write_text(sheet)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["tasks"] = [TASK]
    params["llms"] = {"llm": {"model": "test-model"}}
    # One conversation for each label: two that begin with the same words could not be told apart in the server's log.
    written = {"kind": "written", "llm": "llm", "per_label": 20, "texts_per_turn": 2, "turns": 10, "examples": 3}
    params["sources"] = {name: written | {"prompt": name} for name in ("zero_shot", "few_shot")}
    params["generate"] |= {"provider": "openai", "limits": {"OPENAI": {"concurrency": 2}}}
    params["annotate"]["llm"] = "llm"
    mixes = ["real", "zero_shot", "few_shot", "pool+few_shot"]
    tiny = params["train"]["classifiers"]["minilm"] | {"checkpoint": "checkpoint", "steps": 20, "mixes": mixes}
    del tiny["seeds"]
    tfidf = {"method": "tfidf", "mixes": [*mixes, "real@20", "real@50", "real@all"], "C": 10.0}
    # One split: folds would be four times the fits and say no more about kills.
    params["train"] |= {"seeds": [0, 1], "folds": "none", "classifiers": {"tiny": tiny, "tfidf": tfidf}}
    params["evaluate"]["resamples"] = 200
    params["compare"] |= {"classifier": "tiny", "candidates": "few_shot"}
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    # The stages' commands find this Python's `pyrite`, and run the code that is here.
    os.environ |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(project / "src")}
    os.environ |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none", "DVC_NO_ANALYTICS": "1", "HF_HUB_OFFLINE": "1"}
    os.environ.pop("DVC_ROOT", None)
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=project, check=True)
    assert finish(lambda: write_checkpoint(project / "checkpoint")) == 0


def write_checkpoint(folder: Path) -> None:
    """A BERT of one layer with random weights and a vocabulary of a few words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *itertools.chain(*WORDS.values()), *BOTH]
    (folder / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **sizes)).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)


def start(work: Callable[[], object], output: Path | None = None) -> int:
    """Do something in a fork of this process, at the head of a process group; its process id."""
    if pid := os.fork():
        return pid
    os.setsid()
    # One core: fits then train in this process and not in two more, each of which would import PyTorch again.
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    if output:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
    code = 1
    try:
        work()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(stage: str, coordinates: list[str]) -> Callable[[], None]:
    """What `pyrite STAGE ...` does."""

    def work() -> None:
        sys.argv = ["pyrite", stage, *coordinates]
        cli.main()

    return work


def finish(work: Callable[[], object], output: Path | None = None) -> int:
    """The exit status of `work` in a process of its own."""
    return os.waitstatus_to_exitcode(os.waitpid(start(work, output), 0)[1])


def tree() -> dict[str, str]:
    """Every file of the results by name, with its digest."""
    digests = {}
    for folder in ("data", "models", "metrics", "report"):
        for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
            digests[str(path)] = hashlib.sha256(DAY.sub(b"", path.read_bytes())).hexdigest()
    return digests


class Campaign:
    """Kills in the project that is the working directory; `result` is what came of them."""

    def __init__(self, log: Path, rng: random.Random) -> None:
        self.log, self.rng = log, rng
        # When a process group was killed, and when the answers were taken away (Unix seconds).
        self.killed: list[float] = []
        self.forgotten: list[float] = []
        self.seconds: dict[str, float] = {}  # how long each stage takes undisturbed
        self.result: dict[str, Any] = {
            "kills": Counter(),
            "runs_that_finished": 0,
            "differences": [],
            "trained_twice": 0,
            "locks_cut": 0,
        }
        self.output = log.with_name("said.txt")

    def undisturbed(self) -> None:
        """Run every stage once."""
        for stage, (coordinates, _, _) in STAGES.items():
            if stage in BESIDE:
                self._finish(stage, BESIDE[stage])
            began = time.perf_counter()
            self._finish(stage, coordinates)
            self.seconds[stage] = time.perf_counter() - began
        self.reference = tree()

    def of_stage(self, stage: str, kills: int) -> None:
        """Kill a stage so many times; each time the next run finishes what it can, or is the next to be killed."""
        while self.result["kills"][stage] < kills:
            self._forget(stage)
            stored = 0
            # One run in three is killed twice.
            for _ in range(self.rng.choice([1, 1, 2])):
                pid = start(run(stage, STAGES[stage][0]), self.output)
                time.sleep(self.rng.uniform(0, self.seconds[stage]))
                if not self._kill(pid, stage):
                    break
                if stage == "train":
                    self._trained(stored)
                    stored = fits()
            self._finish(stage, STAGES[stage][0])
            self.result["runs_that_finished"] += 1
            if stage == "train":
                self._trained(stored)
            self._compare(stage)

    def of_pipeline(self, stage: str, kills: int) -> None:
        """Kill `dvc repro` so many times on its ways from nothing to the end, which it must reach each time."""
        self._forget_all()
        began = time.perf_counter()
        self._finish_repro()
        seconds, lock = time.perf_counter() - began, Path("dvc.lock").read_bytes()
        self._compare(f"{stage}, undisturbed")
        while self.result["kills"][stage] < kills:
            self._forget_all()
            while self.result["kills"][stage] < kills:
                process = self._repro()
                time.sleep(self.rng.uniform(0, seconds / 3))
                if not self._kill(process.pid, stage):
                    break
            else:
                self._finish_repro()
            self.result["runs_that_finished"] += 1
            self._compare(stage)
            if Path("dvc.lock").read_bytes() != lock:
                self.result["differences"].append(f"{stage}: dvc.lock")

    def _repro(self) -> subprocess.Popen[str]:
        self._mend_lock()
        with self.output.open("w") as output:
            command = [sys.executable, "-m", "dvc", "repro"]
            return subprocess.Popen(command, stdout=output, stderr=output, text=True, start_new_session=True)

    def _mend_lock(self) -> None:
        """DVC writes `dvc.lock` in place and refuses one that a kill has cut: away with it, as docs/devices.md says."""
        if not (lock := Path("dvc.lock")).exists():
            return
        try:
            COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(lock.read_text()))
        except (yaml.YAMLError, Invalid):
            lock.unlink()
            self.result["locks_cut"] += 1

    def _finish_repro(self) -> None:
        if self._repro().wait():
            sys.exit(f"{WHOLE}: {self.output.read_text()}")

    def _forget_all(self) -> None:
        """As if nothing had ever run, but for results that git would have."""
        for path in (
            ".pyrite",
            ".dvc/cache",
            "data/raw",
            "data/prepared",
            "data/transcripts",
            "data/sources",
            "data/dropped",
            "data/annotations",
            "data/maps",
            "models",
        ):
            shutil.rmtree(path, ignore_errors=True)
        Path("dvc.lock").unlink(missing_ok=True)
        self.forgotten.append(time.time())

    def _finish(self, stage: str, coordinates: list[str]) -> None:
        if finish(run(stage, coordinates), self.output):
            sys.exit(f"{stage}: {self.output.read_text()}")

    def _forget(self, stage: str) -> None:
        """Take away what a stage made, half of the time, and always what the store keeps of it."""
        _, outputs, kinds = STAGES[stage]
        for kind in kinds:
            shutil.rmtree(paths.store() / kind, ignore_errors=True)
        if "answers" in kinds:
            self.forgotten.append(time.time())
        if self.rng.random() < 0.5:
            for path in outputs:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _kill(self, pid: int, stage: str) -> bool:
        """Whether the process was still there to be killed."""
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, self.output.read_text()
            return False
        self.killed.append(time.time())
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:  # it has not yet become the head of its group
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.result["kills"][stage] += 1
        return True

    def _trained(self, stored: int) -> None:
        """Count the fits that a run trained although the store had them when it began."""
        if match := re.search(r"(\d+) fits, (\d+) from the store, (\d+) to train", self.output.read_text()):
            self.result["trained_twice"] += max(0, stored - int(match[2]))

    def _compare(self, stage: str) -> None:
        now = tree()
        for name in sorted(now.keys() | self.reference.keys()):
            if now.get(name) != self.reference.get(name):
                what = "is left over" if name not in self.reference else "is missing" if name not in now else "differs"
                self.result["differences"].append(f"{stage}: {name} {what}")


def fits() -> int:
    """How many of the finished fits of the study are in the store."""
    # A fit whose checkpoint is wanted counts with it; the checkpoint is stored first.
    return len(list(paths.store().glob("fits/*/[0-9a-f]*")))


def paid(log: Path, campaign: Campaign, in_flight: float) -> dict[str, int]:
    """What the server's log says: requests, those sent again after a kill met their answer, and those paid twice."""
    sent: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    requests = [json.loads(line) for line in log.read_text().splitlines()]
    for request in requests:
        if request["status"] == 200 and request["whole"]:
            # What was answered before the answers were taken away is rightly asked for again.
            sent[request["digest"], bisect(campaign.forgotten, request["received"])].append(request)
    twice = again = 0
    for same in sent.values():
        for request, following in itertools.pairwise(same):
            kills = [kill for kill in campaign.killed if request["received"] < kill < following["received"]]
            if kills and kills[0] - request["answered"] <= in_flight:
                again += 1
            else:
                twice += 1
    return {"requests": len(requests), "answers_in_flight_at_a_kill": again, "paid_twice": twice}


if __name__ == "__main__":
    main()
