from __future__ import annotations

import pytest
from test_verdict import HELPS, case, gap

import metrics
from pyrite.measures import intervals
from pyrite.measures.clear_cut import ClearCut
from pyrite.results import statements
from pyrite.results.evaluation import Worth
from pyrite.results.page import remarks
from pyrite.results.verdict import OPEN, Case


def test_labels_with_less_than_a_tenth_of_their_texts_are_named() -> None:
    made = metrics.generated("t", "few_shot", accepted=9)
    whole = made.labels["a"].model_copy(update={"accepted": 100})
    made = made.model_copy(update={"per_label": 100, "labels": {"a": made.labels["a"], "b": whole}})
    assert "there for a (9): on this label" in remarks.scarce(made)
    assert remarks.scarce(made.model_copy(update={"labels": {"b": whole}})) == ""
    scored = metrics.task("t", {"tfidf": metrics.classifier({"real": 0.9, "few_shot": 0.8})})
    assert remarks.scarce(made) in remarks.remarks(metrics.of_task(scored, {"few_shot": made}), "tfidf")


@pytest.mark.parametrize(("own", "real", "surely"), [(98, 78, True), (98, 97, False), (78, 98, False)])
def test_texts_that_are_surely_clearer_than_real_ones_are_said(own: int, real: int, surely: bool) -> None:
    shares = {
        name: ClearCut(texts=100, share=intervals.proportion(n, 100), labels={})
        for name, n in {"real": real, "few_shot": own}.items()
    }
    made = metrics.generated("t", "few_shot").model_copy(update={"clear_cut": shares})
    sentence = remarks.clearer(made)
    assert bool(sentence) == surely
    assert not surely or ("98.0 %" in sentence and "78.0 %" in sentence)
    classifiers = {"tfidf": metrics.classifier({"real": 0.9, "few_shot": 0.8})}
    sentences = remarks.remarks(metrics.of_task(metrics.task("t", classifiers), {"few_shot": made}), "tfidf")
    assert (sentence in sentences) == surely


def test_an_obstacle_leaves_both_questions_open() -> None:
    stopped = case(gap(0.0, 1.0), obstacle="there is one fit of each only")
    [first, *_] = statements.two_questions(stopped, same_texts=False)
    assert first == f"In place of {stopped.baseline}: {OPEN}."


def worth(labels: int | None, low: int | None, high: int | None, most: int = 1000) -> Worth:
    return Worth(labels=labels, low=low, high=high, least=50, most=most)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (
            case(gap(-0.8, 2.0)),
            "Replace: few_shot scores 0.8 points lower than real (90 % interval -1.8 to +0.2). You allow a loss of 3.0:"
            " it surely loses no more than 1.8 (95 %).",
        ),
        (case(gap(4.0, 2.0)), "it is surely better, by 3.0 points or more (95 %)."),
        (
            case(gap(-9.0, 2.0), HELPS),
            "Augment: added to all labels, few_shot gains 2.0 points (95 % interval 1.0 to 3.0). Alone it may not",
        ),
        (
            case(gap(2.0, 1.0), gap(2.0, 1.0), contains=True),
            "Augment: added to real, few_shot gains 2.0 points (95 % interval 1.0 to 3.0)",
        ),
        (
            case(gap(-9.0, 2.0)),
            "Don't: few_shot scores 9.0 points lower than real (90 % interval -10.0 to -8.0). You allow a loss of 3.0: "
            "it surely loses more than 8.0 (95 %).",
        ),
        (case(gap(-2.0, 4.0)), "Can't tell: few_shot scores 2.0 points lower than real (90 % interval -4.0 to +0.0)"),
        (
            case(gap(0.0, 9.0, item_error=1.5, seed_error=0.5)),
            "about 1,868 test rows would settle it; there are 1,000",
        ),
        (
            case(gap(-2.0, 4.0, item_error=0.5, seed_error=0.3)),
            "so close to what you allow that 1,000 test rows can't settle it",
        ),
        (
            case(gap(0.0, 9.0, seed_error=2.0)),
            "would not settle it, more seeds can: chance in training moves the gap by about 2.0",
        ),
        (case(gap(-2.0, 1.9)), "A close call: another training run could change it."),
        (case(gap(0.0, 2.0), lost=("b", "c")), "but it loses b, c: the F1 of these labels falls"),
        (case(gap(0.0, 2.0), obstacle="both are no better than guessing"), "but both are no better than guessing."),
    ],
)
def test_the_words_have_the_numbers(case: Case, words: str) -> None:
    assert words in statements.sentence(case)


