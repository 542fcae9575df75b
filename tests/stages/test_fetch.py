from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import sysconfig
import tarfile
from pathlib import Path

import pytest
from conftest import ROOT, card_text

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, download
from pyrite.stages import fetch

CONTENT = b"one\tgood\ntwo\tbad\n"


def packed(data: bytes) -> bytes:
    """gzip without the clock in its header: the bytes stand in the ids of tests, which every worker must name alike."""
    return gzip.compress(data, mtime=0)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def card(project: Path):
    """Writes a card whose source is the given one."""
    (project / "tasks").mkdir()

    def write(**source) -> None:
        paths.card("tiny").write_text(card_text("tiny", source={"licence": "MIT", **source}))

    return write


def pinned(data: bytes = CONTENT, **more) -> dict:
    url = "http://127.0.0.1:9/a.tsv"
    return {"name": "a.tsv", "url": url, "sha256": sha256(data), "bytes": len(data), "mirror": "tiny/a.tsv", **more}


@pytest.fixture
def mirror(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = project / "mirror"
    (folder / "tiny").mkdir(parents=True)
    monkeypatch.setenv("PYRITE_DATA_MIRROR", str(folder))
    return folder / "tiny"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch):
    """Stands in for the web: what `download.get` gives for a URL."""
    served: dict[str, Path] = {}

    def get(url: str, algorithm: str, digest: str, size: int | None) -> Path:
        if url not in served:
            raise PyriteError(f"{url}: unreachable")
        assert hashlib.new(algorithm, served[url].read_bytes()).hexdigest() == digest
        return served[url]

    monkeypatch.setattr(download, "get", get)
    return served


def raw() -> dict[str, bytes]:
    folder = paths.raw("tiny")
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def test_a_file_from_the_mirror_plain_or_gzipped(card, mirror: Path, web) -> None:
    card(kind="download", files=[pinned()], tables=[])
    (mirror / "a.tsv.gz").write_bytes(gzip.compress(CONTENT))
    fetch.run("tiny")
    assert raw() == {"a.tsv": CONTENT}
    (mirror / "a.tsv.gz").unlink()
    (mirror / "a.tsv").write_bytes(CONTENT)
    fetch.run("tiny")
    assert raw() == {"a.tsv": CONTENT}
    assert [path.name for path in paths.raw("tiny").parent.iterdir()] == ["tiny"]


def test_what_the_mirror_lacks_comes_from_the_web(card, mirror: Path, web, tmp_path: Path) -> None:
    card(kind="download", files=[pinned()], tables=[])
    web["http://127.0.0.1:9/a.tsv"] = tmp_path / "served"
    (tmp_path / "served").write_bytes(CONTENT)
    fetch.run("tiny")
    assert raw() == {"a.tsv": CONTENT}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.tsv", CONTENT[:-1] + b"x", "its SHA-256 is"),
        ("a.tsv", CONTENT + b"x", f"it has {len(CONTENT)} bytes, this has {len(CONTENT) + 1}"),
        ("a.tsv.gz", packed(CONTENT + bytes(10_000)), f"this has {len(CONTENT) + 1}"),
        ("a.tsv.gz", packed(CONTENT)[:-12], "a broken file"),
        ("a.tsv.gz", b"plain", "a broken file"),
    ],
)
def test_a_wrong_file_in_the_mirror_changes_nothing(
    card, mirror: Path, web, name: str, content: bytes, words: str
) -> None:
    card(kind="download", files=[pinned()], tables=[])
    (mirror / "a.tsv").write_bytes(CONTENT)
    fetch.run("tiny")
    (mirror / "a.tsv").unlink()
    (mirror / name).write_bytes(content)
    with pytest.raises(PyriteError, match=words) as caught:
        fetch.run("tiny")
    assert str(mirror / name) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert raw() == {"a.tsv": CONTENT}
    assert [path.name for path in paths.raw("tiny").parent.iterdir()] == ["tiny"]


