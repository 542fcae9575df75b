from __future__ import annotations

import json
import random
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from conftest import ROOT, change_params, tfidf, write_params, written_sources
from dvc.utils.serialize import loads_yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llm_server import serve

from pyrite import cli, params
from pyrite.base import console, paths, schema
from pyrite.base.errors import PyriteError
from pyrite.commands import new, verdict
from pyrite.data import cards, profile, texts
from pyrite.params import Imported
from pyrite.results import data_overview
from pyrite.results.evaluation import Headline
from pyrite.stages import fetch, prepare

WORDS = {
    "billing": "invoice charge refund card payment twice amount bank receipt price",
    "shipping": "parcel courier late address box van delivery track lost door",
}
ODD = [
    "yes",
    "no",
    "null",
    "1",
    "1.0",
    "~",
    "a: b",
    'it\'s "so"',
    "ü/ö\\..",
    "- x",
    "# y",
    "[red]{x}",
    "日本 🙂",
    "x" * 200,
]


def rows(labels: tuple[str, ...] = tuple(WORDS), each: int = 40) -> list[dict[str, str]]:
    """Rows of random words for each label, every text another."""
    rng = random.Random(1)
    pools = list(WORDS.values())
    return [
        {"body": " ".join(rng.sample(pools[n % 2].split(), 5)) + f" {n} {i}", "queue": label}
        for i in range(each)
        for n, label in enumerate(labels)
    ]


def csv_of(table: list[dict[str, str]], separator: str = ",", encoding: str = "utf-8") -> bytes:
    return pd.DataFrame(table).to_csv(index=False, sep=separator).encode(encoding)


@pytest.fixture
def here(project: Path) -> Path:
    """A project with the shipped params and prompts, and a file of real data beside it."""
    (project / "pyrite/tasks").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", project / "pyrite")
    for name in ("annotators.yaml", "prompts.yaml"):
        shutil.copy(ROOT / "tasks" / name, project / "pyrite/tasks")
    (project / "tickets.csv").write_bytes(csv_of(rows()))
    return project / "pyrite"


@pytest.fixture(autouse=True)
def inside(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "200")


def make(*arguments: str) -> None:
    """Run `pyrite new` as the command line does."""
    cli.app(["new", *arguments], standalone_mode=False)


def prepared(task: str = "support") -> pd.DataFrame:
    fetch.run(task)
    prepare.run(task)
    return texts.read(paths.prepared(task))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_becomes_a_card_that_the_stages_take(capsys: pytest.CaptureFixture[str]) -> None:
    before = paths.PARAMS.read_text().splitlines()
    make("support", "--from", "../tickets.csv", "--text", "body", "--label", "queue")
    output = capsys.readouterr().out
    card = cards.load("support")
    assert list(card.labels) == ["billing", "shipping"]
    assert card.length_words == (7, 7)
    assert card.source.kind == "file"
    assert Path("data/recordings/support/.gitkeep").exists()
    assert Path("data/imported/support/.gitkeep").exists()
    changed = [(old, now) for old, now in zip(before, paths.PARAMS.read_text().splitlines(), strict=True) if old != now]
    assert changed == [("  - python_docs", "  - support")]
    table = prepared()
    assert len(table) == 80
    shown = next(line for line in output.splitlines() if line.startswith("billing  "))
    # With folds all rows outside the pool are tested, and trained on too.
    tested = int((~texts.in_pool(table))[table["label"] == "billing"].sum())
    assert shown.split()[1:5] == ["40", "50%", "40", str(tested)]
    assert "4 folds: each text but those for prompts is tested on once" in output
    assert output.count("\n  parcel") + output.count("\n  courier") + output.count("\n  van") <= 3
    for words in (
        "few_shot sends some real texts",
        "dvc exp run -S generate.provider=openai",
        "$0.0",
        "pyrite verdict",
    ):
        assert words in output


