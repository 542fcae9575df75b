"""Text without quotes: a row a line, parted by a sign or not at all."""

from collections.abc import Collection, Iterator
from pathlib import Path

from pyrite.base.errors import PyriteError
from pyrite.data.formats import streams
from pyrite.data.formats.rows import Format, Layout, Row


def read(path: Path, layout: Layout, names: Collection[str]) -> Iterator[Row]:
    """A row a line: the last separators part its columns, quotes mean nothing. Without columns a line is a text."""
    columns = layout.columns or ("text",)
    for number, line in enumerate(streams.lines(path, layout.encoding), start=1):
        values = line.rstrip("\r\n").rsplit(layout.separator or "\t", len(columns) - 1)
        if len(values) < len(columns):
            raise PyriteError(f"{path}: row {number}: {len(values)} of {len(columns)} columns ({', '.join(columns)})")
        yield Row(path, number, dict(zip(columns, values, strict=True)))


FORMATS = {
    "separated": Format((), ("separator", "columns", "beside"), read, separator_length=9, needs_columns=True),
    "lines": Format((".txt",), ("columns",), read, count=streams.count_lines, plain=True),
}
