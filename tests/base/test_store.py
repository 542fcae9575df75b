from __future__ import annotations

import types
from pathlib import Path

import pytest

from pyrite.base import store
from pyrite.base.errors import PyriteError


def test_an_entry_is_found_again(project: Path) -> None:
    key = store.key(["a", {"b": 1}])
    assert store.find("things", key) is None
    store.add("things", key, lambda folder: (folder / "x").write_text("1"))
    entry = store.find("things", key)
    assert entry is not None
    assert (entry / "x").read_text() == "1"


def test_a_crash_while_filling_leaves_no_entry(project: Path) -> None:
    key = store.key("crash")

    def crash(folder: Path) -> None:
        (folder / "half").write_text("...")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.add("things", key, crash)
    assert store.find("things", key) is None
    assert [p.name for p in (project / ".pyrite").rglob("*") if p.is_file()] == ["lock"]


def test_the_first_of_two_writers_wins(project: Path) -> None:
    key = store.key("race")

    def slow(folder: Path) -> None:
        store.add("things", key, lambda earlier: (earlier / "x").write_text("first"))
        (folder / "x").write_text("second")

    assert (store.add("things", key, slow) / "x").read_text() == "first"


def test_an_unwritable_store_is_said_in_one_line(project: Path) -> None:
    (project / ".pyrite").write_text("a file where the folder should be")
    with pytest.raises(PyriteError, match="can't be written"):
        store.add("things", store.key(1), lambda folder: None)


def test_the_store_is_that_of_the_main_checkout(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add("things", store.key(1), lambda folder: None)
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    assert store.find("things", store.key(1)) is None
    monkeypatch.setenv("DVC_ROOT", str(project))
    assert store.find("things", store.key(1)) is not None


def module(tmp_path: Path, source: str) -> types.ModuleType:
    path = tmp_path / "m.py"
    path.write_text(source)
    made = types.ModuleType("m")
    made.__file__ = str(path)
    return made


def test_code_counts_but_comments_and_docstrings_do_not(tmp_path: Path) -> None:
    plain = store.code(module(tmp_path, 'def f(x):\n    """Add."""\n    return x + 1\n'))
    reworded = store.code(module(tmp_path, '"""New."""\n\n# why\ndef f(x):\n    """Add one."""\n    return x  +  1\n'))
    changed = store.code(module(tmp_path, 'def f(x):\n    """Add."""\n    return x + 2\n'))
    assert plain == reworded != changed


def test_code_is_the_same_wherever_its_imports_lead(tmp_path: Path) -> None:
    here = store.code(
        module(tmp_path, "from here import a\nimport b\ndef f():\n    from c import d\n    return a(d)\n")
    )
    elsewhere = store.code(module(tmp_path, "from there import a\ndef f():\n    from e import d\n    return a(d)\n"))
    changed = store.code(module(tmp_path, "from here import a\ndef f():\n    return a(1)\n"))
    assert here == elsewhere != changed
