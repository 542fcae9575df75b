"""Annotations from sheets, recordings and the data's own judgements; mistakes by file and row."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import FRUIT_KEY, ROOT, Study, card_text, change_params, tfidf, write_params
from llm_server import Fault, serve

from pyrite import cli, params
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import estimate, recordings
from pyrite.data import cards, texts
from pyrite.data.formats.rows import Row
from pyrite.llm import annotators
from pyrite.llm.cache import Ledger
from pyrite.measures import pairwise
from pyrite.stages import annotate

PETS = {"cat": "are about cats", "dog": "are about dogs"}
DOCSTRINGS = {"kind": "stdlib_docstrings", "licence": "PSF-2.0", "modules": {"cat": ["re"], "dog": ["os"]}}

ITEMS = [f"{i:016x}" for i in range(6)]


@pytest.fixture
def pets(project: Path) -> Path:
    """A task with six rows, of which the last is a training row; the folder of its sheets."""
    paths.TASKS.mkdir()
    paths.ANNOTATORS.write_text((ROOT / paths.ANNOTATORS).read_text())
    write_params(
        tasks=["pets"],
        train={"classifiers": {"tfidf": tfidf("real", "few_shot")}},
        compare={"classifier": "tfidf"},
    )
    paths.card("pets").write_text(card_text("pets", labels=PETS))
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
    paths.card("pets").write_text(card_text("pets", labels=PETS, source=DOCSTRINGS))
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


def sheet_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def filled_in(path: Path, **answers: str) -> None:
    """What a person's spreadsheet saves: the sheet with these columns filled in."""
    rows = sheet_rows(path)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, **answers} for row in rows)


def test_an_exported_sheet_has_no_labels_and_comes_back_filled_in(
    pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotate.export("pets", items=3)
    sheet = paths.sheet("pets")
    rows = sheet_rows(sheet)
    assert {row["label"] for row in rows} == {""}
    assert {row["choices"] for row in rows} == {"cat | dog"}
    assert [row["text"] for row in rows] == ["'=a cat", "the dog", 'a, "b"']
    printed = capsys.readouterr().err
    assert "cat: sentences that are about cats" in printed and str(paths.people_annotations("pets")) in printed
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


def test_a_sheet_of_pairs_says_what_is_to_be_compared_and_comes_back_filled_in(pets: Path) -> None:
    for task in ("apes", "owls"):
        paths.card(task).write_text(card_text(task, labels=PETS))
        shutil.copy(paths.prepared("pets"), paths.prepared(task))
    texts.write(texts.read(paths.prepared("owls")).assign(split="train"), paths.prepared("owls"))
    change_params("tasks", ["pets", "apes", "owls"])
    annotate.export_pairs()
    sheet = paths.sheet("pairs")
    rows = sheet_rows(sheet)
    assert sorted(tuple(sorted((row["first"], row["second"]))) for row in rows) == [
        ("apes", "owls"),
        ("apes", "pets"),
        ("owls", "pets"),
    ]
    about = {row["first"]: row["about first"] for row in rows} | {row["second"]: row["about second"] for row in rows}
    assert '"cat" for sentences that are about cats' in about["owls"] and '"=a cat"' in about["owls"]
    assert all("follows from what stands in the text" in row["objective means"] for row in rows)
    assert pairwise.read(sheet).empty
    with sheet.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "annotator": "me", "more_objective": row["first"]} for row in rows)
    assert pairwise.read(sheet)["more_objective"].tolist() == [row["first"] for row in rows]


