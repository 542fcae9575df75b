"""Advice: the first thing that a reader sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT
from test_verdict import case, gap

from pyrite.base import schema
from pyrite.params import Imported, Params
from pyrite.results import advice
from pyrite.results.verdict import Case


def test_a_candidate_goes_by_its_kind_only_where_that_tells_it() -> None:
    study = schema.parse((ROOT / "params.yaml").read_text(), Path("params.yaml"), Params)
    kinds = {"few_shot": "written", "labelled": "labelled", "few_shot+labelled": "", "real+few_shot": "", "real": ""}
    assert {mix: advice.kind(study, mix) for mix in kinds} == kinds
    other = study.sources["zero_shot"].model_copy(update={"llm": "small"})
    two_llms = study.model_copy(update={"sources": study.sources | {"zero_shot": other}})
    assert advice.kind(two_llms, "few_shot") == ""
    assert advice.kind(two_llms, "labelled") == "labelled"
    made = {"vendor": Imported(kind="imported"), "other": Imported(kind="imported")}
    assert advice.kind(study.model_copy(update={"sources": made}), "vendor") == ""
    assert "Few-shot cost 2.0 points" in advice.headline(case(gap(-2.0, 1.0)), "", lambda name: name.replace("_", "-"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (case(gap(-5.6, 1.0), equal=gap(-0.5, 1.0)), "cost 5.6 points (0.5 against as many real texts), and"),
        (case(gap(-5.6, 1.0), equal=gap(0.7, 1.0)), "cost 5.6 points (but gain 0.7 against as many real texts), and"),
        (case(gap(-5.6, 1.0), equal=gap(0.0, 1.0)), "cost 5.6 points (nothing against as many real texts), and"),
        (case(gap(0.0, 1.0), equal=gap(0.9, 1.0)), "cost nothing (0.9 against as many real texts), and you allow 3."),
        (case(gap(1.2, 1.0), equal=gap(-2.0, 1.0)), "1.2 points higher than real (but lose 2.0 against as many"),
        (case(gap(-5.6, 1.0), equal=gap(-5.6, 1.0)), "cost 5.6 points, and you allow 3."),
        (case(gap(-5.6, 1.0)), "cost 5.6 points, and you allow 3."),
    ],
)
def test_the_gap_at_equal_size_is_in_the_same_breath(given: Case, words: str) -> None:
    assert words in advice.headline(given, "labelled")
