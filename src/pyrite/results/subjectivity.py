"""What the stage `subjectivity` finds of a study: `metrics/subjectivity.json`."""

from typing import Literal

from pyrite.base.schema import Result, StageResult
from pyrite.measures.agreement import Agreement
from pyrite.measures.agreement_curves import AgreementCurve
from pyrite.measures.intervals import Correlation, Estimate, Pooled
from pyrite.measures.pairwise import Ranking

# Who annotates or judges, and the two measures of a task's subjectivity that they give, in words.
Who = Literal["llm", "human"]
WHO: dict[Who, str] = {"llm": "LLM personas", "human": "people"}
Kind = Literal["pairs", "disagreement"]
KINDS: dict[Kind, str] = {
    "pairs": "paired comparisons of tasks by {who}",
    "disagreement": "disagreement of {who} on items",
}

ONE_LLM = "one LLM answering as several personas, not several people: it agrees with itself far more than people do"


class Annotated(Agreement):
    """How far annotators of one kind agree on a task's test items, and accuracy against that, by classifier and mix.

    Without numbers of annotators where the source of the data gives only a lower bound of each item's agreement.
    """

    items: int
    accuracy: dict[str, dict[str, AgreementCurve]]
    items_with_one_annotation: int = 0
    annotators: int | None = None
    annotations: int | None = None


class LlmAgainstPeople(Result):
    """Spearman's rho of both agreements over the items that both annotated, and their mean agreement there."""

    rho: Correlation
    items: int = 0
    llm: Estimate | None = None
    human: Estimate | None = None


class TaskSubjectivity(Result):
    """The annotations of a task, by who gave them."""

    annotated: dict[Who, Annotated]
    llm_against_people: LlmAgainstPeople | None = None


class TaskPoint(Result):
    """A task's subjectivity, and its gap: generated minus real, in macro-F1."""

    task: str
    subjectivity: float
    gap: float


class AgainstGap(Result):
    """A measure of the tasks' subjectivity against the gap of a classifier on a source of generated texts.

    A negative rho: the more subjective the task, the larger the loss.
    """

    kind: Kind
    who: Who
    classifier: str
    source: str
    rho: Correlation
    points: tuple[TaskPoint, ...]


class BeyondReal(Result):
    """By how much accuracy rises more steeply with agreement than that of real rows does, pooled over tasks.

    `holm`: its p-value, adjusted for the looks: all classifiers and sources by the same kind of annotators.
    """

    who: Who
    classifier: str
    source: str
    slope: Pooled
    holm: float | None = None


class Subjectivity(StageResult):
    """How subjective the tasks and their texts are. 95 % intervals: bootstrap over items, or pairs of tasks for ranks,
    the fits fixed; over tasks as a sample of tasks where slopes are pooled."""

    stage = "subjectivity"

    tasks: dict[str, TaskSubjectivity]
    pairs: dict[Who, Ranking]
    against_gap: tuple[AgainstGap, ...]
    beyond_real: tuple[BeyondReal, ...] = ()
