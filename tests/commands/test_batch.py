from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Study
from test_runner import outputs

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.commands import batch
from pyrite.llm.cache import Log
from pyrite.stages import generate


def export(folder: Path) -> list[dict[str, Any]]:
    batch.export_requests(folder)
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def reply(request: dict[str, Any], number: int) -> dict[str, Any]:
    texts = [f"made up text n{number}p{position} of some kind" for position in range(5)]
    return {
        "id": f"batch_req_{number}",
        "custom_id": request["custom_id"],
        "response": {
            "status_code": 200,
            "body": {
                "choices": [{"message": {"role": "assistant", "content": json.dumps({"texts": texts})}}],
                "usage": {"prompt_tokens": 20 * len(request["body"]["messages"]), "completion_tokens": 30},
            },
        },
        "error": None,
    }


def failure(request: dict[str, Any]) -> dict[str, Any]:
    error = {"message": "The server is overloaded."}
    return {
        "custom_id": request["custom_id"],
        "response": {"status_code": 503, "body": {"error": error}},
        "error": None,
    }


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_rounds_of_export_and_import_fill_the_set(
    study: Study, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study(provider="recorded", sources=["zero_shot"], near_duplicate=1.0)
    first = export(project / "round-1")
    assert len(first) == 4
    assert {line["url"] for line in first} == {"/v1/chat/completions"}
    assert first[0]["body"]["model"] == "m"
    assert first[0]["body"]["response_format"]["type"] == "json_schema"
    assert len({line["custom_id"] for line in first}) == 4
    assert all(len(line["custom_id"]) == 64 for line in first)
    batch.import_answers([write(project / "out-1.jsonl", [reply(line, n) for n, line in enumerate(first)])])
    assert "4 answers imported, 0 of the round are missing" in capsys.readouterr().err
    second = export(project / "round-2")
    assert len(second) == 4
    assert {len(line["body"]["messages"]) for line in second} == {4}
    batch.import_answers([write(project / "out-2.jsonl", [reply(line, 9 + n) for n, line in enumerate(second)])])
    assert export(project / "round-3") == []
    generate.run("fruit", "zero_shot")
    counts = json.loads(outputs()[2])
    assert counts["total"]["accepted"] == 40
    assert counts["total"]["prompt_tokens"] == 4 * 20 * (2 + 4)


def test_a_second_import_changes_nothing(study: Study, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study(provider="recorded", sources=["zero_shot"])
    out = write(project / "out.jsonl", [reply(line, n) for n, line in enumerate(export(project / "batch"))])
    batch.import_answers([out])
    before = paths.answers("fruit", "zero_shot").read_bytes()
    batch.import_answers([out])
    assert paths.answers("fruit", "zero_shot").read_bytes() == before
    assert "4 lines answer nothing that waits" in capsys.readouterr().err


def test_failures_are_listed_and_exported_again(
    study: Study, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study(provider="recorded", sources=["zero_shot"])
    lines = export(project / "batch")
    said = [
        reply(lines[0], 0),
        failure(lines[1]),
        failure(lines[2]),
        {**reply(lines[3], 3), "error": {"message": "late"}},
    ]
    batch.import_answers([write(project / "out.jsonl", said)])
    told = capsys.readouterr().err
    assert "1 answers imported, 3 of the round are missing" in told
    assert "2 requests failed: the endpoint is busy (503) (The server is overloaded.)" in told
    again = {line["custom_id"] for line in export(project / "again")}
    assert {line["custom_id"] for line in lines[1:]} <= again
    assert lines[0]["custom_id"] not in again


def test_files_stay_within_the_limits(study: Study, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study(provider="recorded", sources=["zero_shot"], per_label=100)
    monkeypatch.setattr(batch, "MOST_REQUESTS", 7)
    assert len(export(project / "a")) == 20
    assert [len(p.read_text().splitlines()) for p in sorted((project / "a").glob("*"))] == [7, 7, 6]
    monkeypatch.setattr(batch, "MOST_BYTES", 3000)
    assert len(export(project / "b")) == 20
    assert all(path.stat().st_size <= 3000 for path in (project / "b").glob("*"))


def test_a_batch_that_is_there_is_not_overwritten(study: Study, project: Path) -> None:
    study(provider="recorded", sources=["zero_shot"])
    export(project / "batch")
    with pytest.raises(PyriteError, match=r"batch-001\.jsonl: is there already"):
        export(project / "batch")


def test_other_forms_of_lines_are_read(study: Study, project: Path) -> None:
    study(provider="recorded", sources=["zero_shot"])
    said = [reply(line, n) for n, line in enumerate(export(project / "batch"))]
    said[0]["response"]["status_code"] = "200"
    del said[1]["response"]["status_code"]
    said[2]["response"] = said[2]["response"]["body"]
    del said[3]["error"]
    batch.import_answers([write(project / "out.jsonl", said)])
    assert len(Log("fruit", "zero_shot")) == 4


@pytest.mark.parametrize("order", [1, -1])
def test_an_answer_stays_whatever_another_line_says(
    study: Study, project: Path, capsys: pytest.CaptureFixture[str], order: int
) -> None:
    study(provider="recorded", sources=["zero_shot"])
    [first, second, *_] = export(project / "batch")
    filtered = {"status_code": 400, "body": {"error": {"code": "content_filter"}}}
    said = [reply(first, 0), failure(first), reply(second, 1), reply(second, 1) | {"response": filtered}]
    batch.import_answers([write(project / "out.jsonl", said[::order])])
    answers = [Log("fruit", "zero_shot").get(line["custom_id"]) for line in (first, second)]
    assert all(answer and answer.text and not answer.refused for answer in answers)
    assert "failed" not in capsys.readouterr().err


def test_a_question_that_is_too_long_is_for_the_user_to_mend(
    study: Study, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study(provider="recorded", sources=["zero_shot"])
    lines = export(project / "batch")
    too_long = {"status_code": 400, "body": {"error": {"message": "The maximum context length is 5"}}}
    said = [{"custom_id": line["custom_id"], "response": too_long} for line in lines]
    batch.import_answers([write(project / "out.jsonl", said)])
    assert "4 requests failed: the request is longer" in capsys.readouterr().err
    assert len(export(project / "again")) == 4


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '"x"',
        '{"custom_id": "a", "method": "POST", "body": {}}',
        '{"response": {}}',
        '{"custom_id": [], "response": 3}',
    ],
)
def test_a_file_that_is_no_output_is_named_by_line(study: Study, project: Path, line: str) -> None:
    study(provider="recorded", sources=["zero_shot"])
    good = json.dumps(reply(export(project / "batch")[0], 0))
    (project / "out.jsonl").write_text(f"{good}\n{line}\n")
    with pytest.raises(PyriteError, match=r"out\.jsonl:2: not a line of a Batch API output file"):
        batch.import_answers([project / "out.jsonl"])
    assert not paths.answers("fruit", "zero_shot").exists()


def test_a_missing_file_is_said(study: Study, project: Path) -> None:
    study(provider="recorded", sources=["zero_shot"])
    with pytest.raises(PyriteError, match=r"none\.jsonl: can't be read"):
        batch.import_answers([project / "none.jsonl"])
