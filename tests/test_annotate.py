"""Annotations from sheets, recordings and the data's own judgements; mistakes by file and row."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import GENERATE, ROOT

from pyrite import annotate, cli, comparisons, paths, texts
from pyrite.errors import PyriteError

CARD = """
id: pets
title: Pets
description: Which pet a sentence is about.
source: {source}
item: sentence
items: sentences
length_words: [3, 20]
role: You keep pets.
style: Short.
labels: {{cat: are about cats, dog: are about dogs}}
"""
LOCAL = "{kind: file, path: pets.csv, text: text, label: label, licence: CC0}"
DOCSTRINGS = "{kind: stdlib_docstrings, licence: PSF-2.0, modules: {cat: [re], dog: [os]}}"

ITEMS = [f"{i:016x}" for i in range(6)]


@pytest.fixture
def pets(project: Path) -> Path:
    """A task with six rows, of which the last is a training row; the folder of its sheets."""
    paths.TASKS.mkdir()
    paths.card("pets").write_text(CARD.format(source=LOCAL))
    paths.RECORDED_ANNOTATIONS.mkdir(parents=True)
    paths.prepared("pets").parent.mkdir(parents=True)
    texts.write(
        pd.DataFrame(
            {
                "id": ITEMS,
                "text": ["=a cat", "the dog", 'a, "b"', "d", "e", "f"],
                "label": ["cat", "dog"] * 3,
                "split": ["test"] * 5 + ["train"],
            }
        ),
        paths.prepared("pets"),
    )
    return paths.RECORDED_ANNOTATIONS


def write(path: Path, *rows: str, header: str = "item,annotator,label") -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def table() -> pd.DataFrame:
    return pd.read_parquet(paths.annotation_table("pets"))


def test_no_annotations_are_an_empty_table_and_said_so(pets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    annotate.run("pets")
    assert table().empty
    assert list(table()) == list(annotate.TYPES)
    assert "no annotations" in capsys.readouterr().err


def test_sheets_of_both_sources_are_gathered(pets: Path) -> None:
    write(paths.recorded_annotations("pets"), f"{ITEMS[0]},p1,cat", f"{ITEMS[0]},p2,dog")
    write(
        paths.people_annotations("pets"),
        f"text,{ITEMS[1]}, ann ,dog",
        f"text,{ITEMS[2]},ann,",
        f"text,{ITEMS[1]},ann,dog",
        header="text,item,annotator,label",
    )
    annotate.run("pets")
    assert table()[["item", "annotator", "label", "source"]].to_numpy().tolist() == [
        [ITEMS[0], "p1", "cat", "llm"],
        [ITEMS[0], "p2", "dog", "llm"],
        [ITEMS[1], "ann", "dog", "human"],
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("ffffffffffffffff,p1,cat", "item 'ffffffffffffffff' is not a test row"),
        (f"{ITEMS[5]},p1,cat", "is not a test row"),
        (f"{ITEMS[1]},p1,bird", "unknown label 'bird'; tasks/pets.yaml has cat, dog"),
        (f"{ITEMS[1]},,cat", "no annotator"),
        (f"{ITEMS[0]},p0,dog", "p0 already gave item"),
        (f"{ITEMS[1]},p1", "2 fields, not 3"),
        (f'{ITEMS[1]},"p1,cat', "broken CSV"),
    ],
)
def test_a_mistake_is_one_line_with_its_row_and_nothing_is_written(pets: Path, row: str, problem: str) -> None:
    write(paths.recorded_annotations("pets"), f"{ITEMS[0]},p0,cat", row)
    with pytest.raises(PyriteError, match=r"^[^\n]*pets\.csv: row 3: [^\n]*$") as caught:
        annotate.run("pets")
    assert problem in str(caught.value)
    assert not paths.annotation_table("pets").exists()


def test_bytes_that_are_no_text_are_a_mistake_too(pets: Path) -> None:
    paths.recorded_annotations("pets").write_bytes(b"item,annotator,label\n\xff,p1,cat\n")
    with pytest.raises(PyriteError, match=r"row 2: not UTF-8"):
        annotate.run("pets")


def test_a_sheet_needs_its_columns(pets: Path) -> None:
    write(paths.recorded_annotations("pets"), "a,b", header="item,rater")
    with pytest.raises(PyriteError, match="no column annotator, label"):
        annotate.run("pets")


def test_items_that_this_python_lacks_are_left_out_and_counted(pets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths.card("pets").write_text(CARD.format(source=DOCSTRINGS))
    write(
        paths.recorded_annotations("pets"), f"{ITEMS[0]},p1,cat", "ffffffffffffffff,p1,cat", "eeeeeeeeeeeeeeee,p1,cat"
    )
    annotate.run("pets")
    assert table()["item"].tolist() == [ITEMS[0]]
    assert "2 items left out" in capsys.readouterr().err


def judge(rows: list[tuple[str, int, str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["item", "copy", "annotator", "label"])
    frame.to_parquet(paths.judgements("pets"), index=False)


def test_judgements_of_test_rows_come_with_the_data(pets: Path) -> None:
    judge([(ITEMS[0], 1, "1", "cat"), (ITEMS[0], 1, "2", "dog"), (ITEMS[5], 1, "1", "cat"), ("gone", 1, "1", "cat")])
    annotate.run("pets")
    assert table()["item"].tolist() == [ITEMS[0]] * 2
    assert table()["source"].unique().tolist() == ["human"]


def test_a_tied_copy_beside_one_that_gave_the_label_is_left_out(pets: Path) -> None:
    tied = [(ITEMS[0], 1, "1", "cat"), (ITEMS[0], 1, "2", "dog")]
    clear = [(ITEMS[0], 2, "1", "cat"), (ITEMS[0], 2, "2", "cat"), (ITEMS[0], 2, "3", "dog")]
    judge(tied + clear)
    annotate.run("pets")
    assert table()["copy"].tolist() == [2, 2, 2]


def test_bounds_of_the_agreement_stand_in_place_of_labels(pets: Path) -> None:
    pd.DataFrame({"item": ITEMS, "agreement": [0.5, 0.66, 0.75, 1, 1, 1]}).to_parquet(paths.judgements("pets"))
    annotate.run("pets")
    assert table()["agreement"].tolist() == [0.5, 0.66, 0.75, 1, 1]
    assert table()["label"].isna().all()


def test_judgements_with_a_label_that_the_card_lacks(pets: Path) -> None:
    judge([(ITEMS[0], 1, "1", "bird")])
    with pytest.raises(PyriteError, match="unknown label 'bird'"):
        annotate.run("pets")


def filled_in(path: Path, **answers: str) -> None:
    """What a person's spreadsheet saves: the sheet with these columns filled in."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, **answers} for row in rows)


