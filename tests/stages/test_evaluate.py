from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import change_params, tfidf, write_params
from sklearn.metrics import f1_score

from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.results import verdict
from pyrite.results.evaluation import TaskResult
from pyrite.stages import evaluate

LABELS = ["cat", "dog", "emu"]
SKILL = {"real": 0.8, "zero_shot": 0.5, "few_shot": 0.65, "pool": 0.6, "pool+few_shot": 0.75}
CURVE = {"real@20": 0.45, "real@40": 0.6, "real@80": 0.7, "real@all": 0.8}
ROWS = {"real@20": 20, "real@40": 40, "real@80": 80, "real@all": 160}
ITEMS = 150

MIXES = "train.classifiers.tfidf.mixes"
# A fit that a test spoils.
FIT = paths.fit("pets", "tfidf", "pool", 2) / "predictions.parquet"

Study = Callable[[], TaskResult]


def save_fits(mix: str, skill: float) -> None:
    gold = np.arange(ITEMS) % 3
    for seed in range(3):
        rng = np.random.default_rng([seed, *map(ord, mix)])
        predicted = np.where(rng.random(ITEMS) < skill, gold, rng.integers(3, size=ITEMS))
        table = pd.DataFrame({"id": [f"{i:016x}" for i in range(ITEMS)], "label": np.take(LABELS, gold)})
        table["predicted"] = np.take(LABELS, predicted)
        for k, label in enumerate(LABELS):
            table[f"probability:{label}"] = np.where(predicted == k, 0.6, 0.2).astype(np.float32)
        folder = paths.fit("pets", "tfidf", mix, seed)
        files.write(folder / "predictions.parquet", lambda file, table=table: table.to_parquet(file))
        files.write_json(folder / "history.json", {"rows": ROWS.get(mix, 100)})


@pytest.fixture
def study(project: Path) -> Study:
    """A study of one task, one encoder and three seeds, whose mixes differ in skill; called, it is evaluated."""
    write_params(
        tasks=["pets"],
        train={"seeds": [0, 1, 2], "classifiers": {"tfidf": tfidf(*SKILL, *CURVE)}},
        evaluate={"resamples": 300},
        compare={"classifier": "tfidf"},
    )
    for mix, skill in (SKILL | CURVE).items():
        save_fits(mix, skill)
    save_annotations([])

    def run() -> TaskResult:
        evaluate.run("pets")
        return TaskResult.load("pets")

    return run


def save_annotations(rows: list[tuple[str, str, str, str]]) -> None:
    table = pd.DataFrame(rows, columns=["item", "annotator", "label", "source"], dtype="str")
    files.write(paths.annotation_table("pets"), lambda file: table.to_parquet(file))


def test_scores_are_means_over_seeds_within_their_intervals(study: Study) -> None:
    result = study()
    assert (result.task, result.test_rows, result.labels) == ("pets", ITEMS, tuple(LABELS))
    mixes = result.classifiers["tfidf"].mixes
    assert list(mixes) == [*SKILL, *CURVE]
    for mix, entry in mixes.items():
        tables = [pd.read_parquet(paths.fit("pets", "tfidf", mix, s) / "predictions.parquet") for s in range(3)]
        expected = [f1_score(table["label"], table["predicted"], average="macro") for table in tables]
        assert entry.macro_f1.per_seed == pytest.approx(expected, abs=1e-6)
        assert entry.macro_f1.value == pytest.approx(np.mean(expected), abs=1e-6)
        assert entry.macro_f1.low < entry.macro_f1.value < entry.macro_f1.high
        accuracy = np.mean([(table["label"] == table["predicted"]).mean() for table in tables])
        assert entry.accuracy.value == pytest.approx(accuracy, abs=1e-6)
        # Every prediction has confidence 0.6.
        by_seed = [abs((table["label"] == table["predicted"]).mean() - 0.6) for table in tables]
        assert entry.calibration_error == pytest.approx(np.mean(by_seed), abs=1e-6)
        assert [entry.per_class[label].support for label in LABELS] == [50, 50, 50]
    assert mixes["real"].rows == 100
    assert mixes["real@20"].rows == 20


