"""Keep a finished study: `python docs/make_study.py NAME COMMIT MINUTES`, run where `dvc repro` has ended.

Copies the settings, the metrics and the report of this checkout to results/NAME/ and writes its README.md: every task
with its scores, gap and verdict, beside the figures of the paper that could be checked (studies/paper-figures.csv).
COMMIT is the commit that ran and MINUTES how long it took.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
MIXES = ("real", "zero_shot", "few_shot")


def scores(table: pd.DataFrame, encoder: str) -> str:
    """One row per task: macro-F1 with its interval for each mix, the gap of few-shot to real, worth, verdict."""
    lines = [
        "| task | rows | real | zero-shot | few-shot | gap of few-shot | worth | verdict |",
        "|:--|--:|--:|--:|--:|--:|--:|:--|",
    ]
    of_encoder = table[table["encoder"] == encoder].set_index(["task", "mix"])
    for task in table["task"].unique():
        cells = [f"`{task}`", f"{of_encoder.loc[(task, 'real'), 'rows']:,.0f}"]
        for mix in MIXES:
            row = of_encoder.loc[(task, mix)]
            cells.append(f"{row['macro_f1']:.1f} ({row['macro_f1_low']:.1f} to {row['macro_f1_high']:.1f})")
        few = of_encoder.loc[(task, "few_shot")]
        cells.append(f"{few['gap']:+.1f} ({few['gap_low']:+.1f} to {few['gap_high']:+.1f})")
        cells.append("" if pd.isna(few["worth"]) else str(few["worth"]).removesuffix(".0"))
        cells.append(str(few["verdict"]))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def beside_the_paper(table: pd.DataFrame, figures: pd.DataFrame) -> str:
    """Accuracy here (minilm) beside the paper's, where a figure of the paper could be checked."""
    lines = ["| task | trained on | here, minilm | the paper |", "|:--|:--|--:|:--|"]
    for (task, mix), said in figures.groupby(["task", "mix"], sort=False):
        here = table[(table["task"] == task) & (table["mix"] == mix) & (table["encoder"] == "minilm")][
            "accuracy"
        ].item()
        paper = ", ".join(f"{row.accuracy} ({row.encoder})" for row in said.itertuples())
        lines.append(f"| `{task}` | {mix} | {here:.1f} | {paper} |")
    return "\n".join(lines)


def main(name: str, commit: str, minutes: str) -> None:
    target = ROOT / "results" / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copytree("metrics", target / "metrics")
    shutil.copytree("report", target / "report", ignore=shutil.ignore_patterns("index.html", ".gitignore"))
    shutil.copy("params.yaml", target)
    shutil.copy("dvc.lock", target)
    table = pd.read_csv("metrics/table.csv", keep_default_na=True)
    figures = pd.read_csv(ROOT / "studies/paper-figures.csv")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    page = f"""# {name}

<!-- Made by docs/make_study.py. -->

{len(table["task"].unique())} tasks, run at commit `{commit}` with [these settings](params.yaml) on {os.cpu_count()} CPU
cores and {memory:.0f} GiB of memory ({platform.machine()}, Python {platform.python_version()}, no GPU) in {minutes}
minutes, from data to report, with nothing in the store. [The report](report/REPORT.md); every number is in
[metrics/](metrics).

Macro-F1 on the real test rows, with 95 % intervals over three seeds and the test rows. `real` has as many rows as the
larger generated set. Worth is in real labels, off the learning curve of `probe`.

## probe

{scores(table, "probe")}

## minilm

{scores(table, "minilm")}

## Beside the paper

Accuracy. The paper's full text could not be had when this was made: these are the figures of its Table 1 that its
readers quote. It trained BERT and RoBERTa on up to 3,000 texts a label that GPT-3.5-Turbo wrote in 2023; here MiniLM,
five times smaller, learns from some 100 to 200 texts a label by another LLM. Compare the pattern, not the level.

{beside_the_paper(table, figures)}
"""
    (target / "README.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
