from __future__ import annotations

import pytest
from scipy import stats

from pyrite.results import verdict
from pyrite.results.verdict import AUGMENT, CANT_TELL, DONT, REPLACE, Case, Gap


def gap(mean: float, reach: float, item_error: float = 1.0, seed_error: float = 1.0) -> Gap:
    """A gap whose 95 % interval reaches twice as far as its 90 % one."""
    half = reach / 2
    return Gap(mean, mean - reach, mean + reach, mean - half, mean + half, item_error, seed_error)


def case(gap: Gap, augmented: Gap | None = None, margin: float = 3.0, seeds: int = 3) -> Case:
    return Case("few_shot", "real", margin, seeds, 1000, gap, augmented)


HELPS, HURTS, MAYBE = gap(2.0, 1.0), gap(-2.0, 1.0), gap(0.5, 1.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (case(gap(0.0, 2.0)), REPLACE),
        (case(gap(5.0, 2.0)), REPLACE),
        (case(gap(-2.0, 1.9)), REPLACE),  # down to -2.95 within 90 %
        (case(gap(-2.0, 2.0)), CANT_TELL),  # down to -3.0: the margin itself
        (case(gap(-2.0, 1.9), margin=2.9), CANT_TELL),
        (case(gap(-4.0, 2.0)), CANT_TELL),  # up to -3.0
        (case(gap(-4.0, 1.9)), DONT),
        (case(gap(-9.0, 2.0)), DONT),
        # A candidate that replaces need not augment; one that doesn't can.
        (case(gap(0.0, 2.0), HELPS), REPLACE),
        (case(gap(-9.0, 2.0), HELPS), AUGMENT),
        (case(gap(-3.0, 2.0), HELPS), AUGMENT),
        (case(gap(-9.0, 2.0), MAYBE), DONT),
        (case(gap(-9.0, 2.0), gap(1.0, 1.0)), DONT),  # augmented from 0.0 on: not above it
        (case(gap(-3.0, 2.0), HURTS), CANT_TELL),
        # One seed says nothing, however clear it looks.
        (case(gap(0.0, 2.0), seeds=1), CANT_TELL),
        (case(gap(-9.0, 2.0), HELPS, seeds=1), CANT_TELL),
        (case(gap(0.0, 2.0), seeds=2), REPLACE),
    ],
)
def test_the_rule_at_its_edges(given: Case, expected: str) -> None:
    assert verdict.decide(given) == expected
    assert verdict.sentence(given).lower().startswith(expected)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            case(gap(-0.8, 2.0)),
            "Replace: few_shot stands 0.8 points below real in macro-F1; with 95 % confidence it costs no more than "
            "1.8 points, and you allow 3.0.",
        ),
        (
            case(gap(4.0, 2.0)),
            "Replace: few_shot stands 4.0 points above real in macro-F1; it is better with 95 % confidence (by 3.0 "
            "points or more).",
        ),
        (
            case(gap(-9.0, 2.0), HELPS),
            "Augment: added to the pool of real rows, few_shot gains 2.0 (1.0 to 3.0) points of macro-F1; alone it "
            "stands 9.0 points below real, and you allow 3.0.",
        ),
        (
            case(gap(-9.0, 2.0)),
            "Don't: few_shot stands 9.0 points below real in macro-F1; with 95 % confidence it costs more than 8.0 "
            "points, and you allow 3.0.",
        ),
        (
            case(gap(-2.0, 4.0)),
            "Can't tell: few_shot stands 2.0 points below real in macro-F1, but -6.0 to +2.0 is all that is sure, and "
            "you allow 3.0. The gap is too near the margin for more seeds or test rows alone to settle it.",
        ),
        (
            case(gap(0.0, 9.0, item_error=1.5, seed_error=0.5)),
            "Can't tell: few_shot stands level with real in macro-F1, but -9.0 to +9.0 is all that is sure, and you "
            "allow 3.0. About 1,868 test rows in place of 1,000 would settle it, if the gap is as it looks.",
        ),
    ],
)
def test_the_words_have_the_numbers(given: Case, words: str) -> None:
    assert verdict.sentence(given) == words


