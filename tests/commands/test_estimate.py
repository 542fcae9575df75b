from __future__ import annotations

import json

import pytest
from conftest import Study
from llm_server import serve
from test_runner import completion, result

from pyrite.base import paths
from pyrite.commands import estimate
from pyrite.llm import speed
from pyrite.llm.costs import CostEstimate
from pyrite.results.cost_table import table
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
    requests = {n["source"]: n["requests"] for n in needs(capsys, "fruit")}
    assert requests == {"zero_shot": 0, "few_shot": 8, "attributed": 12, "annotations": 5}
    study(per_label=30)
    [zero_shot] = needs(capsys, "fruit", "zero_shot")
    assert zero_shot["requests"] == 4


def test_the_table_says_what_is_not_known_and_what_is_spent(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study()
    estimate.run(None, None, as_json=False)
    output = capsys.readouterr().out
    assert "No price in generate.prices for 'm'" in output
    assert "up to 3 times as many" in " ".join(output.split())
    study(prices=PRICE, budget_usd=2.0)
    estimate.run(None, None, as_json=False)
    assert "Budget: $2.00, of which $0.00 is spent" in capsys.readouterr().out


def test_where_nothing_is_left_to_ask_it_costs_nothing(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    with serve() as server:
        study(server.url)
        generate.run("fruit", "zero_shot")
    capsys.readouterr()
    [zero_shot] = needs(capsys, "fruit", "zero_shot")
    assert (zero_shot["requests"], zero_shot["cost_usd"], zero_shot["seconds"]) == (0, 0.0, 0.0)
    estimate.run("fruit", "zero_shot", as_json=False)
    output = capsys.readouterr().out
    assert "Nothing is left to ask" in output
    assert "$0.00" in output
    assert "No price" not in output
    assert "doctor" not in output


def test_the_total_says_that_a_part_of_it_has_no_price() -> None:
    def total(*costs: float | None) -> str:
        needs = [CostEstimate("t", "s", "m", 1, 1, 1, 1, cost, None) for cost in costs]
        return table(needs, 3).rows[-1]["cost"]

    assert total(1.5, 2.0) == "$3.50"
    assert total(1.5, None) == "$1.50 + ?"
    assert total(0.0, None) == "?"
    assert total(None, None) == "?"
    assert total(0.0, 0.0) == "$0.00"


def test_stored_answers_say_what_an_answer_costs(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study(prices=PRICE)
    [before] = needs(capsys, "fruit", "zero_shot")
    with serve(answers=lambda request: completion(100 * len(request["messages"]), 5000)) as server:
        study(server.url, prices=PRICE, per_label=5)
        generate.run("fruit", "zero_shot")
        study(server.url, prices=PRICE)
    capsys.readouterr()
    [after] = needs(capsys, "fruit", "zero_shot")
    assert before["completion_tokens"] / before["requests"] < 200
    assert after["completion_tokens"] / after["requests"] == 5000


def test_a_fresh_clone_is_reckoned_before_it_is_prepared(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study(prices=PRICE)
    prepared = {n["source"]: n for n in needs(capsys, "fruit")}
    paths.prepared("fruit").unlink()
    fresh = {n["source"]: n for n in needs(capsys, "fruit")}
    for setting in ("zero_shot", "few_shot", "attributed"):
        assert fresh[setting]["requests"] == prepared[setting]["requests"]
        assert fresh[setting]["prompt_tokens"] == pytest.approx(prepared[setting]["prompt_tokens"], rel=0.1)
    assert fresh["annotations"]["requests"] == 50  # five personas, a hundred texts, ten in a request
    estimate.run(None, None, as_json=False)
    assert "Not prepared yet: fruit." in capsys.readouterr().out


def test_time_follows_from_the_speed_that_doctor_measured(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study(concurrency=4)
    estimate.run(None, None, as_json=False)
    assert "`pyrite doctor` measures" in capsys.readouterr().out
    speed.note("m", 10.0)
    [zero_shot] = needs(capsys, "fruit", "zero_shot")
    assert zero_shot["seconds"] == pytest.approx(zero_shot["completion_tokens"] / 10, rel=0.01)
    estimate.run("fruit", "zero_shot", as_json=False)
    output = capsys.readouterr().out
    assert "Time at 10 tokens a second" in output
    assert "where it answers 4 at once" in output
