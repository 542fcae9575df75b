from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import download

DATA = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(DATA).hexdigest()


class Server:
    """A loopback server: `answers` are played in order, then the last one again; `ranges` are what was asked for."""

    def __init__(self) -> None:
        self.answers: list[Callable[[BaseHTTPRequestHandler, int], None]] = [whole]
        self.ranges: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers["Range"]
                outer.ranges.append(wanted)
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                answer(self, int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/data.bin"


def whole(handler: BaseHTTPRequestHandler, start: int, data: bytes = DATA, share: int = 1) -> None:
    """The whole file, or the rest of it where that was asked for; of what is announced one part in `share` comes."""
    handler.send_response(206 if start else 200)
    handler.send_header("Content-Length", str(len(data) - start))
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    handler.end_headers()
    handler.wfile.write(data[start : start + (len(data) - start) // share])


def broken_off(handler: BaseHTTPRequestHandler, start: int) -> None:
    """A third of what is missing, though all of it was announced."""
    whole(handler, start, share=3)


def without_ranges(handler: BaseHTTPRequestHandler, _: int) -> None:
    whole(handler, 0)


def status(code: int) -> Callable[[BaseHTTPRequestHandler, int], None]:
    return lambda handler, _: handler.send_error(code)


@pytest.fixture
def server(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "FIRST_WAIT_SECONDS", 0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


def get(server: Server, size: int | None = len(DATA)) -> bytes:
    return download.get(server.url, "sha256", DIGEST, size).read_bytes()


def parts() -> list[Path]:
    return sorted((paths.store() / "downloads").glob("*.part"))


def test_a_download_is_kept_and_not_repeated(server: Server) -> None:
    assert get(server) == DATA
    assert get(server) == DATA
    assert server.ranges == [None]
    assert not parts()


def test_a_damaged_copy_in_the_store_is_downloaded_again(server: Server) -> None:
    get(server)
    (paths.store() / "downloads" / DIGEST).write_bytes(b"damaged")
    assert get(server) == DATA


def test_a_size_need_not_be_known(server: Server) -> None:
    server.answers = [broken_off, whole]
    assert get(server, size=None) == DATA


def test_what_breaks_off_goes_on_where_it_stopped(server: Server) -> None:
    server.answers = [broken_off, broken_off, whole]
    assert get(server) == DATA
    third = len(DATA) // 3
    assert server.ranges == [None, f"bytes={third}-", f"bytes={third + (len(DATA) - third) // 3}-"]


def test_it_goes_on_in_a_later_call_too(server: Server) -> None:
    server.answers = [broken_off, status(503)]
    with pytest.raises(PyriteError):
        get(server)
    server.answers, server.ranges = [whole], []
    assert get(server) == DATA
    assert server.ranges == [f"bytes={len(DATA) // 3}-"]


def test_a_server_that_knows_no_ranges_sends_it_all_again(server: Server) -> None:
    server.answers = [broken_off, without_ranges]
    assert get(server) == DATA


def test_a_part_that_is_longer_than_the_servers_file_is_thrown_away(server: Server) -> None:
    server.answers = [broken_off, status(416), whole]
    assert get(server) == DATA
    assert server.ranges[2] is None


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.answers = [status(500), status(429), whole]
    assert get(server) == DATA


@pytest.mark.parametrize(
    ("answer", "requests", "words"),
    [
        (status(404), 1, "HTTP 404"),
        (status(500), download.ATTEMPTS, "attempts failed"),
        (lambda handler, _: whole(handler, 0, DATA[:-1] + b"x"), 1, "not the card's"),
        (lambda handler, _: whole(handler, 0, DATA + b"x"), 1, "more than"),
        (lambda handler, _: whole(handler, 0, DATA[:-1]), download.ATTEMPTS, "broke off after 511999 of 512000 bytes"),
    ],
)
def test_a_failure_is_one_line_with_the_url_and_the_way_out(server: Server, answer, requests: int, words: str) -> None:
    server.answers = [answer]
    with pytest.raises(PyriteError) as caught:
        get(server)
    message = str(caught.value)
    assert "\n" not in message
    for expected in (server.url, "PYRITE_DATA_MIRROR", words):
        assert expected in message
    assert len(server.ranges) == requests
    assert not (paths.store() / "downloads" / DIGEST).exists()


def test_a_wrong_file_leaves_nothing_to_go_on_from(server: Server) -> None:
    server.answers = [lambda handler, _: whole(handler, 0, DATA[:-1] + b"x"), whole]
    with pytest.raises(PyriteError):
        get(server)
    assert not parts()
    assert get(server) == DATA


def test_no_server_at_all(server: Server) -> None:
    server.http.server_close()
    with pytest.raises(PyriteError, match="can't be downloaded") as caught:
        get(server)
    assert "\n" not in str(caught.value)
