"""Advice: the first thing that a reader sees."""

from __future__ import annotations

import pytest
from conftest import ROOT
from test_verdict import case, gap

from pyrite.base import schema
from pyrite.params import Imported, Params
from pyrite.results import statements
from pyrite.results.page import advice
from pyrite.results.verdict import Case


def test_a_candidate_goes_by_its_kind_only_where_that_tells_it() -> None:
    study = schema.load(ROOT / "params.yaml", Params)
    kinds = {"few_shot": "written", "labelled": "labelled", "few_shot+labelled": "", "real+few_shot": "", "real": ""}
    assert {mix: advice.kind(study, mix) for mix in kinds} == kinds
    small = study.sources["zero_shot"].model_copy(update={"llm": "small"})
    two_llms = study.model_copy(update={"sources": study.sources | {"zero_shot": small}})
    assert advice.kind(two_llms, "few_shot") == ""
    assert advice.kind(two_llms, "labelled") == "labelled"
    imported = {"vendor": Imported(kind="imported"), "other": Imported(kind="imported")}
    assert advice.kind(study.model_copy(update={"sources": imported}), "vendor") == ""
    assert "Few-shot cost 2.0 points" in advice.headline(case(gap(-2.0, 1.0)), "", lambda name: name.replace("_", "-"))


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (case(gap(-5.6, 1.0)), "cost 5.6 points, and you allow 3."),
        (case(gap(0.0, 1.0)), "cost nothing, and you allow 3."),
        (case(gap(1.2, 1.0)), "score 1.2 points higher than real."),
    ],
)
def test_the_headline_has_the_gap_and_what_it_is_compared_with(case: Case, words: str) -> None:
    assert advice.headline(case, "labelled").endswith(words)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (
            case(gap(-5.6, 1.0), equal=gap(-0.5, 1.0), equal_rows=1542),
            "(1,542 texts), few_shot scores 0.5 points lower than real (90 %: -1.0 to +0.0). The rest of the gap",
        ),
        (
            case(gap(-5.6, 1.0), equal=gap(0.7, 1.0)),
            "At equal size, few_shot scores 0.7 points higher than real (90 %: +0.2 to +1.2). The gap comes",
        ),
        (case(gap(-5.6, 1.0), equal=gap(0.0, 1.0)), "scores the same as real (90 %: -0.5 to +0.5)"),
        (case(gap(-5.6, 1.0), equal=gap(-5.6, 1.0)), ""),
        (case(gap(-5.6, 1.0)), ""),
    ],
)
def test_the_gap_at_equal_size_is_said_where_it_is_another_one(case: Case, words: str) -> None:
    sentence = statements.at_equal_size(case)
    assert words in sentence and bool(sentence) == bool(words)


def test_a_verdict_is_a_word_that_says_what_to_do() -> None:
    assert [advice.word(case(gap(value, 1.0)), "labelled") for value in (-5.6, -3.0, 0.0)] == [
        "label",
        "can't tell",
        "let the LLM label",
    ]
