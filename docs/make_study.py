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
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from blocks import ROOT, put, rewrite, table
from scipy import stats

from pyrite.commands import doctor
from pyrite.measures import intervals
from pyrite.measures.intervals import Correlation, Estimate
from pyrite.results import frontier, verdict, words
from pyrite.results.evaluation import Gap
from pyrite.results.page import claims
from pyrite.results.page.findings import Findings
from pyrite.results.prices import money
from pyrite.results.purchases import Purchase
from pyrite.results.subjectivity import KINDS, ONE_LLM, WHO, AgainstGap, Subjectivity
from pyrite.results.words import ranged
from pyrite.stages import report

# The classifier that decides.
CLASSIFIER = "probe"
SOURCES = ("labelled", "few_shot", "zero_shot")
# US dollars that a hand label costs, and the share of the score of all labels that is wanted.
PRICES, SHARE = (0.02, 0.10, 1.00), 0.95
# Options that have other names than their mixes.
WAYS = {"real": "hand labels", "llm": "calling the LLM itself"}
# Draws behind the power of a rank correlation.
DRAWS = 4000

PAGE = """# {name}

<!-- Made by docs/make_study.py from metrics/ and run.json. -->

{tasks} tasks, run at commit `{commit}` with [these settings](params.yaml) on {cores} CPU cores ({cpu}) and
{memory} GiB of memory, without a GPU, with Python {python}: {minutes} minutes from the data to the report,
{conditions}.

[The report](report/REPORT.md) has every figure, [metrics/](metrics) every number.

{short}

## Scores: probe

{probe}

Macro-F1 on the real test rows, with 95 % intervals over fits and test rows. Gaps are to `real`, all real training rows,
with the 90 % interval that decides, and the verdict at a margin of {margin:.0f} points. `labelled` are at most 450 real
texts (700 of `python_docs`) that an LLM labelled. A task with one split has one fit of each mix: another draw of texts
is in its intervals by halves of the sets, another draw of real rows is not. Where a set has too few conversations for
halves, one fit says too little, and the verdict is *can't tell* however large the gap.

## At equal size, and by other classifiers

{others}

*Equal* is `real@equal`, as many real rows as the smallest of the sets has; the gap of few-shot texts to it has its 95 %
interval. Worth: the real labels that give `probe` the same score as the few-shot texts. `minilm` is trained whole, in
60 steps of 32 texts, once for each set and fold: on a task with one split that single fit decides nothing, but its
scores show how far the gaps hang on the classifier.

## The cheapest way to {share:.0%} of what all real labels give

{cheapest}

By `probe`, from what was trained. Recorded texts are priced as if {lent} had been asked. Real texts that an LLM labels
are taken as there for nothing. The LLM itself, called for one month of {texts_per_month:,} texts at ${llm_price:.2f} a
thousand, was asked as five personas about 100 test texts at most, so its score is rough; another month costs as much
again. *None*: nothing that was tried gives as much.

## Generated rows added to real ones

{added}

By `probe`. *Up to* is the number of real rows beyond which few-shot rows no longer help, with its 95 % interval.

## The LLM as the classifier

{called}

The LLM in five personas, on the first 100 test rows (50 of `imdb`) that it labelled; `probe` trained on the texts that
it labelled, on the same rows. Points of macro-F1 with 95 % intervals.

## Are classifiers right where people agree?

{instances}

{slopes}

Slope: log-odds of a right answer for 0.1 more agreement, over single texts. Beyond real: how much steeper than the
slope of a classifier trained on real rows. 95 % intervals, the fits fixed.

{curves}

## Do generated texts lose more on subjective tasks?

{gaps}

## What the LLM says of the texts

{blind}

Agreement: on how many of the labelled texts LLM and people agree. Clear-cut: the share of texts whose label the LLM
gives without being told it, of the few-shot texts and of real ones.

## Beside the paper

Accuracy. The paper's full text could not be had when this was made: these are the figures of its Table 1 that its
readers quote. It trained BERT and RoBERTa on up to 3,000 texts a label that GPT-3.5-Turbo wrote in 2023; here logistic
regression on the embeddings of MiniLM, five times smaller, learns from some 100 to 200 texts a label by another LLM.
Compare the pattern, not the level.

{paper}
"""

