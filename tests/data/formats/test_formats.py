from __future__ import annotations

import csv
import gzip
import io
import random
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pyarrow as pa
import pytest
from conftest import workbook
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, parquet

from pyrite.base.errors import PyriteError
from pyrite.data import cards, fields, formats
from pyrite.data.formats.rows import Layout


@pytest.fixture
def rows(tmp_path: Path):
    """The numbers and fields that a reader gives for files with these bytes."""

    def read(files: dict[str, bytes | str], **card) -> list[tuple[int, dict]]:
        folder = tmp_path / "raw"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        spec = cards.Rows(file=next(iter(files)), text="", **card)
        return [(row.number, row.fields) for row in fields.read(folder / spec.file, spec)]

    return read


def test_csv_with_a_header_counts_it_as_row_1(rows) -> None:
    read = rows({"a.csv": '\ufefftext,label\r\n"one, ""two""\nthree",x\r\n\r\nfour,y\r\n'}, format="csv")
    assert read == [(2, {"text": 'one, "two"\nthree', "label": "x"}), (4, {"text": "four", "label": "y"})]


def test_csv_without_a_header_has_the_cards_columns(rows) -> None:
    assert rows({"a.csv": '"3","a\\b"\n'}, format="csv", columns=("label", "text")) == [
        (1, {"label": "3", "text": "a\\b"})
    ]


field = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(field, field), max_size=6))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, table) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *table])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(buffer.getvalue().encode())
    assert [(row.fields["text"], row.fields["label"]) for row in formats.read(path)] == table


def test_the_last_separators_of_a_line_count_and_quotes_mean_nothing(rows) -> None:
    read = rows({"a.txt": 'a@b "c@d@good\r\n\x85x\u2028@bad'}, format="separated", separator="@", columns=("t", "l"))
    assert read == [(1, {"t": 'a@b "c@d', "l": "good"}), (2, {"t": "\x85x\u2028", "l": "bad"})]


def test_two_files_side_by_side(rows) -> None:
    beside = cards.Beside(file="b", columns=("n", "label"))
    spec = {"format": "separated", "columns": ("n", "text"), "beside": beside}
    both = rows({"a": "1\tx\n2\ty\n", "b": "1\tgood\n2\tbad\n"}, **spec)
    assert both[1] == (2, {"n": "2", "text": "y", "label": "bad"})
    with pytest.raises(PyriteError, match=r"b: row 2: n is '3', not '2' as in .*a$"):
        rows({"a": "1\tx\n2\ty\n", "b": "1\tgood\n3\tbad\n"}, **spec)
    for a, b in (("1\tx\n", "1\tgood\n2\tbad\n"), ("1\tx\n2\ty\n", "1\tgood\n")):
        with pytest.raises(PyriteError, match=r"row 2: the file beside this one is shorter"):
            rows({"a": a, "b": b}, **spec)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('[{"t": 1}, {"t": 2}]', [{"t": 1}, {"t": 2}]),
        ('{"p": {"t": 1}, "q": {"t": 2}}', [{"t": 1, "key": "p"}, {"t": 2, "key": "q"}]),
        ('{"p": [{"t": 1}, {"t": 2}], "q": []}', [{"t": 1, "key": "p"}, {"t": 2, "key": "p"}]),
        ('{"t": {"0": 1, "1": 2}, "l": {"0": "a", "1": "b"}}', [{"t": 1, "l": "a"}, {"t": 2, "l": "b"}]),
        ('{"t": [1, 2], "l": ["a", "b"]}', [{"t": 1, "l": "a"}, {"t": 2, "l": "b"}]),
        ('{"t": 1}\n\n{"t": 2}\n', [{"t": 1}, {"t": 2}]),
        ('{\n "t": 1\n}\n{\n "t": 2\n}', [{"t": 1}, {"t": 2}]),
        ('{"a": [{"t": 1, "key": "its own"}]}', [{"key": "its own", "t": 1}]),
        ('{"version": 1, "about": {"by": "me"}, "data": [{"t": 1}]}', [{"t": 1, "key": "data"}]),
        (
            '{"columns": ["t", "l"], "index": [0, 1], "data": [[1, "a"], [2, "b"]]}',
            [{"t": 1, "l": "a"}, {"t": 2, "l": "b"}],
        ),
        # Texts by their labels, unless they may be columns: in one of these values repeat, or the name is a column's.
        (
            '{"p": ["a", "b"], "q": ["c", "c", "d"]}',
            [{"text": text, "label": label} for label, text in ("pa", "pb", "qc", "qc", "qd")],
        ),
        (
            '{"p": ["a", "b"], "q": ["c", "d"]}',
            [{"text": text, "label": label} for label, text in ("pa", "pb", "qc", "qd")],
        ),
        ('{"t": ["a", "b"], "l": ["c", "c"]}', [{"t": "a", "l": "c"}, {"t": "b", "l": "c"}]),
        ('{"Text": ["a", "b"], "l": ["c", "d"]}', [{"Text": "a", "l": "c"}, {"Text": "b", "l": "d"}]),
    ],
)
def test_json_is_a_list_or_an_object_of_rows_or_lists(rows, content: str, expected: list[dict]) -> None:
    assert [fields for _, fields in rows({"a.json": content}, format="json")] == expected


