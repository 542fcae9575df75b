"""Workbooks of a spreadsheet."""

import io
from collections.abc import Collection, Iterator
from pathlib import Path

from pyrite.base.errors import PyriteError
from pyrite.data.formats import streams
from pyrite.data.formats.rows import Format, Layout, Row, require_different


def read(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
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


FORMATS = {"xlsx": Format((".xlsx",), (), read, has_header=True)}
