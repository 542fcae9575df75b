from __future__ import annotations

from pathlib import Path

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import docstrings

SOURCE = '''
"""Module docstrings are not read."""

class Clock:
    """Clock(zone) -> a clock

    Shows the
    time. And more.
    """

    async def tick(self):
        """Is it late? Yes."""

    def tock(self):
        "tock()"

    def silent(self):
        pass
'''


def test_docstrings_give_their_first_sentence_after_any_signature(tmp_path: Path) -> None:
    (tmp_path / "times/test").mkdir(parents=True)
    (tmp_path / "times/clock.py").write_text(SOURCE)
    (tmp_path / "times/test/check.py").write_text('def f():\n    """Left out."""')
    (tmp_path / "one.py").write_text('def f():\n    """One v1.5 thing! Two."""')
    modules = {"time": ("times", "absent"), "rest": ("one",)}
    assert list(docstrings.summaries(tmp_path, modules)) == [
        ("Shows the time.", "time"),
        ("Is it late?", "time"),
        ("", "time"),
        ("One v1.5 thing!", "rest"),
    ]


def test_source_that_does_not_parse_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("def f(:")
    with pytest.raises(PyriteError, match=r"one\.py: not source code"):
        list(docstrings.summaries(tmp_path, {"rest": ("one",)}))
