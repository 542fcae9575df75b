"""The store: `.pyrite/` of the main checkout keeps what is expensive, content-addressed, outside DVC's outputs.

An entry is a folder named by the digest of everything that decides its content. It appears whole or not at all, and
is never changed afterwards, so any number of processes and experiments can share it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
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


def _folder(kind: str, key: str) -> Path:
    return paths.store() / kind / key[:2] / key
