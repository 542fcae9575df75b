from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import change_params, fine_tune, tfidf, write_params, written_sources
from huggingface_hub import ModelCard
from sklearn.metrics import accuracy_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from pyrite import params
from pyrite.base import paths, store
from pyrite.base.errors import PyriteError
from pyrite.data import folds, texts
from pyrite.stages import train
from pyrite.training import encoder, fits, linear, parallel
from pyrite.training.classifier import Fitted, Job
from pyrite.training.classifiers.fine_tune import FineTune
from pyrite.training.predictions import read as read_back

pytestmark = pytest.mark.usefixtures("fresh_accelerate")

COLOURS, NUMBERS = ["red", "green", "blue"], ["one", "two", "three"]


@pytest.fixture
def study(
    project: Path, tiny_checkpoint: Path, table: Callable[..., pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A task whose texts name colours or numbers, its generated sets, and params for tiny encoders."""
    generator = np.random.default_rng(0)

    def rows(n: int, split: str) -> list[tuple[str, str, str]]:
        made = []
        for i in range(n):
            label, words = [("colour", COLOURS), ("number", NUMBERS)][i % 2]
            made.append((" ".join(generator.choice([*words, "thing", "of", "the", "a"], 9)), label, split))
        return made

    prepared = table([*rows(200, "train"), *rows(40, "test")]).drop_duplicates("id")
    texts.write(prepared, paths.prepared("words"))
    for setting in ("zero_shot", "few_shot"):
        texts.write(table(rows(30, "train")).drop_duplicates("id"), paths.source("words", setting))
    tiny = fine_tune(tiny_checkpoint, "real", "few_shot", steps=10, learning_rate=5e-3)
    write_params(
        tasks=["words"],
        **written_sources("zero_shot", "few_shot", model="an/llm"),
        train={"seeds": [0, 1], "classifiers": {"tiny": tiny, "tfidf": tfidf("real", "few_shot", "real@20")}},
        compare={"classifier": "tiny", "candidates": "few_shot"},
    )
    # Other processes would not see what a test replaces.
    monkeypatch.setattr(parallel, "devices", lambda: 1)
    return project


def change(key: str, value: object) -> None:
    change_params(f"train.{key}", value)


def test_every_fit_has_predictions_of_every_test_row_once(study: Path) -> None:
    change("classifiers.tiny.steps", 40)
    train.run("words", "tiny")
    prepared = texts.read(paths.prepared("words"))
    test = prepared.query("split == 'test'")
    for mix in ("real", "few_shot"):
        for seed in (0, 1):
            folder = paths.fit("words", "tiny", mix, seed)
            predictions = pd.read_parquet(folder / "predictions.parquet")
            assert predictions["id"].tolist() == sorted(test["id"])
            assert dict(zip(predictions["id"], predictions["label"], strict=True)) == dict(
                zip(test["id"], test["label"], strict=True)
            )
            probabilities = predictions[["probability:colour", "probability:number"]].to_numpy()
            np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
            best = np.array(["colour", "number"])[probabilities.argmax(1)]
            assert (best == predictions["predicted"]).all()
            assert accuracy_score(predictions["label"], predictions["predicted"]) > 0.8
            history = json.loads((folder / "history.json").read_text())
            assert (history["mix"], history["seed"], len(history["loss"])) == (mix, seed, 40)
            assert history["rows"] == (30 if mix == "few_shot" else len(prepared) - len(test))
            assert "torch" in history["versions"]
            assert (folder / "checkpoint/model.safetensors").exists() == (seed == 0)


def test_nothing_is_trained_twice(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run("words", "tiny")
    first = {p: p.read_bytes() for p in paths.models("words", "tiny").rglob("*") if p.is_file()}

    def never(*args: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(FineTune, "fit", never)
    train.run("words", "tiny")
    assert {p: p.read_bytes() for p in paths.models("words", "tiny").rglob("*") if p.is_file()} == first


def test_a_new_seed_or_mix_trains_only_its_own_fits(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.run("words", "tiny")
    change("seeds", [0, 1, 2])
    train.run("words", "tiny")
    assert "6 fits, 4 from the store, 2 to train" in capsys.readouterr().err
    change("classifiers.tiny.mixes", ["real", "few_shot", "pool"])
    train.run("words", "tiny")
    assert "9 fits, 6 from the store, 3 to train" in capsys.readouterr().err


def test_an_edit_and_its_undo_train_nothing(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.run("words", "tiny")
    change("classifiers.tiny.learning_rate", 1e-3)
    train.run("words", "tiny")
    assert "0 from the store, 4 to train" in capsys.readouterr().err
    change("classifiers.tiny.learning_rate", 5e-3)
    train.run("words", "tiny")
    assert "4 from the store, 0 to train" in capsys.readouterr().err


def test_what_leaves_the_study_leaves_the_folder(study: Path) -> None:
    train.run("words", "tfidf")
    assert paths.fit("words", "tfidf", "real@20", 0).exists()
    change("classifiers.tfidf.mixes", ["real", "few_shot"])
    train.run("words", "tfidf")
    assert sorted(p.name for p in paths.models("words", "tfidf").iterdir()) == ["few_shot", "real"]


def test_seeds_that_draw_the_same_rows_are_one_fit_of_a_baseline(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train.run("words", "tfidf")
    # real@20 draws other rows with another seed; real and few_shot have the same rows whatever the seed.
    assert "6 fits, 0 from the store, 4 to train" in capsys.readouterr().err


def test_a_changed_training_loop_is_trained_anew(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run("words", "tfidf")
    monkeypatch.setattr(store, "code", lambda *modules: "another loop")
    calls = []
    learn = linear.tfidf
    monkeypatch.setattr(linear, "tfidf", lambda *args: calls.append(1) or learn(*args))
    train.run("words", "tfidf")
    assert len(calls) == 4


def test_other_weights_in_the_same_folder_are_trained_anew(
    study: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_checkpoint, study / "weights")
    change("classifiers.tiny.checkpoint", "./weights")
    train.run("words", "tiny")
    shutil.copy(paths.fit("words", "tiny", "real", 0) / "checkpoint/model.safetensors", study / "weights")
    train.run("words", "tiny")
    assert capsys.readouterr().err.count("4 fits, 0 from the store, 4 to train") == 2


def test_a_checkpoint_that_is_wanted_later_is_made_later(study: Path) -> None:
    change("checkpoints", "none")
    train.run("words", "tiny")
    before = pd.read_parquet(paths.fit("words", "tiny", "real", 1) / "predictions.parquet")
    change("checkpoints", "all")
    train.run("words", "tiny")
    folder = paths.fit("words", "tiny", "real", 1)
    assert (folder / "checkpoint/model.safetensors").exists()
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "predictions.parquet"), before)


def test_a_crash_loses_only_the_fit_in_flight(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, trained = FineTune.fit, []

    def dies_in_the_third(*args: object) -> Fitted:
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(1)
        return real(*args)

    monkeypatch.setattr(FineTune, "fit", dies_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        train.run("words", "tiny")
    assert not paths.models("words", "tiny").exists()
    monkeypatch.setattr(FineTune, "fit", lambda *args: trained.append(1) or real(*args))
    train.run("words", "tiny")
    assert len(trained) == 4


def test_a_diverged_fit_is_named_and_the_others_are_kept(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = FineTune.fit

    def first_breaks(spec: FineTune, job: Job) -> Fitted:
        return real(spec.model_copy(update={"learning_rate": 1e30}) if job.seed == 0 else spec, job)

    monkeypatch.setattr(FineTune, "fit", first_breaks)
    with pytest.raises(PyriteError) as caught:
        train.run("words", "tiny")
    assert re.fullmatch(
        r"(words tiny (real|few_shot) seed 0: training diverged \(.*\); lower its learning_rate in params.yaml(; )?){2}"
        r" \(2 other fits are kept\)",
        str(caught.value),
    )
    assert len(list((study / ".pyrite/fits").glob("*/*"))) == 2
    assert not paths.models("words", "tiny").exists()
    monkeypatch.setattr(FineTune, "fit", real)
    train.run("words", "tiny")
    assert len(predictions()) == 4


def test_a_loss_that_is_no_number_ends_the_fit_early(study: Path) -> None:
    change("classifiers.tiny.learning_rate", 1e30)
    change("classifiers.tiny.steps", 10_000)
    with pytest.raises(PyriteError, match=r"the loss is not a number by step [12]0"):
        train.run("words", "tiny")


def test_unknown_classifiers_are_named(study: Path) -> None:
    with pytest.raises(PyriteError, match=r"classifier .bert.: unknown; train.classifiers in params.yaml has"):
        train.run("words", "bert")


def test_a_mix_with_one_label_only_is_named(study: Path) -> None:
    change("classifiers.tfidf.mixes", ["real@1"])
    with pytest.raises(PyriteError, match="real@1 seed 0: all of its rows have one label"):
        train.run("words", "tfidf")


def predictions() -> dict[Path, pd.DataFrame]:
    return {path: pd.read_parquet(path) for path in sorted(paths.models("words", "tiny").rglob("*.parquet"))}


@pytest.mark.xdist_group("processes")
def test_fits_side_by_side_equal_fits_in_turn(
    study: Path, forked_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.run("words", "tiny")
    in_turn = predictions()
    shutil.rmtree(study / ".pyrite")
    shutil.rmtree(study / "models")
    monkeypatch.setattr(parallel, "devices", lambda: 2)
    train.run("words", "tiny")
    assert predictions().keys() == in_turn.keys()
    for path, frame in predictions().items():
        pd.testing.assert_frame_equal(frame, in_turn[path], check_exact=True)


# It is `torchrun` with variables of its own; without them the processes of the next test meet.
ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1"]
ACCELERATE += ["--num_processes", "2", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]


def histories() -> dict[str, dict]:
    return {
        str(path.parent): json.loads(path.read_text()) for path in paths.models("words", "tiny").rglob("history.json")
    }


def want_shares(checkpoint: Path) -> None:
    """Let processes train each fit together. Their shares of a step have dropout of their own: here, none has any."""
    weights = Path(shutil.copytree(checkpoint, "weights"))
    config = json.loads((weights / "config.json").read_text())
    without = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (weights / "config.json").write_text(json.dumps(config | without))
    change("classifiers.tiny.checkpoint", "./weights")
    change("precision", "float32")
    # Longer training would let the rounding of sums in another order grow.
    change("classifiers.tiny.steps", 15)
    change("seeds", [0])
    change("parallel", "data")


def assert_two_trained_what_one_does() -> None:
    """After fits that two processes trained together: what one process computes is nearly the same."""
    together, noted = predictions(), histories()
    change("parallel", "fits")
    train.run("words", "tiny")
    for path, frame in predictions().items():
        assert frame["id"].tolist() == together[path]["id"].tolist()
        pd.testing.assert_frame_equal(frame, together[path], atol=1e-4, rtol=0)
    for path, history in histories().items():
        assert noted[path]["processes"] == 2
        np.testing.assert_allclose(history["loss"], noted[path]["loss"], atol=1e-4)
        assert history["fingerprints"] != noted[path]["fingerprints"]


def test_processes_of_a_launcher_agree_with_one(
    study: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One launch for both ways to share the work: processes take seconds to start.
    shared = shutil.copytree(study, study / "shared")
    monkeypatch.chdir(shared)
    want_shares(tiny_checkpoint)
    monkeypatch.chdir(study)
    (study / "run.py").write_text(
        "import os\n"
        "from accelerate import PartialState\n"
        "from pyrite.stages import train\n"
        "train.run('words', 'tiny')\n"
        "assert PartialState().num_processes == 2\n"
        "os.chdir('shared')\n"
        "train.run('words', 'tiny')\n"
    )
    done = subprocess.run([*ACCELERATE, "run.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count("4 to train") == 1
    assert done.stderr.count("0 from the store, 2 to train") == 1
    assert len(list((study / ".pyrite/fits").glob("*/*"))) == 4
    together = predictions()
    shutil.rmtree(study / ".pyrite")
    shutil.rmtree(study / "models")
    train.run("words", "tiny")
    for path, frame in predictions().items():
        pd.testing.assert_frame_equal(frame, together[path], check_exact=True)
    monkeypatch.chdir(shared)
    assert_two_trained_what_one_does()


@pytest.mark.xdist_group("processes")
def test_two_workers_that_train_each_fit_together_agree_with_one(
    study: Path, forked_workers: None, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    want_shares(tiny_checkpoint)
    with monkeypatch.context() as two:
        two.setattr(parallel, "devices", lambda: 2)
        train.run("words", "tiny")
    assert_two_trained_what_one_does()


@pytest.mark.xdist_group("processes")
def test_an_error_of_processes_that_train_together_is_one_line(
    study: Path, forked_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    change("parallel", "data")
    change("classifiers.tiny.learning_rate", 1e30)
    monkeypatch.setattr(parallel, "devices", lambda: 2)
    with pytest.raises(PyriteError, match=r"words tiny \w+ seed \d: training diverged"):
        train.run("words", "tiny")


def test_the_longest_fits_come_first(study: Path, table: Callable[..., pd.DataFrame]) -> None:
    rows = [("one two three " * 8 + str(i), "number", "train") for i in range(10)]
    rows += [("red green blue " * 8 + str(i), "colour", "train") for i in range(10)]
    texts.write(table(rows), paths.source("words", "few_shot"))
    order = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "fit_one", lambda fit, *rest: order.append(fit.mix) or train.Outcome("stop", failed=True))
        with pytest.raises(PyriteError):
            train.run("words", "tiny")
    assert order == ["few_shot", "few_shot", "real", "real"]


def test_as_many_fits_side_by_side_as_memory_holds(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = params.load().train.classifiers["tiny"]
    memory = encoder.training_memory(spec.checkpoint, None, spec.batch_rows * spec.max_tokens)
    assert 0.5 * 2**30 < memory < 2 * 2**30
    monkeypatch.setattr(parallel, "devices", lambda: 8)
    for free, workers in ((100 * memory, 8), (3.5 * memory, 3), (0.5 * memory, 1)):
        monkeypatch.setattr(parallel, "free_memory", lambda free=free: int(free))
        assert train._workers(spec, [fit_of(1)] * 9) == workers
    assert train._workers(spec, [fit_of(1)] * 2) == 1
    assert "memory for 3 of 8 fits side by side" in capsys.readouterr().err


def test_short_fits_side_by_side_where_they_outlast_the_start_of_processes(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = params.load().train.classifiers["tfidf"]
    monkeypatch.setattr(parallel, "devices", lambda: 8)
    monkeypatch.setattr(parallel, "free_memory", lambda: 2**50)
    enough = train.WORTH_A_PROCESS
    assert [train._workers(spec, [fit_of(enough // 10)] * n) for n in (5, 19, 20, 35, 500)] == [0, 1, 2, 3, 8]
    # One that takes very many rows takes memory for them.
    monkeypatch.setattr(parallel, "free_memory", lambda: 16 * 2**30)
    assert train._workers(spec, [fit_of(80_000_000)] * 20) == 2


def fit_of(effort: int) -> fits.Fit:
    return fits.Fit("real", 0, None, pd.DataFrame(), [], effort, "", keep_checkpoint=False)


def test_generated_rows_with_an_unknown_label_are_named(study: Path, table: Callable[..., pd.DataFrame]) -> None:
    texts.write(table([("a", "colour", "train"), ("b", "shape", "train")]), paths.source("words", "few_shot"))
    with pytest.raises(PyriteError, match="few_shot seed 0: label 'shape' is not one of the task's real rows"):
        train.run("words", "tiny")


def test_a_checkpoint_with_another_number_of_labels_is_one_line(study: Path, tiny_checkpoint: Path) -> None:
    three = AutoModelForSequenceClassification.from_pretrained(tiny_checkpoint, num_labels=3)
    three.save_pretrained(study / "three")
    AutoTokenizer.from_pretrained(tiny_checkpoint).save_pretrained(study / "three")
    change("classifiers.tiny.checkpoint", "./three")
    with pytest.raises(PyriteError, match=r"checkpoint './three': its classifier is not one of 2 labels") as caught:
        train.run("words", "tiny")
    assert "\n" not in str(caught.value)


def test_truncated_texts_are_counted(study: Path) -> None:
    change("classifiers.tiny.max_tokens", 8)
    train.run("words", "tiny")
    for history in histories().values():
        assert history["truncated_texts"] == {"train": history["rows"], "test": 40}


def test_speed_is_in_the_store_and_the_log_only(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.run("words", "tiny")
    assert len(re.findall(r"words tiny \w+ seed \d: [\d.]+ s, [\d,]+ tokens/s on cpu", capsys.readouterr().err)) == 4
    for path in (study / ".pyrite/fits").glob("*/*/speed.json"):
        assert json.loads(path.read_text()).keys() == {"device", "seconds", "tokens_per_second", "evaluation_seconds"}
    assert not [path for path in (study / "models").rglob("*.json") if "tokens_per_second" in path.read_text()]


def test_the_model_card_says_what_the_checkpoint_is(study: Path) -> None:
    train.run("words", "tiny")
    folder = paths.fit("words", "tiny", "few_shot", 0) / "checkpoint"
    card = ModelCard.load(folder / "README.md")
    assert card.data.pipeline_tag == "text-classification"
    frame = pd.read_parquet(folder.parent / "predictions.parquet")
    accuracy = accuracy_score(frame["label"], frame["predicted"])
    metrics = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert metrics["accuracy"] == pytest.approx(accuracy, abs=1e-4)
    for words in ("`few_shot`", "30: colour 15, number 15", "written by an/llm", "## Limits"):
        assert words in card.text
    real = (paths.fit("words", "tiny", "real", 0) / "checkpoint/README.md").read_text()
    assert "an/llm" not in real
    assert pipeline("text-classification", model=str(folder))("red thing")[0]["label"] in ("colour", "number")


def test_the_learning_curve_of_a_small_task_ends_earlier(study: Path) -> None:
    change("classifiers.tfidf.mixes", ["few_shot", "real@20", "real@5000", "real@all"])
    train.run("words", "tfidf")
    assert sorted(p.name for p in paths.models("words", "tfidf").iterdir()) == ["few_shot", "real@20", "real@all"]
    change("classifiers.tfidf.mixes", ["few_shot", "pool+real@5000"])
    with pytest.raises(PyriteError, match=r"mix 'pool\+real@5000': asks for 5000 rows of real, which has"):
        train.run("words", "tfidf")


def test_halves_of_generated_sets_are_trained_where_fits_are_short(study: Path) -> None:
    few = texts.read(paths.source("words", "few_shot"))
    texts.write(few.assign(conversation=[i // 2 % 2 for i in range(len(few))]), paths.source("words", "few_shot"))
    change("classifiers.tfidf.mixes", ["real", "few_shot", "zero_shot", "real@20", "real@20+few_shot"])
    train.run("words", "tfidf")
    trained = {path.name for path in paths.models("words", "tfidf").iterdir()}
    assert {name for name in trained if "even" in name or "odd" in name} == {"few_shot@even", "few_shot@odd"}
    back = read_back("words", "tfidf", ["real", "few_shot", "zero_shot"], [0, 1])
    assert list(back.halves) == [1] and back.halves[1].shape == (2, *back.predicted.shape[1:])
    train.run("words", "tiny")
    assert {path.name for path in paths.models("words", "tiny").iterdir()} == {"real", "few_shot"}


def test_a_cap_classifies_the_same_few_test_rows_for_every_fit(study: Path) -> None:
    change("test_rows", 7)
    train.run("words", "tfidf")
    prepared = texts.read(paths.prepared("words"))
    lowest = sorted(prepared.loc[prepared["split"] == "test", "id"])[:7]
    for path in paths.models("words", "tfidf").rglob("predictions.parquet"):
        assert pd.read_parquet(path)["id"].tolist() == lowest


def without_official_sides() -> pd.DataFrame:
    """The texts' digests decide their splits from now on, as `prepare` has it: the task gets folds."""
    prepared = texts.read(paths.prepared("words"))
    fraction = prepared["id"].map(lambda i: texts.fraction(i, 0))
    prepared["split"] = np.select([fraction < 0.70, fraction < 0.75], ["train", "validation"], "test")
    texts.write(prepared, paths.prepared("words"))
    return prepared


def test_with_folds_every_row_outside_the_pool_is_tested_once_for_each_seed(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = without_official_sides()
    outside = prepared[~texts.in_pool(prepared)].sort_values("id")
    change("classifiers.tfidf.mixes", ["real", "real+few_shot", "few_shot", "pool"])
    train.run("words", "tfidf")
    # Four folds of two seeds for each mix with real rows; what has none is one fit, for all folds and both seeds.
    assert "20 fits, 0 from the store, 18 to train" in capsys.readouterr().err
    for mix in ("real", "real+few_shot", "few_shot", "pool"):
        for seed in (0, 1):
            folder = paths.fit("words", "tfidf", mix, seed)
            predictions = pd.read_parquet(folder / "predictions.parquet")
            assert predictions["id"].tolist() == outside["id"].tolist()
            assert predictions["label"].tolist() == outside["label"].tolist()
            history = json.loads((folder / "history.json").read_text())
            assert len(set(history["fingerprints"])) == history["folds"] == (4 if "real" in mix else 1)
            assert ("fold" in predictions) == ("real" in mix)
            if "real" in mix:
                np.testing.assert_array_equal(predictions["fold"], folds.draw(outside, 4, seed))
            assert accuracy_score(predictions["label"], predictions["predicted"]) > 0.8
    assert history["rows"] == texts.in_pool(prepared).sum()


def test_no_fit_is_tested_on_what_it_learnt_from(study: Path) -> None:
    prepared = without_official_sides()
    sets = {name: texts.read(paths.source("words", name)) for name in ("zero_shot", "few_shot")}
    change("classifiers.tfidf.mixes", ["real", "real@20", "real@equal", "pool", "pool+few_shot", "real@all+few_shot"])
    spec = params.load().train.classifiers["tfidf"]
    planned = fits.plan("words", fits.Data(prepared, sets, folds="auto"), spec, (0, 1), "float32", "none", 1)
    assert len(planned) == 4 * 8 + 2 * 2
    real, pool = set(prepared["id"]), set(prepared.loc[texts.in_pool(prepared), "id"])
    for fit in planned:
        learnt = set(fit.rows["id"])
        assert not learnt & set(fit.test)
        if fit.mix == "real":
            assert learnt == real - set(fit.test) > pool


def test_with_folds_the_first_one_keeps_its_checkpoint(study: Path) -> None:
    without_official_sides()
    change("classifiers.tiny.steps", 2)
    train.run("words", "tiny")
    folder = paths.fit("words", "tiny", "real", 0)
    tested = (pd.read_parquet(folder / "predictions.parquet")["fold"] == 0).sum()
    assert f"On the {tested} real test rows" in (folder / "checkpoint/README.md").read_text()
    assert len(list((study / ".pyrite/checkpoints").glob("*/*"))) == 2
    assert len(list((study / ".pyrite/fits").glob("*/*"))) == 2 * 4 + 2


def test_a_classifier_can_have_seeds_of_its_own(study: Path) -> None:
    change("classifiers.tfidf.seeds", [5])
    train.run("words", "tfidf")
    assert sorted(p.name for p in paths.mix("words", "tfidf", "real").iterdir()) == ["seed-5"]
