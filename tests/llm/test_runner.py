"""Live runs of `generate` against a server of our own: what is asked, kept, paid and stopped."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import FRUIT_KEY, Study
from llm_server import WORDS, Fault, serve

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, texts, transcripts
from pyrite.data.transcripts import Conversation
from pyrite.llm import generation
from pyrite.stages import generate


def result(setting: str = "zero_shot") -> tuple[pd.DataFrame, dict[str, Any]]:
    generate.run("fruit", setting)
    counts = json.loads(paths.metrics("generate", f"fruit.{setting}").read_text())
    return texts.read(paths.source("fruit", setting)), counts


def outputs(setting: str = "zero_shot") -> list[bytes]:
    return [
        path.read_bytes()
        for path in (
            paths.source("fruit", setting),
            paths.transcript("fruit", setting),
            paths.metrics("generate", f"fruit.{setting}"),
        )
    ]


def conversations(setting: str = "zero_shot") -> list[Conversation]:
    return transcripts.read(paths.transcript("fruit", setting), cards.load("fruit"), setting)


def test_every_label_gets_its_texts_turn_by_turn(study: Study) -> None:
    with serve() as server:
        study(server.url)
        frame, counts = result()
    assert frame["label"].value_counts().to_dict() == {"fruit": 20, "tool": 20}
    assert frame["id"].is_unique
    assert len(server.log) == counts["total"]["answers"] == 8
    assert counts["total"]["requested"] == 40
    # Each second turn was sent with the first one's answer.
    roles = Counter(tuple(m["role"] for m in entry.request["messages"]) for entry in server.log)
    assert roles == {("system", "user"): 4, ("system", "user", "assistant", "user"): 4}


def test_a_second_run_and_one_without_endpoint_ask_nothing_and_give_the_same(study: Study) -> None:
    with serve() as server:
        study(server.url)
        generate.run("fruit", "zero_shot")
        first = len(server.log), outputs()
        generate.run("fruit", "zero_shot")
        assert (len(server.log), outputs()) == first
        study(server.url, provider="recorded")
        generate.run("fruit", "zero_shot")
    assert (len(server.log), outputs()) == first


def test_more_texts_ask_only_for_the_rest(study: Study) -> None:
    with serve() as server:
        study(server.url)
        generate.run("fruit", "zero_shot")
        study(server.url, per_label=30)
        frame, _ = result()
    assert len(frame) == 60
    assert len(server.log) == 12
    assert len({entry.digest for entry in server.log if len(entry.request["messages"]) > 2}) == 6


FAULTS = {
    Fault.RATE_LIMIT: 0.05,
    Fault.SERVER_ERROR: 0.05,
    Fault.CUT: 0.05,
    Fault.UNPARSABLE: 0.05,
    Fault.REFUSAL: 0.05,
    Fault.REFUSAL_FIELD: 0.05,
    Fault.TRUNCATED: 0.1,
    Fault.FENCE: 0.1,
    Fault.NUMBERED: 0.1,
    Fault.CONTROL: 0.1,
    Fault.HUGE: 0.01,
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("setting", ["zero_shot", "few_shot"])
def test_exactly_n_texts_whatever_comes_back(study: Study, setting: str, seed: int) -> None:
    with serve(faults=FAULTS, seed=seed) as server:
        study(server.url, per_label=50, attempt_cap=10.0)
        frame, counts = result(setting)
    assert frame["label"].value_counts().to_dict() == {"fruit": 50, "tool": 50}
    total = counts["total"]
    assert total["received"] == total["accepted"] + sum(total["dropped"].values())
    assert total["answers"] == sum(len(c.turns) for c in conversations(setting))


def test_few_shot_shows_real_texts_and_keeps_none(study: Study, project: Path) -> None:
    with serve() as server:
        study(server.url)
        generate.run("fruit", "few_shot")
    assert "real sentence number" in str(server.log[0].request["messages"])
    kept = [path for path in project.rglob("*") if path.is_file() and path.parent.name != "prepared"]
    assert len(kept) > 5
    for path in kept:
        assert b"real sentence number" not in path.read_bytes(), path
        assert FRUIT_KEY.encode() not in path.read_bytes(), path


def test_attributes_are_proposed_and_drawn(study: Study) -> None:
    plan = {"attributes": [{"name": "tone", "values": ["dry", "warm"]}, {"name": "reader", "values": ["a child"]}]}

    def answers(request: dict[str, Any]) -> str | None:
        return json.dumps(plan) if "Name six attributes" in request["messages"][-1]["content"] else None

    with serve(answers=answers) as server:
        study(server.url)
        frame, counts = result("attributed")
        requests = len(server.log)
        assert outputs("attributed")
        generate.run("fruit", "attributed")
        assert len(server.log) == requests == 12  # two conversations a label, each a plan and two turns
    assert len(frame) == counts["total"]["accepted"] == 40
    drawn = [e.request["messages"][-1]["content"] for e in server.log if "fit this" in str(e.request["messages"][-1])]
    assert {"tone: dry" in prompt for prompt in drawn} == {True, False}
    assert all("reader: a child" in prompt for prompt in drawn)


def test_a_model_that_only_refuses_ends(study: Study) -> None:
    with serve(answers=lambda request: Fault.REFUSAL) as server:
        study(server.url, attempt_cap=2.0)
        with pytest.raises(PyriteError, match=r"no text for label fruit, tool: .* answers of 'm' hold no texts"):
            generate.run("fruit", "zero_shot")
    assert len(server.log) == 2 * 2 * 20 / 5


def test_a_model_that_repeats_itself_ends_at_the_cap(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    repeated = '["one apple is red and round", "two pears are green and sweet"]'
    with serve(answers=lambda request: repeated if "fruit" in str(request["messages"]) else None) as server:
        study(server.url, attempt_cap=3.0)
        frame, counts = result()
    assert frame["label"].value_counts().to_dict() == {"fruit": 2, "tool": 20}
    assert counts["labels"]["fruit"]["requested"] == 60
    assert counts["labels"]["fruit"]["dropped"]["exact duplicate"] == 22
    warning = capsys.readouterr().err
    assert "too few texts for fruit (2 of 20): 22 of its 24 texts were dropped, 22 for 'exact duplicate'" in warning
    assert "tool (" not in warning


def test_tokens_and_cost_are_counted(study: Study) -> None:
    with serve() as server:
        study(server.url, prices={"m": {"input": 1.0, "output": 2.0, "date": "2026-01-01"}})
        _, counts = result()
        total = counts["total"]
        assert total["prompt_tokens"] > 0
        assert total["cost_usd"] == pytest.approx(
            (total["prompt_tokens"] + 2 * total["completion_tokens"]) / 1e6, abs=1e-6
        )
        study(server.url)
        _, counts = result()
    assert counts["total"]["cost_usd"] is None
    assert counts["total"]["prompt_tokens"] == total["prompt_tokens"]


def test_the_budget_stops_the_stage_and_a_larger_one_goes_on(study: Study) -> None:
    price = {"m": {"input": 1.0, "output": 1.0, "date": "2026-01-01"}}
    with serve(latency=0.02) as server:
        study(server.url, prices=price, budget_usd=0.0015, per_label=60)
        with pytest.raises(PyriteError, match="budget_usd"):
            generate.run("fruit", "zero_shot")
        requests = len(server.log)
        assert 0 < requests < 24
        study(server.url, prices=price, budget_usd=1.0, per_label=60)
        frame, _ = result()
    assert len(frame) == 120
    assert len(server.log) == 24


def test_recorded_answers_of_the_same_llm_come_first(study: Study) -> None:
    with serve() as server:
        study(server.url)
        generate.run("fruit", "zero_shot")
        recording = paths.recording("fruit", "zero_shot")
        recording.parent.mkdir(parents=True)
        recording.write_bytes(paths.transcript("fruit", "zero_shot").read_bytes())
        paths.answers("fruit", "zero_shot").unlink()
        requests, before = len(server.log), outputs()
        generate.run("fruit", "zero_shot")
        assert (len(server.log), outputs()) == (requests, before)
        # Those of another LLM are not mixed in.
        study(server.url, model="another")
        _, counts = result()
    assert counts["models"] == ["another"]
    assert len(server.log) == 2 * requests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_answers_in_flight_arrive(study: Study, project: Path, number: signal.Signals) -> None:
    with serve(latency=0.4) as server:
        study(server.url, concurrency=4, per_label=60)
        run = subprocess.Popen(
            [sys.executable, "-m", "pyrite.cli", "generate", "fruit", "zero_shot"],
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        while server.server.received < 3:
            time.sleep(0.05)
            assert run.poll() is None
        run.send_signal(number)
        output = run.communicate(timeout=30)[1]
        received = server.server.received
    assert run.returncode == 130
    assert "run it again to go on" in output
    assert "Traceback" not in output
    assert len(paths.answers("fruit", "zero_shot").read_text().splitlines()) == received < 24
    assert not paths.source("fruit", "zero_shot").exists()


def test_no_limit_but_its_own_holds_requests_back(study: Study) -> None:
    with serve(latency=0.5) as server:
        study(server.url, per_label=500, texts_per_turn=5, turns=1, concurrency=180)
        generate.run("fruit", "zero_shot")
    assert server.server.peak == 180


def test_one_turn_after_another_but_conversations_side_by_side(study: Study) -> None:
    with serve(latency=0.1) as server:
        study(server.url, per_label=100, texts_per_turn=5, turns=2, concurrency=8)
        generate.run("fruit", "zero_shot")
    assert 6 <= server.server.peak <= 8


def completion(prompt_tokens: int, completion_tokens: int = 60) -> dict[str, Any]:
    """A completion with five texts of its own, which is said to have taken so many tokens."""
    rng = random.Random(next(_numbers))
    content = json.dumps([" ".join(rng.sample(WORDS, 6)) for _ in range(5)])
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    usage["total_tokens"] = sum(usage.values())
    return {"choices": [{"message": {"content": content}, "finish_reason": "stop"}], "usage": usage}


_numbers = itertools.count()


def test_a_conversation_whose_beginning_was_cut_off_ends(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    def answers(request: dict[str, Any]) -> dict[str, Any]:
        turn = len(request["messages"]) // 2
        return completion({1: 200, 2: 300}.get(turn, 220))  # the third turn no longer has all of the second

    with serve(answers=answers) as server:
        study(server.url, turns=4)
        generate.run("fruit", "zero_shot")
        assert "no longer fits into the model's context" in capsys.readouterr().err
        first = len(server.log), outputs()
        generate.run("fruit", "zero_shot")
    held = conversations()
    assert {len(c.turns) for c in held} <= {1, 2, 3}
    # Whatever the server counted, all that was sent is reckoned.
    assert all((c.turns[2].prompt_tokens or 0) > 220 for c in held if len(c.turns) == 3)
    assert 3 in {len(c.turns) for c in held}
    assert (len(server.log), outputs()) == first


def test_a_conversation_that_grows_was_not_cut_off(study: Study) -> None:
    with serve(answers=lambda request: completion(100 * (len(request["messages"]) // 2))) as server:
        study(server.url, turns=4)
        generate.run("fruit", "zero_shot")
    assert len(server.log) == 8


def test_refusals_are_kept_and_a_second_run_asks_nothing(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    refusal = {"error": {"message": "The response was filtered", "code": "content_filter"}}

    def answers(request: dict[str, Any]) -> Any:
        messages = request["messages"]
        return (400, refusal, {}) if len(messages) > 2 and "about fruit" in messages[1]["content"] else None

    with serve(answers=answers) as server:
        study(server.url)
        frame, _ = result()
        assert "content filter" in capsys.readouterr().err
        first = len(server.log), outputs()
        generate.run("fruit", "zero_shot")
    assert frame["label"].value_counts().to_dict() == {"fruit": 20, "tool": 20}
    assert (len(server.log), outputs()) == first
    last = {(c.label, c.turns[-1].refused) for c in conversations()}
    assert last == {("fruit", "content filter"), ("tool", None)}


def test_empty_answers_are_paid_and_asked_again_in_the_next_run(study: Study) -> None:
    thinking = {"choices": [{"message": {"content": None, "reasoning_content": "Hm."}, "finish_reason": "stop"}]}
    thinking["usage"] = {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130}
    with serve(answers=lambda request: thinking) as server:
        study(server.url)
        with pytest.raises(PyriteError, match="no text for label"):
            generate.run("fruit", "zero_shot")
    paid = json.loads(paths.metrics("generate", "fruit.zero_shot").read_text())["total"]
    assert (paid["prompt_tokens"], paid["completion_tokens"]) == (100 * len(server.log), 30 * len(server.log))
    with serve() as server:
        study(server.url)
        frame, counts = result()
    assert len(frame) == 40
    assert len(server.log) == 8
    # What came to nothing stays paid.
    stored = [json.loads(line) for line in paths.answers("fruit", "zero_shot").read_text().splitlines()]
    assert counts["total"]["prompt_tokens"] == sum(answer["prompt_tokens"] for answer in stored)


def test_a_label_that_is_always_refused_is_given_up_and_the_next_run_says_the_same(study: Study) -> None:
    def answers(request: dict[str, Any]) -> dict[str, Any]:
        if "fruit" not in request["messages"][-1]["content"]:
            return completion(100)
        return {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}

    with serve(answers=answers) as server:
        study(server.url, attempt_cap=10)
        generate.run("fruit", "zero_shot")
        first = len(server.log), outputs()
        _, counts = result()
    assert counts["labels"]["fruit"]["refusals"] == {"content filter": generation.REFUSALS_IN_VAIN}
    assert (len(server.log), outputs()) == first
