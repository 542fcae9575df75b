from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from pyrite.results import tables

ROWS: tables.Rows = [
    {"task": "a_b", "encoder": "50%|x", "rows": 1200, "real macro_f1": 80.04, "real accuracy": 81.0, "gain": -1.0},
    {"task": "c", "encoder": "y", "rows": 5, "real macro_f1": None, "real accuracy": None, "gain": 2.0},
]


def entry(macro_f1: float, accuracy: float) -> dict[str, Any]:
    return {"rows": 9, "macro_f1": {"mean": macro_f1}, "accuracy": {"mean": accuracy}}


def task(name: str, real: float, few: float) -> dict[str, Any]:
    gaps: dict[str, Any] = {"real": {}, "few_shot": {}}
    gaps["few_shot"]["real"] = {score: {"mean": few - real} for score in ("macro_f1", "accuracy")}
    bert = {"mixes": {"real": entry(real, real), "few_shot": entry(few, few)}, "gaps": gaps}
    # Trained on real rows only: no row of the table.
    other = {"mixes": {"real": entry(real, real)}, "gaps": {"real": {}}}
    return {"task": name, "encoders": {"bert": bert, "other": other}}


def test_scores_have_a_row_for_each_task_and_their_means() -> None:
    rows = tables.scores([task("pets", 0.9, 0.8), task("cars", 0.8, 0.5)])
    assert [(row["task"], row["encoder"]) for row in rows] == [
        ("pets", "bert"),
        ("cars", "bert"),
        ("mean of 2", "bert"),
    ]
    assert [row["real macro_f1"] for row in rows] == [90, 80, 85]
    assert [row["few_shot - real accuracy"] for row in rows] == pytest.approx([-10, -30, -20])
    assert len(tables.scores([task("pets", 0.9, 0.8)])) == 1


def test_csv_has_the_values() -> None:
    assert tables.text_csv(ROWS).splitlines()[1] == "a_b,50%|x,1200,80.04,81.0,-1.0"


def test_markdown_and_latex_escape_and_round() -> None:
    said = tables.markdown(ROWS, "Scores")
    assert "| a_b | 50%&#124;x | 1,200 | 80.0 | 81.0 | -1.0 |" in said
    assert "|  |  | +2.0 |" in said
    said = tables.latex(ROWS, "Scores")
    assert r"a\_b & 50\%|x & 1,200 & 80.0 & 81.0 & -1.0 \\" in said
    assert r"\begin{tabular}{llrrrr}" in said


def test_a_table_without_rows_says_so() -> None:
    assert "nothing to show" in tables.markdown([], "Scores")
    assert tables.latex([], "Scores").startswith("%")
    assert tables.text_csv([]) == "task,encoder\n"


def test_the_terminal_table_puts_both_scores_in_a_cell() -> None:
    console = Console(width=80, record=True)
    console.print(tables.terminal(ROWS, "Scores"))
    said = console.export_text()
    assert "80.0/81.0" in said
    assert max(map(len, said.splitlines())) <= 80
