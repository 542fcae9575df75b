from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.data.texts import encodable
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
        ('["a", 3, null, {"text": "b"}, "c"]', ["a", "b", "c"]),
        ('["a", "b",]', ["a", "b"]),
        ("I'm sorry, I can't help with that.", []),
        ("", []),
        ("[" * 100_000, []),
    ],
)
def test_answers_are_read_leniently(answer: str, texts: list[str]) -> None:
    assert parsing.texts(answer) == texts


@pytest.mark.parametrize(
    ("answer", "texts", "unread"),
    [
        # What surrounds the texts.
        (json.dumps('["a b", "c d"]'), ["a b", "c d"], 0),
        (json.dumps({"texts": '["a b", "c d"]'}), ["a b", "c d"], 0),
        ('["{\\"text\\": \\"a b\\"}", "{\\"text\\": \\"c d\\"}"]', ["a b", "c d"], 0),
        ('"a b"', ["a b"], 0),
        ('"a b"\n"c d"', ["a b", "c d"], 0),
        ('Here:\n  "a \\"b\\"",\n\n  "c d",\n', ['a "b"', "c d"], 0),
        ('[{"text": "a b", "label": "x"}, {"text": "c d", "label": "x"}]', ["a b", "c d"], 0),
        ('[{"sentence": "a b", "n": 1}, {"sentence": "c d", "n": 2}]', ["a b", "c d"], 0),
        ('{"sentence": "a b"}\n{"sentence": "c d"}', ["a b", "c d"], 0),
        ('[{"sentence": "a b"}, {"sentence": "c d"}, {"sent', ["a b", "c d"], 1),
        ('{"1": "a b", "2": "c d"}', ["a b", "c d"], 0),
        ('{"type": "object", "properties": {"texts": {"type": "array", "items": ["a b"]}}}', ["a b"], 0),
        ('{"type": "object", "properties": {"texts": {"type": "array", "items": {"type": "string"}}}}', [], 0),
        ('["a b"]\n["c d"]', ["a b", "c d"], 0),
        ('["a b"], ["c d"]', ["a b", "c d"], 0),
        ('[["a b"], ["c d"]]', ["a b", "c d"], 0),
        ('```json\n["a b"]\n```\nAnd two more:\n```json\n["c d", "e f"]\n```', ["a b", "c d", "e f"], 0),
        ('```python\nprint(x)\n```\n```json\n["a b"]\n```', ["a b"], 0),
        ('~~~\n["a b"]\n~~~', ["a b"], 0),
        ('An array like ["string 1", "string 2"].\n\n["a b", "c d"]', ["a b", "c d"], 0),
        ('For example:\n["...", "..."]\n["a b"]', ["a b"], 0),
        ('I write [2] of them [as told]: ["a b", "c d"], with [care].', ["a b", "c d"], 0),
        ("&#91;&quot;a b&quot;, &quot;c d&quot;&#93;", ["a b", "c d"], 0),
        ('texts:\n  - a b\n  - "c d"', ["a b", "c d"], 0),
        ("**1.** a b\n**2.** c d", ["a b", "c d"], 0),
        ("<texts><item id='1'>a b</item>\n<item>c d</item></texts>", ["a b", "c d"], 0),
        ("<item><text>a b</text></item><item><text>c d</text></item>", ["a b", "c d"], 0),
        ('<answer>["a b", "c d"]</answer>', ["a b", "c d"], 0),
        ('one = ["a b"]\ntwo = ["c d"]', ["a b", "c d"], 0),
        ('[\\"a b\\", \\"c d\\"]', ["a b", "c d"], 0),
        ('[{"id": "1", "sentence": "a b", "label": "x"}, {"sentence": "c d", "label": "x"}]', ["a b", "c d"], 0),
        ('{"text_1": "a b", "text_2": "c d"}', ["a b", "c d"], 0),
        ('{"1": {"text": "a b"}, "2": {"text": "c d"}}', ["a b", "c d"], 0),
        ('{"texts": ["a b", "c d"], "tags": ["x", "y"]}', ["a b", "c d"], 0),
        ('{"name": "answer", "arguments": "{\\"texts\\": [\\"a b\\"]}"}', ["a b"], 0),
        ("1. **a b**\n2. **c d**", ["a b", "c d"], 0),
        ("**Text 1:** a b\n\n**Text 2:** c d", ["a b", "c d"], 0),
        ("1. a b\n   c d\n2. e f", ["a b\n   c d", "e f"], 0),
        (json.dumps(json.dumps(json.dumps(["a b", "c d"]))), ["a b", "c d"], 0),
        # Objects: what stands beside a text in its object, and objects that are no JSON.
        ('{"drafts": ["x y"], "final": ["a b", "c d"]}', ["a b", "c d"], 0),
        ('{"reasoning": ["x y"], "answer": ["a b"]}', ["a b"], 0),
        ('[{"sentence": "a b c", "keywords": ["x", "y"]}]', ["a b c"], 0),
        ('[{"text": "a b", "meta": {"tone": "x y z"}, "score": 0.5}]', ["a b"], 0),
        ('[{"sentence": "a b c", "mood": "dry"}, {"draft": "x y z", "final": "c d"}]', ["a b c", "c d"], 0),
        ('{"a b c": "x", "d e f": "y"}', ["a b c", "d e f"], 0),
        ('["a b", "c d"]\n\nKeywords: ["x", "y"]', ["a b", "c d"], 0),
        ("[{'text': 'a b'}, {'text': 'c d'}]", ["a b", "c d"], 0),
        ('{"1": "a b", "2": "c d",}', ["a b", "c d"], 0),
        ('[{text: "a b"}, {text: "c d",},]', ["a b", "c d"], 0),
        ('{"1": "a b", "2": "c d", "3": "e', ["a b", "c d"], 1),
        # Lists of every mark, without what stands around their items.
        ("(1) a b\n(2) c d", ["a b", "c d"], 0),
        ("[1] a b\n[2] c d", ["a b", "c d"], 0),
        ("1 - a b\n2 - c d", ["a b", "c d"], 0),
        ("1、a b\n2、c d", ["a b", "c d"], 0),
        ("a) a b\nb) c d", ["a b", "c d"], 0),
        ("– a b\n– c d", ["a b", "c d"], 0),
        ("- [ ] a b\n- [x] c d", ["a b", "c d"], 0),
        ("texts:\n  - text: a b\n    label: x\n  - text: c d\n    label: x", ["a b", "c d"], 0),
        ("- >-\n  a b\n- >-\n  c d", ["a b", "c d"], 0),
        ("1. **Text:** a b\n2. **Text:** c d", ["a b", "c d"], 0),
        ('1. "a b" (plain)\n2. "c d" (short)', ["a b", "c d"], 0),
        ("1. *a b*\n2. `c d`", ["a b", "c d"], 0),
        ("1. A b.\n2. C d.\n3. E f and", ["A b.", "C d."], 1),
        ("1. A b.\n2. C d.<|eot_id|>", ["A b.", "C d."], 0),
        (json.dumps(["1. a b\n2. c d"]), ["a b", "c d"], 0),
        ("<text_1>a b</text_1>\n<text_2>c d</text_2>", ["a b", "c d"], 0),
        # Without brackets, in tables, under headings, in lines and elements of any name.
        ('("a b", "c d")', ["a b", "c d"], 0),
        ('{"a b", "c d"}', ["a b", "c d"], 0),
        ('"a b", "c d"]', ["a b", "c d"], 0),
        ("“a b”\n\n“c d”", ["a b", "c d"], 0),
        ("| # | Text |\n|---|---|\n| 1 | a b |\n| 2 | c d |", ["a b", "c d"], 0),
        ('```csv\nid,text,label\n1,"a, b",x\n2,c d,x\n```', ["a, b", "c d"], 0),
        ("| # | Text |\n|---|---|\n| 1 | A b. |\n| 2 | C", ["A b."], 1),
        ("text,label\n'A b.',x\n'C d.',x", ["A b.", "C d."], 0),
        ("{'texts': '- a b\\n- c d'}", ["a b", "c d"], 0),
        ("### Text 1\na b\n\n### Text 2\nc d", ["a b", "c d"], 0),
        ("1.\na b\n\n2.\nc d", ["a b", "c d"], 0),
        ("T1: a b\nT2: c d", ["a b", "c d"], 0),
        ("1)a b\n2)c d", ["a b", "c d"], 0),
        ('text_1: "a b"\ntext_2: "c d"', ["a b", "c d"], 0),
        ('- id: 1\n  text: "a b"\n- id: 2\n  text: "c d"', ["a b", "c d"], 0),
        ("Text: a b\n  and c\nLabel: x\n\nText: c d\nLabel: x", ["a b\n  and c", "c d"], 0),
        ("1. **Dry**: a b\n2. **Warm** - c d", ["a b", "c d"], 0),
        ('["**Dry:** a b", "**Warm**\\nc d"]', ["a b", "c d"], 0),
        ("- Texts:\n  - a b\n  - c d", ["a b", "c d"], 0),
        ('1. {"text": "a b"}\n2. {"text": "c d"}', ["a b", "c d"], 0),
        ("<text><![CDATA[a b]]></text><text><![CDATA[c d]]></text>", ["a b", "c d"], 0),
        ("<reviews><review>a b</review><review>c d</review></reviews>", ["a b", "c d"], 0),
        # Under marks and names of more kinds.
        ("1\\. a b\n2\\. c d", ["a b", "c d"], 0),
        ("1.) a b\n2.) c d", ["a b", "c d"], 0),
        ("1.\u00a0a b\n2.\u00a0c d", ["a b", "c d"], 0),
        ("✅ a b\n✅ c d", ["a b", "c d"], 0),
        ("**1. a b**\n**2. c d**", ["a b", "c d"], 0),
        ("Tweet 1: a b\nTweet 2: c d", ["a b", "c d"], 0),
        ('Review #1: "a b"\n\nReview #2: "c d"', ["a b", "c d"], 0),
        ('**Tweet 1:**\n"a b"\n\n**Tweet 2:**\n"c d"', ["a b", "c d"], 0),
        ("### Example 1\n> a b\n\n### Example 2\n> c d", ["a b", "c d"], 0),
        ("| # | Comment |\n|---|---|\n| 1 | a b |\n| 2 | c d |", ["a b", "c d"], 0),
        # With their labels, and beside those that were shown.
        ("1. Text: a b\n   Label: x\n2. Text: c d\n   Label: x", ["a b", "c d"], 0),
        ("Text: a b | Label: x\nText: c d | Label: x", ["a b", "c d"], 0),
        ("1. a b (label: x)\n2. c d (label: x)", ["a b", "c d"], 0),
        ('{"examples": ["x y"], "new_texts": ["a b"]}', ["a b"], 0),
        ('{"original": ["x y"], "rewritten": ["a b"]}', ["a b"], 0),
        (json.dumps({"response": '```json\n["a b", "c d"]\n```'}), ["a b", "c d"], 0),
        # Notes, parts and headings in a list are none.
        ("1. a b.\n2. c d.\n\nNotes:\n* short\n* dry", ["a b.", "c d."], 0),
        ("1. One\n- a b c.\n2. Two\n- c d e.", ["a b c.", "c d e."], 0),
        ('"a b"\n\nIt is:\n- short\n- dry', ["a b"], 0),
        ("1. tick the [ ] box\n2. a > b c", ["tick the [ ] box", "a > b c"], 0),
        # Nor is the form of the answer.
        ('["<text 1>", "<text 2>"]', [], 0),
        ('["[Insert text here]"]', [], 0),
        # With what belongs to each.
        ('[["a b c", "x"], ["c d e", "x"]]', ["a b c", "c d e"], 0),
        ('[{"sentence": "a b", "why": "it is so here"}]', ["a b"], 0),
        ('{"old": ["x y"], "new": ["a b"]}', ["a b"], 0),
        # Dots and numbers are no texts.
        ('["a b", "c d", "..."]', ["a b", "c d"], 1),
        ('[["1", "a b"], ["2", "c d"]]', ["a b", "c d"], 2),
        # What is in an array that is no JSON.
        ('["a b"，"c d"]', ["a b", "c d"], 0),
        ("[「a b」、「c d」]", ["a b", "c d"], 0),
        ('[\n  "a b",\n  "c d"  # the last\n  # of them\n]', ["a b", "c d"], 0),
        ("[“a b”, “c d”]", ["a b", "c d"], 0),
        ('[“a “b” b”, “c d", "e f"]', ["a “b” b", "c d", "e f"], 0),
        ("['a b', \"it's\", 'it\\'s', 'it's']", ["a b", "it's", "it's", "it's"], 0),
        ('["a b", // one\n "c d" /* two */]', ["a b", "c d"], 0),
        ('["a b", ..., "c d"]', ["a b", "c d"], 0),
        ('["a b", // one, two\n ..., "c d"]', ["a b", "c d"], 0),
        ('["a\nb", "c d"]', ["a\nb", "c d"], 0),
        ('["a \\d+ b", "c\\n\\u00e9"]', ["a \\d+ b", "c\né"], 0),
        ('["Return the "b" of a.", "c d"]', ['Return the "b" of a.', "c d"], 0),
        ('["a b"; "c d"]', ["a b", "c d"], 0),
        ('["""a b""", """c d"""]', ["a b", "c d"], 0),
        ("[{'text': 'it's a', 'n': 1}, {'text': 'c d'}]", ["it's a", "c d"], 0),
        ('{"text": "a "b" c", "x": 1, "texts": [{"text": "d e", }', ["d e"], 0),
        # Parts of items are none.
        ('["a b"\n "c d", "e f"\n]', ["c d", "e f"], 1),
        ('["a b" "c d", "e f"]', ["c d", "e f"], 1),
        ('["a b" // one, two\n "c d"]', ["c d"], 1),
        ('["a" is a letter, "c d"]', ["c d"], 1),
        ('["a b", "c" and "d", "e f"]', ["a b", "e f"], 1),
        ('["a b", "He said "c", "d", and left.", "e f"]', ["a b", "e f"], 2),
        ('["Use ["x"] here", "c d"]', ["c d"], 1),
        ('["a b", 7, none, "c d"]', ["a b", "c d"], 2),
        ('["a b", "c d", "cut o', ["a b", "c d"], 1),
        ('["a b", "c d"', ["a b"], 1),
        # Numbers that run through the items.
        ('["1. a b", "2. c d"]', ["a b", "c d"], 0),
        ('["26) a b", "28) c d"]', ["a b", "c d"], 0),
        ('["(1) a b", "(2) c d"]', ["a b", "c d"], 0),
        ('["1 - a b", "2 - c d"]', ["a b", "c d"], 0),
        ('["**1.** a b", "**2.** c d"]', ["a b", "c d"], 0),
        ('["Text 1: a b", "Text 2: c d"]', ["a b", "c d"], 0),
        ('["#1 a b", "#2 c d"]', ["a b", "c d"], 0),
        ('["1.a b", "2.c d"]', ["a b", "c d"], 0),
        ('["1.5 km", "2.5 km"]', ["1.5 km", "2.5 km"], 0),
        ('["1 apple", "2 pears"]', ["1 apple", "2 pears"], 0),
        ('["1984. a b", "c d"]', ["1984. a b", "c d"], 0),
        ('["3. a b", "3. c d"]', ["3. a b", "3. c d"], 0),
    ],
)
def test_whole_items_are_read_and_others_counted(answer: str, texts: list[str], unread: int) -> None:
    assert parsing.read(answer) == (texts, unread)


