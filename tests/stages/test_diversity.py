"""The diversity stage on made-up sets: equal sizes, references, matching, gaps."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pyrite.base import files, paths, schema
from pyrite.measures import embedding_diversity, probes
from pyrite.measures.diversity import MEASURES, Texts
from pyrite.measures.intervals import Estimate
from pyrite.results.diversity import Diversity
from pyrite.results.preparation import Preparation
from pyrite.stages import diversity

LABELS = ("day", "night")
WORDS = [
    "sun",
    "moon",
    "star",
    "cloud",
    "rain",
    "snow",
    "wind",
    "fog",
    "dawn",
    "dusk",
    "noon",
    "hail",
    "frost",
    "storm",
    "tide",
    "heat",
]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def make(
    rng: np.random.Generator, n: int, shift: float = 0.0, generated: bool = False, spread: float = 1.0, words: int = 0
) -> Texts:
    """Texts whose label decides where they lie; `shift` moves the set along a direction of its own."""
    label = rng.integers(2, size=n)
    vectors = spread * rng.normal(size=(n, 12)) / 3
    vectors[:, 0] += 2.0 * label - 1
    vectors[:, 1] += shift
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    text = [" ".join(rng.choice(WORDS, size=words or rng.integers(5, 9))) for _ in range(n)]
    frame = pd.DataFrame({"id": [f"{i:016x}" for i in range(n)], "text": text, "label": np.array(LABELS)[label]})
    frame["split"] = "train"
    if generated:
        frame = frame.assign(conversation=0, turn=np.arange(n) % 10)
    return Texts(frame, vectors.astype(np.float32))


def real(rng: np.random.Generator, n: int = 400) -> Texts:
    made = make(rng, n)
    return Texts(made.frame.assign(split=["train"] * (n - 100) + ["test"] * 100), made.vectors)


def measure(real: Texts, sets: dict[str, Texts], resamples: int) -> Diversity:
    return diversity.beside_real("sky", real, sets, resamples, 0.8)[1]


def test_a_set_like_the_real_one_equals_the_reference(rng: np.random.Generator) -> None:
    measured = measure(real(rng), {"zero_shot": make(rng, 150, generated=True)}, 400)
    reference, same = measured.sets["real"].measures, measured.sets["zero_shot"].measures
    assert measured.texts == 150
    for name, figure in same.items():
        assert reference[name].low <= figure.high and figure.low <= reference[name].high, name
    assert same["c2st"].low < 0.5 < same["c2st"].high
    assert same["faithfulness"].value > 0.95


def test_a_narrow_distant_set_shows_as_such(rng: np.random.Generator) -> None:
    far = make(rng, 150, shift=2.0, spread=0.3, generated=True)
    sets = measure(real(rng), {"zero_shot": far}, 400).sets
    for name in ("remote_clique", "chamfer", "vendi", "similarity", "coverage"):
        assert sets["zero_shot"].measures[name].high < sets["real"].measures[name].low, name
    assert sets["zero_shot"].measures["c2st"].low > 0.8


def test_wrong_labels_show_in_faithfulness(rng: np.random.Generator) -> None:
    made = make(rng, 200, generated=True)
    label = made.frame["label"].to_numpy().copy()
    label[:50] = np.where(label[:50] == "day", "night", "day")
    wrong = Texts(made.frame.assign(label=label), made.vectors)
    sets = measure(real(rng), {"zero_shot": wrong}, 400).sets
    assert sets["zero_shot"].measures["faithfulness"].value == pytest.approx(0.75, abs=0.07)
    assert sets["real"].measures["faithfulness"].value > 0.95


def test_every_set_gives_as_many_texts_as_the_smallest(rng: np.random.Generator) -> None:
    sets = {"zero_shot": make(rng, 90, generated=True), "few_shot": make(rng, 120, generated=True)}
    assert measure(real(rng), sets, 200).texts == 90
    assert measure(real(rng, 200), sets, 200).texts == 50


def test_matched_subsets_have_the_same_labels_and_lengths(rng: np.random.Generator) -> None:
    sets = [make(rng, 200), make(rng, 80, words=6), make(rng, 150)]
    matched = diversity.match(sets, rng)
    shapes = [
        sorted(zip(part.frame["label"], part.frame["text"].str.split().str.len(), strict=True)) for part in matched
    ]
    assert len(matched[0]) > 25
    assert shapes[0] == shapes[1] == shapes[2]
    for part, source in zip(matched, sets, strict=True):
        assert part.frame["id"].is_unique
        row = source.frame.index.get_loc(part.frame.index[0])
        np.testing.assert_array_equal(part.vectors[0], source.vectors[row])


def test_texts_of_one_answer_do_not_help_to_tell_it(rng: np.random.Generator) -> None:
    # Each answer has a place of its own: its other texts would give every text away.
    made = make(rng, 200, generated=True)
    places = rng.normal(size=(10, 12))
    vectors = places[made.frame["turn"]] + 0.05 * rng.normal(size=(200, 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    noise = rng.normal(size=(200, 12))
    first = Texts(make(rng, 200).frame, (noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype(np.float32))
    answers = Texts(made.frame, vectors.astype(np.float32))
    alone = Texts(made.frame.drop(columns="turn"), answers.vectors)

    def apart(second: Texts) -> float:
        return probes.told_apart(first.vectors, second.vectors, [*first.answers, *second.answers])[200:].mean()

    assert apart(answers) < apart(alone) - 0.2


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.usefixtures("project")
def test_a_set_with_hardly_any_texts_is_a_marked_gap(n: int, rng: np.random.Generator) -> None:
    sets = {"zero_shot": make(rng, n, generated=True), "few_shot": make(rng, 100, generated=True)}
    measured = measure(real(rng), sets, 200)
    few = measured.sets["zero_shot"]
    assert few.measures == {} and few.note == f"{n} texts: too few to measure"
    assert measured.texts == 100
    files.write_json(Path("measured.json"), measured)
    assert schema.read_result(Path("measured.json"), Diversity).sets.keys() == measured.sets.keys()


def test_other_lengths_than_the_real_texts_are_a_marked_gap(rng: np.random.Generator) -> None:
    sets = measure(real(rng), {"zero_shot": make(rng, 100, generated=True, words=60)}, 200).sets
    assert sets["zero_shot"].measures["c2st"].value is None
    assert "0 texts" in sets["zero_shot"].measures["self_bleu"].note
    assert sets["zero_shot"].measures["remote_clique"].value > 0


@pytest.mark.usefixtures("project")
def test_equal_texts_give_honest_values(rng: np.random.Generator) -> None:
    made = make(rng, 100, generated=True, words=6)
    frame = made.frame.assign(text="sun moon star cloud rain snow", label="day", conversation=0, turn=0)
    same = Texts(frame, np.repeat(made.vectors[:1], 100, axis=0))
    measured = measure(real(rng), {"zero_shot": same}, 200)
    figures = measured.sets["zero_shot"].measures
    assert figures["chamfer"].value == pytest.approx(0, abs=1e-6)
    assert figures["vendi"].value == pytest.approx(1, abs=1e-6)
    assert figures["faithfulness"].note == "no texts of night"
    files.write_json(Path("measured.json"), measured)
    assert schema.read_result(Path("measured.json"), Diversity).sets.keys() == measured.sets.keys()


def test_the_stage_writes_the_same_bytes_twice(
    project: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = real(rng)
    by_text = {}

    def save(corpus: Texts, path: object) -> None:
        by_text.update(zip(corpus.frame["text"], corpus.vectors, strict=True))
        corpus.frame.to_parquet(path)

    for path in (paths.prepared("sky"), paths.source("sky", "zero_shot")):
        path.parent.mkdir(parents=True)
    save(made, paths.prepared("sky"))
    for setting in ("zero_shot", "few_shot"):
        save(make(rng, 120, generated=True), paths.source("sky", setting))
    monkeypatch.setattr(diversity.encoder, "embed", lambda texts: np.array([by_text[text] for text in texts]))
    monkeypatch.setattr(
        diversity.params,
        "load",
        lambda: SimpleNamespace(
            evaluate=SimpleNamespace(resamples=200),
            generate=SimpleNamespace(near_duplicate=0.8),
            sources=("zero_shot", "few_shot"),
        ),
    )
    counts = {"read": 400, "dropped": {}, "kept": 400, "rows": {}, "pool": 40, "judged": 0, "judgements": 0}
    files.write_json(paths.metrics("prepare", "sky"), Preparation(task="sky", **counts))
    diversity.run("sky")
    first = paths.metrics("diversity", "sky").read_bytes()
    diversity.run("sky")
    assert paths.metrics("diversity", "sky").read_bytes() == first
    mapped = pd.read_parquet(paths.text_map("sky"))
    assert mapped.groupby("source").size().to_dict() == {"real": 120, "zero_shot": 120, "few_shot": 120}
    training = made.frame.loc[made.frame["split"] == "train", "id"]
    assert set(mapped.loc[mapped["source"] == "real", "id"]) <= set(training)
    assert set(json.loads(first)["sets"]) == {"real", "zero_shot", "few_shot"}
    assert embedding_diversity.vendi(made.vectors) > 1


def test_the_classifier_is_held_to_real_rows_that_it_has_not_seen(rng: np.random.Generator) -> None:
    made = real(rng)
    turned = np.where(made.frame["label"] == "day", "night", "day")
    label = np.where(made.frame["split"] == "test", turned, made.frame["label"])
    sets = measure(Texts(made.frame.assign(label=label), made.vectors), {}, 200).sets
    assert sets["real"].measures["faithfulness"].value < 0.1


def test_near_duplicates_of_real_texts_are_counted_and_left_out(rng: np.random.Generator) -> None:
    made = make(rng, 300)
    # Every third text is the one before it with a word in front.
    text, vectors = made.frame["text"].tolist(), made.vectors.copy()
    for row in range(2, 300, 3):
        text[row], vectors[row] = "so " + text[row - 1], vectors[row - 1]
    repeated = Texts(made.frame.assign(text=text), vectors)
    raw = embedding_diversity.nearest_distances(vectors[:100]).mean()
    enough = diversity.without_near_duplicates(repeated, 100, 0.8, 200, rng)
    assert enough.share == pytest.approx(0.33, abs=0.03)
    assert enough.chamfer.value > raw
    few = diversity.without_near_duplicates(repeated.take(np.arange(120)), 100, 0.8, 200, rng)
    assert few.chamfer.value is None and "are no near duplicates; 100 are needed" in few.chamfer.note


def test_the_map_shows_as_much_of_each_set_and_what_parts_them(rng: np.random.Generator) -> None:
    sets = {"real": make(rng, 400), "zero_shot": make(rng, 250, shift=3.0), "few_shot": make(rng, 0)}
    table, shares = diversity.on_map(sets)
    assert table["source"].value_counts().to_dict() == {"real": 200, "zero_shot": 200}
    assert 0 < shares[1] <= shares[0] < 1
    real, made = (table[table["source"] == name][["x", "y"]].to_numpy() for name in ("real", "zero_shot"))
    assert np.linalg.norm(real.mean(0) - made.mean(0)) > real.std(0).max()
    row = table.iloc[0]
    assert sets["real"].frame.set_index("id").loc[row["id"], "text"] == row["text"]


def test_where_embeddings_say_nothing_only_what_rests_on_words_is_left() -> None:
    rng = np.random.default_rng(3)
    _, measured = diversity.beside_real("task", real(rng), {"few_shot": make(rng, 150, generated=True)}, 200, 0.8)
    left = diversity.unembedded(measured)
    few = left.sets["few_shot"].measures
    assert few["chamfer"].value is None and few["chamfer"].note == diversity.BLIND
    assert few["distinct_1"] == measured.sets["few_shot"].measures["distinct_1"]
    assert few.keys() == measured.sets["few_shot"].measures.keys() and left.left_out == {}


def test_without_real_texts_only_what_needs_none_is_measured(rng: np.random.Generator) -> None:
    sets = {"zero_shot": make(rng, 60, generated=True), "few_shot": make(rng, 20, generated=True)}
    measured = diversity.without_real("sky", sets, 200)[1]
    assert list(measured.sets["zero_shot"].measures) == [measure.key for measure in MEASURES if measure.alone]
    assert measured.sets["few_shot"].note == "20 texts: too few to measure"


def test_each_measure_is_an_entry_of_its_own(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    new = dataclasses.replace(MEASURES[0], key="texts", estimate=lambda corpus, *_: Estimate.missing(f"{len(corpus)}"))
    monkeypatch.setattr(diversity, "MEASURES", (*MEASURES, new))
    measured = measure(real(rng), {"zero_shot": make(rng, 90, generated=True)}, 200)
    assert measured.of("zero_shot", "texts") == Estimate.missing("90")
    assert MEASURES[5].key == "coverage" and MEASURES[5].show(0.8683) == "86.8\u00a0%"
