"""The files of a user's data set: one, or those of one format in a folder, and what their names say of sides."""

import hashlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from pyrite.base.errors import PyriteError
from pyrite.data import cards, formats
from pyrite.data.formats.rows import Layout

# What the names of files say of sides: train-00000-of-00001.parquet, or the folder test. The last such word counts.
_SIDES: dict[str, cards.Side] = dict.fromkeys(("train", "training", "trn"), "train")
_SIDES |= dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test")
_SIDES |= dict.fromkeys(("validation", "valid", "val", "dev"), "validation")
_SIDE = re.compile(rf"(?:^|[._ -])({'|'.join(_SIDES)})(?![a-z])", re.IGNORECASE)
_MADE = re.compile(r"(?:^|[._ -])(?:synth|generated|augmented|llm|gpt)", re.IGNORECASE)

# What `datasets` keeps beside its data, such as the results of `map`, and hidden files and folders.
_BESIDE = re.compile(r"\.|cache-|(?:dataset_info|dataset_dict|state)\.json$")


def find(path: Path, form: str | None) -> dict[str, Path]:
    """The files of a data set by plain names: the file itself, or those in a folder of a format or of none."""
    if not path.is_dir():
        return {path.name: path} if path.is_file() else {}
    return _inside(path).get(form, {})


def by_format(path: Path) -> dict[str, dict[str, Path]]:
    """The data files of a folder by format: files of others, such as JSON, are that only if one is named for a side."""
    inside = _inside(path)
    return {
        name: files
        for name, form in formats.FORMATS.items()
        if (files := inside.get(name, {})) and (form.of_folders or any(map(side, files)))
    }


def _inside(path: Path) -> dict[str | None, dict[str, Path]]:
    """The files in a folder by format and plain name; under None those of no format."""
    files: dict[str | None, dict[str, Path]] = {}
    for file in sorted(path.rglob("*")):
        place = file.relative_to(path)
        if file.is_file() and not any(map(_BESIDE.match, place.parts)):
            files.setdefault(formats.known(file), {})[".".join(place.parts)] = file
    return files


def others(path: Path) -> list[str]:
    """The names of a folder's data files that are no real data of its task: another set, such as one that an LLM wrote.

    Such a file is named as made, or for no side where another is named for training.

    Raises:
        PyriteError: one is named for no side beside those for testing only: it may be either.
    """
    names = [name for files in (by_format(path) if path.is_dir() else {}).values() for name in files]
    own = [name for name in names if not _MADE.search(name)] or names
    sided = [name for name in own if side(name)]
    if sided and len(sided) < len(own) and "train" not in map(side, sided):
        unnamed = ", ".join(name for name in own if name not in sided)
        raise PyriteError(
            f"{path}: {unnamed} beside {', '.join(sided)}, and no file for training: real rows to train on? Put train "
            "into the file's name. A set that was made? Take it out, and take it in later with `pyrite add`"
        )
    return sorted(set(names) - set(sided or own))


def of_task(path: Path, form: str) -> dict[str, Path]:
    """The files of a data set that are a task's real data."""
    left_out = others(path)
    return {name: file for name, file in find(path, form).items() if name not in left_out}


def digest(files: dict[str, Path]) -> str:
    """The SHA-256 of a file, or of the list of several: a line `<sha256>  <name>` for each, as `sha256sum` has it."""
    digests = {}
    for name, path in files.items():
        with path.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256("".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()).hexdigest()


def side(name: str) -> cards.Side | None:
    """The side that a file's name tells, if it tells one."""
    words = _SIDE.findall(name)
    return _SIDES[words[-1].lower()] if words else None


def settle(labelled: Mapping[cards.Side | None, int]) -> tuple[dict[cards.Side | None, cards.Side | None], str]:
    """What becomes of the sides that files' names tell: of each side its use, and a sentence where it is another one.

    Args:
        labelled: how many rows with a label the files of each side have; None stands for files of no side, which stand
            beside no others.
    """
    named = {side for side, rows in labelled.items() if rows}
    kept: dict[cards.Side | None, cards.Side | None] = {side: side for side in named}
    if named <= {None}:
        return kept, ""
    if "train" not in named:
        return dict.fromkeys(named), "No file with labels is named for training, so all rows are split anew."
    if "test" in named:
        return kept, ""
    if "validation" in named:
        return kept | {"validation": "test"}, "No row of a test side has a label: the validation side is the test side."
    return dict.fromkeys(named), "No row of a test side has a label, so all rows are split anew."


def tables(source: cards.LocalFile, names: Collection[str]) -> tuple[cards.Rows, ...]:
    """What the files are, whose names may tell their sides, and which of their fields are used."""
    same = source.model_dump(include={*Layout.model_fields, "label", "values", "other_values"})
    return tuple(
        cards.Rows(**same, file=name, side=side(name) if len(names) > 1 else None, text=f"{{{source.text}}}")
        for name in sorted(names)
    )
