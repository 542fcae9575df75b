"""The subjectivity stage on made-up annotations and fits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, tfidf, write_params

import metrics
from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.measures import agreement_curves
from pyrite.measures.intervals import Estimate
from pyrite.results.subjectivity import Annotated, Subjectivity, TaskSubjectivity
from pyrite.stages import annotate, fetch, prepare, subjectivity

TASKS = ["ants", "bees", "cats", "dogs"]
NOTHING = dict.fromkeys(("mean_agreement", "alpha"), Estimate.missing("not measured"))
ITEMS = [f"{i:016x}" for i in range(120)]


def annotations(task: str, rows: list[tuple[str, str, str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["item", "annotator", "label", "source"]).assign(copy=1)
    frame = frame.reindex(columns=list(annotate.TYPES)).astype(annotate.TYPES)
    files.write(paths.annotation_table(task), lambda file: frame.to_parquet(file, index=False))


def fits(task: str, rng: np.random.Generator, skill: np.ndarray) -> None:
    """Predictions that are right on item i with probability skill[i]."""
    for mix in ("real", "few_shot", "pool"):
        for seed in (0, 1):
            right = rng.random(len(ITEMS)) < skill
            table = pd.DataFrame({"id": ITEMS, "label": "yes", "predicted": np.where(right, "yes", "no")})
            path = paths.fit(task, "tfidf", mix, seed) / "predictions.parquet"
            files.write(path, lambda file, table=table: table.to_parquet(file, index=False))


@pytest.fixture
def study(project: Path) -> Path:
    """Four tasks: people disagree more from one to the next, and the gap grows with it."""
    rng = np.random.default_rng(0)
    write_params(
        tasks=TASKS,
        train={"seeds": [0, 1], "classifiers": {"tfidf": tfidf("real", "few_shot", "pool")}},
        evaluate={"resamples": 200},
        compare={"classifier": "tfidf"},
    )
    for number, task in enumerate(TASKS):
        sure = rng.choice([0.6, 0.8, 1.0], size=len(ITEMS), p=[0.05 + 0.2 * number, 0.2, 0.75 - 0.2 * number])
        rows = [
            (item, f"p{k}", "yes" if k < round(5 * share) else "no", source)
            for source, items in (("human", ITEMS), ("llm", ITEMS[:40]))
            for item, share in zip(items, sure, strict=False)
            for k in range(5)
        ]
        annotations(task, rows)
        fits(task, rng, sure - 0.1)
        scored = metrics.classifier({"real": 0.9, "few_shot": 0.9 - 0.1 * number})
        files.write_json(paths.metrics("evaluate", task), metrics.task(task, {"tfidf": scored}))
    return project


def result() -> Subjectivity:
    subjectivity.run()
    return Subjectivity.load()


def test_every_task_has_its_agreement_by_source(study: Path) -> None:
    tasks = result().tasks
    assert set(tasks) == set(TASKS)
    human = [tasks[task].annotated["human"].mean_agreement.value for task in TASKS]
    assert human == sorted(human, reverse=True)
    assert (tasks["ants"].annotated["human"].items, tasks["ants"].annotated["llm"].items) == (120, 40)
    assert tasks["ants"].annotated["human"].annotators == 5
    against = tasks["ants"].llm_against_people
    assert against.rho.value == pytest.approx(1) and against.items == 40
    assert against.llm.value == against.human.value


def test_accuracy_rises_with_agreement_where_it_does(study: Path) -> None:
    curves = result().tasks["cats"].annotated["human"].accuracy["tfidf"]
    assert set(curves) == {"real", "few_shot"}
    assert curves["real"].slope.low > 0
    difference = curves["few_shot"].slope.value - curves["real"].slope.value
    assert curves["few_shot"].steeper_than_real.value == pytest.approx(difference, abs=2e-6)
    assert curves["real"].steeper_than_real is None
    predicted = [pd.read_parquet(paths.fit("cats", "tfidf", "real", s) / "predictions.parquet") for s in (0, 1)]
    accuracy = np.mean([(table["predicted"] == table["label"]).mean() for table in predicted])
    assert curves["real"].thresholds[0].accuracy.value == pytest.approx(accuracy, abs=1e-6)


def test_slopes_beyond_real_are_pooled_over_tasks_and_corrected_for_the_looks(study: Path) -> None:
    measured = result()
    [look] = [look for look in measured.beyond_real if look.who == "human"]
    assert (look.classifier, look.source) == ("tfidf", "few_shot")
    curves = [measured.tasks[task].annotated["human"].accuracy["tfidf"]["few_shot"] for task in TASKS]
    slopes = [curve.steeper_than_real.value for curve in curves]
    assert min(slopes) < look.slope.value < max(slopes)
    assert look.slope.studies == 4 and look.holm == look.slope.p
    twice = Annotated(items=1, accuracy={name: {"few_shot": curves[0]} for name in ("tfidf", "probe")}, **NOTHING)
    looks = subjectivity.beyond_real({task: TaskSubjectivity(annotated={"human": twice}) for task in TASKS})
    assert [look.holm for look in looks] == [min(1, 2 * look.slope.p) for look in looks]


def test_gaps_are_held_against_every_measure(study: Path) -> None:
    paths.RECORDED_ANNOTATIONS.mkdir(parents=True)
    rows = [f"p{k},{a},{b},{a}" for k in range(3) for i, a in enumerate(TASKS) for b in TASKS[i + 1 :]]
    paths.pairs("llm").write_text("\n".join(["annotator,first,second,more_objective", *rows]))
    measured = result()
    assert set(measured.pairs) == {"llm"}
    assert [measured.pairs["llm"].tasks[task].rank.value for task in TASKS] == [1, 2, 3, 4]
    for case in measured.against_gap:
        if (case.kind, case.who) == ("pairs", "human"):
            assert case.rho.note == "0 tasks; 4 are needed"
        elif case.who == "human" or case.kind == "pairs":
            assert case.rho.value == pytest.approx(-1)
            assert case.rho.low == -1 and case.rho.high > 0
            assert [point.task for point in case.points] == TASKS


def test_no_annotations_are_said_so(study: Path) -> None:
    annotations("bees", [])
    measured = result()
    assert measured.tasks["bees"].annotated == {}
    assert all("3 tasks" in case.rho.note for case in measured.against_gap if case.kind != "pairs")


def test_annotations_that_say_little_are_marked_gaps(study: Path) -> None:
    annotations("ants", [(item, f"p{i}", "yes", "human") for i, item in enumerate(ITEMS)])
    annotations("bees", [(item, f"p{k}", "yes", "human") for item in ITEMS for k in range(3)])
    annotations("cats", [(item, f"p{k}", "yes", "human") for item in ITEMS[:1] for k in range(3)])
    tasks = result().tasks
    ants, bees, cats = (tasks[task].annotated["human"] for task in TASKS[:3])
    assert ants.items_with_one_annotation == 120
    assert ants.mean_agreement.note == "no item has two annotations"
    assert ants.accuracy == {}
    assert bees.mean_agreement.value == 1
    assert "same label" in bees.alpha.note
    assert "same agreement" in bees.accuracy["tfidf"]["real"].slope.note
    assert cats.mean_agreement.note == "1 items; 5 are needed"
    assert cats.accuracy["tfidf"]["real"].thresholds[0].accuracy.note.startswith("1 items")


def test_bounds_of_the_agreement_have_no_alpha(study: Path) -> None:
    frame = pd.DataFrame({"item": ITEMS[:90], "agreement": [0.5, 0.75, 1.0] * 30, "source": "human", "copy": 1})
    frame = frame.reindex(columns=list(annotate.TYPES)).astype(annotate.TYPES)
    frame.to_parquet(paths.annotation_table("ants"), index=False)
    human = result().tasks["ants"].annotated["human"]
    assert human.mean_agreement.value == pytest.approx(0.75)
    assert "lower bound" in human.mean_agreement.note
    assert human.alpha.value is None
    assert [point.items for point in human.accuracy["tfidf"]["real"].bins] == [30, 30, 30]


def test_two_runs_write_the_same_bytes(study: Path) -> None:
    result()
    first = paths.metrics("subjectivity").read_bytes()
    result()
    assert paths.metrics("subjectivity").read_bytes() == first


def test_what_is_missing_is_named(study: Path) -> None:
    (paths.fit("dogs", "tfidf", "real", 1) / "predictions.parquet").unlink()
    with pytest.raises(PyriteError, match=r"models/dogs/tfidf/real/seed-1/predictions.parquet: no such file"):
        subjectivity.run()
    paths.annotation_table("ants").unlink()
    with pytest.raises(PyriteError, match=r"ants.parquet: no such file: run"):
        subjectivity.run()


@pytest.mark.parametrize("task", ["tweet_sentiment", "nyt_sentiment", "reply_irony"])
def test_mean_agreement_of_real_ratings_is_the_golden_one(
    task: str, shared: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = json.loads((shared / "golden/summary.json").read_text())[task]["test_mean_agreement"]
    monkeypatch.setenv("PYRITE_DATA_MIRROR", str(shared / "datasets"))
    paths.TASKS.mkdir()
    for file in (paths.PARAMS, paths.ANNOTATORS, paths.card(task)):
        file.write_text((ROOT / file).read_text())
    fetch.run(task)
    prepare.run(task)
    annotate.run(task)
    rows = pd.read_parquet(paths.annotation_table(task))
    summary, _ = subjectivity.of_annotators(rows, 100, np.random.default_rng(0))
    assert round(summary.mean_agreement.value, 4) == golden


def test_a_text_that_was_judged_twice_counts_twice() -> None:
    copies = [(1, "1", "yes"), (1, "2", "yes"), (2, "1", "yes"), (2, "2", "no")]
    rows = [(item, *copy) for item in "abc" for copy in copies]
    table = pd.DataFrame(rows, columns=["item", "copy", "annotator", "label"]).assign(agreement=np.nan)
    summary, units = subjectivity.of_annotators(table, 100, np.random.default_rng(0))
    assert summary.mean_agreement.value == 0.75
    assert units.loc["a"].tolist() == [1.0, 0.5]


def test_annotators_of_other_items_say_nothing_of_each_other(study: Path) -> None:
    rows = [(item, f"p{k}", "yes", "human") for item in ITEMS[:50] for k in range(3)]
    rows += [(item, f"p{k}", "yes", "llm") for item in ITEMS[50:] for k in range(3)]
    annotations("ants", rows)
    against = result().tasks["ants"].llm_against_people
    assert against.rho.value is None and against.rho.note == "no item was annotated by both"


@pytest.mark.parametrize("classified", [ITEMS[60:], ITEMS[119:], ITEMS[39:42]])
def test_only_classified_items_are_in_the_curve(study: Path, classified: list[str]) -> None:
    for path in Path("models/ants").rglob("predictions.parquet"):
        table = pd.read_parquet(path)
        table[table["id"].isin(classified)].to_parquet(path, index=False)
    ants = result().tasks["ants"]
    assert (ants.annotated["human"].items, ants.annotated["llm"].items) == (120, 40)
    for source, annotated in (("human", ITEMS), ("llm", ITEMS[:40])):
        both = len(set(annotated) & set(classified))
        curves = [of_mix["real"] for of_mix in ants.annotated[source].accuracy.values()]
        assert sum(point.items for curve in curves for point in curve.bins) == both
        assert all((curve.slope.value is None) == (both < agreement_curves.LEAST_ITEMS) for curve in curves)
