from __future__ import annotations

import asyncio
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.llm import cache
from pyrite.llm.cache import Answer, Ledger, Log
from pyrite.params import Price

KEYS = [cache.key([{"role": "user", "content": str(n)}], "m", {}, [n]) for n in range(20)]


def say(text: str = "[]", model: str = "m", tokens: int | None = 10) -> Answer:
    return Answer(model=model, date="2026-01-01", prompt_tokens=tokens, completion_tokens=tokens, text=text)


def add(*pairs: tuple[str, Answer]) -> None:
    async def all_at_once(log: Log) -> None:
        await asyncio.gather(*(log.add(key, answer) for key, answer in pairs))

    with Log("t", "s") as log:
        asyncio.run(all_at_once(log))


def test_what_was_added_is_found_by_this_run_and_the_next(project: Path) -> None:
    pairs = [(key, say(f'["{n} ünï\u2028 \\n"]')) for n, key in enumerate(KEYS)]
    add(*pairs)
    log = Log("t", "s")
    assert len(log) == 20
    assert [(key, log.get(key)) for key in KEYS] == pairs
    assert log.get("0" * 64) is None
    assert Log("t", "another").get(KEYS[0]) is None


def test_an_answer_is_on_the_disk_when_add_returns(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(paths.answers("t", "s").stat().st_size))

    async def one_by_one(log: Log) -> None:
        for n in range(3):
            await log.add(KEYS[n], say())
            assert len(synced) == n + 1
            assert synced[-1] == paths.answers("t", "s").stat().st_size

    with Log("t", "s") as log:
        asyncio.run(one_by_one(log))


def test_the_last_whole_answer_to_a_request_counts(project: Path) -> None:
    add((KEYS[0], say("first")))
    add((KEYS[0], say("second")))
    assert Log("t", "s").get(KEYS[0]) == say("second")
    path = paths.answers("t", "s")
    path.write_bytes(path.read_bytes().replace(b'"text": "second"', b'"text": second"'))
    assert Log("t", "s").get(KEYS[0]) == say("first")
    path.write_bytes(path.read_bytes().replace(b'"text": "first"', b'"text": first"'))
    assert Log("t", "s").get(KEYS[0]) is None
    # What was asked anew stands behind the damaged lines, and is not asked again.
    add((KEYS[0], say("third")))
    assert Log("t", "s").get(KEYS[0]) == say("third")


def test_an_answer_without_words_costs_and_is_asked_again(project: Path) -> None:
    add((KEYS[0], say("")), (KEYS[1], replace(say(""), refused="content filter")))
    log = Log("t", "s")
    assert log.get(KEYS[0]) is None
    assert log.get(KEYS[1]) == replace(say(""), refused="content filter")
    assert Ledger({"m": Price(input=1, output=1, date="2026-01-01")}).spent() == pytest.approx(40e-6)


@pytest.mark.parametrize("tail", [b'{"key": "', b'{"key": "' + b"a" * 64 + b'", "model": "m", "te', b"\x00" * 50])
def test_half_a_line_of_a_killed_run_is_cut_off(project: Path, tail: bytes) -> None:
    add((KEYS[0], say("a")))
    path = paths.answers("t", "s")
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert Log("t", "s").get(KEYS[0]) == say("a")
    assert path.read_bytes() == whole + tail  # a reader changes nothing
    add((KEYS[1], say("b")))
    assert path.read_bytes().startswith(whole + b'{"key": "')
    assert Log("t", "s").get(KEYS[1]) == say("b")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.binary(max_size=300))
def test_a_damaged_line_costs_only_its_own_answer(project: Path, damage: bytes) -> None:
    path = paths.answers("t", "s")
    path.unlink(missing_ok=True)
    add((KEYS[0], say("a")))
    path.write_bytes(damage.replace(b"\n", b"") + b"\n" + path.read_bytes())
    log = Log("t", "s")
    assert log.get(KEYS[0]) == say("a")
    assert Ledger({"m": Price(input=1, output=1, date="2026-01-01")}).spent() == pytest.approx(20e-6)


def test_a_damaged_answer_is_asked_for_again(project: Path) -> None:
    add((KEYS[0], say("a")))
    path = paths.answers("t", "s")
    path.write_bytes(path.read_bytes().replace(b'"prompt_tokens"', b'"prompt_tokenz"'))
    assert Log("t", "s").get(KEYS[0]) is None


def test_a_second_run_waits_for_the_first(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Log("t", "s") as log:
        second = threading.Thread(target=add, args=[(KEYS[1], say("b"))])
        second.start()
        second.join(0.3)
        assert second.is_alive()
        asyncio.run(log.add(KEYS[0], say("a")))
    second.join(10)
    assert not second.is_alive()
    assert len(Log("t", "s")) == 2
    assert "another run is adding answers" in capsys.readouterr().err


def test_a_full_disk_is_said_and_leaves_no_half_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    add((KEYS[0], say("a")))
    before = paths.answers("t", "s").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PyriteError, match=r"s\.jsonl: can't be written \(No space left on device\)"):
        add((KEYS[1], say("b")), (KEYS[2], say("c")))
    assert paths.answers("t", "s").read_bytes() == before


def test_a_store_that_cant_be_made_is_said(project: Path) -> None:
    Path(".pyrite").write_text("in the way")
    with pytest.raises(PyriteError, match="answers"), Log("t", "s"):
        pass


def test_the_ledger_adds_up_all_answers_and_what_comes_later(project: Path) -> None:
    ledger = Ledger({"m": Price(input=1.0, output=3.0, date="2026-01-01")})
    assert ledger.spent() == 0
    add((KEYS[0], say(tokens=1_000_000)), (KEYS[1], say(model="no price")), (KEYS[2], say(tokens=None)))
    assert ledger.spent() == pytest.approx(4.0)
    add((KEYS[3], say(tokens=500_000)))
    assert ledger.spent() == pytest.approx(6.0)
    assert ledger.spent() == pytest.approx(6.0)


def test_a_line_is_json(project: Path) -> None:
    add((KEYS[0], say("a")))
    line = json.loads(paths.answers("t", "s").read_text())
    assert line == {
        "key": KEYS[0],
        "model": "m",
        "date": "2026-01-01",
        "prompt_tokens": 10,
        "completion_tokens": 10,
        "text": "a",
    }
