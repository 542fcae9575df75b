"""What stages say while they work: to standard error, so that standard output stays a program's to read."""

from __future__ import annotations

import re
from typing import Any

from rich import console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

# What a terminal obeys instead of showing it (C0, DEL, C1), and what turns the order of signs round (UAX 9).
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with a mark in place of each sign that a terminal would obey: it moves, colours and hides nothing."""
    return _COMMANDS.sub("\ufffd", text)


class Console(console.Console):
    """A console on which texts from elsewhere can do nothing but stand there: no commands, no markup."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, soft_wrap=True)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)


log = Console(stderr=True)


def progress() -> Progress:
    """A progress display that goes away when it is done; nothing at all where there is no terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=log,
        transient=True,
        disable=not log.is_terminal,
    )
