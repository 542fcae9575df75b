"""Reviews: the sheet, what a spreadsheet does to it, and what comes back of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import Study, card_text

from pyrite import cli, params
from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.commands import review
from pyrite.data import texts
from pyrite.stages import generate

TEXTS = ["=HYPERLINK(0)", "a plain text", "@all come", "four, with a comma", "-5 degrees"]


@pytest.fixture
def sky(project: Path) -> Path:
    """A task with five generated texts, and its sheet."""
    files.write_text(paths.card("sky"), card_text("sky", labels={"day": "by day", "night": "by night"}))
    rows = [(f"{n}e{n:014}", text, ("day", "night")[n % 2], "train") for n, text in enumerate(TEXTS)]
    texts.write(pd.DataFrame(rows, columns=texts.COLUMNS), paths.source("sky", "few_shot"))
    return paths.sheet("sky.few_shot")


def read(sheet: Path) -> list[dict[str, str]]:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def filled(sheet: Path, reviewer: str, *answers: str) -> Path:
    """A copy of a sheet as somebody gives it back."""
    rows = read(sheet)
    for row, answer in zip(rows, answers, strict=False):
        row |= {"reviewer": reviewer, "answer": answer}
    copy = Path(f"copy-{reviewer}.csv")
    with copy.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return copy


def test_a_sheet_runs_nothing_and_rounds_no_id(sky: Path) -> None:
    review.export("sky", "few_shot", 4, hidden=False)
    rows = read(sky)
    assert len(rows) == 4
    assert all(cell[:1] not in "=+-@" or cell == "" for row in rows for cell in row.values())
    assert all(row["item"].startswith("'") for row in rows)
    assert {row["label"] for row in rows} == {"day", "night"}
    with pytest.raises(PyriteError, match="is there already"):
        review.export("sky", "few_shot", 4, hidden=False)


def test_a_label_can_be_hidden(sky: Path) -> None:
    review.export("sky", "few_shot", 4, hidden=True)
    rows = read(sky)
    assert {row["label"] for row in rows} == {""}
    assert "accept" not in rows[0]["choices"]


def test_answers_come_back_as_ids_and_labels_only(sky: Path, capsys: pytest.CaptureFixture[str]) -> None:
    review.export("sky", "few_shot", 5, hidden=False)
    anna = filled(sky, "anna", "accept", "accept", "night", "reject")
    ben = filled(sky, "ben", "accept", "night", "night", "reject", "accept")
    cli.app(["review", "import", "sky", "few_shot", str(anna), str(ben)], standalone_mode=False)
    output = capsys.readouterr().out
    assert "5 texts, 2 reviewers. Right label: 60.0 % (23.1 to 88.2)." in output
    assert "Of no use: 20.0 %" in output
    kept = paths.reviewed("sky", "few_shot").read_text()
    assert len(kept.splitlines()) == 10 and not any(text in kept for text in TEXTS)
    rows = [json.loads(line) for line in Path("sky.few_shot_reviewed.jsonl").read_text().splitlines()]
    # By majority: the third is at night in place of by day, the fourth is of no use; the second stays, one against one.
    assert [(row["text"], row["label"]) for row in rows] == [
        (TEXTS[0], "day"),
        (TEXTS[1], "night"),
        (TEXTS[2], "night"),
        (TEXTS[4], "day"),
    ]
    # The same sheets once more add nothing.
    review.take_in("sky", "few_shot", [anna, ben])
    assert paths.reviewed("sky", "few_shot").read_text() == kept


@pytest.mark.parametrize(
    ("reviewer", "answers", "problem"),
    [
        ("anna", ["dusk"], "row 2: 'dusk' is no answer; there are accept, reject, day, night"),
        ("", ["accept"], "row 2: no reviewer"),
        ("anna", [""], "no answer is filled in"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    sky: Path, reviewer: str, answers: list[str], problem: str
) -> None:
    review.export("sky", "few_shot", 5, hidden=False)
    copy = filled(sky, reviewer, *answers)
    with pytest.raises(PyriteError, match=problem):
        review.take_in("sky", "few_shot", [copy])
    assert not paths.reviewed("sky", "few_shot").exists()


def test_nobody_gives_two_answers_on_a_text(sky: Path) -> None:
    review.export("sky", "few_shot", 5, hidden=False)
    review.take_in("sky", "few_shot", [filled(sky, "anna", "accept")])
    with pytest.raises(PyriteError, match="anna already gave item"):
        review.take_in("sky", "few_shot", [filled(sky, "anna", "reject")])


def test_a_label_named_like_an_answer_is_refused(sky: Path) -> None:
    files.write_text(paths.card("sky"), card_text("sky", labels={"reject": "one", "night": "by night"}))
    with pytest.raises(PyriteError, match="a label is named 'reject'"):
        review.export("sky", "few_shot", 5, hidden=False)


def test_a_reviewers_name_runs_in_no_spreadsheet(sky: Path) -> None:
    review.export("sky", "few_shot", 5, hidden=False)
    copy = filled(sky, "=1+1", "accept")
    for _ in range(2):
        review.take_in("sky", "few_shot", [copy])
    [_, row] = paths.reviewed("sky", "few_shot").read_text().splitlines()
    assert ",'=1+1,accept" in row


def test_texts_that_are_not_there_are_said(sky: Path) -> None:
    with pytest.raises(PyriteError, match=r"zero_shot\.parquet: no such file: run the stage that makes it"):
        review.export("sky", "zero_shot", 5, hidden=False)


def test_what_people_changed_becomes_a_source_with_a_verdict_of_its_own(study: Study) -> None:
    study(sources=["zero_shot"], provider="recorded")
    rows = [
        (f"{n:08x}{n:08x}", f"made up sentence number {n} of all", ("fruit", "tool")[n % 2], "train") for n in range(40)
    ]
    texts.write(pd.DataFrame(rows, columns=texts.COLUMNS), paths.source("fruit", "zero_shot"))
    review.export("fruit", "zero_shot", 3, hidden=False)
    sheet = filled(paths.sheet("fruit.zero_shot"), "anna", "tool", "reject", "accept")
    review.take_in("fruit", "zero_shot", [sheet])
    command = "add fruit zero_shot_reviewed --from fruit.zero_shot_reviewed.jsonl --text text --label label"
    cli.app(command.split(), standalone_mode=False)
    generate.run("fruit", "zero_shot_reviewed")
    kept = texts.read(paths.source("fruit", "zero_shot_reviewed")).set_index("text")["label"]
    assert len(kept) == 39
    assert kept[rows[0][1]] == "tool"
    assert rows[1][1] not in kept
    # It is trained on, and compared.
    p = params.load()
    assert "zero_shot_reviewed" in p.train.classifiers[p.compare.classifier].mixes
    assert "zero_shot_reviewed" in p.compare.candidates
