"""The tables of the report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pyrite.data import mixes
from pyrite.results.page import report_tables


def made(requested: int, received: int, accepted: int, **dropped: int) -> Any:
    total = SimpleNamespace(requested=requested, received=received, accepted=accepted, dropped=dropped)
    return SimpleNamespace(total=total)


@pytest.mark.parametrize(
    ("sources", "rows"),
    [
        ({}, []),
        ({"mine": made(0, 5, 5)}, ["received", "kept"]),
        ({"few_shot": made(9, 8, 6, length=2, surplus=0)}, ["asked for", "received", "dropped: length", "kept"]),
        (
            {"few_shot": made(9, 8, 8), "mine": made(0, 5, 4, length=1)},
            ["asked for", "received", "dropped: length", "kept"],
        ),
    ],
)
def test_what_became_of_texts_is_told_of_any_sources(sources: dict[str, Any], rows: list[str]) -> None:
    table = report_tables.drops(sources)
    assert [row["Texts"] for row in table.rows] == rows
    for name, source in sources.items():
        assert [row[mixes.spoken(name)] for row in table.rows if row["Texts"] == "kept"] == [source.total.accepted]
