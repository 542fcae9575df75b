"""Next, from texts without labels to a sheet, and back into the study."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, change_params, tfidf, workbook

from pyrite import cli
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import next as choosing
from pyrite.data import cards, folds, texts
from pyrite.stages import fetch, prepare

WORDS = {
    "billing": ["invoice", "charge", "refund", "card", "payment", "twice", "amount", "bank", "receipt", "price"],
    "shipping": ["parcel", "courier", "late", "address", "box", "van", "delivery", "track", "lost", "door"],
}


def text_of(label: str, rng: random.Random, words: int = 6) -> str:
    return " ".join(rng.sample(WORDS[label], words)) + f" {rng.random():.6f}"


@pytest.fixture(autouse=True)
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task with 80 labels, and 60 texts without one: 20 that mix both labels' words, 30 and 10 that are clear."""
    rng = random.Random(0)
    monkeypatch.setenv("COLUMNS", "300")
    (project / "pyrite/tasks").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", project / "pyrite")
    for name in ("annotators.yaml", "prompts.yaml"):
        shutil.copy(ROOT / "tasks" / name, project / "pyrite/tasks")
    labelled = [(text_of(label, rng), label) for _ in range(40) for label in WORDS]
    pd.DataFrame(labelled, columns=["body", "queue"]).to_csv(project / "tickets.csv", index=False)
    odd = [" ".join([*rng.sample(WORDS["billing"], 3), *rng.sample(WORDS["shipping"], 3)]) for _ in range(20)]
    clear = [text_of("billing", rng) for _ in range(30)] + [text_of("shipping", rng) for _ in range(10)]
    pd.DataFrame({"id": range(60), "body": [*clear, *odd]}).to_csv(project / "more.csv", index=False)
    (project / "odd.txt").write_text("\n".join(odd))
    monkeypatch.chdir(project / "pyrite")
    pyrite("new", "support", "--from", "../tickets.csv", "--unlabelled", "../more.csv")
    change_params("train.classifiers", {"tfidf": tfidf("real", "few_shot")})
    change_params("compare.classifier", "tfidf")
    change_params("compare.candidates", ["few_shot"])


def pyrite(*arguments: str) -> None:
    cli.app(list(arguments), standalone_mode=False)


def prepared(task: str = "support") -> pd.DataFrame:
    fetch.run(task)
    prepare.run(task)
    return texts.read(paths.prepared(task))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(path: Path, labels: dict[str, str] | str) -> None:
    rows = [row | {"label": labels if isinstance(labels, str) else labels.get(row["item"], "")} for row in read(path)]
    pd.DataFrame(rows).to_csv(path, index=False)


def without_unlabelled() -> None:
    """Take the texts without labels out of the card."""
    card = paths.card("support").read_text()
    start, end = card.index("  # Real texts without labels"), card.index("# Prompt: what one text")
    paths.card("support").write_text(card[:start] + card[end:])


def test_the_texts_that_mix_labels_come_first_and_both_labels_are_there() -> None:
    prepared()
    pyrite("next", "support", "-n", "12")
    rows = read(Path("support.next-1.sheet.csv"))
    assert list(rows[0]) == ["item", "text", "label", "predicted"]
    assert not any(row["label"] for row in rows)
    odd = set(Path("../odd.txt").read_text().splitlines())
    assert sum(row["text"] in odd for row in rows) >= 11
    assert sorted(row["predicted"] for row in rows) == ["billing"] * 6 + ["shipping"] * 6


def test_labels_that_come_back_are_trained_on_and_never_tested_on() -> None:
    before = prepared()
    pyrite("next", "support", "-n", "20")
    sheet = Path("support.next-1.sheet.csv")
    fill(sheet, {row["item"]: "shipping" for row in read(sheet)[:15]})
    pyrite("new", "support", "--refresh", "--from", str(sheet))
    after = prepared()
    new = after[~after["id"].isin(before["id"])]
    assert (len(new), set(new["split"]), set(new["label"])) == (15, {texts.CHOSEN}, {"shipping"})
    assert not folds.tested(after, "auto")[new.index].any()
    assert folds.count(after, "auto") == folds.count(before, "auto") == 4
    pd.testing.assert_frame_equal(after[after["split"] != texts.CHOSEN].reset_index(drop=True), before)
    # The next round leaves out what has a label, and overwrites nobody's work.
    pyrite("next", "support", "-n", "60")
    assert len(read(Path("support.next-2.sheet.csv"))) == 45
    assert not {row["item"] for row in read(Path("support.next-2.sheet.csv"))} & set(new["id"])
    fill(Path("support.next-2.sheet.csv"), "billing")
    # A spreadsheet may keep it in its own format.
    rows = read(Path("support.next-2.sheet.csv"))
    workbook(Path("back.xlsx"), {"Sheet1": [list(rows[0]), *(list(row.values()) for row in rows)]})
    pyrite("new", "support", "--refresh", "--from", "back.xlsx")
    assert (prepared()["split"] == texts.CHOSEN).sum() == 60


