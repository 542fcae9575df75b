"""What is in a user's file: nothing is changed in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from pyrite.base.errors import PyriteError
from pyrite.data import profile

LABELS = ["good", "bad"]


def rows(labels: list, each: int = 30, start: int = 0) -> list[dict]:
    return [
        {"text": f"text number {start + len(labels) * n + place} of them", "label": label}
        for n in range(each)
        for place, label in enumerate(labels)
    ]


@pytest.fixture
def look(project: Path):
    """The profile of a file with these rows, or of a folder with several."""

    def profiled(content: list[dict] | dict[str, list[dict]], only: list[str] | None = None, end: str = "jsonl"):
        if isinstance(content, dict):
            path = project / "folder"
            path.mkdir(exist_ok=True)
            tables = {path / name: table for name, table in content.items()}
        else:
            path = project / f"a.{end}"
            tables = {path: content}
        for place, table in tables.items():
            lines = [json.dumps(row) for row in table]
            if end == "csv":
                lines = [",".join(table[0]), *(",".join(map(str, row.values())) for row in table)]
            place.write_text("\n".join(lines) + "\n")
        return profile.look(path, None, None, only)

    return profiled


def test_numbers_of_one_value_are_one_label(look) -> None:
    dataset = look(rows([0, 1.0, 0.0, 1, None, float("nan")]))
    assert dataset.rows == {"0": 60, "1": 60, "": 60}
    assert dataset.source.values == {}
    dataset = look(rows(["0.0", "1", "1.0"]), end="csv")
    assert dataset.rows == {"0": 30, "1": 60}
    assert dataset.source.values == {"0.0": "0", "1": "1", "1.0": "1"}
    assert dataset.notes == ["0: so is taken what is also written '0.0'.", "1: so is taken what is also written '1.0'."]
    assert look(rows(["1.0", "1.5"]), end="csv").labels == ["1.0", "1.5"]


def test_labels_that_look_alike_are_one_and_said(look) -> None:
    dataset = look(rows(["caf\u00e9", "cafe\u0301", "not spam", "not\u00a0spam\u200b"]))
    assert dataset.rows == {"caf\u00e9": 60, "not spam": 60}
    assert "'not\\xa0spam\\u200b'" in " ".join(dataset.notes)
    assert "'cafe\\u0301'" in " ".join(dataset.notes)


def test_joined_labels_are_refused_unless_the_single_ones_are_named(look) -> None:
    with pytest.raises(PyriteError, match=r"'a\|b' joins others.*--labels a,b$"):
        look(rows(["a", "b", "a|b"]))
    dataset = look(rows(["a", "b", "a|b"]), ["a", "b"])
    assert (dataset.labels, dataset.others) == (["a", "b"], {"a|b": 30})
    assert look(rows(["home, garden", "travel"])).labels == ["home, garden", "travel"]


def test_sides(look) -> None:
    sides = {"train.jsonl": rows(LABELS), "test.jsonl": rows([None], start=900), "dev.jsonl": rows(LABELS, 9, 500)}
    dataset = look(sides)
    assert dataset.table["split"].value_counts().to_dict()["test"] == 18
    assert dataset.rows[""] == 30
    assert dataset.notes == [
        "test.jsonl: none of its rows has a label.",
        "No row of a test side has a label: the validation side is the test side.",
    ]


def test_a_made_set_beside_the_sides_is_left_out_and_said(look) -> None:
    sides = {"train.jsonl": rows(LABELS), "test.jsonl": rows(LABELS, 9, 500)}
    dataset = look(sides | {"vendor.jsonl": rows(LABELS, 50, 900)})
    assert sum(dataset.rows.values()) == 78
    assert (dataset.table["split"] == "test").sum() == 18
    assert dataset.notes
    assert all(note.startswith("Left out for their names: vendor.jsonl.") for note in dataset.notes)


def test_a_made_set_in_another_format_is_left_out_and_said(look, project: Path) -> None:
    (project / "folder").mkdir()
    (project / "folder/vendor.csv").write_text("text,label\na made text,good\n")
    dataset = look({"train.jsonl": rows(LABELS), "test.jsonl": rows(LABELS, 9, 500)})
    assert sum(dataset.rows.values()) == 78
    assert dataset.notes[0].startswith("Left out for their names: vendor.csv.")


def test_a_set_of_no_side_beside_a_test_side_is_in_no_split(look) -> None:
    test = {"test.jsonl": rows(LABELS)}
    with pytest.raises(PyriteError, match=r"vendor\.jsonl beside test\.jsonl"):
        look(test | {"vendor.jsonl": rows(LABELS, start=500)})


def test_a_set_that_is_named_as_made_is_in_no_split(look) -> None:
    dataset = look({"test.jsonl": rows(LABELS), "synthetic.jsonl": rows(LABELS, start=500)})
    assert len(dataset.table) == 60
    assert dataset.notes[0].startswith("Left out for their names: synthetic.jsonl.")


def test_a_file_of_a_folder_without_the_labels_names_the_one_to_take(look) -> None:
    unlabelled = [{"text": row["text"]} for row in rows(LABELS, 9, 500)]
    with pytest.raises(PyriteError, match=r"test\.jsonl: no column 'label'; there are text: .* --from .*train\.jsonl"):
        look({"train.jsonl": rows(LABELS), "test.jsonl": unlabelled})


def test_lists_written_as_text_are_labels_and_said(look) -> None:
    dataset = look(rows(['["good"]', "good", "['bad']", "[]"]))
    assert dataset.rows == {"good": 60, "bad": 30, "": 30}
    assert dataset.notes == [
        "bad: so is taken what is also written \"['bad']\".",
        "good: so is taken what is also written '[\"good\"]'.",
    ]
    assert "'a|b' are one label each" in look(rows(["a|b", "c"])).notes[0]


def test_files_of_which_none_is_named_for_a_side_are_said(look) -> None:
    dataset = look({"one.jsonl": rows(LABELS), "two.jsonl": rows(LABELS, start=900)})
    assert dataset.notes == ["No file's name tells a side (train, validation or test), so all rows are split anew."]


def named(path: Path, table: list[dict], names: list[str]) -> None:
    """Write rows as `datasets` does, with the names of their numbers."""
    features = {"label": {"names": names, "_type": "ClassLabel"}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    path.parent.mkdir(exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(table).replace_schema_metadata(metadata), path)


def test_numbers_that_have_no_name_are_said(project: Path) -> None:
    named(project / "a.parquet", [*rows([0, 1, -1]), *rows([7], 1, 900)], LABELS)
    dataset = profile.look(project / "a.parquet", None, None, None)
    assert dataset.rows == {"good": 30, "bad": 30, "": 31}
    assert dataset.notes == ["Numbers without a name in the file are no label: 7."]


def test_files_whose_numbers_mean_different_labels_are_refused(project: Path) -> None:
    named(project / "set/train.parquet", rows([0, 1]), LABELS)
    named(project / "set/test.parquet", rows([0, 1], start=900), LABELS[::-1])
    with pytest.raises(PyriteError, match=r"test\.parquet: .* other names than in train\.parquet"):
        profile.look(project / "set", None, None, None)


@pytest.mark.parametrize(
    ("several", "listed"),
    [
        (["en/train.jsonl", "de/train.jsonl"], "de.train.jsonl, en.train.jsonl"),
        (["train.jsonl", "train_more.jsonl"], "train.jsonl, train_more.jsonl"),
        (["train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl"], ""),
        (["train-0-0123456789abcdef.jsonl", "train-1-fedcba9876543210.jsonl"], ""),
    ],
)
def test_several_files_of_one_side_are_said_unless_they_are_shards(
    look, project: Path, several: list[str], listed: str
) -> None:
    for place in several:
        (project / "folder" / place).parent.mkdir(parents=True, exist_ok=True)
    tables = {name: rows(LABELS, start=900 * n) for n, name in enumerate(several)}
    dataset = look(tables | {"test.jsonl": rows(LABELS)})
    assert dataset.notes == (
        [f"Several files are named for one side ({listed}): all are read as one data set."] if listed else []
    )


def test_a_side_in_an_unknown_format_is_said(look, project: Path) -> None:
    (project / "folder").mkdir()
    (project / "folder/test.csv.zip").touch()
    dataset = look({"train.jsonl": rows(LABELS)})
    assert dataset.notes == ["Not read: test.csv.zip, in no format that is."]


def test_a_file_without_labels_says_so_whatever_labels_are_wanted(look) -> None:
    with pytest.raises(PyriteError, match="column 'label': no label: a classifier needs two"):
        look(rows(["", None]), only=LABELS)
    with pytest.raises(PyriteError, match="no row has the label 'bad'; its labels are Bad, Good: rename them"):
        look(rows(["Good", "Bad"]), only=LABELS)


def test_labels_with_too_few_rows_are_said_in_one_line(look) -> None:
    with pytest.raises(PyriteError, match=r"too few rows of 'rare' \(1, none to .*\), 'rarer' \(1, none") as caught:
        look([*rows(LABELS), *rows(["rare", "rarer"], 1, 700)])
    assert "--labels bad,good" in str(caught.value)
    # Each of 20 labels of 60 rows has rows on every side, and one in the pool.
    assert len(look(rows([f"label {n}" for n in range(20)], 60)).labels) == 20


@pytest.mark.parametrize("mark", ["-1", "?"])
def test_a_side_whose_labels_no_other_side_has_is_refused_with_what_to_do(look, mark: str, project: Path) -> None:
    with pytest.raises(PyriteError, match=r"the test side has only labels that no other side has.*--labels bad,good$"):
        look({"train.jsonl": rows(LABELS), "test.jsonl": rows([mark], start=900)})
    dataset = profile.look(project / "folder", None, None, LABELS)
    assert dataset.others == {mark: 30}
    assert dataset.notes[-1] == "No row of a test side has a label, so all rows are split anew."


def test_a_header_in_the_midst_is_refused(look) -> None:
    with pytest.raises(PyriteError, match="row 62: repeats the names of the columns"):
        look([*rows(LABELS), {"text": "\ufefftext", "label": "label"}, *rows(LABELS, start=900)], end="csv")


def test_texts_that_all_have_two_labels_are_named_as_the_cause(look) -> None:
    with pytest.raises(PyriteError, match="120 rows are left out, whose texts have two labels"):
        look([*rows(LABELS), *[row | {"label": "other"} for row in rows(LABELS)]])
