"""The first screen of a study of many tasks: what is said of all of them together, by one classifier."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyrite.data import mixes
from pyrite.results import advice, claims, score_charts, statements, verdict, what_if
from pyrite.results.drawing import Figure
from pyrite.results.findings import Findings, Verdict, typographic
from pyrite.results.prices import money
from pyrite.results.study import total
from pyrite.results.verdict import Case
from pyrite.results.words import fixed, name

# So many tasks are named where others say something else.
NAMED = 3


@dataclass(frozen=True)
class Overall:
    """What a classifier says of all tasks; `chips` are (what, words), `counts` the tasks by (family, word)."""

    said: Verdict
    next_step: str
    why: str
    chips: list[tuple[str, str]]
    counts: Counter[tuple[str, str]]
    strip: list[what_if.Row]
    gaps: Figure


def read(tasks: Sequence[Findings]) -> dict[str, Overall]:
    """By each classifier that has a verdict in all of several tasks."""
    everywhere = [one for one in tasks[0].study.train.classifiers if all(one in task.verdicts for task in tasks)]
    cases = {one: [task.case(one) for task in tasks] for one in everywhere}
    said = {one: Verdict.of(verdict.over_tasks(found), tasks[0].kind) for one, found in cases.items()}
    return {
        one: Overall(
            said=said[one],
            next_step=next_step(tasks, one, found),
            why=why(tasks, found),
            chips=chips(tasks, one, found, said),
            counts=Counter((task.verdicts[one].family, task.verdicts[one].word) for task in tasks),
            strip=what_if.of_tasks(tasks, one),
            gaps=score_charts.gaps(tasks, one),
        )
        for one, found in (cases if len(tasks) > 1 else {}).items()
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
    ends = [f"{fixed(100 * cases[one].gap.value, '+.1f')} in {tasks[one].title}" for one in (least, most)]
    return typographic(f"{statements.at_equal_size(mean, name)} The gap goes from {' to '.join(ends)}.")


def chips(
    tasks: Sequence[Findings], classifier: str, cases: Sequence[Case], said: Mapping[str, Verdict]
) -> list[tuple[str, str]]:
    """How sure the verdict is, what the other classifiers say, the LLM itself, and costs."""
    sure = f"{advice.how_sure(verdict.over_tasks(cases))} on these tasks"
    if sample := verdict.as_sample(cases):
        sure += f"; on tasks like them {advice.inside(sample.low, sample.high)}"
    found = [("How sure", typographic(sure))]
    found += claims.others(classifier, {one: verdict.word for one, verdict in said.items()})
    llms = [task.evaluated.llm for task in tasks if task.evaluated.llm]
    beside = [llm.classifiers.get(classifier, {}).get(tasks[0].comparison.candidate) for llm in llms]
    leads = [one.gap.macro_f1 for one in beside if one]
    better, worse = sum(lead.low > 0 for lead in leads), sum(lead.high < 0 for lead in leads)
    itself = f"the LLM itself is surely better in {better} of {len(leads)} tasks, surely worse in {worse}"
    found.append(("Or skip training", itself if leads else "how well the LLM itself would label was not asked"))
    return (
        [*found, ("Cost of the texts", spent(tasks))] if mixes.parse(tasks[0].comparison.candidate).sources else found
    )


def spent(tasks: Sequence[Findings]) -> str:
    """What all tasks' generated sets cost."""
    sources = mixes.parse(tasks[0].comparison.candidate).sources
    made = [task.generated[source] for task in tasks for source in sources]
    if (cost := total(task.price(source) for task in tasks for source in sources)) is not None:
        paid = all(one.total.cost_usd is not None for one in made)
        return f"{'' if paid else 'about '}{money(cost)} for all tasks"
    if all(one.total.prompt_tokens is None for one in made):
        return "not known: they come from recordings, and nothing was paid for this run"
    return "not known: of an LLM without a price in params.yaml; each task’s tokens are below"
