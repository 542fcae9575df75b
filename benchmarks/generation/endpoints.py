"""Endpoints with the quirks that users report: do texts, labels, the money counted and the exit code come out right?

    python benchmarks/generation/endpoints.py [--modes think ...] [--jobs 2] [--server SCRIPT] [--write]

Each case runs a real command in a project of its own against a server of `tests/endpoint_server.py` with one quirk,
and is held against what should come out of it, which stands here beside its name: `CASES`. `--server` takes another
server with the same modes. `--write` puts the results into benchmarks/results/endpoints.json, where cases that were
not run keep theirs (docs/endpoints.md is made of it by docs/make_endpoints.py). Exit status 1 if a case fails.
`tests/llm/test_endpoints.py` runs a short form.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import endpoint_server
from llm_server import WORDS

from pyrite import cli
from pyrite.base import files, paths
from pyrite.data import texts
from pyrite.llm.cache import Ledger
from pyrite.params import Price

RESULTS = ROOT / "benchmarks/results/endpoints.json"
TASK, SOURCE, PER_LABEL, TEXTS_PER_TURN = "docs", "zero_shot", 10, 5
CARD = f"""
id: {TASK}
title: Docstrings
description: Say which area of programming a sentence belongs to.
source: {{kind: file, path: docs.csv, text: text, label: label, licence: none}}
item: sentence
items: sentences
length_words: [4, 30]
role: You write reference documentation.
style: Plain.
labels:
  math: document numbers and sums
  network: document {endpoint_server.FILTERED} and more
  words: document strings and patterns
