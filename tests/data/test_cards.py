from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from pyrite.base.errors import PyriteError
from pyrite.data import cards

TASKS = sorted(path.stem for path in (ROOT / "tasks").glob("*.yaml") if path.stem not in ("prompts", "annotators"))

CARD = """\
id: greetings
title: Greetings
description: Say whether a greeting is warm.
source: {kind: file, path: mine.csv, text: words, label: kind, licence: mine}
item: greeting
items: greetings
length_words: [1, 9]
role: You are polite.
style: Short.
labels:
  warm: are warm
  cold: are cold
"""

DOWNLOAD = """\
source:
  kind: download
  licence: MIT
  files:
    - name: a.tsv
      url: https://example.org/a.tsv
      sha256: abababababababababababababababababababababababababababababababab
      bytes: 3
      mirror: greetings/a.tsv
  tables:
    - file: a.tsv
      format: separated
      columns: [text, label]
      text: "{text}"
      label: label
"""


@pytest.fixture
def write(project: Path):
    (project / "tasks").mkdir()

    def write_card(text: str) -> None:
        (project / "tasks/greetings.yaml").write_text(text)

    return write_card


def download(old: str = "", new: str = "") -> str:
    text = re.sub(r"^source: .*\n", lambda _: DOWNLOAD, CARD, flags=re.MULTILINE)
    assert old in text
    return text.replace(old, new)


def test_there_are_fourteen_cards() -> None:
    assert len(TASKS) == 14


@pytest.mark.parametrize("task", TASKS)
def test_a_card_says_what_is_classified_as_given(task: str, monkeypatch: pytest.MonkeyPatch, shared: Path) -> None:
    monkeypatch.chdir(ROOT)
    assert cards.load(task).source.licence
    original, ours = (
        yaml.safe_load((folder / f"{task}.yaml").read_text()) for folder in (shared / "tasks", Path("tasks"))
    )
    del original["source"], ours["source"], ours["notes"], ours["language"]
    assert ours == original


def test_the_page_of_tasks_is_what_its_script_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert Path("docs/tasks.md").read_text() == runpy.run_path("docs/make_tasks.py")["page"]()


def test_pinned_files_are_those_of_the_sources_file(monkeypatch: pytest.MonkeyPatch, shared: Path) -> None:
    monkeypatch.chdir(ROOT)
    entries = yaml.safe_load((shared / "datasets/SOURCES.json").read_text())
    entry_of = {entry["stored_as"].removeprefix("datasets/").removesuffix(".gz"): entry for entry in entries}
    for task in TASKS:
        source = cards.load(task).source
        for file in source.files if isinstance(source, cards.Download) else ():
            entry = entry_of[file.mirror]
            assert (file.sha256, file.bytes) == (entry["sha256"], entry["bytes"])
            if "packed" not in entry:
                assert file.url == entry["url"]
            if file.archive and file.archive.member:
                assert (file.archive.member, file.archive.sha256) == (entry["archive_member"], entry["archive_sha256"])


def test_a_small_card_is_enough(write) -> None:
    write(CARD)
    card = cards.load("greetings")
    assert list(card.labels) == ["warm", "cold"]
    assert card.source == cards.LocalFile(kind="file", path="mine.csv", text="words", label="kind", licence="mine")
    write(download())
    source = cards.load("greetings").source
    assert isinstance(source, cards.Download)
    assert source.tables[0].columns == ("text", "label")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CARD.replace("title", "titel"), ["greetings.yaml:2", "titel", "unknown key"]),
        (CARD.replace("id: greetings", "id: hello"), ["must be the file's name"]),
        (CARD.replace("id: greetings", "id: ../x"), ["greetings.yaml:1", "lower-case letters"]),
        (CARD.replace("[1, 9]", "[9, 1]"), ["greetings.yaml:7", "least"]),
        (CARD.replace("[1, 9]", "[1, nine]"), ["length_words", "nine"]),
        (CARD.replace("  cold: are cold\n", ""), ["two labels"]),
        (CARD.replace("kind: file", "kind: web"), ["source"]),
        (download("name: a.tsv", "name: ../a.tsv"), ["files.0.name"]),
        (download("https:", "file:"), ["files.0.url"]),
        (download("bytes: 3", 'bytes: "3"'), ["files.0.bytes", "'3'"]),
        (download("sha256: a", "sha256: x"), ["files.0.sha256"]),
        (download("    - file: a.tsv", "    - file: b.tsv"), ["'b.tsv' is not one of the files a.tsv"]),
        (
            download("  tables:", "    - *a\n  tables:").replace("- name", "- &a\n      name"),
            ["two have the same name"],
        ),
        (download("      label: label\n"), ["either label or ratings"]),
        (download("label: label", "label: label\n      values: {y: hot}"), ["'hot' is not one of the labels"]),
        (download("label: label", "label: label\n      clean: [polish]"), ["clean", "polish"]),
        (download("format: separated", "format: excel"), ["tables.0"]),
    ],
)
def test_a_mistake_in_a_card_is_one_line(write, text: str, words: list[str]) -> None:
    write(text)
    with pytest.raises(PyriteError) as caught:
        cards.load("greetings")
    message = str(caught.value)
    assert "\n" not in message
    for word in ("tasks/greetings.yaml", *words):
        assert word in message


def test_an_unknown_task_names_the_known_ones(write) -> None:
    write(CARD)
    with pytest.raises(PyriteError, match="the cards here are greetings"):
        cards.load("farewells")
