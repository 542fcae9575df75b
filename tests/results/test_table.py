from __future__ import annotations

import io
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pyrite.results.table import POINTS, Cell, Column, Table

COLUMNS = [
    Column("task"),
    Column("name", "Name"),
    Column("rows", form=",d"),
    Column("real macro_f1", form=".1f", short="real"),
    Column("real accuracy", form=".1f", within="real macro_f1", joined="/{}"),
    Column("gain", form="+.1f"),
]
ROWS = [
    {"task": "a_b", "name": "50%|x", "rows": 1200, "real macro_f1": 80.044, "real accuracy": 81.0, "gain": -1.0},
    {"task": "=c", "name": "<y>", "rows": 5, "gain": 2.0},
]
TABLE = Table(COLUMNS, ROWS, "Scores")


def test_csv_has_keys_and_values_and_no_formula() -> None:
    assert TABLE.csv().splitlines() == [
        "task,name,rows,real macro_f1,real accuracy,gain",
        "a_b,50%|x,1200,80.04,81.0,-1.0",
        "'=c,<y>,5,,,2.0",
    ]


def test_markdown_and_latex_escape_and_round() -> None:
    assert "| a_b | 50%&#124;x | 1,200 | 80.0 | 81.0 | -1.0 |" in TABLE.markdown()
    assert "| :-- | :-- | --: | --: | --: | --: |" in TABLE.markdown()
    assert r"a\_b & 50\%|x & 1,200 & 80.0 & 81.0 & -1.0 \\" in TABLE.latex()
    assert r"\begin{tabular}{llrrrr}" in TABLE.latex()


def test_html_is_escaped() -> None:
    assert (
        '<td class="t">&lt;y&gt;</td><td class="number" data-value="5">5</td><td class="number"></td>' in TABLE.html()
    )


def test_a_table_without_rows_says_so() -> None:
    none = Table(COLUMNS, [], "Scores")
    assert "nothing to show" in none.markdown()
    assert none.latex().startswith("%")
    assert none.csv() == "task,name,rows,real macro_f1,real accuracy,gain\n"


def test_a_terminal_has_joined_values_in_a_cell() -> None:
    console = Console(width=80, record=True)
    console.print(TABLE.terminal())
    text = console.export_text()
    assert "80.0/81.0" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_terminal_of_80_columns_folds_no_name_and_repeats_no_word() -> None:
    columns = [Column("task", once=True), Column("mix", "Trained on")]
    columns += [Column(f"number {n}", right=True) for n in range(3)] + [Column("worth", right=True)]
    row = {f"number {n}": "-11.3 ±  1.6" for n in range(3)} | {
        "task": "python_docs",
        "worth": Cell("> 2,559", "2,369 to > 2,559"),
    }
    console = Console(file=io.StringIO(), width=80)
    console.print(Table(columns, [row | {"mix": "pool+few_shot"}, row | {"mix": "real"}], "Scores").terminal())
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 80
    assert "pool+few_shot" in text and text.count("python_docs") == 1
    # An interval stands below its value, whole.
    assert re.search(r"> 2,559 *\n *\(2,369 to > 2,559\)", text)


WRITERS = (Table.csv, Table.markdown, Table.latex, Table.html, Table.shown)


def on_terminal(table: Table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    table.print(console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@given(st.lists(st.none() | st.floats(-1, 1), min_size=1), st.sampled_from([None, 2, 6]))
def test_every_writer_shows_a_share_in_the_unit_of_its_column(shares: list[float | None], decimals: int | None) -> None:
    columns = [Column("gap", form="+.1f", decimals=decimals), Column("low", form="+.1f", within="gap", joined="\n({}")]
    in_points = [replace(column, unit=POINTS) for column in columns]
    rows = [{"gap": share, "low": share} for share in shares]
    points = [{key: None if share is None else round(100 * share, 9) for key, share in row.items()} for row in rows]
    for write in WRITERS:
        assert write(Table([Column("n"), *in_points], rows)) == write(Table([Column("n"), *columns], points))
    assert on_terminal(Table(in_points, rows), 14) == on_terminal(Table(columns, points), 14)


def test_a_unit_is_of_numbers_and_adds_no_digits() -> None:
    columns = [Column("of", unit=POINTS), Column("f1", form=".1f", decimals=None, unit=POINTS)]
    table = Table(columns, [{"of": "both", "f1": 0.29}, {"of": Cell("one"), "f1": 1}])
    assert table.csv() == "of,f1\nboth,29.0\none,100\n"
    assert "| both | 29.0 |\n| one | 100.0 |" in table.markdown()
    assert 'data-value="29">29.0<' in table.html() and 'data-value="100">100.0<' in table.html()
    assert "29.0" in on_terminal(table, 80)


def test_a_number_is_folded_where_it_has_an_interval_and_not_where_its_words_look_so() -> None:
    ends = [Column("low", within="gap", joined="\n({}"), Column("high", within="gap", joined=" to {})")]
    cells: list[tuple[str | Cell, list[Column], bool]] = [
        (Cell("70.0", "65.0 to 75.0"), [], True),
        ("70.0", ends, True),
        ("70.0 (65.0 to 75.0)", [], False),
        ("70.0", [replace(ends[0], joined=" ({}"), ends[1]], False),
    ]
    for gap, more, folded in cells:
        table = Table([Column("gap", right=True), *more], [{"gap": gap, "low": "65.0", "high": "75.0"}])
        assert "70.0 (65.0 to 75.0)" in on_terminal(table, 40)
        assert bool(re.search(r"70\.0 *\n *\(65\.0 to 75\.0\)", on_terminal(table, 16))) == folded


def test_a_wide_table_is_shown_in_parts_that_lose_no_number() -> None:
    columns = [Column("name"), *(Column(f"score {n}", form=".1f") for n in range(9))]
    table = Table(columns, [{"name": "a task"} | {f"score {n}": 10.0 * n for n in range(9)}], "Scores", notes="a note")
    parts = table.narrow(40)
    assert [column.key for part in parts for column in part.columns if column.is_number] == [
        f"score {n}" for n in range(9)
    ]
    assert all(part.columns[0].key == "name" for part in parts)
    assert (parts[0].title, parts[1].title, parts[-1].notes) == ("Scores", "", "a note")
    assert [column.key for column in table.narrow(200)[0].columns] == [column.key for column in columns]


def test_a_page_names_a_table_by_its_whole_title() -> None:
    table = Table.of([{"Text": "a", "Score": 1.0}], "Is it better, by 0.1?", "Points. Of macro-F1.")
    assert 'aria-label="Is it better, by 0.1?"' in table.html()
    assert "<span>Is it better, by 0.1? Points. Of macro-F1.</span>" in table.html()
    assert table.markdown().startswith("Is it better, by 0.1? Points. Of macro-F1.\n\n| Text | Score |")