def test_gaps_are_candidate_minus_baseline_both_ways(study: Study) -> None:
    classifier = study().classifiers["tfidf"]
    gap, back = classifier.gaps["zero_shot"]["real"].macro_f1, classifier.gaps["real"]["zero_shot"].macro_f1
    difference = classifier.mixes["zero_shot"].macro_f1.value - classifier.mixes["real"].macro_f1.value
    assert gap.value == pytest.approx(difference, abs=2e-6)
    assert gap.low < gap.low90 < gap.value < gap.high90 < gap.high < 0
    assert gap.p < 0.05
    assert (back.low, back.high90) == (-gap.high, -gap.low90)
    # Against points of the curve too, but those are no candidates.
    assert set(classifier.gaps["real"]) == {*SKILL, *CURVE} - {"real"}
    assert set(classifier.gaps) == set(SKILL)


def test_worth_reads_the_curve(study: Study) -> None:
    classifier = study().classifiers["tfidf"]
    assert [rows for rows, _ in classifier.curve] == [20, 40, 80, 160]
    worth = classifier.mixes["few_shot"].worth
    assert (worth.least, worth.most) == (20, 160)
    assert 30 < worth.labels < 90
    assert worth.low <= worth.labels <= (worth.high or np.inf)
    assert classifier.mixes["real"].worth is None
    assert classifier.mixes["real@40"].worth is None


def test_worth_outside_the_curve_is_open(study: Study) -> None:
    save_fits("few_shot", 1.0)
    save_fits("zero_shot", 0.1)
    mixes = study().classifiers["tfidf"].mixes
    assert (mixes["few_shot"].worth.labels, mixes["few_shot"].worth.high) == (None, None)
    assert (mixes["zero_shot"].worth.labels, mixes["zero_shot"].worth.low) == (0, 0)


def test_no_worth_with_one_point_of_the_curve(study: Study) -> None:
    change_params(MIXES, [*SKILL, "real@all"])
    assert study().classifiers["tfidf"].mixes["few_shot"].worth is None


def test_scores_that_fall_with_more_rows_have_no_worth(study: Study) -> None:
    for number, mix in enumerate(CURVE):
        save_fits(mix, 0.9 - 0.2 * number)
    entry = study().classifiers["tfidf"].mixes["few_shot"]
    assert entry.worth is None
    assert entry.no_worth == "scores do not rise with more real labels"


MIX_CURVE = {"real@20+few_shot": 0.65, "real@40+few_shot": 0.68, "real@80+few_shot": 0.6, "real@all+few_shot": 0.6}


def test_mix_curves_say_what_generated_rows_add(study: Study) -> None:
    change_params(MIXES, [*SKILL, *CURVE, *MIX_CURVE, "real@30+few_shot"])
    for mix, skill in (MIX_CURVE | {"real@30+few_shot": 0.6}).items():
        save_fits(mix, skill)
    classifier = study().classifiers["tfidf"]
    curve = classifier.mix_curves["few_shot"]
    # Without real@30 nobody knows what those rows give alone.
    assert [point.both for point in curve.points] == list(MIX_CURVE)
    assert [point.rows for point in curve.points] == [20, 40, 80, 160]
    for point in curve.points:
        both, alone = (classifier.mixes[mix].macro_f1.value for mix in (point.both, point.alone))
        assert point.gain.value == pytest.approx(both - alone, abs=2e-6)
        assert point.gain.low < point.gain.value < point.gain.high
    assert 40 < curve.stops.labels < 80
    assert curve.stops.low <= curve.stops.labels <= (curve.stops.high or np.inf)
    # They are no candidates and no baselines.
    assert set(classifier.gaps) == set(SKILL)
    assert set(classifier.gaps["real"]) == {*SKILL, *CURVE} - {"real"}


