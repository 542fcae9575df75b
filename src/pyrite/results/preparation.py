"""What the stage `prepare` did to a task's real texts: `metrics/prepare/<task>.json`."""

from collections.abc import Mapping, Sequence

from pyrite.base.schema import StageResult
from pyrite.training.classifier import PACKAGED, Classifier


class Preparation(StageResult):
    """How many texts were read, dropped (by reason), kept, and are in each split (by label).

    `pool`: training rows that few-shot prompts may show. `judged`: texts that people judged, by so many `judgements`;
    `test_mean_agreement`: of these people on the test rows. `alike`: the share of pairs of unlike texts that MiniLM
    takes for copies, in English of none; `blind`: they are too many for anything that rests on MiniLM.
    """

    stage = "prepare"

    task: str
    read: int
    dropped: dict[str, int]
    kept: int
    rows: dict[str, dict[str, int]]
    pool: int
    judged: int
    judgements: int
    test_mean_agreement: float | None = None
    alike: float = 0.0
    blind: bool = False

    def texts(self, split: str) -> int:
        return sum(self.rows.get(split, {}).values())


def resting_on_minilm(classifiers: Mapping[str, Classifier]) -> tuple[str, ...]:
    """The classifiers whose encoder is MiniLM."""
    return tuple(name for name, classifier in classifiers.items() if getattr(classifier, "checkpoint", "") == PACKAGED)


def blind(alike: float, useless: Sequence[str]) -> str:
    """That MiniLM can't tell a task's texts apart, and which classifiers can't work then."""
    works = f" and the classifiers {', '.join(useless)} can't work" if useless else ""
    return (
        f"MiniLM can't tell these texts apart: {alike:.0%} of the pairs of unlike ones are copies to it. So checks and "
        f"measures by embeddings are off{works}: set train.classifiers.*.checkpoint in params.yaml to an encoder of "
        "the hub for many languages, such as FacebookAI/xlm-roberta-base, and compare.classifier to such a one."
    )