def test_a_failed_second_file_leaves_no_first(card, mirror: Path, web) -> None:
    card(kind="download", files=[pinned(), pinned(name="b.tsv", mirror="tiny/b.tsv")], tables=[])
    (mirror / "a.tsv").write_bytes(CONTENT)
    with pytest.raises(PyriteError, match="unreachable"):
        fetch.run("tiny")
    assert raw() == {}


def test_a_mirror_that_is_no_folder(card, web, monkeypatch: pytest.MonkeyPatch) -> None:
    card(kind="download", files=[pinned()], tables=[])
    monkeypatch.setenv("PYRITE_DATA_MIRROR", "nowhere")
    with pytest.raises(PyriteError, match="PYRITE_DATA_MIRROR: nowhere is not a folder"):
        fetch.run("tiny")


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return path


def test_a_member_of_an_archive_is_verified_too(card, web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYRITE_DATA_MIRROR", raising=False)
    path = archive(tmp_path / "a.tar.gz", {"in/a.tsv": CONTENT})
    web["http://127.0.0.1:9/a.tsv"] = path
    source = {"sha256": sha256(path.read_bytes()), "member": "in/a.tsv"}
    card(kind="download", files=[pinned(archive=source)], tables=[])
    fetch.run("tiny")
    assert raw() == {"a.tsv": CONTENT}
    card(kind="download", files=[pinned(CONTENT + b"more", archive=source)], tables=[])
    with pytest.raises(PyriteError, match=r"in/a.tsv in http.*not the file that the card pins"):
        fetch.run("tiny")


def test_an_archive_of_single_texts_becomes_the_pack_that_a_mirror_has(
    card, web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYRITE_DATA_MIRROR", raising=False)
    path = archive(tmp_path / "a.tar.gz", {"in/pos/0_9.txt": b"one", "in/neg/0_2.txt": b"two"})
    web["http://127.0.0.1:9/a.tsv"] = path
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    folders = {"pos": "in/pos", "neg": "in/neg"}
    card(kind="download", files=[pinned(archive={"md5": digest, "folders": folders})], tables=[])
    fetch.run("tiny")
    assert raw()["a.tsv"] == b'{"label": "neg", "text": "two"}\n{"label": "pos", "text": "one"}\n'


def test_the_licence_is_printed_once(card, mirror: Path, web, capsys: pytest.CaptureFixture[str]) -> None:
    (mirror / "a.tsv").write_bytes(CONTENT)
    files = [pinned(licence="GPL"), pinned(name="b.tsv"), pinned(name="c.tsv", licence="GPL")]
    card(kind="download", files=files, tables=[], non_commercial=True)
    fetch.run("tiny")
    assert "Licence: MIT; GPL. Non-commercial use only." in capsys.readouterr().err


def test_a_local_file_is_copied(card, project: Path) -> None:
    card(kind="file", path="mine/a.csv", text="t", label="l")
    with pytest.raises(PyriteError, match=r"there is no file mine/a\.csv"):
        fetch.run("tiny")
    (project / "mine").mkdir()
    (project / "mine/a.csv").write_bytes(CONTENT)
    fetch.run("tiny")
    assert raw() == {"a.csv": CONTENT}


def test_the_standard_library_without_tests(project: Path) -> None:
    (project / "tasks").symlink_to(ROOT / "tasks")
    fetch.run("python_docs")
    folder = paths.raw("python_docs")
    copied = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    assert {"queue.py", "email/utils.py", "asyncio/locks.py"} <= copied
    assert not any("test" in name.split("/")[:-1] for name in copied)
    library = Path(sysconfig.get_paths()["stdlib"])
    assert (folder / "asyncio/locks.py").read_bytes() == (library / "asyncio/locks.py").read_bytes()
    python = json.loads((folder / "python.json").read_text())
    assert python["python"] == platform.python_version()
    assert str(library) not in (folder / "python.json").read_text()


def test_a_label_without_any_module_here(tmp_path: Path) -> None:
    modules = {"a": ("queue",), "b": ("no_such_module",)}
    with pytest.raises(PyriteError, match=r"source\.modules\.b: .* has none of no_such_module"):
        fetch.standard_library(cards.Docstrings(kind="stdlib_docstrings", licence="x", modules=modules), tmp_path)
