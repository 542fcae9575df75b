"""Files and folders written whole or not at all.

What is being written stands beside its place as `.<name>.<random>.part`; git and DVC ignore such names. Locks end with
the process that holds them: a killed one holds nothing.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import BaseModel

from pyrite.base.errors import PyriteError

if TYPE_CHECKING:
    import pandas as pd


def write(path: Path, save: Callable[[IO[bytes]], object]) -> None:
    """Let `save` write a temporary file beside `path`, then rename it: readers see the old file or the whole new one.

    Raises:
        PyriteError: the disk is full or the folder can't be written; the old file is untouched.
    """
    temporary = None
    try:
        _make_room(path)
        prefix, suffix = f".{path.name}.", ".part"
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=prefix, suffix=suffix, delete=False) as file:
            temporary = Path(file.name)
            with held(temporary):
                save(file)
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(0o644)  # NamedTemporaryFile makes 0600, which colleagues on a shared disk couldn't read
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `path` at the end; if anything is raised, `path` stays as it was.

    Raises:
        PyriteError: the disk is full or the folder can't be written.
    """
    temporary = None
    try:
        _make_room(path)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
        with held(temporary):
            yield temporary
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> PyriteError:
    return PyriteError(f"{path}: can't be written ({error.strerror or error}); nothing was changed")


def _make_room(path: Path) -> None:
    """Make the folder that `path` is in, and delete what killed processes left there half written of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError), held(left) as nobody_writes_it:
            if nobody_writes_it:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def write_text(path: Path, text: str) -> None:
    write(path, lambda file: file.write(text.encode("utf-8")))


def write_json(path: Path, value: Any) -> None:
    """Indented JSON with numbers rounded to six decimals, so that metrics diff well in git.

    Of a model in it, what is as it is by default is left out.
    """
    write_text(path, json.dumps(_rounded(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_defaults=True)
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


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table that a stage wrote.

    Raises:
        PyriteError: it is missing or broken.
    """
    import pandas as pd  # here, because most who write a file need none of it

    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise PyriteError(f"{path}: no such file: run the stage that makes it (`dvc repro`)") from None
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise PyriteError(f"{path}: not a readable Parquet file ({reason}): delete it and run `dvc repro`") from None


def lock(descriptor: int, *, exclusive: bool, wait: bool = False) -> bool:
    """Lock an open file, or turn its lock into another; False where other processes don't allow it, and on Windows."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file or folder alone for as long; False where another process does."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield lock(descriptor, exclusive=True)
    finally:
        os.close(descriptor)
