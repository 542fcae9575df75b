from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import change_params, tfidf, write_params, written_sources
from rich.console import Console

import metrics
from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.commands import estimate, verdict
from pyrite.measures.llm_baseline import LlmResult
from pyrite.results import options, statements
from pyrite.results.evaluation import ClassifierResult
from pyrite.results.study import Study
from pyrite.stages import compare

TFIDF = ("real", "few_shot", "pool", "pool+few_shot")
PROBE = ("real", "few_shot", "real@50")

SCORES = {"real": 0.80, "few_shot": 0.75, "pool": 0.70, "pool+few_shot": 0.71, "real@50": 0.60}


def encoder(mixes: tuple[str, ...], p: float) -> ClassifierResult:
    return metrics.classifier({mix: SCORES[mix] for mix in mixes}, p)


def called(gap: float) -> LlmResult:
    """An LLM that is so much better than both mixes."""
    ends = (gap, gap - 0.05, gap + 0.05)
    return metrics.llm(0.7 + gap, {"real": ends, "few_shot": ends}, ("tfidf",))


@pytest.fixture
def study(project: Path) -> Path:
    """A project with the metrics of two tasks and two encoders, and no models."""
    write_params(
        tasks=["pets", "cars"],
        **written_sources("zero_shot", "few_shot"),
        train={"classifiers": {"tfidf": tfidf(*TFIDF), "probe": tfidf(*PROBE)}},
        compare={"classifier": "tfidf", "candidates": ["few_shot"]},
    )
    for task, p in (("pets", 0.01), ("cars", 0.04)):
        encoders = {"tfidf": encoder(TFIDF, p), "probe": encoder(PROBE, p)}
        files.write_json(paths.metrics("evaluate", task), metrics.task(task, encoders))
        files.write_json(paths.metrics("prepare", task), metrics.prepared(task))
        for source in ("labelled", "zero_shot", "few_shot"):
            files.write_json(paths.metrics("generate", f"{task}.{source}"), metrics.generated(task, source))
    return project


def ask(**changes: Any) -> None:
    for key, value in changes.items():
        change_params(f"compare.{key}", value)


def headline() -> dict[str, Any]:
    compare.run()
    return files.read_json(paths.HEADLINE)


def table(path: Path = paths.TABLE) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def by_key() -> dict[tuple[str, str, str], dict[str, str]]:
    """The rows of the table by task, classifier and mix."""
    return {(row["task"], row["classifier"], row["mix"]): row for row in table()}


def test_headline_is_the_mean_over_tasks(study: Path) -> None:
    assert headline() == {
        "candidate": "few_shot",
        "best": "few_shot",
        "llm": "a/llm",
        "rows": 1000,
        "classifier": "tfidf",
        "macro_f1": 75.0,
        "gap": -5.0,
        # Two tasks of +- 1 point each: 1 / sqrt(2).
        "interval": "-5.7 to -4.3",
        "verdict": "don't",
        "close_call": False,
        "worth": None,
        "cost_usd": None,
        "baseline": "real",
        "baseline_macro_f1": 80.0,
        "tasks": 2,
    }


def test_a_task_of_which_nothing_can_be_told_is_left_out_of_the_means(study: Path) -> None:
    few = metrics.task("cars", {"tfidf": metrics.classifier({"real": 0.2, "few_shot": 0.1})})
    files.write_json(paths.metrics("evaluate", "cars"), few.model_copy(update={"test_rows": 10}))
    line = headline()
    assert (line["tasks"], line["macro_f1"], line["baseline_macro_f1"], line["gap"]) == (1, 75.0, 80.0, -5.0)
    assert line["verdict"] == "don't"
    assert "in 1 of 2 tasks nothing can be told" in options.between(Study.load())[0]
    assert "without 1 task where nothing can be told" in statements.over_tasks(Study.load().cases)[0]


def test_headline_of_one_task_has_the_worth(study: Path) -> None:
    change_params("tasks", ["pets"])
    # tfidf has no learning curve: it is read off that of probe.
    assert headline()["worth"] == 246


def curved(mixes: dict[str, tuple[int, float]]) -> ClassifierResult:
    """A classifier with these rows and scores of its mixes."""
    classifier = metrics.classifier({"real": 0.8, "few_shot": 0.75})
    more = {name: metrics.mix(value).model_copy(update={"rows": rows}) for name, (rows, value) in mixes.items()}
    return classifier.model_copy(update={"mixes": more})


CURVE = {"real@100": (100, 0.6), "real@200": (200, 0.7), "real": (400, 0.78), "few_shot": (200, 0.72)}


