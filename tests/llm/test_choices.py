from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.llm import choices

LABELS = ["irony", "non_irony"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"1": "irony", "2": "non_irony", "3": "irony"}', ["irony", "non_irony", "irony"]),
        (
            'Sure!\n```json\n{"1": "Irony.", "2": "NON-IRONY", "3": "non irony"}\n```',
            ["irony", "non_irony", "non_irony"],
        ),
        ("1. irony\n2) non_irony\n3: 'irony'", ["irony", "non_irony", "irony"]),
        ('{"1": "irony", "2": "non_iro', ["irony", None, None]),
        ('{"1": "irony", "3": "sarcasm", "2": 5}', ["irony", None, None]),
        ("1: irony\n1: non_irony\n2: irony", [None, "irony", None]),
        ("Here are all (3):\n1: irony\n2: irony\n3: irony", ["irony"] * 3),
        ('{"1": "irony", "2": "non_irony", "3": "irony"} Or {"2": "irony"}?', ["irony", None, "irony"]),
        # Wrapped, listed, in order, in bold.
        ('{"labels": {"1": "irony", "2": "non_irony"}}', ["irony", "non_irony", None]),
        ('{"1": {"label": "irony", "why": "a joke"}, "2": ["non_irony"], "3": 0}', ["irony", "non_irony", None]),
        ('[{"id": 2, "label": "irony"}, {"id": 1, "label": "non_irony"}]', ["non_irony", "irony", None]),
        ('[{"1": "irony"}, {"2": "non_irony"}]', ["irony", "non_irony", None]),
        ('{"answer": ["irony", "non_irony", "irony"]}', ["irony", "non_irony", "irony"]),
        ('[{"label": "irony"}, {"label": "irony"}, {"label": "**non-irony**"}]', ["irony", "irony", "non_irony"]),
        ("**1.** irony\n**2:** non_irony\n3. **irony**", ["irony", "non_irony", "irony"]),
        ("Text 1: irony\nText 2 - non_irony\n| 3 | irony |", ["irony", "non_irony", "irony"]),
        ("1: irony, 2: irony, 3: non_irony", ["irony", "irony", "non_irony"]),
        # What a model thought, and what it did not say to the end.
        ('<think>{"1": "non_irony"}</think>{"1": "irony"}', ["irony", None, None]),
        ("<think>1: irony", [None] * 3),
        ('{"1": "irony", "2": "irony', ["irony", None, None]),
        # Never shifted.
        ('{"0": "irony", "1": "irony", "2": "non_irony"}', [None] * 3),
        ('{"1": "irony", "2": "irony", "3": "irony", "4": "irony"}', [None] * 3),
        ("0. irony\n1. irony\n2. irony", [None] * 3),
        ('["irony", "irony"]', [None] * 3),
        ('["irony", "irony", "irony", "irony"]', [None] * 3),
        ('["irony", null, "irony", "irony"]', [None] * 3),
        ("I would rather not.", [None] * 3),
        ("", [None] * 3),
        pytest.param("[" * 100_000, [None] * 3, id="brackets"),
        pytest.param('{"1":' * 50_000, [None] * 3, id="braces"),
    ],
)
def test_labels_are_read_leniently_and_never_guessed(answer: str, expected: list[str | None]) -> None:
    assert choices.of_texts(answer, 3, LABELS) == expected


def test_labels_that_look_alike_must_be_exact() -> None:
    alike = ["no_irony", "no irony"]
    assert choices.of_texts('{"1": "no_irony", "2": "No Irony"}', 2, alike) == ["no_irony", None]


STARS, SIGNS, CHINESE = ["1", "2", "3", "4", "5"], ["+", "-"], ["正面", "负面"]


