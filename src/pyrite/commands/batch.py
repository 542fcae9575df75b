"""Batch: the requests that wait, as input files of the OpenAI Batch API, and its answers back into the store.

One round asks for the next turn of every conversation, since a turn is asked with the answers before it: export, let
the API work, import, and again until nothing waits.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError
from pyrite.llm import dialect, failures, generation, labelling, replies, surveys
from pyrite.llm.annotators import Survey
from pyrite.llm.cache import Answer, Log, Request
from pyrite.llm.failures import Failure
from pyrite.params import Asking, Labelled, Written

# The API's limits for one file.
MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000


def export_requests(folder: Path) -> None:
    """Write every request that waits to `folder/batch-001.jsonl` and so on.

    Raises:
        PyriteError: a batch file is there already.
    """
    if standing := sorted(folder.glob("batch-*.jsonl")):
        raise PyriteError(f"{standing[0]}: is there already; import its answers, then delete it or name another folder")
    lines: dict[str, list[bytes]] = {}
    for waiting in _waiting():
        lines.setdefault(waiting.p.llm.model, []).append(_line(waiting.request, waiting.p))
    written = []
    # The API takes one model in a file.
    parts = (part for of_model in lines.values() for part in _parts(of_model))
    for number, part in enumerate(parts, start=1):
        written.append(folder / f"batch-{number:03}.jsonl")
        files.write(written[-1], lambda file, part=part: file.writelines(part))  # type: ignore[misc]
    for path in written:
        console.log.print(f"{path}: {path.stat().st_size:,} bytes")
    console.log.print(
        f"{sum(map(len, lines.values())):,} requests wait"
        + ("; upload each file to the Batch API for /v1/chat/completions" if lines else ": dvc repro makes the sets")
    )


def import_answers(outputs: list[Path]) -> None:
    """Put the answers of the API's output files into the store; a second time nothing changes.

    Raises:
        PyriteError: a file can't be read or is no output of the Batch API.
    """
    waiting = {entry.request.key: entry for entry in _waiting()}
    answers, errors, unknown = _read(outputs, waiting)
    for place in sorted({waiting[key].place for key in answers}):
        with Log(*place) as log:
            asyncio.run(_add(log, {key: answer for key, answer in answers.items() if waiting[key].place == place}))
    count = sum(bool(answer.text or answer.refused) for answer in answers.values())
    console.log.print(
        f"{count:,} answers imported, {len(waiting) - count:,} of the round are missing; export the next round"
    )
    if unknown:
        console.log.print(f"{unknown:,} lines answer nothing that waits: imported before, or asked with other settings")
    for reason, times in errors.most_common():
        console.log.print(f"{times:,} requests failed: {reason}; the next export has them again")


class Waiting(NamedTuple):
    """A request that no answer is there for, the place of its answer in the store (task, name), and how it is asked."""

    place: tuple[str, str]
    request: Request
    p: Asking


def _waiting() -> Iterator[Waiting]:
    study = params.load()
    if unprepared := [task for task in study.tasks if not paths.prepared(task).exists()]:
        raise PyriteError(f"batch: the real texts of {unprepared[0]} are not prepared: run `dvc repro prepare`")
    for task in study.tasks:
        for source, spec in study.sources.items():
            if isinstance(spec, Written):
                script = generation.load(task, source)
                for c, *_ in generation.pending(script):
                    yield Waiting((task, script.answers), script.request(c), script.p)
            elif isinstance(spec, Labelled):
                yield from _labels(task, labelling.load(task, source).survey)
            if check := labelling.load_check(task, source):
                yield from _labels(task, check.survey)


def _labels(task: str, survey: Survey) -> Iterator[Waiting]:
    for question, waits, _ in surveys.look(survey):
        if waits:
            yield Waiting((task, survey.answers), survey.request(question), survey.p)


def _line(request: Request, p: Asking) -> bytes:
    # OpenAI refuses schemas with bounds, and a whole file with them.
    body = dialect.request_body(request.messages, p)
    if request.schema:
        body["response_format"] = dialect.response_format(dialect.unbounded(request.schema))
    line = {"custom_id": request.key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _parts(lines: list[bytes]) -> Iterator[list[bytes]]:
    """The lines in files that the API takes."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and (len(part) == MOST_REQUESTS or size + len(line) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        yield part


def _read(outputs: list[Path], waiting: Mapping[str, Waiting]) -> tuple[dict[str, Answer], Counter[str], int]:
    """The answers by key, the reasons of failures, and how many lines answer nothing that waits (by key)."""
    answers: dict[str, Answer] = {}
    failed: dict[str, str] = {}
    unknown = 0
    for path in outputs:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise PyriteError(f"{path}: can't be read ({error.strerror})") from None
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                key, wrong = record["custom_id"], record.get("error")
                response = (record["response"] if wrong is None else record.get("response")) or {}
                status, body = int(response.get("status_code") or 200), response.get("body", response)
                entry = waiting.get(key)
            except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
                raise PyriteError(
                    f"{path}:{number}: not a line of a Batch API output file; nothing was imported: unpack it or "
                    "download it anew"
                ) from None
            if entry is None:
                unknown += 1
                continue
            model = entry.p.llm.model
            try:
                if wrong or (status >= 300 and not replies.is_completion(body)):
                    raise failures.of_response(status, {}, wrong or body)
                answers[key] = replies.read(body, model, entry.request.messages).answer
            except Failure as failure:
                if key in answers and answers[key].text:  # another line of the same request
                    continue
                failure.refused = failures.for_good(failure, entry.request.messages)
                if failure.refused or any(failure.paid):
                    answers[key] = replies.without_words(failure, model)
                if not failure.refused:
                    failed[key] = failure.reason
    errors = Counter(reason for key, reason in failed.items() if key not in answers or not answers[key].text)
    return answers, errors, unknown


async def _add(log: Log, answers: Mapping[str, Answer]) -> None:
    for key, answer in answers.items():
        await log.add(key, answer)
