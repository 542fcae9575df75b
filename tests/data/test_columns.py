from __future__ import annotations

from pathlib import Path

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import columns
from pyrite.data.formats.rows import Row

TABLE = [{"a": f"text {n}", "b": "xy"[n % 2], "c": str(n), "d": str(n % 2)} for n in range(20)]


def rows(table: list[dict]) -> list[Row]:
    return [Row(Path("f"), number, fields) for number, fields in enumerate(table, start=2)]


@pytest.mark.parametrize(
    ("names", "text", "label", "expected"),
    [
        ("ab", None, None, ("a", "b")),
        ("ba", None, None, ("a", "b")),
        ("ab", "b", None, ("b", "a")),
        ("ab", None, "b", ("a", "b")),
        ("abc", "a", "b", ("a", "b")),
        ("abc", None, None, "Name them with --text and --label; there are a, b, c"),
        ("abc", "a", None, "Name them"),
        ("ac", None, None, "Name them"),
        ("cb", None, None, "Name them"),
        ("ab", "z", None, r"no column 'z' \(--text\); there are a, b"),
        ("ab", "a", "z", r"no column 'z' \(--label\)"),
        ("ab", "a", "a", "can't hold both"),
    ],
)
def test_columns_are_guessed_only_where_there_is_no_doubt(names, text, label, expected) -> None:
    table = rows([{name: row[name] for name in names} for row in TABLE])
    if isinstance(expected, tuple):
        assert columns.find(table, text, label) == expected
    else:
        with pytest.raises(PyriteError, match=expected):
            columns.find(table, text, label)


def test_columns_by_their_usual_names_in_any_case_and_within_others() -> None:
    assert columns.find(rows([{"text": "x", "label": "y", "Label": "z"}]), None, None) == ("text", "label")
    assert columns.find(rows([{"ID": 1, "Text": "x", "Label": "y"}]), None, None) == ("Text", "Label")
    three = rows([{"Text": "x", "label": 0, "label_text": "y"}])
    assert columns.find(three, None, "label_text") == ("Text", "label_text")
    assert columns.find(three, "label_text", None) == ("label_text", "label")
    deep = rows([{"data": {"t": "x"}, "labels": []}, {"data": {"t": "x"}, "labels": ["a"]}])
    assert columns.find(deep, "data.t", "labels.0") == ("data.t", "labels.0")
    with pytest.raises(PyriteError, match=r"no column 'labels\.1'"):
        columns.find(deep, "data.t", "labels.1")


@pytest.mark.parametrize(
    ("name", "words"),
    [("", r"has no name \(there are one without a name, label\)"), ("{a}", "has a brace in its name")],
)
def test_a_column_that_no_template_can_name(name: str, words: str) -> None:
    with pytest.raises(PyriteError, match=words):
        columns.find(rows([{name: row["a"], "label": row["b"]} for row in TABLE]), None, None)


def test_columns_of_noughts_and_ones_are_several_labels_a_text() -> None:
    table = rows([{"text": row["a"], "rude": n % 2, "spam": 1 - n % 2} for n, row in enumerate(TABLE)])
    with pytest.raises(PyriteError, match="rude, spam mark several labels a text"):
        columns.find(table, None, None)
    assert columns.find(table, "text", "rude") == ("text", "rude")


@pytest.mark.parametrize(
    ("name", "text", "label", "words"),
    [
        ("a.csv", "a text of five words", "x", None),
        ("a.xlsx", "这个水壶坏了", "x", None),
        ("a.csv", "review", "x", "row 1 ('review', 'x') is taken for the names"),
        ("a.csv", "a text of five words", "queue", "row 1 ('a text of five words', 'queue') is taken"),
        ("a.csv", "text", "label", ""),
        ("a.jsonl", "a text of five words", "x", ""),
    ],
)
def test_a_header_that_looks_like_a_row_is_said_or_refused(name: str, text: str, label: str, words: str | None) -> None:
    table = [Row(Path(name), number, {text: f"text {number}", label: "xy"[number % 2]}) for number in range(2, 20)]
    if words is None:
        with pytest.raises(PyriteError, match=rf"{name}: row 1 .* looks like a text and its label"):
            columns.doubts(table, text, label)
    else:
        doubts = columns.doubts(table, text, label)
        assert "".join(doubts).startswith(f"{name}: {words}" if words else "")
        assert bool(doubts) == bool(words)


@pytest.mark.parametrize("text", [None, "1"])
def test_columns_that_are_not_there_for_want_of_a_header_say_so(text: str | None) -> None:
    table = [Row(Path("a.tsv"), 2, {"0": "1", "a first text of five words": "another"})]
    with pytest.raises(PyriteError, match=r"is row 1 a row, and no header\? put the names of the columns above it"):
        columns.find(table, text, None)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('{"text": "x"}', "'a' has fields within it (text): name the one that is meant, such as a.text"),
        ("['x', 'y']", "name a place in it: a.0"),
        ("[x] y", None),
    ],
)
def test_texts_that_hold_others_are_said(written: str, words: str | None) -> None:
    doubts = columns.doubts(rows([{"a": written, "b": "x"}, {"a": written, "b": "y"}, {"a": "x", "b": "y"}]), "a", "b")
    assert len(doubts) == (words is not None)
    assert (words or "") in "".join(doubts)


def test_the_first_of_several_labels_and_a_column_of_sides_are_said() -> None:
    table = rows([{"text": "a", "label": labels, "side": "train"} for labels in (["x"], ["x", "y"], ["x", "x"], [])])
    table[0].fields["side"] = "test"
    doubts = columns.doubts(table, "text", "label.0")
    assert "in 1 of the first 4 rows 'label.0' is the first of several that differ" in doubts[0]
    assert "'side' names sides (test, train) and is not read" in doubts[1]
    assert len(doubts) == 2
