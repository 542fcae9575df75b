from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pyrite.data import folds, splits, texts

Table = Callable[..., pd.DataFrame]


@pytest.fixture
def prepared(table: Table) -> pd.DataFrame:
    """Real rows whose digests decide their splits; one label in seven is rare."""
    frame = table([(f"text number {i}", "rare" if i % 7 == 0 else "common", "train") for i in range(400)])
    fraction = frame["id"].map(lambda i: texts.fraction(i, 0))
    frame["split"] = np.select([fraction < 0.70, fraction < 0.75], ["train", "validation"], "test")
    return frame


def test_folds_are_for_small_tasks_without_an_official_test_side(prepared: pd.DataFrame) -> None:
    assert [folds.count(prepared, choice) for choice in ("auto", "none", 7)] == [4, 0, 7]
    many = prepared.loc[np.resize(prepared.index, folds.MANY_ROWS)]
    assert [folds.count(many, choice) for choice in ("auto", 7)] == [0, 7]
    official = prepared.assign(split=["train", *["test"] * (len(prepared) - 1)])
    assert [folds.count(official, choice) for choice in ("auto", 7)] == [0, 0]


def test_every_row_outside_the_pool_is_tested_and_nothing_generated_may_repeat_it(prepared: pd.DataFrame) -> None:
    pool = texts.in_pool(prepared)
    assert 0 < pool.sum() < 60
    assert (folds.tested(prepared, "auto") == ~pool).all()
    assert set(folds.held_out(prepared, "auto")["id"]) == set(prepared.loc[~pool, "id"])
    assert (folds.tested(prepared, "none") == (prepared["split"] == "test")).all()
    assert set(folds.held_out(prepared, "none")["split"]) == {"validation", "test"}


def test_folds_have_the_same_share_of_each_label(prepared: pd.DataFrame) -> None:
    drawn = folds.draw(prepared, 4, seed=0)
    assert np.bincount(drawn).tolist() == [100, 100, 100, 100]
    for label in ("rare", "common"):
        of_label = np.bincount(drawn[(prepared["label"] == label).to_numpy()])
        assert of_label.max() - of_label.min() <= 1


def test_a_seed_draws_the_same_folds_in_any_order_of_rows_and_another_draws_others(prepared: pd.DataFrame) -> None:
    shuffled = prepared.sample(frac=1, random_state=0)
    by_id = dict(zip(prepared["id"], folds.draw(prepared, 4, 0), strict=True))
    assert dict(zip(shuffled["id"], folds.draw(shuffled, 4, 0), strict=True)) == by_id
    assert not np.array_equal(folds.draw(prepared, 4, 1), folds.draw(prepared, 4, 0))


def test_with_folds_two_rows_of_a_label_are_enough(table: Table) -> None:
    rows = table([(f"text {i}", "many", "train") for i in range(300)])
    few = table([("one", "two", "x"), ("other", "two", "x"), ("single", "one", "x")])
    whole = pd.concat([rows, few], ignore_index=True)
    whole["split"] = splits.split(whole.assign(side=None))
    assert folds.hopeless(whole, ["many", "two", "one", "none"], "auto") == {"one": "train", "none": "train"}
    one_split = whole.assign(split=whole["split"].mask(whole["label"] == "two", "test"))
    assert folds.hopeless(one_split, ["many", "two"], "none") == {"two": "train"}
    for seed in range(5):
        tested = whole[folds.tested(whole, "auto")]
        drawn = folds.draw(tested, 4, seed)[(tested["label"] == "two").to_numpy()]
        assert len(set(drawn)) == len(drawn) >= 1