def test_needed_rows_and_seeds_give_the_promised_power() -> None:
    given = case(gap(-1.0, 9.0, item_error=0.7, seed_error=0.6))
    rows, seeds = verdict.needed(given)
    assert rows is not None
    assert seeds is not None
    for error in ((0.7**2 * 1000 / rows + 0.6**2) ** 0.5, (0.7**2 + 0.6**2 * 3 / seeds) ** 0.5):
        # One-sided at 5 % against a gap of -3 when it is -1.
        assert stats.norm.sf(1.645 - 2.0 / error) >= 0.80
        assert stats.norm.sf(1.645 - 2.0 / (error * 1.2)) < 0.80


def test_needed_is_none_where_the_other_source_is_too_large() -> None:
    assert verdict.needed(case(gap(-1.0, 9.0, item_error=0.1, seed_error=2.0))) == (None, 19)
    assert verdict.needed(case(gap(-3.0, 9.0))) == (None, None)


def test_over_tasks_errors_average_out() -> None:
    together = verdict.over_tasks([case(gap(-1.0, 3.0), HELPS), case(gap(-3.0, 4.0), MAYBE)])
    assert together.gap.mean == -2
    assert (together.gap.low, together.gap.high) == (-4.5, 0.5)
    assert together.augmented is not None
    assert together.augmented.mean == 1.25
    one = case(gap(-1.0, 3.0), HELPS)
    assert verdict.over_tasks([one]) == one


def test_over_tasks_augments_only_where_every_task_can_say() -> None:
    assert verdict.over_tasks([case(HURTS, HELPS), case(HURTS)]).augmented is None


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [("few_shot", HELPS), ("pool+few_shot", HELPS), ("zero_shot", None), ("pool+zero_shot", None)],
)
def test_augmentation_is_the_candidate_with_the_pool(candidate: str, expected: Gap | None) -> None:
    entry = {"macro_f1": {name: getattr(HELPS, name) / 100 for name in Gap.__dataclass_fields__}}
    gaps = {name: {"real": entry} for name in ("few_shot", "zero_shot", "pool+zero_shot")}
    gaps["pool+few_shot"] = {"real": entry, "pool": entry}
    mixes = {name: {"seeds": [0, 1]} for name in gaps}
    metrics = {"task": "pets", "test_rows": 10, "encoders": {"tfidf": {"gaps": gaps, "mixes": mixes}}}
    found = verdict.case(metrics, "tfidf", candidate, "real", 3.0)
    if expected is None:
        assert found.augmented is None
    else:
        assert found.augmented is not None
        assert found.augmented.mean == pytest.approx(expected.mean)


@pytest.mark.parametrize(("value", "expected"), [(246, 246), (0, "< 50"), (None, "> 2320")])
def test_labels_outside_the_curve_are_bounds(value: int | None, expected: int | str) -> None:
    assert verdict.labels({"labels": value, "least": 50, "most": 2320}) == expected


@pytest.mark.parametrize(
    ("labels", "low", "high", "words"),
    [
        (None, None, None, "few_shot still helps beside 900 real rows, the most that were tried"),
        (0, 0, 0, "few_shot helps beside no number of real rows from 50 on"),
        (None, 0, None, "can't tell from how many real rows on few_shot helps no more"),
        (120, 60, None, "few_shot helps up to 120 (60 to > 900) real rows"),
        (
            None,
            60,
            None,
            "few_shot seems to help beside all 900 real rows that were tried, with 95 % confidence beside 60",
        ),
        (0, 0, 80, "few_shot helps up to < 50 (< 50 to 80) real rows"),
    ],
)
def test_where_generated_rows_stop_helping(labels: int | None, low: int | None, high: int | None, words: str) -> None:
    stops = {"labels": labels, "low": low, "high": high, "least": 50, "most": 900}
    assert verdict.stops_helping("few_shot", "probe", stops) == f"Added to real rows (probe): {words}" + (
        "." if "tell" not in words else ": it may be any from 50 to 900."
    )
