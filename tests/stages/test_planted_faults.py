"""A source with planted faults, beside one without: each fault is named by the measure that should name it."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from pyrite.data import texts
from pyrite.measures.diversity import Texts
from pyrite.measures.shown_examples import Showings
from pyrite.results.diversity import Diversity
from pyrite.results.page import trust
from pyrite.stages import diversity

OF_LABEL = {label: [f"{label}{n}" for n in range(40)] for label in ("day", "night")}
COMMON = [f"common{n}" for n in range(60)]
PHONE = "+1 555 010-4477"
CONVERSATIONS, TURNS, PER_TURN, SHOWN = 4, 5, 5, 3


def embed(written: list[str]) -> np.ndarray:
    """The sum of a random vector for each word: texts with the same words lie near each other."""

    def vector(word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.encode())).normal(size=384)

    vectors = np.array([sum(vector(word) for word in text.split()) for text in written])
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def sentence(rng: np.random.Generator, label: str) -> str:
    return " ".join(rng.permutation([*rng.choice(OF_LABEL[label], 4), *rng.choice(COMMON, 5)]))


def table(frame: pd.DataFrame) -> Texts:
    frame = frame.assign(id=[texts.digest(f"{n} {text}")[:16] for n, text in enumerate(frame["text"])])
    return Texts(frame, embed(frame["text"].tolist()))


class Planted(NamedTuple):
    measured: Diversity
    source: pd.DataFrame
    copied: str
    shown: str


@pytest.fixture(scope="module")
def planted() -> Planted:
    rng = np.random.default_rng(0)
    labels = ["day", "night"] * 400
    real = pd.DataFrame({"text": [sentence(rng, label) for label in labels], "label": labels})
    real = table(real.assign(split=["train"] * 600 + ["test"] * 200))
    pool = real.frame[texts.in_pool(real.frame)]
    showings: Showings = {
        (label, c): [rng.permutation(pool.loc[pool["label"] == label, "id"])[:SHOWN].tolist() for _ in range(TURNS)]
        for label in OF_LABEL
        for c in range(CONVERSATIONS)
    }
    # A number in a row that the first conversation on days had shown at once.
    shown = showings["day", 0][0][0]
    real.frame.loc[real.frame["id"] == shown, "text"] += f" call {PHONE}"
    rows = [(*talk, turn) for talk in showings for turn in range(TURNS) for _ in range(PER_TURN)]
    clean = pd.DataFrame(rows, columns=["label", "conversation", "turn"])
    clean["text"] = [sentence(rng, label) for label in clean["label"]]
    faulty = clean.assign(fault="")
    faulty.loc[10:21, "text"] = [f"one of the best {' '.join(OF_LABEL['day'][n : n + 5])}" for n in range(12)]
    faulty.loc[10:21, "fault"] = "template"
    faulty.loc[1, "text"] += f" ring {PHONE}"
    copied = showings["night", 0][0][0]
    night = faulty.index[faulty["label"] == "night"]
    faulty.loc[night[0], "text"] = real.frame.loc[real.frame["id"] == copied, "text"].iloc[0]
    wrong = night[5 : 5 + len(faulty) // 10]
    faulty.loc[wrong, "text"] = [sentence(rng, "day") for _ in wrong]
    faulty.loc[wrong, "fault"] = "wrong"
    faulty.loc[faulty["label"] == "day", "text"] += " glimmering"
    sets = {"clean": table(clean), "faulty": table(faulty)}
    _, measured = diversity.beside_real("sky", real, sets, 200, 0.8)
    scrutiny = diversity.scrutinise(real, sets, dict.fromkeys(sets, showings))
    return Planted(measured.model_copy(update={"scrutiny": scrutiny}), sets["faulty"].frame, copied, shown)


def test_a_repeated_template_is_named(planted: Planted) -> None:
    template = set(planted.source.loc[planted.source["fault"] == "template", "id"])
    repeated = planted.measured.scrutiny["faulty"].telling.repeated
    assert {text.id for text in repeated} | {text.twin for text in repeated} <= template
    habits = planted.measured.scrutiny["faulty"].given_away.labels["day"]
    assert {habit.feature for habit in habits if habit.z > 0} & {"one", "of", "the", "best"}
    assert planted.measured.of("faulty", "vendi").high < planted.measured.of("clean", "vendi").low


def test_a_copied_row_is_named_with_the_row(planted: Planted) -> None:
    first = planted.measured.scrutiny["faulty"].telling.copied[0]
    assert first.real == planted.copied and first.value == pytest.approx(1, abs=1e-6)
    assert planted.measured.of("faulty", "original").value < planted.measured.of("clean", "original").value == 1


def test_a_number_that_comes_back_is_named_with_the_row(planted: Planted) -> None:
    back = planted.measured.scrutiny["faulty"].repeats.returned["phone numbers"]
    assert back.pairs == ((planted.source["id"].iloc[1], planted.shown),)
    [line] = trust.repeats(planted.measured, ["clean", "faulty"], str)
    assert line.startswith("faulty repeats what it was shown") and "real phone numbers come back in 1 of" in line


def test_wrong_labels_are_named_and_counted(planted: Planted) -> None:
    wrong = set(planted.source.loc[planted.source["fault"] == "wrong", "id"])
    untrue = planted.measured.scrutiny["faulty"].telling.untrue
    assert {text.id for text in untrue} <= wrong and {text.said for text in untrue} == {"day"}
    lost = planted.measured.of("clean", "faithfulness").value - planted.measured.of("faulty", "faithfulness").value
    assert lost == pytest.approx(0.10, abs=0.05)
    answers = trust.answers(planted.measured)
    right = [question.key for question in trust.QUESTIONS].index("faithfulness")
    assert (answers["clean"][right].word, answers["faulty"][right].word) == (trust.YES, trust.LESS)


def test_a_leaking_word_is_named_with_its_label(planted: Planted) -> None:
    first = planted.measured.scrutiny["faulty"].given_away.leaks[0]
    assert (first.label, first.feature) == ("day", "glimmering")


def test_a_source_without_faults_is_not_accused(planted: Planted) -> None:
    clean = planted.measured.scrutiny["clean"]
    assert clean.given_away.leaks == ()
    assert sum(map(len, clean.given_away.labels.values())) <= 1
    assert all(back.shown == 0 for back in clean.repeats.returned.values())
    assert clean.repeats.nearer.low < 0.5 < clean.repeats.nearer.high
