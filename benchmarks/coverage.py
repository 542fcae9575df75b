"""Do the intervals hold what they promise? Simulated studies with known truth.

    python benchmarks/coverage.py [STUDIES]

Each study has seven unequal classes, eleven mixes (seven points of a learning curve, a baseline, its equal, a worse
one and one that is better) and a few seeds. A prediction is the largest of seven scores: the right class gets the
mix's strength; noise comes from the item (shared by all mixes, and per mix), from the seed (its strength, and its bias
towards each class) and from both together. The truth is the mean over many seeds on many items. Every estimate is then
made by `statistics` as `pyrite evaluate` makes it. Counted is how often the truth lies in its 95 % interval, how
often p < 0.05 where there is no gap (and how far p is from uniform, Kolmogorov-Smirnov), and how often a candidate that
is worse by exactly the margin is called *replace* or *don't* (5 % each are allowed).

Writes benchmarks/results/coverage.json and coverage.svg. 500 studies take about four minutes on two cores.
"""

from __future__ import annotations

import os

# One thread for each process: they share the cores. Read on import.
os.environ["OMP_NUM_THREADS"] = "1"

import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import altair as alt
import numpy as np
from rich.console import Console
from rich.progress import track
from scipy import stats

from pyrite.base import files
from pyrite.measures import learning_curves, statistics
from pyrite.measures.scores import count
from pyrite.measures.statistics import Samples
from pyrite.results.page import drawing
from pyrite.results.table import Column, Table

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


RESULTS = Path(__file__).parent / "results"
# What is counted, and between which percentages it should lie.
SHARES = {
    **dict.fromkeys(("score", "gap", "worth"), (93, 97)),
    **dict.fromkeys(("replace", "don't"), (0, 5)),
    "p < 0.05": (3, 7),
}

SCENARIOS = [Scenario(seeds, 848, spread) for seeds in (3, 5) for spread in (0.0, 0.02, 0.05, 0.10)]