TWO = """# {name}

<!-- Made by docs/make_study.py from metrics/ and run.json. -->

Two LLMs that write, at equally many texts a label: the recorded one of the project, and SmolLM2-135M-Instruct, whose
licence, Apache 2.0, lets its texts be kept and shared. {tasks} tasks, run at commit `{commit}` with
[these settings](params.yaml) on {cores} CPU cores ({cpu}), with Python {python}: {minutes} minutes, {conditions}.

[The report](report/REPORT.md) has every figure, [metrics/](metrics) every number.

{table}
"""


def keep(name: str, commit: str, minutes: str, conditions: str) -> None:
    """Copy the results of this checkout to results/NAME/."""
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
        probe=scores(tasks),
        margin=tasks[0].comparison.margin,
        llm_price=tasks[0].comparison.llm_price,
        texts_per_month=tasks[0].comparison.texts_per_month,
        others=others(tasks),
        share=SHARE,
        cheapest=cheapest(tasks),
        lent=next(iter(tasks[0].study.generate.prices)),
        added=added(tasks),
        called=called(tasks),
        instances="\n\n".join(of_people(tasks, classifier) for classifier in tasks[0].evaluated.classifiers),
        slopes=slopes(tasks),
        curves="\n\n".join(
            f"![{path.name.partition('.')[0]}: accuracy against the agreement of people](report/figures/{path.name})"
            for path in drawn
        ),
        gaps=against_gap(tasks, subjectivity),
        blind=blind(tasks),
        paper=beside_the_paper(tasks, figures),
        **json.loads((folder / "run.json").read_text(encoding="utf-8")),
    )


def two_llms(folder: Path) -> str:
    """The page of the study of two LLMs."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return TWO.format(name=folder.name, tasks=len(report.read(folder)[0]), table=of_two_llms(folder), **run)


def of_two_llms(folder: Path) -> str:
    """One row per task and prompt: what each LLM's texts give beside as many real ones, and by how much they differ."""
    tasks, _ = report.read(folder)
    rows = []
    for prompt in ("zero_shot", "few_shot"):
        pair = (prompt, f"small_{prompt}")
        for task in tasks:
            mixes = task.evaluated.classifiers[CLASSIFIER].mixes
            cells = [ranged(mixes[mix].macro_f1) for mix in ("real@equal", *pair)]
            (gap,) = _gaps([task], CLASSIFIER, *reversed(pair))
            rows.append([f"`{task.task}`", words.name(prompt), f"{mixes[prompt].rows:,}", *cells, ranged(gap, "+.1f")])
        mean = verdict.mean(_gaps(tasks, CLASSIFIER, *reversed(pair)))
        rows.append(["all", words.name(prompt), *[""] * 4, ranged(mean, "+.1f")])
    heads = ["task", "prompt", "texts", "as many real ones", "the recorded LLM", "the small LLM", "small less recorded"]
    return f"{table(heads, 'llrrrrr', rows)}\n\nMacro-F1 by {CLASSIFIER}, and gaps in points, with 95 % intervals."


# What became of the claims


def in_short(folder: Path) -> str:
    """The study's answers, a line each: also the project's README has them."""
    tasks, subjectivity = report.read(folder)
    lines = [_verdicts(tasks, source) for source in SOURCES]
    lines += [
        "**At equal size**, by probe: "
        + "; ".join(_over_tasks(tasks, CLASSIFIER, source, "real@equal") for source in ("few_shot", "zero_shot")),
        "**Between the options**, by probe: "
        + "; ".join(_over_tasks(tasks, CLASSIFIER, *pair) for pair in pairwise(SOURCES)),
        _worths(tasks),
        _on_subjective_tasks(subjectivity),
        f"{_labels_on_subjective_tasks(tasks, subjectivity)}. {_clear_cut(tasks)}",
        _instances(subjectivity),
        _cheapest(tasks),
    ]
    return "\n".join(f"- {line}{'' if line.endswith('.') else '.'}" for line in lines)


