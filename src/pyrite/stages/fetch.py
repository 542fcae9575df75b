"""Stage `fetch`: brings a task's raw data into the project.

Reads: the card's `source`: pinned files from the web (or from the folder `PYRITE_DATA_MIRROR`), this Python's own
standard library, or a local file.
Writes: `data/raw/<task>/`, the source files as they are.
"""

import gzip
import hashlib
import itertools
import os
import platform
import shlex
import shutil
import sysconfig
import zlib
from pathlib import Path

from pyrite.base import files, paths
from pyrite.base.console import log, progress
from pyrite.base.errors import PyriteError
from pyrite.data import archives, cards, docstrings, download, shards


def run(task: str) -> None:
    """Fetch the raw data of `task` into `data/raw/<task>/`, all of it or nothing."""
    card = cards.load(task)
    target = paths.raw(task)
    with files.folder(target) as folder:
        if isinstance(card.source, cards.Docstrings):
            standard_library(card.source, folder)
        elif isinstance(card.source, cards.LocalFile):
            local_file(card, card.source, folder)
        elif isinstance(card.source, cards.Download):
            pinned_files(card.source, folder)
        chosen_sheets(card, folder)
    if isinstance(card.source, cards.NoData):
        log.print(f"{task}: no real data to fetch; its texts are generated only")
    else:
        log.print(f"{task}: fetched into {target}. {cards.terms(card.source)}")


def standard_library(source: cards.Docstrings, folder: Path) -> None:
    """Copy the source files of the card's modules from this Python, and write down which Python it is.

    Raises:
        PyriteError: a label has none of its modules here.
    """
    library = Path(sysconfig.get_paths()["stdlib"])
    absent = []
    for label, modules in source.modules.items():
        files_of = {module: docstrings.source_files(library, module) for module in modules}
        if not any(files_of.values()):
            raise PyriteError(
                f"source.modules.{label}: {library} has none of {', '.join(modules)}: "
                "use a Python that comes with its library's source files"
            )
        absent += [module for module, of_module in files_of.items() if not of_module]
        for path in itertools.chain(*files_of.values()):
            copy = folder / path.relative_to(library)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    python = {"python": platform.python_version(), "implementation": platform.python_implementation()}
    files.write_json(folder / "python.json", {**python, "absent_modules": absent})


def local_file(card: cards.Card, source: cards.LocalFile, folder: Path) -> None:
    """Copy a file of the user's, or the shards in a folder.

    Raises:
        PyriteError: there is no such file, or its bytes are not those that the card pins.
    """
    path = Path(source.path)
    if not (shard_paths := shards.of_task(path, source.format)):
        raise PyriteError(f"source.path: there is no file {path}; the path is relative to the project's folder")
    for name, shard in shard_paths.items():
        shutil.copyfile(shard, folder / name)
    # The copies: what is hashed is what `prepare` reads.
    if source.sha256 and shards.digest({name: folder / name for name in shard_paths}) != source.sha256:
        raise PyriteError(
            f"{path}: has changed since {paths.card(card.id)} was written: bring the old file back, or take the new "
            f"one with `pyrite new {card.id} --refresh`"
        )


def chosen_sheets(card: cards.Card, folder: Path) -> None:
    """Copy the sheets of texts that `next` chose into the folder `chosen`, by their places in the card.

    Raises:
        PyriteError: there is no such sheet, or its bytes are not those that the card pins.
    """
    for place, sheet in enumerate(card.source.chosen):
        copy = sheet.copied_to(place, folder)
        copy.parent.mkdir(exist_ok=True)
        try:
            shutil.copyfile(sheet.path, copy)
        except FileNotFoundError:
            raise PyriteError(f"source.chosen: there is no file {sheet.path}: bring it back or take it out") from None
        if shards.digest({copy.name: copy}) != sheet.sha256:
            raise PyriteError(
                f"{sheet.path}: has changed since it came back: bring the old file back, or take the new one with "
                f"`pyrite new {card.id} --refresh --from {shlex.quote(sheet.path)}`"
            )


def pinned_files(source: cards.Download, folder: Path) -> None:
    """Bring each file of the card from the mirror, or else from its URL, and verify its size and SHA-256.

    Raises:
        PyriteError: a file can't be had, or its bytes are not those that the card pins.
    """
    for file in source.files:
        if (data := from_mirror(file)) is None:
            data = from_web(file)
        (folder / file.name).write_bytes(data)


def from_mirror(file: cards.Pinned) -> bytes | None:
    """The file from `PYRITE_DATA_MIRROR`, plain or gzipped; None where there is no mirror or it lacks the file."""
    if not (mirror := os.environ.get("PYRITE_DATA_MIRROR")):
        return None
    if not Path(mirror).is_dir():
        raise PyriteError(f"PYRITE_DATA_MIRROR: {mirror} is not a folder")
    plain = Path(mirror) / file.mirror
    zipped = plain.with_name(f"{plain.name}.gz")
    if plain.is_file():
        return verified(plain.read_bytes(), file, f"{plain}")
    if not zipped.is_file():
        return None
    try:
        with gzip.open(zipped) as stream:
            # One byte too many is enough to know that it is not the file.
            data = stream.read(file.bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise PyriteError(f"{zipped}: a broken file ({error}): mend the mirror or unset PYRITE_DATA_MIRROR") from None
    return verified(data, file, f"{zipped}")


def from_web(file: cards.Pinned) -> bytes:
    """The file from its URL, or out of the archive there where the card names one."""
    archive = file.archive
    if archive is None:
        return download.get(file.url, "sha256", file.sha256, file.bytes).read_bytes()
    algorithm, digest = ("sha256", archive.sha256) if archive.sha256 else ("md5", archive.md5)
    path = download.get(file.url, algorithm, digest or "", archive.bytes)
    if archive.folders:
        # A pack made here: the archive's digest has vouched for its texts.
        with progress() as view:
            view.add_task(f"unpacking {file.name}", total=None)
            return archives.pack(path, archive.folders, file.url)
    return verified(archives.member(path, archive.member or "", file.url), file, f"{archive.member} in {file.url}")


def verified(data: bytes, file: cards.Pinned, place: str) -> bytes:
    """The data, if they are what the card pins.

    Raises:
        PyriteError: their size or SHA-256 is another.
    """
    if len(data) != file.bytes:
        raise PyriteError(f"{place}: not the file that the card pins: it has {file.bytes} bytes, this has {len(data)}")
    if (digest := hashlib.sha256(data).hexdigest()) != file.sha256:
        raise PyriteError(f"{place}: not the file that the card pins: its SHA-256 is {file.sha256}, this has {digest}")
    return data