def test_the_frontier_is_written_and_said(study: Path) -> None:
    ask(label_price=0.1)
    change("evaluate", "pets", classifiers={"tfidf": curved(CURVE)})
    change("generate", "pets.few_shot", reckoned_tokens=(1_000_000, 1_000_000))
    compare.run()
    bought = files.read_json(paths.FRONTIER)
    assert list(bought) == ["pets", "cars"]
    frontier, forecasts = bought["pets"]["frontier"], bought["pets"]["forecasts"]
    assert [forecast["times"] for forecast in forecasts] == [2, 10]
    # The price of gpt-4.1-mini, which is the shipped one: 0.4 + 1.6 dollars.
    assert frontier["borrowed"] == "gpt-4.1-mini"
    costs = {purchase["mix"]: purchase.get("cost_usd") for purchase in frontier["purchases"]}
    assert costs == pytest.approx({"real@100": 10.0, "real@200": 20.0, "real": 40.0, "few_shot": 2.0})
    assert [frontier["purchases"][place]["mix"] for place in frontier["best"]] == ["few_shot", "real"]
    answer = verdict.as_json()["tasks"][0]
    assert answer["cheapest"].startswith("The cheapest way to 75 macro-F1 is 400 hand labels, about $40.00")
    assert [line.split()[0] for line in answer["advice"]] == ["Train", "Label"]
    assert "What else to do:" in printed(120)


def test_without_prices_the_line_to_fill_is_named(study: Path) -> None:
    assert "fill compare.label_price" in verdict.as_json()["tasks"][0]["cheapest"]
    assert "fill compare.label_price" in " ".join(printed(120).split())


def test_forecasts_are_printed_for_people_and_programs(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change("evaluate", "pets", classifiers={"tfidf": curved(CURVE)})
    estimate.run_scores("pets", None, as_json=True)
    twice, ten = json.loads(capsys.readouterr().out)["pets"]
    assert (twice["option"], twice["times"], ten["times"], twice["bought"]) == ("real", 2, 10, 400)
    assert 0.78 < twice["score"]["value"] < ten["score"]["value"]
    estimate.run_scores(None, None, as_json=False)
    assert "real: 10 times the labels" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(PyriteError, match="no option of pets with few_shot has scores of three sizes"):
        estimate.run_scores("pets", "few_shot", as_json=False)


def test_headline_follows_the_question(study: Path) -> None:
    ask(baseline="pool")
    line = headline()
    assert (line["verdict"], line["gap"]) == ("replace", 5.0)
    # What holds the baseline itself can't stand in its place.
    ask(candidates=["pool+few_shot"])
    assert headline()["verdict"] == "can't tell"


def test_keys_of_the_headline_never_change(study: Path) -> None:
    keys = list(headline())
    ask(candidates=["pool+few_shot"], classifier="tfidf", margin=9.5)
    assert list(headline()) == keys


def test_table_has_every_task_encoder_and_mix(study: Path) -> None:
    compare.run()
    assert len(table()) == 2 * (4 + 4)
    assert list(table()[0]) == [column.key for column in compare.COLUMNS]
    rows = by_key()
    candidate = rows["pets", "tfidf", "few_shot"]
    assert (candidate["gap"], candidate["gap_low"], candidate["gap_high"]) == ("-5.0", "-7.0", "-3.0")
    # Holm over the two tasks.
    assert (candidate["p"], candidate["p_holm"]) == ("0.01", "0.02")
    assert rows["cars", "tfidf", "few_shot"]["p_holm"] == "0.04"
    assert candidate["verdict"] == "don't"
    assert rows["pets", "probe", "few_shot"]["worth_low"] == "< 50"
    assert rows["pets", "probe", "few_shot"]["worth_high"] == "> 900"
    # No gap to itself, no verdict on real rows, no gap for a point of the curve.
    assert rows["pets", "tfidf", "real"]["gap"] == ""
    assert rows["pets", "tfidf", "pool"]["verdict"] == ""
    assert rows["pets", "probe", "real@50"]["gap"] == ""


def test_a_point_of_the_curve_is_no_candidate(study: Path) -> None:
    ask(candidates=["real@50"], classifier="probe")
    with pytest.raises(PyriteError, match="no gap of 'real@50' to 'real' for classifier 'probe'"):
        compare.run()
    assert not paths.HEADLINE.exists()
    assert not paths.TABLE.exists()


def test_the_llm_is_a_row_of_its_own_on_its_own_test_rows(study: Path) -> None:
    change("evaluate", "pets", llm=called(0.1))
    compare.run()
    rows = [row for row in table() if row["classifier"] == "llm"]
    assert [(row["task"], row["mix"], row["test_rows"], row["gap"]) for row in rows] == [("pets", "", "100", "10.0")]


def change(stage: str, name: str, **values: Any) -> None:
    path = paths.metrics(stage, name)
    files.write_json(path, files.read_json(path) | values)


def test_costs_are_summed_and_divided_by_the_worth(study: Path) -> None:
    for task in ("pets", "cars"):
        files.write_json(
            paths.metrics("generate", f"{task}.few_shot"), metrics.generated(task, "few_shot", cost_usd=1.5)
        )
    assert headline()["cost_usd"] == 3.0
    rows = by_key()
    candidate = rows["pets", "probe", "few_shot"]
    # Worth 246 labels, fewer than 50 to more than 900: any price of a label may be the one.
    assert (candidate["cost_usd"], candidate["break_even_low"], candidate["break_even_high"]) == ("1.5", "0.0", "")
    assert rows["pets", "tfidf", "pool+few_shot"]["break_even_low"] == ""


def test_the_papers_tables_are_written_in_three_forms(study: Path) -> None:
    compare.run()
    names = {f"{name}.{form}" for name in ("scores", "augmentation", "options") for form in ("csv", "md", "tex")}
    assert {path.name for path in paths.TABLES.iterdir()} == names
    scores = table(paths.TABLES / "scores.csv")
    assert [(row["task"], row["classifier"]) for row in scores][-1] == ("mean of 2", "probe")
    assert scores[0]["few_shot - real macro_f1"] == "-5.0"
    assert {row["real rows"] for row in table(paths.TABLES / "augmentation.csv")} == {"pool", "real@50"}


def test_plots_are_of_the_candidate(study: Path) -> None:
    compare.run()
    assert (paths.PLOTS / "tasks.csv").read_text() == "task,macro_f1\npets,75.0\ncars,75.0\n"
    # A label without test rows has no bar.
    assert (paths.PLOTS / "labels.csv").read_text() == "label,f1\npets: a,75.0\ncars: a,75.0\n"


def test_a_label_without_test_rows_is_named(study: Path) -> None:
    assert "Can't tell how b is classified: no test row has this label." in printed(120)


def test_missing_metrics_are_named(study: Path) -> None:
    paths.metrics("evaluate", "cars").unlink()
    with pytest.raises(PyriteError, match=r"metrics/evaluate/cars\.json: no such file"):
        compare.run()


def test_compare_loads_nothing_heavy() -> None:
    """`dvc exp run -S compare.candidates=...` runs this stage and the report only: seconds count."""
    heavy = {"torch", "sklearn", "transformers", "scipy.stats"}
    code = f"import sys, pyrite.stages.compare; print({heavy} & set(sys.modules) or 'nothing')"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "nothing\n"
    )


