"""Keep a finished study: `python docs/make_study.py NAME COMMIT MINUTES CONDITIONS`, run where `dvc repro` has ended.

Copies the settings, the metrics and the report of this checkout to results/NAME/. COMMIT is the commit that ran,
MINUTES how long it took, CONDITIONS what else to know of that time, such as "on idle cores".
`python docs/make_study.py NAME` writes the pages of a kept study anew from its metrics: results/NAME/README.md, and its
part of the project's README.md.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from pyrite.commands import doctor
from pyrite.results import findings, verdict

ROOT = Path(__file__).parents[1]
MIXES = ("real", "zero_shot", "few_shot")
CANDIDATE = "few_shot"
START, END = "<!-- {name}: made by docs/make_study.py -->", "<!-- /{name} -->"

PAGE = """# {name}

<!-- Made by docs/make_study.py from metrics/ and run.json. -->

{tasks} tasks, run at commit `{commit}` with [these settings](params.yaml) on {cores} CPU cores ({cpu}) and
{memory} GiB of memory, without a GPU, with Python {python}: {minutes} minutes from the data to the report,
{conditions}.

[The report](report/REPORT.md) has every figure, [metrics/](metrics) every number.

{short}

## Scores: probe

{probe}

## Scores: minilm

{minilm}

Macro-F1 on the real test rows, with 95 % intervals over three seeds and the test rows. `real` has as many rows as the
larger generated set. Worth is in real labels, off the learning curve of `probe`.

## Generated rows added to real ones

{added}

By `probe`. *Up to* is the number of real rows beyond which few-shot rows no longer help, with its 95 % interval.

## The LLM as the classifier

{called}

The LLM in five personas, on the first 100 test rows (50 of `imdb`) that it labelled; `minilm` trained on few-shot
rows, on the same rows. Points of macro-F1 with 95 % intervals.

## Are classifiers right where people agree?

{instances}

{slopes}

Slope: log-odds of a right answer for 0.1 more agreement, over single texts. Beyond real: how much steeper than the
slope of a classifier trained on real rows. 95 % intervals, the fits fixed.

{curves}

## Do generated texts lose more on subjective tasks?

{gaps}

## Beside the paper

Accuracy. The paper's full text could not be had when this was made: these are the figures of its Table 1 that its
readers quote. It trained BERT and RoBERTa on up to 3,000 texts a label that GPT-3.5-Turbo wrote in 2023; here MiniLM,
five times smaller, learns from some 100 to 200 texts a label by another LLM. Compare the pattern, not the level.