def test_a_model_goes_into_the_study(capsys: pytest.CaptureFixture[str]) -> None:
    make("support", "--from", "../tickets.csv", "--model", "org/a-model:free")
    p = params.load()
    assert (p.tasks, p.generate.provider) == (("support",), "openai")
    assert p.llms["org_a_model_free"].model == "org/a-model:free"
    assert {getattr(source, "llm", None) for source in p.sources.values()} == {"org_a_model_free"}
    assert "# Its name at the endpoint. Only its own answers" in paths.PARAMS.read_text()
    output = capsys.readouterr().out
    assert "'org/a-model:free' has no price" in output
    assert "\n  pyrite doctor" in output
    assert "\n  dvc repro\n" in output


def test_a_model_renames_the_llm_alone() -> None:
    source = paths.PARAMS.read_text()
    imported = "  claude:\n    kind: imported\n    llm: claude\n    check: 5\n    check_llm: claude\n"
    paths.PARAMS.write_text(source.replace("\nsources:\n", f"\nsources:\n{imported}"))
    make("support", "--from", "../tickets.csv", "--model", "m")
    p = params.load()
    assert list(p.llms) == ["m"]
    # A source of the same name, and what is said of who wrote it, are no LLMs of the study.
    assert isinstance(other := p.sources["claude"], Imported)
    assert (other.llm, other.check_llm) == ("claude", "m")


def arrow(table: list[dict[str, str]], path: Path, metadata: dict[bytes, bytes] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = pa.Table.from_pylist(table).replace_schema_metadata(metadata)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, columns.schema) as stream:
        stream.write_table(columns, max_chunksize=7)


def parquet(table: list[dict[str, str]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(table).to_parquet(path, index=False)


def json_lines(table: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in table).encode()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda path: path.write_bytes(csv_of(rows()))),
        ("semicolons.csv", lambda path: path.write_bytes(csv_of(rows(), ";"))),
        ("mark.csv", lambda path: path.write_bytes(csv_of(rows(), ";", "utf-8-sig"))),
        ("a.tsv", lambda path: path.write_bytes(csv_of(rows(), "\t"))),
        ("a.jsonl", lambda path: path.write_bytes(json_lines(rows()))),
        ("a.json", lambda path: path.write_bytes(json.dumps(rows()).encode())),
        ("a.parquet", lambda path: parquet(rows(), path)),
        ("shards", lambda path: [parquet(rows()[i::2], path / f"part-{i}.parquet") for i in (0, 1)]),
        ("saved", lambda path: [arrow(rows()[i::2], path / f"data-0000{i}-of-00002.arrow") for i in (0, 1)]),
    ],
)
def test_every_format_gives_the_same_rows(name: str, write) -> None:
    write(Path("..", name))
    if name == "saved":
        Path("../saved/state.json").write_text('{"_data_files": []}')
        Path("../saved/README.txt").write_text("about")
        arrow([{"other": "x"}], Path("../saved/cache-1.arrow"))
    make("support", "--from", f"../{name}", "--text", "body", "--label", "queue")
    table = prepared()
    assert sorted(zip(table["text"], table["label"], strict=True)) == sorted(
        (row["body"], row["queue"]) for row in rows()
    )


