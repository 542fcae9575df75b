from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy import stats

import metrics
from pyrite.base.errors import PyriteError
from pyrite.results import verdict
from pyrite.results.evaluation import Gap, PairedGap
from pyrite.results.verdict import AUGMENT, CANT_TELL, DONT, REPLACE, Case


def gap(value: float, reach: float, item_error: float = 1.0, seed_error: float = 1.0) -> Gap:
    """In points: a gap whose 95 % interval reaches twice as far as its 90 % one."""
    values = {"value": value, "low": value - reach, "high": value + reach}
    values |= {"low90": value - reach / 2, "high90": value + reach / 2}
    values |= {"item_error": item_error, "seed_error": seed_error, "detectable": 3.0}
    return Gap(p=0.5, **{name: points / 100 for name, points in values.items()})


def case(gap: Gap, gain: Gap | None = None, margin: float = 3.0, **changes: object) -> Case:
    return replace(Case("few_shot", "real", margin / 100, 1000, 3, gap, gain), **changes)


HELPS, MAYBE, NOTHING = gap(2.0, 1.0), gap(0.5, 1.0), gap(0.1, 0.6)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (case(gap(0.0, 2.0)), REPLACE),
        (case(gap(5.0, 2.0)), REPLACE),
        (case(gap(-2.0, 1.9)), REPLACE),  # down to -2.95 within 90 %
        (case(gap(-2.0, 2.2)), CANT_TELL),
        (case(gap(-2.0, 1.9), margin=2.9), CANT_TELL),
        (case(gap(-4.0, 2.2)), CANT_TELL),
        (case(gap(-4.0, 1.9)), DONT),
        (case(gap(-9.0, 2.0)), DONT),
        # A candidate that replaces need not augment; one that doesn't can.
        (case(gap(0.0, 2.0), HELPS), REPLACE),
        (case(gap(-9.0, 2.0), HELPS), AUGMENT),
        (case(gap(-3.0, 2.0), HELPS), AUGMENT),
        (case(gap(-9.0, 2.0), MAYBE), DONT),
        (case(gap(-3.0, 2.0), NOTHING), CANT_TELL),
        # A label that is surely lost is no replacement, however good the rest.
        (case(gap(0.0, 2.0), lost=("b",)), CANT_TELL),
        (case(gap(0.0, 2.0), HELPS, lost=("b",)), AUGMENT),
        # Whatever the gap, where something is in the way.
        (case(gap(0.0, 2.0), obstacle="both are no better than guessing"), CANT_TELL),
        (case(gap(-9.0, 2.0), HELPS, obstacle="one fit"), CANT_TELL),
        # What holds the baseline itself can't stand in its place.
        (case(gap(2.0, 1.0), gap(2.0, 1.0), contains=True), AUGMENT),
        (case(gap(0.1, 0.6), gap(0.1, 0.6), contains=True), CANT_TELL),
        (case(gap(-9.0, 2.0), gap(-9.0, 2.0), contains=True), DONT),
    ],
)
def test_the_rule_at_its_edges(case: Case, expected: str) -> None:
    assert verdict.decide(case) == expected


@pytest.mark.parametrize(
    ("gain", "expected"), [(HELPS, "yes"), (MAYBE, "can't tell"), (NOTHING, "no"), (None, "can't tell")]
)
def test_what_pays_on_top_of_all_labels(gain: Gap | None, expected: str) -> None:
    assert verdict.on_top(case(gap(-9.0, 2.0), gain)) == expected


@pytest.mark.parametrize(
    ("case", "close"),
    [
        (case(gap(-2.0, 1.9)), True),  # replace by 0.05 points
        (case(gap(-4.0, 2.2)), True),  # can't tell by 0.1
        (case(gap(-9.0, 2.0)), False),
        (case(gap(-9.0, 2.0), gap(1.2, 1.0)), True),  # augment by 0.2
        (case(gap(-9.0, 2.0), HELPS), False),
        (case(gap(-2.0, 1.9), obstacle="one fit"), False),
    ],
)
def test_a_deciding_end_near_its_margin_is_a_close_call(case: Case, close: bool) -> None:
    assert verdict.is_close(case) == close


def test_the_rows_that_settle_a_case_give_the_promised_power() -> None:
    wide = case(gap(-1.0, 9.0, item_error=1.5, seed_error=0.6))
    rows = verdict.settles(wide)
    assert rows is not None
    error = math.hypot(1.5 * math.sqrt(1000 / rows), 0.6)
    # One-sided at 5 % against a gap of -3, when it is 0 or -6.
    assert stats.norm.sf(1.645 - 3.0 / error) == pytest.approx(0.80, abs=0.001)
    assert verdict.settles(case(gap(-1.0, 9.0, seed_error=2.0))) is None


