"""What people say of generated texts: how many labels are right, how many texts are of no use, how far people agree."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from pyrite.base.schema import Result
from pyrite.measures import agreement, intervals
from pyrite.measures.agreement import Agreement
from pyrite.measures.intervals import Estimate

# What a reviewer may say in place of a label: the text's own label is right; the text is of no use for any label.
ACCEPT, REJECT = "accept", "reject"


class Review(Result):
    """What reviewers say of the texts of a source.

    Attributes:
        precision: the share of texts whose own label is the one that most of their reviewers give, with Wilson's
            interval; `labels`: the same by label.
        rejected: the share that most reviewers reject.
        agreement: of the texts with two reviewers or more.
    """

    texts: int
    reviewers: int
    precision: Estimate
    labels: dict[str, Estimate]
    rejected: Estimate
    agreement: Agreement


def verdicts(own: Mapping[str, str], answers: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """By id, what each reviewer says: a label or `REJECT`. Answers (id, reviewer, answer) on others don't count."""
    by_text: dict[str, list[str]] = {}
    for i, _, answer in answers:
        if i in own:
            by_text.setdefault(i, []).append(own[i] if answer == ACCEPT else answer)
    return by_text


def most_say(answers: list[str]) -> str | None:
    """What more than half of the reviewers of a text say; None where there is no such thing."""
    answer, times = Counter(answers).most_common(1)[0]
    return answer if 2 * times > len(answers) else None


def review(
    own: Mapping[str, str], answers: list[tuple[str, str, str]], resamples: int, rng: np.random.Generator
) -> Review:
    """What people say of texts.

    Args:
        own: by id, the label that each text was written for.
        answers: (id, reviewer, answer); an answer is a label, `ACCEPT` or `REJECT`.
    """
    by_text = verdicts(own, answers)
    majority = {i: most_say(of_text) for i, of_text in by_text.items()}
    right = {i: answer == own[i] for i, answer in majority.items()}
    kinds = sorted({answer for of_text in by_text.values() for answer in of_text})
    counts = np.array([[of_text.count(kind) for kind in kinds] for of_text in by_text.values()], dtype=np.float64)
    return Review(
        texts=len(by_text),
        reviewers=len({reviewer for i, reviewer, _ in answers if i in own}),
        precision=intervals.proportion(sum(right.values()), len(by_text)),
        labels=intervals.proportions((own[i], hit) for i, hit in right.items()),
        rejected=intervals.proportion(sum(answer == REJECT for answer in majority.values()), len(by_text)),
        agreement=agreement.summary(counts.reshape(len(by_text), len(kinds)), resamples, rng),
    )