# Numbers that run through the items would be taken off, as are the marks of a list in the place of a text, and dots and
# numbers are no text beside others.
ITEMS = st.lists(
    st.text().filter(
        lambda text: (
            not (text[:1].isdecimal() or parsing._LIST_ITEM.match(text))
            and (text.strip(" .…0123456789") or not text.strip())
        )
    ),
    min_size=1,
)
ODD = st.sampled_from(["[1] ", "[ see: ", "{n} of [x]:\n"])
AROUND = ODD | st.text(alphabet=st.characters(exclude_characters="[{"))


@given(ITEMS, AROUND, AROUND)
def test_any_array_is_read_whole_whatever_stands_around_it(texts: list[str], before: str, after: str) -> None:
    assert parsing.texts(f"{before}{json.dumps(texts)}{after}") == texts


SMALL = st.text(alphabet="[]{}\"',:“”\\/.\n 1ab", max_size=40)


@given(SMALL, SMALL)
def test_small_damage_costs_no_more_than_the_items_it_touches(first: str, broken: str) -> None:
    kept = ["the first of them", "the second of them", "the third of them"]
    answer = f'["{kept[0]}", "{kept[1]}", {broken}, "{kept[2]}"]'
    texts = parsing.texts(answer)
    assert not any(text != whole and text in whole and len(text) > 3 for text in texts for whole in kept)