"""
LABELS = tuple(yaml.safe_load(CARD)["labels"])
# US dollars per million tokens, so dear that every token is seen.
PRICE = {"input": 1000.0, "output": 2000.0, "date": "2026-11-28"}
KEY = "sk-a+key/that-nobody-may-see=="
# What of the bill may be missing from the count, or be too much.
TOLERANCE = 0.02
ADDED = {"return", "the", "of"}


@dataclass(frozen=True)
class Case:
    """A command against an endpoint of a mode, and what should come of it.

    Attributes:
        kind: what is wrong with the endpoint, as a heading.
        code: the exit code.
        labels: the labels that have all their texts; the others have none.
        says: a pattern of the words that the user must see.
        then: another mode, to which the server changes for a second run, which ends with 0 and all texts.
        again: a second run asks nothing and ends as the first one.
    """

    kind: str
    mode: str
    argument: str = ""
    command: str = "generate"
    code: int = 0
    labels: tuple[str, ...] = LABELS
    says: str = ""
    then: str = ""
    again: bool = False
    sampling: Mapping[str, Any] = field(default_factory=dict)
    key: str = KEY
    query: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.command, self.mode, self.argument, self.key if self.key != KEY else "")))


def of(kind: str, *modes: str, **expected: Any) -> list[Case]:
    """Cases of a kind (`mode` or `mode:argument`) of which the same is expected."""
    return [Case(kind, mode.partition(":")[0], mode.partition(":")[2], **expected) for mode in modes]


def forms(*names: str, **expected: Any) -> list[Case]:
    return of("the form of the texts", *(f"form:{name}" for name in names), **expected)


NOTHING: dict[str, Any] = {"code": 1, "labels": ()}
ONE_FILTERED: dict[str, Any] = {"labels": ("math", "words"), "says": "network", "again": True}
CASES = [
    *of("nothing", "good", "gzip", "bom_body", "spaces", "nan", "closes", "keepalive:0.01", again=True),
    *of("nothing", "enc:br", "huge:400"),
    *of("nothing", "anypath", query="/deployments/it"),
    *of("thoughts", "think", "think_plain", "think_open", "think_fence", "think_format", "harmony"),
    *of("thoughts", "reasoning_field", "parts", "parts_think"),
    *of("thoughts", "think_cut", "length_empty", **NOTHING, says="max_(completion_)?tokens", then="good"),
    *of("thoughts", "reasoning_only", **NOTHING, then="good"),
    *forms("double", "smart", "single", "trailing", "comments", "chatty", "numbered_in", "numbered", "objects"),
    *forms("keyed", "concat", "lines", "dupkeys", "bom", "placeholder", "second_fence", "ellipsis", "newlines"),
    *forms("backslash", "bullets", "yaml", "tilde", "missing_comma", "unescaped", "cut"),
    *forms("html", "echo", "surrogates", "lone"),
    *of("a short context", "ctx400:600", "ctx_trunc:600"),
    *[Case("a key that is a word", "docs", key=key) for key in ("none", "EMPTY", "x", "key")],
    *of("usage", *(f"usage:{usage}" for usage in ("null", "missing", "zero", "outside", "cached", "words"))),
    *of("filters", "azure_filter", "empty_choices", "finish_filter", "mod403", **ONE_FILTERED),
    *of("filters", "azure_filter_some", again=True),
    *of("errors", "or_error", **NOTHING, says="not served any more"),
    *of("errors", "err_list", **NOTHING, says="API key not valid"),
    *of("errors", "err_detail", **NOTHING, says="gibberish does not exist"),
    *of("errors", "err_string", **NOTHING, says="no such adapter"),
    *of("errors", "err_vllm", **NOTHING, says="at least 1, got -186"),
    *of("errors", "err_text", **NOTHING, says="upstream said no"),
    *of("errors", "err_html", **NOTHING, says="422"),
    *of("errors", "err_redirect", **NOTHING, says="elsewhere|redirect"),
    *of("errors", "err_stream", **NOTHING, says="stream"),
    *of("errors", *(f"err_key:{form}" for form in endpoint_server.KEYS), **NOTHING, says=r"not one of ours"),
    *of("errors", "malformed", **NOTHING, says="HTTP|connection|reached"),
    *of("errors", "per402", **NOTHING, says="quota|credit|Balance"),
    *of("requests", "temp1", "tempnever", sampling={"temperature": 0.7}, says="temperature"),
    *of("requests", "no_system", says="system"),
    *of("requests", "maxtokens", "only_object", "late_schema", "ignores_schema", "schema_chat", "sse_tail", "first500"),
    *of("requests", "nested", sampling={"chat_template_kwargs": {"enable_thinking": False}}),
    *of("requests", "azure", query="?api-version=2026-01-01"),
    *of("waits", "ra_secs:3", "ra_date:3", "ra_dur:3", "ra_ms:3", "ra_reset:3", "busy503:3", "busy529:3"),
    *of("waits", "busy408:2", "busy498:2", "busy524:2", "slow:2", "one_slot_cancel:1"),
    *of("waits", "perday:4", **NOTHING, says="hours|12:00|43,?200|tomorrow"),
    *of("labels", *(f"annot_{form}" for form in endpoint_server.LABELS if form != "shifted"), command="annotate"),
    *of("labels", "good", "ignores_schema", "only_object", "no_system", "sse_tail", command="annotate"),
    *of("labels", "annot_shifted", command="annotate", labels=()),
    *of("doctor", "good", "think", "think_format", "only_object", "sse_tail", command="doctor"),
    *of("doctor", "no_system", command="doctor", says="system"),
    *of("doctor", "echo_model:other-model-7b", command="doctor", says="other-model-7b"),
    *of("doctor", "err_list", command="doctor", code=1, says="API key not valid"),
    *of("doctor", "length_empty", command="doctor", code=1, says="max_(completion_)?tokens"),
    *of("estimate", "good", command="estimate", says="Budget"),
]  # fmt: skip

# Runs a command of Pyrite in a folder with an environment: its exit code and all that it said.
Run = Callable[[str, Path, Mapping[str, str]], tuple[int, str]]
LOCK = threading.Lock()
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["__main__", "pyrite.stages.generate", "pyrite.stages.annotate", "pyrite.commands.doctor"]
)
# Seconds after which a command has hung.
LONGEST = 300


def template(folder: Path) -> None:
    """A project with a card and its prepared rows: some to label, and none that a generated text must not be like."""
    (folder / "tasks").mkdir(parents=True)
    (folder / paths.card(TASK)).write_text(CARD)
    for name in (paths.PROMPTS, paths.ANNOTATORS):
        shutil.copy(ROOT / name, folder / name)
    for split, many in (("train", 60), ("test", 24)):
        rows = pd.DataFrame({"text": [f"{split} sentence number {n} of these here" for n in range(many)]})
        rows["label"], rows["split"] = [LABELS[n % 3] for n in range(many)], split
        rows.insert(0, "id", rows["text"].map(lambda text: texts.digest(text)[:16]))
        texts.write(rows, folder / f"{split}.parquet")


def params(case: Case) -> str:
    """`params.yaml` of a case."""
    study = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    study["tasks"] = [TASK]
    study["generate"] |= {"provider": "openai", "limits": {"OPENAI": {"concurrency": 4}}}
    study["generate"] |= {"prices": {"m": PRICE}, "budget_usd": 1e6}
    study["llms"] = {"it": {"model": "m", "sampling": {"temperature": 1.0} | dict(case.sampling)}}
    written = {"kind": "written", "llm": "it", "prompt": "zero_shot", "per_label": PER_LABEL}
    study["sources"] = {SOURCE: written | {"texts_per_turn": TEXTS_PER_TURN, "turns": 2}}
    study["train"]["folds"] = "none"  # else every real row is one that no text may be like
    for classifier in study["train"]["classifiers"].values():
        classifier["mixes"] = ["real", SOURCE]
    study["compare"] |= {"candidates": [SOURCE]}
    study["annotate"] |= {"llm": "it", "items": 20}
    return yaml.safe_dump(study)


def measure(
    case: Case, folder: Path, url: str, seen: Callable[[], dict[str, Any]], change: Callable[[str], None], run: Run
) -> dict[str, Any]:
    """What came of a case in a project (a copy of the template), and where that is not as it should be."""
    (folder / paths.PARAMS).write_text(params(case))
    (folder / paths.prepared(TASK)).parent.mkdir(parents=True)
    split = "train" if case.command == "generate" else "test"
    shutil.copy(folder / f"{split}.parquet", folder / paths.prepared(TASK))
    environment = {"OPENAI_BASE_URL": url + case.query, "OPENAI_API_KEY": case.key, "COLUMNS": "300"}
    command = {"generate": f"generate {TASK} {SOURCE}", "annotate": f"annotate {TASK}"}.get(case.command, case.command)
    begun = time.monotonic()
    code, output = run(command, folder, environment)
    result = {"case": case.name, "kind": case.kind, "code": code, "seconds": round(time.monotonic() - begun, 1)}
    had = seen()
    billed, budgeted = round(bill(had), 2), round(counted(folder), 2)
    result |= {"requests": had["n"], "billed_usd": billed, "counted_usd": budgeted}
    wrong = [f"exit code {code}"] * (code != case.code)
    wrong += ["a traceback"] * ("Traceback" in output)
    wrong += [f"does not say {case.says!r}"] * (re.search(case.says, output, re.IGNORECASE) is None)
    repeated = any(form(case.key) in output for form in endpoint_server.KEYS.values())
    wrong += ["shows the key"] * (repeated and len(case.key) > 16)
    if case.command != "doctor" and abs(billed - budgeted) > TOLERANCE * billed:
        wrong.append("the count is not the bill")
    if case.command == "generate":
        wrong += judge_texts(case.labels, folder)
        wrong += ["thoughts are sent back"] * bool(had.get("sent_back"))
        wrong += ["no limit on the answer"] * (had["n"] > 0 and had.get("unlimited") == had["n"])
    if case.command == "annotate":
        wrong += judge_labels(folder, labelled=bool(case.labels))
    if case.again or case.then:
        change(case.then or case.mode)
        code, output = run(command, folder, environment)
        sent = seen()["n"] - had["n"]
        result["requests_again"] = sent
        if case.then:
            wrong += [f"second run: {line}" for line in judge_texts(LABELS, folder)]
        wrong += ["second run: asks again"] * (case.again and sent > 0)
        wrong += [f"second run: exit code {code}"] * (code != (0 if case.then else case.code))
    output = output.replace(str(folder), "").strip()
    return result | {"wrong": wrong} | ({"said": output[-400:]} if wrong else {})


def bill(seen: Mapping[str, Any]) -> float:
    """US dollars that a provider would have billed."""
    return Price(**PRICE).of(seen["billed_prompt"], seen["billed_completion"])


def counted(folder: Path) -> float:
    """US dollars that the project's budget counts."""
    with LOCK:  # the store is found by the environment, which is the process's
        os.environ["DVC_ROOT"] = str(folder)
        try:
            return Ledger({"m": Price(**PRICE)}).spent()
        finally:
            del os.environ["DVC_ROOT"]


