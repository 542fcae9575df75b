"""What the stage `prepare` did to a task's real texts: `metrics/prepare/<task>.json`."""

from __future__ import annotations

from pyrite.base import paths
from pyrite.base.schema import Result, read_result


class Preparation(Result):
    """How many texts were read, dropped (by reason), kept, and are in each split (by label).

    `pool`: training rows that few-shot prompts may show. `judged`: texts that people judged, by so many `judgements`;
    `test_mean_agreement`: of these people on the test rows.
    """

    task: str
    read: int
    dropped: dict[str, int]
    kept: int
    rows: dict[str, dict[str, int]]
    pool: int
    judged: int
    judgements: int
    test_mean_agreement: float | None = None

    def texts(self, split: str) -> int:
        return sum(self.rows.get(split, {}).values())


def load(task: str) -> Preparation:
    """What `prepare` wrote of a task.

    Raises:
        PyriteError: the file is missing, or another version of Pyrite wrote it.
    """
    return read_result(paths.metrics("prepare", task), Preparation)
