from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from pyrite.base import console


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged, without a terminal, and the time standing still until a test moves it."""
    out = io.StringIO()
    monkeypatch.setattr(console, "log", Console(file=out, width=console.PLAIN_WIDTH))
    monkeypatch.setattr(console, "_view", None)
    return out


def test_without_a_terminal_short_work_says_nothing(log: io.StringIO) -> None:
    with console.progress() as view:
        for _ in view.track(range(1000), description="counting"):
            pass
    assert log.getvalue() == ""


def test_without_a_terminal_long_work_says_a_plain_line_now_and_then(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: clock[0])
    with console.progress() as view:
        view.get_time = lambda: clock[0]  # rich measures the rate by a clock of its own
        work = view.add_task("fruit: asking an-llm", total=10_000, cost=0.0)
        for second in range(1, 151):
            clock[0] = float(second)
            view.update(work, cost=second / 100)
            view.advance(work, 20)
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("fruit: asking an-llm: 1,180/10,000, 20.")
    assert lines[0].endswith(" left, $0.60")
    assert lines[1].endswith(" left, $1.20")
    assert "\x1b" not in log.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, width: int, **about: Any) -> str:
    """What a terminal shows of one task, half done."""
    screen = Console(file=Terminal(), width=width, force_terminal=True, force_interactive=True, no_color=True)
    monkeypatch.setattr(console, "log", screen)
    view = console.View()
    assert not view.plain
    view.update(view.add_task(total=1_000, **about), completed=500)
    with screen.capture() as capture:
        screen.print(view.get_renderable())
    return capture.get()


def test_a_row_fits_into_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    row = drawn(monkeypatch, 80, description="python_docs attributed: asking gpt-4.1-mini", cost=1.5)
    assert row.count("\n") == 1
    assert len(row.rstrip("\n")) <= 80
    assert "python_docs attributed" in row
    assert "500/1,000" in row
    assert "$1.50" in row
    row = drawn(monkeypatch, 80, description="downloading x.zip", unit="bytes")
    assert "500 bytes/1.0 kB" in row


def test_in_ci_and_in_a_dumb_terminal_nothing_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=Terminal(), force_terminal=True, force_interactive=True)
    monkeypatch.setattr(console, "log", screen)
    monkeypatch.setenv("CI", "true")
    assert console.View().plain
    monkeypatch.delenv("CI")
    monkeypatch.setattr(console, "log", Console(file=Terminal(), _environ={"TERM": "dumb"}))
    assert console.View().plain


def test_work_within_work_is_in_the_same_view_and_leaves_it(log: io.StringIO) -> None:
    with console.progress() as outer:
        stage = outer.add_task("stage")
        with pytest.raises(ValueError, match="broken"), console.progress() as inner:
            assert inner is outer
            inner.add_task("part")
            raise ValueError("broken")
        assert outer.task_ids == [stage]
    with console.progress() as another:
        assert another is not outer


def test_standard_output_is_folded_only_to_a_width_that_is_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    console.screen().print("word " * 60)
    assert len(capsys.readouterr().out.splitlines()) == 1
    monkeypatch.setenv("COLUMNS", "40")
    console.screen().print("word " * 60)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40
    # What can be typed is not cut up.
    console.screen().command("word " * 60)
    assert len(capsys.readouterr().out.splitlines()) == 1
