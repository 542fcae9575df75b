"""The first sentences of the docstrings in Python source files."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pyrite.base.errors import PyriteError

# `close()` or `accept() -> (socket, address)`: C functions once had no other place for their signature.
_SIGNATURE = re.compile(r"[\w.]+\(.*\)(\s*->.*)?")
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?])\s")
_DOCUMENTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def summaries(folder: Path, modules: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """The first sentence of each docstring of a function or class in Python source, and its module's label.

    A sentence is empty where a docstring is nothing but call signatures.
    """
    for label, names in modules.items():
        for path in (path for name in names for path in source_files(folder, name)):
            try:
                tree = ast.parse(path.read_bytes())
            except (SyntaxError, ValueError) as error:
                raise PyriteError(f"{path}: not source code for this Python ({error})") from None
            for node in ast.walk(tree):
                if isinstance(node, _DOCUMENTED) and (docstring := ast.get_docstring(node)):
                    yield _summary(docstring), label


def source_files(folder: Path, module: str) -> list[Path]:
    """The files of a module or package (`email/utils` is a module of a package), its `test` folders left out."""
    package = folder / module
    if package.is_dir():
        return sorted(path for path in package.rglob("*.py") if "test" not in path.relative_to(package).parts[:-1])
    return [path] if (path := folder / f"{module}.py").is_file() else []


def _summary(docstring: str) -> str:
    """The first sentence of the first paragraph that is not a bare call signature; empty where there is none."""
    for paragraph in _PARAGRAPH.split(docstring):
        line = " ".join(paragraph.split())
        if not _SIGNATURE.fullmatch(line):
            return _SENTENCE.split(line)[0]
    return ""
