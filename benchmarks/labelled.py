"""What an LLM's labels of real texts are worth: macro-F1 of `probe` on the same texts with people's labels, on them
with the LLM's, and on as many texts that it wrote. `python benchmarks/labelled.py [--write] TASK ...`

Recorded labels are of the first training texts by id; no folds, so that each task has its own test side. Real data come
from the pinned addresses, or from the folder that PYRITE_DATA_MIRROR names.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

from pyrite.base import files, paths
from pyrite.commands import doctor
from pyrite.data import cards, texts
from pyrite.results.evaluation import TaskResult
from pyrite.results.generation import GeneratedSet
from pyrite.results.table import Column, Table
from pyrite.stages import annotate, evaluate, fetch, generate, prepare, train

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/labelled.json"
TASKS = ("python_docs", "sms_spam", "tweet_emotion", "ag_news")
SOURCES = ("labelled", "zero_shot", "few_shot")


def study(task: str, labelled: int) -> None:
    """The parameters of one task: as many rows of each kind as have the LLM's label, of what it wrote equally many of
    each label; three seeds, at most 2,000 test rows."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["tasks"] = [task]
    params["sources"]["labelled"]["texts"] = labelled
    for written in ("zero_shot", "few_shot"):
        # All turns of the recordings.
        params["sources"][written] |= {"per_label": math.ceil(labelled / len(cards.load(task).labels)), "turns": 8}
    probe = params["train"]["classifiers"]["probe"]
    probe["mixes"] = ["gold", *SOURCES]
    params["sources"]["gold"] = {"kind": "imported"}
    params["train"] |= {"folds": "none", "test_rows": 2000, "checkpoints": "none", "classifiers": {"probe": probe}}
    params["compare"] |= {"classifier": "probe", "baseline": "gold", "candidates": list(SOURCES)}
    paths.PARAMS.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def measure(task: str) -> dict[str, Any]:
    """The scores of a task in the working directory, in points."""
    recorded = sum(1 for _ in paths.recorded_labels(task).open()) - 1
    study(task, recorded)
    fetch.run(task)
    prepare.run(task)
    for source in SOURCES:
        generate.run(task, source)
    # The same texts with people's labels: as a source, since the recorded ones are the first by id and no sample.
    rows = texts.read(paths.source(task, "labelled"))
    gold = texts.read(paths.prepared(task)).set_index("id")["label"]
    texts.write(rows.assign(label=rows["id"].map(gold), source="gold"), paths.source(task, "gold"))
    train.run(task, "probe")
    annotate.run(task)
    evaluate.run(task)
    result, counts = TaskResult.load(task), GeneratedSet.load(task, "labelled")
    probe = result.classifiers["probe"]
    gap = probe.gaps["labelled"]["gold"].macro_f1
    return {
        "rows": len(rows),
        "test_rows": result.test_rows,
        "macro_f1": {
            mix: round(100 * score.macro_f1.value, 1) for mix, score in probe.mixes.items() if mix in ("gold", *SOURCES)
        },
        "gap": [round(100 * end, 1) for end in (gap.value, gap.low, gap.high)],
        "agreement": round(100 * counts.agreement["total"].share.value, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=TASKS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    here, results = Path.cwd(), {}
    for task in options.tasks:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            for name in ("tasks", "data/recordings"):
                shutil.copytree(ROOT / name, name)
            results[task] = measure(task)
            os.chdir(here)
        print(task, results[task])
    if options.write:
        files.write_json(RESULTS, {"cpu": doctor.cpu(), "tasks": results})
        files.write_text(RESULTS.with_suffix(".md"), table(results))


def table(results: dict[str, dict[str, Any]]) -> str:
    """The scores as Markdown."""
    heads = ["Task", "Texts", "People's labels", "The LLM's labels", "Gap (95 %)", "Zero-shot", "Few-shot", "Agreement"]
    rows = []
    for task, result in results.items():
        scores, (gap, low, high) = result["macro_f1"], result["gap"]
        cells = [task, result["rows"], scores["gold"], scores["labelled"], f"{gap:+.1f} ({low:+.1f} to {high:+.1f})"]
        cells += [scores["zero_shot"], scores["few_shot"], f"{result['agreement']} %"]
        rows.append(dict(zip(heads, cells, strict=True)))
    return Table([Column(head, right=head != "Task") for head in heads], rows).markdown()


if __name__ == "__main__":
    main()
