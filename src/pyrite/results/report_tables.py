"""The tables of the report, the same on the page and in REPORT.md. Scores and gaps are in points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyrite.data import mixes
from pyrite.measures.diversity import MEASURES
from pyrite.measures.pairwise import Ranking
from pyrite.params import Params
from pyrite.results import advice, claims, trust
from pyrite.results.claims import Slope
from pyrite.results.findings import Findings, Verdict
from pyrite.results.generation import GeneratedSet
from pyrite.results.options import Option
from pyrite.results.prices import money
from pyrite.results.subjectivity import ONE_LLM, WHO, Who
from pyrite.results.table import Cell, Column, Table
from pyrite.results.words import capital, cell, mix_cell, name, worth_cell


def verdicts(tasks: Sequence[Findings], classifier: str) -> Table:
    """The verdict on the candidate in each task, the best first, by a classifier that has one in all of them."""
    asked, (candidate, baseline) = tasks[0].asked, tasks[0].names
    rows: list[dict[str, Any]] = []
    for task in sorted(tasks, key=lambda task: -task.case(classifier).gap.value):
        scored, gap = task.evaluated.classifiers[classifier].mixes, task.gap(classifier)
        said, worth = task.verdicts[classifier], task.evaluated.worth(classifier, asked.candidate)
        costs = [claims.spent(task, source)[0] for source in mixes.parse(asked.candidate).sources]
        rows.append(
            {
                "task": task.title,
                "verdict": Cell(said.word, family=said.family),
                "baseline": 100 * scored[asked.baseline].macro_f1.value,
                "candidate": 100 * scored[asked.candidate].macro_f1.value,
                "gap": gap and cell(gap.deciding, "+.1f"),
                "worth": worth_cell(worth[1]) if worth else "not known",
                "cost": ", ".join(costs),
            }
        )
    columns = [Column("task", "Task"), Column("verdict", "Verdict"), Column("baseline", capital(baseline), form=".1f")]
    columns += [Column("candidate", capital(candidate), form=".1f"), Column("gap", "Gap", right=True)]
    columns += [Column("worth", "Equals labels", right=True), Column("cost", "Cost", right=True)]
    title = (
        f"{capital(candidate)} compared with {baseline} in each task, by {classifier}: macro-F1, the gap with the 90 % "
        "interval that decides, the number of real labels that it equals with the 95 % interval, and what the LLM's "
        "answers cost."
    )
    return Table(columns, rows, title)


def options(found: Sequence[Option], study: Params, classifier: str) -> Table:
    """All candidates by a classifier, the best first; means over the tasks where there are several."""
    rows: list[dict[str, Any]] = []
    for one in found:
        said = Verdict.of(one.case, advice.kind(study, one.candidate))
        row = {"option": mix_cell(one.candidate), "origin": one.origin, "texts": one.rows, "f1": 100 * one.score}
        row |= {
            "gap": cell(one.case.gap.deciding, "+.1f"),
            "verdict": Cell(said.word, one.case.obstacle, family=said.family),
        }
        row |= {"worth": worth_cell(one.worth), "cost": None if one.cost is None else money(one.cost)}
        rows.append(row)
    columns = [Column("option", "Trained on"), Column("origin", "Where the texts come from")]
    columns += [Column("texts", "Texts", form=",d"), Column("f1", "Macro-F1", form=".1f")]
    columns += [Column("gap", "Gap", right=True), Column("verdict", "Verdict")]
    more = (Column("worth", "Equals labels", right=True), Column("cost", "Cost", right=True))
    columns += [column for column in more if any(row[column.key] for row in rows)]
    over = f", means over {found[0].tasks} tasks" if found[0].tasks > 1 else ""
    title = (
        f"The options by {classifier}{over}: macro-F1, and the gap to {name(study.compare.baseline)} with the 90 % "
        "interval that decides."
    )
    return Table(columns, rows, title)


def scores(task: Findings, classifier: str, adjusted: Mapping[tuple[str, str, str], float]) -> Table:
    """Each main mix of a classifier; `adjusted` has the p-values over tasks, by task, classifier and mix."""
    found, (_, baseline) = task.evaluated.classifiers[classifier], task.names
    shown = list(dict.fromkeys([*found.main, *(mix for mix in [task.asked.baseline] if mix in found.mixes)]))
    rows: list[dict[str, Any]] = []
    for mix in shown:
        one, gap, p = found.mixes[mix], task.gap(classifier, mix), adjusted.get((task.task, classifier, mix))
        row = {"mix": mix_cell(mix), "rows": one.rows, "f1": cell(one.macro_f1), "accuracy": cell(one.accuracy)}
        row |= {"gap": cell(gap, "+.1f"), "p": p, "least": gap and 100 * gap.detectable}
        rows.append(row | {"worth": worth_cell(one.worth), "ece": 100 * one.calibration_error})
    columns = [Column("mix", "Trained on"), Column("rows", "Texts", form=",d"), Column("f1", "Macro-F1", right=True)]
    columns += [Column("accuracy", "Accuracy", right=True), Column("gap", f"Gap to {baseline}", right=True)]
    columns += [Column("p", "p", form=".3f"), Column("least", "Smallest gap", form=".1f")]
    columns += [Column("worth", "Equals labels", right=True)] if any(row["worth"] for row in rows) else []
    title = (
        f"Scores of {classifier} on {task.evaluated.test_rows:,} real test texts, with 95 % intervals. Equals labels: "
        "the real labels that give the same score. p: permutation test, adjusted over tasks (Holm). Smallest gap: the "
        "smallest true gap that such a study would notice four times in five. ECE: how far its probabilities are off."
    )
    return Table([*columns, Column("ece", "ECE", form=".1f")], rows, title)


def classifiers(task: Findings) -> Table:
    """Baseline and candidate with every classifier, and the verdict by each alone."""
    asked, (candidate, baseline) = task.asked, task.names
    rows: list[dict[str, Any]] = []
    for one, said in task.verdicts.items():
        scored, gap = task.evaluated.classifiers[one].mixes, task.gap(one)
        row: dict[str, Any] = {"one": one, "gap": gap and cell(gap.deciding, "+.1f")}
        row |= {key: cell(scored[mix].macro_f1) for key, mix in (("b", asked.baseline), ("c", asked.candidate))}
        rows.append(row | {"said": Cell(said.word, family=said.family)})
    columns = [Column("one", "Classifier"), Column("b", capital(baseline), right=True)]
    columns += [Column("c", capital(candidate), right=True), Column("gap", "Gap", right=True)]
    title = (
        "The same question with every classifier: macro-F1, and the gap with the 90 % interval that decides. The "
        f"study's verdict is that of {asked.classifier}."
    )
    return Table([*columns, Column("said", "Verdict by it alone")], rows, title)


def confusions(task: Findings, classifier: str) -> Table:
    candidate, baseline = task.names
    rows = [{**vars(one)} for one in task.confusions(classifier)]
    columns = [Column("label", "Label"), Column("said", "Taken for"), Column("baseline", baseline, form=".1f")]
    columns += [Column("candidate", candidate, form=".1f"), Column("texts", "out of", form=",d")]
    title = (
        f"Mistakes that {classifier} makes more often with {candidate} than with {baseline}: test texts, the mean over "
        "seeds."
    )
    return Table(columns, rows, title)


def questions(tasks: Sequence[Findings]) -> Table:
    """The five questions on each source."""
    rows: list[dict[str, Any]] = [
        {"task": task.title, "set": mix_cell(mix)}
        | {
            question.key: Cell(one.word or one.value, ", ".join(filter(None, [one.word and one.value, one.interval])))
            for question, one in zip(trust.QUESTIONS, answers, strict=True)
        }
        for task in tasks
        if task.diversity
        for mix, answers in trust.answers(task.diversity).items()
    ]
    columns = [*([Column("task", "Task")] if len(tasks) > 1 else []), Column("set", "Texts")]
    columns += [Column(one.key, one.asks, right=True) for one in trust.QUESTIONS]
    title = (
        "Yes: not clearly worse than other real texts, whose row shows what a perfect source would get. Realistic: how "
        "often a classifier can tell the texts from real ones (50 % is a coin toss). Varied: how many wholly different "
        "texts would be as varied. Covers: the share of real texts that are like a text of the source. Original: the "
        "share of texts that are no near copy of a real training text. Right labels: the share of texts to which a "
        "classifier trained on real ones gives the same label. With 95 % intervals."
    )
    return Table(columns, rows, title)


def measures(task: Findings) -> Table:
    """All measures of the sets; of a task without real texts those that need none."""
    assert task.diversity is not None
    sets = {mix: found.measures for mix, found in task.diversity.sets.items() if found.measures}
    rows: list[dict[str, Any]] = []
    for measure in MEASURES:
        if task.scored or measure.alone:
            row: dict[str, Any] = {"measure": Cell(measure.title, measure.meaning)}
            for mix, taken in sets.items():
                if (one := taken.get(measure.key)) and one.value is not None:
                    ends = [measure.show(end) for end in (one.low, one.high) if end is not None]
                    row[mix] = Cell(measure.show(one.value), " to ".join(ends), one.value)
            rows.append(row)
    about = (
        f"Measured on {task.diversity.texts:,} texts per set. Measures that depend on length or label use "
        f"{task.diversity.matched_texts:,} matched texts. The column “real” is other real texts: what a perfect set "
        "would get. 95 % intervals."
        if task.scored
        else "Without real texts beside them these figures have no reference: they compare prompts, or LLMs."
    )
    return Table([Column("measure", "Measure"), *(Column(mix, name(mix), right=True) for mix in sets)], rows, about)


def drops(made: Mapping[str, GeneratedSet]) -> Table:
    """What became of the texts of each source."""
    totals = {source: found.total for source, found in made.items()}
    reasons = dict.fromkeys(reason for total in totals.values() for reason in total.dropped)
    lines = {"asked for": {source: total.requested for source, total in totals.items()}}
    lines |= {"received": {source: total.received for source, total in totals.items()}}
    lines |= {
        f"dropped: {why}": {source: total.dropped.get(why, 0) for source, total in totals.items()} for why in reasons
    }
    lines |= {"kept": {source: total.accepted for source, total in totals.items()}}
    rows = [{"what": what} | counts for what, counts in lines.items() if sum(counts.values())]
    columns = [Column("what", "Texts"), *(Column(source, name(source), form=",d") for source in made)]
    title = (
        "What became of the texts. Each is dropped for the first reason that holds. Contamination: too much like a "
        "test or validation text. Surplus: the label had enough texts without it."
    )
    return Table(columns, rows, title)


def clear_cut(task: Findings) -> Table:
    """How often an LLM that sees a text alone gives it its own label, by label and set."""
    sets = task.clear_cut
    rows: list[dict[str, Any]] = [{"label": "all"} | {mix: cell(one.share) for mix, one in sets.items()}]
    rows += [
        {"label": label} | {mix: cell(one.labels.get(label)) for mix, one in sets.items()}
        for label in task.evaluated.labels
    ]
    title = (
        "The share of texts, in %, to which an LLM that saw the text alone gave the label that they have, with "
        "Wilson's 95 % interval. Where generated texts are clear and real ones are not, the hard cases are missing."
    )
    return Table([Column("label", "Label"), *(Column(mix, name(mix), right=True) for mix in sets)], rows, title)


def agreement(tasks: Iterable[Findings]) -> Table:
    """How far the annotators of each task agree."""
    rows = [
        {
            "task": task.title,
            "who": f"{about.annotators or ''} {WHO[who]}".strip(),
            "texts": about.items,
            "agree": cell(about.mean_agreement, ".2f", 1),
            "alpha": cell(about.alpha, ".2f", 1),
        }
        for task in tasks
        for who, about in task.annotated.items()
    ]
    columns = [Column("task", "Task"), Column("who", "Annotators"), Column("texts", "Texts", form=",d")]
    columns += [Column("agree", "Agreement", right=True), Column("alpha", "α", right=True)]
    title = (
        "How far annotators give the same label to the same test text, with 95 % intervals. Agreement: the mean share "
        "of annotators behind a text's most frequent label. α: Krippendorff's, 0 is chance and 1 is full agreement."
    )
    return Table(columns, rows, title)


def judged(found: Ranking, who: Who, tasks: Iterable[Findings]) -> Table:
    """The tasks by how subjective they are, from paired comparisons."""
    rows = [
        {"task": task.title, "stars": score.stars}
        | {"score": cell(score.subjectivity, "+.2f", 1), "rank": cell(score.rank, ".0f", 1)}
        for task in tasks
        if (score := found.tasks.get(task.task))
    ]
    columns = [Column("task", "Task"), Column("score", "Subjectivity", right=True), Column("rank", "Rank", right=True)]
    title = (
        f"Which task is more objective? {found.judgements:,} paired comparisons by {found.judges:,} {WHO[who]}, as "
        f"Bradley–Terry scores of subjectivity with 95 % intervals; rank 1 of {len(found.tasks)} is the most objective."
    )
    title += f" LLM personas: {ONE_LLM}." if who == "llm" else ""
    return Table([*columns, Column("stars", "Stars (of 5)", form="d")], rows, title)


def slopes(found: Iterable[Slope], classifier: str) -> Table:
    """Whether the accuracy of a classifier rises with the agreement of annotators."""
    rows = [
        {
            "task": one.task,
            "who": WHO[one.who],
            "mix": mix_cell(one.mix),
            "slope": cell(one.curve.slope, "+.2f", 1),
            "beyond": cell(one.curve.steeper_than_real, "+.2f", 1),
            "r": one.curve.r_squared,
            "rho": one.curve.spearman,
        }
        for one in found
        if one.curve.slope.low is not None
    ]
    columns = [Column("task", "Task"), Column("who", "Annotators"), Column("mix", "Trained on")]
    columns += [Column("slope", "Slope", right=True), Column("beyond", "Beyond real", right=True)]
    title = (
        f"Does the accuracy of {classifier} rise with agreement? Slope: log-odds of a right answer for 0.1 more "
        "agreement, over single texts, with its 95 % interval; beyond real: how much steeper than with real texts. R² "
        "and ρ (Spearman's) are over nested thresholds, which flatters them."
    )
    return Table([*columns, Column("r", "R²", form=".2f"), Column("rho", "ρ", form=".2f")], rows, title)
