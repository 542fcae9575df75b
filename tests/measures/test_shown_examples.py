from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyrite.measures import shown_examples
from pyrite.measures.diversity import Texts

POOL, SHOWN = 40, 10


def texts(vectors: np.ndarray, words: list[str], **columns: object) -> Texts:
    frame = pd.DataFrame({"id": [f"{i:04x}" for i in range(len(words))], "text": words, "label": "day"})
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Texts(frame.assign(**columns), unit.astype(np.float32))


def made(copies: float, words: str = "a text") -> tuple[Texts, dict, Texts]:
    """Texts of twenty turns, that lie near a shown row with this chance, else near any row of the pool."""
    rng = np.random.default_rng(0)
    pool = texts(rng.normal(size=(POOL, 16)), ["a real text"] * POOL)
    showings, vectors, turns = {}, [], []
    for conversation in range(20):
        rows = rng.permutation(POOL)[:SHOWN]
        showings["day", conversation] = [[f"{row:04x}" for row in rows]]
        near = np.where(rng.random(20) < copies, rng.choice(rows, 20), rng.integers(POOL, size=20))
        vectors.append(pool.vectors[near] + 0.1 * rng.normal(size=(20, 16)))
        turns += [conversation] * 20
    return texts(np.concatenate(vectors), [words] * 400, conversation=turns, turn=0), showings, pool


def test_texts_that_ignore_their_examples_are_as_often_nearer_to_unshown_rows() -> None:
    repeats = shown_examples.repeats(*made(0.0), np.random.default_rng(1))
    assert repeats.texts == 400
    assert repeats.nearer.low < 0.5 < repeats.nearer.high


def test_texts_that_lie_near_their_examples_show_it() -> None:
    share = shown_examples.repeats(*made(0.5), np.random.default_rng(1)).nearer
    # Half lie at a shown row; of the others a quarter lies at a shown row, a quarter at a drawn unshown one, ...
    assert share.value == pytest.approx(0.75, abs=0.06)
    assert share.low > 0.6


@pytest.mark.parametrize(
    ("kind", "item", "written"),
    [
        ("e-mail addresses", "Jo.Doe@mail.example", "jo.doe@mail.example"),
        ("phone numbers", "+1 (555) 010-4477", "1-555-010-4477"),
        ("long numbers", "84120955", "84120955"),
        ("names", "Ada Quillfeather", "ADA QUILLFEATHER"),
    ],
)
def test_an_item_of_a_shown_row_that_comes_back_is_found(kind: str, item: str, written: str) -> None:
    corpus, showings, pool = made(0.0)
    shown = showings["day", 0][0][0]
    pool.frame.loc[pool.frame["id"] == shown, "text"] = f"call {item} now"
    corpus.frame.loc[3, "text"] = f"please reach {written}"
    # The same in a conversation that was not shown this row is chance, not repetition.
    unshown = next(c for c in range(20) if shown not in showings["day", c][0])
    corpus.frame.loc[20 * unshown, "text"] = f"please reach {written}"
    back = shown_examples.repeats(corpus, showings, pool, np.random.default_rng(1)).returned
    assert back[kind].pairs == (("0003", shown),)
    assert back[kind].shown == 1
    assert all(back[other].shown == 0 for other in back if other != kind)


def test_a_row_that_is_shown_later_is_not_yet_repeated() -> None:
    corpus, showings, pool = made(0.0)
    late = next(i for i in pool.frame["id"] if i not in showings["day", 0][0])
    showings["day", 0].append([late])
    pool.frame.loc[pool.frame["id"] == late, "text"] = "call 84120955"
    corpus.frame.loc[[3, 4], "text"] = "reach 84120955"
    corpus.frame.loc[4, "turn"] = 1
    back = shown_examples.repeats(corpus, showings, pool, np.random.default_rng(1)).returned["long numbers"]
    assert back.pairs == (("0004", late),)


def test_without_unshown_rows_nothing_is_compared() -> None:
    corpus, showings, pool = made(0.0)
    every = {key: [pool.frame["id"].tolist()] for key in showings}
    repeats = shown_examples.repeats(corpus, every, pool, np.random.default_rng(1))
    assert (repeats.texts, repeats.nearer.value) == (0, None)


def test_plain_numbers_and_words_are_no_items() -> None:
    text = "In 2024, 3 of 12 said: the price is 1,200 dollars. Then he left."
    assert all(not find(text) for find in shown_examples.ITEMS.values())