@pytest.mark.parametrize(
    "answer",
    [
        "[" * 100_000,
        '["a ' * 50_000,
        '["a", "' * 50_000,
        '"' * 200_000,
        '["' + ', "x ' * 50_000 + '"]',
        '["' + '"//' * 60_000,
        '["' + '"\n' * 60_000 + '"]',
        '["' + "a" * 300_000 + '", "b"',
        '{"a": [' * 20_000,
        "</think>[" * 30_000,
        "<text>" * 30_000,
        "<text>" + "<" * 200_000,
        "1. a\n  b" * 30_000,
        '["#\n' * 30_000,
        "Thinking:\n" + "\n" * 100_000,
        "<think " * 30_000,
        "“" * 100_000 + "[“" + "”, “" * 50_000,
    ],
    ids=range(17),
)
def test_hostile_answers_take_no_time(answer: str) -> None:
    began = time.process_time()
    parsing.read(answer)
    parsing.attributes(answer)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("answer", "n", "texts"),
    [
        ('{"texts": "a b\\nc d"}', 2, ["a b", "c d"]),
        ('["a b\\n\\nc d"]', 2, ["a b", "c d"]),
        ('["a b\\nc d"]', 3, ["a b\nc d"]),
        ('["a b\\nc d"]', 1, ["a b\nc d"]),
        ('["a b\\nc d", "e"]', 2, ["a b\nc d", "e"]),
    ],
)
def test_one_text_of_as_many_lines_as_texts_were_asked_for_is_those(answer: str, n: int, texts: list[str]) -> None:
    assert parsing.texts(answer, n) == texts


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="`")), min_size=1), st.data())
def test_a_truncated_array_keeps_its_whole_items(texts: list[str], data: st.DataObject) -> None:
    answer = json.dumps(texts)
    cut = data.draw(st.integers(min_value=0, max_value=len(answer) - 1))
    whole = parsing.texts(answer[:cut])
    assert whole == [encodable(text) for text in texts[: len(whole)]]


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
        ("I must decline.", True),
        ("This goes against my ethical guidelines.", True),
        ("Lo siento, pero no puedo ayudar con eso.", True),
        ("Here are some ideas, without an array", False),
        ("", False),
    ],
)
def test_a_refusal_is_told_from_nonsense(answer: str, refuses: bool) -> None:
    assert parsing.is_refusal(answer) is refuses


