"""The store: `.pyrite/` of the main checkout keeps what is expensive, content-addressed, outside DVC's outputs.

An entry is a folder named by the digest of everything that decides its content. It appears whole or not at all, and
is never changed afterwards, so any number of processes and experiments can share it. Its time of change is that of
its last use. A process that has used the store holds it until it ends: nothing is pruned meanwhile.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from pyrite import paths
from pyrite.errors import PyriteError


def key(identity: Any) -> str:
    """The digest of an identity: any JSON value."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def code(*modules: ModuleType) -> str:
    """The digest of what modules do: their syntax trees without docstrings and comments.

    It belongs to the identity of a result, so that a mended training loop never meets results of the broken one,
    while a reworded comment retrains nothing.
    """
    digest = hashlib.sha256()
    for module in modules:
        tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()


def find(kind: str, key: str) -> Path | None:
    """The folder of an entry, or None where there is none."""
    folder = _folder(kind, key)
    if not folder.is_dir():
        return None
    _hold()
    with suppress(OSError):  # a store that others filled may be read-only
        os.utime(folder)
    # Only now is it certain that no one takes it away.
    return folder if folder.is_dir() else None


def add(kind: str, key: str, fill: Callable[[Path], object]) -> Path:
    """Let `fill` write into a new folder, then make it the entry; where another process was first, its entry stays.

    Raises:
        PyriteError: the store can't be written; no half entry is left.
    """
    folder = _folder(kind, key)
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _hold()
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        fill(temporary)
        temporary.chmod(0o755)
        if not folder.exists():
            temporary.rename(folder)
    except OSError as error:
        if not folder.is_dir():
            raise PyriteError(f"{folder}: can't be written ({error.strerror or error})") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


_held: dict[Path, int] = {}


def _hold() -> int | None:
    """Hold the store against pruning until this process ends; the descriptor of the lock, where there are locks."""
    path = (paths.store() / "lock").resolve()
    if path not in _held:
        if sys.platform == "win32":
            return None
        import fcntl

        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return None  # read-only: what can't be changed can't be pruned from here
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _held[path] = descriptor
    return _held[path]


@contextmanager
def alone() -> Iterator[None]:
    """No other process uses the store meanwhile.

    Raises:
        PyriteError: another one does.
    """
    descriptor = _hold()
    if descriptor is None or sys.platform == "win32":
        raise PyriteError(f"{paths.store()}: can't be locked here; see that no stage runs and delete folders by hand")
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise PyriteError(f"{paths.store()}: a stage that runs uses it; prune when it has finished") from None
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def _folder(kind: str, key: str) -> Path:
    return paths.store() / kind / key[:2] / key
