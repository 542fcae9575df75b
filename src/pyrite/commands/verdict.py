"""`pyrite verdict` and `pyrite table`: what the last run found, from the metrics files alone."""

from dataclasses import asdict, replace
from json import dumps
from typing import Any

from rich.console import Console
from rich.text import Text

from pyrite.base import paths
from pyrite.base.console import screen
from pyrite.data import mixes
from pyrite.params import Params
from pyrite.results import frontier, options, statements, tables, verdict
from pyrite.results.diversity import Diversity
from pyrite.results.page import advice, next_steps, remarks, trust
from pyrite.results.study import Study, TaskMetrics
from pyrite.results.table import Cell, Table
from pyrite.results.verdict import AUGMENT, CANT_TELL, DONT, REPLACE, Case

# Those of the page, as light as a dark and a light terminal both can show.
COLOURS = {REPLACE: "#d2691e", AUGMENT: "#2e9e78", DONT: "#3a86d0", CANT_TELL: "#8b949e"}


def run(json: bool) -> None:
    """Print the verdict of every task, for people or as JSON."""
    if json:
        print(dumps(as_json(), indent=2))
    else:
        show(screen())


def run_tables(json: bool) -> None:
    """Print the paper's tables, for people or as JSON: by name, each a list of rows."""
    both = tables.both([task.evaluated for task in Study.load().scored])
    if json:
        print(dumps({name: table.shown() for name, table in both.items()}, indent=2))
        return
    console = screen()
    for table in both.values():
        console.print()
        table.print(console)


def as_json() -> dict[str, Any]:
    """The verdict of every task and over all of them, for a program; gaps, margins and errors in [0, 1]."""
    study = Study.load()

    def described(case: Case) -> dict[str, Any]:
        gaps = {"gap": case.gap, "gain": case.gain, "equal": case.equal}
        values = asdict(case) | {name: gap and gap.model_dump() for name, gap in gaps.items()}
        answers = {"in_place": verdict.in_place(case), "on_top": verdict.on_top(case)}
        about = {"verdict": verdict.decide(case), "close_call": verdict.is_close(case), **answers}
        return about | {"sentence": statements.sentence(case), **values}

    tasks = [
        {"task": task.task, "classifier": task.comparison.classifier, **described(case), "remarks": _remarks(task)}
        | {"why": statements.at_equal_size(case), "advice": _advice(task, case)}
        | {"cheapest": frontier.sentence(frontier.find(task))}
        for task, case in zip(study.scored, study.cases, strict=True)
    ]
    tasks += [{"task": task.task, "verdict": CANT_TELL, "remarks": remarks.unscored(task)} for task in study.unscored]
    return {
        "tasks": tasks,
        "overall": described(study.overall) if study.overall else None,
        "options": [
            {"candidate": option.candidate, "origin": option.origin, "macro_f1": option.score, "verdict": option.word}
            for option in options.of(study)
        ],
        "between": options.between(study),
    }


def _remarks(task: TaskMetrics) -> list[str]:
    """What else there is to say of a task: how far another run of the LLM would move its gap, and whether the candidate
    repeats what its prompts showed."""
    classifier = task.comparison.classifier
    repeated = trust.repeats(Diversity.find(task.task), task.sources, str)
    sentences = [remarks.generation(task, classifier), *remarks.remarks(task, classifier), *repeated]
    return [words for words in sentences if words]


def show(console: Console) -> None:
    """Print the answer first, then what it rests on, task by task."""
    study = Study.load()
    comparison = study.params.compare
    if len(study.cases) > 1 and study.overall:
        _answer(console, study.overall, study.params)
        console.print(f"Next: {advice.next_step(study.overall, None, mixes.spoken)}")
        console.print(f"How sure: {' '.join(statements.over_tasks(study.cases))}")
        if same := statements.at_equal_size(study.overall):
            console.print(f"Why: {same}")
    for task, case in zip(study.scored, study.cases, strict=True):
        if len(study.cases) > 1:
            console.print(Text(f"\n{task.task}", style="bold"))
        _answer(console, case, study.params)
        step, *steps = _advice(task, case)
        console.print(f"Next: {step}")
        console.print(f"How sure: {statements.capital(statements.reason(case))}")
        if same := statements.at_equal_size(case):
            console.print(f"Why: {same}")
        console.print()
        table = tables.of_task(task)
        bold = [number for number, row in enumerate(table.rows) if row["Trained on"] == comparison.candidate]
        table.print(console, bold)
        if len(task.evaluated.classifiers) > 1:
            console.print()
            _print_classifiers(console, task, study.params)
        console.print()
        questions = statements.two_questions(case, task.same_texts(comparison.candidate))
        for words in filter(None, [remarks.too_like(task.generated), *questions, *_remarks(task)]):
            console.print(f"- {words}", markup=False)
        bought = frontier.find(task)
        console.print()
        frontier.table(bought).print(console)
        console.print(frontier.sentence(bought))
        if steps:
            console.print("\nWhat else to do:")
        for words in steps:
            console.print(f"- {words}", markup=False)
    for task in study.unscored:
        console.print()
        console.print(Text(task.task, style="bold"))
        for words in remarks.unscored(task):
            console.print(words)
    if len(comparison.candidates) > 1 and study.scored:
        console.print()
        table, cases = options.table(study), [option.case for option in options.of(study)]
        # 80 columns have no room for where the texts come from.
        shown = [column for column in table.columns if column.key != "origin"]
        rows = [row | {"verdict": _word(case, study.params)} for row, case in zip(table.rows, cases, strict=True)]
        styles = {_word(case, study.params): COLOURS[verdict.decide(case)] for case in cases}
        replace(table, columns=shown, rows=rows).print(console, styles=styles)
        for words in options.between(study):
            console.print(words)
    page = paths.REPORT / "index.html"
    if page.exists():
        console.print(f"\nThe report: {page}")


def _advice(task: TaskMetrics, case: Case) -> list[str]:
    return [*next_steps.lines(task, case, frontier.find(task)), *next_steps.filtered(Diversity.find(task.task))]


def _answer(console: Console, case: Case, params: Params) -> None:
    kind = advice.kind(params, case.candidate)
    text = Text(advice.short(case, kind), style=f"bold {COLOURS[verdict.decide(case)]}")
    console.print(text + Text(f" {advice.headline(case, kind)}", style="bold"))


def _word(case: Case, params: Params) -> str:
    return advice.word(case, advice.kind(params, case.candidate))


def _print_classifiers(console: Console, task: TaskMetrics, params: Params) -> None:
    comparison, rows, styles = task.comparison, [], {}
    for name, result in task.evaluated.classifiers.items():
        if gap := task.gap(name):
            word = _word(task.case(name), params)
            styles[word] = COLOURS[verdict.decide(task.case(name))]
            scores = {mix: result.mixes[mix].macro_f1 for mix in (comparison.baseline, comparison.candidate)}
            row = {mix: Cell(statements.plus_minus(score)) for mix, score in scores.items()}
            rows.append({"Classifier": name, **row, "Gap": Cell(statements.plus_minus(gap, "+")), "Verdict": word})
    Table.of(rows).print(console, styles=styles)