@pytest.mark.parametrize(("gain", "expected"), [(0.3, None), (-0.3, 0)])
def test_rows_that_always_or_never_help_stop_beyond_the_curve(study: Study, gain: float, expected: int | None) -> None:
    change_params(MIXES, [*SKILL, *CURVE, "real@20+few_shot", "real@40+few_shot"])
    for mix in ("real@20", "real@40"):
        save_fits(f"{mix}+few_shot", CURVE[mix] + gain)
    stops = study().classifiers["tfidf"].mix_curves["few_shot"].stops
    assert stops.labels == expected


def test_a_label_without_test_rows_has_no_score(study: Study) -> None:
    for mix in SKILL | CURVE:
        for seed in range(3):
            path = paths.fit("pets", "tfidf", mix, seed) / "predictions.parquet"
            table = pd.read_parquet(path)
            table[table["label"] != "emu"].to_parquet(path)
    of_class = study().classifiers["tfidf"].mixes["real"].per_class
    assert of_class["emu"].support == 0
    assert of_class["emu"].f1 is None
    assert of_class["cat"].f1.value > 0


def test_confusion_and_flips_are_there_for_main_mixes(study: Study) -> None:
    classifier = study().classifiers["tfidf"]
    assert set(classifier.confusion) == set(SKILL)
    assert np.sum(classifier.confusion["real"], axis=1) == pytest.approx([50, 50, 50])
    assert set(classifier.flips) == {"zero_shot", "few_shot", "pool+few_shot"}
    assert set(classifier.flips["few_shot"]) == {"real", "pool"}
    lost, won = (getattr(classifier.flips["zero_shot"]["real"], side).items for side in ("lost", "won"))
    assert lost > won


def test_the_llm_is_held_against_the_main_mixes(study: Study) -> None:
    items = [(f"{i:016x}", LABELS[i % 3]) for i in range(40)]
    save_annotations([(item, persona, label, "llm") for persona in ("p1", "p2") for item, label in items])
    llm = study().llm
    assert (llm.rows, llm.accuracy.value) == (40, 1)
    assert set(llm.classifiers["tfidf"]) == set(SKILL)
    assert llm.classifiers["tfidf"]["zero_shot"].gap.macro_f1.low > 0


def test_without_annotations_nothing_is_said_of_the_llm(study: Study) -> None:
    assert study().llm is None


def test_points_of_equal_rows_count_as_one(study: Study) -> None:
    for seed in range(3):
        files.write_json(paths.fit("pets", "tfidf", "real@all", seed) / "history.json", {"rows": 80})
    assert study().classifiers["tfidf"].mixes["few_shot"].worth.most == 80


def test_the_same_predictions_give_the_same_metrics(study: Study) -> None:
    study()
    before = paths.metrics("evaluate", "pets").read_bytes()
    # The order of the rows in a file is no part of what a fit says.
    path = paths.fit("pets", "tfidf", "real", 1) / "predictions.parquet"
    pd.read_parquet(path).iloc[::-1].to_parquet(path)
    study()
    assert paths.metrics("evaluate", "pets").read_bytes() == before


def test_one_seed_and_one_mix_are_enough_to_score(study: Study) -> None:
    change_params("train.seeds", [0])
    change_params(MIXES, ["real", "few_shot"])
    entry = study().classifiers["tfidf"]
    assert entry.mixes["real"].seeds == (0,)
    assert entry.gaps["few_shot"]["real"].macro_f1.seed_error == 0
    assert entry.curve == []


def test_a_missing_fit_is_named(study: Study) -> None:
    FIT.unlink()
    with pytest.raises(PyriteError, match=rf"^{FIT}: no such file: .*dvc repro"):
        study()
    assert not paths.metrics("evaluate", "pets").exists()


