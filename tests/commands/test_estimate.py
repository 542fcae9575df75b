from __future__ import annotations

import json

import pytest
from conftest import Study
from llm_server import serve
from test_runner import result

from pyrite.commands import estimate
from pyrite.stages import generate

PRICE = {"m": {"input": 1.0, "output": 2.0, "date": "2026-01-01"}}


def needs(capsys: pytest.CaptureFixture[str], *named: str | None) -> list[dict]:
    estimate.run(*(*named, None, None)[:2], as_json=True)
    return json.loads(capsys.readouterr().out)


def test_what_is_reckoned_is_close_to_what_is_paid(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    with serve() as server:
        study(server.url, per_label=100, prices=PRICE)
        [reckoned] = needs(capsys, "fruit", "zero_shot")
        assert not server.log
        _, counts = result()
    total = counts["total"]
    assert reckoned["requests"] == total["answers"] == 40
    assert reckoned["prompt_tokens"] == pytest.approx(total["prompt_tokens"], rel=0.3)
    assert reckoned["completion_tokens"] == pytest.approx(total["completion_tokens"], rel=0.3)
    assert reckoned["cost_usd"] == pytest.approx(total["cost_usd"], rel=0.3)


def test_only_what_is_missing_is_reckoned(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    with serve() as server:
        study(server.url)
        generate.run("fruit", "zero_shot")
    found = {n["setting"]: n["requests"] for n in needs(capsys, "fruit")}
    assert found == {"zero_shot": 0, "few_shot": 8, "attributed": 12, "annotations": 5}
    study(per_label=30)
    [zero_shot] = needs(capsys, "fruit", "zero_shot")
    assert zero_shot["requests"] == 4


def test_the_table_says_what_is_not_known_and_what_is_spent(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study()
    estimate.run(None, None, as_json=False)
    said = capsys.readouterr().out
    assert "'m' has no price" in said
    assert "up to 3 times as many" in " ".join(said.split())
    study(prices=PRICE, budget_usd=2.0)
    estimate.run(None, None, as_json=False)
    assert "Budget: $2.00, of which $0.00 is spent" in capsys.readouterr().out
