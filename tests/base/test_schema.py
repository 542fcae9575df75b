from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from dvc.utils.serialize import loads_yaml
from hypothesis import given
from hypothesis import strategies as st

from pyrite.base import files, schema
from pyrite.base.errors import PyriteError
from pyrite.base.schema import Schema


class Recipe(Schema):
    steps: int
    name: str
    sizes: tuple[int, ...] = ()


class Book(Schema):
    title: str
    recipes: dict[str, Recipe]


def load(tmp_path: Path, text: str) -> Book:
    path = tmp_path / "book.yaml"
    path.write_text(text, encoding="utf-8")
    return schema.load(path, Book)


GOOD = "title: t\nrecipes:\n  a:\n    steps: 3\n    name: n\n    sizes:\n      - 1\n      - 2\n"


def test_reads_what_is_there(tmp_path: Path) -> None:
    book = load(tmp_path, GOOD)
    assert book.recipes["a"] == Recipe(steps=3, name="n", sizes=(1, 2))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace("steps: 3", "setps: 3"), 4, ["recipes.a.setps", "unknown key", "'steps'"]),
        (GOOD.replace("steps: 3", "steps: three"), 4, ["recipes.a.steps", "integer", "'three'"]),
        (GOOD.replace("steps: 3", "steps: '3'"), 4, ["recipes.a.steps", "integer"]),
        (GOOD.replace("      - 2", "      - x"), 8, ["recipes.a.sizes.1", "integer"]),
        (GOOD.replace("    name: n\n", ""), 3, ["recipes.a.name", "missing"]),
        (GOOD + "title: again\n", 9, ["title", "twice"]),
        (GOOD + "  - broken: [", 9, ["not valid YAML"]),
        (GOOD.replace("name: n", "name: 2026-99-99"), 5, ["'2026-99-99' can't be read"]),
        (GOOD.replace("steps: 3", "steps: " + "9" * 5000), 4, ["can't be read"]),
        (GOOD.replace("steps: 3", "steps: !!timestamp x"), 4, ["'x' can't be read"]),
        (GOOD + '"a\\nb": c\n', 9, ["a b: unknown key"]),
        (GOOD + "[a, b]: c\n", 9, ["a key must be a plain word"]),
        ("!!set x", 1, ["keys and values belong here"]),
        ("", 1, ["file"]),
        ("just words", 1, ["file"]),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    with pytest.raises(PyriteError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    assert f"book.yaml:{line}:" in message
    for word in words:
        assert word in message


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PyriteError, match="no such file"):
        schema.load(tmp_path / "none.yaml", Book)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_any_yaml_is_read_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("any") / "book.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PyriteError) as caught:
        schema.load(path, Book)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "book.yaml"
    path.write_bytes(content)
    with pytest.raises(PyriteError) as caught:
        schema.load(path, Book)
    assert "\n" not in str(caught.value)


class Answer(schema.Result):
    share: float
    note: str | None = None


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    files.write_json(path, Answer(share=1 / 3))
    assert path.read_text() == '{\n  "share": 0.333333\n}\n'
    assert schema.read_result(path, Answer) == Answer(share=0.333333)


def test_a_result_of_another_version_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    files.write_json(path, {"mean": 0.5})
    with pytest.raises(
        PyriteError, match=r"answer\.json: made by another version of Pyrite \(share\): run `dvc repro`"
    ):
        schema.read_result(path, Answer)


def test_an_edit_keeps_comments_and_all_else() -> None:
    block = (
        "# top\ntwo:\n  - a\n  # b's\n  - b   # these\n\n# about three\nthree:\n  deep: |\n    x\n\n  last: 'y' # z\n"
        "folded: >-\n  some words that\n  go on here\n"
    )

    def change(data: dict) -> None:
        data["three"]["deep"] = 2

    assert schema.edit(block, lambda data: None) == block
    assert schema.edit(block, change) == block.replace("deep: |\n    x\n\n", "deep: 2\n")


WORDS = "08 09 007 1e3 1_000 0x1f 0o7 1:30 no yes on y null ~ NULL .inf .nan 2001-01-01 << = ! & * - ? : '"
PHRASES = ["- x", "a: b", "# y", " a", "a ", "a\nb", "\u2028", "é", "日本", "{x}", "%i", "@u", "", "\t"]


@pytest.mark.parametrize("text", [*re.findall(r"\S+", WORDS), *PHRASES])
def test_what_is_quoted_is_the_same_string_for_every_reader(text: str) -> None:
    source = f"{schema.quoted(text)}: {schema.quoted(text)}\n"
    assert loads_yaml(source) == {text: text}
    assert yaml.safe_load(source) == {text: text}
    assert yaml.load(source, schema._Loader) == {text: text}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_text_is_quoted_for_every_reader(text: str) -> None:
    source = f"{schema.quoted(text)}: {schema.quoted(text)}\n"
    assert loads_yaml(source) == yaml.safe_load(source) == yaml.load(source, schema._Loader) == {text: text}


@pytest.mark.parametrize("word", re.findall(r"\S+", "08 1e3 1_000 no on y 0o17 0x1f 0b1 null ~ 1.5 true 1:30 1."))
def test_plain_words_are_what_dvc_reads(word: str) -> None:
    assert yaml.load(f"a: {word}", schema._Loader) == loads_yaml(f"a: {word}")


@pytest.mark.parametrize("name", ["no", "on", "null", "y", "true"])
def test_a_word_that_yaml_takes_for_another_value_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="a word that YAML takes"):
        schema.plain(name)