def test_a_pair_takes_two_tasks(pets: Path) -> None:
    with pytest.raises(PyriteError, match="a pair takes two"):
        annotate.export_pairs()


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status of `pyrite annotate` with these arguments."""
    monkeypatch.setattr("sys.argv", ["pyrite", "annotate", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "annotate: name a task, or ask for --pairs"),
        (["export"], "annotate export: name a task, or ask for --pairs"),
        (["pets", "owls"], "takes nothing more"),
        (["pets", "--pairs"], "takes nothing more"),
    ],
)
def test_a_command_that_means_nothing_is_one_line(
    arguments: list[str], problem: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert command(monkeypatch, *arguments) == 1
    assert problem in capsys.readouterr().err


def test_the_stages_command_and_export_are_told_apart(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, "export", "pets", "--items", "2") == 0
    assert command(monkeypatch, "pets") == 0
    assert len(pd.read_csv(paths.sheet("pets"))) == 2
    assert table().empty


# An LLM in several personas

PERSONAS = ["student", "teacher", "nurse", "engineer", "novelist"]
PRICE = {"m": {"input": 1.0, "output": 2.0, "date": "2026-01-01"}}


@pytest.fixture
def fruit(study: Study) -> list[str]:
    """The task of `study` with fifteen test rows; their ids in order."""
    prepared = texts.read(paths.prepared("fruit"))
    train = prepared[prepared["split"] == "train"]
    test = train.head(15).assign(
        id=[f"{n:016x}" for n in range(15)],
        text=[f"secret test sentence {n}" for n in range(15)],
        split="test",
    )
    texts.write(pd.concat([train, test], ignore_index=True).sort_values("id"), paths.prepared("fruit"))
    return test["id"].tolist()


def persona(request: dict[str, Any]) -> str:
    system = request["messages"][0]["content"]
    return next(name for name, message in annotators.load().personas.items() if message == system)


def labels(request: dict[str, Any]) -> str:
    """Fruit, the engineer says tool: an answer that follows the schema."""
    schema = request["response_format"]["json_schema"]["schema"]
    label = "tool" if persona(request) == "engineer" else "fruit"
    assert label in schema["properties"]["1"]["enum"]
    return json.dumps(dict.fromkeys(schema["required"], label))


def gathered() -> pd.DataFrame:
    annotate.run("fruit")
    return pd.read_parquet(paths.annotation_table("fruit"))


def record_by(model: str, *rows: str) -> None:
    paths.RECORDED_ANNOTATIONS.mkdir(parents=True, exist_ok=True)
    named = [f"{row},{model}" for row in rows]
    write(paths.recorded_annotations("fruit"), *named, header="item,annotator,label,model")


def test_personas_label_what_no_recording_of_their_llm_has(study: Study, fruit: list[str]) -> None:
    record_by("m", *[f"{item},p{k},tool" for item in fruit[:2] for k in (1, 2)])
    with serve(answers=labels) as server:
        study(server.url)
        table = gathered()
    recorded, answered = table[table["annotator"].str.startswith("p")], table[table["annotator"].isin(PERSONAS)]
    assert len(recorded) == 4 and len(answered) == len(table) - 4 == 13 * 5
    assert set(answered["item"]) == set(fruit[2:])
    assert {name: set(rows["label"]) for name, rows in answered.groupby("annotator")} == {
        name: {"tool" if name == "engineer" else "fruit"} for name in PERSONAS
    }
    assert set(table["source"]) == {"llm"}
    # Thirteen texts, ten in a request: each text went to each persona once.
    sent = [entry.request["messages"][1]["content"] for entry in server.log]
    assert len(sent) == 10
    times = Counter(n for n in range(15) for message in sent if f'"secret test sentence {n}"' in message)
    assert times == dict.fromkeys(range(2, 15), 5)


def test_the_first_rows_are_asked_as_many_as_params_say(
    study: Study, fruit: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(answers=labels) as server:
        study(server.url, annotate=3)
        assert set(gathered()["item"]) == set(fruit[:3])
    assert len(server.log) == 5
    assert "fruit: 3 items by llm annotators" in capsys.readouterr().err


def test_nothing_is_asked_twice_and_the_store_is_enough(study: Study, fruit: list[str]) -> None:
    with serve(answers=labels) as server:
        study(server.url)
        gathered()
        first, requests = paths.annotation_table("fruit").read_bytes(), len(server.log)
        gathered()
        study(server.url, provider="recorded")
        gathered()
        assert len(server.log) == requests == 10
    assert paths.annotation_table("fruit").read_bytes() == first


def test_real_texts_and_the_key_are_sent_and_not_kept(study: Study, fruit: list[str], project: Path) -> None:
    with serve(answers=labels) as server:
        study(server.url)
        gathered()
        recordings.run("fruit", "annotations")
    assert "secret test sentence" in str(server.log[0].request["messages"])
    kept = [path for path in project.rglob("*") if path.is_file() and path.parent.name != "prepared"]
    assert paths.answers("fruit", "annotations").resolve() in {path.resolve() for path in kept}
    for path in kept:
        assert b"secret test sentence" not in path.read_bytes(), path
        assert FRUIT_KEY.encode() not in path.read_bytes(), path


def test_a_stopped_run_writes_nothing_and_goes_on_where_it_was(study: Study, fruit: list[str]) -> None:
    with serve(answers=labels, quota=4) as server:
        study(server.url, concurrency=1)
        with pytest.raises(PyriteError, match=r"quota is used up.*what is answered is kept"):
            annotate.run("fruit")
    assert not paths.annotation_table("fruit").exists()
    with serve(answers=labels) as server:
        study(server.url)
        assert len(gathered()) == 15 * 5
    assert len(server.log) == 10 - 4


def test_what_fails_is_said_and_asked_anew(study: Study, fruit: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def some(request: dict[str, Any]) -> str | int:
        return 400 if persona(request) == "nurse" else labels(request)

    with serve(answers=some) as server:
        study(server.url, concurrency=1)
        assert len(gathered()) == 15 * 4
        assert "m did not label 15 of the first test rows: requests failed; run it again" in capsys.readouterr().err
    with serve(answers=labels) as server:
        study(server.url)
        assert len(gathered()) == 15 * 5
    assert len(server.log) == 2


def test_what_cannot_be_read_is_asked_once_more_then_left_out_and_counted(
    study: Study, fruit: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    times: Counter[str] = Counter()

    def some(request: dict[str, Any]) -> str | Fault:
        name = persona(request)
        times[name] += 1
        if name == "novelist":
            return Fault.REFUSAL
        # Two questions: the first tries of both come before the second ones.
        return "What?" if name == "nurse" and times[name] <= 2 else labels(request)

    with serve(answers=some) as server:
        study(server.url)
        table = gathered()
        assert len(server.log) == 2 * (3 + 2 * 2)
        assert table.groupby("annotator").size().to_dict() == {name: 15 for name in PERSONAS if name != "novelist"}
        assert "15 of 75 labels could not be read in the answers of m" in capsys.readouterr().err
        # Recorded, they are rows without a label: not asked again either.
        recordings.run("fruit", None)
        paths.answers("fruit", "annotations").unlink()
        again = gathered()
        assert len(server.log) == 14
    pd.testing.assert_frame_equal(again, table)


@pytest.mark.parametrize("reads", [0, 1])
def test_a_label_outside_the_card_is_none(study: Study, fruit: list[str], reads: int) -> None:
    """Where no schema is taken, an LLM may say anything."""

    def answers(request: dict[str, Any]) -> str:
        return "1: fruit\n2: spaceship" if reads else "1: spaceship"

    with serve(answers=answers, structured=False) as server:
        study(server.url, annotate=2)
        table = gathered()
    assert table["item"].tolist() == [fruit[0]] * 5 * reads
    assert set(table["label"]) <= {"fruit"}


def test_the_budget_holds_for_annotators_too(study: Study, fruit: list[str]) -> None:
    with serve(answers=labels) as server:
        prices = {"m": {"input": 100.0, "output": 2.0, "date": "2026-01-01"}}
        study(server.url, prices=prices, budget_usd=0.1, concurrency=1)
        with pytest.raises(PyriteError, match=r"generate\.budget_usd: "):
            annotate.run("fruit")
        spent = Ledger(params.load().generate.prices).spent()
    assert 0.05 < spent <= 0.1
    assert 0 < len(server.log) < 10
    assert not paths.annotation_table("fruit").exists()


def test_recorded_asks_nothing_and_says_what_is_missing(
    study: Study, fruit: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    record_by("another", f"{fruit[0]},p1,tool")
    with serve(answers=labels) as server:
        study(server.url, provider="recorded")
        assert gathered().empty
        printed = " ".join(capsys.readouterr().err.split())
        assert "fruit: m did not label 15 of the first test rows: no recording has them" in printed
        study(server.url, provider="recorded", model="another")
        assert gathered()["annotator"].tolist() == ["p1"]
        assert "did not label 14 of" in " ".join(capsys.readouterr().err.split())
    assert not server.log


def test_a_recording_that_names_no_llm_is_taken_for_the_studys_and_that_is_said(
    study: Study, fruit: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    study(provider="recorded")
    paths.RECORDED_ANNOTATIONS.mkdir(parents=True)
    write(paths.recorded_annotations("fruit"), f"{fruit[0]},p1,tool")
    assert len(gathered()) == 1
    assert "1 rows name no LLM in a column 'model': taken for answers of m" in capsys.readouterr().err


def test_exported_labels_give_the_same_table_without_the_store(study: Study, fruit: list[str]) -> None:
    record_by("another", f"{fruit[0]},p1,tool")
    with serve(answers=labels) as server:
        study(server.url)
        gathered()
        first, requests = paths.annotation_table("fruit").read_bytes(), len(server.log)
        recordings.run("fruit", "annotations")
        exported = paths.recorded_annotations("fruit").read_text()
        recordings.run("fruit", "annotations")
        assert paths.recorded_annotations("fruit").read_text() == exported
        paths.answers("fruit", "annotations").unlink()
        gathered()
        assert len(server.log) == requests
    assert paths.annotation_table("fruit").read_bytes() == first
    rows = exported.splitlines()
    assert rows[:2] == ["item,annotator,label,model", f"{fruit[0]},p1,tool,another"]
    assert rows[2] == f"{fruit[0]},student,fruit,m" and len(rows) == 2 + 15 * 5


def test_half_of_the_answers_are_exported_and_the_rest_is_asked(study: Study, fruit: list[str]) -> None:
    with serve(answers=labels, quota=5) as server:
        study(server.url, concurrency=1)
        with pytest.raises(PyriteError):
            annotate.run("fruit")
        recordings.run("fruit", "annotations")
    with serve(answers=labels) as server:
        study(server.url)
        assert len(gathered()) == 15 * 5
    assert len(server.log) == 5


def test_what_is_reckoned_is_what_is_asked(study: Study, fruit: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def reckoned() -> dict[str, Any]:
        estimate.run("fruit", "annotations", as_json=True)
        [need] = json.loads(capsys.readouterr().out)
        return need

    with serve(answers=labels) as server:
        study(server.url, prices=PRICE)
        need = reckoned()
        assert not server.log
        gathered()
        assert need["requests"] == len(server.log) == 10
        # The server counts words, the estimate reckons four characters to a token, in whole tokens a message.
        sent = [len(m["content"]) for entry in server.log for m in entry.request["messages"]]
        assert sum(sent) / 4 - len(sent) < need["prompt_tokens"] <= sum(sent) / 4
        assert need["completion_tokens"] == pytest.approx(75 * len('"1": "fruit", ') / 4, rel=0.3)
        assert need["cost_usd"] > 0
        assert reckoned()["requests"] == 0


@pytest.fixture
def three(study: Study, fruit: list[str]) -> Callable[..., None]:
    """A study of three tasks; called as `study` is."""

    def make(url: str | None = None, **settings: Any) -> None:
        study(url, **settings)
        change_params("tasks", ["fruit", "birds", "moods"])
        for task in ("birds", "moods"):
            paths.card(task).write_text(card_text(task))
            shutil.copy(paths.prepared("fruit"), paths.prepared(task))

    return make


def judge_pairs(request: dict[str, Any]) -> str:
    assert "response_format" not in request
    assert '"real sentence number' in request["messages"][1]["content"]
    return "B" if persona(request) == "nurse" else "A"


def test_pairs_are_asked_once_and_recorded_without_texts(
    three: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(answers=judge_pairs) as server:
        three(server.url)
        estimate.run(None, "annotations", as_json=True)
        needs = {need["task"]: need["requests"] for need in json.loads(capsys.readouterr().out)}
        assert needs == {"fruit": 10, "birds": 10, "moods": 10, "pairs": 15}
        annotate.ask_pairs()
        assert "15 judgements of m added" in capsys.readouterr().err
        recorded = paths.pairs("llm").read_text()
        annotate.ask_pairs()
    assert len(server.log) == 15
    assert paths.pairs("llm").read_text() == recorded
    judged = pairwise.read(paths.pairs("llm"), "m")
    assert len(judged) == 15
    of_nurse = judged["annotator"] == "nurse"
    assert (judged["more_objective"] == judged["first"].where(~of_nurse, judged["second"])).all()
    assert pairwise.read(paths.pairs("llm"), "another").empty
    assert "real sentence" not in recorded
    # A lost file comes back from the store, without an endpoint.
    paths.pairs("llm").unlink()
    three(provider="recorded")
    annotate.ask_pairs()
    assert paths.pairs("llm").read_text() == recorded


def test_pairs_that_a_recording_has_are_left(three: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    three(provider="recorded")
    paths.RECORDED_ANNOTATIONS.mkdir(parents=True)
    standing = ["p1,birds,fruit,fruit,m", "p1,moods,birds,birds,another", "student,fruit,moods,fruit,m"]
    write(paths.pairs("llm"), *standing, header="annotator,first,second,more_objective,model")
    annotate.ask_pairs()
    printed = " ".join(capsys.readouterr().err.split())
    assert "0 judgements of m added" in printed and "9 judgements of m are missing: no recording has them" in printed
    assert paths.pairs("llm").read_text().splitlines()[1:] == standing
    with serve(answers=lambda request: "Neither." if persona(request) == "nurse" else "A") as server:
        three(server.url)
        annotate.ask_pairs()
        # Two pairs are left, of one of them the student's judgement is there; the nurse is asked twice.
        assert len(server.log) == 9 + 2
        assert "2 of them could not be read" in capsys.readouterr().err
        annotate.ask_pairs()
        assert len(server.log) == 11
    rows = paths.pairs("llm").read_text().splitlines()[1:]
    assert rows[:3] == standing and len(rows) == 3 + 9
    assert len(pairwise.read(paths.pairs("llm"), "m")) == 2 + 7


def test_the_command_for_pairs(
    three: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    three(provider="recorded")
    assert command(monkeypatch, "--pairs") == 0
    assert "15 judgements of m are missing" in capsys.readouterr().err
    assert not paths.pairs("llm").exists()


def test_labels_of_people_that_look_like_the_cards_are_its() -> None:
    card = cards.Card.model_construct(id="t", labels={"caf\u00e9": "x"})
    rows = [(Row(Path("sheet"), 2, {}), ["1", "me", "cafe\u0301\u200b"])]
    assert annotate.sheet(Path("sheet"), rows, ["1"], card, skip_unknown=False)["label"].tolist() == ["caf\u00e9"]
