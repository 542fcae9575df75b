"""The formats of files with rows, a module each: its entries of `FORMATS` are found by their names or a file's ending.

A reader checks the form of its file (encoding, quotes, columns) and names the file and the row of a mistake. The
number of a row is that of a spreadsheet or an editor: the header of a CSV file is row 1.
"""

from collections.abc import Collection, Iterator
from importlib import import_module
from pathlib import Path

from pyrite.base.errors import PyriteError
from pyrite.data.formats import streams
from pyrite.data.formats.rows import Format, Layout, Row

# In this order people are told of them.
_MODULES = ("csv_files", "lines", "json_files", "column_files", "workbooks")
FORMATS: dict[str, Format] = {
    name: form for module in _MODULES for name, form in import_module(f"{__name__}.{module}").FORMATS.items()
}
ENDINGS = {ending: name for name, form in FORMATS.items() for ending in form.endings}
# The ending that tells a writer which format is wanted.
WRITERS = {form.endings[0]: form.write for form in FORMATS.values() if form.write}


def of_file(path: Path) -> str:
    """The name of a file's format by its ending, before which `.gz` does not count.

    Raises:
        PyriteError: no format has it.
    """
    if form := known(path):
        return form
    raise PyriteError(
        f"{path}: no format that is read: save or unpack it as {', '.join(ENDINGS)} (or one of these and .gz), in "
        "UTF-8 (a spreadsheet calls that CSV UTF-8)"
    )


def known(path: Path) -> str | None:
    """The same, or None where no format has such an ending."""
    return ENDINGS.get(Path(path.name.lower().removesuffix(".gz")).suffix)


def has_header(path: Path) -> bool:
    """Whether the first row of such a file names its columns."""
    return (form := known(path)) is not None and FORMATS[form].has_header


def count(path: Path) -> int | None:
    """About how many rows a file has, where that is quickly told."""
    form = known(path)
    if form is None or (counted := FORMATS[form].count) is None:
        return None
    try:
        with streams.unpacked(path) as file:
            return counted(file)
    except (OSError, PyriteError):
        return None  # `read` says what is wrong


def require_fit(layout: Layout) -> None:
    """Raise ValueError unless the format is one, and the layout says of it what can be said."""
    if layout.format not in FORMATS:
        raise ValueError(f"format: '{layout.format}' is none; there are {', '.join(FORMATS)}")
    form = FORMATS[layout.format]
    for key in ("separator", "columns", "within"):
        if getattr(layout, key) is not None and key not in form.keys:
            raise ValueError(f"{key}: the format {layout.format} has none")
    if layout.separator is not None and not (1 <= len(layout.separator) <= form.separator_length):
        raise ValueError(f"separator: '{layout.separator}' can't part columns")
    if form.needs_columns and not layout.columns:
        raise ValueError(f"columns: the format {layout.format} needs them")


def read(path: Path, layout: Layout | None = None, names: Collection[str] = ()) -> Iterator[Row]:
    """The rows of a file in their order, in the layout that its name tells if none is given.

    Args:
        names: columns that must be there.

    Raises:
        FileNotFoundError: there is no such file.
        PyriteError: the file does not have that form.
    """
    layout = layout or Layout(format=of_file(path))
    if not path.stat().st_size:
        return iter(())
    return FORMATS[layout.format].read(path, layout, names)
