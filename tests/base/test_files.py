from __future__ import annotations

from pathlib import Path

import pytest

from pyrite.base import files
from pyrite.base.errors import PyriteError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    files.write_text(path, "old")

    def fail(file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(PyriteError, match="No space left"):
        files.write(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_stable_and_refuses_what_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    files.write_json(path, {"a": 1 / 3, "b": [0.1 + 0.2, {"c": "é"}]})
    assert path.read_text(encoding="utf-8") == (
        '{\n  "a": 0.333333,\n  "b": [\n    0.3,\n    {\n      "c": "é"\n    }\n  ]\n}\n'
    )
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"a": float("nan")})
    assert files.read_json(path)["a"] == 0.333333


def test_reading_says_what_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(PyriteError, match="no such file"):
        files.read_json(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(PyriteError, match="not valid JSON"):
        files.read_json(tmp_path / "broken.json")
