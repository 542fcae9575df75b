"""Stage `fetch`: brings a task's raw data into the project.

Reads: the card's `source`: this Python's own standard library, or a local file.
Writes: `data/raw/<task>/`, the source files as they are.
"""

from __future__ import annotations

import platform
import shutil
import sysconfig
import tempfile
from pathlib import Path

from pyrite import cards, files, paths, readers
from pyrite.console import log
from pyrite.errors import PyriteError


def run(task: str) -> None:
    """Fetch the raw data of `task` into `data/raw/<task>/`, all of it or nothing."""
    card = cards.load(task)
    target = paths.raw(task)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{task}.") as temporary:
        folder = Path(temporary) / task
        folder.mkdir()
        if isinstance(card.source, cards.Docstrings):
            standard_library(card.source, folder)
        else:
            local_file(card.source, folder)
        if target.exists():
            shutil.rmtree(target)
        folder.rename(target)
    log.print(f"{task}: fetched into {target} (licence: {card.source.licence})")


def standard_library(source: cards.Docstrings, folder: Path) -> None:
    """Copy the source files of the card's modules from this Python, and write down which Python it is.

    Raises:
        PyriteError: a label has none of its modules here.
    """
    library = Path(sysconfig.get_paths()["stdlib"])
    absent = []
    for label, modules in source.modules.items():
        found = {module: readers.python_files(library, module) for module in modules}
        if not any(found.values()):
            raise PyriteError(
                f"source.modules.{label}: {library} has none of {', '.join(modules)}: "
                "use a Python that comes with its library's source files"
            )
        absent += [module for module, paths_found in found.items() if not paths_found]
        for path in (path for paths_found in found.values() for path in paths_found):
            copy = folder / path.relative_to(library)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    python = {"python": platform.python_version(), "implementation": platform.python_implementation()}
    files.write_json(folder / "python.json", {**python, "absent_modules": absent})


def local_file(source: cards.Table, folder: Path) -> None:
    """Copy a file of the user's.

    Raises:
        PyriteError: there is no such file.
    """
    path = Path(source.path)
    if not path.is_file():
        raise PyriteError(f"source.path: there is no file {path}; the path is relative to the project's folder")
    shutil.copyfile(path, folder / path.name)