@pytest.mark.parametrize(
    ("labels", "answer", "expected"),
    [
        # Labels that JSON has as numbers or truth values.
        (STARS, '{"1": 5, "2": 3.0}', ["5", "3"]),
        (STARS, "[5, 3]", ["5", "3"]),
        (STARS, '[{"id": 1, "label": 5}, {"id": 2, "label": 3}]', ["5", "3"]),
        (STARS, "1: 5\n2: 3", ["5", "3"]),
        (STARS, '{"1": 7, "2": 3}', [None, "3"]),
        (STARS, "1: 4 stars\n2 - 3 stars", [None, None]),
        (STARS, "1: 4 stars", [None]),
        (STARS, "5\n3", ["5", "3"]),
        (["true", "false"], '{"1": true, "2": false}', ["true", "false"]),
        (["a", "b"], '{"1": 2, "2": 1}', [None, None]),
        # Labels of signs, and in other languages.
        (SIGNS, '{"1": "+", "2": "-"}', ["+", "-"]),
        (SIGNS, '{"1": "", "2": "*"}', [None, None]),
        (CHINESE, "1：正面\n2、负面", CHINESE),
        (["café", "thé"], '{"1": "cafe\u0301", "2": "Thé"}', ["café", "thé"]),
        # What stands around a label.
        (["a", "b"], "1. Label: a\n2. The label is b", ["a", "b"]),
        (["a", "b"], "1. a (it sells)\n2: b - a friend", ["a", "b"]),
        (["a", "b"], "1) `a`\n2\tb", ["a", "b"]),
        (["a", "b"], "1 => a\n2 -> b", ["a", "b"]),
        (["a", "b"], '{"1": "a or b", "2": "label: b"}', [None, "b"]),
        (["spam", "not spam"], '{"1": "Not Spam", "2": "spam"}', ["not spam", "spam"]),
        # Other forms.
        (["a", "b"], '{"text_1": "a", "Text 2": "b"}', ["a", "b"]),
        (["a", "b"], '{"1": {"class": "a", "reason": "it sells"}, "2": {"class": "b", "reason": "no"}}', ["a", "b"]),
        (["a", "b"], '{"results": [{"id": "1", "label": "a"}, {"id": "2", "label": "b"}]}', ["a", "b"]),
        (["a", "b"], '{"results": [{"index": 0, "label": "a"}, {"index": 1, "label": "b"}]}', [None, None]),
        (["a", "b"], '{"b": [1], "a": ["2"]}', ["b", "a"]),
        (["a", "b"], '[[1, "b"], ["2", "a"]]', ["b", "a"]),
        (["a", "b"], "a\n\nb", ["a", "b"]),
        (["a", "b"], "a\nb\na", [None, None]),
        (["a", "b"], "Label: **B**", ["b"]),
        (["a", "b"], "<label>b</label>", ["b"]),
        (["a", "b"], "It is a.", [None]),
        (["a", "b"], '{"1": "a", "1": "b", "2": "b"}', [None, "b"]),
        (["a", "b"], '[{"label": "a", "score": 2}, {"label": "b", "score": 1}]', ["a", "b"]),
        (["a", "b"], '[{"id": 1, "label": "a", "votes": 2}, {"id": 2, "label": "b", "votes": 1}]', ["a", "b"]),
        (["a", "b"], "[1] a\n[2] b", ["a", "b"]),
        (["a", "b"], "[0] a\n[1] b", [None, None]),
        (["a", "b"], "1: a; 2: b", ["a", "b"]),
        (["a", "b"], '["1: a", "2: b"]', ["a", "b"]),
        (["a", "b"], "{“1”: “a”, “2”: “b”}", ["a", "b"]),
        (["a", "b"], "Text 1 is about a.\nText 2 should be labelled b.", ["a", "b"]),
        (["a", "b"], '"{\\"1\\": \\"a\\", \\"2\\": \\"b\\"}"', ["a", "b"]),
        (["a", "b"], '{"labels": "{\\"1\\": \\"a\\", \\"2\\": \\"b\\"}"}', ["a", "b"]),
        (["a", "b"], '{"T1": "a", "review 2": "b"}', ["a", "b"]),
        (["a", "b"], '{"1": "one of the texts", "2": "x"}\n{"1": "a", "2": "b"}', ["a", "b"]),
        (["a", "b"], '<denken>{"1": "b", "2": "a"}</denken>{"1": "a", "2": "b"}', ["a", "b"]),
        # Signs around a label, what follows it, and other writings of the same.
        (["a", "b"], '{"1": "<a>", "2": "✅ b!"}', ["a", "b"]),
        (["C++", "C#", "C"], '{"1": "C++", "2": "C#", "3": "C", "4": "(C)", "5": "C+"}', ["C++", "C#", "C", "C", None]),
        (["a", "b"], '{"1": "a, for it sells", "2": "b (not x)", "3": "a, b", "4": "a (b)"}', ["a", "b", None, None]),
        (["a", "b"], '{"1": "!a", "2": "b?", "3": "a/x", "4": "¬ b"}', [None, None, None, None]),
        (["a", "b"], "a, for it sells", ["a"]),
        (["a", "b"], '{"n": 3, "1": "a"}', ["a", None, None]),
        (["a", "b"], '{"n": 3, "1": "a", "2": "b', ["a", None, None]),
        (["a", "b"], '{"1": ["a", 0.9], "2": ["b", 0.8]}', ["a", "b"]),
        (["a", "b"], "{'labels': [{'id': 2, 'label': 'a'}, {'id': 1, 'label': 'b'},]}", ["b", "a"]),
        (["a", "b"], "['a', 'b']", ["a", "b"]),
        (["a", "b"], '{"a": "1, 3", "b": "2"}', ["a", "b", "a"]),
        (["a", "b"], "id,label\n2,a\n1,b", ["b", "a"]),
        (["a", "b"], "a, b, a", ["a", "b", "a"]),
        (["a", "b"], "<2>a</2><1>b</1>", ["b", "a"]),
        (["a", "b"], '<text id="2">a</text>\n<text id="1">b</text>', ["b", "a"]),
        (["a", "b"], '<text id="0">a</text>\n<text id="1">b</text>', [None, None]),
        (["a", "b"], "Label 1: a\nLabel 2: b", ["a", "b"]),
        (["a", "b"], "1\ufe0f\u20e3 a\n2\ufe0f\u20e3 b", ["a", "b"]),
        (["a", "b"], '> {"1": "b", "2": "a"}\n\n{"1": "a", "2": "b"}', ["a", "b"]),
        (["a", "b"], "> 1: a\n> 2: b", ["a", "b"]),
        # With the texts, reasons or headings beside them; in mathematicians' boxes.
        (["a", "b"], "1. **a**: it sells\n2. b: a friend\n3. a: not b\n4. a: b", ["a", "b", "a", None]),
        (["a", "b"], "| # | Text | Label |\n|---|---|---|\n| 1 | Win it | a |\n| **2** | a | b |", ["a", None]),
        (["a", "b"], '1. "Win it" - a\n2. “See you” → b', ["a", "b"]),
        (["a", "b"], '1. "Win it"\n   Label: a\n2. "See you"\n   Label: b', ["a", "b"]),
        (["a", "b"], '1. "a"\n2. "b"\n\nThat is all.', ["a", "b"]),
        (["a", "b"], "**Text 1**\nLabel: a\n\n**Text 2:**\nb", ["a", "b"]),
        (["a", "b"], "<item><id>2</id><label>a</label></item><item><id>1</id><label>b</label></item>", ["b", "a"]),
        (["a", "b"], "* **Text 1:** a\n* **Text 2:** b", ["a", "b"]),
        (["a", "b"], "1. Label: a, Confidence: 0.9\n2. b | score: 0.8", ["a", "b"]),
        (["a", "b"], "Labels: a, b, a", ["a", "b", "a"]),
        (["a", "b"], "Labels: 1: a, 2: b", ["a", "b"]),
        (["a", "b"], "Here they are:\n\na\nb", ["a", "b"]),
        (["a", "b"], "1: a\n2: b\n\nCorrection: 2: a", ["a", None]),
        (["a", "b"], "\\boxed{a, b}", ["a", "b"]),
        (["a", "b"], "The answer is \\boxed{\\text{b}}.", ["b"]),
        (["a", "b"], "The label is **b**.", ["b"]),
        (["a", "b"], "b\n\nExplanation: it looks like a, but sells.", ["b"]),
        (["a", "b"], "a\n" + "b " * 400 + "\nb", [None, None, None]),
        (["a", "b"], "b\n\nWait, no:\n\na", [None]),
        (["a", "b"], '{"1": "b", "2": "b"}\nCorrected:\n{"1": "a", "2": "b"}', ["a", "b"]),
    ],
)
def test_labels_are_read_as_they_were_meant(labels: list[str], answer: str, expected: list[str | None]) -> None:
    assert choices.of_texts(answer, len(expected), labels) == expected