# What `pyrite verdict` prints


def printed(width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    verdict.show(console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit_and_lose_nothing(study: Path, width: int) -> None:
    text = printed(width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "pool+few_shot" in text
    assert "75.0 ±  2.0" in text
    assert "-5.0 ±  2.0" in text
    assert "246 (< 50 to > 900)" in text


def test_what_is_printed_when_piped_is_plain(study: Path) -> None:
    assert "\x1b" not in printed(80)


def test_what_else_there_is_to_say_is_printed(study: Path) -> None:
    ask(label_price=0.1, llm_price=0.5)
    change("evaluate", "pets", llm=called(0.1))
    change("evaluate", "cars", llm=called(-0.1))
    text = " ".join(printed(120).split())
    assert "Called as the classifier, in 5 personas, the LLM scores" in text
    assert "simply calling the LLM is better by 10.0 (5.0 to 15.0) points. It asks $0.50 for a thousand texts" in text
    assert "the trained classifier is better by 10.0 (5.0 to 15.0) points" in text
    assert "few_shot helps up to 120 (60 to > 900) real labels" in text
    assert "labels that few_shot equals cost $24.60 at $0.10 each; what generating cost is not known" in text


def test_the_papers_tables_are_printed(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdict.run_tables(json=False)
    text = capsys.readouterr().out
    assert "80.0/80.0" in text
    assert "real@50" in text


def test_the_answer_is_what_is_printed_first(study: Path) -> None:
    first, second, third, *_ = printed(120).splitlines()
    assert first == "Can't tell yet. Texts written by the LLM cost 5.0 points, and you allow 3." or first.startswith(
        "Label."
    )
    assert second.startswith("Next: ") and third.startswith("How sure: Over 2 tasks: few_shot scores 5.0 points lower")


def test_contamination_and_verdicts_are_printed(study: Path) -> None:
    text = " ".join(printed(120).split())
    assert "17 of 700 few_shot" in text
    assert text.lower().count("few_shot scores 5.0 points lower than real (90 % interval ") == 3
    assert "Over 2 tasks" in text
    assert "index.html" not in text
    files.write_text(paths.REPORT / "index.html", "<p>")
    assert "The report: report/index.html" in printed(120)