def test_columns_that_are_named_are_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"body": ["a", "b"], "queue": ["c", "d"]}')
    assert [row.fields for row in formats.read(path, names=["body"])] == [
        {"body": "a", "queue": "c"},
        {"body": "b", "queue": "d"},
    ]
    assert len(list(formats.read(path))) == 4
    path.write_text('{"text": ["a", "b"], "label": ["c"]}')
    with pytest.raises(PyriteError, match="different lengths"):
        formats.read(path)


def test_lists_beside_the_rows_that_have_none_of_the_named_columns_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"features": [{"name": "text"}], "rows": [{"row": {"text": "x"}}], "more": [{"row": {}}]}')
    read = formats.read(path, names=["row.text", "row.label"])
    assert [row.fields["row"] for row in read] == [{"text": "x"}, {}]
    assert len(list(formats.read(path))) == 3


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.parquet", "a.arrow", "a.xlsx", "a.txt"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "run `git lfs pull`"),
        ("\n<!DOCTYPE html>\n<html></html>\n", "is a web page"),
        ("<HTML lang=en>\n</html>\n", "is a web page"),
    ],
)
def test_what_stands_in_place_of_a_file_is_named(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(PyriteError, match=rf"{name}: .*{words}"):
        list(formats.read(tmp_path / name))


def test_json_lines_with_and_without_a_list_within(rows) -> None:
    assert rows({"a": '{"t": 1}{"t": 2}\n'}, format="json_lines") == [(1, {"t": 1}), (1, {"t": 2})]
    assert rows({"a": '{"t": "\u2028"}\n{"t": 2}\n'}, format="json_lines") == [(1, {"t": "\u2028"}), (2, {"t": 2})]
    content = '{"rows": [{"t": 1}, {"t": 2}]}\n{"rows": []}\n{"rows": [{"t": 3}]}'
    assert [number for number, _ in rows({"a": content}, format="json_lines", within="rows")] == [1, 1, 3]


@pytest.mark.parametrize(
    ("content", "card", "words"),
    [
        ('text,label\na,x\n"b,y\nc,z\n', {"format": "csv"}, "row 3: broken CSV"),
        ('text,label\na,x\n"b"c,y\n', {"format": "csv"}, "row 3: broken CSV"),
        ("text,label\na,x\nb, c,y\n", {"format": "csv"}, "row 3: 3 fields, not 2"),
        ("text,label\na\n", {"format": "csv"}, "row 2: 1 fields, not 2.*fill in what is missing"),
        (b"text,label\na,x\nf\xfcr,y\n", {"format": "csv"}, r"row 3: not UTF-8 \(byte 2"),
        ("a\tx\nb\n", {"format": "separated", "columns": ("t", "l")}, "row 2: 1 of 2 columns"),
        (b"\xff\tx\n", {"format": "separated", "columns": ("t", "l")}, "row 1: not UTF-8"),
        ('[{"t": 1},\n{"t": }]', {"format": "json"}, "row 2: broken JSON"),
        ('[{"t": 1}, 2]', {"format": "json"}, "row 2: not a JSON object"),
        ('"x"', {"format": "json"}, "not a list or an object"),
        ('{"t": [1, 2], "l": ["a"]}', {"format": "json"}, r"columns of different lengths \(t 2, l 1\)"),
        ('[{"t": 1}]\n{"t": }', {"format": "json"}, "row 2: broken JSON"),
        ('[\n{"t": 1}\n]', {"format": "json_lines"}, "row 1: broken JSON.*as a whole .json"),
        ('{\n"t": 1\n}', {"format": "json_lines"}, "row 1: broken JSON.*as a whole .json"),
        ('{"error": "not found"}', {"format": "json"}, r'is one object \({"error": "not found"}\), not a list'),
        ("[" * 100_000, {"format": "json"}, "nested too deeply"),
        ("9" * 5000, {"format": "json"}, "broken JSON"),
        ('[{"t": 1}, {"t": 1, "m": {"t": 1, "t": 2}}]', {"format": "json"}, "'t' is there twice in one object"),
        ('{"columns": ["t"], "data": [[1], [1, 2]]}', {"format": "json"}, "row 2: not a JSON object"),
        ('{"columns": ["t", "t"], "data": [[1, 2]]}', {"format": "json"}, "two columns are named 't'"),
        ('{"a": [{"t": 1}], "a": [{"t": 2}]}', {"format": "json"}, "'a' is there twice"),
        ('{"t": 1}\n{"t": 1, "l": 2, "l": 3}\n', {"format": "json_lines"}, "row 2: .*'l' is there twice"),
        ('{"t": 1}\n{"t": \n', {"format": "json_lines"}, "row 2: broken JSON"),
        ('{"t": 1}\n[]\n', {"format": "json_lines"}, "row 2: not a JSON object.*name a file of JSON as a whole .json"),
        ('{"rows": 1}', {"format": "json_lines", "within": "rows"}, "row 1: no list 'rows'"),
        ('{"rows": [1]}', {"format": "json_lines", "within": "rows"}, "row 1: not a JSON object"),
    ],
)
def test_a_broken_file_is_one_line_with_file_and_row(rows, content, card: dict, words: str) -> None:
    with pytest.raises(PyriteError, match=words) as caught:
        rows({"a.file": content}, **card)
    assert "a.file" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_latin_1_where_the_card_says_so(rows) -> None:
    spec = {"format": "separated", "separator": "@", "columns": ("t", "l"), "encoding": "latin-1"}
    assert rows({"a": b"f\xfcr@x\n"}, **spec) == [(1, {"t": "für", "l": "x"})]


def test_a_missing_file_says_which_stage_makes_it(tmp_path: Path) -> None:
    spec = cards.Rows(format="json", file="a.json", text="{t}", label="l")
    with pytest.raises(PyriteError, match=r"a\.json: no such file: run `pyrite fetch greetings`"):
        list(fields.read(tmp_path / "greetings/a.json", spec))


def saved(path: Path, table: pa.Table) -> None:
    match path.suffix:
        case ".parquet":
            parquet.write_table(table, path)
        case ".feather":
            feather.write_feather(table, path)
        case _:
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
                stream.write_table(table)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "A.ARROW", "a.feather"])
