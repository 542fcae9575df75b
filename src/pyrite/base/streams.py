"""Standard output and error as commands need them, whatever the process was started with."""

import errno
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TextIO, cast

from pyrite.base.errors import PyriteError, Stopped

# Set in the environment, or by --debug: a mistake shows its traceback.
DEBUG = "PYRITE_DEBUG"


class _Lenient:
    """A stream that loses what can't be written: a full disk under a log, or a closed window, ends no training."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def prepare() -> None:
    """See that what stages say stops none of them, and that no file takes the place of a closed stream."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # takes the lowest free number, which is this
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)  # writing to it says that it fails
    if sys.stderr is not None:
        sys.stderr = cast(TextIO, _Lenient(sys.stderr))


def leave(error: BaseException, line: str, code: int) -> NoReturn:
    """End the process with a code, after one line on standard error; with `PYRITE_DEBUG` the traceback before it."""
    from pyrite.base.console import printable

    if os.environ.get(DEBUG):
        # Where an error stands in for another (`raise ... from None`), that one is what is looked for.
        link: BaseException | None = error
        while link is not None:
            link.__suppress_context__, link = False, link.__cause__ or link.__context__
        traceback.print_exception(error)
    if sys.stderr is not None:  # else `print` would take standard output
        # It may quote what others wrote.
        print(f"pyrite: {printable(line)}", file=sys.stderr)
    sys.exit(code)


def run(command: Callable[[], object]) -> None:
    """Run a command; a user's mistake, or what the system refuses, is one line on standard error and exit code 1."""
    prepare()
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except Stopped as stopped:
        leave(stopped, str(stopped), 130)
    except PyriteError as mistake:
        leave(mistake, str(mistake), 1)
    except OSError as error:
        # Python would try once more at the end to write what can't be written, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        # Who read this, such as `head`, may have seen enough.
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        unwritable = error.errno in (errno.EBADF, errno.EIO, errno.ENOSPC)
        where = error.filename or ("standard output" if unwritable else None)
        line = f"{where}: {error.strerror}" if where else f"{error}"
        leave(error, f"{line}; {DEBUG}=1 shows where", 1)
    except SystemExit as ended:
        if ended.code == 130:  # how Typer ends on Ctrl-C
            leave(ended, "stopped; what is finished is kept: run it again to go on", 130)
        raise
