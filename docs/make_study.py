"""Keep a finished study: `python docs/make_study.py NAME COMMIT MINUTES CONDITIONS`, run where `dvc repro` has ended.

Copies the settings, the metrics and the report of this checkout to results/NAME/. COMMIT is the commit that ran,
MINUTES how long it took, CONDITIONS what else to know of that time, such as "on idle cores".
`python docs/make_study.py NAME` writes the pages of a kept study anew from its metrics: results/NAME/README.md, its
report, and its part of the project's README.md.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
from blocks import ROOT, put, rewrite

from pyrite.commands import doctor
from pyrite.measures.intervals import Estimate
from pyrite.results import claims, verdict, words
from pyrite.results.findings import Findings
from pyrite.results.subjectivity import KINDS, ONE_LLM, WHO, Subjectivity
from pyrite.results.verdict import Case
from pyrite.results.words import ranged
from pyrite.stages import report

CANDIDATE = "few_shot"
# What it is held against: all real rows, or as many as generated ones, where a classifier was trained on no more.
BASELINES = {"probe": ("real", "all real ones"), "minilm": ("real@equal", "as many real ones")}


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

Macro-F1 on the real test rows, with 95 % intervals over three seeds and the test rows. `real@equal` has as many rows as
the larger generated set. By `probe`, gap and verdict are to `real`, all real rows; `minilm` was trained on `real@equal`
only, so there they are to this. The fits are older than folds, halves of generated sets and `real+few_shot`: the
verdicts can't say whether adding pays, and the intervals leave out how much another run of the LLM would move a score.
Worth is in real labels, off the learning curve of `probe`.

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


def page(folder: Path) -> str:
    """The page of a kept study."""
    tasks, subjectivity = report.read(folder)
    figures = pd.read_csv(ROOT / "studies/paper-figures.csv")
    drawn = sorted((folder / "report/figures").glob("*.agreement.human.svg"))
    return PAGE.format(
        name=folder.name,
        tasks=len(tasks),
        short=in_short(folder),
        probe=scores(tasks, "probe"),
        minilm=scores(tasks, "minilm"),
        added=added(tasks),
        called=called(tasks),
        instances="\n\n".join(of_people(tasks, classifier) for classifier in ("probe", "minilm")),
        slopes=slopes(tasks),
        curves="\n\n".join(
            f"![{path.name.partition('.')[0]}: accuracy against the agreement of people](report/figures/{path.name})"
            for path in drawn
        ),
        gaps=against_gap(subjectivity),
        paper=beside_the_paper(tasks, figures),
        **json.loads((folder / "run.json").read_text(encoding="utf-8")),
    )


def in_short(folder: Path) -> str:
    """What the study found, in a few lines: also the project's README has them."""
    tasks, subjectivity = report.read(folder)
    lines = []
    for classifier, (_, what) in BASELINES.items():
        decided = {task.task: verdict.decide(case(task, classifier)) for task in tasks}
        said = [
            f"{word} in {len(mine)} ({', '.join(f'`{task}`' for task in mine)})"
            for word in (verdict.REPLACE, verdict.AUGMENT, verdict.DONT, verdict.CANT_TELL)
            if (mine := [task for task, its in decided.items() if its == word])
        ]
        lines.append(f"- **By {classifier}**, few-shot texts in place of {what}: {'; '.join(said)}.")
    candidates = {task.task: task.evaluated.classifiers["probe"].mixes[CANDIDATE] for task in tasks}
    worths = sorted(
        (found.worth.labels, found.rows, task)
        for task, found in candidates.items()
        if found.worth and found.worth.labels  # 0 is below the curve, None above it
    )
    (least, its_rows, poor), (most, other_rows, rich) = worths[0], worths[-1]
    lines.append(
        f"- **Worth** lies on the learning curve of real labels in {len(worths)} of {len(tasks)} tasks: from "
        f"{least:,} labels for {its_rows:,.0f} generated texts (`{poor}`) to {most:,} for {other_rows:,.0f} (`{rich}`)."
    )
    pooled = [one for one in subjectivity.beyond_real if one.who == "human"]
    clearest = min(pooled, key=lambda one: one.slope.p or 0)
    lines.append(f"- **Single texts, judged by people.** {of_people(tasks, 'probe')}")
    lines.append(f"- **The clearest of {len(pooled)} looks over tasks.** {words.capital(claims.beyond_real(clearest))}")
    lines.append(f"- **Tasks.** {_gap_sentence(subjectivity, 'probe')}")
    return "\n".join(lines)


def case(task: Findings, classifier: str) -> Case:
    """What a classifier's verdict rests on."""
    return verdict.case(task.evaluated, classifier, CANDIDATE, BASELINES[classifier][0], task.asked.margin)


