"""The first screen of a study of many tasks: what is said of all of them together, by one classifier."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyrite.results import statements, verdict
from pyrite.results.page import advice, claims, score_charts, what_if
from pyrite.results.page.drawing import Figure
from pyrite.results.page.findings import Findings, Verdict, typographic
from pyrite.results.prices import money
from pyrite.results.study import total
from pyrite.results.verdict import Case
from pyrite.results.words import fixed, name

# So many tasks are named where others say something else.
NAMED = 3


@dataclass(frozen=True)
class Overall:
    """What a classifier says of all tasks; `chips` are (what, words), `counts` the tasks by (family, word)."""

    verdict: Verdict
    next_step: str
    why: str
    chips: list[tuple[str, str]]
    counts: Counter[tuple[str, str]]
    strip: list[what_if.Row]
    gaps: Figure


def read(tasks: Sequence[Findings]) -> dict[str, Overall]:
    """By each classifier that has a verdict in all of several tasks."""
    if len(tasks) < 2:
        return {}
    classifiers = [by for by in tasks[0].study.train.classifiers if all(by in task.verdicts for task in tasks)]
    cases_by = {by: [task.case(by) for task in tasks] for by in classifiers}
    verdicts = {by: Verdict.of(verdict.over_tasks(cases), tasks[0].kind) for by, cases in cases_by.items()}
    return {
        by: Overall(
            verdict=verdicts[by],
            next_step=next_step(tasks, by, cases),
            why=why(tasks, cases),
            chips=chips(tasks, by, cases, verdicts),
            counts=Counter((task.verdicts[by].family, task.verdicts[by].word) for task in tasks),
            strip=what_if.of_tasks(tasks, by),
            gaps=score_charts.gaps(tasks, by),
        )
        for by, cases in cases_by.items()
    }


def next_step(tasks: Sequence[Findings], classifier: str, cases: Sequence[Case]) -> str:
    """What to do next on a task like these, and where some of them say something else."""
    mean = verdict.over_tasks(cases)
    like: dict[str, list[str]] = {}
    for task, case in zip(tasks, cases, strict=True):
        if verdict.decide(case) not in (verdict.decide(mean), verdict.CANT_TELL):
            like.setdefault(task.verdicts[classifier].word, []).append(task.title)
    but = [
        f"If your task is like {' or '.join(titles[:NAMED])}{' or ...' if len(titles) > NAMED else ''}: {word}."
        for word, titles in like.items()
    ]
    return typographic(" ".join([advice.next_step(mean, None, name), *but, "Each task below has its own next step."]))


def why(tasks: Sequence[Findings], cases: Sequence[Case]) -> str:
    """What the gap comes from: the number of texts, and the tasks that lose most and least."""
    mean = verdict.over_tasks(cases)
    least, most = sorted(range(len(cases)), key=lambda place: cases[place].gap.value)[:: len(cases) - 1]
    ends = [f"{fixed(100 * cases[place].gap.value, '+.1f')} in {tasks[place].title}" for place in (least, most)]
    return typographic(f"{statements.at_equal_size(mean, name)} The gap goes from {' to '.join(ends)}.")


def chips(
    tasks: Sequence[Findings], classifier: str, cases: Sequence[Case], verdicts: Mapping[str, Verdict]
) -> list[tuple[str, str]]:
    """How sure the verdict is, what the other classifiers say, the LLM itself, and costs."""
    sure = f"{advice.how_sure(verdict.over_tasks(cases))} on these tasks"
    if sample := verdict.as_sample(cases):
        sure += f"; on tasks like them {advice.inside(sample.low, sample.high)}"
    entries = [("How sure", typographic(sure))]
    entries += claims.others(classifier, {by: own.word for by, own in verdicts.items()})
    llms = [task.evaluated.llm for task in tasks if task.evaluated.llm]
    beside = [llm.classifiers.get(classifier, {}).get(tasks[0].comparison.candidate) for llm in llms]
    leads = [scored.gap.macro_f1 for scored in beside if scored]
    better, worse = sum(lead.low > 0 for lead in leads), sum(lead.high < 0 for lead in leads)
    itself = f"the LLM itself is surely better in {better} of {len(leads)} tasks, surely worse in {worse}"
    entries.append(("Or skip training", itself if leads else "how well the LLM itself would label was not asked"))
    if tasks[0].sources:
        entries.append(("Cost of the texts", spent(tasks)))
    return entries


def spent(tasks: Sequence[Findings]) -> str:
    """What all tasks' generated sets cost."""
    generated = [task.generated[source] for task in tasks for source in task.sources]
    if (cost := total(task.price(source) for task in tasks for source in task.sources)) is not None:
        paid = all(made.total.cost_usd is not None for made in generated)
        return f"{'' if paid else 'about '}{money(cost)} for all tasks"
    if all(made.total.prompt_tokens is None for made in generated):
        return "not known: they come from recordings, and nothing was paid for this run"
    return "not known: of an LLM without a price in params.yaml; each task’s tokens are below"
