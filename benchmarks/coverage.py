"""Do the intervals hold what they promise? Simulated studies with known truth.

    python benchmarks/coverage.py [STUDIES]

Each study has seven unequal classes, eleven mixes (seven points of a learning curve, a baseline, its equal, a worse
one and one that is better) and a few seeds. A prediction is the largest of seven scores: the right class gets the
mix's strength; noise comes from the item (shared by all mixes, and per mix), from the seed (its strength, and its bias
towards each class) and from both together. The truth is the mean over many seeds on many items. Every estimate is then
made by `pyrite.statistics` as `pyrite evaluate` makes it, and the table says how often the truth lies in its 95 %
interval, how often p < 0.05 where there is no gap (and how far p is from uniform, Kolmogorov-Smirnov), and how often a
candidate that is worse by exactly the margin is called *replace* or *don't* (5 % each are allowed).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import stats

from pyrite import statistics
from pyrite.statistics import Estimate

PRIORS = np.array([0.25, 0.2, 0.15, 0.15, 0.1, 0.1, 0.05])
LABELS = len(PRIORS)
CURVE_ROWS = [50, 100, 200, 400, 800, 1600, 3200]
# How much the right class stands out: more, the more real rows; then baseline, its equal, a worse and a better mix.
STRENGTHS = np.array([*(0.35 * np.log(CURVE_ROWS)), 2.3, 2.3, 2.15, 2.4])
CURVE, BASELINE, EQUAL, WORSE, BETTER = list(range(7)), 7, 8, 9, 10
RESAMPLES = 1000


@dataclass(frozen=True)
class Scenario:
    """How many seeds and test items a study has, and the standard deviation of the seeds' strengths and biases."""

    seeds: int
    items: int
    spread: float


SCENARIOS = [Scenario(seeds, 848, spread) for seeds in (3, 5) for spread in (0.0, 0.02, 0.05, 0.10)]


def simulate(scenario: Scenario, seeds: int, items: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gold labels (n,) and predictions (mixes, seeds, n)."""
    mixes = len(STRENGTHS)
    gold = rng.choice(LABELS, size=items, p=PRIORS)
    strength = STRENGTHS[:, None] + scenario.spread * rng.standard_normal((mixes, seeds))
    scores = strength[..., None, None] * np.eye(LABELS)[gold]
    for deviation, shape in (
        (0.7, (1, 1, items, LABELS)),
        (0.5, (mixes, 1, items, LABELS)),
        (0.5, (mixes, seeds, items, LABELS)),
        (scenario.spread, (mixes, seeds, 1, LABELS)),
    ):
        scores = scores + deviation * rng.standard_normal(shape, dtype=np.float32)
    return gold, scores.argmax(-1)


def truth(scenario: Scenario, rng: np.random.Generator) -> np.ndarray:
    """Macro-F1 of each mix over many seeds and items, (mixes,)."""
    scores = []
    for _ in range(60):
        gold, predicted = simulate(scenario, 10, 10_000, rng)
        scores.append(statistics.count(gold, predicted, LABELS).macro_f1().mean(-1))
    mean: np.ndarray = np.mean(scores, axis=0)
    # These two are alike by construction.
    mean[[BASELINE, EQUAL]] = mean[[BASELINE, EQUAL]].mean()
    return mean


def study(scenario: Scenario, true: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """What one simulated study gets right: shares between 0 and 1, and the p-value of the gap that is not there."""
    gold, predicted = simulate(scenario, scenario.seeds, scenario.items, rng)
    observed = statistics.count(gold, predicted, LABELS).macro_f1().T
    drawn = statistics.bootstrap(gold, predicted, LABELS, RESAMPLES, rng).macro_f1.swapaxes(1, 2)
    scores = Estimate(observed, drawn)
    gaps = scores.minus([EQUAL, WORSE], [BASELINE, BASELINE])
    swapped, _ = statistics.swap(gold, predicted, LABELS, [(EQUAL, BASELINE), (WORSE, BASELINE)], RESAMPLES, rng)
    true_gaps = np.array([0, true[WORSE] - true[BASELINE]])
    low90, high90 = (end[1] for end in gaps.interval(0.90))

    weights = 1 / scores.error[CURVE] ** 2
    draws = scores.draws(rng)
    worth_covered = []
    for mix in (EQUAL, WORSE, BETTER):
        worth = statistics.worth(CURVE_ROWS, draws[:, CURVE], weights, draws[:, mix])
        low, high = np.quantile(worth, [0.025, 0.975], method="inverted_cdf")
        worth_covered.append(low <= statistics.worth(CURVE_ROWS, true[CURVE], np.ones(7), true[mix]) <= high)
    return {
        "score": _covered(scores, true),
        "gap": _covered(gaps, true_gaps),
        "worth": float(np.mean(worth_covered)),
        "p": float(gaps.p_values(swapped, rng)[0]),
        "replace": float(low90 > true_gaps[1]),
        "don't": float(high90 < true_gaps[1]),
        "seed_share": float(np.mean(gaps.seed_variance / gaps.error**2)),
        "width": float(100 * np.mean(gaps.interval(0.95)[1] - gaps.mean)),
    }


def _covered(estimate: Estimate, true: np.ndarray) -> float:
    low, high = estimate.interval(0.95)
    return float(np.mean((low <= true) & (true <= high)))


def main(studies: int) -> None:
    rng = np.random.default_rng(0)
    table = Table(title=f"{studies} simulated studies each; percent")
    columns = ("seeds", "items", "spread", "score", "gap", "worth", "p < .05", "p uniform?", "replace", "don't")
    columns += ("± gap", "from seeds")
    for column in columns:
        table.add_column(column, justify="right")
    for scenario in SCENARIOS:
        true = truth(scenario, rng)
        label = f"{scenario.seeds} seeds, {scenario.items} items, spread {scenario.spread}"
        found = [study(scenario, true, rng) for _ in track(range(studies), label, console=Console(stderr=True))]
        mean = {key: float(np.mean([row[key] for row in found])) for key in found[0]}
        p = np.array([row["p"] for row in found])
        table.add_row(
            *(str(value) for value in (scenario.seeds, scenario.items, scenario.spread)),
            *(f"{100 * mean[key]:.1f}" for key in ("score", "gap", "worth")),
            *(f"{100 * np.mean(p < 0.05):.1f}", f"{stats.kstest(p, 'uniform').pvalue:.3f}"),
            *(f"{100 * mean[key]:.1f}" for key in ("replace", "don't")),
            *(f"{mean['width']:.1f}", f"{100 * mean['seed_share']:.0f}"),
        )
    Console().print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
