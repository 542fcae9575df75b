"""`pyrite add`: sets of other tools, taken in and checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT, Study, asked, change_params, tfidf, write_params

from pyrite import params
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import add
from pyrite.data import texts
from pyrite.params import Imported
from pyrite.results import generation
from pyrite.stages import generate

ROWS = [("a ripe pear on a plate", "F"), ("a rusty saw on a wall", "T"), ("a green apple in a bag", "F")]


@pytest.fixture
def file(study: Study, project: Path) -> Path:
    """A set of three texts whose labels have other names, in a study that asks no LLM."""
    study(provider="recorded", sources=["zero_shot"])
    frame = pd.DataFrame(ROWS, columns=["body", "kind"])
    frame.to_csv(project / "vendor.csv", index=False)
    return project / "vendor.csv"


def take(file: Path, name: str = "vendor", values: str | None = "F=fruit,T=tool", **more: object) -> None:
    about = {"llm": None, "cost": None} | more
    add.run("fruit", name, file, "body", "kind", values, **about)  # type: ignore[arg-type]


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


def test_two_sets_stand_side_by_side_and_one_taken_anew_stays_one(file: Path) -> None:
    take(file)
    take(file, "other")
    take(file, "other", llm="a/model")
    p = params.load()
    assert list(p.sources) == ["vendor", "other"]
    assert p.sources["other"] == Imported(kind="imported", llm="a/model")
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
    ("values", "name", "words"),
    [
        (None, "vendor", "none of its labels is in"),
        ("F:fruit", "vendor", "no pair old=new"),
        ("F=fruit", "zero_shot", "choose another name"),
        ("F=fruit", "real", "a meaning of its own"),
    ],
)
def test_what_can_t_be_meant_is_refused_and_changes_nothing(
    file: Path, values: str | None, name: str, words: str
) -> None:
    before = paths.PARAMS.read_bytes()
    with pytest.raises(PyriteError, match=words):
        take(file, name, values)
    assert paths.PARAMS.read_bytes() == before
    assert not paths.imported("fruit", name).exists()


def test_copies_and_unknown_labels_are_left_out_and_counted(file: Path, project: Path) -> None:
    test = texts.read(paths.prepared("fruit")).query("split == 'test'")["text"].item()
    added = [
        *ROWS,
        ROWS[0],
        (test, "F"),
        ("something else again here", "other"),
        ("", "T"),
        ("pear on a ripe plate a", "F"),
    ]
    pd.DataFrame(added, columns=["body", "kind"]).to_csv(file, index=False)
    take(file)
    change_params("generate.contamination_cosine", 1.0)
    generate.run("fruit", "vendor")
    counts = generation.load("fruit", "vendor")
    assert (counts.kind, counts.total.accepted) == ("imported", 4)
    assert counts.total.dropped == {"exact duplicate": 1, "contamination: exact": 1, "empty": 1}
    assert counts.unknown_labels == {"other": 1}
    # Nearly the same as another: counted, and kept.
    assert next(iter(counts.noticed.values())) == 1
    kept = texts.read(paths.source("fruit", "vendor"))
    assert sorted(kept["label"]) == ["fruit", "fruit", "fruit", "tool"]
    assert set(kept["source"]) == {"vendor"}


def test_a_study_that_asks_keeps_its_other_sources(file: Path) -> None:
    write_params(
        tasks=["fruit"],
        **asked("zero_shot"),
        train={"classifiers": {"tfidf": tfidf("real", "zero_shot")}},
        compare={"classifier": "tfidf", "candidates": "zero_shot"},
    )
    take(file)
    p = params.load()
    assert list(p.sources) == ["zero_shot", "vendor"]
    assert set(p.compare.candidates) == {"zero_shot", "vendor"}
