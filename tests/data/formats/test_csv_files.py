"""CSV as people and spreadsheets write it: read, or refused with the row; no row is ever swallowed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.base.errors import PyriteError
from pyrite.data import formats

ROWS = [{"text": f"words, and {n}", "label": "ab"[n % 2]} for n in range(12)]


@pytest.fixture
def read(tmp_path: Path):
    def rows(content: str | bytes, *names: str) -> list[dict]:
        path = tmp_path / "a.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [row.fields for row in formats.read(path, names=names)]

    return rows


def written(separator: str = ",", end: str = "\n") -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["text", "label"], delimiter=separator, lineterminator=end)
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_header_shows_the_separator(read, separator: str) -> None:
    assert read(written(separator)) == ROWS


@pytest.mark.parametrize(
    "content",
    [
        written(end="\r"),
        written(end="\r\n"),
        "\n \n" + written(),
        "sep=;\r\n" + written(";", "\r\n"),
        written() + "\x1a",
        written() + "\n\n",
        "\ufeff" + written(),
        ("\ufeff" + written("\t", "\r\n")).encode("utf-16-le"),
        ("\ufeff" + written()).encode("utf-16-be"),
        written().encode("utf-16-le"),
        written(";").encode("utf-16-be"),
        written().replace('"', "").replace("words, and", "words and").replace(",", ", "),
    ],
)
def test_what_spreadsheets_write_is_read(read, content: str | bytes) -> None:
    wanted = [{name: value.replace(",", "") for name, value in row.items()} for row in ROWS]
    assert [{name: value.replace(",", "") for name, value in row.items()} for row in read(content)] == wanted


def test_named_columns_decide_the_separator(read) -> None:
    header = '"subject, long";"body, all";queue'
    assert read(f"{header}\na;b;c\n", "queue", "body, all") == [{"subject, long": "a", "body, all": "b", "queue": "c"}]
    assert list(read("a,b;c\n1,2;3\n", "b;c")[0]) == ["a", "b;c"]


def test_a_blank_line_among_swallowed_rows_hides_nothing(read) -> None:
    with pytest.raises(PyriteError, match=r"row 2: a quote that opens here .* 3 rows would be one"):
        read('text,label\n"One,x\n\ntwo,y\nthree",x\n' + "".join(f"text {n},{'xy'[n % 2]}\n" for n in range(9)))


def test_a_stray_carriage_return_is_named(read) -> None:
    with pytest.raises(PyriteError, match=r"row 3: broken CSV .* a carriage return stands outside of quotes"):
        read("text,label\na,x\nb\rc,y\n")


SWALLOWED = ['"One begins', "two", "three", 'four ends"', "five", "six", "seven", "eight"]


@pytest.mark.parametrize("lines", [4, 2])
@pytest.mark.parametrize(("separator", "label_first"), [("\t", False), ("\t", True), (",", False), (";", True)])
def test_a_quote_that_would_swallow_rows_is_refused(read, separator: str, label_first: bool, lines: int) -> None:
    texts = [SWALLOWED[0], *SWALLOWED[4 - lines + 1 :]] if lines < 4 else SWALLOWED
    pairs = [("text", "label"), *((text, "xy"[n % 2]) for n, text in enumerate(texts))]
    content = "".join(separator.join(pair[::-1] if label_first else pair) + "\n" for pair in pairs)
    with pytest.raises(PyriteError, match=rf"row 2: a quote that opens here .* {lines} rows would be one"):
        read(content)


def test_a_text_of_several_lines_that_is_meant_is_one(read) -> None:
    lines = 'text,label\n"Hello,\nall of it\nRegards, Sam",good\nshort,bad\n"a,\nb, c",good\nx,bad\n'
    assert [row["text"] for row in read(lines)] == ["Hello,\nall of it\nRegards, Sam", "short", "a,\nb, c", "x"]


@given(st.lists(st.tuples(st.text('ab,;"\n x', max_size=12), st.sampled_from(["yes", "no"])), min_size=1, max_size=8))
def test_whole_csv_is_read_as_it_was_or_refused(tmp_path_factory: pytest.TempPathFactory, table: list) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([("text", "label"), *table])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text(out.getvalue(), newline="")
    try:
        rows = [tuple(row.fields.values()) for row in formats.read(path, names=["text", "label"])]
    except PyriteError as refused:
        assert "rows would be one" in str(refused)
        assert any("\n" in text for text, _ in table)
    else:
        assert rows == table


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text,label,label\na,b,c\n", "two columns are named 'label'"),
        ('text,label\n"He said \\"no\\", twice",a\n', r'written twice \(""\), not \\"'),
        ('text,label\n"never closed,a\n' + "x" * (1 << 24), "a quote there is never closed"),
        ("# made by me\ntext,label\na,b\n", "row 2: 2 fields, not 1 .*or name as many columns in row 1"),
        ("text,label\na,b,\nc,d,\n", "row 2: 3 fields, not 2 .*or name as many columns in row 1: all other rows"),
        ("text,label\na,b\nc,d,\n", "row 3: 3 fields, not 2 .*in double quotes$"),
        (b"PK\x03\x04rest", "is packed, a table or a workbook"),
        (b"text,label\na\x81\xff,b\n", r"row 2: not UTF-8 \(byte 2 .*calls that CSV UTF-8\)$"),
    ],
)
def test_the_cause_is_named(read, content: str | bytes, words: str) -> None:
    with pytest.raises(PyriteError, match=words) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_a_long_text_is_read(read) -> None:
    assert len(read(f"text,label\n{'word ' * 40_000},a\n")[0]["text"]) == 200_000


def test_the_command_that_is_suggested_makes_it_readable(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "it's.csv"
    path.write_bytes("text,label\n\u201cGrüße\u201d \u20ac,a\n".encode("cp1252"))
    with pytest.raises(PyriteError) as caught:
        list(formats.read(path))
    subprocess.run(str(caught.value).split("or try: ")[1], shell=True, check=True)
    [row] = formats.read(tmp_path / "it's-utf8.csv")
    assert row.fields["text"] == "\u201cGrüße\u201d \u20ac"
