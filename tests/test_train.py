from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from sklearn.metrics import accuracy_score

from pyrite import finetune, linear, parallel, paths, settings, store, texts, train, transcripts
from pyrite.errors import PyriteError
from pyrite.transcripts import Conversation, Turn

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
    for setting in settings.SETTINGS:
        texts.write(table(rows(30, "train")).drop_duplicates("id"), paths.synthetic("words", setting))
        conversation = Conversation(
            task="words",
            setting=setting,
            label="colour",
            conversation=0,
            model="an/llm",
            recorded="2026-01-01",
            system="You write.",
            turns=(Turn(prompt="Write 30 texts.", examples=(), answer="[]"),),
        )
        transcripts.write(paths.transcript("words", setting), [conversation])
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    tiny = params["train"]["encoders"]["minilm"] | {
        "checkpoint": str(tiny_checkpoint),
        "mixes": ["real", "few_shot"],
        "steps": 40,
        "learning_rate": 5e-3,
    }
    params["tasks"] = ["words"]
    params["train"]["seeds"] = [0, 1]
    params["train"]["encoders"] = {
        "tiny": tiny,
        "tfidf": {"method": "tfidf", "mixes": ["real", "few_shot", "real@20"], "C": 10.0},
    }
    params["compare"]["encoder"] = "tiny"
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    # Other processes would not see what a test replaces.
    monkeypatch.setattr(parallel, "devices", lambda: 1)
    return project


def change(key: str, value: object) -> None:
    params = yaml.safe_load(paths.PARAMS.read_text())
    section = params["train"]
    *path, last = key.split(".")
    for part in path:
        section = section[part]
    section[last] = value
    paths.PARAMS.write_text(yaml.safe_dump(params))


def test_every_fit_has_predictions_of_every_test_row_once(study: Path) -> None:
    train.run("words", "tiny")
    test = texts.read(paths.prepared("words")).query("split == 'test'")
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
            assert (history["mix"], history["seed"], history["rows"], len(history["loss"])) == (mix, seed, 30, 40)
            assert "torch" in history["versions"]
            assert (folder / "checkpoint/model.safetensors").exists() == (seed == 0)


