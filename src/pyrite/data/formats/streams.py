"""The lines of a text file: unpacked where it is gzipped, and decoded."""

import gzip
import io
import itertools
import re
import shlex
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pyrite.base.errors import PyriteError

# What is looked at to tell the encoding and the line ends of a file.
_BEGINNING = 8192
_GZIP = b"\x1f\x8b"
# How zip (and .xlsx), bzip2, xz, Zstandard, Parquet, .xls and gzip within gzip begin.
_PACKED = (b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd", b"PAR1", b"\xd0\xcf\x11\xe0", _GZIP)
# What stands for a file that was not downloaded, and what is answered in place of one.
_POINTER, _PAGE = b"version https://git-lfs", re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
# What no text in UTF-8 has: marks of UTF-16, the empty bytes of UTF-16 and 32, the switches of ISO 2022.
_NO_UTF8 = re.compile(rb"\A(?:\xff\xfe|\xfe\xff)|\0|\x1b\$")
# So many signs in a row that are no ASCII, or pairs of bytes that begin with one, are no Western European word.
_FOREIGN = re.compile(rb"[\x80-\xff]{4}|(?:[\x80-\xff][\x40-\x7e]){3}")
# Lines that tell the encoding of a file; so many bytes of theirs that are no ASCII at least; and the encodings that
# `iconv` knows by these names.
_TELLING, _ENOUGH = 100, 100
_NO_WINDOWS = re.compile(r"mac|cp[4-8]")
_NAMED = re.compile(r"cp(?:125\d|874|932|949)|euc_\w+|gb\w+|big5|koi8_r|shift_jis")


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, or those that it holds gzipped.

    Raises:
        FileNotFoundError: there is none.
        PyriteError: it can't be read, its gzip is broken, or it holds no data at all.
    """
    try:
        with path.open("rb") as file:
            start = file.peek(_BEGINNING)
            if start.startswith(_POINTER):
                raise PyriteError(
                    f"{path}: stands for a file of Git LFS that was not downloaded: run `git lfs pull` there"
                )
            if _PAGE.match(start):
                raise PyriteError(f"{path}: is a web page, not data: download the file that the page shows")
            if start.startswith(_GZIP):
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


def count_lines(file: IO[bytes]) -> int:
    return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


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
    if start.startswith(_PACKED):
        raise PyriteError(f"{place}: is packed, a table or a workbook, not text: save what is in it as CSV UTF-8")
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

    def decoded_lines() -> Iterator[str]:
        ascii_above = True
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError as error:
                where = f"{place}: row {number}: not {encoding.upper()} (byte {error.start + 1} of the line)"
                below = itertools.islice(file, _TELLING)
                advice = _advice([line, *below], place) if ascii_above else "mend it: rows above are UTF-8"
                raise PyriteError(f"{where}: {advice}") from None
            ascii_above = ascii_above and line.isascii()

    yield from _unmarked(decoded_lines())


def _wide(start: bytes) -> str | None:
    """The encoding of a file that begins so, if it is UTF-16, UTF-32 or ISO 2022."""
    guessed = _guess(start[: len(start) // 4 * 4]) if _NO_UTF8.search(start) else ""
    return guessed if guessed.startswith(("utf_16", "utf_32", "iso2022")) else None


def _guess(start: bytes, *among: str) -> str:
    """The encoding that bytes are most likely in, or that of these in which they can be; empty where there is none."""
    from charset_normalizer import from_bytes  # few files need it

    best = from_bytes(start, cp_isolation=list(among), threshold=1.0 if among else 0.2).best()
    return best.encoding if best else ""


def _unmarked(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line if number else line.lstrip("\ufeff")


def _advice(lines: Iterable[bytes], place: str) -> str:
    """How to make UTF-8 of a file with such lines: as a command where their encoding can be told."""
    advice = "save it so (a spreadsheet calls that CSV UTF-8)"
    path, telling = Path(place), b"".join(line for line in lines if not line.isascii())
    if path.suffix.lower() == ".gz" or not path.is_file():  # iconv takes no packed file, and standard input is none
        return advice
    enough = sum(byte > 127 for byte in telling) >= _ENOUGH
    encoding, foreign, also = _guess(telling) if enough else "", _FOREIGN.search(telling), ""
    if encoding in ("cp1250", "cp1252") or not (foreign or _NO_WINDOWS.match(encoding)):
        # Languages in Latin letters are too much alike to tell what they are written in.
        encoding = _guess(telling, "cp1252") or _guess(telling, "cp1250")
        also = "  # CP1250 for languages of Central Europe" if encoding == "cp1252" else ""
    if not _NAMED.fullmatch(encoding):
        return advice
    name = encoding.replace("euc_jis_2004", "euc_jp").replace("_", "-").upper()
    new = shlex.quote(str(path.with_name(f"{path.stem}-utf8{path.suffix}")))
    return f"{advice}, or try: iconv -f {name} -t UTF-8 {shlex.quote(place)} > {new}{also}"