@pytest.mark.parametrize(
    "refusal",
    [
        "I'm sorry, but I can't help with that.",
        "As an AI model, I cannot generate hateful content.",
        "I won’t write that.",
        "I'm not comfortable writing this.",
        "I am unable to provide such texts. Shall I write about something else?",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "I must decline.",
        "I'm going to have to respectfully decline this request.",
        "My apologies, but I must decline.",
        "I'd rather not write that.",
        "I refuse to generate such content.",
        "I am not permitted to create this content.",
        "I can't write that. Is there something else you'd like to talk about?",
        "I appreciate your request, but I can't help with it.",
        "I understand you need examples, but I can't provide hate speech.",
        "As a large language model, I won't do that.",
        "I'm just a language model, so I can't help you with that.",
        "This request violates my content guidelines.",
        "Sorry, that's beyond my current scope.",
        "作为一个AI语言模型，我无法生成这样的内容。",
    ],
)
def test_a_refusal_is_no_text_in_any_form(refusal: str) -> None:
    offers = f"{refusal}\n\nInstead, I can:\n1. write kind texts.\n2. explain why such texts do harm."
    for answer in (json.dumps({"texts": [refusal] * 3}, ensure_ascii=False), f'"{refusal}"', f"1. {refusal}", offers):
        assert parsing.texts(answer) == []
        assert parsing.is_refusal(answer)


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, I can't make it tonight.",
        "I can't help but smile at this film.",
        "I'm unable to log in. Please help with this.",
        "I cannot create an account.",
        "I can't write with this pen.",
        "Unfortunately, I can't recommend this place.",
        "I must decline your invitation, thank you.",
        "I must decline. I have other plans.",
        "Thank you for your offer, but I must decline.",
        "I refuse to pay for this.",
        "I'd rather not write to the bank again.",
        "I'm not comfortable in these shoes.",
        "I understand your concern, but I cannot give a refund.",
        "As a nurse I cannot leave before six.",
        "I cannot comply with rules nobody explains.",
    ],
)
def test_a_text_that_begins_like_a_refusal_is_one(text: str) -> None:
    assert parsing.texts(json.dumps([text])) == [text]


@pytest.mark.parametrize("start", ["I can't use real names, so I made them up:", "I apologize for the confusion:"])
def test_what_is_given_all_the_same_is_read(start: str) -> None:
    assert parsing.texts(f"{start}\n1. a b.\n2. c d.") == ["a b.", "c d."]


def test_one_refusal_among_texts_may_be_meant() -> None:
    assert len(parsing.texts(json.dumps(["I'm sorry, but I can't help with that.", "a b"]))) == 2
