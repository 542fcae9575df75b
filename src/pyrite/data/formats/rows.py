"""A row of a file of anybody's, and what tells how rows stand in a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

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


def require_different(columns: Sequence[str], path: Path) -> None:
    """Raise PyriteError where two columns have one name."""
    if repeated := next((name for name in columns if name and columns.count(name) > 1), None):
        raise PyriteError(f"{path}: two columns are named '{repeated}': rename one")
