"""The formats of files with rows: each is an entry of `FORMATS`, found by its name or by the ending of a file.

A reader checks the form of its file (encoding, quotes, columns) and names the file and the row of a mistake. The
number of a row is that of a spreadsheet or an editor: the header of a CSV file is row 1.
"""

import io
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from pyrite.base.errors import PyriteError
from pyrite.data.formats import column_files, csv_files, json_files, streams
from pyrite.data.formats.rows import Fields, Layout, Row, require_different


class Format(NamedTuple):
    """A format of files.

    Attributes:
        endings: what the names of such files end in, if anything tells them.
        keys: what else a layout may say of it.
        read: the rows of a file; columns that must be there help to find the separator.
        write: writes rows into an open file of bytes, where rows can be written so.
    """

    endings: tuple[str, ...]
    keys: tuple[str, ...]
    read: Callable[[Path, Layout, Collection[str]], Iterator[Row]]
    write: Callable[[IO[bytes], Iterable[Fields]], None] | None = None


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


def require_fit(layout: Layout) -> None:
    """Raise ValueError unless the format is one, and the layout says of it what can be said."""
    if layout.format not in FORMATS:
        raise ValueError(f"format: '{layout.format}' is none; there are {', '.join(FORMATS)}")
    for key in ("separator", "columns", "within"):
        if getattr(layout, key) is not None and key not in FORMATS[layout.format].keys:
            raise ValueError(f"{key}: the format {layout.format} has none")
    if layout.separator is not None and not (1 <= len(layout.separator) <= (1 if layout.format == "csv" else 9)):
        raise ValueError(f"separator: '{layout.separator}' can't part columns")
    if layout.format == "separated" and not layout.columns:
        raise ValueError("columns: the format separated needs them")


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


# Text with separators


def _separated(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """A row a line: the last separators part its columns, quotes mean nothing. Without columns a line is a text."""
    columns = layout.columns or ("text",)
    for number, line in enumerate(streams.lines(path, layout.encoding), start=1):
        values = line.rstrip("\r\n").rsplit(layout.separator or "\t", len(columns) - 1)
        if len(values) < len(columns):
            raise PyriteError(f"{path}: row {number}: {len(values)} of {len(columns)} columns ({', '.join(columns)})")
        yield Row(path, number, dict(zip(columns, values, strict=True)))


# Files in columns, and workbooks


def _workbook(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """The one sheet of a workbook that has rows with the named columns; its first row names them."""
    from python_calamine import CalamineError, load_workbook

    with streams.unpacked(path) as file:
        try:
            book = load_workbook(io.BytesIO(file.read()))
            sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
        except CalamineError as error:
            raise PyriteError(f"{path}: not readable as a workbook ({str(error).splitlines()[0]})") from None
    filled = {name: sheet for name, sheet in sheets.items() if len(sheet) > 1}
    whole = {name: sheet for name, sheet in filled.items() if set(names) <= {str(cell).strip() for cell in sheet[0]}}
    if len(fit := whole or filled) > 1:
        raise PyriteError(
            f"{path}: several sheets have rows ({', '.join(fit)}): save the one that is meant as a file by itself"
        )
    rows = iter(next(iter(fit.values()), []))
    columns = [str(name).strip() for name in next(rows, [])]
    require_different(columns, path)
    for number, values in enumerate(rows, start=2):
        if any(value != "" for value in values):
            yield Row(path, number, dict(zip(columns, values, strict=True)))


FORMATS: dict[str, Format] = {
    "csv": Format((".csv", ".tsv"), ("separator", "columns"), csv_files.read, csv_files.write),
    "separated": Format((), ("separator", "columns"), _separated),
    "lines": Format((".txt",), ("columns",), _separated),
    "json": Format((".json",), (), json_files.read),
    "json_lines": Format((".jsonl", ".ndjson"), ("within",), json_files.read_lines, json_files.write_lines),
    "parquet": Format((".parquet",), (), column_files.read, column_files.write_parquet),
    "arrow": Format((".arrow", ".feather"), (), column_files.read),
    "xlsx": Format((".xlsx",), (), _workbook),
}
ENDINGS = {ending: name for name, form in FORMATS.items() for ending in form.endings}
# The ending that tells a writer which format is wanted.
WRITERS = {form.endings[0]: form.write for form in FORMATS.values() if form.write}
