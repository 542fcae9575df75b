"""Texts, ids and splits: exactly the golden rows, and every rule on rows made up here."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, card_text, change_params, write_params

from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, folds, texts, transcripts
from pyrite.llm import prompts
from pyrite.stages import fetch, prepare

# SHA-256 of the sorted lines `id,label,split`, and the rows in the pool.
GOLDEN = {
    "python_docs": ("3a1d7d9b14a285275f364ed089b6cf60d42e476763344333147f3e19e8dd1e22", 240),
    "ag_news": ("133432632d39dcc02f258927125881dd658cfb00455881166507ec4340d8e877", 959),
    "relation": ("6ba2c8bf8001ddbe37b7b468d6712b5901ac9841d5eec6faab68b49798105027", 201),
    "imdb": ("d33209daa734a5994d6aee7474ca64522f4c95cc6caff9757013f2ba7e15e3af", 2292),
    "sms_spam": ("450469b8c578ac2661cfb206e5bbcabf35b39179dc221a39b833a5595cc590c9", 378),
    "reddit_emotion": ("291ee8a305b45c6b8cad2e6f8ff535dd9f9ee8d30b5a045eaa98c44d65a338e6", 233),
    "tweet_irony": ("4f88bf02ea0b7ba3fbe6f49de70b259eb64315dcef3c50aa2d8caaade723a1a8", 292),
    "tweet_emotion": ("d7ec34ec8edcd4552e471b1744aa389de27d7cb9c059a648a0495f135b8537ee", 297),
    "sarcasm_news": ("72c17116a3bdec55a2d08dd391ffc3b4d4affd09bba50f1397b555b182a3505d", 1862),
    "financial_phrasebank": ("da52ed07b2e82bf06d65b357a0a780cb38ae9fc7ea8ac6a2f31e70420e83456c", 344),
    "humor_speech": ("1de5cffd0cddfef99c6373e659f7d1dfded931614e75711731cf00c703b8637b", 2818),
    "tweet_sentiment": ("f200456e62c81edbe80a5dab00b3ad0bc86e5f10f4739af7a9b6c51220f63a87", 313),
    "nyt_sentiment": ("8c101a52e72edbeaf839775fecef43364e379b66291757f8b83fcd840214900d", 359),
    "reply_irony": ("ec3ec2647ad9e98b2ee2550563a18dca9758ab16763ce4b1110474a9e1abbea0", 48),
}
MEAN_AGREEMENT = {"tweet_sentiment": 0.8365, "nyt_sentiment": 0.7133, "reply_irony": 0.8232}


@pytest.fixture
def cards_of_the_project(project: Path) -> None:
    write_params()
    for name in ("tasks", "data/recordings"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).symlink_to(ROOT / name)


def golden_digest(table: pd.DataFrame) -> str:
    lines = sorted(table["id"] + "," + table["label"] + "," + table["split"])
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


@pytest.fixture
def prepared(cards_of_the_project, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Fetches and prepares a task from the mirror; gives its table and its counts."""

    def make(task: str) -> tuple[pd.DataFrame, dict]:
        if task == "python_docs" and sys.version_info[:3] != (3, 11, 7):
            pytest.skip("the golden docstrings are those of CPython 3.11.7")
        if task != "python_docs":
            monkeypatch.setenv("PYRITE_DATA_MIRROR", str(request.getfixturevalue("shared") / "datasets"))
        fetch.run(task)
        prepare.run(task)
        return texts.read(paths.prepared(task)), json.loads(paths.metrics("prepare", task).read_text())

    return make


@pytest.mark.parametrize("task", GOLDEN)
def test_the_golden_rows(prepared, task: str) -> None:
    table, counts = prepared(task)
    assert (golden_digest(table), int(texts.in_pool(table).sum())) == GOLDEN[task]
    assert table.columns.tolist() == texts.COLUMNS
    assert table["id"].is_monotonic_increasing
    assert (table["text"].map(texts.normalise).map(texts.digest).str[:16] == table["id"]).mean() > 0.99

    assert counts["read"] == counts["kept"] + sum(counts["dropped"].values())
    assert counts["kept"] == len(table) == sum(sum(labels.values()) for labels in counts["rows"].values())
    assert counts["pool"] == GOLDEN[task][1]
    assert counts == json.loads((ROOT / paths.metrics("prepare", task)).read_text())

    # What few-shot conversations showed are rows of the pool with the conversation's label.
    card = cards.load(task)
    pool = table[texts.in_pool(table)].set_index("id")["label"]
    shown = transcripts.read(paths.recording(task, "few_shot"), card, "few_shot")
    assert shown
    for conversation in shown:
        for turn in conversation.turns:
            assert turn.examples
            assert set(pool.loc[list(turn.examples)]) == {conversation.label}
    assert prompts.system(card) == shown[0].system


