from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import archives


@pytest.fixture
def tar(tmp_path: Path):
    def make(members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
        path = tmp_path / "a.tar.gz"
        with tarfile.open(path, "w:gz") as file:
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                file.addfile(entry, io.BytesIO(content))
            for name, target in (links or {}).items():
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                file.addfile(entry)
        return path

    return make


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("in/a.txt", "A")
        file.writestr("../outside.txt", "B")
        file.writestr("big", bytes(1000))
    return path


def test_a_member_of_a_zip_or_tar(zipped: Path, tar) -> None:
    assert archives.member(zipped, "in/a.txt", "url") == b"A"
    assert archives.member(tar({"in/a.txt": b"A"}), "in/a.txt", "url") == b"A"


def test_paths_of_members_reach_nothing(zipped: Path, tar, tmp_path: Path) -> None:
    before = sorted(tmp_path.parent.rglob("*"))
    assert archives.member(zipped, "../outside.txt", "url") == b"B"
    path = tar({"../../outside.txt": b"B", "/etc/outside": b"C"}, {"link": "/etc/passwd", "inner": "../../outside.txt"})
    assert archives.member(path, "../../outside.txt", "url") == b"B"
    for link in ("link", "inner"):
        with pytest.raises(PyriteError, match=f"url: {link} is not a plain file"):
            archives.member(path, link, "url")
    assert [p for p in sorted(tmp_path.parent.rglob("*")) if p != path] == before


def test_what_unpacks_too_big_is_refused(zipped: Path, tar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 999)
    for path in (zipped, tar({"big": bytes(1000)})):
        with pytest.raises(PyriteError, match="url: big unpacks to more than 999 bytes"):
            archives.member(path, "big", "url")
    with pytest.raises(PyriteError, match="url: unpacks to more than 999 bytes"):
        archives.pack(tar({"t/1.txt": bytes(500), "t/2.txt": bytes(500)}), {"x": "t"}, "url")


def test_a_missing_member_and_a_broken_archive(zipped: Path, tar, tmp_path: Path) -> None:
    for path in (zipped, tar({"a": b"A"})):
        with pytest.raises(PyriteError, match=r"url: .*'?none'? .*"):
            archives.member(path, "none", "url")
    whole = tar({"a": bytes(range(256)) * 100}).read_bytes()
    for content in (whole[: len(whole) // 2], b"not an archive"):
        (tmp_path / "broken").write_bytes(content)
        with pytest.raises(PyriteError, match="url: a broken archive") as caught:
            archives.member(tmp_path / "broken", "a", "url")
        assert "\n" not in str(caught.value)


def test_folders_of_texts_are_packed_in_the_order_of_labels_and_numbers(tar) -> None:
    path = tar(
        {
            "d/train/pos/10_7.txt": b"ten",
            "d/train/pos/9_8.txt": "nine \u2028 é".encode(),
            "d/train/neg/0_1.txt": b"zero",
            "d/train/pos/readme.md": b"no text",
            "d/train/unsup/0_0.txt": b"no label",
            "d/test/pos/0_9.txt": b"other side",
        }
    )
    packed = archives.pack(path, {"pos": "d/train/pos", "neg": "d/train/neg"}, "url")
    assert [json.loads(line) for line in packed.decode().split("\n")[:-1]] == [
        {"label": "neg", "text": "zero"},
        {"label": "pos", "text": "nine \u2028 é"},
        {"label": "pos", "text": "ten"},
    ]
    with pytest.raises(PyriteError, match="url: there are no texts in d/dev/pos"):
        archives.pack(path, {"pos": "d/dev/pos", "neg": "d/train/neg"}, "url")
