from __future__ import annotations

import numpy as np
import pandas as pd

from pyrite.measures import telling_texts
from pyrite.measures.diversity import Texts


def texts(seed: int, n: int) -> Texts:
    """Texts of two labels, which lie at either end of the first axis."""
    rng = np.random.default_rng(seed)
    label = rng.integers(2, size=n)
    vectors = rng.normal(size=(n, 8)) / 4
    vectors[:, 0] += 2.0 * label - 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"{seed}{i:04x}" for i in range(n)]
    frame = pd.DataFrame({"id": ids, "text": "a text", "label": np.array(["day", "night"])[label]})
    return Texts(frame, vectors.astype(np.float32))


def test_each_planted_text_comes_first_where_it_belongs_beside_its_nearest_real_text() -> None:
    real, corpus = texts(0, 200), texts(1, 60)
    corpus.vectors[3] = real.vectors[17]
    corpus.vectors[8] = corpus.vectors[9]
    corpus.vectors[20] = np.eye(8)[7]
    label = corpus.frame["label"].iloc[30]
    opposite = np.flatnonzero(real.frame["label"] != label)[0]
    corpus.vectors[30] = np.sign(real.vectors[opposite, 0]) * np.eye(8)[0]
    listed = telling_texts.telling(corpus, real)
    assert (listed.copied[0].id, listed.copied[0].real) == ("10003", "00011")
    assert {(text.id, text.twin) for text in listed.repeated[:2]} == {("10008", "10009"), ("10009", "10008")}
    assert listed.unlike[0].id == "10014"
    assert listed.untrue[0].id == "1001e"
    assert listed.untrue[0].said != label
    nearest = real.frame["id"].iloc[(real.vectors @ corpus.vectors[20]).argmax()]
    assert listed.unlike[0].real == nearest
    assert len(listed.unlike) == telling_texts.LISTED


def test_the_others_are_a_sample_of_many(monkeypatch) -> None:
    real, corpus = texts(0, 200), texts(1, 60)
    monkeypatch.setattr(telling_texts, "OTHERS", 20)
    listed = telling_texts.telling(corpus, real)
    assert all(text.id != text.twin for text in listed.repeated)
    assert all(text.value < 1 - 1e-6 for text in listed.repeated)


def test_real_texts_of_one_label_say_nothing_of_labels() -> None:
    real, corpus = texts(0, 50), texts(1, 20)
    day = real.take((real.frame["label"] == "day").to_numpy())
    assert telling_texts.telling(corpus, day).untrue == ()