def _verdicts(tasks: Sequence[Findings], source: str) -> str:
    decided = [verdict.decide(_case(task, source)) for task in tasks]
    counts = [
        f"{word} in {decided.count(word)}"
        for word in (verdict.REPLACE, verdict.AUGMENT, verdict.DONT, verdict.CANT_TELL)
        if word in decided
    ]
    others = [
        f"{ranged(verdict.mean(gaps), '+.1f')} by {name}"
        for name in tasks[0].evaluated.classifiers
        if name != CLASSIFIER and (gaps := _gaps(tasks, name, source, "real"))
    ]
    return (
        f"**{words.capital(words.name(source))} texts in place of all real labels**, by probe: {', '.join(counts)}. "
        f"Over tasks, {_over_tasks(tasks, CLASSIFIER, source, 'real')}; {', '.join(others)}"
    )


def _case(task: Findings, source: str) -> verdict.Case:
    return verdict.case(task.evaluated, CLASSIFIER, source, "real", task.comparison.margin)


def _gaps(tasks: Sequence[Findings], classifier: str, candidate: str, baseline: str) -> list[Gap]:
    gaps = (task.evaluated.classifiers[classifier].gap(candidate, baseline) for task in tasks)
    return [gap.macro_f1 for gap in gaps if gap]


def _over_tasks(tasks: Sequence[Findings], classifier: str, candidate: str, baseline: str) -> str:
    """The mean gap of these tasks, and of tasks of which these are a sample, each with its 95 % interval."""
    gaps = _gaps(tasks, classifier, candidate, baseline)
    these, sample = verdict.mean(gaps), intervals.pooled(gaps)
    return (
        f"{words.name(candidate)} less {words.name(baseline)} is {ranged(these, '+.1f')} points on these {len(gaps)} "
        f"tasks, {ranged(sample, '+.1f')} with them as a sample of tasks"
    )


def _worths(tasks: Sequence[Findings]) -> str:
    candidates = {task.task: task.evaluated.classifiers[CLASSIFIER].mixes["few_shot"] for task in tasks}
    worths = sorted(
        (candidate.worth.labels, candidate.rows, task)
        for task, candidate in candidates.items()
        if candidate.worth and candidate.worth.labels  # 0 is below the curve, None above it
    )
    (least, its_rows, poor), (most, other_rows, rich) = worths[0], worths[-1]
    return (
        f"**Worth** lies on the learning curve of real labels in {len(worths)} of {len(tasks)} tasks: from "
        f"{least:,} labels for {its_rows:,.0f} few-shot texts (`{poor}`) to {most:,} for {other_rows:,.0f} (`{rich}`)"
    )


def _subjective(subjectivity: Subjectivity, source: str, classifier: str = CLASSIFIER) -> AgainstGap:
    """The gap of a source against how subjective LLM personas find tasks that they compare in pairs."""
    return next(
        against
        for against in subjectivity.against_gap
        if (against.kind, against.who, against.classifier, against.source) == ("pairs", "llm", classifier, source)
    )


def _on_subjective_tasks(subjectivity: Subjectivity) -> str:
    lines = [
        f"{words.name(source)}: {claims.gap_claim(_subjective(subjectivity, source).rho, source)}"
        for source in ("few_shot", "zero_shot")
    ]
    n = _subjective(subjectivity, "few_shot").rho.pairs
    return (
        f"**More loss on subjective tasks**, by probe and LLM personas' judgement of pairs of tasks. "
        f"{' '.join(map(words.capital, lines))} So many tasks find a true ρ of −0.5 in {power(n, -0.5):.0%} of cases"
    )


def power(n: int, rho: float) -> float:
    """In which share of draws of n pairs from a bivariate normal Spearman's test finds this rho at 5 %."""
    r = 2 * np.sin(np.pi * rho / 6)
    drawn = np.random.default_rng(0).multivariate_normal([0, 0], [[1, r], [r, 1]], size=(DRAWS, n))
    return float(np.mean([stats.spearmanr(pairs).pvalue < 0.05 for pairs in drawn]))


