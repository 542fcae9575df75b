"""Texts once each, and the split of every row: each rule on rows made up here."""

from __future__ import annotations

from collections import Counter

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pyrite.data import splits, texts

row = st.tuples(
    st.sampled_from(["", " ", "a", "a ", "b", "b&amp;", "b&", "c", "d"]),
    st.sampled_from(["x", "y"]),
    st.sampled_from(texts.SPLITS),
)


@given(st.lists(row, max_size=12), st.booleans())
def test_clean_follows_the_rules_row_by_row(rows: list[tuple[str, str, str]], official: bool) -> None:
    if not official:
        rows = [(text, label, None) for text, label, _ in rows]  # type: ignore[misc]
    table, dropped = splits.clean(rows)
    groups: dict[str, list[tuple[str, str | None]]] = {}
    for text, label, side in rows:
        groups.setdefault(" ".join(text.replace("&amp;", "&").split()), []).append((label, side))
    expected, reasons = {}, Counter[str]()
    for text, members in groups.items():
        sides = [texts.SPLITS.index(side) if side else 0 for _, side in members]
        if not text:
            reasons["no_text"] += len(members)
        elif len({label for label, _ in members}) > 1:
            reasons["conflicting_label"] += len(members)
        else:
            expected[text] = (members[0][0], texts.SPLITS[max(sides)] if official else None)
            reasons["on_later_side"] += sum(side < max(sides) for side in sides)
            reasons["duplicate"] += sides.count(max(sides)) - 1
    kept = {text: (label, side if official else None) for _, text, label, side in table.itertuples(index=False)}
    assert kept == expected
    assert +dropped == +reasons
    assert table["id"].tolist() == sorted(texts.digest(text)[:16] for text in expected)


def table_of(sides: list[str | None], fractions: list[float]) -> pd.DataFrame:
    ids = [f"{int(fraction * 2**32):08x}{place:08x}" for place, fraction in enumerate(fractions)]
    return pd.DataFrame({"id": ids, "side": pd.Series(sides, dtype="str")})


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1))
def test_without_official_sides_fraction_0_decides(fractions: list[float]) -> None:
    sides = splits.split(table_of([None] * len(fractions), fractions)).tolist()
    of_ids = [int(fraction * 2**32) / 2**32 for fraction in fractions]
    assert sides == ["train" if f < 0.70 else "validation" if f < 0.75 else "test" for f in of_ids]


@given(st.lists(st.tuples(st.sampled_from(["train", "test"]), st.floats(0, 1, exclude_max=True)), min_size=1))
def test_without_official_validation_rows_some_training_rows_become_them(rows: list[tuple[str, float]]) -> None:
    sides, fractions = [side for side, _ in rows], [int(fraction * 2**32) / 2**32 for _, fraction in rows]
    assert splits.split(table_of(sides, fractions)).tolist() == [
        "validation" if side == "train" and fraction < 0.05 else side
        for side, fraction in zip(sides, fractions, strict=True)
    ]


def test_official_validation_rows_are_left_as_they_are() -> None:
    sides = ["train", "train", "validation", "test"]
    assert splits.split(table_of(sides, [0.01, 0.9, 0.01, 0.01])).tolist() == sides
