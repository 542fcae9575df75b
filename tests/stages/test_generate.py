from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, card_text, change_params, shipped_params, write_params

from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, texts, transcripts
from pyrite.data.transcripts import Conversation, Turn
from pyrite.llm import prompts, quality
from pyrite.results.generation import GeneratedSet
from pyrite.stages import generate

Project = Callable[..., None]

# Answers of the LLM, of a text each.
PLUMS = '["Plums are purple in late summer"]'
CHERRIES = '["Cherries have small hard stones"]'
WRENCH = '["A wrench turns a rusty old bolt"]'
REAL = [
    ("An apple a day keeps the doctor away", "fruit", "test"),
    ("The hammer is in the red box", "tool", "validation"),
    ("My pear is green and sweet", "fruit", "train"),
    ("This saw cuts wood very well", "tool", "train"),
]


@pytest.fixture
def fruit(project: Path, table: Callable[..., pd.DataFrame]) -> Project:
    """A task with four real rows; called with answers per label, it records them for a setting."""
    (project / "tasks").mkdir()
    (project / "tasks/fruit.yaml").write_text(card_text(length_words=[3, 8]))
    write_params()
    (project / paths.PROMPTS).write_bytes((ROOT / paths.PROMPTS).read_bytes())
    prepared = table(REAL)
    texts.write(prepared, paths.prepared("fruit"))

    def record(setting: str = "zero_shot", **answers: list[str]) -> None:
        card, templates = cards.load("fruit"), prompts.load(setting)
        examples = () if setting == "zero_shot" else tuple(prepared.loc[prepared["split"] == "train", "id"])
        held = [
            Conversation(
                task="fruit",
                setting=setting,
                label=label,
                conversation=0,
                model="anthropic/claude",
                recorded="2026-01-01",
                system=prompts.system(card),
                turns=tuple(
                    Turn(
                        prompt=prompts.prompt(templates, card, label, position, n=3, k=len(examples)),
                        examples=examples,
                        answer=answer,
                    )
                    for position, answer in enumerate(of_label)
                ),
            )
            for label, of_label in answers.items()
        ]
        transcripts.write(paths.recording("fruit", setting), held)

    return record


def result(setting: str = "zero_shot") -> tuple[pd.DataFrame, dict]:
    generate.run("fruit", setting)
    counts = json.loads(paths.metrics("generate", f"fruit.{setting}").read_text())
    return texts.read(paths.source("fruit", setting)), counts


def test_each_reason_is_found_and_counted(fruit: Project) -> None:
    fruit(
        fruit=[
            json.dumps(
                ["Plums are purple in late summer", "Too short", "one two three four five six seven eight nine"]
            ),
            json.dumps(["  Plums are  purple in late summer ", "plums are purple in LATE summer!", " "]),
            json.dumps(["An apple a day keeps the doctor away", "a day keeps the doctor away an apple!"]),
            json.dumps(["An apple a day keeps doctors away"]),
        ],
        tool=[WRENCH, "I can't help with that."],
    )
    frame, counts = result()
    assert sorted(frame["text"]) == ["A wrench turns a rusty old bolt", "Plums are purple in late summer"]
    assert counts["total"] == {
        "answers": 6,
        "refused_answers": 1,
        "unparsable_answers": 0,
        "prompt_tokens": None,
        "completion_tokens": None,
        "cost_usd": None,
        "requested": 18,
        "received": 10,
        "dropped": {
            "unasked": 0,
            "empty": 1,
            "length": 2,
            "control characters": 0,
            "exact duplicate": 1,
            "near duplicate": 2,
            "copy of an example": 0,
            "contamination: exact": 1,
            "contamination: near": 0,
            "contamination: embedding": 1,
            "surplus": 0,
        },
        "accepted": 2,
        "also_real_training": 0,
        "refusals": {"refusal": 1},
    }
    assert counts["labels"]["tool"]["refused_answers"] == 1
    assert counts["labels"]["tool"]["accepted"] == 1
    dropped = files.read_parquet(paths.dropped("fruit", "zero_shot"))
    kept = {reason: n for reason, n in counts["total"]["dropped"].items() if n}
    assert dropped["reason"].value_counts().to_dict() == kept
    assert dropped.set_index("text").loc["Too short", ["label", "reason"]].tolist() == ["fruit", "length"]


def test_near_contamination_is_found_by_words_alone(fruit: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality.Contamination, "_closest", lambda self, left: np.zeros(len(left)))
    fruit(fruit=['["a day keeps the doctor away an apple!", "Cherries have small hard stones"]'], tool=[WRENCH])
    _, counts = result()
    assert counts["total"]["dropped"]["contamination: near"] == 1