def _labels_on_subjective_tasks(tasks: Sequence[Findings], subjectivity: Subjectivity) -> str:
    shares = {task.task: task.generated["labelled"].agreement["total"].share.value for task in tasks}
    subjective = {point.task: point.subjectivity for point in _subjective(subjectivity, "labelled").points}
    rho = _rho(list(subjective.values()), [shares[task] for task in subjective])
    low, high = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    return (
        f"**The LLM's labels** are those of people for {shares[low]:.0%} (`{low}`) to {shares[high]:.0%} (`{high}`) of "
        f"the texts. Subjective tasks against that share: {_rho_words(rho)}; against the gap of the labelled texts: "
        f"{_rho_words(_subjective(subjectivity, 'labelled').rho)}"
    )


def _clear(task: Findings) -> tuple[float, float] | None:
    """The shares of few-shot and of real texts whose label the LLM gives blind."""
    clear = task.diversity.clear_cut if task.diversity else {}
    if "few_shot" not in clear or "real" not in clear:
        return None
    few, real = clear["few_shot"].share.value, clear["real"].share.value
    return None if few is None or real is None else (few, real)


def _clear_cut(tasks: Sequence[Findings]) -> str:
    known = [(task, pair) for task in tasks if (pair := _clear(task))]
    gaps = [task.evaluated.classifiers[CLASSIFIER].gap("few_shot", "real") for task, _ in known]
    rho = _rho([few - real for _, (few, real) in known], [gap.macro_f1.value for gap in gaps if gap])
    mean = [100 * sum(pair[k] for _, pair in known) / len(known) for k in (0, 1)]
    return (
        f"To {mean[0]:.1f} % of its own few-shot texts the LLM gives the label that they were "
        f"written for, to {mean[1]:.1f} % of real ones the label that people gave ({len(known)} tasks). The difference "
        f"against the gap: {_rho_words(rho)}"
    )


def _instances(subjectivity: Subjectivity) -> str:
    pooled = [look for look in subjectivity.beyond_real if look.who == "human"]
    clearest = min(pooled, key=lambda look: look.slope.p or 0)
    claim = words.capital(claims.beyond_real(clearest))
    return f"**Single texts: the clearest of {len(pooled)} looks** over {clearest.slope.studies} tasks. {claim}"


def _cheapest(tasks: Sequence[Findings]) -> str:
    prices: dict[str, list[str]] = {}
    for price in PRICES:
        ways = [way.option for task in tasks if (way := cheapest_way(task, price))]
        counted = sorted(((ways.count(way), way) for way in set(ways)), reverse=True)
        named = ", ".join(f"{WAYS.get(way, words.name(way))} in {n}" for n, way in counted)
        prices.setdefault(named, []).append(money(price))
    answers = "; ".join(f"at {' or '.join(same)} a label {named}" for named, same in prices.items())
    return f"**The cheapest way to {SHARE:.0%} of what all real labels give**, by probe: {answers}"


def _rho(first: Sequence[float], second: Sequence[float]) -> Correlation:
    return intervals.spearman(np.array(first), np.array(second), np.random.default_rng(0))


def _rho_words(rho: Correlation) -> str:
    if rho.p is None:
        return f"not known ({rho.note})"
    return f"ρ {ranged(rho, '.2f', 1)} over {rho.pairs} tasks (p {rho.p:.2f})"


# Tables


def scores(tasks: Sequence[Findings]) -> str:
    """One row per task: scores by the classifier that decides, and each source's gap and verdict."""
    rows = []
    for task in tasks:
        mixes = task.evaluated.classifiers[CLASSIFIER].mixes
        cases = [_case(task, source) for source in SOURCES]
        cells = [f"`{task.task}`", *(ranged(mixes[mix].macro_f1) for mix in ("real", *SOURCES))]
        rows.append([*cells, *(f"{ranged(case.gap.deciding, '+.1f')} {verdict.decide(case)}" for case in cases)])
    heads = ["task", *map(words.name, ("real", *SOURCES)), *(f"gap of {words.name(source)}" for source in SOURCES)]
    return table(heads, "lrrrrlll", rows)


