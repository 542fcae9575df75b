"""What gives texts away, against the formula worked out word by word, and on texts with one planted difference."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pyrite.measures import giveaways
from pyrite.measures.giveaways import LISTED, NUMBER, PRIOR, given_away

WORDS = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


def table(texts: list[str], labels: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"{i:04x}" for i in range(len(texts))], "text": texts, "label": labels})


def random_texts(seed: int, n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return table([" ".join(rng.choice(WORDS, 6)) for _ in range(n)], ["day", "night"] * (n // 2))


def by_hand(word: str, texts: list[str], others: list[str]) -> tuple[float, float]:
    """Monroe et al.'s log-odds ratio and z of one word, text by text."""
    having = [sum(word in text.split() for text in side) for side in (texts, others)]
    lacking = [sum(word not in text.split() for text in side) for side in (texts, others)]
    share = sum(having) / (len(texts) + len(others))
    odds = [(having[side] + PRIOR * share) / (lacking[side] + PRIOR * (1 - share)) for side in (0, 1)]
    ratio = math.log(odds[0]) - math.log(odds[1])
    cells = [having[side] + PRIOR * share for side in (0, 1)] + [lacking[side] + PRIOR * (1 - share) for side in (0, 1)]
    return ratio, ratio / math.sqrt(sum(1 / cell for cell in cells))


def test_log_odds_are_those_of_the_formula() -> None:
    real, source = random_texts(0), random_texts(1)
    source["text"] = [f"{text} wordz" if i % 3 else text for i, text in enumerate(source["text"])]
    listed = given_away(real, {"made": source})["made"].labels["night"]
    night = [frame.loc[frame["label"] == "night", "text"].tolist() for frame in (source, real)]
    [planted] = [giveaway for giveaway in listed if giveaway.kind == "word" and giveaway.z > 0]
    assert planted.feature == "wordz"
    assert (planted.log_odds, planted.z) == pytest.approx(by_hand("wordz", *night))
    assert (planted.texts, planted.of) == (sum("wordz" in text.split() for text in night[0]), 100)
    assert planted.real_texts == sum("wordz" in text.split() for text in night[1])


def test_texts_that_differ_by_chance_alone_give_little_away() -> None:
    sources = [given_away(random_texts(seed), {"made": random_texts(seed + 50)})["made"] for seed in range(20)]
    listed = sum(len(of_label) for source in sources for of_label in source.labels.values())
    assert listed <= 3
    assert sum(len(source.leaks) for source in sources) <= 2


@pytest.mark.parametrize(
    ("change", "kind", "feature"),
    [
        (lambda text: f"{text}!", "punctuation", "! at the end"),
        (lambda text: text.title(), "casing", "every long word with a capital"),
        (lambda text: f"{text} {text} {text}", "length", "16 to 31 words"),
        (lambda text: f"{text} 1984", "word", NUMBER),
    ],
)
def test_a_habit_of_any_kind_is_named_with_texts_of_both_sides(change, kind: str, feature: str) -> None:
    real, source = random_texts(0), random_texts(1)
    source["text"] = source["text"].map(change)
    for of_label in given_away(real, {"made": source})["made"].labels.values():
        [planted] = [giveaway for giveaway in of_label if (giveaway.kind, giveaway.feature) == (kind, feature)]
        assert (planted.texts, planted.of, planted.real_texts) == (100, 100, 0)
        assert len(planted.ids) == giveaways.NAMED and planted.real_ids == ()


def test_what_nearly_all_texts_have_gives_nothing_away() -> None:
    real, source = random_texts(0, 400), random_texts(1)
    source["text"] += " the"
    real.loc[3:, "text"] += " the"
    made = given_away(real, {"made": source})["made"]
    assert not [giveaway for of_label in made.labels.values() for giveaway in of_label if giveaway.feature == "the"]


def test_a_word_that_tells_its_label_is_a_leak_only_where_real_texts_have_none() -> None:
    real, source = random_texts(0), random_texts(1)
    day = source["label"] == "day"
    source.loc[day, "text"] += " sunny"
    [leak] = given_away(real, {"made": source})["made"].leaks
    assert (leak.label, leak.feature, leak.texts, leak.of, leak.real_texts) == ("day", "sunny", 100, 100, 0)
    assert set(leak.ids) <= set(source.loc[day, "id"])
    real.loc[real["label"] == "day", "text"] += " sunny"
    assert given_away(real, {"made": source})["made"].leaks == ()


def test_without_real_texts_leaks_alone_are_named() -> None:
    source = random_texts(1)
    source.loc[source["label"] == "day", "text"] += " sunny"
    made = given_away(source.head(0), {"made": source})["made"]
    assert made.labels == {}
    assert [leak.feature for leak in made.leaks] == ["sunny"]


def test_what_is_listed_is_bounded_and_rare_words_stay_out() -> None:
    real, source = random_texts(0), random_texts(1)
    source["text"] = [f"{text} {' '.join(w.upper() + '1x' for w in WORDS)} !?;" for text in source["text"]]
    real.loc[: giveaways.LEAST - 2, "text"] += " secretname"
    listed = given_away(real, {"made": source})["made"].labels["day"]
    assert len(listed) <= 2 * LISTED
    assert "secretname" not in [giveaway.feature for giveaway in listed]
