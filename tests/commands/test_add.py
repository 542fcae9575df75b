"""`pyrite add`: sets of other tools, taken in and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT, Study, change_params, tfidf, write_params, written_sources

from pyrite import params
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import add
from pyrite.data import cards, texts, transcripts
from pyrite.params import Imported
from pyrite.results.generation import GeneratedSet
from pyrite.stages import generate

ROWS = [("a ripe pear on a plate", "F"), ("a rusty saw on a wall", "T"), ("a green apple in a bag", "F")]


@pytest.fixture
def file(study: Study, project: Path) -> Path:
    """A set of three texts whose labels have other names, in a study that asks no LLM."""
    study(provider="recorded", sources=["zero_shot"])
    save(project / "vendor.csv", ROWS)
    return project / "vendor.csv"


def save(file: Path, rows: Sequence[tuple[str | None, ...]], *more: str) -> None:
    pd.DataFrame(rows, columns=["body", "kind", *more]).to_csv(file, index=False)


def take(file: Path, name: str = "vendor", values: str | None = "F=fruit,T=tool", **more: object) -> None:
    about = {"llm": None, "cost": None, "seeds": None} | more
    add.run("fruit", name, file, "body", "kind", values, **about)  # type: ignore[arg-type]


def held_out() -> str:
    """The text of the test row."""
    return texts.read(paths.prepared("fruit")).query("split == 'test'")["text"].item()


def generated() -> GeneratedSet:
    """What becomes of the set, where only a copy to the letter repeats a real text."""
    change_params("generate.contamination_cosine", 1.0)
    generate.run("fruit", "vendor")
    return GeneratedSet.load("fruit", "vendor")


def test_a_set_becomes_a_source_that_is_trained_and_compared(file: Path) -> None:
    take(file, llm="some/model", cost=1.5)
    p = params.load()
    assert p.sources["vendor"] == Imported(kind="imported", llm="some/model", cost_usd={"fruit": 1.5})
    # Nothing is recorded of the other source, and nobody is asked.
    assert list(p.sources) == ["vendor"]
    assert p.compare.candidates == ("vendor",)
    assert set(p.train.classifiers["tfidf"].mixes) == {"real", "vendor", "vendor@equal", "real+vendor"}
    place = paths.imported("fruit", "vendor")
    pinned = yaml.safe_load(Path(f"{place}.dvc").read_text())["outs"][0]
    assert pinned["md5"] == hashlib.md5(place.read_bytes()).hexdigest()
    assert pinned["size"] == place.stat().st_size


def test_a_set_of_texts_by_their_labels(file: Path) -> None:
    file = file.with_suffix(".json")
    file.write_text(json.dumps({kind: [text for text, label in ROWS if label == kind] for kind in "FT"}))
    add.run("fruit", "vendor", file, None, None, "F=fruit,T=tool", None, None, None)
    taken = pd.read_parquet(paths.imported("fruit", "vendor"))
    assert sorted(zip(taken["text"], taken["label"], strict=True)) == sorted(
        (text, {"F": "fruit", "T": "tool"}[kind]) for text, kind in ROWS
    )


def test_two_sets_stand_side_by_side_and_one_taken_anew_stays_one(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take(file)
    take(file, "other")
    take(file, "other", llm="a/model")
    p = params.load()
    assert list(p.sources) == ["vendor", "other"]
    assert p.sources["other"] == Imported(kind="imported", llm="a/model")
    assert capsys.readouterr().out.count("It takes the place of what other was.") == 1
    # The verdict stays about the first.
    assert p.compare.candidates == ("vendor", "other")


def test_the_comments_of_params_stay_where_they_were(file: Path) -> None:
    shipped = (ROOT / paths.PARAMS).read_text()
    paths.PARAMS.write_text(shipped.replace("  - python_docs\n", "  - fruit\n"))
    take(file)
    lines = paths.PARAMS.read_text().splitlines()
    for key in ("margin", "max_tokens"):
        place = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{key}:"))
        assert lines[place - 1].strip().startswith("#"), key
    assert params.load().compare.candidates == ("vendor",)
    # Those of sources that are gone went with them, and the last source ends as the last one did.
    assert "Real training texts that an LLM labelled" not in paths.PARAMS.read_text()
    place = lines.index("  vendor:")
    assert lines[place - 1 : place + 4] == ["sources:", "  vendor:", "    kind: imported", "", "generate:"]


@pytest.mark.parametrize("kept", [["few_shot"], ["labelled", "few_shot"], ["zero_shot"]])
def test_a_source_that_stays_keeps_the_comment_above_it(
    file: Path, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = (ROOT / paths.PARAMS).read_text()
    paths.PARAMS.write_text(shipped.replace("  - python_docs\n", "  - fruit\n"))
    monkeypatch.setattr(add, "_can_be_had", lambda source, study: source in kept)
    take(file, cost=1.5)
    assert list(params.load().sources) == [*kept, "vendor"]
    was, lines = shipped.splitlines(), paths.PARAMS.read_text().splitlines()
    for source in kept:
        above = was[was.index(f"  {source}:") - 1]
        assert above.startswith("  # ")
        assert lines[lines.index(f"  {source}:") - 1] == above
    assert not lines[lines.index("  vendor:") - 1].startswith("  # ")


@pytest.mark.parametrize(
    ("values", "name", "cost", "words"),
    [
        (None, "vendor", None, "none of its labels is the card"),
        ("F:fruit", "vendor", None, "no pair old=new"),
        ("F=fruit,T=tool,F=tool", "vendor", None, "'F' is there twice"),
        ("F=fruit", "zero_shot", None, "choose another name"),
        ("F=fruit", "real", None, "a meaning of its own"),
        ("F=fruit,T=tool", "vendor", float("inf"), "cost_usd"),
    ],
)
def test_what_can_t_be_meant_is_refused_and_changes_nothing(
    file: Path, values: str | None, name: str, cost: float | None, words: str
) -> None:
    before = paths.PARAMS.read_bytes()
    with pytest.raises(PyriteError, match=words):
        take(file, name, values, cost=cost)
    assert paths.PARAMS.read_bytes() == before
    assert not paths.imported("fruit", name).exists()


def test_copies_and_unknown_labels_are_left_out_and_counted(file: Path, project: Path) -> None:
    added = [
        *ROWS,
        ROWS[0],
        (held_out(), "F"),
        ("something else again here", "other"),
        ("", "T"),
        ("pear on a ripe plate a", "F"),
    ]
    save(file, added)
    take(file)
    counts = generated()
    assert (counts.kind, counts.total.accepted) == ("imported", 4)
    assert counts.total.dropped == {"exact duplicate": 1, "contamination: exact": 1, "empty": 1}
    assert counts.unknown_labels == {"other": 1}
    # Nearly the same as another: counted, and kept.
    assert next(iter(counts.noticed.values())) == 1
    kept = texts.read(paths.source("fruit", "vendor"))
    assert sorted(kept["label"]) == ["fruit", "fruit", "fruit", "tool"]
    assert set(kept["source"]) == {"vendor"}


def test_a_hundred_odd_rows_are_each_said(file: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"an invented sentence number {n} about it", ("FRUIT", "Tool ")[n % 2]) for n in range(60)]
    rows += [(f"one that is tagged as number {n} [tool]", ("FRUIT", "tool")[n % 2]) for n in range(20)]
    rows += [(held_out(), "fruit")] * 8 + [(f"a thing of number {n} here", "gadget") for n in range(7)]
    rows += [("no label", None)] * 5
    save(file, rows)
    take(file, values=None)
    output = " ".join(capsys.readouterr().out.split())
    assert "5 rows have no label and are left out." in output
    assert "Its label 'FRUIT' is taken for the card's 'fruit'." in output
    assert "Its label 'Tool' is taken for the card's 'tool'." in output
    assert "The card has no label 'gadget': its 7 texts are left out" in output
    assert "20 of its texts begin or end in the name of a label, 10 in another one than their own" in output
    counts = generated()
    assert counts.total.dropped == {"exact duplicate": 7, "contamination: exact": 1}
    assert counts.total.accepted == 80
    assert counts.unknown_labels == {"gadget": 7}
    assert counts.noticed["tagged with the name of a label"] == 20


def test_many_labels_that_the_card_lacks_are_named_in_part(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*ROWS, *((f"a thing of number {n}", f"explained by {n}") for n in range(15))]
    save(file, rows)
    take(file)
    output = capsys.readouterr().out
    assert output.count("The card has no label") == 10
    assert "5 others, of 5 texts" in output


def test_a_set_of_one_label_is_refused(file: Path) -> None:
    save(file, ROWS[:1])
    with pytest.raises(PyriteError, match="texts of 'fruit' only"):
        take(file)
    assert not paths.imported("fruit", "vendor").exists()


def test_the_same_text_with_two_labels_is_counted_apart(file: Path) -> None:
    save(file, [*ROWS, ROWS[1], (ROWS[0][0], "T")])
    take(file)
    assert generated().total.dropped == {
        "exact duplicate": 1,
        "exact duplicate with another label": 1,
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (None, r"none of its labels is the card's.* it has F, T; tasks/fruit\.yaml has fruit, tool"),
        ("F=fruit", "texts of 'fruit' only, and a classifier needs two: it has T, fruit"),
        ("F=friut,T=tool", "--values: 'friut' is no label of the card, which has fruit, tool"),
    ],
)
def test_labels_that_are_not_the_cards_are_named(file: Path, values: str | None, words: str) -> None:
    with pytest.raises(PyriteError, match=words):
        take(file, values=values)


def test_another_language_and_a_value_that_no_row_has_are_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take(file)
    assert "seem to be in" not in capsys.readouterr().out
    rows = [(f"eine reife Birne und {n} Äpfel liegen auf dem Teller", "FT"[n % 2]) for n in range(9)]
    save(file, rows)
    take(file, values="F=fruit,T=tool,G=tool")
    out, err = capsys.readouterr()
    assert "Its texts seem to be in German; the language of the card is English." in out
    assert "no row has the label 'G' of --values" in err


@pytest.mark.parametrize(
    "written",
    [
        "Spam",
        "**spam**.",
        "Label: spam",
        "category=Spam",
        "__label__spam",
        "2. spam",
        "(b) spam",
        "[Spam]",
        "LABEL_spam",
    ],
)
def test_a_label_is_the_cards_but_for_what_stands_around_it(written: str) -> None:
    assert add._card_names(pd.Series([written, "ham"]), ["spam", "ham"])[1] == {written: "spam"}


def test_labels_that_could_be_two_of_the_card_are_not_guessed() -> None:
    labels = pd.Series(["A-B", "a b", "c", "no spam", "not_c"])
    named, taken = add._card_names(labels, ["a_b", "ab", "C", "spam"])
    assert named.tolist() == ["A-B", "a b", "C", "no spam", "not_c"]
    assert taken == {"c": "C"}


def test_texts_with_a_prompt_or_without_words_are_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prompted = [(f"Classify this text: {n} is a number", "FT"[n % 2]) for n in range(20)]
    save(file, [*prompted, ("  ", "F"), (None, "T")])
    take(file)
    output = capsys.readouterr().out
    assert "2 of them have no text" in output
    assert "begin or end in 'Classify thi'" in output
    counts = generated()
    assert (counts.total.dropped, counts.total.accepted) == ({"empty": 2}, 20)
    assert counts.noticed["alike at their beginning or end, as where a prompt was kept"] == 20


def test_a_set_of_held_out_rows_only_says_why_nothing_is_left(file: Path) -> None:
    save(file, [(held_out(), "F"), (held_out(), "T")])
    take(file)
    with pytest.raises(PyriteError, match=r"none of its texts can be trained on .*1 contamination: exact"):
        generate.run("fruit", "vendor")


def test_the_pair_that_a_label_needs_can_be_copied(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(file, [*ROWS, ("a thing", "x, y"), ("b thing", "z")])
    take(file)
    output = capsys.readouterr().out
    assert """--values '"x, y=..."'""" in output
    assert "--values z=..." in output


def test_the_rows_that_a_set_was_made_from_stand_for_the_pool(file: Path, project: Path) -> None:
    prepared = texts.read(paths.prepared("fruit"))
    train, test = prepared.query("split == 'train'"), prepared.query("split == 'test'")
    shown = [*train["text"].iloc[:2], test["text"].iloc[0], "nobody's text"]
    rows = [(f"an invented sentence number {n} about it", "F" if n < 6 else "T", shown[n % 4]) for n in range(12)]
    save(file, rows, "source")
    take(file, seeds="source")
    assert cards.load("fruit").source.seeds == ("vendor",)
    counts = generated()
    assert counts.total.dropped == {"made from a row that is held out": 3}
    assert counts.noticed["made from texts that are no real rows of the task"] == 3
    showings = transcripts.showings(paths.transcript("fruit", "vendor"))
    kept = texts.read(paths.source("fruit", "vendor"))
    of_text = {text: seed for text, _, seed in rows}
    for row in kept.itertuples():
        assert showings[row.label, row.conversation] == [(texts.digest(of_text[row.text])[:16],)]
    # Taken anew without them, it stands for nothing.
    take(file)
    assert cards.load("fruit").source.seeds == ()
    assert "seeds" not in paths.card("fruit").read_text()


def test_a_study_that_asks_keeps_its_other_sources(file: Path) -> None:
    write_params(
        tasks=["fruit"],
        **written_sources("zero_shot"),
        train={"classifiers": {"tfidf": tfidf("real", "zero_shot")}},
        compare={"classifier": "tfidf", "candidates": "zero_shot"},
    )
    take(file)
    p = params.load()
    assert list(p.sources) == ["zero_shot", "vendor"]
    assert set(p.compare.candidates) == {"zero_shot", "vendor"}


def test_a_set_without_a_header_loses_no_row_in_silence(file: Path) -> None:
    file.write_text("".join(f"{text} today,{label}\n" for text, label in ROWS))
    text, label = f"{ROWS[0][0]} today", ROWS[0][1]
    with pytest.raises(PyriteError, match=r"vendor\.csv: row 1 .* looks like a text and its label"):
        add.run("fruit", "vendor", file, text, label, "F=fruit,T=tool", None, None, None)