def test_over_tasks_errors_average_out() -> None:
    together = verdict.over_tasks([case(gap(-1.0, 3.0), HELPS), case(gap(-3.0, 4.0), MAYBE)])
    assert together.gap.value == pytest.approx(-0.02)
    assert (together.gap.low, together.gap.high) == pytest.approx((-0.045, 0.005))
    assert together.gain is not None
    assert together.gain.value == pytest.approx(0.0125)
    assert verdict.over_tasks([case(HELPS, HELPS), case(HELPS)]).gain is None


def test_a_mean_leaves_out_tasks_where_nothing_can_be_told() -> None:
    clear, guessed = [case(gap(-9.0, 2.0)), case(gap(-11.0, 2.0))], case(gap(0.0, 2.0), obstacle="both guess")
    together = verdict.over_tasks([guessed, *clear])
    assert (together, together.left_out) == (replace(verdict.over_tasks(clear), left_out=1), 1)
    assert verdict.decide(together) == DONT
    assert verdict.as_sample([guessed, *clear]) == verdict.as_sample(clear)
    nothing = verdict.over_tasks([guessed, guessed])
    assert (verdict.decide(nothing), nothing.left_out) == (CANT_TELL, 0)


def test_tasks_as_a_sample_have_students_interval_of_their_gaps() -> None:
    gaps = [-1.0, -4.0, 2.0, -3.0]
    mean = verdict.as_sample([case(gap(value, 3.0)) for value in gaps])
    expected = stats.t.interval(0.90, 3, loc=-0.015, scale=stats.sem(gaps) / 100)
    assert (mean.value, mean.low, mean.high) == pytest.approx((-0.015, *expected))


PROBE = metrics.classifier({"real": 0.80, "few_shot": 0.79, "real+few_shot": 0.84})
PAIRED = PROBE.gaps["few_shot"]["real"]


def case_of(
    *changed: str, candidate: str = "few_shot", gap: PairedGap = PAIRED, test_rows: int = 500, **changes: object
) -> Case:
    """The case of a task whose fits of these mixes are changed so."""
    mixes = PROBE.mixes | {name: PROBE.mixes[name].model_copy(update=changes) for name in changed}
    gaps = PROBE.gaps | {"few_shot": PROBE.gaps["few_shot"] | {"real": gap}}
    probe = PROBE.model_copy(update={"mixes": mixes, "gaps": gaps})
    return verdict.case(metrics.task("pets", {"probe": probe}, test_rows), "probe", candidate, "real", 3.0)


def test_a_case_has_both_gaps() -> None:
    whole = case_of()
    assert whole.gap.value == pytest.approx(-0.01)
    assert whole.gain is not None
    assert whole.gain.value == pytest.approx(0.04)
    assert verdict.decide(whole) == REPLACE


def test_a_candidate_with_the_baseline_in_it_can_only_augment() -> None:
    mixed = case_of(candidate="real+few_shot")
    assert mixed.contains
    assert verdict.decide(mixed) == AUGMENT


def test_a_collapsed_fit_decides_nothing() -> None:
    collapsed = case_of("few_shot", collapsed=(1,))
    assert verdict.decide(collapsed) == CANT_TELL
    assert "trained on few_shot, the classifier says one label always (seed 1)" in collapsed.obstacle


def test_one_fit_of_each_decides_nothing() -> None:
    single = case_of(*PROBE.mixes, distinct=1)
    assert verdict.decide(single) == CANT_TELL
    assert "one fit of each only" in single.obstacle
    assert "more seeds" in single.remedy
    # The other of the two has several: their spread is in the gap.
    assert not case_of("few_shot", distinct=1).obstacle
    # The halves of the candidate's rows tell what other rows would move.
    halved = PAIRED.model_copy(update={"macro_f1": PAIRED.macro_f1.model_copy(update={"generation_error": 0.01})})
    assert not case_of(*PROBE.mixes, distinct=1, gap=halved).obstacle


def test_guessing_decides_nothing_where_both_do() -> None:
    assert not case_of("few_shot", guesses=True).obstacle
    assert case_of(*PROBE.mixes, guesses=True).obstacle == "both are no better than guessing"


def test_few_test_rows_decide_nothing() -> None:
    assert "19 test rows are too few" in case_of(test_rows=19).obstacle


def test_a_label_is_lost_from_three_margins_on() -> None:
    losing = case_of(gap=PAIRED.model_copy(update={"at_most": {"a": -0.091, "b": -0.089}}))
    assert losing.lost == ("a",)
    assert verdict.decide(losing) == AUGMENT


def test_a_gap_that_is_not_there_is_named() -> None:
    with pytest.raises(PyriteError, match="no gap of 'pool' to 'real' for classifier 'probe'"):
        case_of(candidate="pool")
