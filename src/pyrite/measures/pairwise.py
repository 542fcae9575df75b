"""Paired comparisons: which of two tasks is more objective, and the scores of all that follow."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from pyrite.base.schema import Result
from pyrite.data import sheets
from pyrite.measures import agreement, intervals
from pyrite.measures.agreement import Agreement
from pyrite.measures.intervals import Estimate, Floats

# Weight of the sum of squared scores. It keeps the score of a task that won every comparison finite, and moves the
# others little: the standard deviation of the prior is 3.2, a preference of 96 to 4.
PENALTY = 0.05

STARS = 5


class TaskRank(Result):
    """How subjective a task is, its rank from the most objective one, and stars, 1 to 5."""

    subjectivity: Estimate
    rank: Estimate
    stars: int


class Ranking(Result):
    """The tasks that so many judges compared in pairs, and how far the judges of a pair agree."""

    judges: int
    judgements: int
    pairs: int
    agreement: Agreement
    tasks: dict[str, TaskRank]


def read(path: Path, model: str | None = None) -> pd.DataFrame:
    """The judgements of a CSV file with the columns of `sheets.PAIRS`. Rows without an answer are not filled in yet.

    Args:
        model: of a recording, the LLM whose judgements are meant; None: the file is people's, and all count.

    Raises:
        PyriteError: the file is broken, or a row compares a task with itself, names another task as more objective,
            has no annotator, or contradicts an earlier row of the same annotator.
    """
    judgements: dict[tuple[str, frozenset[str]], list[str]] = {}
    rows = sheets.read(path, sheets.PAIRS) if model is None else sheets.recorded(path, sheets.PAIRS, model)
    for row, values in rows:
        judge, first, second, answer = values
        if not answer:
            continue
        if first == second:
            raise row.mistake(f"'{first}' is compared with itself")
        if answer not in (first, second):
            raise row.mistake(f"more_objective is '{answer}', which is neither '{first}' nor '{second}'")
        if not judge:
            raise row.mistake("no annotator: give each person a name or number")
        if judgements.setdefault((judge, frozenset((first, second))), values)[3] != answer:
            raise row.mistake(f"{judge} already gave another answer for '{first}' and '{second}'")
    return pd.DataFrame(list(judgements.values()), columns=list(sheets.PAIRS))


def bradley_terry(wins: Floats) -> Floats:
    """Scores of T competitors, (..., T), with mean 0: P(i beats j) = 1 / (1 + exp(score j - score i)).

    Args:
        wins: (..., T, T), how often i beat j.

    Returns:
        The maximum of the log-likelihood minus `PENALTY` times the sum of squared scores, found by Newton's method.
    """
    games = wins + wins.swapaxes(-1, -2)
    scores: Floats = np.zeros(wins.shape[:-1])
    identity = np.eye(wins.shape[-1])
    for _ in range(100):
        expected = 1 / (1 + np.exp(scores[..., None, :] - scores[..., :, None]))
        gradient = (wins - games * expected).sum(-1) - 2 * PENALTY * scores
        weights = games * expected * (1 - expected)
        curvature = weights.sum(-1)[..., None] * identity - weights + 2 * PENALTY * identity
        # A bounded step: far from the maximum a whole one can overshoot.
        step = np.clip(np.linalg.solve(curvature, gradient[..., None])[..., 0], -2, 2)
        scores = scores + step
        if np.abs(step).max() < 1e-9:
            break
    return scores


def rank(judged: pd.DataFrame, resamples: int, rng: np.random.Generator) -> Ranking:
    """The tasks by their subjectivity, the negative score.

    Stars part the range of the scores evenly. Bootstrap samples are drawn from the pairs of tasks, each with all of its
    judgements: judges who think alike must not count as so many independent ones.
    """
    tasks = sorted({*judged["first"], *judged["second"]})
    number = {task: i for i, task in enumerate(tasks)}
    compared = [tuple(sorted(pair)) for pair in zip(judged["first"], judged["second"], strict=True)]
    answers = Counter(zip(compared, judged["more_objective"], strict=True))
    pairs = sorted(set(compared))
    # How many judges found the first and the second task of each pair more objective.
    votes = np.array([[answers[pair, task] for task in pair] for pair in pairs], dtype=float)
    wins = np.zeros((len(pairs), len(tasks), len(tasks)))
    for k, (i, j) in enumerate((number[first], number[second]) for first, second in pairs):
        wins[k, i, j], wins[k, j, i] = votes[k]

    def scores(times: Floats) -> Floats:
        drawn = (times @ wins.reshape(len(pairs), -1)).reshape(-1, len(tasks), len(tasks))
        # Losing a comparison of objectivity is winning one of subjectivity.
        return bradley_terry(drawn.swapaxes(-1, -2))

    def ranks(times: Floats) -> Floats:
        return scores(times).argsort(-1, kind="stable").argsort(-1, kind="stable").astype(np.float64) + 1

    seed = int(rng.integers(2**32))
    estimates = intervals.bootstrap_each(scores, len(pairs), resamples, np.random.default_rng(seed))
    places = intervals.bootstrap_each(ranks, len(pairs), resamples, np.random.default_rng(seed))
    values = np.array([estimate.value for estimate in estimates])
    width = np.ptp(values) or 1.0
    stars = np.minimum(1 + (STARS * (values - values.min()) / width).astype(int), STARS)
    return Ranking(
        judges=int(judged["annotator"].nunique()),
        judgements=len(judged),
        pairs=len(pairs),
        agreement=agreement.summary(votes, resamples, rng),
        tasks={
            task: TaskRank(subjectivity=estimates[i], rank=places[i], stars=int(stars[i])) for task, i in number.items()
        },
    )
