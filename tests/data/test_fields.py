from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from pyrite.base.errors import PyriteError
from pyrite.data import cards, fields
from pyrite.data.formats.rows import Row

LABELS = {"good": "are good", "bad": "are bad"}


def row(**content) -> Row:
    return Row(Path("a.json"), 7, content)


def spec(text: str | cards.Entities = "{text}", **card) -> cards.Rows:
    return cards.Rows(format="json", file="a.json", text=text, **card)


def test_a_template_takes_fields_and_fields_within_fields() -> None:
    content = row(post={"title": "A {x}", "tags": ["b", "c"]}, n=3, none=None, **{"my column": "d"})
    template = "{post.title}: {post.tags.1} {n}{none} {my column}"
    assert fields.text(content, spec(template)) == "A {x}: c 3 d"


@pytest.mark.parametrize("name", ["posts", "post.x", "post.tags.5", "post.tags.x", "n.x"])
def test_a_field_that_no_row_has_is_an_error_that_names_those_that_are_there(name: str) -> None:
    rows = [row(post={"tags": ["b"]}, n=3), row(m=3)]
    assert fields.string(rows[0], name) == ""
    with pytest.raises(PyriteError, match=rf"a.json: row 7: no '{name}'; there are post, n, m"):
        fields.checked(iter(rows), [name])
    assert list(fields.checked(iter(rows), ["n", "m", "post.tags.0"])) == rows


@pytest.mark.parametrize(
    ("steps", "raw", "clean"),
    [
        (("backslashes",), "a\\\\b\\c", "a b c"),
        (
            ("ampersands",),
            "it #39;s x#39; &#39; Q quot;A quot; squot; lt;",
            "it &#39;s x#39; &#39; Q &quot;A &quot; squot; &lt;",
        ),
        (("ampersands", "unescape", "tags"), "#36;5 lt;b&gt; 1", "$5   1"),
        (("tags",), "a<br/>b < c", "a b < c"),
        (("line_breaks",), "a<br /><br />b <i>", "a  b <i>"),
    ],
)
def test_cleaning_steps(steps: tuple[cards.Cleaning, ...], raw: str, clean: str) -> None:
    assert fields.text(row(text=raw), spec(clean=steps)) == clean


def test_every_step_that_a_card_may_name_exists() -> None:
    assert set(fields.CLEANING) == set(cards.Cleaning.__args__)


def test_entities_are_marked_where_they_begin_and_end() -> None:
    entities = cards.Entities(tokens="tokens", head="h.0", tail="t")
    tokens = ["The", "Upper", "Po", "joins", "Rhine", "."]
    marked = fields.text(row(tokens=tokens, h=[[1, 2]], t=[4]), spec(entities))
    assert marked == "The [H] Upper Po [/H] joins [T] Rhine [/T] ."
    same = fields.text(row(tokens=["Po", "."], h=[[0]], t=[0]), spec(entities))
    assert same == "[H] [T] Po [/H] [/T] ."
    for tail in ([6], [], "4", [-1]):
        with pytest.raises(PyriteError, match=r"row 7: entity .* is not within the 6 tokens"):
            fields.text(row(tokens=tokens, h=[[1]], t=tail), spec(entities))


def test_a_label_is_translated_or_left_out_or_refused() -> None:
    plain, translated = spec(label="kind"), spec(label="kind", values={"1": "good", "True": "bad"})
    assert fields.label(row(kind=" good "), plain, LABELS) == "good"
    assert fields.label(row(kind=1), translated, LABELS) == "good"
    assert fields.label(row(kind=True), translated, LABELS) == "bad"
    dropping = spec(label="kind", values={"1": "good"}, other_values="drop")
    assert fields.label(row(kind="1,2"), dropping, LABELS) is None
    with pytest.raises(PyriteError, match="row 7: unknown label 'fair'; the card lists good, bad"):
        fields.label(row(kind="fair"), plain, LABELS)
    with pytest.raises(PyriteError, match="row 7: unknown label 'good'; the card lists 1, True"):
        fields.label(row(kind="good"), translated, LABELS)
    for nothing in ("", " ", None):
        with pytest.raises(PyriteError, match="row 7: no label"):
            fields.label(row(kind=nothing), plain, LABELS)


def test_ratings_have_names_or_places() -> None:
    rated = spec(ratings="r", values={"-1": "bad", "1": "good"})
    assert fields.ratings(row(r={"ann": "1", "bob": -1}), rated, LABELS) == {"ann": "good", "bob": "bad"}
    assert fields.ratings(row(r="[1, -1]"), rated, LABELS) == {"1": "good", "2": "bad"}
    for broken in ("[1, ", "[]", "3", []):
        with pytest.raises(PyriteError, match="row 7: 'r'"):
            fields.ratings(row(r=broken), rated, LABELS)
    with pytest.raises(PyriteError, match="row 7: unknown label '0'"):
        fields.ratings(row(r=[0]), rated, LABELS)


def test_a_pattern_takes_a_field_apart() -> None:
    content = row(content="title: A\nbody: B")
    parts = {"content": r"title: (?P<title>.*)\nbody: (?P<body>.*)"}
    assert fields.text(fields.take_apart(content, parts), spec("{body}/{title}")) == "B/A"
    with pytest.raises(PyriteError, match="row 7: 'content' does not match"):
        fields.take_apart(row(content="?"), parts)


