"""What does a generated set of N texts cost, stage by stage, and what would one of a million?

    python benchmarks/scale.py [--rows 1000 10000 100000] [--embed 1000] [--write]

For each N a study in a project of its own: ten labels, 3,000 real rows, and recorded answers with N texts. The texts
are words drawn at random, as often as words are in English (Zipf): for speed only, no study is made of them. Each
stage runs in a fork of this process; measured are its seconds of computing on one core, without those that imports
take, the largest memory that it had, and the bytes of what it left, in the outputs and in the store.

How fast MiniLM embeds is measured apart, on `--embed` texts: in the stages, embeddings are random vectors that take no
time, and what they would take is added (`embedding_seconds`). A fine-tuned fit is not measured: its steps are fixed,
whatever N. The law between the two largest N (seconds, memory and bytes go with N to the power of what) gives the
figures for a million. `--write` puts all of it into benchmarks/results/scale.json.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import sys
import tempfile
import time
import traceback
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml

from pyrite import params
from pyrite.base import files, paths
from pyrite.commands import doctor
from pyrite.data import cards, texts, transcripts
from pyrite.llm import generation
from pyrite.llm.cache import Answer
from pyrite.stages import annotate, compare, diversity, evaluate, generate, prepare, report, subjectivity, train
from pyrite.training import encoder

ROOT = Path(__file__).parents[1]
TASK, SETTING, LABELS, REAL, MILLION = "words", "zero_shot", 10, 3000, 1_000_000
STAGES: dict[str, tuple[Callable[[], object], list[Path]]] = {
    "prepare": (lambda: prepare.run(TASK), [paths.prepared(TASK)]),
    "generate": (
        lambda: generate.run(TASK, SETTING),
        [paths.transcript(TASK, SETTING), paths.source(TASK, SETTING)],
    ),
    "train tfidf": (lambda: train.run(TASK, "tfidf"), [paths.models(TASK, "tfidf")]),
    "train probe": (lambda: train.run(TASK, "probe"), [paths.models(TASK, "probe")]),
    "annotate": (lambda: annotate.run(TASK), [paths.annotation_table(TASK)]),
    "evaluate": (lambda: evaluate.run(TASK), [paths.metrics("evaluate", TASK)]),
    "diversity": (lambda: diversity.run(TASK), [paths.text_map(TASK), paths.metrics("diversity", TASK)]),
    "subjectivity": (subjectivity.run, [paths.metrics("subjectivity")]),
    "compare": (compare.run, [paths.HEADLINE]),
    "report": (report.run, [paths.REPORT]),
}
# Whose stage embeds the whole generated set first, and which take it from the store.
EMBEDS = "generate"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--embed", type=int, default=1000, help="texts, to learn how fast MiniLM embeds")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {"conditions": conditions(), "embedding": {}, "rows": {}}
    if options.embed:
        result["embedding"] = forked(lambda: embedding(options.embed))[1]
        print(json.dumps(result["embedding"]), flush=True)
    for rows in sorted(options.rows):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            result["rows"][str(rows)] = measure(rows)
            os.chdir(ROOT)
        if result["embedding"]:
            seconds = rows / result["embedding"]["texts_per_second"]
            result["rows"][str(rows)][EMBEDS]["embedding_seconds"] = round(seconds, 1)
        print(json.dumps({rows: result["rows"][str(rows)]}, indent=2), flush=True)
        if len(result["rows"]) > 2:
            result["million"] = {stage: law(result["rows"], stage) for stage in STAGES}
            # After each size: the largest takes longest.
            if options.write:
                files.write_json(ROOT / "benchmarks/results/scale.json", result)
    print(json.dumps(result.get("million"), indent=2))


def conditions() -> dict[str, Any]:
    return {
        "date": date.today().isoformat(),
        "cpu": doctor.cpu(),
        "python": platform.python_version(),
        "precision": encoder.best_precision(),
    }


def measure(rows: int) -> dict[str, Any]:
    """What each stage of a study with so many generated rows takes, in an empty working directory."""
    forked(lambda: write(rows))
    costs: dict[str, Any] = {"recording_bytes": paths.recording(TASK, SETTING).stat().st_size}
    for stage, (run, outputs) in STAGES.items():
        before = size(paths.store())
        costs[stage], _ = forked(lambda run=run: run_without_embedding(run))
        costs[stage] |= {"bytes": sum(map(size, outputs)), "store_bytes": size(paths.store()) - before}
    costs["accepted"] = len(texts.read(paths.source(TASK, SETTING)))
    return costs


def write(rows: int) -> None:
    """The study: card, settings, real rows and recorded answers."""
    labels = {f"label_{number}": f"are of kind {number}" for number in range(LABELS)}
    source = {"kind": "file", "path": "real.csv", "text": "text", "label": "label", "licence": "none"}
    about = {"id": TASK, "title": "Words", "description": "Say which.", "item": "text", "items": "texts"}
    about |= {"length_words": [8, 24], "role": "You write.", "style": "Any.", "labels": labels, "source": source}
    paths.TASKS.mkdir()
    paths.card(TASK).write_text(yaml.safe_dump(about))
    for path in (paths.ANNOTATORS, paths.PROMPTS):
        path.write_text((ROOT / path).read_text())
    of_study = yaml.safe_load((ROOT / "params.yaml").read_text())
    of_study["tasks"] = [TASK]
    of_study["llms"] = {"words": {"model": "random/words"}}
    of_study["sources"] = {SETTING: {"kind": "written", "llm": "words", "prompt": SETTING, "per_label": rows // LABELS}}
    of_study["annotate"]["llm"] = "words"
    encoders = of_study["train"]["classifiers"]
    mixes = ["real", SETTING, "real@all"]
    encoders = {name: encoders[name] | {"mixes": mixes} for name in ("tfidf", "probe")}
    of_study["train"] |= {"seeds": [0], "classifiers": encoders}
    of_study["compare"] |= {"classifier": "tfidf", "candidates": SETTING}
    paths.PARAMS.write_text(yaml.safe_dump(of_study))
    rng = np.random.default_rng(0)
    real = sentences(REAL, rng)
    paths.raw(TASK).mkdir(parents=True)
    lines = [f"{text},{label}" for text, label in zip(real, [*labels] * (REAL // LABELS), strict=True)]
    (paths.raw(TASK) / "real.csv").write_text("\n".join(["text,label", *lines]))
    script = generation.script(params.load(), cards.load(TASK), SETTING, pd.DataFrame(columns=texts.COLUMNS))
    p = script.spec
    held = []
    for label in labels:
        written = sentences(rows // LABELS, rng)
        for number, start in enumerate(range(0, len(written), p.turns * p.texts_per_turn)):
            c = script.opening(label, number)
            for turn in range(p.turns):
                first = start + turn * p.texts_per_turn
                if some := written[first : first + p.texts_per_turn]:
                    answer = Answer(script.p.llm.model, "2026-01-01", 100, 500, json.dumps(some))
                    c = script.answered(c, script.request(c), answer)
            held.append(c)
    transcripts.write(paths.recording(TASK, SETTING), held)
    paths.RECORDED_ANNOTATIONS.mkdir(parents=True)


def sentences(n: int, rng: np.random.Generator) -> list[str]:
    """Texts of 8 to 24 words out of 50,000, which are about as frequent as English ones."""
    frequencies = 1 / np.arange(10, 50_010)
    drawn = rng.choice(50_000, size=(n, 24), p=frequencies / frequencies.sum())
    lengths = rng.integers(8, 25, size=n)
    return [" ".join(spelt(word) for word in row[:length]) for row, length in zip(drawn, lengths, strict=True)]


def spelt(word: int) -> str:
    """A word for a number: syllables, so that tokens are about as many as in a language."""
    syllables = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su")
    return "".join(syllables[int(digit)] for digit in str(word))


def run_without_embedding(run: Callable[[], object]) -> None:
    """Run a stage with random vectors for embeddings."""

    def vectors(column: Any, *_: object) -> np.ndarray:
        rng = np.random.default_rng(zlib.crc32(column[0].encode()))
        made = rng.standard_normal((len(column), 384), dtype=np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    encoder._embed = vectors
    run()


def embedding(n: int) -> dict[str, float]:
    """Texts and tokens per second of MiniLM on one core."""
    column = sentences(n, np.random.default_rng(1))
    tokens = encoder.tokenise(column, encoder.PACKAGED, None, 256)
    encoder._embed(column[:8], encoder.PACKAGED, None, 256, encoder.best_precision())
    started = time.process_time()
    encoder._embed(column, encoder.PACKAGED, None, 256, encoder.best_precision())
    seconds = time.process_time() - started
    return {"texts_per_second": round(n / seconds, 1), "tokens_per_second": round(int(tokens.lengths.sum()) / seconds)}


def forked(work: Callable[[], Any]) -> tuple[dict[str, Any], Any]:
    """Do something in a fork of this process: its seconds of computing, its largest memory, and what it returns."""
    reader, writer = os.pipe()
    if not (child := os.fork()):
        code = 1
        try:
            os.close(reader)
            os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
            torch.set_num_threads(1)
            value = work()
            usage = resource.getrusage(resource.RUSAGE_SELF)
            costs = {"cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2), "peak_mb": round(usage.ru_maxrss / 1024)}
            os.write(writer, json.dumps([costs, value]).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        sent = pipe.read()
    if os.waitpid(child, 0)[1]:
        sys.exit("a stage failed")
    costs, value = json.loads(sent)
    return costs, value


def size(path: Path) -> int:
    """Bytes of a file or of all files in a folder."""
    if path.is_dir():
        return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
    return path.stat().st_size if path.exists() else 0


def law(measured: dict[str, dict[str, Any]], stage: str) -> dict[str, Any]:
    """What grows of a cost, a + b n^exponent through the three largest sizes (a: the smallest of them), at a million.

    What grows by less than a twentieth in all is taken not to grow.
    """
    sizes = sorted(map(int, measured))[-3:]
    laws: dict[str, Any] = {}
    for key in measured[str(sizes[0])][stage]:
        start, middle, end = (measured[str(rows)][stage][key] for rows in sizes)
        exponent, growth = 0.0, end - start
        if growth > 0.05 * end:
            # Where the middle size shows no growth yet, it is taken to be linear.
            ratio = growth / (middle - start) if middle > start else sizes[2] / sizes[1]
            exponent = max(0.0, math.log(ratio) / math.log(sizes[2] / sizes[1]))
        at_a_million = start + growth * (MILLION / sizes[2]) ** exponent
        laws[key] = {"exponent": round(exponent, 2), "at_a_million": round(at_a_million, 1)}
    return laws


if __name__ == "__main__":
    main()
