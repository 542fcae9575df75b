"""The tables of the report, the same on the page and in REPORT.md. They show scores and gaps in points."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyrite.measures.diversity import MEASURES, Measure
from pyrite.measures.intervals import Estimate
from pyrite.measures.pairwise import Ranking
from pyrite.params import Params
from pyrite.results.generation import GeneratedSet
from pyrite.results.options import Option
from pyrite.results.page import advice, claims, trust
from pyrite.results.page.claims import Slope
from pyrite.results.page.findings import Findings, Verdict
from pyrite.results.prices import money
from pyrite.results.subjectivity import ONE_LLM, WHO, Who
from pyrite.results.table import Cell, Table
from pyrite.results.words import capital, cell, mix_cell, name, number_cell, worth_cell


def verdicts(tasks: Sequence[Findings], classifier: str) -> Table:
    """The verdict on the candidate in each task, the best first, by a classifier that has one in all of them."""
    comparison, (candidate, baseline) = tasks[0].comparison, tasks[0].names
    rows: list[dict[str, Any]] = []
    for task in sorted(tasks, key=lambda task: -task.case(classifier).gap.value):
        scored, gap = task.evaluated.classifiers[classifier].mixes, task.gap(classifier)
        worth = task.evaluated.worth(classifier, comparison.candidate)
        costs = [claims.spent(task, source)[0] for source in task.sources]
        rows.append(
            {
                "Task": task.title,
                "Verdict": _word(task.verdicts[classifier]),
                capital(baseline): number_cell(scored[comparison.baseline].macro_f1.value),
                capital(candidate): number_cell(scored[comparison.candidate].macro_f1.value),
                "Gap": gap and cell(gap.deciding, "+.1f"),
                "Equals labels": worth_cell(worth[1]) if worth else Cell("not known"),
                "Cost": Cell(", ".join(costs)),
            }
        )
    title = (
        f"{capital(candidate)} compared with {baseline} in each task, by {classifier}: macro-F1, the gap with the 90 % "
        "interval that decides, the number of real labels that it equals with the 95 % interval, and what the LLM's "
        "answers cost."
    )
    return Table.of(rows, title)


def _word(verdict: Verdict, below: str = "") -> Cell:
    return Cell(verdict.word, below, family=verdict.family)


def options(candidates: Sequence[Option], study: Params, classifier: str) -> Table:
    """All candidates by a classifier, the best first; means over the tasks where there are several."""
    rows = [
        {
            "Trained on": mix_cell(option.candidate),
            "Texts": option.rows,
            "Macro-F1": number_cell(option.score),
            "Gap": cell(option.case.gap.deciding, "+.1f"),
            "Verdict": _word(Verdict.of(option.case, advice.kind(study, option.candidate)), option.case.obstacle),
            "Equals labels": worth_cell(option.worth),
            "Cost": None if option.cost is None else Cell(money(option.cost)),
            "Where the texts come from": option.origin,
        }
        for option in candidates
    ]
    over = f", means over {candidates[0].tasks} tasks" if candidates[0].tasks > 1 else ""
    title = (
        f"The options by {classifier}{over}: macro-F1, and the gap to {name(study.compare.baseline)} with the 90 % "
        "interval that decides."
    )
    return Table.of(rows, title)


def scores(task: Findings, classifier: str, adjusted: Mapping[tuple[str, str, str], float]) -> Table:
    """Each main mix of a classifier; `adjusted` has the p-values over tasks, by task, classifier and mix."""
    result, (_, baseline) = task.evaluated.classifiers[classifier], task.names
    rows: list[dict[str, Any]] = []
    for mix in dict.fromkeys([*result.main, *(mix for mix in [task.comparison.baseline] if mix in result.mixes)]):
        score, gap, p = result.mixes[mix], task.gap(classifier, mix), adjusted.get((task.task, classifier, mix))
        row = {"Trained on": mix_cell(mix), "Texts": score.rows, "Macro-F1": cell(score.macro_f1)}
        row |= {"Accuracy": cell(score.accuracy), f"Gap to {baseline}": cell(gap, "+.1f")}
        row |= {"p": number_cell(p, ".3f", 1), "Smallest gap": gap and number_cell(gap.detectable)}
        rows.append(row | {"Equals labels": worth_cell(score.worth), "ECE": number_cell(score.calibration_error)})
    title = f"Scores of {classifier} on {task.evaluated.test_rows:,} real test texts, with 95 % intervals."
    about = (
        "Equals labels: the real labels that give the same score. p: permutation test, adjusted over tasks (Holm). "
        "Smallest gap: the smallest true gap that such a study would notice four times in five. ECE: how far its "
        "probabilities are off."
    )
    return Table.of(rows, title, about)


def classifiers(task: Findings) -> Table:
    """Baseline and candidate with every classifier, and the verdict by each alone."""
    comparison, (candidate, baseline) = task.comparison, task.names
    rows: list[dict[str, Any]] = []
    for classifier, verdict in task.verdicts.items():
        scored, gap = task.evaluated.classifiers[classifier].mixes, task.gap(classifier)
        row: dict[str, Any] = {"Classifier": classifier, capital(baseline): cell(scored[comparison.baseline].macro_f1)}
        row |= {capital(candidate): cell(scored[comparison.candidate].macro_f1)}
        rows.append(row | {"Gap": gap and cell(gap.deciding, "+.1f"), "Verdict by it alone": _word(verdict)})
    title = "The same question with every classifier: macro-F1, and the gap with the 90 % interval that decides."
    return Table.of(rows, title, f"The study's verdict is that of {comparison.classifier}.")


def confusions(task: Findings, classifier: str) -> Table:
    candidate, baseline = task.names
    rows: list[dict[str, Any]] = [
        {"Label": mistake.label, "Taken for": mistake.predicted, baseline: mistake.baseline}
        | {candidate: mistake.candidate, "out of": mistake.texts}
        for mistake in task.confusions(classifier)
    ]
    title = (
        f"Mistakes that {classifier} makes more often with {candidate} than with {baseline}: test texts, the mean over "
        "seeds."
    )
    return Table.of(rows, title)


def questions(tasks: Sequence[Findings]) -> Table:
    """The five questions on each source."""
    rows: list[dict[str, Any]] = [
        {**({"Task": task.title} if len(tasks) > 1 else {}), "Texts": mix_cell(mix)}
        | {
            question.asks: Cell(answer.word or answer.value, answer.shown if answer.word else answer.interval)
            for question, answer in zip(trust.QUESTIONS, answers, strict=True)
        }
        for task in tasks
        if task.diversity
        for mix, answers in trust.answers(task.diversity).items()
    ]
    title = "Yes: not clearly worse than other real texts, whose row shows what a perfect source would get."
    about = (
        "Realistic: how often a classifier can tell the texts from real ones (50 % is a coin toss). Varied: how many "
        "wholly different texts would be as varied. Covers: the share of real texts that are like a text of the "
        "source. Original: the share of texts that are no near copy of a real training text. Right labels: the share "
        "of texts to which a classifier trained on real ones gives the same label. With 95 % intervals."
    )
    return Table.of(rows, title, about)


def measures(task: Findings) -> Table:
    """All measures of the sets; of a task without real texts those that need none."""
    assert task.diversity is not None
    sets = {name(mix): of_set.measures for mix, of_set in task.diversity.sets.items() if of_set.measures}
    rows: list[dict[str, Any]] = [
        {"Measure": Cell(measure.title, measure.meaning)}
        | {mix: _value(measure, values) for mix, values in sets.items()}
        for measure in MEASURES
        if task.scored or measure.alone
    ]
    if not task.scored:
        title = "Without real texts beside them these figures have no reference: they compare prompts, or LLMs."
        return Table.of(rows, title)
    about = (
        f"Measures that depend on length or label use {task.diversity.matched_texts:,} matched texts. The column "
        "“real” is other real texts: what a perfect set would get. 95 % intervals."
    )
    return Table.of(rows, f"Measured on {task.diversity.texts:,} texts per set.", about)


def _value(measure: Measure, values: Mapping[str, Estimate]) -> Cell | None:
    if (estimate := values.get(measure.key)) is None or estimate.value is None:
        return None
    ends = [measure.show(end) for end in (estimate.low, estimate.high) if end is not None]
    return Cell(measure.show(estimate.value), " to ".join(ends), estimate.value)


def drops(generated: Mapping[str, GeneratedSet]) -> Table:
    """What became of the texts of each source."""
    totals = {name(source): of_source.total for source, of_source in generated.items()}
    reasons = dict.fromkeys(reason for total in totals.values() for reason in total.dropped)
    lines = {"asked for": {source: total.requested for source, total in totals.items()}}
    lines |= {"received": {source: total.received for source, total in totals.items()}}
    lines |= {
        f"dropped: {why}": {source: total.dropped.get(why, 0) for source, total in totals.items()} for why in reasons
    }
    lines |= {"kept": {source: total.accepted for source, total in totals.items()}}
    rows = [{"Texts": what, **counts} for what, counts in lines.items() if sum(counts.values())]
    about = "Contamination: too much like a test or validation text. Surplus: the label had enough texts without it."
    return Table.of(rows, "Each text is dropped for the first reason that holds.", about)


def clear_cut(task: Findings) -> Table:
    """How often an LLM that sees a text alone gives it its own label, by label and set."""
    sets = {name(mix): of_set for mix, of_set in task.clear_cut.items()}
    rows: list[dict[str, Any]] = [{"Label": "all"} | {mix: cell(of_set.share) for mix, of_set in sets.items()}]
    rows += [
        {"Label": label} | {mix: cell(of_set.labels.get(label)) for mix, of_set in sets.items()}
        for label in task.evaluated.labels
    ]
    title = (
        "The share of texts, in %, to which an LLM that saw the text alone gave the label that they have, with "
        "Wilson's 95 % interval."
    )
    about = "Where generated texts are clear and real ones are not, the hard cases are missing."
    return Table.of(rows, title, about)


def agreement(tasks: Iterable[Findings]) -> Table:
    """How far the annotators of each task agree."""
    rows = [
        {
            "Task": task.title,
            "Annotators": f"{about.annotators or ''} {WHO[who]}".strip(),
            "Texts": about.items,
            "Agreement": cell(about.mean_agreement, ".2f", 1),
            "α": cell(about.alpha, ".2f", 1),
        }
        for task in tasks
        for who, about in task.annotated.items()
    ]
    title = "How far annotators give the same label to the same test text, with 95 % intervals."
    about = (
        "Agreement: the mean share of annotators behind a text's most frequent label. α: Krippendorff's, 0 is chance "
        "and 1 is full agreement."
    )
    return Table.of(rows, title, about)


def judged(ranking: Ranking, who: Who, tasks: Iterable[Findings]) -> Table:
    """The tasks by how subjective they are, from paired comparisons."""
    rows: list[dict[str, Any]] = [
        {"Task": task.title, "Subjectivity": cell(score.subjectivity, "+.2f", 1)}
        | {"Rank": cell(score.rank, ".0f", 1), "Stars (of 5)": score.stars}
        for task in tasks
        if (score := ranking.tasks.get(task.task))
    ]
    title = (
        f"Which task is more objective? {ranking.judgements:,} paired comparisons by {ranking.judges:,} {WHO[who]}, "
        "as Bradley–Terry scores of subjectivity with 95 % intervals; "
        f"rank 1 of {len(ranking.tasks)} is the most objective."
    )
    return Table.of(rows, title, f"LLM personas: {ONE_LLM}." if who == "llm" else "")


def slopes(slopes: Iterable[Slope], classifier: str) -> Table:
    """Whether the accuracy of a classifier rises with the agreement of annotators."""
    rows = [
        {
            "Task": slope.task,
            "Annotators": WHO[slope.who],
            "Trained on": mix_cell(slope.mix),
            "Slope": cell(slope.curve.slope, "+.2f", 1),
            "Beyond real": cell(slope.curve.steeper_than_real, "+.2f", 1),
            "R²": number_cell(slope.curve.r_squared, ".2f", 1),
            "ρ": number_cell(slope.curve.spearman, ".2f", 1),
        }
        for slope in slopes
        if slope.curve.slope.low is not None
    ]
    about = (
        "Slope: log-odds of a right answer for 0.1 more agreement, over single texts, with its 95 % interval; beyond "
        "real: how much steeper than with real texts. R² and ρ (Spearman's) are over nested thresholds, which flatters "
        "them."
    )
    return Table.of(rows, f"Does the accuracy of {classifier} rise with agreement?", about)