@pytest.mark.parametrize("task", MEAN_AGREEMENT)
def test_every_raters_label_is_kept(prepared, task: str) -> None:
    table, counts = prepared(task)
    people = pd.read_parquet(paths.judgements(task))
    assert people.columns.tolist() == list(prepare.JUDGEMENT)
    assert not people.duplicated(["item", "copy", "annotator"]).any()
    assert set(people["label"]) == set(cards.load(task).labels)
    assert set(table["id"]) <= set(people["item"])
    assert round(counts["test_mean_agreement"], 4) == MEAN_AGREEMENT[task]
    raters = people.groupby(["item", "copy"]).size()
    assert (raters.min(), raters.max()) == {
        "tweet_sentiment": (20, 99),
        "nyt_sentiment": (20, 20),
        "reply_irony": (2, 8),
    }[task]


def test_phrasebank_has_a_lower_bound_of_agreement(prepared) -> None:
    table, _ = prepared("financial_phrasebank")
    people = pd.read_parquet(paths.judgements("financial_phrasebank"))
    assert people.columns.tolist() == ["item", "agreement"]
    assert people["item"].is_unique
    assert set(table["id"]) <= set(people["item"])
    at_least = [int((people["agreement"] >= bound).sum()) for bound in (0.5, 0.66, 0.75, 1.0)]
    # The sizes of the four nested files, less their 8, 6, 5 and 5 repeated sentences.
    assert at_least == [4846 - 8, 4217 - 6, 3453 - 5, 2264 - 5]


def test_ag_news_has_three_rounds_of_labels(prepared) -> None:
    prepared("ag_news")
    people = pd.read_parquet(paths.judgements("ag_news"))
    assert people.groupby("annotator").size().to_dict() == {"round_1": 4000, "round_2": 4000, "round_3": 4000}
    assert not people.duplicated(["item", "copy", "annotator"]).any()
    labels_per_item = people.groupby(["item", "copy"])["label"].nunique()
    assert len(labels_per_item) == 4000
    # Independently counted by the number of the item: 2,901 unanimous; repeated texts may pair otherwise.
    assert abs(int((labels_per_item == 1).sum()) - 2901) <= 13


def test_the_most_frequent_label_wins_and_a_tie_is_none() -> None:
    assert prepare.majority(["a", "b", "b"]) == "b"
    assert prepare.majority(["a"]) == "a"
    assert prepare.majority(["a", "b"]) is None
    assert prepare.majority(["c", "a", "b", "b", "a"]) is None


def test_docstring_summaries_have_4_to_40_words(tmp_path: Path) -> None:
    lengths = [0, 3, 4, 40, 41]
    code = "".join(f'def f{n}():\n    """{" ".join(["word"] * n) or "f()"}"""\n' for n in lengths)
    (tmp_path / "one.py").write_text(code)
    source = cards.Docstrings(kind="stdlib_docstrings", licence="x", modules={"a": ("one",)})
    raw = prepare.read_docstrings(source, tmp_path)
    assert [len(text.split()) for text, _, _ in raw.rows] == [0, 4, 40]
    assert raw.dropped == {"length": 2}


# One card makes a task.

SOURCE = {"kind": "file", "path": "my own.csv", "text": "the words", "label": "kind", "licence": "mine"}
GREETINGS = {"labels": {"warm": "are warm", "cold": "are cold"}}
ROWS = [f'"Hello, number {n}",{kind},2026' for n in range(60) for kind in [("warm", "cold")[n % 2]]]


@pytest.fixture
def local(project: Path):
    """Runs fetch and prepare on a CSV file of the user's with these rows."""
    write_params()
    (project / "tasks").mkdir()
    (project / "tasks/greetings.yaml").write_text(card_text("greetings", source=SOURCE, **GREETINGS))

    def run(rows: list[str | bytes]) -> pd.DataFrame:
        lines = [line.encode() if isinstance(line, str) else line for line in ["the words,kind,year", *rows]]
        (project / "my own.csv").write_bytes(b"\n".join(lines) + b"\n")
        fetch.run("greetings")
        prepare.run("greetings")
        return texts.read(paths.prepared("greetings"))

    return run