def others(tasks: Sequence[Findings]) -> str:
    """One row per task: real rows and few-shot texts at equal size, worth, and scores by the other classifiers."""
    of_first = tasks[0].evaluated.classifiers
    shown = [
        (name, mix)
        for name in of_first
        if name != CLASSIFIER
        for mix in ("real", *SOURCES)
        if mix in of_first[name].mixes
    ]
    rows = []
    for task in tasks:
        results = task.evaluated.classifiers
        equal, few = (results[CLASSIFIER].mixes[mix] for mix in ("real@equal", "few_shot"))
        (gap,) = _gaps([task], CLASSIFIER, "few_shot", "real@equal")
        cells = [f"`{task.task}`", f"{equal.rows:,}", ranged(equal.macro_f1), ranged(gap, "+.1f")]
        cells.append(words.worth(few.worth) if few.worth else "")
        rows.append([*cells, *(ranged(results[name].mixes[mix].macro_f1) for name, mix in shown)])
    heads = ["task", "equal rows", "equal", "few-shot less equal", "worth"]
    heads += [f"{name}: {words.name(mix)}" for name, mix in shown]
    return table(heads, "lr" + "r" * (len(heads) - 2), rows)


def cheapest_way(task: Findings, price: float) -> Purchase | None:
    """What costs least of all that gives the wanted share of the score of all real labels."""
    comparison = task.comparison.model_copy(update={"classifier": CLASSIFIER, "label_price": price})
    wanted = SHARE * task.evaluated.classifiers[CLASSIFIER].mixes["real"].macro_f1.value
    options = frontier.find(replace(task, study=task.study.model_copy(update={"compare": comparison})))
    return next((purchase for purchase in options.on_it if purchase.score.value >= wanted), None)


def cheapest(tasks: Sequence[Findings]) -> str:
    """One row per task: the cheapest way at each price of a label."""
    rows = [
        [
            f"`{task.task}`",
            ranged(task.evaluated.classifiers[CLASSIFIER].mixes["real"].macro_f1),
            *(
                f"{frontier.spoken(way)}, {money(way.cost_usd or 0.0)}"
                if (way := cheapest_way(task, price))
                else "none"
                for price in PRICES
            ),
        ]
        for task in tasks
    ]
    return table(["task", "all real labels", *(f"at {money(price)} a label" for price in PRICES)], "lrlll", rows)


def added(tasks: Sequence[Findings]) -> str:
    """What few-shot rows add to n real rows, by probe, and where they stop helping."""
    sizes, rows = (50, 200, 800), []
    for task in tasks:
        result = task.evaluated.classifiers[CLASSIFIER]
        curve = result.mix_curves["few_shot"]
        pairs = {point.rows: (point.alone, point.both) for point in curve.points}
        cells = [" → ".join(f"{100 * result.mixes[mix].macro_f1.value:.1f}" for mix in pairs.get(n, ())) for n in sizes]
        rows.append([f"`{task.task}`", *cells, words.worth(curve.stops) if curve.stops else ""])
    return table(["task", *(f"{n} real: alone → both" for n in sizes), "up to"], "lrrrr", rows)


def called(tasks: Sequence[Findings]) -> str:
    """The LLM's own score on the rows that it labelled, beside a classifier trained on its labels of other texts."""
    rows = []
    for task in tasks:
        if llm := task.evaluated.llm:
            probe = llm.classifiers[CLASSIFIER]["labelled"]
            scores = [ranged(llm.macro_f1), ranged(probe.macro_f1), ranged(probe.gap.macro_f1, "+.1f")]
            rows.append([f"`{task.task}`", str(llm.rows), *scores])
    return table(["task", "test rows", "the LLM itself", "probe on its labels", "the LLM's lead"], "lrrrr", rows)


