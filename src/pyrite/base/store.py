"""The store: `.pyrite/` of the main checkout keeps what is expensive, content-addressed, outside DVC's outputs.

An entry is a folder named by the digest of everything that decides its content. It appears whole or not at all, and
is never changed afterwards, so any number of processes and experiments can share it. The digests of its files are in
it, so that what a disk does to it is noticed: a damaged entry is made anew. Its time of change is that of its last
use. A process that has used the store holds it until it ends: nothing is pruned meanwhile.
"""

import ast
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from safetensors import SafetensorError

from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError

# The file of an entry that has the digests of the others.
CHECKSUMS = ".sha256.json"


def key(identity: Any) -> str:
    """The digest of an identity: any JSON value."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def code(*modules: ModuleType) -> str:
    """The digest of what modules do: their syntax trees without docstrings, comments and import statements.

    It belongs to the identity of a result, so that a mended training loop never meets results of the broken one,
    while a reworded comment or a module that moved retrains nothing.
    """
    digest = hashlib.sha256()
    for module in modules:
        tree = _WithoutImports().visit(ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8")))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()


class _WithoutImports(ast.NodeTransformer):
    def visit(self, node: ast.AST) -> Any:
        return None if isinstance(node, ast.Import | ast.ImportFrom) else self.generic_visit(node)


def find(kind: str, key: str) -> Path | None:
    """The folder of an entry, or None where there is none. A damaged one is deleted.

    Raises:
        PyriteError: it is damaged and can't be deleted.
    """
    folder = _folder(kind, key)
    if not folder.is_dir():
        return None
    _lock_shared()
    with suppress(OSError):  # a store that others filled may be read-only
        os.utime(folder)
    # Only now is it certain that no one takes it away.
    return folder if folder.is_dir() and _is_intact(folder) else None


def beginning(kind: str, start: str) -> Iterator[Path]:
    """The folders of all entries of a kind whose keys begin with `start`, of two digits at least."""
    for path in sorted((paths.store() / kind / start[:2]).glob(f"{start}*")):
        if folder := find(kind, path.name):
            yield folder


def add(kind: str, key: str, fill: Callable[[Path], object]) -> Path:
    """Let `fill` write into a new folder, then make it the entry; where another process was first, its entry stays.

    Raises:
        PyriteError: the store can't be written; no half entry is left.
    """
    folder = _folder(kind, key)
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _lock_shared()
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        fill(temporary)
        (temporary / CHECKSUMS).write_text(json.dumps(_checksums(temporary)))
        temporary.chmod(0o755)
        if not folder.exists():
            temporary.rename(folder)
    except (OSError, SafetensorError) as error:
        if not folder.is_dir():
            # NumPy and safetensors tell in their own words what the system said.
            reason = getattr(error, "strerror", None) or f"{error}; is the disk full?"
            raise PyriteError(f"{folder}: can't be written ({reason})") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


_intact: set[Path] = set()


def _is_intact(folder: Path) -> bool:
    """Whether an entry is as it was made, which is looked at once in a process; if not, it is deleted."""
    if (resolved := folder.resolve()) in _intact:
        return True
    try:
        damaged = json.loads((folder / CHECKSUMS).read_bytes()) != _checksums(folder)
    except FileNotFoundError:
        damaged = False  # made before entries had checksums
    except (OSError, ValueError):
        damaged = True
    if not damaged:
        _intact.add(resolved)
        return True
    console.log.print(f"{folder}: damaged, so it is made anew")
    try:
        # First out of sight, so that a half deleted entry is never found.
        shutil.rmtree(folder.rename(folder.with_name(f".damaged-{folder.name}")))
    except OSError as error:
        raise PyriteError(f"{folder}: damaged, and can't be deleted ({error.strerror}): delete it") from None
    return False


def _checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of an entry but this one, by name."""
    digests = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != CHECKSUMS:
            with path.open("rb") as file:
                digests[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


_locks: dict[Path, int] = {}


def _lock_shared() -> int | None:
    """Hold the store against pruning until this process ends; the descriptor of the lock, where there are locks."""
    path = (paths.store() / "lock").resolve()
    if path not in _locks:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return None  # read-only: what can't be changed can't be pruned from here
        if not files.lock(descriptor, exclusive=False, wait=True):
            os.close(descriptor)
            return None
        _locks[path] = descriptor
    return _locks[path]


@contextmanager
def locked() -> Iterator[None]:
    """No other process uses the store meanwhile.

    Raises:
        PyriteError: another one does.
    """
    if (descriptor := _lock_shared()) is None:
        raise PyriteError(f"{paths.store()}: can't be locked here; see that no stage runs and delete folders by hand")
    if not files.lock(descriptor, exclusive=True):
        raise PyriteError(f"{paths.store()}: a stage that runs uses it; prune when it has finished")
    try:
        yield
    finally:
        files.lock(descriptor, exclusive=False, wait=True)


def _folder(kind: str, key: str) -> Path:
    return paths.store() / kind / key[:2] / key