def test_one_card_makes_a_task(local) -> None:
    table = local(
        [*ROWS, "Hello  again,warm,2026", "Hello again,warm,2026", ",cold,2026", "Either,warm,1", "Either,cold,2"]
    )
    assert len(table) == 61
    assert set(table["text"]) == {*(f"Hello, number {n}" for n in range(60)), "Hello again"}
    counts = json.loads(paths.metrics("prepare", "greetings").read_text())
    assert counts["read"] == 65
    assert counts["dropped"] == {"conflicting_label": 2, "duplicate": 1, "no_text": 1}
    people = pd.read_parquet(paths.judgements("greetings"))
    assert people.empty
    assert people.columns.tolist() == list(prepare.JUDGEMENT)


def outputs() -> list[bytes]:
    written = paths.prepared("greetings"), paths.judgements("greetings"), paths.metrics("prepare", "greetings")
    return [path.read_bytes() for path in written]


def test_the_same_rows_give_the_same_bytes_in_any_order(local) -> None:
    local(ROWS)
    before = outputs()
    local(ROWS[::-1])
    assert outputs() == before


def test_more_rows_move_no_row_to_another_split(local) -> None:
    before = local(ROWS).set_index("id")["split"]
    after = local([*ROWS, *(f"Good day {n},warm,1" for n in range(40))]).set_index("id")["split"]
    assert after.loc[before.index].equals(before)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*ROWS, "Hi,,2026"], "my own.csv: row 62: no label; the card lists warm, cold"),
        ([*ROWS, "Hi,tepid,2026"], "my own.csv: row 62: unknown label 'tepid'"),
        (['"Hi,warm,2026', *ROWS], "my own.csv: row 2: broken CSV"),
        ([*ROWS, b"Gr\xfc\xdfe,warm,2026"], "my own.csv: row 62: not UTF-8"),
        ([row.replace("cold", "warm") for row in ROWS], "greetings.yaml: labels.cold: no train rows"),
        ([], "greetings.yaml: labels.warm: no train rows"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(local, rows: list, words: str) -> None:
    local(ROWS)
    before = outputs()
    with pytest.raises(PyriteError) as caught:
        local(rows)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert outputs() == before
    assert len(list(paths.prepared("greetings").parent.iterdir())) == 2


def test_a_label_without_test_rows_is_named(local) -> None:
    in_training = [row for row in ROWS if texts.fraction(texts.digest(row.split('"')[1]), 0) < 0.7]
    # With folds every row is a test row once.
    assert set(local(in_training)["split"]) == {"train"}
    change_params("train.folds", "none")
    with pytest.raises(PyriteError, match=r"labels\.warm: no test rows .*, labels\.cold: no test rows"):
        local(in_training)


def test_a_column_that_is_not_there(local, project: Path) -> None:
    source = SOURCE | {"text": "words"}
    (project / "tasks/greetings.yaml").write_text(card_text("greetings", source=source, **GREETINGS))
    with pytest.raises(PyriteError, match=r"my own\.csv: row 2: no 'words'; there are the words, kind, year"):
        local(ROWS)


def test_rows_that_a_set_was_made_from_stand_for_the_pool(local, project: Path) -> None:
    plain = local(ROWS)
    assert "pool" not in plain
    seeded = card_text("greetings", source=SOURCE | {"seeds": ["vendor"]}, **GREETINGS)
    (project / "tasks/greetings.yaml").write_text(seeded)
    with pytest.raises(PyriteError, match=r"source\.seeds: there is no .*vendor\.parquet"):
        local(ROWS)
    seeds = [plain.query("split == @split")["id"].iloc[0] for split in ("train", "test")]
    files.write(
        paths.imported("greetings", "vendor"), lambda file: pd.DataFrame({"seeds": [seeds, []]}).to_parquet(file)
    )
    # With folds, no fit is tested on a row of the pool.
    table = local(ROWS)
    assert set(table.loc[table["pool"], "id"]) == set(seeds)
    assert set(seeds) <= set(table.loc[texts.in_pool(table), "id"])
    assert not folds.tested(table, "auto")[table["id"].isin(seeds)].any()
    assert not set(seeds) & set(folds.held_out(table, "auto")["id"])
    # Without, a test row stays one.
    change_params("train.folds", "none")
    table = local(ROWS)
    assert set(table.loc[table["pool"], "id"]) == {seeds[0]}
    assert seeds[1] in set(folds.held_out(table, "none")["id"])
    pd.DataFrame({"seeds": [["0" * 16]]}).to_parquet(paths.imported("greetings", "vendor"))
    with pytest.raises(PyriteError, match="none of the 1 texts that vendor was made from"):
        local(ROWS)


def test_prepare_before_fetch(local) -> None:
    with pytest.raises(PyriteError, match="run `dvc repro` or `pyrite fetch greetings`"):
        prepare.run("greetings")
