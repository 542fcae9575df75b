"""The lines of a text file: unpacked where it is gzipped, and decoded."""

from __future__ import annotations

import gzip
import io
import re
import shlex
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pyrite.base.errors import PyriteError

# What is looked at to tell the encoding and the line ends of a file.
_BEGINNING = 8192
_GZIP, _ARCHIVE = b"\x1f\x8b", b"PK\x03\x04"
_UTF16, _UTF32 = (b"\xff\xfe", b"\xfe\xff"), (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
# So many signs in a row that are no ASCII are no Western European word.
_FOREIGN = re.compile(rb"[\x80-\xff]{4}")


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, or those that it holds gzipped.

    Raises:
        FileNotFoundError: there is none.
        PyriteError: it can't be read, or its gzip is broken.
    """
    try:
        with path.open("rb") as file:
            if file.peek(2).startswith(_GZIP):
                with gzip.open(file) as stream:
                    yield stream  # type: ignore[misc]
            else:
                yield file
    except FileNotFoundError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise PyriteError(f"{path}: broken gzip ({error}): pack it again") from None
    except OSError as error:
        raise PyriteError(f"{path}: can't be read ({error.strerror or error})") from None


def lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a file with their ends, as `decoded` gives them."""
    with unpacked(path) as file:
        yield from decoded(file, encoding, f"{path}")


def decoded(file: Any, encoding: str, place: str) -> Iterator[str]:
    """The lines of an open file of bytes, parted at line feeds only: texts contain other line breaks.

    A file without line feeds is parted at carriage returns, as old spreadsheets write it; one in UTF-16
    is read so. The mark itself is left out.

    Args:
        place: names the file in an error.

    Raises:
        PyriteError: a line is not in the encoding.
    """
    start = file.peek(_BEGINNING)
    if start.startswith(_ARCHIVE):
        raise PyriteError(f"{place}: is an archive or a workbook, not text: save what is in it as CSV UTF-8")
    wide = _wide(start)
    if wide or (b"\r" in start and b"\n" not in start):
        encoding = wide or encoding
        text = start.decode(encoding, errors="ignore")
        whole = io.TextIOWrapper(file, encoding, newline="\r" if "\r" in text and "\n" not in text else "\n")
        try:
            yield from _unmarked(whole)
        except UnicodeDecodeError as error:
            raise PyriteError(f"{place}: broken {encoding.upper()} ({error.reason}): save it as UTF-8") from None
        finally:
            whole.detach()
        return

    def each() -> Iterator[str]:
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError as error:
                where = f"{place}: row {number}: not {encoding.upper()} (byte {error.start + 1} of the line)"
                raise PyriteError(f"{where}: {_advice(line, place)}") from None

    yield from _unmarked(each())


def _wide(start: bytes) -> str | None:
    """The kind of UTF-16 or 32 that a file begins in: by its mark, or as every other byte of Latin letters is 0."""
    if start.startswith(_UTF32):
        return "utf-32"
    if start.startswith(_UTF16):
        return "utf-16"
    for kind, empty in (("utf-16-le", start[1:32:2]), ("utf-16-be", start[:32:2])):
        if len(empty) > 4 and not any(empty):
            return kind
    return None


def _unmarked(found: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(found):
        yield line if number else line.removeprefix("\ufeff")


def _advice(line: bytes, place: str) -> str:
    """How to make UTF-8 of a file with such a line: as a command where what most spreadsheets write fits."""
    advice = "save it so (a spreadsheet calls that CSV UTF-8)"
    try:
        line.decode("ascii" if _FOREIGN.search(line) else "cp1252")
    except UnicodeDecodeError:
        return advice
    path = Path(place)
    if path.suffix.lower() == ".gz" or not path.is_file():  # iconv takes no packed file, and standard input is none
        return advice
    new = path.with_name(f"{path.stem}-utf8{path.suffix}")
    return f"{advice}, or try: iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(place)} > {shlex.quote(str(new))}"
