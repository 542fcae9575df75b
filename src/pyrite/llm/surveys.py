"""Surveys of a study: what its LLM has said of test rows and of pairs of tasks, and what it is still to be asked."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyrite import params
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, sheets, texts
from pyrite.data.formats.rows import Row
from pyrite.llm import annotators, runner
from pyrite.llm.annotators import Question, Survey
from pyrite.llm.runner import DialogueJob, DialogueResult

Result = DialogueResult[Question]
# (item, annotator, label); None for a label that can't be read.
Label = tuple[str, str, str | None]


@dataclass(frozen=True)
class Inquiry:
    """What the study's LLM has said of a task's test rows, and what it is still to be asked.

    Attributes:
        recorded: the rows of the recording: item, annotator, label.
        survey: every question that the recording leaves, answered in the store or not.
    """

    recorded: list[tuple[Row, list[str]]]
    survey: Survey

    def labels(self, results: Iterable[Result]) -> list[Label]:
        """What the recording does not have of questions that were answered."""
        known = {(item, annotator) for _, (item, annotator, _) in self.recorded}
        return [(item, by, label) for item, by, label in labels(self.survey, results) if (item, by) not in known]


def labels(survey: Survey, results: Iterable[Result]) -> list[Label]:
    """The labels of questions that were answered."""
    return [
        (item, question.annotator, label)
        for question, *_ in results
        if question.answers
        for item, label in zip(question.about, survey.read_all(question), strict=True)
    ]


def of_task(task: str, test: Mapping[str, str] | None = None) -> Inquiry:
    """What is recorded of a task, and the questions about its first test rows that are not.

    An item that a recording has from others than the personas of `tasks/annotators.yaml` is not asked about. Which
    items share a question depends on nothing else, so that its answers are found again whatever is recorded since.

    Args:
        test: the texts of the test rows by id, where they are not the prepared ones.
    """
    p = params.load()
    asking, card, roles = p.asking(p.annotate.llm), cards.load(task), annotators.load()
    test = test_rows(task) if test is None else test
    recorded = sheets.recorded(paths.recorded_annotations(task), sheets.ANNOTATIONS, asking.llm.model)
    known = {(item, annotator) for _, (item, annotator, _) in recorded}
    by_others = {item for item, annotator in known if annotator not in roles.personas}
    texts = {item: text for item, text in itertools.islice(test.items(), p.annotate.items) if item not in by_others}
    survey = annotators.labels(card, texts, asking, roles, roles.personas)
    survey.questions = [
        question
        for question in survey.questions
        if not known.issuperset((item, question.annotator) for item in question.about)
    ]
    return Inquiry(recorded, survey)


def of_pairs() -> Survey:
    """The questions about pairs of the study's tasks that the recording does not answer."""
    p, roles = params.load(), annotators.load()
    asking = p.asking(p.annotate.llm)
    recorded = sheets.recorded(paths.pairs("llm"), sheets.PAIRS, asking.llm.model)
    known = {(annotator, frozenset(pair)) for _, (annotator, *pair, _) in recorded}
    by_others = {pair for annotator, pair in known if annotator not in roles.personas}
    survey = annotators.pairs(described(), asking, roles)
    survey.questions = [
        question
        for question in survey.questions
        if (pair := frozenset(question.about)) not in by_others and (question.annotator, pair) not in known
    ]
    return survey


def ask(survey: Survey) -> list[Result]:
    """The questions with their answers, as far as there are some; the endpoint is asked where the study says so."""
    if not survey.questions:
        return []
    with runner.mode(survey.p, survey.task, survey.answers) as hold:
        return hold(_jobs(survey), survey)


def look(survey: Survey) -> list[Result]:
    """The questions with the answers that the store has, and whether they still wait for one."""
    return runner.look(_jobs(survey), survey)


def _jobs(survey: Survey) -> list[DialogueJob[Question]]:
    return [DialogueJob(question, annotators.TRIES) for question in survey.questions]


def record(task: str) -> int:
    """Add the labels that the store has to the task's recording, for git to share; how many there are new ones.

    A label that can't be read is a row without one: it was asked for, and is not asked for again.
    """
    inquiry = of_task(task)
    results = look(inquiry.survey)
    # Of what still waits for its second answer, only what can be read is settled.
    unsettled = {(item, question.annotator) for question, waits, _ in results if waits for item in question.about}
    rows = [
        (item, annotator, label or "", inquiry.survey.p.llm.model)
        for item, annotator, label in inquiry.labels(results)
        if label is not None or (item, annotator) not in unsettled
    ]
    if rows:
        sheets.add(paths.recorded_annotations(task), (*sheets.ANNOTATIONS, sheets.MODEL), rows)
    return len(rows)


def test_rows(task: str) -> dict[str, str]:
    """The texts of the test rows by id, in the order of their ids."""
    prepared = texts.read(paths.prepared(task))
    test = prepared[prepared["split"] == "test"].sort_values("id")
    return dict(zip(test["id"], test["text"], strict=True))


def described() -> dict[str, str]:
    """What judges of pairs are told of each task of the study.

    Raises:
        PyriteError: the study has one task only.
    """
    tasks = params.load().tasks
    if len(tasks) < 2:
        raise PyriteError(f"{paths.PARAMS}: tasks: there is one task, and a pair takes two: name more")
    return {task: annotators.describe(cards.load(task), _examples(task)) for task in tasks}


def _examples(task: str) -> dict[str, str]:
    """One real training text of each label, that with the lowest id, which is at random."""
    prepared = texts.read(paths.prepared(task))
    train = prepared[prepared["split"] == "train"].sort_values("id")
    return dict(train.groupby("label")["text"].first())