{paper}
"""


def keep(name: str, commit: str, minutes: str, conditions: str) -> None:
    """Copy what this checkout found to results/NAME/."""
    target = ROOT / "results" / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copytree("metrics", target / "metrics", ignore=shutil.ignore_patterns(".gitignore"))
    shutil.copytree("report", target / "report", ignore=shutil.ignore_patterns("index.html", ".gitignore"))
    shutil.copy("params.yaml", target)
    shutil.copy("dvc.lock", target)
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    run = {"commit": commit, "minutes": int(minutes), "cores": os.cpu_count(), "cpu": doctor.cpu()}
    run |= {"conditions": conditions, "memory": round(gibibytes), "python": platform.python_version()}
    (target / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> tuple[pd.DataFrame, dict[str, dict[str, Any]], dict[str, Any]]:
    """The table of scores, what evaluate wrote of each task, and what subjectivity wrote."""
    table = pd.read_csv(folder / "metrics/table.csv")
    evaluated = {t: _json(folder / f"metrics/evaluate/{t}.json") for t in table["task"].unique()}
    return table, evaluated, _json(folder / "metrics/subjectivity.json")


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def page(folder: Path) -> str:
    """The page of a kept study."""
    table, evaluated, subjectivity = read(folder)
    figures = pd.read_csv(ROOT / "studies/paper-figures.csv")
    drawn = sorted((folder / "report/figures").glob("*.agreement.human.svg"))
    return PAGE.format(
        name=folder.name,
        tasks=len(evaluated),
        short=in_short(folder),
        probe=scores(table, evaluated, "probe"),
        minilm=scores(table, evaluated, "minilm"),
        added=added(evaluated),
        called=called(evaluated),
        instances="\n\n".join(of_people(subjectivity, encoder) for encoder in ("probe", "minilm")),
        slopes=slopes(subjectivity),
        curves="\n\n".join(
            f"![{path.name.partition('.')[0]}: accuracy against the agreement of people](report/figures/{path.name})"
            for path in drawn
        ),
        gaps=against_gap(subjectivity),
        paper=beside_the_paper(table, figures),
        **_json(folder / "run.json"),
    )


def in_short(folder: Path) -> str:
    """What the study found, in a few lines: also the project's README has them."""
    table, evaluated, subjectivity = read(folder)
    lines = []
    for encoder in ("probe", "minilm"):
        of_candidate = table[(table["encoder"] == encoder) & (table["mix"] == CANDIDATE)]
        said = [
            f"{word} in {len(tasks)} ({', '.join(f'`{task}`' for task in tasks)})"
            for word in (verdict.REPLACE, verdict.AUGMENT, verdict.DONT, verdict.CANT_TELL)
            if (tasks := of_candidate.loc[of_candidate["verdict"] == word, "task"].tolist())
        ]
        lines.append(f"- **By {encoder}**, few-shot texts in place of as many real ones: {'; '.join(said)}.")
    worths = sorted(
        (worth["labels"], entry["rows"], task)
        for task, found in evaluated.items()
        if (entry := found["encoders"]["probe"]["mixes"][CANDIDATE])
        and (worth := entry.get("worth"))
        and worth["labels"]  # 0 is below the curve, None above it
    )
    (least, its_rows, poor), (most, other_rows, rich) = worths[0], worths[-1]
    lines.append(
        f"- **Worth** lies on the learning curve of real labels in {len(worths)} of {len(evaluated)} tasks: from "
        f"{least:,} labels for {its_rows:,.0f} generated texts (`{poor}`) to {most:,} for {other_rows:,.0f} (`{rich}`)."
    )
    lines.append(f"- **Single texts, judged by people.** {of_people(subjectivity, 'probe')}")
    lines.append(f"- **Tasks.** {_gap_sentence(subjectivity, 'probe')}")
    return "\n".join(lines)


def scores(table: pd.DataFrame, evaluated: dict[str, dict[str, Any]], encoder: str) -> str:
    """One row per task: macro-F1 with its interval for each mix, the gap of few-shot to real, worth, verdict."""
    lines = [
        "| task | rows | real | zero-shot | few-shot | gap of few-shot | worth | verdict |",
        "|:--|--:|--:|--:|--:|--:|--:|:--|",
    ]
    said = table[table["encoder"] == encoder].set_index(["task", "mix"])["verdict"]
    for task, found in evaluated.items():
        of_mix = found["encoders"][encoder]["mixes"]
        cells = [f"`{task}`", f"{of_mix['real']['rows']:,.0f}"]
        cells += [findings.interval(of_mix[mix]["macro_f1"]) for mix in MIXES]
        cells.append(findings.gap(found["encoders"][encoder]["gaps"][CANDIDATE]["real"]["macro_f1"]))
        worth = found["encoders"]["probe"]["mixes"][CANDIDATE].get("worth")
        cells.append(findings.worth(worth) if worth else "")
        cells.append(said[task, CANDIDATE])
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def added(evaluated: dict[str, dict[str, Any]]) -> str:
    """What few-shot rows add to n real rows, by probe, and where they stop helping."""
    sizes = (50, 200, 800)
    lines = [
        "| task | " + " | ".join(f"{n} real: alone → both" for n in sizes) + " | up to |",
        "|:--|" + "--:|" * (len(sizes) + 1),
    ]
    for task, found in evaluated.items():
        curve = found["encoders"]["probe"]["mix_curves"][CANDIDATE]
        points = {point["rows"]: point for point in curve["points"]}
        cells = [
            f"{100 * points[n]['without']['mean']:.1f} → {100 * points[n]['with']['mean']:.1f}" if n in points else ""
            for n in sizes
        ]
        stops = findings.worth(curve["stops"]) if "labels" in curve["stops"] else curve["stops"].get("note", "")
        lines.append("| " + " | ".join([f"`{task}`", *cells, stops]) + " |")
    return "\n".join(lines)


