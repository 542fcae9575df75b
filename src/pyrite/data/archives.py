"""Archives (zip, tar): members are read by name and never extracted, so that their paths can reach nothing."""

import json
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from pyrite.base.errors import PyriteError

# A small archive can unpack to any size: this is four times the largest that a card names.
MOST_UNPACKED_BYTES = 1 << 28


def member(archive: Path, name: str, origin: str) -> bytes:
    """The bytes of one member; `origin` is what an error calls the archive.

    Raises:
        PyriteError: there is no such member, it is too big, or the archive is broken.
    """
    with _explained(origin):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped, zipped.open(name) as stream:
                data = stream.read(MOST_UNPACKED_BYTES + 1)
        else:
            with tarfile.open(archive) as tarred:
                data = _content(tarred, tarred.getmember(name)).read(MOST_UNPACKED_BYTES + 1)
    if len(data) > MOST_UNPACKED_BYTES:
        raise PyriteError(f"{origin}: {name} unpacks to more than {MOST_UNPACKED_BYTES} bytes")
    return data


def pack(archive: Path, folders: dict[str, str], origin: str) -> bytes:
    """The texts in folders (label -> folder) of a tar archive, one file each, as JSON lines with `label` and `text`.

    The lines are sorted by label, then by the numbers in the file's name.

    Raises:
        PyriteError: a folder has no texts, they are too big together, or the archive is broken.
    """
    labels = {PurePosixPath(folder): label for label, folder in folders.items()}
    texts = []
    unpacked = 0
    with _explained(origin), tarfile.open(archive) as file:
        for entry in file:
            path = PurePosixPath(entry.name)
            if not entry.isreg() or path.suffix != ".txt" or path.parent not in labels:
                continue
            unpacked += entry.size
            if unpacked > MOST_UNPACKED_BYTES:
                raise PyriteError(f"{origin}: unpacks to more than {MOST_UNPACKED_BYTES} bytes")
            numbers = [int(number) for number in re.findall(r"\d+", path.name)]
            texts.append((labels[path.parent], numbers, _content(file, entry).read().decode("utf-8")))
    if empty := [folder for folder, label in labels.items() if label not in {label for label, _, _ in texts}]:
        raise PyriteError(f"{origin}: there are no texts in {empty[0]}")
    lines = (json.dumps({"label": label, "text": text}) + "\n" for label, _, text in sorted(texts))
    return "".join(lines).encode()


def _content(file: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    # A link would be followed to another member, and a folder has no content.
    stream = file.extractfile(entry) if entry.isreg() else None
    if stream is None:
        raise KeyError(f"{entry.name} is not a plain file")
    return stream


@contextmanager
def _explained(origin: str) -> Iterator[None]:
    """Errors of a broken archive as one line."""
    try:
        yield
    except KeyError as error:
        raise PyriteError(f"{origin}: {error.args[0]}") from None
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, OSError) as error:
        # tarfile's message has a line for every compression that it tried.
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
        raise PyriteError(f"{origin}: a broken archive ({reason})") from None