def test_an_exported_sheet_has_no_labels_and_comes_back_filled_in(
    pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotate.export("pets", items=3)
    sheet = paths.sheet("pets")
    with sheet.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["label"] for row in rows} == {""}
    assert {row["choices"] for row in rows} == {"cat | dog"}
    assert [row["text"] for row in rows] == ["'=a cat", "the dog", 'a, "b"']
    said = capsys.readouterr().err
    assert "cat: sentences that are about cats" in said and str(paths.people_annotations("pets")) in said
    filled_in(sheet, annotator="me", label="cat")
    another = Path("another.sheet.csv")
    another.write_bytes(sheet.read_bytes())
    filled_in(another, annotator="you", label="dog")
    # Put together as with `cat`, headers and all.
    paths.people_annotations("pets").write_bytes(sheet.read_bytes() + another.read_bytes())
    annotate.run("pets")
    assert table()["item"].tolist() == ITEMS[:3] * 2
    assert table()["label"].tolist() == ["cat"] * 3 + ["dog"] * 3
    with pytest.raises(PyriteError, match="is there already"):
        annotate.export("pets", items=3)


STUDY = """
tasks: [TASKS]
generate: GENERATE
train:
  seeds: [0]
  precision: auto
  test_rows: null
  checkpoints: none
  encoders:
    tfidf: {method: tfidf, C: 10.0, mixes: [real, few_shot]}
evaluate: {resamples: 200}
compare: {encoder: tfidf, baseline: real, candidate: few_shot, margin: 3.0}
""".replace("GENERATE", GENERATE)


def test_a_sheet_of_pairs_says_what_is_to_be_compared_and_comes_back_filled_in(pets: Path) -> None:
    paths.ANNOTATORS.write_text((ROOT / paths.ANNOTATORS).read_text())
    for task in ("apes", "owls"):
        paths.card(task).write_text(CARD.format(source=LOCAL).replace("pets", task))
        shutil.copy(paths.prepared("pets"), paths.prepared(task))
    train = texts.read(paths.prepared("owls")).assign(split="train")
    texts.write(train, paths.prepared("owls"))
    paths.PARAMS.write_text(STUDY.replace("TASKS", "pets, apes, owls"))
    annotate.export_pairs()
    sheet = paths.sheet("pairs")
    with sheet.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert sorted(tuple(sorted((row["first"], row["second"]))) for row in rows) == [
        ("apes", "owls"),
        ("apes", "pets"),
        ("owls", "pets"),
    ]
    about = {row["first"]: row["about first"] for row in rows} | {row["second"]: row["about second"] for row in rows}
    assert '"cat" for sentences that are about cats' in about["owls"] and '"=a cat"' in about["owls"]
    assert all("follows from what stands in the text" in row["objective means"] for row in rows)
    assert comparisons.read(sheet).empty
    with sheet.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "annotator": "me", "more_objective": row["first"]} for row in rows)
    assert comparisons.read(sheet)["more_objective"].tolist() == [row["first"] for row in rows]


def test_a_pair_takes_two_tasks(pets: Path) -> None:
    paths.PARAMS.write_text(STUDY.replace("TASKS", "pets"))
    with pytest.raises(PyriteError, match="a pair takes two"):
        annotate.export_pairs()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["export"], "annotate export: name a task, or ask for --pairs"),
        (["pets", "owls"], "takes nothing more"),
        (["pets", "--pairs"], "takes nothing more"),
    ],
)
def test_a_command_that_means_nothing_is_one_line(
    arguments: list[str], problem: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("sys.argv", ["pyrite", "annotate", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    assert problem in capsys.readouterr().err


def test_the_stages_command_and_export_are_told_apart(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (["export", "pets", "--items", "2"], ["pets"]):
        monkeypatch.setattr("sys.argv", ["pyrite", "annotate", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert left.value.code == 0
    assert len(pd.read_csv(paths.sheet("pets"))) == 2
    assert table().empty
