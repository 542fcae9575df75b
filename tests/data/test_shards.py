from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import cards, shards


def test_a_list_of_files_has_one_digest(project: Path) -> None:
    for name in ("a", "b"):
        (project / name).write_text(name)
    files = {name: project / name for name in ("a", "b")}
    listed = shards.digest(files)
    assert listed == shards.digest(dict(reversed(files.items())))
    assert shards.digest({"x": project / "a"}) == hashlib.sha256(b"a").hexdigest()
    (project / "b").write_text("c")
    assert shards.digest(files) != listed


def test_the_files_of_one_format_anywhere_in_a_folder(tmp_path: Path) -> None:
    names = ["a.csv", "deep/b.TSV", "c.csv.gz", "d.jsonl", ".hidden.csv", "cache-1.arrow", "README.md"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(shards.find(tmp_path, "csv")) == ["a.csv", "c.csv.gz", "deep.b.TSV"]
    assert shards.find(tmp_path, "arrow") == {}


@pytest.mark.parametrize(
    ("names", "others"),
    [
        (["train.csv", "test.csv", "vendor.csv", "more.csv"], ["more.csv", "vendor.csv"]),
        (["train.csv", "vendor.jsonl", "vendor.parquet"], ["vendor.jsonl", "vendor.parquet"]),
        (["train.csv", "notes.json", "notes.txt"], []),
        (["train-0.csv", "train-1.csv"], []),
        (
            ["train.csv", "synthetic_train.csv", "test.csv", "test-generated.csv"],
            ["synthetic_train.csv", "test-generated.csv"],
        ),
        (["synthetic_train.csv", "test.csv"], ["synthetic_train.csv"]),
        (["synthetic.csv", "real.csv"], ["synthetic.csv"]),
        (["llm_train.csv", "gpt4_test.csv"], []),
        (["train.csv"], []),
        (["test.csv", "validation.csv"], []),
        (["a.csv", "b.csv"], []),
    ],
)
def test_beside_a_training_side_files_of_no_side_are_other_sets(
    tmp_path: Path, names: list[str], others: list[str]
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert shards.others(tmp_path) == others
    assert [*shards.of_task(tmp_path, "csv")] == sorted(
        name for name in names if name.endswith(".csv") and name not in others
    )


@pytest.mark.parametrize("vendor", ["vendor.csv", "vendor.jsonl"])
def test_a_file_of_no_side_beside_a_test_side_only_may_be_either(tmp_path: Path, vendor: str) -> None:
    for name in ("test.csv", vendor):
        (tmp_path / name).touch()
    with pytest.raises(
        PyriteError, match=rf"{vendor} beside test\.csv, and no file for training.*Put train.*pyrite add"
    ):
        shards.others(tmp_path)


def test_the_names_of_several_files_tell_their_sides() -> None:
    source = cards.LocalFile(kind="file", path="x", text="t", label="l", licence="none")
    tables = shards.tables(
        source, ["x.Dev-0.csv", "train-0.csv", "test_1.csv", "contest.csv", "trainer.csv", "Eval.csv", "my train.csv"]
    )
    assert [rows.side for rows in tables] == ["test", None, "train", "test", "train", None, "validation"]
    assert (shards.side("test_train.csv"), shards.side("eval.train-0.csv")) == ("train", "train")
    assert [rows.side for rows in shards.tables(source, ["train.csv"])] == [None]


@pytest.mark.parametrize(
    ("labelled", "uses", "words"),
    [
        ({None: 9}, {None: None}, ""),
        ({"train": 9, "test": 3}, {"train": "train", "test": "test"}, ""),
        ({"train": 9, "test": 3, None: 0}, {"train": "train", "test": "test"}, ""),
        (
            {"train": 9, "test": 0, "validation": 3},
            {"train": "train", "validation": "test"},
            "validation .* test side",
        ),
        ({"train": 9, "test": 0}, {"train": None}, "No row of a test side has a label"),
        ({"test": 9, "validation": 3}, {"test": None, "validation": None}, "named for training"),
    ],
)
def test_sides_that_can_not_be_kept_are_said(labelled: dict, uses: dict, words: str) -> None:
    settled, sentence = shards.settle(labelled)
    assert settled == uses
    assert bool(sentence) == bool(words)
    assert re.search(words, sentence)
