"""A row of a file of anybody's, what tells how rows stand in a file, and what a format is."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from pyrite.base.errors import PyriteError
from pyrite.base.schema import Schema

Fields = dict[str, Any]


class Row(NamedTuple):
    """One row of a file: its fields, and where it stands."""

    path: Path
    number: int
    fields: Fields

    def mistake(self, problem: str) -> PyriteError:
        """The error that says what is wrong with this row."""
        return PyriteError(f"{self.path}: row {self.number}: {problem}")


class Layout(Schema):
    """How rows stand in a file: its format, and what the format leaves open.

    `separator` parts the columns of csv (without it, the sign that fits the header) and of separated. `columns` names
    them where the file does not. `within` is the field of each JSON line that holds a list of rows.
    """

    format: str
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    separator: str | None = None
    columns: tuple[str, ...] | None = None
    within: str | None = None


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes:
        endings: what the names of such files end in, if anything tells them.
        keys: what else a card may say of it.
        read: the rows of a file; columns that must be there help to find the separator.
        write: writes rows into an open file of bytes, where rows can be written so.
        count: about how many rows such a file has, where that is quickly told.
        metadata: what a file in the format of that name says of itself, where it can.
        has_header: the first row names the columns.
        of_folders: files in a folder are its data; of another format, such as JSON, they stand beside data unless one
            is named for a side.
        plain: a row is a text, which has no label.
        needs_columns: a card must name the columns.
        separator_length: how many signs at most part columns.
    """

    endings: tuple[str, ...]
    keys: tuple[str, ...]
    read: Callable[[Path, Layout, Collection[str]], Iterator[Row]]
    write: Callable[[IO[bytes], Iterable[Fields]], None] | None = None
    count: Callable[[IO[bytes]], int | None] | None = None
    metadata: Callable[[Path, str], dict[bytes, bytes]] | None = None
    has_header: bool = False
    of_folders: bool = False
    plain: bool = False
    needs_columns: bool = False
    separator_length: int = 1


def require_different(columns: Sequence[str], path: Path) -> None:
    """Raise PyriteError where two columns have one name."""
    if repeated := next((name for name in columns if name and columns.count(name) > 1), None):
        raise PyriteError(f"{path}: two columns are named '{repeated}': rename one")