def table(heads: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; `align` has an l or r for each column."""
    marks = "|".join({"l": ":--", "r": "--:"}[one] for one in align)
    return "\n".join(["| " + " | ".join(heads) + " |", f"|{marks}|", *("| " + " | ".join(row) + " |" for row in rows)])


def scores(tasks: Sequence[Findings], classifier: str) -> str:
    """One row per task: macro-F1 with its interval for each mix, the gap of few-shot, worth, verdict."""
    rows = []
    shown = [one for one in ("real", "real@equal", "zero_shot", "few_shot") if one != "real" or classifier == "probe"]
    for task in tasks:
        mixes, its = task.evaluated.classifiers[classifier].mixes, case(task, classifier)
        worth = task.evaluated.classifiers["probe"].mixes[CANDIDATE].worth
        cells = [f"`{task.task}`", f"{mixes['real@equal'].rows:,.0f}", *(ranged(mixes[mix].macro_f1) for mix in shown)]
        cells += [ranged(its.gap.deciding, "+.1f"), words.worth(worth) if worth else ""]
        rows.append([*cells, verdict.decide(its)])
    heads = ["task", "rows", *map(words.name, shown), "gap of few-shot (90 %)", "worth", "verdict"]
    return table(heads, "lr" + "r" * len(shown) + "rrl", rows)


def added(tasks: Sequence[Findings]) -> str:
    """What few-shot rows add to n real rows, by probe, and where they stop helping."""
    sizes, rows = (50, 200, 800), []
    for task in tasks:
        found = task.evaluated.classifiers["probe"]
        curve = found.mix_curves[CANDIDATE]
        pairs = {
            point.rows: [found.mixes[mix].macro_f1.value for mix in (point.alone, point.both)] for point in curve.points
        }
        cells = [" → ".join(f"{100 * score:.1f}" for score in pairs.get(n, ())) for n in sizes]
        rows.append([f"`{task.task}`", *cells, words.worth(curve.stops) if curve.stops else ""])
    return table(["task", *(f"{n} real: alone → both" for n in sizes), "up to"], "lrrrr", rows)


def called(tasks: Sequence[Findings]) -> str:
    """The LLM's own score on the rows that it labelled, beside a classifier trained on what it wrote."""
    rows = []
    for task in tasks:
        if llm := task.evaluated.llm:
            mine = llm.classifiers["minilm"][CANDIDATE]
            cells = [f"`{task.task}`", str(llm.rows), ranged(llm.macro_f1), ranged(mine.macro_f1)]
            rows.append([*cells, ranged(mine.gap.macro_f1, "+.1f")])
    return table(["task", "test rows", "the LLM itself", "minilm on few-shot", "the LLM's lead"], "lrrrr", rows)


def of_people(tasks: Sequence[Findings], classifier: str) -> str:
    """Whether accuracy rises with people's agreement, one sentence for each mix."""
    rows = [row for row in claims.slopes(tasks, classifier) if row.who == "human"]
    return " ".join(claims.instance_claim(rows, classifier))


def slopes(tasks: Sequence[Findings]) -> str:
    """The item-level slopes of the tasks that people judged."""
    rows = [
        [
            f"`{row.task}`",
            classifier,
            words.name(row.mix),
            _figure(row.curve.slope),
            _figure(row.curve.steeper_than_real),
        ]
        for classifier in ("probe", "minilm")
        for row in claims.slopes(tasks, classifier)
        if row.who == "human" and row.curve.slope.value is not None
    ]
    return table(["task", "classifier", "trained on", "slope", "beyond real"], "lllrr", rows)


def _figure(found: Estimate | None) -> str:
    return "" if found is None or found.value is None else ranged(found, "+.2f", 1)


def against_gap(subjectivity: Subjectivity) -> str:
    """Spearman's rho between subjectivity and gap, each measure of subjectivity, classifier and source."""
    rows = []
    for found in subjectivity.against_gap:
        if found.rho.value is not None:
            measure = KINDS[found.kind].format(who=WHO[found.who])
            cells = [measure, found.classifier, words.name(found.source), str(found.rho.pairs), _figure(found.rho)]
            rows.append([*cells, f"{found.rho.p:.3f}"])
    heads = ["subjectivity by", "classifier", "trained on", "tasks", "Spearman's ρ", "p"]
    return _gap_sentence(subjectivity, "probe") + "\n\n" + table(heads, "lllrrr", rows) + f"\n\nLLM: {ONE_LLM}."


def _gap_sentence(subjectivity: Subjectivity, classifier: str) -> str:
    """The headline claim by paired comparisons of tasks, for each source."""
    return " ".join(
        f"{words.name(found.source).capitalize()}, {classifier}, subjectivity judged by LLM personas in pairs of "
        f"tasks: {claims.gap_claim(found.rho, found.source)}"
        for found in subjectivity.against_gap
        if (found.kind, found.who, found.classifier) == ("pairs", "llm", classifier)
    )


def beside_the_paper(tasks: Sequence[Findings], figures: pd.DataFrame) -> str:
    """Accuracy here (minilm) beside the paper's, where a figure of the paper could be checked."""
    found = {task.task: task.evaluated.classifiers["minilm"].mixes for task in tasks}
    rows = [
        [
            f"`{task}`",
            words.name(mix),
            f"{100 * found[task]['real@equal' if mix == 'real' else mix].accuracy.value:.1f}",
            ", ".join(f"{row.accuracy} ({row.encoder})" for row in said.itertuples()),
        ]
        for (task, mix), said in figures.groupby(["task", "mix"], sort=False)
    ]
    return table(["task", "trained on", "here, minilm", "the paper"], "llrl", rows)


def filled(readme: str, folder: Path) -> str:
    """The project's README with what the study found between its markers."""
    return put(readme, {folder.name: in_short(folder)})


def main(name: str, *run: str) -> None:
    folder = ROOT / "results" / name
    if run:
        keep(name, *run)
    else:
        report.run(folder)
    (folder / "README.md").write_text(page(folder), encoding="utf-8")
    rewrite("README.md", lambda readme: filled(readme, folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
