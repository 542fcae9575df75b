"""Sheets: nothing in them is run or rounded by a spreadsheet, and what one does to them is undone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import sheets, texts


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "0123456789012345", "1234567890123e45"])
def test_a_cell_that_a_spreadsheet_would_change_comes_back_as_it_was(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    sheets.write(path, ["item", "text"], [[cell, "x"]])
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1][0] == f"'{cell}"
    ((_, [item]),) = sheets.read(path, ["item"])
    assert item == cell


@pytest.mark.parametrize("cell", ["a=1", "c00c56d7cf7df76b", "", "'tis", "1e5a"])
def test_any_other_cell_stays_as_it_is(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    sheets.write(path, ["item"], [[cell or "x"]])
    assert path.read_text(encoding="utf-8-sig").splitlines()[1] == (cell or "x")


def test_a_sheet_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("somebody's work")
    with pytest.raises(PyriteError, match=r"a\.csv: is there already"):
        sheets.write(path, ["item"], [])
    assert path.read_text() == "somebody's work"


def test_a_sheet_with_semicolons_is_read_and_one_without_a_column_says_which(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("item;annotator;label\n1;2;3\n")
    assert [values for _, values in sheets.read(path, sheets.ANNOTATIONS)] == [["1", "2", "3"]]
    path.write_text("item,label\n1,3\n")
    with pytest.raises(PyriteError, match=r"no column annotator; there must be item, annotator, label"):
        list(sheets.read(path, sheets.ANNOTATIONS))


def test_rows_are_added_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('item,note\n1,"a, b"\n')
    sheets.add(path, ["item", "model"], [["2", "m"], ["3", "m"]])
    assert path.read_text() == 'item,note,model\n1,"a, b",\n2,,m\n3,,m\n'
    sheets.add(tmp_path / "new.csv", ["item"], [["1"]])
    assert (tmp_path / "new.csv").read_text() == "item\n1\n"


def test_a_broken_file_is_not_added_to(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("item,label\n1\n")
    with pytest.raises(PyriteError, match=r"a\.csv: row 2: "):
        sheets.add(path, ["item"], [["2"]])
    assert path.read_text() == "item,label\n1\n"


TEXTS = ["a plain text", "another one", "a third"]


def chosen(path: Path, labels: list[str], *more: list[str]) -> Path:
    """A sheet of `next`, filled in, from which the predictions were taken out."""
    rows = [[texts.digest(text)[:16], text, label] for text, label in zip(TEXTS, labels, strict=True)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([sheets.FILLED_IN, *rows, *more])
    return path


def test_a_sheet_without_the_predictions_and_with_empty_rows_is_taken(tmp_path: Path) -> None:
    sheet = chosen(tmp_path / "a.csv", ["x", "", "y"], ["", "", ""], [texts.digest(TEXTS[0])[:16], TEXTS[0], "x"])
    assert sheets.is_chosen(sheet)
    assert sheets.chosen(sheet, ["x", "y"]) == ([(TEXTS[0], "x"), (TEXTS[2], "y")], 1)
    (tmp_path / "b.csv").write_text("item,text,label\n7,a text of no sheet,x\n")
    assert not sheets.is_chosen(tmp_path / "b.csv")


def test_a_text_with_two_labels_is_refused(tmp_path: Path) -> None:
    sheet = chosen(tmp_path / "a.csv", ["x", "x", ""], [texts.digest(TEXTS[1])[:16], TEXTS[1], "y"])
    with pytest.raises(PyriteError, match="row 5: label 'y', but above its text has 'x'"):
        sheets.chosen(sheet, ["x", "y"])
