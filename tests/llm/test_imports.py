"""What of an imported set is kept, and what is only counted."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import Study

from pyrite import params
from pyrite.base import paths
from pyrite.data import cards, texts
from pyrite.llm import imports


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("a pear on a plate [fruit]", "fruit"),
        ("a pear on a plate (Fruit).", "fruit"),
        ("a pear on a plate #power_tool", "power tool"),
        ("a pear on a plate. Label: power tool", "power tool"),
        ("a pear on a plate - **fruit**", "fruit"),
        ("a pear on a plate | fruit", "fruit"),
        ("a pear on a plate\n\nFruit", "fruit"),
        ("a pear on a plate <label>power_tool</label>", "power tool"),
        ("a pear on a plate (sci/tech)", "Sci/Tech"),
        ("[Power Tool] a saw on a wall", "power tool"),
        ("Topic: fruit\na pear on a plate", "fruit"),
        ("**Fruit** a pear on a plate", "fruit"),
        ("fruit - a pear on a plate", "fruit"),
        ("fruit-like is a pear on a plate", ""),
        ("fruit is a pear on a plate", ""),
        ("a pear is a fruit", ""),
        ("a pear on a plate [vegetable]", ""),
        ("Fruit", "fruit"),
        ("", ""),
        ("x " * 50_000 + "[" * 50_000, ""),
    ],
)
def test_a_label_set_off_at_the_end_is_a_tag(text: str, label: str) -> None:
    tags = imports.tags(pd.Series([text, "an end"]), ["fruit", "power tool", "Sci/Tech", "-"])
    assert tags.tolist() == [label] * bool(label)


@pytest.mark.parametrize(
    ("form", "ends"),
    [
        ("{}", []),
        ("Classify this text: {} Label:", ["Classify thi"]),
        ("<|im_start|>{}<|im_end|>\n", ["<|im_start|>"]),
        ("{}\n\nAnswer with one word.", ["th one word."]),
    ],
)
def test_what_half_of_the_texts_begin_or_end_in_is_a_prompt(form: str, ends: list[str]) -> None:
    plain = [f"{n} is a number that was drawn for text {n}" for n in range(10)]
    mixed = pd.Series([*map(form.format, plain[:6]), *plain[6:], *plain[6:], *plain[6:]])
    assert imports.shared_ends(mixed) == ends
    assert imports.shared_ends(mixed[:9]) == []


@pytest.mark.parametrize("seeds", [None, [[], []]])
def test_a_set_without_a_known_label_has_no_rows(study: Study, seeds: object) -> None:
    study(provider="recorded")
    vendor = pd.DataFrame({"text": ["one", "two"], "label": ["x", "x"]})
    if seeds is not None:
        vendor["seeds"] = seeds
    checked = imports.check(cards.load("fruit"), vendor, texts.read(paths.prepared("fruit")), params.load())
    assert (len(checked.rows), checked.unknown_labels, checked.noticed) == (0, {"x": 2}, {})
    assert set(checked.rows.columns) == set(imports.CHECKED)
    assert checked.conversations("fruit", "vendor", "") == []