def test_files_in_columns_with_bytes_that_are_text(tmp_path: Path, name: str) -> None:
    table = pa.table({"text": pa.array(["é".encode(), None], pa.binary()), "raw": [b"\xff", b"x"], "n": [1.0, 2.5]})
    saved(tmp_path / name, table)
    expected = [{"text": "é", "raw": b"\xff", "n": 1.0}, {"text": None, "raw": b"x", "n": 2.5}]
    assert [row.fields for row in formats.read(tmp_path / name)] == expected


def test_pairs_are_fields_and_a_file_without_bytes_has_no_rows(tmp_path: Path) -> None:
    saved(tmp_path / "a.parquet", pa.table({"m": pa.array([[("x", 1)]], pa.map_(pa.string(), pa.int64()))}))
    assert [row.fields for row in formats.read(tmp_path / "a.parquet")] == [{"m": {"x": 1}}]
    for ending in formats.ENDINGS:
        (tmp_path / f"empty{ending}").touch()
        assert list(formats.read(tmp_path / f"empty{ending}")) == []


DATA = [["text", "label"], ["one", 1], ["two", 2.5], ["", ""]]


@pytest.mark.parametrize(
    ("sheets", "names"),
    [
        ({"a": DATA}, ()),
        ({"notes": [["made by me"]], "a": DATA}, ()),
        ({"legend": [["label", "stands for"], ["1", "x"]], "a": DATA}, ("text",)),
    ],
)
def test_the_sheet_of_a_workbook_that_has_rows(tmp_path: Path, sheets: dict, names: tuple) -> None:
    workbook(tmp_path / "a.xlsx", sheets)
    assert [(row.number, row.fields) for row in formats.read(tmp_path / "a.xlsx", names=names)] == [
        (2, {"text": "one", "label": 1.0}),
        (3, {"text": "two", "label": 2.5}),
    ]