def test_the_sides_and_label_names_of_a_data_set_are_kept() -> None:
    numbered = [{"text": row["body"], "label": n % 2} for n, row in enumerate(rows())]
    features = {"label": {"names": ["billing", "shipping"], "_type": "ClassLabel"}, "text": {"dtype": "string"}}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    arrow(numbered[:50], Path("../set/train/data-00000-of-00001.arrow"), metadata)
    arrow(
        [*numbered[50:], {"text": "of no label", "label": -1}], Path("../set/test/data-00000-of-00001.arrow"), metadata
    )
    Path("../set/dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    make("support", "--from", "../set")
    table = prepared()
    assert set(table["label"]) == {"billing", "shipping"}
    assert set(table.loc[table["split"] == "test", "text"]) == {row["text"] for row in numbered[50:]}
    assert json.loads(paths.metrics("prepare", "support").read_text())["dropped"]["other_label"] == 1


def test_what_datasets_saves_beside_its_data_names_the_labels() -> None:
    arrow([{"text": row["body"], "label": n % 2} for n, row in enumerate(rows())], Path("../set/data-00000.arrow"))
    features = {"label": {"names": ["billing", "shipping"], "_type": "ClassLabel"}}
    Path("../set/dataset_info.json").write_text(json.dumps({"features": features}))
    make("support", "--from", "../set")
    assert prepared()["label"].value_counts().to_dict() == {"billing": 40, "shipping": 40}


def test_texts_by_their_labels_become_a_task() -> None:
    by_label = {label: [row["body"] for row in rows() if row["queue"] == label] for label in WORDS}
    Path("../set.json").write_text(json.dumps(by_label))
    make("support", "--from", "../set.json")
    table = prepared()
    assert {label: set(own) for label, own in table.groupby("label")["text"]} == {
        label: set(own) for label, own in by_label.items()
    }


def test_a_set_beside_test_rows_only_is_refused_and_leaves_nothing(here: Path) -> None:
    Path("../set").mkdir()
    Path("../set/test.jsonl").write_bytes(json_lines(rows()))
    Path("../set/vendor.csv").write_bytes(csv_of(rows()))
    before = everything(here)
    with pytest.raises(PyriteError, match=r"vendor\.csv beside test\.jsonl") as caught:
        make("support", "--from", "../set", "--text", "body", "--label", "queue")
    assert "\n" not in str(caught.value)
    assert everything(here) == before


def test_labels_with_odd_characters_stay_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Path("../odd.csv").write_bytes(csv_of(rows(tuple(ODD), each=60)))
    make("support", "--from", "../odd.csv")
    assert set(cards.load("support").labels) == set(ODD)
    assert prepared()["label"].value_counts().to_dict() == dict.fromkeys(ODD, 60)
    assert "[red]{x}" in capsys.readouterr().out


LABELS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).map(texts.normalise_label).filter(bool)


@settings(deadline=None)
@given(st.lists(LABELS, min_size=2, unique=True))
@example(ODD)
@example(["a'b", "<<", "=", "2001-01-01", "0x1f", "? a", "08", "1e3", "1_000", "no", "on", "null", "~", "a\u0301"])
def test_any_label_comes_back_from_the_card(labels: list[str]) -> None:
    source = new.render("support", labels, None)
    card = schema.parse(source, Path("card"), cards.Card)
    assert list(card.labels) == [texts.normalise_label(label) for label in labels]
    assert isinstance(card.source, cards.NoData)
    assert loads_yaml(source)["labels"].keys() == set(labels)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (None, [], "nothing.csv: no such file or folder"),
        (b"", [], "has no rows"),
        (b"body,queue\n", [], "has no rows"),
        (csv_of(rows()), ["--text", "tekst"], r"no column 'tekst' \(--text\); there are body, queue"),
        (csv_of(rows(("one",))), ["--text", "body"], "column 'queue': one label only, 'one'"),
        (csv_of(rows(each=1)), ["--text", "body", "--label", "queue"], r"too few rows of 'billing' \(1"),
        (csv_of([*rows(), {"body": "x", "queue": "rare"}]), [], "or leave out such labels: --labels billing,shipping"),
        (csv_of(rows()), ["--text", "queue", "--label", "body"], "has 80 different values in 80 rows"),
        (csv_of(rows(each=600)), ["--text", "queue", "--label", "body"], "more than 1,000 different values"),
        (
            csv_of(rows()),
            ["--labels", "billing,posting"],
            "no row has the label 'posting'; its labels are billing, shipping",
        ),
        (
            csv_of(rows()) + "Gr\xfc\xdfe,billing\n".encode("latin-1"),
            [],
            r"row 82: not UTF-8 \(byte 3.*iconv -f CP1252 -t UTF-8 ../bad.csv > ../bad-utf8.csv",
        ),
        ("body\tqueue\n".encode("utf-16"), [], "has no rows"),
        (csv_of(rows()) + b"a,b,c\n", [], "row 82: 3 fields, not 2"),
        (csv_of(rows()) + b'"a,billing\n', [], "row 82: broken CSV"),
    ],
)
def test_bad_data_are_one_line_and_leave_nothing(here: Path, content: bytes | None, options, words: str) -> None:
    name = "../nothing.csv"
    if content is not None:
        name = "../bad.csv"
        Path(name).write_bytes(content)
    before = everything(here)
    with pytest.raises(PyriteError, match=words) as caught:
        make("support", "--from", name, *options)
    assert "\n" not in str(caught.value)
    assert everything(here) == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.docx", b"PK", r"no format that is read: save or unpack it as \.csv"),
        ("a.csv", b"PK\x03\x04", "a table or a workbook"),
        ("a.xlsx", b"PK", "not readable as a workbook"),
        ("a.csv.gz", b"\x1f\x8b\x08", "broken gzip"),
        ("a.txt", b"a text", "lines of text have no labels"),
        ("a.parquet", b"PAR1 no", "not readable as parquet"),
        ("a.arrow", b"no", "not readable as arrow"),
        ("a.jsonl", b'{"text": "x", "label": "y"}\n{', "row 2: broken JSON"),
        ("a.jsonl", b"[1]\n", "row 1: not a JSON object"),
    ],
)
def test_a_file_of_another_kind(name: str, content: bytes, words: str) -> None:
    Path("..", name).write_bytes(content)
    with pytest.raises(PyriteError, match=words) as caught:
        make("support", "--from", f"../{name}")
    assert "\n" not in str(caught.value)


