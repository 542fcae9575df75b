from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.base.errors import PyriteError
from pyrite.data import mixes, texts
from pyrite.data.mixes import Part


@pytest.fixture
def prepared(table: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return table([(f"text number {i}", "ab"[i % 2], "train") for i in range(300)])


@pytest.fixture
def synthetic(table: Callable[..., pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {
        "zero_shot": table([(f"zero {i}", "ab"[i % 2], "train") for i in range(40)]),
        "few_shot": table([(f"few {i}", "ab"[i % 2], "train") for i in range(60)]),
    }


def test_names_are_read() -> None:
    assert mixes.parse("real").parts == (Part("real", None),)
    assert mixes.parse("pool+few_shot@20").parts == (Part("pool", None), Part("few_shot", 20))
    assert mixes.parse("real@all").parts == (Part("real", "all"),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("real@50", ("real@50", "")),
        ("real@all", ("real@all", "")),
        ("real@50+few_shot", ("real@50", "few_shot")),
        ("real@50+few_shot@10+zero_shot", ("real@50", "few_shot@10+zero_shot")),
        ("real", None),
        ("real@equal", None),
        ("real+few_shot", None),
        ("pool+few_shot", None),
        ("pool@20", None),
    ],
)
def test_points_of_curves_are_known_by_their_name(name: str, expected: tuple[str, str] | None) -> None:
    assert mixes.parse(name).curve == expected
    assert (mixes.parse(name).curve is not None) == (expected is not None)


def test_a_point_of_a_mix_curve_adds_to_the_rows_of_the_learning_curve(prepared: pd.DataFrame, synthetic: dict) -> None:
    alone, mixed = (set(mixes.rows(mix, prepared, synthetic, 3)["id"]) for mix in ("real@50", "real@50+few_shot"))
    assert alone < mixed
    assert mixed - alone == set(synthetic["few_shot"]["id"])


@pytest.mark.parametrize("name", ["", "+", "real+", "real@", "real@0", "real@x", "Real", "real+real", "../real"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"mix|twice"):
        mixes.parse(name)


@given(st.text())
def test_any_name_is_read_or_refused(name: str) -> None:
    try:
        parts = mixes.parse(name).parts
    except ValueError:
        return
    spelt = "+".join(p.source + (f"@{p.rows}" if p.rows else "") for p in parts)
    assert spelt == name


def test_real_is_all_and_equal_is_the_smallest_set(prepared: pd.DataFrame, synthetic: dict) -> None:
    def size(mix: str, real: int = 300) -> int:
        return len(mixes.rows(mix, prepared.head(real), synthetic, 0))

    assert (size("real"), size("real@all"), size("few_shot")) == (300, 300, 60)
    assert (size("real@equal"), size("few_shot@equal"), size("zero_shot@equal")) == (40, 40, 40)
    assert (size("real@equal", real=25), size("few_shot@equal", real=25)) == (25, 25)


def test_a_mix_has_halves_where_all_of_its_generated_rows_are_in_it() -> None:
    assert mixes.parse("real@50+few_shot").halves == ("real@50+few_shot@even", "real@50+few_shot@odd")
    assert mixes.parse("few_shot+zero_shot").halves == ("few_shot@even+zero_shot@even", "few_shot@odd+zero_shot@odd")
    assert [mixes.parse(name).halves for name in ("real", "pool", "few_shot@20", "few_shot@equal")] == [()] * 4


def test_halves_are_the_rows_of_other_conversations(prepared: pd.DataFrame, synthetic: dict) -> None:
    numbered = synthetic | {"few_shot": synthetic["few_shot"].assign(conversation=[i // 2 % 3 for i in range(60)])}
    even, odd = (mixes.rows(half, prepared, numbered, 0) for half in mixes.parse("few_shot").halves)
    assert (len(even), len(odd)) == (40, 20)
    assert set(even["id"]) | set(odd["id"]) == set(numbered["few_shot"]["id"])
    assert mixes.has_halves("real+few_shot", numbered)
    # Not numbered, or a label has one conversation only.
    assert not mixes.has_halves("few_shot+zero_shot", numbered)
    by_label = numbered["few_shot"].assign(conversation=[i % 2 for i in range(60)])
    assert not mixes.has_halves("few_shot", {"few_shot": by_label})


def test_sizes_and_sources(prepared: pd.DataFrame, synthetic: dict) -> None:
    training = prepared[prepared["split"] == "train"]
    pool = set(training[texts.in_pool(training)]["id"])
    assert set(mixes.rows("pool", prepared, synthetic, 0)["id"]) == pool
    assert set(mixes.rows("real@all", prepared, synthetic, 0)["id"]) == set(training["id"])
    assert len(mixes.rows("pool+few_shot@10", prepared, synthetic, 0)) == len(pool) + 10


def test_samples_are_nested_within_a_seed_and_differ_between_seeds(prepared: pd.DataFrame, synthetic: dict) -> None:
    small, large, reseeded = (
        set(mixes.rows(mix, prepared, synthetic, seed)["id"])
        for mix, seed in (("real@50", 0), ("real@100", 0), ("real@50", 1))
    )
    assert small < large
    assert small != reseeded


def test_the_order_of_the_files_does_not_matter(prepared: pd.DataFrame, synthetic: dict) -> None:
    shuffled = prepared.sample(frac=1, random_state=0)
    for mix in ("real@50", "pool+few_shot"):
        pd.testing.assert_frame_equal(mixes.rows(mix, prepared, synthetic, 0), mixes.rows(mix, shuffled, synthetic, 0))


def test_a_text_that_is_real_and_generated_is_taken_once(prepared: pd.DataFrame, synthetic: dict) -> None:
    training = prepared[prepared["split"] == "train"]
    pool = training[texts.in_pool(training)]
    repeating = {"few_shot": pd.concat([synthetic["few_shot"], pool.head(3)])}
    assert mixes.rows("pool+few_shot", prepared, repeating, 0)["id"].is_unique


def test_more_rows_than_there_are_is_an_error(prepared: pd.DataFrame, synthetic: dict) -> None:
    with pytest.raises(PyriteError, match=r"asks for 9999 rows of real, which has 300"):
        mixes.rows("real@9999", prepared, synthetic, 0)


def test_an_unknown_source_is_an_error(prepared: pd.DataFrame, synthetic: dict) -> None:
    with pytest.raises(PyriteError, match="unknown source 'many_shot'"):
        mixes.rows("many_shot", prepared, synthetic, 0)
