from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from pyrite.measures import llm_baseline

LABELS = ["cat", "dog"]
IDS = np.array([f"{i:03}" for i in range(30)])


def annotations(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["item", "annotator", "label", "source"])


def by_personas(count: int, items: np.ndarray = IDS) -> list[tuple[str, str, str, str]]:
    return [(i, f"p{p}", LABELS[(int(i) + p) % 2], "llm") for p in range(count) for i in items]


def test_rows_that_every_persona_labelled_count() -> None:
    # A person's answers and a row that only one persona labelled say nothing of the LLM as it is called.
    table = annotations(*by_personas(2, IDS[5:]), ("000", "p0", "cat", "llm"), ("001", "ann", "dog", "human"))
    answers = llm_baseline.answers(table, IDS[::-1], LABELS)
    assert answers is not None
    rows, codes = answers
    assert IDS[::-1][rows].tolist() == IDS[5:][::-1].tolist()
    assert codes.shape == (2, 25)
    assert [LABELS[code] for code in codes[1]] == [LABELS[(int(i) + 1) % 2] for i in IDS[::-1][rows]]


def test_of_personas_with_rows_of_their_own_the_set_with_the_most_rows_counts() -> None:
    since = [(item, f"asked {persona}", label, source) for item, persona, label, source in by_personas(2, IDS[8:])]
    answers = llm_baseline.answers(annotations(*by_personas(3, IDS[:8]), *since), IDS, LABELS)
    assert answers is not None
    rows, codes = answers
    assert IDS[rows].tolist() == IDS[8:].tolist()
    assert codes.shape == (2, 22)


@pytest.mark.parametrize("table", [annotations(), annotations(*by_personas(2, IDS[:19]))])
def test_too_few_rows_say_nothing(table: pd.DataFrame) -> None:
    assert llm_baseline.answers(table, IDS, LABELS) is None


def test_scores_are_scikit_learns_on_those_rows() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(3, size=60)
    answered = np.where(rng.random((5, 60)) < 0.9, gold, rng.integers(3, size=(5, 60)))
    predicted = np.where(rng.random((3, 60)) < 0.4, gold, rng.integers(3, size=(3, 60)))
    scores = llm_baseline.against(gold, answered, {"tfidf": {"real": predicted}}, 3, 300)
    assert (scores.rows, scores.personas) == (60, 5)
    assert scores.accuracy.value == pytest.approx(np.mean([accuracy_score(gold, codes) for codes in answered]))
    expected = np.mean([f1_score(gold, codes, average="macro") for codes in answered])
    assert scores.macro_f1.value == pytest.approx(expected)
    entry = scores.classifiers["tfidf"]["real"]
    assert entry.accuracy.value == pytest.approx(np.mean([accuracy_score(gold, codes) for codes in predicted]))
    gap = entry.gap.macro_f1
    assert gap.value == pytest.approx(scores.macro_f1.value - entry.macro_f1.value)
    assert 0 < gap.low < gap.value < gap.high


def test_the_llm_beside_itself_has_no_gap() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=40)
    answered = np.where(rng.random(40) < 0.8, gold, 1 - gold)[None].repeat(3, axis=0)
    scores = llm_baseline.against(gold, answered, {"x": {"real": answered[:2]}}, 2, 300)
    gap = scores.classifiers["x"]["real"].gap.accuracy
    assert (gap.value, gap.low, gap.high) == pytest.approx((0, 0, 0), abs=1e-6)
