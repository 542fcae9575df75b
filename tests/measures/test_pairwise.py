"""Bradley-Terry against `choix`, ranks, stars, and the sheets of judgements."""

from __future__ import annotations

from pathlib import Path

import choix
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.base.errors import PyriteError
from pyrite.data import sheets
from pyrite.measures import pairwise

GAMES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda pair: pair[0] != pair[1]), min_size=1)


@given(GAMES)
def test_bradley_terry_is_that_of_choix(games: list[tuple[int, int]]) -> None:
    wins = np.zeros((5, 5))
    for winner, loser in games:
        wins[winner, loser] += 1
    expected = choix.opt_pairwise(5, games, alpha=pairwise.PENALTY, tol=1e-12)
    np.testing.assert_allclose(pairwise.bradley_terry(wins), expected - expected.mean(), atol=1e-5)


def test_several_samples_at_once_are_each_alone() -> None:
    wins = np.random.default_rng(0).integers(0, 9, size=(3, 4, 4)).astype(float)
    wins[:, range(4), range(4)] = 0
    for sample, scores in zip(wins, pairwise.bradley_terry(wins), strict=True):
        np.testing.assert_allclose(scores, pairwise.bradley_terry(sample), atol=1e-8)


def judged(votes: dict[tuple[str, str], int], judges: int = 10) -> pd.DataFrame:
    """The first of each pair is more objective for so many of the judges."""
    rows = [
        (f"p{k}", first, second, first if k < wins else second)
        for (first, second), wins in votes.items()
        for k in range(judges)
    ]
    return pd.DataFrame(rows, columns=list(sheets.PAIRS))


def test_scores_ranks_and_stars_go_from_objective_to_subjective() -> None:
    votes = {("a", "b"): 9, ("a", "c"): 10, ("b", "c"): 8, ("c", "d"): 9, ("a", "d"): 10, ("b", "d"): 10}
    ranking = pairwise.rank(judged(votes), 200, np.random.default_rng(0))
    scores = [ranking.tasks[task].subjectivity.value for task in "abcd"]
    assert scores == sorted(scores)
    assert [ranking.tasks[task].rank.value for task in "abcd"] == [1, 2, 3, 4]
    assert [ranking.tasks[task].stars for task in "ad"] == [1, 5]
    assert (ranking.judges, ranking.judgements, ranking.pairs) == (10, 60, 6)
    assert ranking.agreement.mean_agreement.value == pytest.approx(56 / 60)


def test_the_order_of_a_pair_does_not_matter() -> None:
    table = judged({("a", "b"): 7, ("b", "c"): 6})
    turned = table.rename(columns={"first": "second", "second": "first"})
    rng = np.random.default_rng
    assert pairwise.rank(table, 100, rng(0)) == pairwise.rank(turned, 100, rng(0))


def test_more_judges_of_one_mind_do_not_narrow_the_interval() -> None:
    def width(judges: int) -> float:
        # Two tasks of five win half of their comparisons, whoever judges.
        names = "abcde"
        table = judged(
            {(x, y): judges * ((i + j) % 2) for i, x in enumerate(names) for j, y in enumerate(names) if i < j}, judges
        )
        score = pairwise.rank(table, 500, np.random.default_rng(0)).tasks["a"].subjectivity
        return score.high - score.low

    assert width(40) > 0.9 * width(4)


def test_a_lone_comparison_and_an_even_one() -> None:
    ranking = pairwise.rank(judged({("a", "b"): 5}), 100, np.random.default_rng(0))
    assert ranking.tasks["a"].subjectivity.value == pytest.approx(0)
    assert ranking.tasks["a"].stars == 1


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["annotator,first,second,more_objective", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_sheet_is_read_and_what_is_not_filled_in_left_out(tmp_path: Path) -> None:
    judgements = pairwise.read(write(tmp_path / "pairs.csv", "p1,a,b,a", "p1,a,c,", "p1,b,a,a", "p2, a ,b,b"))
    assert judgements.to_numpy().tolist() == [["p1", "a", "b", "a"], ["p2", "a", "b", "b"]]


def test_of_a_recording_the_judgements_of_one_llm_count(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("annotator,first,second,more_objective,model\np,a,b,a,m\np,a,b,b,other\np,a,c,,m\n")
    assert pairwise.read(path, "m").to_numpy().tolist() == [["p", "a", "b", "a"]]
    assert pairwise.read(path, "other").to_numpy().tolist() == [["p", "a", "b", "b"]]
    assert pairwise.read(path, "nobody").empty


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("p1,a,b,c", "'c', which is neither 'a' nor 'b'"),
        ("p1,a,a,a", "compared with itself"),
        (",a,b,a", "no annotator"),
        ("p0,y,x,y", "p0 already gave another answer"),
        ("p1,a,b", "3 fields, not 4"),
        ('p1,"a,b,a', "broken CSV"),
    ],
)
def test_a_mistake_in_a_sheet_is_one_line_with_its_row(tmp_path: Path, row: str, problem: str) -> None:
    path = write(tmp_path / "pairs.csv", "p0,x,y,x", row)
    with pytest.raises(PyriteError, match=r"^[^\n]*pairs\.csv: row 3: ") as caught:
        pairwise.read(path)
    assert problem in str(caught.value)


def test_a_sheet_needs_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("annotator,first,second\np1,a,b\n", encoding="utf-8")
    with pytest.raises(PyriteError, match="no column more_objective"):
        pairwise.read(path)