def called(evaluated: dict[str, dict[str, Any]]) -> str:
    """The LLM's own score on the rows that it labelled, beside a classifier trained on what it wrote."""
    lines = ["| task | test rows | the LLM itself | minilm on few-shot | the LLM's lead |", "|:--|--:|--:|--:|--:|"]
    for task, found in evaluated.items():
        if llm := found.get("llm"):
            mine = llm["encoders"]["minilm"][CANDIDATE]
            cells = [f"`{task}`", str(llm["rows"]), findings.interval(llm["macro_f1"])]
            cells += [findings.interval(mine["macro_f1"]), findings.gap(mine["gap"]["macro_f1"])]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def of_people(subjectivity: dict[str, Any], encoder: str) -> str:
    """Whether accuracy rises with people's agreement, one sentence for each mix."""
    rows = [row for row in findings.slopes(subjectivity["tasks"], encoder) if row["source"] == "human"]
    return " ".join(findings.instance_claim(rows, encoder))


def slopes(subjectivity: dict[str, Any]) -> str:
    """The item-level slopes of the tasks that people judged."""
    lines = ["| task | encoder | trained on | slope | beyond real |", "|:--|:--|:--|--:|--:|"]
    for encoder in ("probe", "minilm"):
        for row in findings.slopes(subjectivity["tasks"], encoder):
            if row["source"] == "human" and row["slope"]["value"] is not None:
                beyond = _figure(row["steeper_than_real"]) if "steeper_than_real" in row else ""
                cells = [f"`{row['task']}`", encoder, findings.name(row["mix"]), _figure(row["slope"]), beyond]
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _figure(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return ""
    ends = "" if found["low"] is None else f" ({found['low']:+.2f} to {found['high']:+.2f})"
    return findings.minus(f"{found['value']:+.2f}{ends}")


def against_gap(subjectivity: dict[str, Any]) -> str:
    """Spearman's rho between subjectivity and gap, each measure of subjectivity, encoder and setting."""
    lines = ["| subjectivity by | encoder | trained on | tasks | Spearman's ρ | p |", "|:--|:--|:--|--:|--:|--:|"]
    for found in subjectivity["against_gap"]:
        rho = found["spearman"]
        if rho["value"] is not None:
            measure = findings.MEASURES[found["measure"]].format(who=findings.ANNOTATORS[found["source"]])
            cells = [measure, found["encoder"], findings.name(found["setting"]), str(rho["pairs"]), _figure(rho)]
            lines.append("| " + " | ".join([*cells, f"{rho['p']:.3f}"]) + " |")
    return (
        _gap_sentence(subjectivity, "probe") + "\n\n" + "\n".join(lines) + f"\n\nLLM: {subjectivity['notes']['llm']}."
    )


def _gap_sentence(subjectivity: dict[str, Any], encoder: str) -> str:
    """The headline claim by paired comparisons of tasks, for each setting."""
    return " ".join(
        f"{findings.name(found['setting']).capitalize()}, {encoder}, subjectivity judged by LLM personas in pairs of "
        f"tasks: {findings.gap_claim(found['spearman'], found['setting'])}"
        for found in subjectivity["against_gap"]
        if (found["measure"], found["source"], found["encoder"]) == ("pairs", "llm", encoder)
    )


def beside_the_paper(table: pd.DataFrame, figures: pd.DataFrame) -> str:
    """Accuracy here (minilm) beside the paper's, where a figure of the paper could be checked."""
    lines = ["| task | trained on | here, minilm | the paper |", "|:--|:--|--:|:--|"]
    for (task, mix), said in figures.groupby(["task", "mix"], sort=False):
        here = table[(table["task"] == task) & (table["mix"] == mix) & (table["encoder"] == "minilm")]
        paper = ", ".join(f"{row.accuracy} ({row.encoder})" for row in said.itertuples())
        lines.append(f"| `{task}` | {findings.name(mix)} | {here['accuracy'].item():.1f} | {paper} |")
    return "\n".join(lines)


def filled(readme: str, folder: Path) -> str:
    """The project's README with what the study found between its markers."""
    start, end = START.format(name=folder.name), END.format(name=folder.name)
    return re.sub(f"{start}.*{end}", lambda _: f"{start}\n{in_short(folder)}\n{end}", readme, flags=re.DOTALL)


def main(name: str, *run: str) -> None:
    folder = ROOT / "results" / name
    if run:
        keep(name, *run)
    (folder / "README.md").write_text(page(folder), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text(encoding="utf-8"), folder), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
