"""Files written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from pyrite.errors import PyriteError


def write(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    """Let `save` write a temporary file beside `path`, then rename it: readers see the old file or the whole new one.

    Raises:
        PyriteError: the disk is full or the folder can't be written; the old file is untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            save(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # NamedTemporaryFile makes 0600, which colleagues on a shared disk couldn't read
        temporary.replace(path)
    except OSError as error:
        raise PyriteError(f"{path}: can't be written ({error.strerror or error}); nothing was changed") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write(path, lambda file: file.write(text.encode("utf-8")))


def write_json(path: Path, value: Any) -> None:
    """Indented JSON with numbers rounded to six decimals, so that metrics diff well in git."""
    write_text(path, json.dumps(_rounded(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


# What a spreadsheet takes for the start of a formula (OWASP, CSV injection).
_FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")


def cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet runs: `'` before a formula makes it text."""
    return f"'{text}" if _FORMULA.match(text) else text


def read_json(path: Path) -> Any:
    """Read a JSON file that a stage wrote.

    Raises:
        PyriteError: it is missing or broken.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PyriteError(f"{path}: no such file: run the stage that makes it (`dvc repro`)") from None
    except ValueError as error:
        raise PyriteError(f"{path}: not valid JSON ({error}): delete it and run `dvc repro`") from None
