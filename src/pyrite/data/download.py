"""Downloads: pinned bytes from the web, kept in the store, with retries and resume."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path

from pyrite.base import paths
from pyrite.base.console import log, progress
from pyrite.base.errors import PyriteError

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 1.0
TIMEOUT_SECONDS = 30
CHUNK_BYTES = 1 << 16
# No data set of a card comes near this; it stops a server that sends without end where the card has no size.
MOST_BYTES = 1 << 30

WAY_OUT = "put the file into a folder and set PYRITE_DATA_MIRROR to that folder (docs/tasks.md says how)"


class _PassingError(Exception):
    """A failure that may pass: the connection, the server's load, an answer that ended early."""


def get(url: str, algorithm: str, digest: str, size: int | None) -> Path:
    """The file at `url` whose `algorithm` (a name in hashlib) has the hex `digest`, as a path in the store.

    A download that breaks off goes on where it stopped, in this call and in a later one. What is in the store
    already is verified, and not downloaded again.

    Raises:
        PyriteError: the file can't be had, or is not the pinned one; the line names the URL and the way out.
    """
    path = paths.store() / "downloads" / digest
    if path.exists() and _digest(path, algorithm) == digest:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _receive(url, part, size)
            break
        except _PassingError as failure:
            if attempt == ATTEMPTS:
                raise PyriteError(
                    f"{url}: can't be downloaded, {ATTEMPTS} attempts failed ({failure}). Try later, or {WAY_OUT}"
                ) from None
            wait = FIRST_WAIT_SECONDS * 2 ** (attempt - 1)
            log.print(f"{url}: {failure}; next attempt in {wait:.0f} s")
            time.sleep(wait)
    if (got := _digest(part, algorithm)) != digest:
        part.unlink()
        raise PyriteError(
            f"{url}: its {algorithm} is {got}, not the card's {digest}: the file has changed there or was damaged on "
            f"its way. Try once more, or {WAY_OUT}"
        )
    part.replace(path)
    return path


def _receive(url: str, part: Path, size: int | None) -> None:
    """Append to `part` what is still missing of the file."""
    have = part.stat().st_size if part.exists() else 0
    if have == size:
        return
    # Compressed on its way, the bytes would be neither those of the checksum nor resumable.
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", "User-Agent": "pyrite"})  # noqa: S310 - a card's URL is http(s)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # a card's URL is http(s)  # noqa: S310  # nosec B310
            resumes = answer.status == 206 and str(answer.headers["Content-Range"]).startswith(f"bytes {have}-")
            rest = answer.headers["Content-Length"]
            total = size or (int(rest) + have * resumes if rest else None)
            _append(answer, part, have if resumes else 0, total)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the server's file ends before ours does: ours is of something else
            part.unlink()
            raise _PassingError("the server has less than was received before") from None
        if error.code in (408, 425, 429) or error.code >= 500:
            raise _PassingError(f"HTTP {error.code}") from None
        raise PyriteError(f"{url}: can't be downloaded (HTTP {error.code} {error.reason}): {WAY_OUT}") from None
    except urllib.error.URLError as error:
        raise _PassingError(str(error.reason)) from None
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise _PassingError(str(error) or type(error).__name__) from None
    if total is not None and (received := part.stat().st_size) < total:
        raise _PassingError(f"broke off after {received} of {total} bytes")


def _append(answer: http.client.HTTPResponse, part: Path, have: int, total: int | None) -> None:
    with part.open("ab" if have else "wb") as file, progress() as view:
        name = answer.url.rsplit("/", 1)[-1]
        task = view.add_task(f"downloading {name}", total=total, completed=have, unit="bytes")
        while chunk := answer.read(CHUNK_BYTES):
            have += len(chunk)
            if have > (total or MOST_BYTES):
                raise PyriteError(
                    f"{answer.url}: sends more than {total or MOST_BYTES} bytes: it is not the pinned file; {WAY_OUT}"
                )
            file.write(chunk)
            view.update(task, completed=have)


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