def blind(tasks: Sequence[Findings]) -> str:
    """How far the LLM's labels are those of people, and how clear-cut texts are."""
    rows = []
    for task in tasks:
        agreed, pair = task.generated["labelled"].agreement["total"], _clear(task)
        shares = [f"{100 * share:.1f} %" for share in pair] if pair else ["", ""]
        rows.append([f"`{task.task}`", f"{agreed.texts:,}", f"{ranged(agreed.share)} %", *shares])
    return table(["task", "labelled texts", "agreement", "clear-cut: few-shot", "real"], "lrrrr", rows)


def of_people(tasks: Sequence[Findings], classifier: str) -> str:
    """Whether accuracy rises with people's agreement, one sentence for each mix."""
    rows = [row for row in claims.slopes(tasks, classifier) if row.who == "human"]
    return " ".join(claims.instance_claim(rows, classifier))


def slopes(tasks: Sequence[Findings]) -> str:
    """The item-level slopes of the tasks that people judged."""
    rows = [
        [f"`{row.task}`", name, words.name(row.mix), *map(_figure, (row.curve.slope, row.curve.steeper_than_real))]
        for name in tasks[0].evaluated.classifiers
        for row in claims.slopes(tasks, name)
        if row.who == "human" and row.curve.slope.value is not None
    ]
    return table(["task", "classifier", "trained on", "slope", "beyond real"], "lllrr", rows)


def _figure(estimate: Estimate | None, form: str = "+.2f", scale: float = 1) -> str:
    return "" if estimate is None or estimate.value is None else ranged(estimate, form, scale)


def against_gap(tasks: Sequence[Findings], subjectivity: Subjectivity) -> str:
    """Each measure of subjectivity against each gap: Spearman's rho, and the gap's slope by meta-regression."""
    rows, by_name = [], {task.task: task for task in tasks}
    for against in subjectivity.against_gap:
        if against.rho.value is None:
            continue
        values = np.array([point.subjectivity for point in against.points])
        gaps = [_gaps([by_name[point.task]], against.classifier, against.source, "real")[0] for point in against.points]
        slope = intervals.regressed(gaps, list(values / values.std()))
        measure = KINDS[against.kind].format(who=WHO[against.who])
        cells = [measure, against.classifier, words.name(against.source), str(against.rho.pairs), _figure(against.rho)]
        rows.append([*cells, f"{against.rho.p:.3f}", _figure(slope, "+.1f", 100)])
    heads = ["subjectivity by", "classifier", "trained on", "tasks", "Spearman's ρ", "p", "slope"]
    return (
        f"{table(heads, 'lllrrrr', rows)}\n\nSlope: how many points the gap rises with one standard deviation more of "
        f"subjectivity, by random-effects meta-regression, with its 95 % interval. LLM: {ONE_LLM}."
    )


def beside_the_paper(tasks: Sequence[Findings], figures: pd.DataFrame) -> str:
    """Accuracy here (probe) beside the paper's, where a figure of the paper could be checked."""
    mixes = {task.task: task.evaluated.classifiers[CLASSIFIER].mixes for task in tasks}
    rows = [
        [
            f"`{task}`",
            words.name(mix),
            f"{100 * mixes[task][mix].accuracy.value:.1f}",
            ", ".join(f"{figure.accuracy} ({figure.encoder})" for figure in published.itertuples()),
        ]
        for (task, mix), published in figures.groupby(["task", "mix"], sort=False)
    ]
    return table(["task", "trained on", "here, probe", "the paper"], "llrl", rows)


# The studies that are kept: the page of each, and the pages of the project that have a part of it.
STUDIES = {
    "fourteen-tasks": (page, in_short, ("README.md", "docs/paper-study.md")),
    "two-llms": (two_llms, of_two_llms, ("docs/llm.md",)),
}


def filled(text: str, folder: Path) -> str:
    """A page of the project with the study's part between its marks."""
    return put(text, {folder.name: STUDIES[folder.name][1](folder)})


def main(name: str, *run: str) -> None:
    folder = ROOT / "results" / name
    if run:
        keep(name, *run)
    else:
        report.run(folder)
    whole, _, pages = STUDIES[name]
    (folder / "README.md").write_text(whole(folder), encoding="utf-8")
    for path in pages:
        rewrite(path, lambda text: filled(text, folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
