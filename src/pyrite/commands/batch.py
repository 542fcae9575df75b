"""Batch: the requests that wait, as input files of the OpenAI Batch API, and its answers back into the store.

One round asks for the next turn of every conversation, since a turn is asked with the answers before it: export, let
the API work, import, and again until nothing waits.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyrite import params
from pyrite.base import console, files
from pyrite.base.errors import PyriteError
from pyrite.llm import client, generation
from pyrite.llm.cache import Log
from pyrite.llm.conversations import Request
from pyrite.params import Generate

# The API's limits for one file.
MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000


def export_requests(folder: Path) -> None:
    """Write every request that waits to `folder/batch-001.jsonl` and so on.

    Raises:
        PyriteError: a batch file is there already.
    """
    p = params.load().generate
    if standing := sorted(folder.glob("batch-*.jsonl")):
        raise PyriteError(f"{standing[0]}: is there already; import its answers, then delete it or name another folder")
    lines = [_line(request, p) for _, _, request in _waiting()]
    paths = []
    for number, part in enumerate(_parts(lines), start=1):
        paths.append(folder / f"batch-{number:03}.jsonl")
        files.write(paths[-1], lambda file, part=part: file.writelines(part))  # type: ignore[misc]
    for path in paths:
        console.log.print(f"{path}: {path.stat().st_size:,} bytes")
    console.log.print(
        f"{len(lines):,} requests wait"
        + ("; upload each file to the Batch API for /v1/chat/completions" if lines else ": dvc repro makes the sets")
    )


def import_answers(paths: list[Path]) -> None:
    """Put the answers of the API's output files into the store; a second time nothing changes.

    Raises:
        PyriteError: a file can't be read or is no output of the Batch API.
    """
    p = params.load().generate
    waiting: dict[tuple[str, str], dict[str, Request]] = {}
    for task, setting, request in _waiting():
        waiting.setdefault((task, setting), {})[request.key] = request
    place = {key: where for where, requests in waiting.items() for key in requests}
    replies, errors, unknown = _read(paths, place)
    for (task, setting), found in replies.items():
        with Log(task, setting) as log:
            asyncio.run(_add(log, found, p))
    count = sum(map(len, replies.values()))
    console.log.print(
        f"{count:,} answers imported, {len(place) - count:,} of the round are missing; export the next round"
    )
    if unknown:
        console.log.print(f"{unknown:,} lines answer nothing that waits: imported before, or asked with other settings")
    for reason, times in errors.most_common():
        console.log.print(f"{times:,} requests failed: {reason}; the next export has them again")


def _waiting() -> Iterator[tuple[str, str, Request]]:
    p = params.load()
    for task in p.tasks:
        for setting in p.generate.settings:
            script = generation.load(task, setting)
            for c, _ in generation.pending(script):
                yield task, setting, script.request(c)


def _line(request: Request, p: Generate) -> bytes:
    body = client.body(request.messages, p) | {"response_format": client.response_format(request.schema)}
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


def _read(
    paths: list[Path], place: dict[str, tuple[str, str]]
) -> tuple[dict[tuple[str, str], dict[str, Any]], Counter[str], int]:
    """The replies by (task, setting) and key, the reasons of failures, and how many lines answer nothing that waits."""
    replies: dict[tuple[str, str], dict[str, Any]] = {}
    errors: Counter[str] = Counter()
    unknown = 0
    for path in paths:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise PyriteError(f"{path}: can't be read ({error.strerror})") from None
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                said = json.loads(line)
                key, response, failure = said["custom_id"], said.get("response") or {}, said.get("error")
                status = response.get("status_code")
                where = place.get(key)
            except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
                raise PyriteError(
                    f"{path}:{number}: not a line of a Batch API output file; nothing was imported"
                ) from None
            if where is None:
                unknown += 1
            elif status != 200 or failure:
                reason = failure or (response.get("body") or {}).get("error") or {}
                said = reason.get("message") if isinstance(reason, dict) else None
                errors[f"status {status}: {client.clean(str(said or reason))}"] += 1
            else:
                replies.setdefault(where, {})[key] = response.get("body")
    return replies, errors, unknown


async def _add(log: Log, replies: dict[str, Any], p: Generate) -> None:
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    for key, body in replies.items():
        if (answer := client.read(body, p.model, date)) is not None:
            await log.add(key, answer)