def test_a_folder_without_data() -> None:
    Path("../empty").mkdir()
    with pytest.raises(PyriteError, match=r"has no \.arrow"):
        make("support", "--from", "../empty")


@pytest.mark.parametrize("name", ["Support", "../x", "a b", "9a", "prompts", "annotations", "x" * 61, ""])
def test_a_name_that_is_no_name(here: Path, name: str) -> None:
    before = everything(here)
    with pytest.raises(PyriteError, match="can't name a task"):
        make(name, "--from", "../tickets.csv")
    assert everything(here) == before


def test_reading_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(profile, "WATCHED_ROWS", 100)
    monkeypatch.setattr(console, "PLAIN_SECONDS", 0)
    Path("../tickets.csv").write_bytes(csv_of(rows(("billing", "shipping"), each=120)))
    make("support", "--from", "../tickets.csv")
    assert [line.split(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "reading rows: 100",
        "reading rows: 200",
    ]


def test_a_card_is_never_overwritten() -> None:
    make("support", "--from", "../tickets.csv")
    before = paths.card("support").read_bytes()
    with pytest.raises(PyriteError, match="is there already and may hold your edits"):
        make("support", "--labels", "a,b")
    assert paths.card("support").read_bytes() == before


def test_rows_that_are_left_out_are_said_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    same, copy = rows()[0]["body"], rows()[1]
    odd = [("", "billing"), (same, "shipping"), (copy["body"], copy["queue"]), ("no label", " "), (" ", "shipping")]
    Path("../tickets.csv").write_bytes(csv_of([*rows(), *({"body": t, "queue": q} for t, q in odd)]))
    make("support", "--from", "../tickets.csv")
    words = "2 with no text, 2 with the same text with different labels, 1 with a repeated text, 1 with no label"
    assert words in capsys.readouterr().out
    prepared()
    dropped = json.loads(paths.metrics("prepare", "support").read_text())["dropped"]
    assert dropped == {"conflicting_label": 2, "duplicate": 1, "no_text": 2, "other_label": 1}


def test_only_the_labels_that_are_named() -> None:
    Path("../three.csv").write_bytes(csv_of([*rows(), {"body": "a rare one", "queue": "rare"}]))
    make("support", "--from", "../three.csv", "--labels", "shipping, billing")
    assert len(prepared()) == 80


def test_a_large_file_is_looked_at_in_a_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("../large.csv").write_bytes(csv_of(sorted(rows() + rows(), key=lambda row: row["queue"])))
    monkeypatch.setattr(profile, "SAMPLE_ROWS", 60)
    dataset = profile.look(Path("../large.csv"), None, None, None)
    assert dataset.rows == {"billing": 80, "shipping": 80}
    assert dataset.share in (0.5, 0.25)
    # A text and its repetition are in the sample together.
    assert dataset.dropped["duplicate"] == len(dataset.table) <= 30
    make("support", "--from", "../large.csv")
    output = capsys.readouterr().out
    assert "sample of about 1 in" in output
    assert "80" in next(line for line in output.splitlines() if line.startswith("billing  "))


def test_texts_of_the_file_can_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = ["\x1b[2Jgone [bold]x[/bold] \u202edlrow " + row["body"] for row in rows()]
    table = [row | {"body": text} for row, text in zip(rows(), hostile, strict=True)]
    Path("../tickets.jsonl").write_bytes(json_lines(table))
    make("support", "--from", "../tickets.jsonl")
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "[2Jgone [bold]x[/bold]" in output


def test_a_changed_file_is_taken_only_with_refresh() -> None:
    make("support", "--from", "../tickets.csv")
    card = paths.card("support")
    card.write_text(
        card.read_text().replace('category "billing"', "money \N{EURO SIGN}") + "# mine\n", encoding="utf-8"
    )
    assert len(prepared()) == 80
    Path("../tickets.csv").write_bytes(csv_of([*rows(), {"body": "one more of them", "queue": "billing"}]))
    with pytest.raises(PyriteError, match=r"tickets\.csv: has changed since .* `pyrite new support --refresh`"):
        fetch.run("support")
    assert len(texts.read(paths.prepared("support"))) == 80
    before = card.read_text(encoding="utf-8").splitlines()
    make("support", "--refresh")
    after = card.read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0] for old, line in zip(before, after, strict=True) if old != line] == ["  sha256"]
    assert len(prepared()) == 81


