"""Tables: columns and rows, written as CSV, Markdown, LaTeX, HTML or for a terminal."""

from __future__ import annotations

import csv
import html
import io
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table as TerminalTable
from rich.text import Text

from pyrite.base import files

# What LaTeX would read as a sign.
_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {sign: f"\\{sign}" for sign in "&%$#_{}"}


# Letters of a name that a terminal never folds.
NAME = 16
POINTS = 100  # the unit of a score or a gap, which are in [0, 1]


@dataclass(frozen=True)
class Cell:
    """Words of a cell and what belongs to them.

    Attributes:
        below: smaller, below the words: an interval, or what they mean.
        number: what a reader's click on the column's head sorts by.
        family: the rows whose colour and shape the words have.
    """

    words: str
    below: str = ""
    number: float | None = None
    family: str = ""

    def __str__(self) -> str:
        return f"{self.words} ({self.below})" if self.below else self.words


@dataclass(frozen=True)
class Column:
    """A column: what it is called and how its values look.

    Attributes:
        key: where a row has the value.
        title: its head; the key where it is empty.
        unit: how many of what is shown a value of 1 is.
        form: how a number is written, as `format` takes it.
        decimals: of a number in CSV; None: all.
        short: its head on a terminal.
        right: it stands to the right, as numbers do: of words that hold numbers.
        once: for people, where all rows have the same, the title says it in its place.
        within: on a terminal, whose cell has this value too, in the form `joined`; a line break is a space if it fits.
    """

    key: str
    title: str = ""
    form: str = ""
    decimals: int | None = 2
    unit: float = 1
    short: str = ""
    within: str = ""
    joined: str = "{}"
    right: bool = False
    once: bool = False

    @property
    def head(self) -> str:
        return self.title or self.key

    @property
    def is_number(self) -> bool:
        return bool(self.form) or self.right

    def value(self, row: dict[str, Any]) -> Any:
        """A row's value in the unit that is shown, without the digits that the unit itself would add."""
        value = row.get(self.key)
        return round(self.unit * value, 9) if self.unit != 1 and isinstance(value, int | float) else value

    def cell(self, row: dict[str, Any]) -> str:
        value = self.value(row)
        return "" if value is None else format(value, self.form)