def test_both_questions_are_answered_with_their_intervals() -> None:
    assert statements.two_questions(case(gap(-9.0, 2.0), HELPS), same_texts=False) == [
        "In place of real: no.",
        "On top of all labels: yes (+2.0, 95 % interval +1.0 to +3.0).",
    ]
    alone = case(gap(-9.0, 2.0))
    assert "needs the mixes real and real+few_shot" in statements.two_questions(alone, same_texts=False)[1]
    assert "people have labelled the same texts" in statements.two_questions(alone, same_texts=True)[1]


@pytest.mark.parametrize(("moved", "words"), [(0.008, "about 0.8 points"), (None, "leave out how much another run")])
def test_another_run_of_the_llm_is_in_the_intervals_or_is_said_not_to_be(moved: float | None, words: str) -> None:
    task = metrics.task("pets", {"probe": metrics.classifier({"real": 0.9, "few_shot": 0.8})})
    pair = task.classifiers["probe"].gaps["few_shot"]["real"]
    gap = pair.macro_f1.model_copy(update={"generation_error": moved})
    task.classifiers["probe"].gaps["few_shot"]["real"] = pair.model_copy(update={"macro_f1": gap})
    assert words in remarks.generation(metrics.of_task(task, {}), "probe")
    assert remarks.generation(metrics.of_task(task, {}, candidates=("real",)), "probe") == ""


def test_over_tasks_there_are_these_tasks_and_tasks_like_them() -> None:
    first, second = statements.over_tasks([case(gap(-9.0, 2.0)), case(gap(-7.0, 2.0))])
    assert first.startswith("Over 2 tasks: few_shot scores 8.0 points lower than real")
    # Student's quantile with one degree of freedom: 6.31 times a standard error of 1.
    assert "the gap is -8.0 (-14.3 to -1.7, 90 %)" in second


@pytest.mark.parametrize(("value", "expected"), [(246, "246"), (0, "< 50"), (None, "> 2,320")])
def test_labels_outside_the_curve_are_bounds(value: int | None, expected: str) -> None:
    assert statements.labels(worth(value, value, value, most=2320)) == expected


@pytest.mark.parametrize(
    ("worth", "words"),
    [
        (worth(None, None, None), "few_shot still helps with 1,000 real labels, the most that were tried"),
        (worth(0, 0, 0), "few_shot helps with no number of real labels from 50 on"),
        (worth(None, 0, None), "can't tell from how many real labels on few_shot helps no more"),
        (worth(120, 60, None), "few_shot helps up to 120 (60 to > 1,000) real labels"),
        (worth(None, 60, None), "few_shot helps if you have up to about 60 (95 % sure)"),
        (worth(0, 0, 80), "few_shot helps up to < 50 (< 50 to 80) real labels"),
    ],
)
def test_where_generated_rows_stop_helping(worth: Worth, words: str) -> None:
    assert words in statements.stops("few_shot", worth)


@pytest.mark.parametrize(
    ("mix", "worth", "cost", "price", "words"),
    [
        ("few_shot", worth(200, 100, 400), 4.0, None, "one costs $0.01 to $0.04."),
        ("few_shot", worth(200, 100, 400), 0.2, None, "one costs less than a cent."),
        ("few_shot", worth(200, 100, 400), 4.0, 0.5, "at your $0.50, generating is cheaper."),
        ("few_shot", worth(200, 100, 400), 4.0, 0.02, "can't tell which is cheaper."),
        ("few_shot", worth(0, 0, 0), 4.0, 0.02, "costs more than $0.08; at your $0.02, labelling is cheaper."),
        ("few_shot", worth(200, 100, 400), None, 0.5, "cost $100.00 at $0.50 each; what generating cost is not known."),
        ("few_shot", worth(None, 900, None), None, 0.5, "can't tell: what generating cost is not known"),
        ("few_shot", None, 4.0, 0.5, "can't tell: no learning curve"),
        ("pool+few_shot", worth(200, 100, 400), 4.0, 0.5, "can't tell: pool+few_shot holds real labels itself"),
    ],
)
def test_the_break_even_says_what_is_known(
    mix: str, worth: Worth | None, cost: float | None, price: float | None, words: str
) -> None:
    assert words in statements.break_even(mix, worth, cost, price)


def test_without_a_price_there_is_no_break_even() -> None:
    assert statements.break_even("few_shot", worth(200, 100, 400), None, None) == ""


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.10, 0.05, 0.15), "simply calling the LLM is better by 10.0 (5.0 to 15.0) points"),
        ((-0.10, -0.15, -0.05), "the trained classifier is better by 10.0 (5.0 to 15.0) points"),
        ((0.01, -0.04, 0.06), "can't tell which is better (-4.0 to +6.0 points)"),
    ],
)
def test_who_leads_is_said_from_the_interval(ends: tuple[float, float, float], words: str) -> None:
    llm = metrics.llm(0.8, {"real": ends}, ("probe",))
    assert remarks.lead(llm.classifiers["probe"]["real"].gap.macro_f1) == words