@pytest.mark.parametrize(
    "answer", ["[" * 100_000, '"' * 200_000, "| 1 |" * 50_000, "\n" * 100_000 + "1", "1\n" * 50_000, "a " * 99_999]
)
@pytest.mark.parametrize("n", [1, 3])
def test_hostile_answers_take_no_time(answer: str, n: int) -> None:
    began = time.process_time()
    choices.of_texts(answer, n, ["a", "b"])
    assert time.process_time() - began < 2


@given(st.text(), st.integers(1, 5))
def test_any_answer_gives_as_many_labels_as_texts(answer: str, n: int) -> None:
    labels = choices.of_texts(answer, n, ["a", "b"])
    assert len(labels) == n and set(labels) <= {"a", "b", None}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *[
            (answer, "one")
            for answer in (
                '{"answer": "A"}',
                "<think>B</think> A",
                "A",
                "a.",
                "Task A",
                "**A**",
                "Answer: A",
                "The more objective task is A.",
            )
        ],
        *[(answer, "other") for answer in ("B\n", "(B)", "option b")],
        *[(answer, None) for answer in ("", "A or B", "both", "A close call, but it is the second", "AB")],
    ],
)
def test_the_more_objective_task_is_read_off_a_letter(answer: str, expected: str | None) -> None:
    assert choices.of_two(answer, "one", "other") == expected
