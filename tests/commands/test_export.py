"""Export: the folder is a data set, and has nothing real in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import Study, change_params, tfidf

import metrics
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import export
from pyrite.data import texts, transcripts
from pyrite.data.transcripts import Conversation, Turn


@pytest.fixture
def generated(study: Study, project: Path) -> Path:
    """The task `fruit` with two generated sets of four texts; the few-shot prompts showed two real texts."""
    study(provider="recorded", sources=["zero_shot", "few_shot"])
    shown = tuple(texts.read(paths.prepared("fruit"))["id"].head(2))
    for setting, examples in (("zero_shot", ()), ("few_shot", shown)):
        rows, conversations = [], []
        for label in ("fruit", "tool"):
            prompt = "Write 2 sentences {examples}." if examples else "Write 2 sentences."
            turn = Turn(prompt, examples, '["a", "b"]')
            conversations.append(
                Conversation("fruit", setting, label, 0, "some/llm", "2026-01-01", "You are a grocer.", (turn,))
            )
            for position in range(2):
                text = f"a {setting} text of {label} | number {position}"
                rows.append((texts.digest(text)[:16], text, label, "train", setting, 0, 0, position))
        frame = pd.DataFrame(rows, columns=[*texts.COLUMNS, *texts.ORIGIN]).sort_values("id")
        texts.write(frame, paths.source("fruit", setting))
        transcripts.write(paths.transcript("fruit", setting), conversations)
        counts = {"received": 7, "dropped": {"empty": 0, "near duplicate": 3}, "accepted": 4, "also_real_training": 1}
        metrics.generated("fruit", setting, **counts).model_copy(update={"models": ("some/llm",)}).save(
            "fruit", setting
        )
    return project


def front_matter(folder: Path) -> dict:
    _, matter, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(matter)


def test_each_setting_is_a_configuration_of_parquet_files(generated: Path) -> None:
    export.run("fruit", Path("out/fruit"))
    configs = front_matter(Path("out/fruit"))["configs"]
    assert [c["config_name"] for c in configs] == ["zero_shot", "few_shot"]
    assert [c.get("default", False) for c in configs] == [True, False]
    for config in configs:
        [part] = config["data_files"]
        table = pq.read_table(Path("out/fruit") / part["path"])
        assert table.column_names == export.COLUMNS
        assert set(table["label"].to_pylist()) == {"fruit", "tool"}
        assert set(table["model"].to_pylist()) == {"some/llm"}
        real = set(texts.read(paths.prepared("fruit"))["id"])
        shown = {i for row in table["examples"].to_pylist() for i in row}
        assert shown == (set() if config["config_name"] == "zero_shot" else shown & real)
        assert bool(shown) == (config["config_name"] == "few_shot")


def test_no_real_text_is_in_it(generated: Path) -> None:
    export.run("fruit", Path("out"))
    for path in Path("out").rglob("*"):
        if path.is_file():
            assert b"real sentence number" not in path.read_bytes()


def test_the_card_says_what_there_is(generated: Path) -> None:
    export.run("fruit", Path("out"))
    card = Path("out/README.md").read_text(encoding="utf-8")
    assert "| all | 4 | 4 |" in card
    assert "| near duplicate | 3 | 3 |" in card
    assert "| empty |" not in card
    assert "`some/llm`" in card
    assert "You are a grocer." in card
    assert "1 of zero_shot, 1 of few_shot" in card
    assert "Licence: none." in card
    digest = transcripts.provenance(paths.transcript("fruit", "few_shot"))[1]
    assert digest[:16] in card


def test_the_library_loads_it(generated: Path) -> None:
    pytest.importorskip("datasets")
    export.run("fruit", Path("out"))
    # In a process of its own: the library reads its settings when it is imported.
    code = """
import json, sys
from datasets import get_dataset_config_names, load_dataset
sets = {name: load_dataset(sys.argv[1], name, split="train") for name in get_dataset_config_names(sys.argv[1])}
print(json.dumps({name: [len(rows), rows.column_names] for name, rows in sets.items()}))
"""
    done = subprocess.run([sys.executable, "-c", code, "out"], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert loaded == {"zero_shot": [4, export.COLUMNS], "few_shot": [4, export.COLUMNS]}


def test_labelled_texts_go_without_their_words_and_imported_ones_without_real_texts(generated: Path) -> None:
    rows = texts.read(paths.prepared("fruit")).query("split == 'train'").head(3)
    about = {"source": "labelled", "conversation": 0, "turn": 0, "position": 0}
    texts.write(rows.assign(**about), paths.source("fruit", "labelled"))
    made = pd.DataFrame(
        {
            "text": ["an invented pear", rows["text"].iloc[0], "an invented saw"],
            "label": ["fruit", "fruit", "tool"],
            "split": "train",
            **about | {"source": "vendor"},
        }
    )
    made["id"] = made["text"].map(lambda text: texts.digest(text)[:16])
    texts.write(made, paths.source("fruit", "vendor"))
    seeds = Turn("", (rows["id"].iloc[1],), "")
    conversation = Conversation("fruit", "vendor", "fruit", 0, "their/llm", "", "", (seeds,))
    transcripts.write(paths.transcript("fruit", "vendor"), [conversation])
    for source, kind in (("labelled", "labelled"), ("vendor", "imported")):
        counts = metrics.generated("fruit", source, accepted=3, also_real_training=0)
        counts.model_copy(update={"kind": kind, "models": ("their/llm",)}).save(counts.task, counts.source)
    labelled = {"kind": "labelled", "llm": "llm", "texts": 3}
    change_params("sources", {"labelled": labelled, "vendor": {"kind": "imported", "llm": "their/llm"}})
    change_params("train.classifiers", {"tfidf": tfidf("real", "vendor")})
    change_params("compare.candidates", "vendor")
    export.run("fruit", Path("out"))
    for path in Path("out").rglob("*.*"):
        assert not any(text.encode() in path.read_bytes() for text in rows["text"])
    of_llm = pd.read_parquet("out/data/labelled.parquet")
    assert of_llm.columns.tolist() == export.LABELLED
    assert of_llm["id"].tolist() == rows["id"].tolist()
    vendor = pd.read_parquet("out/data/vendor.parquet")
    assert vendor["text"].tolist() == ["an invented pear", "an invented saw"]
    assert [list(shown) for shown in vendor["examples"]] == [[rows["id"].iloc[1]], []]
    card = Path("out/README.md").read_text()
    assert "| all | 3 | 2 |" in card
    assert "Real texts, labelled by `their/llm`" in card
    assert "Taken in from another tool, written by `their/llm`" in card


def test_nothing_is_overwritten_or_half_written(generated: Path) -> None:
    Path("out").mkdir()
    Path("out/mine.txt").write_text("precious")
    with pytest.raises(PyriteError, match="not empty"):
        export.run("fruit", Path("out"))
    assert [p.name for p in Path("out").iterdir()] == ["mine.txt"]
    paths.source("fruit", "few_shot").unlink()
    with pytest.raises(PyriteError, match=r"few_shot\.parquet: no such file"):
        export.run("fruit", Path("other"))
    assert not Path("other").exists()


def test_a_table_of_another_transcript_is_refused(generated: Path) -> None:
    transcripts.write(paths.transcript("fruit", "few_shot"), [])
    with pytest.raises(PyriteError, match="not made from"):
        export.run("fruit", Path("out"))