def test_a_broken_fit_is_named(study: Study) -> None:
    FIT.write_bytes(b"PAR1 not really")
    with pytest.raises(PyriteError, match=rf"^{FIT}: not readable predictions"):
        study()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.iloc[1:],
        lambda table: table.assign(id=table["id"].str.replace("0", "f")),
        lambda table: table.assign(label=table["label"].iloc[::-1].to_numpy()),
        lambda table: table.rename(columns={"probability:emu": "probability:owl"}),
    ],
)
def test_mixes_with_different_test_rows_are_refused(
    study: Study, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    change(pd.read_parquet(FIT)).to_parquet(FIT)
    with pytest.raises(PyriteError, match="test rows or labels are not those of"):
        study()


def test_an_unknown_label_is_refused(study: Study) -> None:
    pd.read_parquet(FIT).replace({"predicted": {"emu": "owl"}}).to_parquet(FIT)
    with pytest.raises(PyriteError, match="label 'owl' has no probability column"):
        study()


# What the verdict needs to know of fits


def predictions(gold: np.ndarray, *mixes: np.ndarray, fold: np.ndarray | None = None) -> evaluate.Predictions:
    """Mixes `few_shot` and `real`, each (seeds, rows)."""
    names, seeds = ("few_shot", "real")[: len(mixes)], tuple(range(len(mixes[0])))
    labels, ids = [f"l{k}" for k in range(gold.max() + 1)], np.array([f"{i:04}" for i in range(len(gold))])
    calibration, rows = np.zeros((len(mixes), len(seeds))), [100] * len(mixes)
    return evaluate.Predictions(names, seeds, labels, gold, np.stack(mixes), calibration, rows, ids, fold)


def verdict_on(fits: evaluate.Predictions) -> verdict.Case:
    classifiers = {"probe": evaluate.evaluate(fits, 500)}
    labels = tuple(fits.labels)
    task = TaskResult(task="pets", test_rows=len(fits.gold), labels=labels, llm=None, classifiers=classifiers)
    return verdict.case(task, "probe", "few_shot", "real", 3.0)


RNG = np.random.default_rng(5)
SKEWED = np.repeat([0, 1], [1800, 200])


@pytest.mark.parametrize(
    ("gold", "few", "real", "why"),
    [
        # Both always say the most frequent label.
        (SKEWED, np.zeros((3, 2000), int), np.zeros((3, 2000), int), "one label always"),
        # Both toss a coin.
        (
            np.repeat([0, 1], 1000),
            *np.random.default_rng(1).integers(2, size=(2, 3, 2000)),
            "both are no better than guessing",
        ),
        # One of three fits on real texts says one label always.
        (
            np.repeat([0, 1], 300),
            np.where(RNG.random((3, 600)) < 0.8, np.repeat([0, 1], 300), 1 - np.repeat([0, 1], 300)),
            np.stack([np.repeat([0, 1], 300), np.repeat([0, 1], 300), np.zeros(600, int)]),
            "trained on real, the classifier says one label always (seed 2)",
        ),
        # The same fit, named three times.
        (
            np.repeat([0, 1], 300),
            np.tile(np.where(RNG.random(600) < 0.9, np.repeat([0, 1], 300), 0), (3, 1)),
            np.tile(np.where(RNG.random(600) < 0.9, np.repeat([0, 1], 300), 1), (3, 1)),
            "one fit of each only",
        ),
    ],
)
def test_what_no_verdict_may_rest_on(gold: np.ndarray, few: np.ndarray, real: np.ndarray, why: str) -> None:
    case = verdict_on(predictions(gold, few, real))
    assert verdict.decide(case) == verdict.CANT_TELL
    assert why in case.obstacle


def test_equal_predictions_on_few_rows_prove_nothing() -> None:
    def equal(n: int) -> verdict.Case:
        gold = np.arange(n) % 2
        same = np.stack([np.where(np.arange(n) % 7 == seed, 1 - gold, gold) for seed in range(3)])
        return verdict_on(predictions(gold, same, same))

    few, many = equal(26), equal(1000)
    assert verdict.decide(few) == verdict.CANT_TELL
    # The rule of three: of n rows on which two never differ, 3 / n may.
    assert few.gap.low90 == pytest.approx(-3 / 26, rel=0.1)
    assert verdict.decide(many) == verdict.REPLACE


def test_a_lost_label_is_no_replacement() -> None:
    gold = np.repeat(np.arange(77), 30)
    rng = np.random.default_rng(0)
    real = np.where(rng.random((3, len(gold))) < 0.8, gold, rng.integers(77, size=(3, len(gold))))
    few = np.where(rng.random((3, len(gold))) < 0.82, gold, rng.integers(77, size=(3, len(gold))))
    few = np.where(few == 76, 75, few)
    case = verdict_on(predictions(gold, few, real))
    assert case.gap.low90 > -0.03
    assert case.lost == ("l76",)
    assert verdict.decide(case) == verdict.CANT_TELL
    assert evaluate.evaluate(predictions(gold, few, real), 100).mixes["few_shot"].never == ("l76",)


def test_a_fold_that_collapsed_is_found() -> None:
    gold = np.arange(80) % 2
    fold = np.tile(np.arange(80) // 20, (2, 1))
    few = np.stack([gold, gold])
    real = np.where(fold == 3, 0, gold)
    mixes = evaluate.evaluate(predictions(gold, few, real, fold=fold), 100).mixes
    assert mixes["real"].collapsed == (0, 1)
    assert mixes["few_shot"].collapsed == ()
    assert (mixes["real"].distinct, mixes["few_shot"].distinct) == (1, 1)


def test_fits_of_other_folds_are_others_also_where_all_are_right() -> None:
    gold = np.arange(80) % 2
    fold = np.stack([np.arange(80) // 20, np.arange(80) % 4])
    right = np.stack([gold, gold])
    mixes = evaluate.evaluate(predictions(gold, right, right, fold=fold), 100).mixes
    assert (mixes["real"].distinct, mixes["few_shot"].distinct) == (2, 1)


def test_folds_make_intervals_a_tenth_wider() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=300)
    few, real = (np.where(rng.random((3, 300)) < skill, gold, 1 - gold) for skill in (0.7, 0.8))
    folds = np.tile(np.arange(300) % 4, (3, 1))
    results = [evaluate.evaluate(predictions(gold, few, real, fold=fold), 300) for fold in (None, folds)]
    split, folded = (result.gaps["few_shot"]["real"].macro_f1 for result in results)
    assert folded.value == split.value
    assert folded.high90 - folded.low90 == pytest.approx(1.1 * (split.high90 - split.low90))
    assert folded.item_error == pytest.approx(1.1 * split.item_error)


def test_what_halves_of_generated_texts_differ_by_widens_what_they_are_in() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=1000)
    few, real = (np.where(rng.random((3, 1000)) < skill, gold, 1 - gold) for skill in (0.7, 0.8))
    plain = predictions(gold, few, real)
    halves = np.stack([np.where(rng.random((3, 1000)) < skill, gold, 1 - gold) for skill in (0.75, 0.65)])
    results = [evaluate.evaluate(fits, 500) for fits in (plain, replace(plain, halves={0: halves}))]
    differ = np.diff([[f1_score(gold, fit, average="macro") for fit in of_half] for of_half in halves], axis=0)
    moved = float(np.sqrt((differ**2).mean() / 4))
    narrow, wide = (result.gaps["few_shot"]["real"].macro_f1 for result in results)
    assert (narrow.generation_error, wide.generation_error) == (None, pytest.approx(moved, abs=1e-6))
    assert results[1].gaps["real"]["few_shot"].macro_f1.generation_error == wide.generation_error
    assert wide.value == narrow.value and wide.p > narrow.p
    assert wide.high90 - wide.low90 > 2 * 1.645 * moved > narrow.high90 - narrow.low90
    before, after = (result.mixes for result in results)
    assert after["few_shot"].macro_f1.high > before["few_shot"].macro_f1.high
    assert after["real"].macro_f1 == before["real"].macro_f1


def test_a_rare_label_leaves_scores_without_an_interval() -> None:
    gold = np.repeat([0, 1, 2], [50, 50, 9])
    few = evaluate.evaluate(predictions(gold, np.stack([gold, np.roll(gold, 3)])), 100).mixes["few_shot"]
    assert (few.macro_f1.low, few.macro_f1.high) == (None, None)
    assert "fewer than 10 test rows" in few.macro_f1.note
    assert few.per_class["l2"].f1 is not None
    assert few.per_class["l2"].f1.low is None
    assert few.per_class["l0"].f1 is not None
    assert few.per_class["l0"].f1.low is not None
