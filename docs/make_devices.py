"""Put the measured speed of training into docs/devices.md, between its markers: `python docs/make_devices.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/devices.md"
START, END = "<!-- measured: made by docs/make_devices.py from benchmarks/results -->", "<!-- /measured -->"


def block(speed: dict[str, Any], queue: dict[str, Any]) -> str:
    """The table of samples/s and macro-F1, and a sentence on compiling and on many small fits."""
    had = speed["conditions"]
    lines = ["| texts | | samples/s | Pyrite is faster | macro-F1, seed by seed |", "|:--|:--|--:|--:|--:|"]
    for task, systems in speed["tasks"].items():
        for name, found in systems.items():
            times = "" if name == "Pyrite" else f"{found['pyrite_is_faster_times']:.2f} times"
            scores = ", ".join(f"{score:.1f}" for score in found["macro_f1"])
            lines.append(f"| {task} | {name} | {found['samples_per_second']:.0f} | {times} | {scores} |")
    compiling = [systems["Pyrite, compiled"]["compiling_seconds"] for systems in speed["tasks"].values()]
    setting = (
        f"MiniLM on {had['training_rows']} rows, {had['steps']} steps of {had['rows_in_a_step']} rows, texts cut at"
        f" {had['max_tokens']} tokens; {had['cores']} cores ({had['cpu']}), {had['precision']}, torch {had['torch']},"
        f" transformers {had['transformers']}; the median of {had['seeds']} seeds. Pyrite trains a fit on each core,"
        " Trainer one on all; tuned is bfloat16, rows grouped by length and fused AdamW. Compiling took"
        f" {min(compiling):.0f} to {max(compiling):.0f} s of each process's first fit, which are not counted here."
    )
    small = (
        f"{queue['fits']} fits of {queue['steps']} steps on {queue['devices']} cores took {queue['seconds']:.0f} s in"
        f" all, start, tokenising and saving included: {queue['ratio']:.2f} times what they trained and evaluated."
    )
    return "\n".join([*lines, "", setting, "", small])


def filled(page: str) -> str:
    """The page with the committed results between its markers."""
    results = ROOT / "benchmarks/results"
    speed, queue = (json.loads((results / f"training-{name}.json").read_text()) for name in ("cpu", "fits"))
    return re.sub(f"{START}.*{END}", lambda _: f"{START}\n{block(speed, queue)}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
