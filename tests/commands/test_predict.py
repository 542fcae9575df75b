from __future__ import annotations

import csv
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pyrite.base.errors import PyriteError
from pyrite.commands import predict
from pyrite.data.formats.rows import Row

pytestmark = pytest.mark.xdist_group("predict")

TEXTS = ["red thing", "one, two", "a thing of the blue three", "green"] * 5
LABELS = ["colour", "number"]


@pytest.fixture(scope="module")
def model(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fit with a checkpoint."""
    folder = tmp_path_factory.mktemp("fit")
    network = AutoModelForSequenceClassification.from_pretrained(
        tiny_checkpoint, id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)}
    )
    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint, model_max_length=6)
    inputs = tokenizer(TEXTS[:4], return_tensors="pt", padding=True, truncation=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(30):
        network(**inputs, labels=torch.tensor([0, 1, 1, 0])).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    network.save_pretrained(folder / "checkpoint")
    tokenizer.save_pretrained(folder / "checkpoint")
    return folder


@pytest.fixture
def expected(model: Path) -> np.ndarray:
    network = AutoModelForSequenceClassification.from_pretrained(model / "checkpoint").eval()
    tokenizer = AutoTokenizer.from_pretrained(model / "checkpoint")
    with torch.inference_mode():
        logits = [network(**tokenizer(text, truncation=True, return_tensors="pt")).logits[0] for text in TEXTS]
    return torch.softmax(torch.stack(logits), -1).numpy()


def write(path: Path, frame: pd.DataFrame) -> None:
    match path.suffix:
        case ".csv" | ".gz":
            frame.to_csv(path, index=False)
        case ".TSV":
            frame.to_csv(path, index=False, sep="\t")
        case ".parquet":
            frame.to_parquet(path)
        case ".arrow":
            frame.to_feather(path)
        case ".jsonl" | ".json":
            frame.to_json(path, orient="records", lines=path.suffix == ".jsonl")
        case _:
            path.write_text("".join(f"{text}\n" for text in frame["words"]))


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_json(path, lines=True)


@pytest.mark.parametrize(
    ("source", "ending"),
    [
        *itertools.product(["in.csv", "in.txt"], [".csv", ".parquet", ".jsonl"]),
        *((name, ".csv") for name in ("in.parquet", "in.jsonl", "in.TSV", "in.json", "in.csv.gz", "in.arrow")),
    ],
)
def test_rows_come_back_in_order_with_label_and_probabilities(
    project: Path, model: Path, expected: np.ndarray, source: str, ending: str
) -> None:
    frame = pd.DataFrame({"number": range(len(TEXTS)), "words": TEXTS})
    write(Path(source), frame)
    output = Path(f"out{ending}")
    predict.run(model, Path(source), "words", output)
    labelled = read(output)
    assert labelled["words"].tolist() == TEXTS
    assert source == "in.txt" or labelled["number"].astype(int).tolist() == list(range(len(TEXTS)))
    np.testing.assert_allclose(labelled[[f"probability:{label}" for label in LABELS]], expected, atol=0.02)
    assert labelled["predicted"].tolist() == [LABELS[i] for i in expected.argmax(1)]
    assert set(labelled["predicted"]) == set(LABELS)


def test_standard_input_to_standard_output(project: Path, model: Path) -> None:
    command = [sys.executable, "-m", "pyrite.cli", "predict", str(model)]
    done = subprocess.run(command, input="\n".join(TEXTS), capture_output=True, text=True, check=True)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["text"] for row in rows] == TEXTS
    assert "10 texts were longer than 6 tokens" not in done.stdout
    assert "5 texts were longer than 6 tokens" in done.stderr


def test_no_more_than_a_chunk_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "CHUNK", 10)
    taken = 0

    def rows() -> Iterator[Row]:
        nonlocal taken
        for taken in range(1, 101):
            yield Row(Path("here"), taken, {"text": "x"})

    class Constant:
        labels = LABELS
        empty = mended = 0

        def __call__(self, texts: list[str]) -> np.ndarray:
            return np.tile([0.4, 0.6], (len(texts), 1))

    for done, _row in enumerate(predict.label(rows(), "text", Constant(), lambda n: None)):  # type: ignore[arg-type]
        assert taken <= done + 10
    assert done == 99


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("in.csv", "words,other\na,b\n", "in.csv: row 2: no 'text'; there are words, other"),
        ("in.csv", "text\na,b\n", "in.csv: row 2: 2 fields, not 1"),
        ("in.csv", "text\n", "in.csv: has no texts"),
        ("in.jsonl", '{"text": ["a"]}\n{"text": ["b", "c"]}\n', "in.jsonl: row 2: 'text' has a list"),
        ("in.csv", "text,other\na,b\ntext,other\n", "in.csv: row 3: repeats the names of the columns"),
        ("in.csv", "text,predicted\na,b\n", "in.csv: row 2: has a column 'predicted' already"),
        ("in.jsonl", "{", "in.jsonl: row 1: broken JSON"),
        ("in.jsonl", '{"text": "a"}\n{"text": "b", "more": 1}\n', "write them as .jsonl"),
        ("in.parquet", "no parquet", "in.parquet: row 1: not readable as parquet"),
        ("in.txt", b"good\n\xff\n", "in.txt: row 2: not UTF-8"),
        ("missing.csv", None, "missing.csv: no such file"),
        (".", None, ".: is a folder: name a file in it"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    project: Path, model: Path, name: str, content: str | bytes | None, words: str
) -> None:
    if content is not None:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    Path("out.csv").write_text("what was there")
    with pytest.raises(PyriteError) as caught:
        predict.run(model, Path(name), "text", Path("out.csv"))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert Path("out.csv").read_text() == "what was there"
    assert [path.name for path in project.iterdir() if path.name.startswith(".")] == []


def test_the_file_that_is_read_is_not_written_over(project: Path, model: Path) -> None:
    Path("in.csv").write_text("text\nred\n")
    with pytest.raises(PyriteError, match="is the file that is read"):
        predict.run(model, Path("in.csv"), "text", project / "in.csv")
    assert Path("in.csv").read_text() == "text\nred\n"


def test_a_folder_without_a_checkpoint_and_an_unknown_output_are_named(project: Path, model: Path) -> None:
    with pytest.raises(PyriteError, match="nowhere: no checkpoint there"):
        predict.run(Path("nowhere"), None, "text", None)
    with pytest.raises(PyriteError, match=r"out.xlsx: unknown kind of file; name one that ends in .csv"):
        predict.run(model, None, "text", Path("out.xlsx"))
    broken = project / "broken"
    broken.mkdir()
    (broken / "config.json").write_text((model / "checkpoint/config.json").read_text())
    (broken / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(PyriteError, match=r"checkpoint '.*broken': can't be loaded"):
        predict.run(broken, None, "text", None)


def test_json_lines_keep_what_csv_can_not(project: Path, model: Path) -> None:
    Path("in.jsonl").write_text('{"text": "red", "tags": ["a"]}\n{"text": "one", "more": null}\n')
    predict.run(model, Path("in.jsonl"), "text", Path("out.jsonl"))
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert rows[0]["tags"] == ["a"]
    assert "more" in rows[1]


def test_a_row_without_a_text_has_no_prediction_and_is_counted(
    project: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in.jsonl").write_text('{"text": "red"}\n\n{"text": null}\n{"text": " "}\n{"text": "\\ud83d one"}\n')
    for name in ("out.jsonl", "out.parquet", "out.csv"):
        predict.run(model, Path("in.jsonl"), "text", Path(name))
    labelled = read(Path("out.parquet"))
    assert labelled["predicted"].isna().tolist() == [False, True, True, False]
    assert labelled["text"].tolist()[3] == "\ufffd one"
    assert pd.read_csv("out.csv")["predicted"].isna().tolist() == [False, True, True, False]
    assert "2 rows have no text and get no label" in capsys.readouterr().err