def test_several_sheets_with_rows_are_not_left_out_in_silence(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", {"train": DATA, "test": DATA})
    with pytest.raises(PyriteError, match=r"several sheets have rows \(train, test\)"):
        list(formats.read(tmp_path / "a.xlsx"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "iso2022_jp"])
@pytest.mark.parametrize("text", ["a cup of tea", "чашка чая", "紅茶を一杯"])
def test_wide_encodings_are_read(tmp_path: Path, encoding: str, text: str) -> None:
    (tmp_path / "a.csv").write_bytes(f"text,label\r\n{text},x\r\n".encode(encoding))
    assert [row.fields for row in formats.read(tmp_path / "a.csv")] == [{"text": text, "label": "x"}]


@pytest.mark.parametrize(
    ("encoding", "text", "advised"),
    [
        ("cp1252", "Côte d’Azur", "CP1252"),
        ("cp1250", "Źle i głośno", "CP1250"),
        ("cp1251", "Этот старый чайник сломался", "CP1251"),
        ("koi8_r", "Этот старый чайник сломался", "KOI8-R"),
        ("shift_jis", "このやかんは三日で壊れてしまいました", "CP932"),
        ("shift_jis", "テストノケトル", "CP932"),
        ("euc_jp", "このやかんは三日で壊れてしまいました", "EUC-JP"),
        ("gbk", "这个水壶用了三天就坏了", "GB18030"),
        ("big5", "這個水壺用了三天就壞了", "BIG5"),
        ("cp949", "이 주전자는 사흘 만에 고장 났습니다", "CP949"),
    ],
)
def test_a_command_is_advised_that_makes_utf8_of_the_file(
    tmp_path: Path, encoding: str, text: str, advised: str
) -> None:
    content = "text,label\n" + "".join(f"{text} {n},x\n" for n in range(20))
    (tmp_path / "a.csv").write_bytes(content.encode(encoding))
    with pytest.raises(PyriteError, match=rf"row 2: not UTF-8 .*iconv -f {advised} -t UTF-8 \S+a\.csv > "):
        list(formats.read(tmp_path / "a.csv"))
    assert content.encode(encoding).decode(advised) == content


@pytest.mark.parametrize("content", [b"text,label\n\x97\xbf\x97\x9d,x\n", "text\ncafé\nсмех\n".encode() + b"caf\xe9\n"])
def test_no_command_is_advised_where_it_might_be_wrong(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(PyriteError, match="not UTF-8") as caught:
        list(formats.read(tmp_path / "a.csv"))
    assert "iconv" not in str(caught.value)


def test_no_command_is_advised_for_a_packed_file_which_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress("text,label\nCôte,x\n".encode("cp1252")))
    with pytest.raises(PyriteError, match="row 2: not UTF-8") as caught:
        list(formats.read(tmp_path / "a.csv.gz"))
    assert "iconv" not in str(caught.value)


def test_packed_files_and_endings_in_any_case(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "B.TSV.GZ"):
        (tmp_path / name).write_bytes(gzip.compress(b"text\nx\n"))
        assert [row.fields for row in formats.read(tmp_path / name)] == [{"text": "x"}]
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"text\n" + b"x\n" * 99)[:-9])
    with pytest.raises(PyriteError, match="broken gzip"):
        list(formats.read(tmp_path / "a.csv.gz"))
    with pytest.raises(PyriteError, match=r"a\.docx: no format that is read"):
        formats.of_file(Path("a.docx"))