def test_a_sheet_that_changes_after_it_came_back_is_taken_only_when_asked() -> None:
    prepared()
    pyrite("next", "support", "-n", "4")
    sheet = Path("support.next-1.sheet.csv")
    fill(sheet, "billing")
    pyrite("new", "support", "--refresh", "--from", str(sheet))
    fill(sheet, "shipping")
    with pytest.raises(PyriteError, match=r"has changed.*--refresh --from"):
        fetch.run("support")
    pyrite("new", "support", "--refresh", "--from", str(sheet))
    table = prepared()
    assert table.loc[table["split"] == texts.CHOSEN, "label"].tolist() == ["shipping"] * 4


def test_a_text_that_a_spreadsheet_would_run_comes_back_as_it_was() -> None:
    prepared()
    odd = ["=SUM(1) invoice parcel", "'tis a late invoice", "+49 refund courier", "2024"]
    pd.DataFrame({"text": odd}).to_csv("../odd.csv", index=False)
    pyrite("next", "support", "--texts", "../odd.csv")
    sheet = Path("support.next-1.sheet.csv")
    assert {row["text"] for row in read(sheet)} >= {"'=SUM(1) invoice parcel", "'+49 refund courier"}
    fill(sheet, "billing")
    pyrite("new", "support", "--refresh", "--from", str(sheet))
    table = prepared()
    assert set(table.loc[table["split"] == texts.CHOSEN, "text"]) == set(odd)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("label", "biling", "row 2: unknown label 'biling'; the card lists billing, shipping"),
        ("text", "another text", "row 2: the text is not the one"),
        ("label", "", "no row has a label yet"),
    ],
)
def test_a_sheet_that_is_no_good_changes_nothing(column: str, value: str, words: str) -> None:
    prepared()
    pyrite("next", "support", "-n", "3")
    sheet = Path("support.next-1.sheet.csv")
    pd.DataFrame([row | {column: value} for row in read(sheet)]).to_csv(sheet, index=False)
    card = paths.card("support").read_text()
    with pytest.raises(PyriteError, match=words):
        pyrite("new", "support", "--refresh", "--from", str(sheet))
    assert paths.card("support").read_text() == card


def test_rows_of_the_cards_file_without_a_label_are_chosen_from_too() -> None:
    table = pd.read_csv("../tickets.csv")
    table.loc[len(table)] = ["courier asks for a receipt", None]
    table.to_csv("../tickets.csv", index=False)
    without_unlabelled()
    assert cards.load("support").source.unlabelled is None
    pyrite("new", "support", "--refresh")
    prepared()
    assert list(choosing.candidates(cards.load("support"), None, None, set()).values()) == [
        "courier asks for a receipt"
    ]


def test_without_texts_it_says_where_to_put_them() -> None:
    without_unlabelled()
    prepared()
    with pytest.raises(PyriteError, match=r"no texts without labels: .*--unlabelled"):
        pyrite("next", "support")
    pyrite("next", "support", "--texts", "../odd.txt", "-n", "5")
    assert len(read(Path("support.next-1.sheet.csv"))) == 5


def test_unlabelled_texts_come_into_a_card_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    pyrite("new", "support", "--refresh", "--unlabelled", "../odd.txt")
    assert "pyrite next support" in capsys.readouterr().out
    card = cards.load("support")
    assert card.source.unlabelled
    assert (card.source.unlabelled.path.endswith("odd.txt"), card.source.unlabelled.format) == (True, "lines")
    assert "# Rows without a label" in paths.card("support").read_text()


def test_without_real_labels_texts_are_drawn_at_random_and_their_labels_make_the_task() -> None:
    pyrite("new", "empty", "--labels", "billing,shipping", "--unlabelled", "../more.csv", "--text", "body")
    prepared("empty")
    pyrite("next", "empty", "-n", "60")
    sheet = Path("empty.next-1.sheet.csv")
    rows = read(sheet)
    assert {row["predicted"] for row in rows} == {""}
    fill(sheet, {row["item"]: list(WORDS)[i % 2] for i, row in enumerate(rows)})
    pyrite("new", "empty", "--refresh", "--from", str(sheet), "--text", "text", "--label", "label")
    assert set(prepared("empty")["split"]) == {"train", "validation", "test"}
