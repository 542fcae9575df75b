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

Lines = list[dict[str, Any]]


def export(folder: Path) -> Lines:
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
    response = {"status_code": 503, "body": {"error": error}}
    return {"custom_id": request["custom_id"], "response": response, "error": None}


def take_in(answers: Lines) -> None:
    """Import an output file with these lines."""
    output = Path("out.jsonl")
    output.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    batch.import_answers([output])


@pytest.fixture
def requests(study: Study, project: Path) -> Lines:
    """The first round of a study that asks nobody itself, exported."""
    study(provider="recorded", sources=["zero_shot"])
    return export(project / "batch")


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
    take_in([reply(line, n) for n, line in enumerate(first)])
    assert "4 answers imported, 0 of the round are missing" in capsys.readouterr().err
    second = export(project / "round-2")
    assert len(second) == 4
    assert {len(line["body"]["messages"]) for line in second} == {4}
    take_in([reply(line, 9 + n) for n, line in enumerate(second)])
    assert export(project / "round-3") == []
    generate.run("fruit", "zero_shot")
    counts = json.loads(outputs()[2])
    assert counts["total"]["accepted"] == 40
    assert counts["total"]["prompt_tokens"] == 4 * 20 * (2 + 4)


def test_a_second_import_changes_nothing(requests: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [reply(request, n) for n, request in enumerate(requests)]
    take_in(answers)
    before = paths.answers("fruit", "zero_shot").read_bytes()
    take_in(answers)
    assert paths.answers("fruit", "zero_shot").read_bytes() == before
    assert "4 lines answer nothing that waits" in capsys.readouterr().err


def test_failures_are_listed_and_exported_again(
    requests: Lines, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take_in(
        [
            reply(requests[0], 0),
            failure(requests[1]),
            failure(requests[2]),
            {**reply(requests[3], 3), "error": {"message": "late"}},
        ]
    )
    log = capsys.readouterr().err
    assert "1 answers imported, 3 of the round are missing" in log
    assert "2 requests failed: the endpoint is busy (503) (The server is overloaded.)" in log
    again = {line["custom_id"] for line in export(project / "again")}
    assert {request["custom_id"] for request in requests[1:]} <= again
    assert requests[0]["custom_id"] not in again


def test_files_stay_within_the_limits(study: Study, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study(provider="recorded", sources=["zero_shot"], per_label=100)
    monkeypatch.setattr(batch, "MOST_REQUESTS", 7)
    assert len(export(project / "a")) == 20
    assert [len(p.read_text().splitlines()) for p in sorted((project / "a").glob("*"))] == [7, 7, 6]
    monkeypatch.setattr(batch, "MOST_BYTES", 3000)
    assert len(export(project / "b")) == 20
    assert all(path.stat().st_size <= 3000 for path in (project / "b").glob("*"))


def test_a_batch_that_is_there_is_not_overwritten(requests: Lines, project: Path) -> None:
    with pytest.raises(PyriteError, match=r"batch-001\.jsonl: is there already"):
        export(project / "batch")


def test_other_forms_of_lines_are_read(requests: Lines) -> None:
    answers = [reply(request, n) for n, request in enumerate(requests)]
    answers[0]["response"]["status_code"] = "200"
    del answers[1]["response"]["status_code"]
    answers[2]["response"] = answers[2]["response"]["body"]
    del answers[3]["error"]
    take_in(answers)
    assert len(Log("fruit", "zero_shot")) == 4


@pytest.mark.parametrize("order", [1, -1])
def test_an_answer_stays_whatever_another_line_says(
    requests: Lines, capsys: pytest.CaptureFixture[str], order: int
) -> None:
    [first, second, *_] = requests
    filtered = {"status_code": 400, "body": {"error": {"code": "content_filter"}}}
    answers = [reply(first, 0), failure(first), reply(second, 1), reply(second, 1) | {"response": filtered}]
    take_in(answers[::order])
    kept = [Log("fruit", "zero_shot").get(request["custom_id"]) for request in (first, second)]
    assert all(answer and answer.text and not answer.refused for answer in kept)
    assert "failed" not in capsys.readouterr().err


def test_a_question_that_is_too_long_is_for_the_user_to_mend(
    requests: Lines, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    too_long = {"status_code": 400, "body": {"error": {"message": "The maximum context length is 5"}}}
    take_in([{"custom_id": request["custom_id"], "response": too_long} for request in requests])
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
def test_a_file_that_is_no_output_is_named_by_line(requests: Lines, project: Path, line: str) -> None:
    (project / "out.jsonl").write_text(f"{json.dumps(reply(requests[0], 0))}\n{line}\n")
    with pytest.raises(PyriteError, match=r"out\.jsonl:2: not a line of a Batch API output file"):
        batch.import_answers([project / "out.jsonl"])
    assert not paths.answers("fruit", "zero_shot").exists()


def test_a_missing_file_is_said(study: Study, project: Path) -> None:
    study(provider="recorded", sources=["zero_shot"])
    with pytest.raises(PyriteError, match=r"none\.jsonl: can't be read"):
        batch.import_answers([project / "none.jsonl"])
