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
from pyrite.results import trust
from pyrite.results.diversity import Diversity
from pyrite.stages import diversity

OF_LABEL = {label: [f"{label}{n}" for n in range(40)] for label in ("day", "night")}
COMMON = [f"common{n}" for n in range(60)]
PHONE = "+1 555 010-4477"
CONVERSATIONS, TURNS, PER_TURN, SHOWN = 4, 5, 5, 3


def embed(written: list[str]) -> np.ndarray:
    """The sum of a random vector for each word: texts with the same words lie near each other."""

    def of(word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.encode())).normal(size=384)

    vectors = np.array([sum(of(word) for word in text.split()) for text in written])
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def sentence(rng: np.random.Generator, label: str) -> str:
    return " ".join(rng.permutation([*rng.choice(OF_LABEL[label], 4), *rng.choice(COMMON, 5)]))


def table(frame: pd.DataFrame) -> Texts:
    frame = frame.assign(id=[texts.digest(f"{n} {text}")[:16] for n, text in enumerate(frame["text"])])
    return Texts(frame, embed(frame["text"].tolist()))


class Planted(NamedTuple):
    found: Diversity
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
    rows = [
        (label, c, turn)
        for label in OF_LABEL
        for c in range(CONVERSATIONS)
        for turn in range(TURNS)
        for _ in range(PER_TURN)
    ]
    clean = pd.DataFrame(rows, columns=["label", "conversation", "turn"])
    clean["text"] = [sentence(rng, label) for label in clean["label"]]
    faulty = clean.copy()
    faulty.loc[faulty.index[10:22], "text"] = [
        f"one of the best {' '.join(OF_LABEL['day'][n : n + 5])}" for n in range(12)
    ]
    faulty.loc[1, "text"] += f" ring {PHONE}"
    copied = showings["night", 0][0][0]
    night = faulty.index[faulty["label"] == "night"]
    faulty.loc[night[0], "text"] = real.frame.loc[real.frame["id"] == copied, "text"].iloc[0]
    wrong = night[5 : 5 + len(faulty) // 10]
    faulty.loc[wrong, "text"] = [sentence(rng, "day") for _ in wrong]
    faulty.loc[faulty["label"] == "day", "text"] += " glimmering"
    faulty["fault"] = ""
    faulty.loc[faulty.index[10:22], "fault"] = "template"
    faulty.loc[wrong, "fault"] = "wrong"
    sets = {"clean": table(clean), "faulty": table(faulty)}
    _, found = diversity.beside_real("sky", real, sets, 200, 0.8)
    scrutiny = diversity.scrutinise(real, sets, dict.fromkeys(sets, showings))
    return Planted(found.model_copy(update={"scrutiny": scrutiny}), sets["faulty"].frame, copied, shown)


def test_a_repeated_template_is_named(planted: Planted) -> None:
    template = set(planted.source.loc[planted.source["fault"] == "template", "id"])
    repeated = planted.found.scrutiny["faulty"].telling.repeated
    assert {one.id for one in repeated} | {one.twin for one in repeated} <= template
    words = {one.feature for one in planted.found.scrutiny["faulty"].given_away.labels["day"] if one.z > 0}
    assert words & {"one", "of", "the", "best"}
    assert planted.found.of("faulty", "vendi").high < planted.found.of("clean", "vendi").low


def test_a_copied_row_is_named_with_the_row(planted: Planted) -> None:
    first = planted.found.scrutiny["faulty"].telling.copied[0]
    assert first.real == planted.copied and first.value == pytest.approx(1, abs=1e-6)
    assert planted.found.of("faulty", "original").value < planted.found.of("clean", "original").value == 1


def test_a_number_that_comes_back_is_named_with_the_row(planted: Planted) -> None:
    back = planted.found.scrutiny["faulty"].repeats.returned["phone numbers"]
    assert back.pairs == ((planted.source["id"].iloc[1], planted.shown),)
    [said] = trust.repeats(planted.found, ["clean", "faulty"], str)
    assert said.startswith("faulty repeats what it was shown") and "real phone numbers come back in 1 of" in said


def test_wrong_labels_are_named_and_counted(planted: Planted) -> None:
    wrong = set(planted.source.loc[planted.source["fault"] == "wrong", "id"])
    untrue = planted.found.scrutiny["faulty"].telling.untrue
    assert {one.id for one in untrue} <= wrong and {one.said for one in untrue} == {"day"}
    lost = planted.found.of("clean", "faithfulness").value - planted.found.of("faulty", "faithfulness").value
    assert lost == pytest.approx(0.10, abs=0.05)
    answers = trust.answers(planted.found)
    right = [one.key for one in trust.QUESTIONS].index("faithfulness")
    assert (answers["clean"][right].word, answers["faulty"][right].word) == (trust.YES, trust.LESS)


def test_a_leaking_word_is_named_with_its_label(planted: Planted) -> None:
    first = planted.found.scrutiny["faulty"].given_away.leaks[0]
    assert (first.label, first.feature) == ("day", "glimmering")


def test_a_source_without_faults_is_not_accused(planted: Planted) -> None:
    clean = planted.found.scrutiny["clean"]
    assert clean.given_away.leaks == ()
    assert sum(map(len, clean.given_away.labels.values())) <= 1
    assert all(one.shown == 0 for one in clean.repeats.returned.values())
    assert clean.repeats.nearer.low < 0.5 < clean.repeats.nearer.high
