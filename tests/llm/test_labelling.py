"""Labelled sources: what is asked, what is recorded, and how labels are read and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Study, change_params
from llm_server import serve

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import batch, estimate, recordings
from pyrite.data import texts
from pyrite.llm import labelling
from pyrite.results.generation import GeneratedSet
from pyrite.stages import generate


@pytest.fixture
def labelled(study: Study) -> Callable[..., None]:
    """A study that has the LLM label the first 25 of the sixty training texts."""

    def write(url: str | None = None, provider: str = "openai", n: int = 25) -> None:
        study(url, provider=provider, sources=["zero_shot"])
        change_params("sources.labelled", {"kind": "labelled", "llm": "llm", "texts": n})

    return write


def all_fruit(request: dict[str, Any]) -> str:
    numbered = json.loads(request["messages"][-1]["content"].partition("JSON object: ")[2].partition(" Label each")[0])
    return json.dumps(dict.fromkeys(numbered, "fruit"))


def test_the_first_texts_by_id_get_a_label_each_without_their_own_being_seen(labelled: Callable[..., None]) -> None:
    with serve(answers=all_fruit) as server:
        labelled(server.url)
        generate.run("fruit", "labelled")
    prepared = texts.read(paths.prepared("fruit"))
    first = prepared[prepared["split"] == "train"].sort_values("id").head(25)
    rows = texts.read(paths.source("fruit", "labelled"))
    assert rows["id"].tolist() == first["id"].tolist()
    assert set(rows["label"]) == {"fruit"}
    # Ten texts a request.
    assert len(server.log) == 3
    counts = GeneratedSet.load("fruit", "labelled")
    assert (counts.kind, counts.labels["fruit"].accepted, counts.labels["tool"].accepted) == ("labelled", 25, 0)
    right = int((first["label"] == "fruit").sum())
    assert (counts.agreement["total"].same, counts.agreement["total"].texts) == (right, 25)
    assert counts.agreement["fruit"].share.value == 1
    assert counts.agreement["tool"].share.value == 0
    assert counts.total.prompt_tokens


def test_more_texts_ask_only_for_the_new_ones_and_a_recording_for_none(
    labelled: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(answers=all_fruit) as server:
        labelled(server.url, n=20)
        generate.run("fruit", "labelled")
        labelled(server.url, n=30)
        generate.run("fruit", "labelled")
    assert len(server.log) == 3
    recordings.run("fruit", "labelled")
    recorded = pd.read_csv(paths.recorded_labels("fruit"))
    assert list(recorded.columns) == ["item", "label", "model"]
    assert len(recorded) == 30
    before = paths.source("fruit", "labelled").read_bytes()
    paths.answers("fruit", labelling.ANSWERS).unlink()
    labelled(provider="recorded", n=30)
    generate.run("fruit", "labelled")
    assert paths.source("fruit", "labelled").read_bytes() == before
    recordings.run("fruit", "labelled")
    assert len(pd.read_csv(paths.recorded_labels("fruit"))) == 30
    # In a fresh clone, before any real text is there.
    paths.prepared("fruit").unlink()
    labelled(n=50)
    estimate.run("fruit", "labelled", as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["requests"] == 2
    with pytest.raises(PyriteError, match="of fruit are not prepared: run `dvc repro prepare`"):
        batch.export_requests(Path("round"))


def test_what_waits_is_in_the_batch(labelled: Callable[..., None], project: Path) -> None:
    labelled(n=25)
    batch.export_requests(project / "round")
    requests = [json.loads(line)["body"] for line in (project / "round/batch-001.jsonl").read_text().splitlines()]
    assert sum("label texts" in request["messages"][0]["content"] for request in requests) == 3


def test_nothing_recorded_and_nobody_asked_is_said(labelled: Callable[..., None]) -> None:
    labelled(provider="recorded")
    with pytest.raises(PyriteError, match="no label of 'm'"):
        generate.run("fruit", "labelled")


def test_a_recorded_label_that_the_card_lacks_is_named(labelled: Callable[..., None]) -> None:
    labelled(provider="recorded")
    write = paths.recorded_labels("fruit")
    write.parent.mkdir(parents=True)
    write.write_text("item,label,model\nabc,plant,m\n")
    with pytest.raises(PyriteError, match="'plant' is not in the card"):
        labelling.load("fruit", "labelled")


def test_a_check_asks_for_labels_of_own_and_real_texts_and_is_not_paid_twice(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts: list[str] = []

    def answer(request: dict[str, Any]) -> str | None:
        prompt = request["messages"][-1]["content"]
        if "JSON object: " not in prompt:
            return None
        prompts.append(prompt)
        return all_fruit(request)

    with serve(answers=answer) as server:
        study(server.url, sources=["zero_shot"], check=12)
        estimate.run("fruit", "zero_shot", as_json=True)
        [_, need] = json.loads(capsys.readouterr().out)
        assert (need["source"], need["requests"]) == ("zero_shot: check", 3)
        generate.run("fruit", "zero_shot")
        generate.run("fruit", "zero_shot")
    assert len(prompts) == 3
    rows = {"zero_shot": texts.read(paths.source("fruit", "zero_shot")), "real": texts.read(paths.prepared("fruit"))}
    first = {name: table[table["split"] == "train"].sort_values("id").head(12) for name, table in rows.items()}
    # Own texts and real ones share requests, in an order that says nothing.
    assert all(any(text in prompts[0] for text in sample["text"]) for sample in first.values())
    clear_cut = GeneratedSet.load("fruit", "zero_shot").clear_cut
    assert list(clear_cut) == ["real", "zero_shot"]
    for name, sample in first.items():
        assert clear_cut[name].texts == 12
        assert clear_cut[name].share.value == pytest.approx((sample["label"] == "fruit").mean())
        assert clear_cut[name].labels["tool"].value == 0
    recordings.run("fruit", "zero_shot")
    assert len(pd.read_csv(paths.checked("fruit", "zero_shot"))) == 24
    paths.answers("fruit", labelling.CHECKS).unlink()
    study(provider="recorded", sources=["zero_shot"], check=12)
    generate.run("fruit", "zero_shot")
    assert GeneratedSet.load("fruit", "zero_shot").clear_cut == clear_cut


def test_an_imported_set_is_checked_by_the_llm_that_is_named(
    study: Study, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    with serve(answers=all_fruit) as server:
        study(server.url, sources=["zero_shot"])
        change_params("sources.vendor", {"kind": "imported", "check": 10, "check_llm": "llm"})
        generate.run("fruit", "vendor")  # which is not there
        estimate.run("fruit", "vendor", as_json=True)
        assert (server.log, json.loads(capsys.readouterr().out)) == ([], [])
        rows = [(f"sold sentence number {n} there", ("fruit", "tool")[n % 2]) for n in range(12)]
        paths.imported("fruit", "vendor").parent.mkdir(parents=True)
        pd.DataFrame(rows, columns=["text", "label"]).to_parquet(paths.imported("fruit", "vendor"))
        estimate.run("fruit", "vendor", as_json=True)
        assert [need["requests"] for need in json.loads(capsys.readouterr().out)] == [2]
        generate.run("fruit", "vendor")
    assert len(server.log) == 2
    clear_cut = GeneratedSet.load("fruit", "vendor").clear_cut
    first = texts.read(paths.source("fruit", "vendor")).sort_values("id").head(10)
    assert clear_cut["vendor"].share.value == pytest.approx((first["label"] == "fruit").mean())
    assert (clear_cut["vendor"].texts, clear_cut["real"].texts) == (10, 10)
    paths.answers("fruit", labelling.CHECKS).unlink()
    batch.export_requests(project / "round")
    assert sum("label texts" in line for line in (project / "round/batch-001.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("named", [{}, {"check_llm": "nobody"}])
def test_an_imported_set_that_no_llm_can_check_is_refused(study: Study, named: dict[str, str]) -> None:
    study()
    change_params("sources.vendor", {"kind": "imported", "check": 10, **named})
    with pytest.raises(PyriteError, match=r"sources.vendor.*check_llm"):
        generate.run("fruit", "vendor")


@pytest.mark.parametrize("command", [estimate.run, lambda *names, as_json: recordings.run(*names)])
def test_an_unknown_source_is_named(study: Study, command: Callable[..., None]) -> None:
    study()
    with pytest.raises(PyriteError, match="source 'few': unknown"):
        command("fruit", "few", as_json=False)


def test_what_waits_of_a_check_is_in_the_batch(study: Study, project: Path) -> None:
    with serve() as server:
        study(server.url, sources=["zero_shot"])
        generate.run("fruit", "zero_shot")
    change_params("sources.zero_shot.check", 10)
    batch.export_requests(project / "round")
    assert len((project / "round/batch-001.jsonl").read_text().splitlines()) == 2