@pytest.mark.parametrize(
    ("value", "string"),
    [
        (None, ""),
        (float("nan"), ""),
        ("nan", "nan"),
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (7, "7"),
        (True, "True"),
        (b"caf\xc3\xa9", "café"),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (["a"], "a"),
        ([3.0], "3"),
        ([], ""),
    ],
)
def test_values_as_text(value: object, string: str) -> None:
    assert fields.string(row(x=value), "x") == string
    assert fields.string(row(), "x") == ""


@pytest.mark.parametrize(
    ("name", "string"),
    [
        ("a.b", "whole"),
        ("a.b.0", ""),
        ("a.c.1.d", "deep"),
        ("a.c.-1.d", "deep"),
        ("l.s.1", "second"),
        ("json.x.0", "within"),
        ("json.y", ""),
        ("text.x", ""),
    ],
)
def test_a_path_goes_through_dots_in_names_lists_and_json(name: str, string: str) -> None:
    content = row(**{"a.b": "whole", "a": {"c": [1, {"d": "deep"}]}, "l.s": ["first", "second"]})
    content.fields.update({"json": '{"x": ["within"]}', "text": "[no JSON"})
    assert fields.string(content, name) == string
    assert fields.has(content, name) == bool(string)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["a", "b"], r"'x' has a list: one text and one label a row .* name a place in it: x\.0"),
        ({"id": 1, "name": "a"}, r"'x' has fields within it \(id, name\): .* such as x\.name"),
        ([{"role": "user", "content": "a"}], r"such as x\.0\.content"),
        ({"choices": ["a", "b"]}, r"such as x\.choices$"),
        ({"id": {}}, r"such as x\.id$"),
        ({"label": "a", "confidence": 0.9}, r"such as x\.label$"),
        ({"a": 0.9, "b": 0}, "has several numbers"),
        ([0.9, 0.1], "has several numbers"),
        ([0, 1], "has a list"),
        ([{"start": 0, "end": 4, "label": "a"}], "labels of places in a text"),
        ([[0, 4, "a"]], "labels of places in a text"),
        (b"\xff", "bytes that are no UTF-8"),
    ],
)
def test_what_is_no_value_names_the_one_inside(value: object, words: str) -> None:
    with pytest.raises(PyriteError, match=words):
        fields.string(row(x=value), "x")


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ('["good"]', "good"),
        (" ['good'] ", "good"),
        ("{'good'}", "good"),
        ("('good',)", "good"),
        ("(1)", "(1)"),
        ("[1]", "1"),
        ("[]", ""),
        ("{}", ""),
        ("[good]", "[good]"),
        ("good, bad", "good, bad"),
        (["good"], "good"),
        ({}, ""),
        ("['a', 'b']", None),
        ("['a' 'b']", None),
        ('["a", "b"]', None),
        ("[0, 1]", None),
        ('{"name": "good"}', None),
    ],
)
def test_a_list_that_is_written_as_text_is_one_label_or_refused(value: object, label: str | None) -> None:
    if label is not None:
        assert fields.written_label(row(x=value), "x") == label
        return
    with pytest.raises(PyriteError, match=r"row 7: 'x' has (a list: one text and one label a row|fields within it)"):
        fields.written_label(row(x=value), "x")


@pytest.mark.parametrize("name", ["label.responses", "label.responses.0", "a.label.responses"])
@pytest.mark.parametrize(
    ("status", "label"),
    [(["discarded", "submitted"], "bad"), (["draft", "discarded"], ""), ("submitted", None), (["submitted"], None)],
)
def test_what_was_discarded_in_argilla_is_no_label(name: str, status: object, label: str | None) -> None:
    answers = {"label.responses": ["good", "bad"], "label.responses.status": status}
    content = row(**({"a": answers} if name.startswith("a.") else answers))
    if label is None:
        assert fields.get(content, name) == ("good" if name.endswith("0") else ["good", "bad"])
    else:
        assert fields.written_label(content, name) == label


@pytest.mark.parametrize("around", ["{}", "Here it is:\n\n{}\n\nAnything else?"])
def test_json_between_the_fences_of_an_llm_is_looked_into(around: str) -> None:
    answer = around.format('```json\n{"text": "a `b`", "label": "x"}\n```')
    assert fields.string(row(content=answer), "content.text") == "a `b`"
    assert fields.written_label(row(content=around.format("```spam```")), "content") == around.format("```spam```")


def test_what_an_annotator_gave_up_or_rejected_is_no_label() -> None:
    done, given_up = {"result": [{"value": {"choices": ["good"]}}]}, {"was_cancelled": True, "result": ["bad"]}
    name = "annotations.0.result.0.value.choices"
    assert fields.written_label(row(annotations=[given_up, done]), name) == "good"
    assert fields.written_label(row(annotations=[given_up]), name) == ""
    assert fields.written_label(row(label="a", answer="reject", _task_hash=1), "label") == ""
    assert fields.written_label(row(label="a", answer="accept", _task_hash=1), "label") == "a"
    assert fields.written_label(row(label="a", answer="reject"), "label") == "a"


@pytest.mark.parametrize("written", ["not  spam", " not\xa0spam", "not spam\u200b", "not\u2060 spam", "not&nbsp;spam"])
def test_labels_that_look_alike_are_one(written: str) -> None:
    assert fields.label(row(kind=written), spec(label="kind"), {"not spam": "x", "spam": "y"}) == "not spam"
