from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.llm import parsing


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('```json\n["a", "b"]\n```', ["a", "b"]),
        ('Here you are:\n```\n["a"]\n```\nAnything else?', ["a"]),
        ('Sure [as asked]: ["a", "b"]', ["a", "b"]),
        ('{"texts": ["a", "b"]}', ["a", "b"]),
        ('["a", "b", "cut o', ["a", "b"]),
        ('```json\n["a", "b", "cut o', ["a", "b"]),
        ('["a", 3, null, {"text": "b"}, "c"]', ["a", "c"]),
        ('["a", "b",]', ["a", "b"]),
        ("I'm sorry, I can't help with that.", []),
        ("", []),
        ("[" * 100_000, []),
    ],
)
def test_answers_are_read_leniently(answer: str, texts: list[str]) -> None:
    assert parsing.texts(answer) == texts


@given(st.lists(st.text()), st.text(alphabet=st.characters(exclude_characters="[`")))
def test_any_array_is_read_whatever_stands_before_it(texts: list[str], before: str) -> None:
    # A fence inside a text is the one thing that can't be told from a fence around the array.
    texts = [text.replace("```", "") for text in texts]
    assert parsing.texts(before + json.dumps(texts)) == texts


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="`")), min_size=1), st.data())
def test_a_truncated_array_keeps_its_whole_items(texts: list[str], data: st.DataObject) -> None:
    answer = json.dumps(texts)
    cut = data.draw(st.integers(min_value=0, max_value=len(answer) - 1))
    found = parsing.texts(answer[:cut])
    assert found == texts[: len(found)]


@given(st.text())
def test_any_answer_gives_a_list_of_texts(answer: str) -> None:
    assert all(isinstance(text, str) for text in parsing.texts(answer))


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("1. A first one\n2) A second one\n", ["A first one", "A second one"]),
        ('Here:\n- "Quoted",\n* plain', ["Quoted", "plain"]),
        ('1. not this\n["this"]', ["this"]),
        ('{"texts": [], "more": ["a"]}', ["a"]),
        ("It costs 3. And then nothing.", []),
    ],
)
def test_a_list_counts_where_there_is_no_array(answer: str, texts: list[str]) -> None:
    assert parsing.texts(answer) == texts


@pytest.mark.parametrize("answer", ['["\\ud800 half"]', "1. \ud800 half", '["\ud800 half"]'])
def test_lone_surrogates_are_replaced(answer: str) -> None:
    assert parsing.texts(answer) == ["\ufffd half"]


@pytest.mark.parametrize(
    "answer",
    [
        '[{"name": "tone", "values": ["dry", "warm"]}, {"name": "", "values": ["x"]}, {"name": "y", "values": []}]',
        'Sure: {"attributes": [{"name": "tone", "values": ["dry", "warm", 3]}]}',
        '```json\n{"tone": ["dry", "warm"], "n": 3}\n```',
    ],
)
def test_attributes_are_read_leniently(answer: str) -> None:
    assert parsing.attributes(answer) == {"tone": ["dry", "warm"]}


@given(st.text())
def test_any_answer_gives_attributes_or_none(answer: str) -> None:
    assert all(name and values for name, values in parsing.attributes(answer).items())


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I cannot write hateful texts.", True),
        ("Here are some ideas, without an array", False),
        ("", False),
    ],
)
def test_a_refusal_is_told_from_nonsense(answer: str, refuses: bool) -> None:
    assert parsing.is_refusal(answer) is refuses
