from __future__ import annotations

import pytest

import metrics
from pyrite.results import tables
from pyrite.results.evaluation import TaskResult


def task(name: str, real: float, few: float) -> TaskResult:
    bert = metrics.classifier({"real": real, "few_shot": few, "pool": 0.4, "pool+few_shot": 0.5, "real@50": 0.6})
    # Trained on real rows only: no row of the table.
    return metrics.task(name, {"bert": bert, "other": metrics.classifier({"real": real})})


def test_scores_have_a_row_for_each_task_and_their_means() -> None:
    rows = tables.scores([task("pets", 0.9, 0.8), task("cars", 0.8, 0.5)]).shown()
    assert [(row["task"], row["classifier"]) for row in rows] == [
        ("pets", "bert"),
        ("cars", "bert"),
        ("mean of 2", "bert"),
    ]
    assert [row["real macro_f1"] for row in rows] == pytest.approx([90, 80, 85])
    assert [row["few_shot - real accuracy"] for row in rows] == pytest.approx([-10, -30, -20])
    assert len(tables.scores([task("pets", 0.9, 0.8)]).rows) == 1


def test_augmentation_has_the_pool_and_the_points_of_mix_curves() -> None:
    rows = tables.augmentation([task("pets", 0.9, 0.8)]).rows
    assert [(row["real rows"], row["added"]) for row in rows] == [("pool", "few_shot"), ("real@50", "few_shot")]
    assert [rows[0][key] for key in ("real", "generated", "both", "gain")] == pytest.approx([0.4, 0.8, 0.5, 0.1])