def simulate(
    scenario: Scenario, seeds: int, items: int, rng: np.random.Generator, *, alike: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Gold labels (n,) and predictions (mixes, seeds, n).

    `alike` gives all mixes the same noise, and the seeds opposite deviations in pairs: the mean over seeds stays what
    it is, and is known far better.
    """
    mixes = len(STRENGTHS)
    gold = rng.choice(LABELS, size=items, p=PRIORS)
    own = 1 if alike else mixes

    def deviations(*shape: int) -> np.ndarray:
        drawn = rng.standard_normal((own, seeds // 2 if alike else seeds, *shape))
        return scenario.spread * (np.concatenate([drawn, -drawn], axis=1) if alike else drawn)

    strength = STRENGTHS[:, None] + deviations()
    scores = strength[..., None, None] * np.eye(LABELS)[gold] + deviations(1, LABELS)
    for deviation, shape in (
        (0.7, (1, 1, items, LABELS)),
        (0.5, (own, 1, items, LABELS)),
        (0.5, (own, seeds, items, LABELS)),
    ):
        scores = scores + deviation * rng.standard_normal(shape, dtype=np.float32)
    return gold, scores.argmax(-1)


def truth(scenario: Scenario) -> np.ndarray:
    """Macro-F1 of each mix over many seeds and items, (mixes,)."""
    rng, scores = np.random.default_rng(0), []
    for _ in range(60):
        gold, predicted = simulate(scenario, 10, 10_000, rng, alike=True)
        scores.append(count(gold, predicted, LABELS).macro_f1().mean(-1))
    mean: np.ndarray = np.mean(scores, axis=0)
    return mean


def study(scenario: Scenario, true: np.ndarray, seed: int) -> dict[str, float]:
    """What one simulated study gets right: shares between 0 and 1, and the p-value of the gap that is not there."""
    rng = np.random.default_rng([seed, *repr(scenario).encode()])
    gold, predicted = simulate(scenario, scenario.seeds, scenario.items, rng)
    observed = count(gold, predicted, LABELS).macro_f1().T
    drawn = statistics.bootstrap(gold, predicted, LABELS, RESAMPLES, rng).macro_f1.swapaxes(1, 2)
    scores = Samples(observed, drawn)
    gaps = scores.minus([EQUAL, WORSE], [BASELINE, BASELINE])
    swapped, _ = statistics.swap(gold, predicted, LABELS, [(EQUAL, BASELINE), (WORSE, BASELINE)], RESAMPLES, rng)
    true_gaps = np.array([0, true[WORSE] - true[BASELINE]])
    low90, high90 = (end[1] for end in gaps.interval(0.90))

    weights = 1 / scores.error[CURVE] ** 2
    draws = scores.draws(rng)
    worth_covered = []
    for mix in (EQUAL, WORSE, BETTER):
        worth = learning_curves.worth(CURVE_ROWS, draws[:, CURVE], weights, draws[:, mix])
        low, high = np.quantile(worth, [0.025, 0.975], method="inverted_cdf")
        worth_covered.append(low <= learning_curves.worth(CURVE_ROWS, true[CURVE], np.ones(7), true[mix]) <= high)
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


def _covered(estimate: Samples, true: np.ndarray) -> float:
    low, high = estimate.interval(0.95)
    return float(np.mean((low <= true) & (true <= high)))


def run(scenario: Scenario, true: np.ndarray, studies: int, pool: ProcessPoolExecutor) -> dict[str, object]:
    """What `studies` simulated studies give: each share in percent, with the 95 % interval of this simulation."""
    todo = pool.map(study, *zip(*((scenario, true, seed) for seed in range(studies)), strict=True), chunksize=4)
    label = f"{scenario.seeds} seeds, {scenario.items} items, spread {scenario.spread}"
    rows = list(track(todo, label, total=studies, console=Console(stderr=True)))
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    p = columns.pop("p")
    seed_share, width = columns.pop("seed_share"), columns.pop("width")
    shares = {key: of_mean(100 * values) for key, values in (columns | {"p < 0.05": p < 0.05}).items()}
    return {
        **asdict(scenario),
        "percent": shares,
        "p": sorted(np.round(p, 4).tolist()),
        "uniform": round(float(stats.kstest(p, "uniform").pvalue), 4),
        "seed_share_percent": round(100 * float(seed_share.mean()), 1),
        "half_width_of_gap": round(float(width.mean()), 2),
    }


def of_mean(values: np.ndarray) -> dict[str, float]:
    reach = 1.96 * values.std() / np.sqrt(len(values))
    ends = {"value": values.mean(), "low": values.mean() - reach, "high": values.mean() + reach}
    return {key: round(float(value), 2) for key, value in ends.items()}


def over_all(scenarios: list[dict[str, object]]) -> dict[str, dict[str, float]]:
    """Each share over all scenarios, with the 95 % interval of this simulation."""
    means = {}
    for key in SHARES:
        shares = [scenario["percent"][key] for scenario in scenarios]
        value = np.mean([share["value"] for share in shares])
        reach = np.sqrt(np.sum([(share["high"] - share["value"]) ** 2 for share in shares])) / len(shares)
        ends = {"value": value, "low": value - reach, "high": value + reach}
        means[key] = {name: round(float(end), 2) for name, end in ends.items()}
    return means


def figure(scenarios: list[dict[str, object]]) -> alt.VConcatChart:
    """Each share in each scenario, and the distribution of p."""
    rows = [
        {"share": key, "scenario": name(scenario), **scenario["percent"][key], "least": least, "most": most}
        for scenario in scenarios
        for key, (least, most) in SHARES.items()
    ]
    table = alt.Chart(alt.InlineData(values=rows)).properties(width=300, height=150)
    across = alt.X("value:Q", title="percent", scale=alt.Scale(zero=False))
    y = alt.Y("scenario:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    layers = (
        table.mark_rect(color=drawing.LIGHT["real"], opacity=0.1 / len(scenarios)).encode(x="least:Q", x2="most:Q"),
        table.mark_rule().encode(x="low:Q", x2="high:Q", y=y),
        table.mark_point(filled=True, size=50, opacity=1, color=drawing.LIGHT["real"]).encode(x=across, y=y),
    )
    order = alt.Facet("share:N", sort=list(SHARES), title="Allowed is what is shaded; 95 % intervals of the simulation")
    shares = alt.layer(*layers).facet(order, columns=2).resolve_scale(x="independent")
    of_p = [
        {"scenario": name(scenario), "p": p, "share": (i + 0.5) / len(scenario["p"])}
        for scenario in scenarios
        for i, p in enumerate(scenario["p"])
    ]
    steps = (
        alt.Chart(alt.InlineData(values=of_p))
        .mark_line(opacity=0.6)
        .encode(
            x=alt.X("p:Q", title="p where there is no gap"),
            y=alt.Y("share:Q", title="share of studies with this p or less"),
            detail="scenario:N",
        )
    )
    ends = alt.InlineData(values=[{"p": 0, "share": 0}, {"p": 1, "share": 1}])
    return alt.vconcat(
        shares, (alt.Chart(ends).mark_line(color="black", strokeDash=[4, 4]).encode(x="p:Q", y="share:Q") + steps)
    )


def name(scenario: dict[str, object]) -> str:
    return f"{scenario['seeds']} seeds, spread {scenario['spread']}, {scenario['seed_share_percent']:.0f} % from seeds"


def main(studies: int) -> None:
    started, cores = time.time(), len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores) as pool:
        truths = list(pool.map(truth, SCENARIOS))
        scenarios = [run(scenario, true, studies, pool) for scenario, true in zip(SCENARIOS, truths, strict=True)]
    overall = over_all(scenarios)
    columns = [Column(key, right=True) for key in ("seeds", "spread")] + [Column(key, form=".1f") for key in SHARES]
    rows = [
        about | {key: share["value"] for key, share in about["percent"].items()}
        for about in (*scenarios, {"seeds": "all", "percent": overall})
    ]
    title = f"{studies} simulated studies each; percent"
    Table([*columns, Column("uniform", form=".3f")], rows, title).print(Console())
    conditions = {"studies": studies, "resamples": RESAMPLES, "labels": LABELS, "mixes": len(STRENGTHS)}
    conditions |= {"python": platform.python_version(), "numpy": np.__version__, "cores": cores}
    result = {"conditions": conditions | {"minutes": round((time.time() - started) / 60, 1)}, "percent": overall}
    files.write_json(RESULTS / "coverage.json", result | {"scenarios": scenarios})
    figure(scenarios).save(RESULTS / "coverage.svg")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