def test_refresh_says_what_it_can_not_do() -> None:
    with pytest.raises(PyriteError, match=r"there is no tasks/support\.yaml"):
        make("support", "--refresh")
    with pytest.raises(PyriteError, match="labels are those of the card"):
        make("support", "--refresh", "--labels", "a,b")
    shutil.copy(ROOT / "tasks/sms_spam.yaml", paths.TASKS)
    with pytest.raises(PyriteError, match="its data are downloaded"):
        make("sms_spam", "--refresh")


def test_a_file_that_git_would_take_is_pointed_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    shutil.copy("../tickets.csv", "tickets.csv")
    make("support", "--from", "tickets.csv")
    assert "would put its texts into git" in capsys.readouterr().out
    assert cards.load("support").source.path == "tickets.csv"
    (here / ".gitignore").write_text("tickets.csv\n")
    make("again", "--from", str(here / "tickets.csv"))
    assert "would put its texts into git" not in capsys.readouterr().out


def test_what_is_shown_is_one_short_line() -> None:
    assert data_overview.shown("a\nb\x1b[0m") == "a�b�[0m"
    assert len(data_overview.shown("x" * 1000)) == data_overview.SHOWN_CHARACTERS + 1


def small_study() -> None:
    """Cheap encoders and few texts, as somebody might set them; and no pretrained weights for the check of copies."""
    sets = ("real", "zero_shot", "few_shot", "pool", "pool+few_shot")
    write_params(
        **written_sources("zero_shot", "few_shot", per_label=30, texts_per_turn=10, turns=2, annotate=20),
        train={"classifiers": {"tfidf": tfidf(*sets, "real@20", "real@all")}},
        evaluate={"resamples": 200},
        compare={"classifier": "tfidf", "candidates": "few_shot"},
    )


def run_all(*tasks: str) -> None:
    """The stages as `dvc repro` runs them, in one process."""
    of_task = [["fetch"], ["prepare"], ["generate", "zero_shot"], ["generate", "few_shot"], ["train", "tfidf"]]
    of_task += [["annotate"], ["evaluate"], ["diversity"]]
    stages = [[stage, task, *rest] for task in tasks for stage, *rest in of_task]
    for stage in [*stages, ["subjectivity"], ["compare"], ["report"], ["verdict"]]:
        cli.app(stage, standalone_mode=False)


def test_from_a_file_to_a_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small_study()
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        make("support", "--from", "../tickets.csv", "--model", "test-model")
        reckoned = [line.split()[2] for line in capsys.readouterr().out.splitlines() if line.startswith("support ")]
        run_all("support")
    assert len(server.log) == sum(map(int, reckoned))
    output = capsys.readouterr().out
    # Of a small data set every row is tested on, but those that prompts may show.
    assert f"{(~texts.in_pool(prepared())).sum()} test rows" in output
    headline = json.loads(paths.HEADLINE.read_text())
    assert headline["tasks"] == 1
    assert headline["macro_f1"] > 0
    assert set(headline) == set(Headline.model_fields)
    assert "shipping" in (paths.REPORT / "index.html").read_text()