def test_copies_of_an_example_are_dropped_and_only_in_few_shot(fruit: Project) -> None:
    answers = {
        "fruit": ['["My pear is green and sweet!", "Cherries have small hard stones"]'],
        "tool": ['["This saw cuts wood very well", "A wrench turns a rusty old bolt"]'],
    }
    fruit("few_shot", **answers)
    frame, counts = result("few_shot")
    assert counts["total"]["dropped"]["copy of an example"] == 2
    assert len(frame) == 2
    fruit("zero_shot", **answers)
    frame, counts = result("zero_shot")
    assert counts["total"]["dropped"]["copy of an example"] == 0
    assert counts["total"]["also_real_training"] == 1
    assert len(frame) == 4


def test_no_more_than_per_label_is_kept_and_early_turns_first(fruit: Project, project: Path) -> None:
    change_params("sources.zero_shot.per_label", 1)
    fruit(fruit=[PLUMS, CHERRIES], tool=[WRENCH])
    frame, counts = result()
    assert sorted(frame["text"]) == ["A wrench turns a rusty old bolt", "Plums are purple in late summer"]
    assert counts["total"]["dropped"]["surplus"] == 1


def test_rows_say_where_they_come_from(fruit: Project) -> None:
    fruit(fruit=["[]", '["Too short", "Cherries have small hard stones"]'], tool=[WRENCH])
    frame, _ = result()
    row = frame[frame["label"] == "fruit"].iloc[0]
    assert (row["source"], row["conversation"], row["turn"], row["position"]) == ("zero_shot", 0, 1, 1)
    assert row["id"] == texts.digest(row["text"])[:16]
    assert row["split"] == "train"


def test_stale_answers_are_counted_and_not_used(
    fruit: Project, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fruit(fruit=[PLUMS, CHERRIES], tool=[WRENCH])
    prompts = project / "tasks/prompts.yaml"
    prompts.write_text(prompts.read_text().replace("more that are clearly different", "more, clearly different", 1))
    frame, counts = result()
    assert len(frame) == 2
    assert counts["stale_answers"] == 1
    assert "1 recorded answers are stale" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"fruit": [PLUMS]}, "no text for label tool: 'anthropic/claude' has no answer for it"),
        ({"fruit": [PLUMS], "tool": ['["Too short"]']}, "1 for 'length', such as 'Too short'"),
    ],
)
def test_a_label_without_texts_stops_the_stage(fruit: Project, answers: dict, words: str) -> None:
    fruit(**answers)
    with pytest.raises(PyriteError, match=words):
        generate.run("fruit", "zero_shot")
    # What there is can be looked at.
    counts = GeneratedSet.load("fruit", "zero_shot")
    assert counts.labels["fruit"].accepted == len(texts.read(paths.source("fruit", "zero_shot"))) == 1
    assert counts.scarce == ("fruit", "tool")


def test_a_label_that_is_refused_for_good_is_said_and_stops_nothing(
    fruit: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    fruit(fruit=[PLUMS], tool=[""])
    path = paths.recording("fruit", "zero_shot")
    answered, refused = transcripts.read(path, cards.load("fruit"), "zero_shot")
    transcripts.write(path, [answered, replace(refused, turns=(replace(refused.turns[0], refused="content filter"),))])
    _, counts = result()
    assert counts["labels"]["tool"]["refusals"] == {"content filter": 1}
    assert "too few texts for tool (0 of 100): answers were refused: content filter (1)" in capsys.readouterr().err


def test_a_changed_instruction_leaves_its_label_without_texts(fruit: Project, project: Path) -> None:
    fruit(fruit=[PLUMS], tool=[WRENCH])
    card = project / "tasks/fruit.yaml"
    card.write_text(card.read_text().replace("are about tools", "are about machines"))
    with pytest.raises(PyriteError, match="no text for label tool: its recorded answers are stale"):
        generate.run("fruit", "zero_shot")


def test_a_recording_with_examples_that_are_no_rows_here_is_used_and_that_is_said(
    fruit: Project, table: Callable[..., pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    fruit("few_shot", fruit=[PLUMS], tool=[WRENCH])
    texts.write(table(REAL[:3]), paths.prepared("fruit"))
    frame, _ = result("few_shot")
    assert set(frame["text"]) == {"Plums are purple in late summer", "A wrench turns a rusty old bolt"}
    assert "examples that its prompts showed are no rows here" in " ".join(capsys.readouterr().err.split())


def test_an_imported_set_that_a_task_lacks_is_empty(fruit: Project) -> None:
    write_params(sources=shipped_params()["sources"] | {"vendor": {"kind": "imported"}})
    frame, counts = result("vendor")
    assert frame.empty and counts["total"]["accepted"] == 0
    assert files.read_parquet(paths.dropped("fruit", "vendor")).empty


def test_two_runs_give_the_same_bytes(fruit: Project) -> None:
    fruit(fruit=[PLUMS], tool=[WRENCH])
    outputs = [
        paths.source("fruit", "zero_shot"),
        paths.dropped("fruit", "zero_shot"),
        paths.transcript("fruit", "zero_shot"),
        paths.metrics("generate", "fruit.zero_shot"),
    ]
    generate.run("fruit", "zero_shot")
    first = [path.read_bytes() for path in outputs]
    generate.run("fruit", "zero_shot")
    assert [path.read_bytes() for path in outputs] == first
