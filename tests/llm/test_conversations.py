from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, tfidf, write_params, written_sources

from pyrite.base import paths, schema
from pyrite.base.errors import PyriteError
from pyrite.data import cards, transcripts
from pyrite.data.cards import Card
from pyrite.llm import conversations, parsing, prompts
from pyrite.llm.cache import Answer
from pyrite.llm.conversations import Script
from pyrite.llm.prompts import Templates
from pyrite.params import Params

RECORDINGS = ROOT / "data/recordings"
Scripted = Callable[..., Script]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    monkeypatch.chdir(ROOT)
    return cards.load("python_docs")


@pytest.fixture
def p(tmp_path: Path) -> Params:
    sources = ("zero_shot", "few_shot", "attributed")
    write_params(
        tmp_path,
        **written_sources(*sources, texts_per_turn=3, examples=2, sampling={"temperature": 1.0}),
        train={"classifiers": {"tfidf": tfidf("real", "zero_shot")}},
        compare={"classifier": "tfidf", "candidates": "zero_shot"},
    )
    return schema.load(tmp_path / paths.PARAMS, Params)


def changed(p: Params, place: str, value: object) -> Params:
    """The study with another value at a place such as `llms.llm.model`."""
    sections = p.model_dump(mode="json")
    *above, key = place.split(".")
    section = sections
    for name in above:
        section = section.setdefault(name, {})
    section[key] = value
    return Params.model_validate(sections, strict=False)