def test_half_an_emoji_is_replaced_and_a_whole_one_kept(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"\\ud83d": ["x \\ud83d", {"y": "\\ud83d\\ude00"}]}\n')
    [row] = formats.read(tmp_path / "a.jsonl")
    assert row.fields == {"\ufffd": ["x \ufffd", {"y": "\U0001f600"}]}


@pytest.mark.parametrize("name", ["csv", "json_lines", "parquet"])
def test_what_a_format_writes_it_reads(tmp_path: Path, name: str) -> None:
    form = formats.FORMATS[name]
    rows = [{"text": 'a "b",\nc', "label": "x"}, {"text": "é", "label": "y"}]
    path = tmp_path / f"a{form.endings[0]}"
    with path.open("wb") as file:
        form.write(file, iter(rows))
        file.write(b"")  # it is its owner's to close
    assert [row.fields for row in formats.read(path)] == rows


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ({"format": "excel"}, "'excel' is none; there are csv"),
        ({"format": "json", "separator": ";"}, "separator: the format json has none"),
        ({"format": "csv", "separator": ";;"}, "can't part columns"),
        ({"format": "separated"}, "columns: the format separated needs them"),
        ({"format": "csv", "within": "x"}, "within: the format csv has none"),
    ],
)
def test_a_layout_that_does_not_fit_its_format(layout: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        formats.require_fit(Layout(**layout))


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather"])
def test_damaged_files_in_columns_are_read_or_refused(tmp_path: Path, name: str) -> None:
    path, drawn = tmp_path / name, random.Random(0)
    saved(path, pa.table({"text": [f"a text {n}" for n in range(40)], "label": ["a", "b"] * 20}))
    whole = path.read_bytes()
    for _ in range(200):
        damaged = bytearray(whole)
        for _ in range(drawn.randint(1, 3)):
            damaged[drawn.randrange(len(whole))] = drawn.randrange(256)
        path.write_bytes(damaged)
        try:
            assert all(isinstance(row.fields, dict) for row in formats.read(path))
        except PyriteError as error:
            assert "\n" not in str(error)


def test_every_module_with_formats_is_known() -> None:
    modules = [import_module(f"{formats.__name__}.{module.name}") for module in iter_modules(formats.__path__)]
    entries = [name for module in modules for name in vars(module).get("FORMATS", ())]
    assert sorted(entries) == sorted(formats.FORMATS)


@pytest.mark.parametrize("name", formats.FORMATS)
def test_rows_are_counted_where_the_format_tells_their_number(tmp_path: Path, name: str) -> None:
    form = formats.FORMATS[name]
    if form.count and form.write:
        path = tmp_path / f"a{form.endings[0]}"
        with path.open("wb") as file:
            form.write(file, [{"text": "x"}] * 3)
        assert formats.count(path) == 3 + form.has_header
    assert formats.count(tmp_path / "absent.parquet") is None