def judge_texts(labels: tuple[str, ...], folder: Path) -> list[str]:
    """Whether each of these labels has its texts, the others have none, and all texts are whole and meant as such."""
    wrong = []
    metrics, path = folder / paths.metrics("generate", f"{TASK}.{SOURCE}"), folder / paths.source(TASK, SOURCE)
    counts = json.loads(metrics.read_text())["labels"] if metrics.exists() else {}
    for label in LABELS:
        have = counts.get(label, {}).get("accepted", 0)
        if have != (PER_LABEL if label in labels else 0):
            wrong.append(f"{have} texts of {label}")
    bad = [text for text in texts.read(path)["text"] if not meant(text)] if path.exists() else []
    return wrong + [f"{len(bad)} wrong texts, such as {text!r}" for text in bad[:1]]


def meant(text: str) -> bool:
    """Whether a text is a sentence of the server's, whole and without what stood around it."""
    pattern = "|".join(re.escape(sentence).replace(r"\{\}", "[a-z ]+") for sentence in endpoint_server.DOCSTRINGS)
    if re.fullmatch(pattern, text):
        return True
    text = re.sub("^(\\\\d|\U0001f600) |\ufffd", "", text)
    words = text.replace('"', "").removesuffix(".").lower().split()
    return 9 <= len(words) <= 16 and text.endswith(".") and set(words) <= {*WORDS, *ADDED}


