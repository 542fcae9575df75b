from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards
from pyrite.llm import prompts
from pyrite.llm.prompts import Templates


def test_the_first_turn_reads_as_the_card_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    card, templates = cards.load("python_docs"), prompts.load("zero_shot")
    prompt = prompts.prompt(templates, card, "dates", turn=0, n=25, k=0)
    assert prompt.startswith("Write 25 docstring summaries that document dates, times, calendars")
    assert "between 4 and 30 words" in prompt
    assert "  " not in prompt
    assert "\n" not in prompt


def test_examples_stay_unfilled_and_a_cards_own_braces_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    card = cards.load("python_docs").model_copy(update={"style": "Like {n} or {examples}."})
    prompt = prompts.prompt(Templates(first="{k} {n} {style} {examples}", next="{n}"), card, "dates", turn=0, n=7, k=5)
    assert prompt == "5 7 Like {n} or { examples }. {examples}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{style}", "{stile}", r"zero_shot.first: unknown field \{stile\}"),
        ("Now write {n} more", "Now write 25 more", r"zero_shot.next: the field \{n\} is missing"),
    ],
)
def test_a_template_that_can_not_be_filled_is_named(project: Path, old: str, new: str, words: str) -> None:
    shipped = (ROOT / paths.PROMPTS).read_text(encoding="utf-8")
    (project / "tasks").mkdir()
    (project / paths.PROMPTS).write_text(shipped.replace(old, new).replace("{n} strings", "strings"), encoding="utf-8")
    with pytest.raises(PyriteError, match=words):
        prompts.load("zero_shot")


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(PyriteError, match="many_shot"):
        prompts.load("many_shot")