def test_without_real_data_the_report_says_what_can_be_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_study()
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        make("support", "--labels", "billing, shipping", "--model", "test-model")
        run_all("support")
    output = capsys.readouterr().out
    assert "Can't tell: the task has no real texts" in output
    assert "zero_shot: 60 texts of 2 labels were kept" in output
    assert "few_shot: not asked, for it shows the LLM real texts." in output
    assert "pyrite new support --refresh --from FILE" in output
    about = {"candidate": "few_shot", "classifier": "tfidf", "baseline": "real"}
    headline = Headline(**about, verdict="can't tell", tasks=0).model_dump()
    assert json.loads(paths.HEADLINE.read_text()) == headline
    verdicts = verdict.as_json()
    assert verdicts["overall"] is None
    assert [(case["task"], case["verdict"]) for case in verdicts["tasks"]] == [("support", "can't tell")]
    assert len(texts.read(paths.source("support", "zero_shot"))) == 60
    assert len(texts.read(paths.source("support", "few_shot"))) == 0
    page, markdown = (paths.REPORT / "index.html").read_text(), (paths.REPORT / "REPORT.md").read_text()
    for report in (page, markdown):
        assert "no real texts, no verdict" in report
        assert "Effective number of texts" in report
    assert "billing" in page
    # With real texts the same task gets its verdict, and nothing that was answered is asked again.
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        make("support", "--refresh", "--from", "../tickets.csv")
        run_all("support")
    generated = [entry for entry in server.log if "Label each one" not in entry.request["messages"][1]["content"]]
    assert len(generated) == 6
    assert all("real texts" in entry.request["messages"][1]["content"] for entry in generated)
    assert json.loads(paths.HEADLINE.read_text())["tasks"] == 1


def test_tasks_with_and_without_real_data_share_a_study(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_study()
    with serve() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        make("ideas", "--labels", "wish, complaint", "--model", "test-model")
        make("support", "--from", "../tickets.csv")
        change_params("tasks", ["ideas", "support"])
        run_all("ideas", "support")
    output = capsys.readouterr().out
    assert "Can't tell: the task has no real texts" in output
    # Of a small data set every row is tested on, but those that prompts may show.
    assert f"{(~texts.in_pool(prepared())).sum()} test rows" in output
    assert json.loads(paths.HEADLINE.read_text())["tasks"] == 1
    for report in (paths.REPORT / "index.html", paths.REPORT / "REPORT.md"):
        assert "Ideas: no real texts, no verdict" in report.read_text()
        assert "Support" in report.read_text()
    assert set(pd.read_csv(paths.TABLE)["task"]) == {"support"}


def test_every_command_of_the_page_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/your-own-task.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, flags=re.S)
    commands = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    Path("../labelled.csv").write_bytes(csv_of(rows(("praise", "complaint", "question"), each=60)))
    Path("../more.csv").write_bytes(csv_of([{"body": f"refund the parcel {i}"} for i in range(60)]))
    run = []
    for command in commands:
        words = shlex.split(command)
        if words[:2] in (["pyrite", "new"], ["pyrite", "estimate"], ["pyrite", "next"]):
            if words[1] in ("estimate", "next"):
                prepared()
            cli.app(words[1:], standalone_mode=False)
            run.append(words[1])
            if words[1] == "next":
                sheet = Path("support.next-1.sheet.csv")
                pd.read_csv(sheet).assign(label="billing").to_csv(sheet, index=False)
        else:
            # The stages and the verdict are run above; `dvc exp run` in test_experiments.py.
            assert command in (
                "dvc repro",
                "dvc metrics diff",
                "pyrite verdict",
                "dvc exp run -S compare.candidates=zero_shot",
            )
    assert run == ["new", "new", "new", "next", "new", "estimate", "new", "new"]
    assert len(prepared("ideas")) == 180
