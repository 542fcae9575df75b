"""The page's templates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pyrite.results import rendering


def source(answers: int, **dropped: int) -> Any:
    return SimpleNamespace(total=SimpleNamespace(answers=answers, dropped=dropped))


@pytest.mark.parametrize(
    ("sources", "rows"),
    [([source(0, length=3)], 0), ([], 0), ([source(2, length=3, surplus=0)], 1), ([source(0), source(2, length=1)], 1)],
)
def test_what_was_dropped_is_listed_of_sets_for_which_an_llm_answered(sources: list[Any], rows: int) -> None:
    macros = rendering._environment("macros.html.j2").get_template("macros.html.j2").module
    shown = macros.dropped(SimpleNamespace(generated=dict(enumerate(sources))))
    assert shown.count("dropped: length") == shown.count("<tr>") == rows