@pytest.fixture
def prepared(table: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Enough rows that each of two labels has some in the pool."""
    return table([(f"summary number {n} of a module", ("dates", "math")[n % 2], "train") for n in range(200)])


ATTRIBUTED = Templates(
    plan="Name attributes of {items}.", first="Write {n} {items}: {attributes}.", next="{n} more: {attributes}."
)
PLAN = '[{"name": "tone", "values": ["dry", "warm", "terse"]}, {"name": "reader", "values": ["novice", "expert"]}]'


def say(text: str) -> Answer:
    return Answer(model="m", date="2026-01-01", prompt_tokens=3, completion_tokens=5, text=text)


@pytest.fixture
def script(card: Card, p: Params, prepared: pd.DataFrame) -> Scripted:
    """The script of a source, by the shipped prompt of its name or by other templates."""
    return lambda name, templates=None: Script(card, name, templates or prompts.load(name), p, prepared)


def hold(script: Script, label: str, answers: list[str], number: int = 0) -> transcripts.Conversation:
    c = script.opening(label, number)
    for text in answers:
        c = script.answered(c, script.request(c), say(text))
    return c


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*/*_shot.jsonl")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_recording_is_what_card_and_prompts_render_to(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.chdir(ROOT)
    card, setting = cards.load(path.parent.name), path.stem
    templates = prompts.load(setting)
    recorded = transcripts.read(paths.recording(card.id, setting), card, setting)
    assert {c.label for c in recorded} == set(card.labels)
    current = [conversations.current(c, card, templates) for c in recorded]
    assert [len(c.turns) for c in current] == [len(c.turns) for c in recorded]
    for c in current:
        for turn in c.turns:
            # The small LLM forgets how many it was asked for.
            assert turn.requested == len(parsing.texts(turn.answer)) or c.model == "smollm2-135m"


def test_a_turn_that_is_no_longer_asked_ends_the_conversation(card: Card) -> None:
    templates = prompts.load("zero_shot")
    recorded = transcripts.read(paths.recording("python_docs", "zero_shot"), card, "zero_shot")[0]
    reworded = templates.model_copy(update={"next": templates.next + " Please."})
    assert len(conversations.current(recorded, card, reworded).turns) == 1
    reworded = templates.model_copy(update={"first": templates.first + " Please."})
    assert conversations.current(recorded, card, reworded).turns == ()
    other_role = card.model_copy(update={"role": "You are a poet."})
    assert conversations.current(recorded, other_role, templates).turns == ()
    other_label = card.model_copy(update={"labels": card.labels | {"dates": "document dates"}})
    assert len(conversations.current(recorded, other_label, templates).turns) == len(recorded.turns)


def test_a_turn_says_how_many_texts_it_asked_for_and_an_old_recording_says_it_in_its_prompt(
    card: Card, p: Params, prepared: pd.DataFrame
) -> None:
    card = card.model_copy(update={"style": "At most 4 of 5 begin alike."})
    templates = Templates(first="{style} Write {n}.", next="{n} more.")
    c = hold(Script(card, "zero_shot", templates, p, prepared), "dates", ['["a"]', '["b"]'])
    assert [turn.requested for turn in c.turns] == [3, 3]
    old = replace(c, turns=tuple(replace(turn, requested=None) for turn in c.turns))
    assert [turn.requested for turn in conversations.current(old, card, templates).turns] == [3, 3]
    # A number that the prompt does not render to is no recording of this study.
    misnumbered = replace(c, turns=(c.turns[0], replace(c.turns[1], requested=4)))
    assert len(conversations.current(misnumbered, card, templates).turns) == 1


def test_a_request_is_the_whole_conversation_and_the_same_every_time(
    card: Card, script: Scripted, prepared: pd.DataFrame
) -> None:
    few_shot = script("few_shot")
    c = hold(few_shot, "dates", ['["One day."]'])
    request = few_shot.request(c)
    assert [m["role"] for m in request.messages] == ["system", "user", "assistant", "user"]
    assert request.messages[0]["content"] == prompts.system(card)
    assert request.messages[2]["content"] == '["One day."]'
    shown = prepared.set_index("id")["text"]
    assert json.dumps([shown[i] for i in request.examples]) in request.messages[3]["content"]
    assert "{examples}" in request.prompt
    assert script("few_shot").request(c) == request


def test_every_later_turn_names_its_label_and_a_recording_of_before_counts(card: Card, script: Scripted) -> None:
    templates = Templates(first="{n} {items} that {label}.", next="{n} more.")
    c = hold(script("zero_shot", templates), "dates", ['["a"]', '["b"]'])
    assert card.labels["dates"] in c.turns[1].prompt
    before = replace(c, turns=(c.turns[0], replace(c.turns[1], prompt="3 more.")))
    assert len(conversations.current(before, card, templates).turns) == 2
    named = script("zero_shot", templates.model_copy(update={"next": "{n} more that {label}."}))
    assert hold(named, "dates", ['["a"]', '["b"]']).turns[1].prompt == f"3 more that {card.labels['dates']}."


def test_thoughts_are_kept_and_not_sent_back(script: Scripted) -> None:
    zero_shot = script("zero_shot")
    c = hold(zero_shot, "dates", ['<think>["no"]</think>["a"]'])
    assert "<think>" in c.turns[0].answer
    assert zero_shot.request(c).messages[2]["content"] == '["a"]'


def test_the_schema_bounds_texts_by_the_words_of_the_language(
    card: Card, p: Params, table: Callable[..., pd.DataFrame]
) -> None:
    def bounds(text: str) -> tuple[int, int]:
        schema = Script(card, "zero_shot", ATTRIBUTED, p, table([(text, "dates", "train")]))._schema
        texts = schema["properties"]["texts"]
        assert (texts["minItems"], texts["maxItems"]) == (3, 3)
        return texts["items"]["minLength"], texts["items"]["maxLength"]

    # From half of four words to twice thirty, of five characters each; or as many signs.
    assert bounds("four four four four!") == (10, 300)
    assert bounds("今天天气很好") == (2, 60)


def test_what_decides_an_answer_decides_the_key(card: Card, p: Params, prepared: pd.DataFrame) -> None:
    templates = prompts.load("zero_shot")

    def key(p: Params = p, number: int = 0, answer: str = '["a"]', templates: Templates = templates) -> str:
        script = Script(card, "zero_shot", templates, p, prepared)
        return script.request(hold(script, "dates", [answer], number)).key

    different = {
        key(),
        key(changed(p, "llms.llm.model", "another")),
        key(changed(p, "llms.llm.sampling", {"temperature": 0.5})),
        key(changed(p, "sources.zero_shot.texts_per_turn", 4)),
        key(number=1),
        key(answer='["b"]'),
        key(templates=templates.model_copy(update={"next": "{n} more."})),
    }
    assert len(different) == 7
    # How fast, how far and at what price answers may come does not change what is asked.
    same = {"sources.zero_shot.per_label": 9, "sources.zero_shot.turns": 9, "generate.budget_usd": 1.0}
    for place, value in {**same, "generate.limits.OPENAI.concurrency": 1}.items():
        assert key(changed(p, place, value)) == key()


def test_every_turn_shows_fresh_examples_of_its_label_from_the_pool(script: Scripted, prepared: pd.DataFrame) -> None:
    few_shot = script("few_shot")
    c = hold(few_shot, "dates", ['["a"]'] * 4)
    shown = [i for turn in c.turns for i in turn.examples]
    assert len(shown) == len(set(shown)) == 8
    labels = prepared.set_index("id")["label"]
    assert {labels[i] for i in shown} == {"dates"}
    assert {int(i[8:16], 16) / 2**32 < 0.10 for i in shown} == {True}
    assert shown != [i for turn in hold(few_shot, "dates", ['["a"]'] * 4, number=1).turns for i in turn.examples]


def test_an_empty_pool_is_said(card: Card, p: Params, table: Callable[..., pd.DataFrame]) -> None:
    script = Script(card, "few_shot", prompts.load("few_shot"), p, table([("a b c", "math", "test")]))
    with pytest.raises(PyriteError, match="'dates' has no row in the pool"):
        script.request(script.opening("dates", 0))


def test_a_planned_conversation_draws_attributes_for_every_turn(card: Card, script: Scripted) -> None:
    attributed = script("attributed", ATTRIBUTED)
    first = attributed.request(attributed.opening("dates", 0))
    assert first.prompt == f"Name attributes of {card.items}."
    assert first.schema == conversations.ATTRIBUTES
    c = hold(attributed, "dates", [PLAN, *['["a"]'] * 12])
    drawn = {turn.prompt.partition(": ")[2] for turn in c.turns[1:]}
    assert len(drawn) > 2
    assert all(
        any(f"tone: {t}; reader: {r}." == attributes for t in ("dry", "warm", "terse") for r in ("novice", "expert"))
        for attributes in drawn
    )
    # Written and read again it is still what card, templates and its own plan render to.
    assert conversations.current(c, card, ATTRIBUTED) == c
    assert [turn.requested for turn in c.turns[:3]] == [0, 3, 3]
    planless = replace(c, turns=(replace(c.turns[0], answer="[]"), *c.turns[1:]))
    assert len(conversations.current(planless, card, ATTRIBUTED).turns) == 1


@pytest.mark.parametrize(
    ("answers", "goes_on"),
    [
        ([], True),
        (['["a"]'], True),
        (['["a"]', '["b"]'], False),
        (["I'm sorry, I can't."], False),
        (['["' + "a" * conversations.LONGEST_HISTORY + '"]'], False),
    ],
)
def test_a_conversation_ends_with_its_turns_or_a_spoilt_answer(
    script: Scripted, answers: list[str], goes_on: bool
) -> None:
    zero_shot = script("zero_shot")
    assert zero_shot.goes_on(hold(zero_shot, "dates", answers), turns=2) is goes_on


def test_a_plan_without_attributes_ends_its_conversation(script: Scripted) -> None:
    attributed = script("attributed", ATTRIBUTED)
    assert attributed.goes_on(hold(attributed, "dates", [PLAN]), turns=1)
    assert not attributed.goes_on(hold(attributed, "dates", [PLAN, '["a"]']), turns=1)
    assert not attributed.goes_on(hold(attributed, "dates", ["None come to mind."]), turns=1)