def test_nothing_is_trained_twice(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run("words", "tiny")
    first = {p: p.read_bytes() for p in paths.models("words", "tiny").rglob("*") if p.is_file()}

    def never(*args: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(finetune, "fit", never)
    train.run("words", "tiny")
    assert {p: p.read_bytes() for p in paths.models("words", "tiny").rglob("*") if p.is_file()} == first


def test_a_new_seed_or_mix_trains_only_its_own_fits(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.run("words", "tiny")
    change("seeds", [0, 1, 2])
    train.run("words", "tiny")
    assert "6 fits, 4 from the store, 2 to train" in capsys.readouterr().err
    change("encoders.tiny.mixes", ["real", "few_shot", "pool"])
    train.run("words", "tiny")
    assert "9 fits, 6 from the store, 3 to train" in capsys.readouterr().err


def test_an_edit_and_its_undo_train_nothing(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.run("words", "tiny")
    change("encoders.tiny.learning_rate", 1e-3)
    train.run("words", "tiny")
    assert "0 from the store, 4 to train" in capsys.readouterr().err
    change("encoders.tiny.learning_rate", 5e-3)
    train.run("words", "tiny")
    assert "4 from the store, 0 to train" in capsys.readouterr().err


def test_what_leaves_the_study_leaves_the_folder(study: Path) -> None:
    train.run("words", "tfidf")
    assert paths.fit("words", "tfidf", "real@20", 0).exists()
    change("encoders.tfidf.mixes", ["real", "few_shot"])
    train.run("words", "tfidf")
    assert sorted(p.name for p in paths.models("words", "tfidf").iterdir()) == ["few_shot", "real"]


def test_seeds_that_draw_the_same_rows_are_one_fit_of_a_baseline(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train.run("words", "tfidf")
    # real and real@20 draw other rows with another seed; few_shot has the same rows whatever the seed.
    assert "6 fits, 0 from the store, 5 to train" in capsys.readouterr().err


def test_a_changed_training_loop_is_trained_anew(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run("words", "tfidf")
    monkeypatch.setattr(store, "code", lambda *modules: "another loop")
    calls = []
    learn = linear.tfidf
    monkeypatch.setattr(linear, "tfidf", lambda *args: calls.append(1) or learn(*args))
    train.run("words", "tfidf")
    assert len(calls) == 5


def test_other_weights_in_the_same_folder_are_trained_anew(
    study: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_checkpoint, study / "weights")
    change("encoders.tiny.checkpoint", "./weights")
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
    real, trained = finetune.fit, []

    def dies_in_the_third(*args: object) -> finetune.FineTuned:
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(1)
        return real(*args)

    monkeypatch.setattr(finetune, "fit", dies_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        train.run("words", "tiny")
    assert not paths.models("words", "tiny").exists()
    monkeypatch.setattr(finetune, "fit", lambda *args: trained.append(1) or real(*args))
    train.run("words", "tiny")
    assert len(trained) == 4


def test_a_diverged_fit_is_named(study: Path) -> None:
    change("encoders.tiny.learning_rate", 1e30)
    with pytest.raises(PyriteError, match=r"words tiny real seed 0: training diverged"):
        train.run("words", "tiny")


def test_unknown_encoders_are_named(study: Path) -> None:
    with pytest.raises(PyriteError, match=r"encoder .bert.: unknown; train.encoders in params.yaml has"):
        train.run("words", "bert")


def test_a_mix_with_one_label_only_is_named(study: Path) -> None:
    change("encoders.tfidf.mixes", ["real@1"])
    with pytest.raises(PyriteError, match="real@1 seed 0: all of its rows have one label"):
        train.run("words", "tfidf")


def predictions() -> dict[Path, pd.DataFrame]:
    return {path: pd.read_parquet(path) for path in sorted(paths.models("words", "tiny").rglob("*.parquet"))}


def test_fits_side_by_side_equal_fits_in_turn(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train.run("words", "tiny")
    in_turn = predictions()
    shutil.rmtree(study / ".pyrite")
    shutil.rmtree(study / "models")
    monkeypatch.setattr(parallel, "devices", lambda: 2)
    train.run("words", "tiny")
    assert predictions().keys() == in_turn.keys()
    for path, frame in predictions().items():
        pd.testing.assert_frame_equal(frame, in_turn[path], check_exact=True)


def test_an_error_in_a_worker_is_one_line_and_keeps_what_is_done(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change("encoders.tiny.learning_rate", 1e30)
    monkeypatch.setattr(parallel, "devices", lambda: 2)
    with pytest.raises(PyriteError, match=r"words tiny \w+ seed \d: training diverged"):
        train.run("words", "tiny")


def test_workers_end_with_a_parent_that_is_killed(study: Path) -> None:
    change("encoders.tiny.steps", 100_000)
    (study / "run.py").write_text(
        "from pyrite import parallel, train\n"
        "if __name__ == '__main__':\n"
        "    parallel.devices = lambda: 2\n"
        "    train.run('words', 'tiny')\n"
    )
    parent = subprocess.Popen([sys.executable, "run.py"], cwd=study, stderr=subprocess.DEVNULL)
    of_parent = ["pgrep", "-P", str(parent.pid), "-f", "spawn_main"]

    def workers(command: list[str]) -> list[str]:
        return subprocess.run(command, capture_output=True, text=True).stdout.split()

    deadline = time.monotonic() + 60
    while len(found := workers(of_parent)) < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(found) == 2
    time.sleep(5)
    parent.kill()
    parent.wait()
    while (alive := [pid for pid in found if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not alive


def test_processes_of_a_launcher_share_the_fits_and_agree_with_one(study: Path) -> None:
    (study / "run.py").write_text(
        "from accelerate import PartialState\n"
        "from pyrite import train\n"
        "train.run('words', 'tiny')\n"
        "assert PartialState().num_processes == 2\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "run.py"]
    said = subprocess.run(launch, check=True, cwd=study, capture_output=True, text=True)
    assert said.stderr.count("4 to train") == 1
    assert len(list((study / ".pyrite/fits").glob("*/*"))) == 4
    together = predictions()
    shutil.rmtree(study / ".pyrite")
    shutil.rmtree(study / "models")
    train.run("words", "tiny")
    for path, frame in predictions().items():
        pd.testing.assert_frame_equal(frame, together[path], check_exact=True)


def test_the_learning_curve_of_a_small_task_ends_earlier(study: Path) -> None:
    change("encoders.tfidf.mixes", ["few_shot", "real@20", "real@5000", "real@all"])
    train.run("words", "tfidf")
    assert sorted(p.name for p in paths.models("words", "tfidf").iterdir()) == ["few_shot", "real@20", "real@all"]
    change("encoders.tfidf.mixes", ["few_shot", "pool+real@5000"])
    with pytest.raises(PyriteError, match=r"mix 'pool\+real@5000': asks for 5000 rows of real, which has"):
        train.run("words", "tfidf")
