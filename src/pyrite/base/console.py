"""What commands say: what was asked for on standard output, for people and programs, and the rest on standard error.

Colours, the width of a terminal and `NO_COLOR` are rich's business. Without a terminal lines are whole and plain.
"""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich import console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

# What a terminal or a file format obeys instead of showing it (C0, DEL, C1), as a set of a regular expression.
CONTROL = r"\x00-\x1f\x7f-\x9f"
# That but for tabs and line ends, and what turns the order of signs round (UAX 9).
_COMMANDS = re.compile(rf"(?![\t\n])[{CONTROL}\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with a mark in place of each sign that a terminal would obey: it moves, colours and hides nothing."""
    return _COMMANDS.sub("\ufffd", text)


class Console(console.Console):
    """A console on which texts from elsewhere can do nothing but stand there: no commands, no markup."""

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, soft_wrap=soft_wrap, width=width)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)

    def command(self, words: str) -> None:
        """Print what can be typed: the terminal itself folds it, so that it is copied whole."""
        self.print(f"  {words}", soft_wrap=True)


log = Console(stderr=True, soft_wrap=True)

# Where there is no terminal, long work says how far it is after so many seconds, and again after as many.
PLAIN_SECONDS = 60.0
# No line is folded where nobody said how wide the page is.
PLAIN_WIDTH = 1000


def screen() -> Console:
    """Standard output: folded between words to the terminal or to `COLUMNS`, elsewhere in whole lines."""
    sized = sys.stdout.isatty() or bool(os.environ.get("COLUMNS"))
    return Console(width=None if sized else PLAIN_WIDTH)


class View(Progress):
    """How far long work is: in a terminal one row for each task, elsewhere and in CI a plain line a minute.

    Of a task it shows what is done, how many of how many, the rate and the time left. `unit="bytes"` counts in bytes;
    `cost` is the US dollars spent so far.
    """

    def __init__(self) -> None:
        self.plain = not (log.file.isatty() and log.is_interactive) or bool(os.environ.get("CI"))
        # What is done and the numbers stay whole in 80 columns; the bar is what can be cut.
        described = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=1))
        columns = (described, BarColumn(16), _Words(_counted), _Words(_rate), _Words(_left), _Words(_cost))
        super().__init__(*columns, console=log, transient=True, expand=True, disable=self.plain)
        self._said_at = time.monotonic()

    def update(self, task_id: TaskID, **changes: Any) -> None:
        super().update(task_id, **changes)
        self._say(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        self._say(task_id)

    def _say(self, task_id: TaskID) -> None:
        if self.plain and time.monotonic() - self._said_at >= PLAIN_SECONDS:
            self._said_at = time.monotonic()
            task = self._tasks[task_id]
            words = [_counted(task), _rate(task), left and f"{left} left" if (left := _left(task)) else "", _cost(task)]
            log.print(f"{task.description}: {', '.join(filter(None, words))}")


_view: View | None = None


@contextmanager
def progress() -> Iterator[View]:
    """The view of this process, which goes away when the work is done; work within work adds its rows to the same."""
    global _view
    if _view is not None:
        before = set(_view.task_ids)
        try:
            yield _view
        finally:
            for task in set(_view.task_ids) - before:
                _view.remove_task(task)
        return
    _view = View()
    try:
        with _view:
            yield _view
    finally:
        _view = None


class _Words(ProgressColumn):
    """A column with what a function says of a task."""

    def __init__(self, say: Any) -> None:
        self._of = say
        super().__init__(Column(no_wrap=True, justify="right"))

    def render(self, task: Task) -> Text:
        return Text(self._of(task))


def _counted(task: Task) -> str:
    if not task.completed and task.total is None:
        return ""
    amounts = [task.completed] if task.total is None else [task.completed, task.total]
    form = decimal if task.fields.get("unit") == "bytes" else "{:,.0f}".format
    return "/".join(form(int(amount)) for amount in amounts)


def _rate(task: Task) -> str:
    speed = task.finished_speed or task.speed
    if not speed:
        return ""
    if task.fields.get("unit") == "bytes":
        return f"{decimal(int(speed))}/s"
    return f"{speed:,.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min"


def _left(task: Task) -> str:
    left = task.time_remaining
    return "" if left is None else str(timedelta(seconds=int(left)))


def _cost(task: Task) -> str:
    cost = task.fields.get("cost")
    return "" if cost is None else f"${cost:.2f}"
