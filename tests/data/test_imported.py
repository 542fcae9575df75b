"""Files in the shapes in which known tools export their sets, with invented texts; `add` and `new` read them alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.base.errors import PyriteError
from pyrite.data import imported, profile, texts

TEXTS = [(f"an invented sentence number {n} about things", ("fruit", "tool")[n % 2]) for n in range(60)]
CLASSES = {"names": ["fruit", "tool"], "_type": "ClassLabel"}
INDEX = {"fruit": 0, "tool": 1}
MESSAGES = [{"role": "user", "content": "Write one."}]

# Of each tool: the columns of texts and labels, and a row of a text and its label.
Shape = tuple[str | None, str | None, Callable[[str, str], dict[str, Any]]]
SHAPES: dict[str, Shape] = {
    "distilabel, texts written for a label": (
        "input_text",
        "label",
        lambda t, of: {"task": "w", "input_text": t, "label": of, "misleading_label": "x", "model_name": "m"},
    ),
    "distilabel, labels as a list, with its metadata": (
        "text",
        "labels",
        lambda t, of: {"text": t, "labels": [of], "distilabel_metadata": {"raw_input_0": MESSAGES, "raw_output_0": of}},
    ),
    "distilabel, structured output as JSON": (
        "generation.text",
        "generation.label",
        lambda t, of: {"instruction": "w", "generation": json.dumps({"text": t, "label": of}), "model_name": "m"},
    ),
    "distilabel, several generations a row": ("generations", "label", lambda t, of: {"generations": [t], "label": of}),
    "a chat": (
        "messages.1.content",
        "label",
        lambda t, of: {"messages": [*MESSAGES, {"role": "assistant", "content": t}], "label": of},
    ),
    "Argilla, suggestions": (
        "text",
        "label.suggestion",
        lambda t, of: {
            "id": t,
            "text": t,
            "label.suggestion": of,
            "label.suggestion.score": 0.9,
            "label.responses": [],
        },
    ),
    "Argilla, two people's responses": (
        "text",
        "label.responses.0",
        lambda t, of: {"text": t, "label.responses": [of, "fruit"], "label.responses.users": ["u", "v"]},
    ),
    "DataDesigner, a sampled category": (
        "review",
        "sentiment",
        lambda t, of: {"sentiment": of, "review": t, "review__trace": MESSAGES, "judge": {"tone": {"score": "4"}}},
    ),
    "DataDesigner, a structured column": (
        "out.text",
        "out.label",
        lambda t, of: {"id": 1, "out": {"text": t, "label": of}},
    ),
    "curator, rows of a response format": (None, None, lambda t, of: {"topic": "w", "text": t, "label": of}),
    "curator, raw responses": (
        "parsed_response_message.0.text",
        "generic_request.original_row.label",
        lambda t, of: {
            "response_message": {"text": t},
            "parsed_response_message": [{"text": t}],
            "generic_request": {"messages": MESSAGES, "original_row": {"label": of}},
        },
    ),
}


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("tool", SHAPES)
def test_what_tools_export_is_read_as_it_comes(tmp_path: Path, tool: str, form: str) -> None:
    text, label, row = SHAPES[tool]
    table = pd.DataFrame([row(*pair) for pair in TEXTS])
    path = tmp_path / f"set.{form}"
    table.to_parquet(path) if form == "parquet" else table.to_json(path, orient="records", lines=True)
    assert imported.read(path, text, label, {}).to_numpy().tolist() == [list(pair) for pair in TEXTS]
    assert profile.look(path, text, label, None).rows == {"fruit": 30, "tool": 30}


@pytest.mark.parametrize(
    ("column", "values", "feature"),
    [
        ("label", [INDEX[label] for _, label in TEXTS], CLASSES),
        ("labels", [[INDEX[label]] for _, label in TEXTS], {"feature": CLASSES, "_type": "Sequence"}),
        ("labels.0", [[INDEX[label]] for _, label in TEXTS], {"feature": CLASSES, "_type": "List"}),
    ],
)
def test_the_names_of_label_numbers_are_those_in_the_file(
    tmp_path: Path, column: str, values: list[Any], feature: dict[str, Any]
) -> None:
    name = column.partition(".")[0]
    about = {"info": {"features": {"text": {"dtype": "string"}, name: feature}}}
    table = pa.table({"text": [text for text, _ in TEXTS], name: values, "model": ["m"] * len(TEXTS)})
    path = tmp_path / "set.parquet"
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(about)}), path)
    assert imported.read(path, "text", column, {"tool": "a tool"})["label"].tolist() == ["fruit", "a tool"] * 30
    assert profile.look(path, "text", column, None).rows == {"fruit": 30, "tool": 30}


def test_several_answers_to_a_request_are_several_texts_and_several_labels_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps({"texts": ["one", "two"], "label": "fruit"}))
    assert imported.read(path, "texts", "label", {}).to_numpy().tolist() == [["one", "fruit"], ["two", "fruit"]]
    assert "1 rows have a list in 'texts'" in capsys.readouterr().err
    path.write_text(json.dumps({"text": "one", "labels": ["fruit", "tool"]}))
    with pytest.raises(PyriteError, match="several labels a text"):
        imported.read(path, "text", "labels", {})


@pytest.mark.parametrize("old", ["0", "0.0"])
def test_a_number_with_decimals_is_meant_with_and_without_them(tmp_path: Path, old: str) -> None:
    path = tmp_path / "set.csv"
    path.write_text("text,label\none,0.0\ntwo,1.0\nthree,\n")
    assert imported.read(path, "text", "label", {old: "fruit"})["label"].tolist() == ["fruit", "1", ""]


@pytest.mark.parametrize(
    ("values", "labels", "warnings"),
    [
        ({"TRUE": "fruit", "false": "tool"}, ["fruit", "tool"], ["'True' is taken for 'TRUE'", "'False' is taken for"]),
        ({"True": "fruit", "true": "tool"}, ["fruit", "False"], ["no row has the label 'true'"]),
        (
            {"yes": "fruit", "no": "tool"},
            ["True", "False"],
            ["no row has the label 'yes'", "no row has the label 'no'"],
        ),
    ],
)
def test_values_are_matched_as_labels_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], values: dict[str, str], labels: list[str], warnings: list[str]
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"text": "one", "label": true}\n{"text": "two", "label": false}\n')
    assert imported.read(path, "text", "label", values)["label"].tolist() == labels
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(warnings)
    assert all(words in line for words, line in zip(warnings, lines, strict=True))


def test_minus_one_among_classes_is_no_label(tmp_path: Path) -> None:
    about = {b"huggingface": json.dumps({"info": {"features": {"label": CLASSES}}}).encode()}
    table = pa.table({"text": ["one", "two", "three"], "label": [0, -1, 1]})
    pq.write_table(table.replace_schema_metadata(about), tmp_path / "set.parquet")
    assert imported.read(tmp_path / "set.parquet", None, None, {})["label"].tolist() == ["fruit", "", "tool"]


def test_the_files_of_a_folder_are_named_and_hidden_folders_hold_no_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in ("train.csv", ".ipynb_checkpoints/train-checkpoint.csv"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("text,label\none,fruit\n")
    assert len(imported.read(tmp_path, "text", "label", {})) == 1
    assert capsys.readouterr().err == ""
    (tmp_path / "test.csv").write_text("text,label\none,fruit\n")
    assert len(imported.read(tmp_path, "text", "label", {})) == 2
    assert "2 files are read as one set: test.csv, train.csv" in " ".join(capsys.readouterr().err.split())


def test_a_file_of_a_folder_without_the_columns_is_named(tmp_path: Path) -> None:
    pd.DataFrame(TEXTS, columns=["text", "label"]).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"helper": ["x"]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(PyriteError, match=r"b\.parquet: no column 'text'"):
        imported.read(tmp_path, "text", "label", {})


REAL = ["a real text", "another, with a comma", "[a third in brackets]"]
IDS = [texts.digest(text)[:16] for text in REAL]


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("a real text", IDS[:1]),
        ("  a real\n text ", IDS[:1]),
        (REAL[1], IDS[1:2]),
        (REAL[2], IDS[2:]),
        (REAL, IDS),
        (json.dumps(REAL), IDS),
        (f"{IDS[0]}, {IDS[1]}", IDS[:2]),
        ([IDS[0], REAL[1]], IDS[:2]),
        (None, []),
        ("", []),
        (float("nan"), []),
    ],
)
def test_seeds_are_named_by_text_or_id(cell: object, ids: list[str]) -> None:
    assert imported.seeds_of(cell) == ids


@given(st.recursive(st.none() | st.text() | st.integers() | st.floats(), st.lists))
def test_any_cell_gives_ids(cell: object) -> None:
    assert all(len(seed) == 16 and set(seed) <= set("0123456789abcdef") for seed in imported.seeds_of(cell))
