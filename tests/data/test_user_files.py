"""Files of a user's: their format and where they are."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import user_files


def test_a_name_that_no_card_can_hold_is_named(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    path.write_text("text,label\n", encoding="utf-8")
    with pytest.raises(PyriteError, match=r"caf\\udce9\.csv.*not UTF-8"):
        user_files.format_of(path)


HUB_CARD = """---
license: mit
dataset_info:
- config_name: default
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': bad
          '1': good
---
# A set
"""


@pytest.mark.parametrize(
    ("place", "card", "labels", "names"),
    [
        ("train.csv", HUB_CARD, "01", {"0": "bad", "1": "good"}),
        ("data/train.csv", HUB_CARD, ["0", "", "-1"], {"0": "bad", "1": "good"}),
        ("deep/data/train.csv", HUB_CARD, "01", {}),
        ("train.csv", HUB_CARD, ["0", "good"], {}),
        ("train.csv", HUB_CARD.replace("name: label", "name: stars"), "01", {}),
        ("train.csv", "# A set", "01", {}),
        ("train.csv", "---\n: [\n---\n", "01", {}),
    ],
)
def test_the_names_of_numbers_may_stand_in_the_hubs_card(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: str,
    card: str,
    labels: Sequence[str],
    names: dict[str, str],
) -> None:
    (tmp_path / "README.md").write_text(card)
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text,label\n" + "".join(f"text {n},{label}\n" for n, label in enumerate(labels)))
    assert user_files.find_columns(path, "csv", {path.name: path}, None, None).class_names == names
    assert ("README.md gives them" in " ".join(capsys.readouterr().err.split())) == bool(names)


@pytest.mark.parametrize("place", ["data.csv", "train/data.csv"])
@pytest.mark.parametrize("about", [{"features": {"label": {"names": ["bad", "good"]}}}, {"features": None}, []])
def test_the_names_of_numbers_may_stand_in_what_datasets_saves(tmp_path: Path, place: str, about: Any) -> None:
    (tmp_path / "dataset_info.json").write_text(json.dumps(about))
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("text,label\na text,0\nanother,1\n")
    names = {"0": "bad", "1": "good"} if isinstance(about, dict) and about["features"] else {}
    assert user_files.find_columns(path, "csv", {path.name: path}, None, None).class_names == names


@pytest.mark.parametrize(("address", "words"), [("https://a.b/c.csv", "is an address"), ("c.csv", "folder$")])
def test_what_is_not_there_is_said(address: str, words: str) -> None:
    with pytest.raises(PyriteError, match=words):
        user_files.format_of(Path(address))


def test_a_link_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/0a1b").write_text("text,label\n")
    (tmp_path / "train.csv").symlink_to(tmp_path / "blobs/0a1b")
    monkeypatch.chdir(tmp_path)
    assert user_files.place_of(Path("train.csv")) == "train.csv"
    monkeypatch.chdir(tmp_path / "blobs")
    assert user_files.place_of(Path("../train.csv")) == str(tmp_path.resolve() / "train.csv")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("train.csv", "test.jsonl"), r"several formats \(train\.csv, test\.jsonl\)"),
        (("train.csv", "test.json"), r"several formats \(train\.csv, test\.json\)"),
        (("train.json", "test.json", "labels.json"), "json"),
        (("labels.json", "notes.txt"), "has no .arrow"),
        (("train.arrow", "state.json", "train/dataset_info.json"), "arrow"),
        (("a.csv", "notes.txt"), "csv"),
    ],
)
def test_no_file_of_a_folder_is_left_out_for_its_format(tmp_path: Path, names: tuple[str, ...], expected: str) -> None:
    for name in names:
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).touch()
    if " " in expected:
        with pytest.raises(PyriteError, match=expected):
            user_files.format_of(tmp_path / "set")
    else:
        assert user_files.format_of(tmp_path / "set") == expected


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ("Body,Text\na,b\n", "Text"),
        ("Text,text\na,b\n", "text"),
        ("body\na\n", "body"),
        ("TEXT,Text\na,b\n", "which column has the texts.* there are TEXT, Text"),
        ("a,b\n1,2\n", "which column has the texts.* there are a, b"),
        ("text,label\n", "has no rows"),
    ],
)
def test_the_column_of_texts_without_labels(tmp_path: Path, content: str, column: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    if " " in column:
        with pytest.raises(PyriteError, match=column):
            user_files.look_at_texts(path, None)
    else:
        assert user_files.look_at_texts(path, None).text == column