def judge_labels(folder: Path, *, labelled: bool) -> list[str]:
    """Whether each persona's labels are those that the server gave, or there are none."""
    path = folder / paths.annotation_table(TASK)
    table = pd.read_parquet(path) if path.exists() else pd.DataFrame({"item": [], "label": []})
    items = sorted(pd.read_parquet(folder / paths.prepared(TASK))["id"])[:20]
    right = {item: LABELS[(place % 10 + 1) % 3] for place, item in enumerate(items)}
    bad = sum(right[item] != label for item, label in zip(table["item"], table["label"], strict=True))
    wrong = [f"{bad} wrong labels"] * (bad > 0)
    return wrong + [f"{len(table)} of 100 labels"] * (len(table) != (100 if labelled else 0))


def command_line(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command as a user does, in a process of its own."""
    output = folder / "output.txt"
    process = PROCESSES.Process(target=as_a_user, args=(command, folder, dict(environment), output))
    process.start()
    process.join(LONGEST)
    if process.exitcode is None:
        process.kill()
        return -1, f"no end after {LONGEST} s"
    return process.exitcode, output.read_text()


def as_a_user(command: str, folder: Path, environment: Mapping[str, str], output: Path) -> None:
    """What a process does that is forked from one in which Pyrite is imported: it saves seconds a command."""
    os.chdir(folder)
    for name in ("DVC_ROOT", "PYRITE_DEBUG"):
        os.environ.pop(name, None)
    os.environ |= environment
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["pyrite", *command.split()]
    cli.main()


@contextmanager
def other_server(script: Path, case: Case) -> Iterator[tuple[str, Callable[[], dict[str, Any]], Callable[[str], None]]]:
    """A server that somebody else wrote, in a process of its own."""
    words = [sys.executable, str(script), "--mode", case.mode, *(["--arg", case.argument] if case.argument else [])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            base = f"http://127.0.0.1:{int(process.stdout.readline())}"

            def seen() -> dict[str, Any]:
                with urllib.request.urlopen(f"{base}/stub", timeout=10) as answer:
                    return dict(json.load(answer))

            yield f"{base}/v1", seen, lambda mode: None
        finally:
            process.kill()


def run_case(case: Case, prepared: Path, folder: Path, script: Path | None) -> dict[str, Any]:
    shutil.copytree(prepared, folder)
    if script:
        with other_server(script, case) as (url, seen, change):
            return measure(case, folder, url, seen, change, command_line)
    with endpoint_server.serve(case.mode, case.argument) as (url, server):
        return measure(case, folder, url, lambda: server.seen, lambda mode: setattr(server, "mode", mode), command_line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modes", nargs="+", help="only these")
    parser.add_argument("--jobs", type=int, default=2, help="cases side by side")
    parser.add_argument("--server", type=Path, help="another server with these modes")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    chosen = [case for case in CASES if not options.modes or case.mode in options.modes]
    if options.server:
        chosen = [case for case in chosen if not case.then]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        folder = Path(name)
        template(folder / "template")
        todo = [
            pool.submit(run_case, case, folder / "template", folder / str(n), options.server)
            for n, case in enumerate(chosen)
        ]
        results = []
        for future in todo:
            results.append(future.result())
            print(json.dumps(results[-1], ensure_ascii=False), file=sys.stderr, flush=True)
    failed = [case["case"] for case in results if case["wrong"]]
    print(f"{len(results) - len(failed)} of {len(results)} cases are as they should be")
    if options.write:
        known = {
            case["case"]: case for case in [*(files.read_json(RESULTS)["cases"] if RESULTS.exists() else []), *results]
        }
        conditions = {"python": sys.version.split()[0], "tolerance": TOLERANCE, "jobs": options.jobs}
        cases = [known[case.name] for case in CASES if case.name in known]
        files.write_json(RESULTS, {"conditions": conditions, "cases": cases})
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
