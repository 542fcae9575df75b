from __future__ import annotations

import pytest

from pyrite.measures import intervals
from pyrite.measures.giveaways import GivenAway
from pyrite.measures.intervals import Estimate
from pyrite.measures.shown_examples import Repeats, Returned
from pyrite.results.diversity import Diversity, Scrutiny, SetDiversity
from pyrite.results.page import trust

NOTHING = GivenAway(labels={}, leaks=())


def measured(own: tuple[float, float], real: tuple[float, float], key: str, scrutiny: bool = True) -> Diversity:
    sets = {
        name: SetDiversity(measures={key: Estimate(value=sum(ends) / 2, low=ends[0], high=ends[1])})
        for name, ends in (("real", real), ("few_shot", own))
    }
    written = {"few_shot" if scrutiny else "zero_shot": Scrutiny(given_away=NOTHING)}
    return Diversity(task="sky", texts=9, sets=sets, map_variance=(0, 0), left_out={}, scrutiny=written)


@pytest.mark.parametrize(
    ("key", "own", "real", "word"),
    [
        ("c2st", (0.60, 0.70), (0.45, 0.55), trust.LESS),
        ("c2st", (0.54, 0.70), (0.45, 0.55), trust.YES),
        ("coverage", (0.60, 0.70), (0.75, 0.95), trust.LESS),
        ("coverage", (0.60, 0.76), (0.75, 0.95), trust.YES),
        ("vendi", (90, 99), (10, 20), trust.YES),
    ],
)
def test_a_source_is_less_than_real_only_where_its_interval_says_so(key: str, own, real, word: str) -> None:
    place = [question.key for question in trust.QUESTIONS].index(key)
    answers = trust.answers(measured(own, real, key))
    assert list(answers) == ["few_shot", "real"]
    assert answers["few_shot"][place].word == word
    assert answers["real"][place].word == ""
    assert answers["few_shot"][place - 1].word == trust.UNKNOWN


def test_real_texts_that_an_llm_labelled_are_no_copies() -> None:
    place = [question.key for question in trust.QUESTIONS].index("original")
    answers = trust.answers(measured((0.0, 0.1), (0.8, 0.9), "original", scrutiny=False))
    assert answers["few_shot"][place].word == trust.REAL


def repeating(hits: int, **back: tuple[int, int]) -> list[str]:
    returned = {kind.replace("_", " "): Returned(shown=n, unshown=m) for kind, (n, m) in back.items()}
    repeats = Repeats(texts=100, nearer=intervals.proportion(hits, 100), returned=returned)
    diversity = measured((0, 1), (0, 1), "c2st").model_copy(
        update={"scrutiny": {"few_shot": Scrutiny(given_away=NOTHING, repeats=repeats)}}
    )
    return trust.repeats(diversity, ["few_shot", "zero_shot"], str)


def test_a_source_that_repeats_what_it_was_shown_is_told_in_one_line() -> None:
    [line] = repeating(70, phone_numbers=(2, 0), long_numbers=(0, 0))
    assert "70.0 % of its texts (60.4 to 78.1)" in line
    assert "real phone numbers come back in 2 of its texts" in line and "long numbers" not in line


def test_chance_is_not_told() -> None:
    assert repeating(55, names=(9, 8)) == []
    assert trust.repeats(None, ["few_shot"], str) == []
    assert "names come back in 30" in repeating(55, names=(30, 8))[0]