class _Folded(list[str]):
    """A value and its interval on a terminal: in one line, or in two where there is no room."""

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(max(map(len, self)), len(" ".join(self)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        words = " ".join(self)
        yield Text(words if len(words) <= options.max_width else "\n".join(self))


@dataclass(frozen=True)
class Table:
    """Rows of values by the keys of the columns; a value that a row lacks is an empty cell.

    Attributes:
        title: what it is called.
        about: more words, behind the title.
        notes: words below it on a terminal.
        plain: without a line below its heads there.
    """

    columns: Sequence[Column]
    rows: Sequence[dict[str, Any]]
    title: str = ""
    about: str = ""
    notes: str = field(default="", kw_only=True)
    plain: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]], title: str = "", about: str = "", *, notes: str = "") -> Table:
        """A table whose columns are called as the keys of its rows, which all have the same; one without a value is
        left out. The first column, strings and cells of a family are words; of numbers, whole ones have all digits and
        others one decimal."""
        heads = enumerate(rows[0] if rows else ())
        known = ((place, head, [row[head] for row in rows if row[head] is not None]) for place, head in heads)
        columns = [_column(head, values, place == 0) for place, head, values in known if values]
        return cls(columns, rows, title, about, notes=notes)

    def shown(self) -> list[dict[str, Any]]:
        """The rows in the units of the columns."""
        return [row | {column.key: column.value(row) for column in self.columns} for row in self.rows]

    def csv(self) -> str:
        """Keys and values; no cell is a formula."""
        # Not by `csv_files`: who writes a table reads no files, and this is text.
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(column.key for column in self.columns)
        writer.writerows([_raw(column.value(row), column.decimals) for column in self.columns] for row in self.rows)
        return out.getvalue()

    def markdown(self, escape: Callable[[str], str] = lambda cell: cell.replace("|", "&#124;")) -> str:
        """For a git host; with the title above, where there is one."""
        if not self.rows:
            return f"{self._headed()}: nothing to show in this study.\n"
        lines = [[column.head for column in self.columns]]
        lines.append(["--:" if column.is_number else ":--" for column in self.columns])
        lines += [[escape(column.cell(row)) for column in self.columns] for row in self.rows]
        title = f"{escape(self._headed())}\n\n" if self.title else ""
        return title + "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def latex(self) -> str:
        r"""A `tabular` that needs the package booktabs."""
        if not self.rows:
            return f"% {self._headed()}: nothing to show in this study.\n"
        kinds = "".join("r" if column.is_number else "l" for column in self.columns)
        lines = [" & ".join(_latex(column.head) for column in self.columns) + r" \\", r"\midrule"]
        lines += [" & ".join(_latex(column.cell(row)) for column in self.columns) + r" \\" for row in self.rows]
        body = "\n".join(lines)
        return f"% {self._headed()}\n\\begin{{tabular}}{{{kinds}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"

    def html(self) -> str:
        """A `<table>` that scrolls where it is too wide; everything in it is escaped."""
        shown = [column for column in self.columns if not (column.within or column in self._same())]
        kinds = [' class="number"' if column.is_number else ' class="t"' for column in shown]
        heads = [f'<th scope="col"{k}>{html.escape(c.head)}</th>' for k, c in zip(kinds, shown, strict=True)]
        lines = ["".join(heads)]
        for row in self.rows:
            first, *others = [_html(" ".join(self._lines(column, row)), column.value(row)) for column in shown]
            rest = "".join(f"<td{k}{cell}</td>" for k, cell in zip(kinds[1:], others, strict=True))
            lines.append(f'<th scope="row"{first}</th>{rest}')
        head, *body = (f"<tr>{line}</tr>" for line in lines)
        caption = f"<caption><span>{html.escape(self._titled())}</span></caption>" if self.title else ""
        table = f"<table>{caption}<thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"
        about = html.escape(self.title.removesuffix(".") or "Table")
        return f'<div class="scroll" role="group" tabindex="0" aria-label="{about}">{table}</div>'

    def _lines(self, column: Column, row: dict[str, Any]) -> list[str]:
        """A cell with the values that stand within it; of a number, what may be folded is a line of its own."""
        value = row.get(column.key)
        lines = [value.words, f"({value.below})"] if isinstance(value, Cell) and value.below else [column.cell(row)]
        for other in self.columns:
            if other.within == column.key and (cell := other.cell(row)):
                joined, *below = other.joined.format(cell).split("\n")
                lines[-1:] = [lines[-1] + joined, *below]
        return lines if column.is_number else [" ".join(lines)]

    def narrow(self, width: int) -> list[Table]:
        """The table in parts that fit so many signs, each with the columns of names; the title is above the first."""
        names = [column for column in self.columns if not column.is_number]
        parts: list[list[Column]] = [[]]
        for column in self.columns:
            if column.is_number and not column.within:
                if parts[-1] and sum(map(self._width, [*names, *parts[-1], column])) > width:
                    parts.append([])
                parts[-1].append(column)
        same = self._same()
        left = [column for column in names if column not in same]
        return [
            Table(
                [c for c in self.columns if c in (left if number else names) or keys & {c.key, c.within}],
                self.rows,
                *((self.title, self.about) if number == 0 else ()),
                notes=self.notes if number == len(parts) - 1 else "",
            )
            for number, part in enumerate(parts)
            for keys in [{column.key for column in part}]
        ]

    def _same(self) -> list[Column]:
        """The columns that the title says once, all rows having the same."""
        return [c for c in self.columns if c.once and len({c.cell(row) for row in self.rows}) == 1]

    def _titled(self) -> str:
        return self._headed(*(column.cell(self.rows[0]) for column in self._same()))

    def _headed(self, *same: str) -> str:
        """What stands above it: the title, what all rows have in common, and more words."""
        return " ".join(filter(None, [", ".join(filter(None, [self.title, *same])), self.about]))

    def _width(self, column: Column) -> int:
        """The signs that a column takes on a terminal, with the space beside it."""
        heads = (column.short or column.head).replace(" - ", "\n- ").split("\n")
        return max(map(len, itertools.chain(heads, *(self._lines(column, row) for row in self.rows)))) + 2

    def print(self, console: Console, bold: Collection[int] = (), styles: Mapping[str, str] = {}) -> None:
        """Print it on a terminal, in parts that there is room for."""
        for part in self.narrow(console.width):
            console.print(part.terminal(bold, styles))

    def terminal(self, bold: Collection[int] = (), styles: Mapping[str, str] = {}) -> TerminalTable:
        """For a terminal of 80 columns: some rows bold, some words in a style."""
        same = self._same()
        drawn = TerminalTable(
            title=self._titled() or None,
            title_justify="left",
            title_style="bold",
            caption=self.notes or None,
            caption_justify="left",
            box=None if self.plain else box.SIMPLE_HEAD,
            header_style="dim" if self.plain else "table.header",
            padding=(0, 1) if self.plain else (0, 1, 0, 0),
            pad_edge=not self.plain,
            show_edge=False,
        )
        shown = [column for column in self.columns if not (column.within or column in same)]
        for column in shown:
            # A difference takes two lines at the head. A name is folded where it is long, and an interval, after its
            # value, where there is no room.
            head, cells = column.short or column.head, [self._lines(column, row) for row in self.rows]
            intervals = any(len(lines) > 1 for lines in cells)
            longest = max(map(len, itertools.chain([head], *cells)))
            drawn.add_column(
                head.replace(" - ", "\n- "),
                justify="right" if column.is_number else "left",
                no_wrap=not intervals and (longest <= NAME or column.is_number),
                overflow="fold",
                min_width=longest if intervals else min(NAME, longest),
            )
        for number, row in enumerate(self.rows):
            cells = [self._lines(column, row) for column in shown]
            texts = [_Folded(lines) if len(lines) > 1 else Text(lines[0], styles.get(lines[0], "")) for lines in cells]
            drawn.add_row(*texts, style="bold" if number in bold else "")
        return drawn


def _column(head: str, values: Sequence[Any], first: bool) -> Column:
    words = first or all(isinstance(value, str) or (isinstance(value, Cell) and value.family) for value in values)
    kinds = set(map(type, values))
    return Column(head, form=".1f" if float in kinds else ",d" if int in kinds else "", right=not words)


def _html(words: str, value: Any) -> str:
    """The rest of a page's cell, from its attributes on: words with a true minus sign, colour, what is below them."""
    cell = value if isinstance(value, Cell) else Cell(words, number=value if isinstance(value, int | float) else None)
    words = html.escape(re.sub(r"(?<!\w)-(?=\d)", "−", cell.words))
    words = f'<span class="family {cell.family}">{words}</span>' if cell.family else words
    below = f"<small>{html.escape(cell.below)}</small>" if cell.below else ""
    sorts = "" if cell.number is None else f' data-value="{cell.number:.10g}"'
    return f"{sorts}>{words}{below}"


def _raw(value: Any, decimals: int | None) -> Any:
    if isinstance(value, str | Cell):  # a card may name a label so that a spreadsheet would run it
        return files.cell(str(value))
    if isinstance(value, float) and decimals is not None:
        return round(value, decimals)
    return "" if value is None else value


def _latex(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}]", lambda sign: _LATEX[sign[0]], text)
