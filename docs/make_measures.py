"""Put how well forecasts came true, and what chosen texts gain, into docs/measures.md."""

from __future__ import annotations

import statistics
from typing import Any

from blocks import measured, put, rewrite, table


def backtest(result: dict[str, Any]) -> str:
    """How far forecasts of recorded tasks erred, beside two simpler ways, and how often their intervals held."""
    every, far = result["all"], result["by_distance"]["10 times and more"]
    error = every["error"]
    held = {task: of_task["coverage"] for task, of_task in result["by_task"].items()}
    worst = min(held, key=held.__getitem__)
    return (
        f"On the learning curves of {result['tasks']} recorded tasks, with the larger sizes hidden, "
        f"{every['forecasts']} forecasts erred by {error['power_law']:.1f} points on average (no change: "
        f"{error['no_change']:.1f}; a line over the logarithm of rows: {error['log_linear']:.1f}), and "
        f"{every['coverage']:.0%} of the true scores lay in the interval, a task left out at a time. More than ten "
        f"times as far the error was {far['error']['power_law']:.1f} points. Single tasks do better or worse, from "
        f"{held[worst]:.0%} ({worst}) to {max(held.values()):.0%} in the interval."
    )


def pilots(result: dict[str, Any]) -> str:
    """The same of generated texts alone, and what pilots of them said."""
    every, answers = result["backtest"]["all"], result["said"]
    counts = {word: [answers.get(f"{word}, {end}", 0) for end in ("within", "not")] for word in ("likely", "unlikely")}
    reached = sum(n for answer, n in answers.items() if answer.endswith("within"))
    return (
        "Generated texts alone gain about half of what their curve promises, and so much is foretold: "
        f"{every['forecasts']} forecasts of zero-shot and few-shot texts erred by {every['error']['power_law']:.1f} "
        f"points (no change: {every['error']['no_change']:.1f}), and {every['coverage']:.0%} lay in their wider "
        f"interval. Of {sum(answers.values())} pilots of 20 texts a label, {reached} came within 3 points of all real "
        f"labels with 100 a label. *Unlikely* was said of {sum(counts['unlikely'])}, rightly of "
        f"{counts['unlikely'][1]}; *likely* of {sum(counts['likely'])}; *can't tell* of the others."
    )


STARTS = {"zero_shot": "100 zero-shot texts a label", "few_shot": "100 few-shot texts a label and 100 labels"}
ALL = "all tasks"


def chosen(result: dict[str, Any]) -> str:
    """What texts that `pyrite next` names gain over those at random; what users who label 50 more are told and get."""
    gains = result["gains"]
    rows = [
        [start, *(points(gains[f"{source}, next, {n}"][ALL]) for n in (50, 100))] for source, start in STARTS.items()
    ]
    fifty = {task: gain for task, gain in gains["few_shot, next, 50"].items() if task != ALL}
    ordered = sorted(fifty, key=lambda task: fifty[task][0])
    surely = sum(low > 0 for _, low, _ in fifty.values()), sum(high < 0 for _, _, high in fifty.values())
    halved = [points(result["next_50_minus_random_100"][source][ALL]) for source in STARTS]
    farthest = [gains[f"{source}, farthest from generated, {n}"][ALL][0] for source in STARTS for n in (50, 100)]
    users = list(result["followed"].values())
    foretold, random, named, held = (
        statistics.fmean(user[key] for user in users) for key in ("foretold", "at random", "next", "held")
    )
    inside = sum(user["low"] <= user["at random"] <= user["high"] for user in users)
    return (
        f"{table(('start', '50 texts', '100 texts'), 'lrr', rows)}\n\n"
        f"These are means over {len(fifty)} tasks, with 95 % intervals for tasks like them. With few-shot texts, 50 "
        f"more are surely better chosen than at random in {surely[0]} tasks, and surely worse in {surely[1]}: from "
        f"{fifty[ordered[0]][0]:+.1f} points ({ordered[0]}) to {fifty[ordered[-1]][0]:+.1f} ({ordered[-1]}). Fifty "
        f"chosen texts less a hundred at random: {halved[0]} with zero-shot texts, {halved[1]} with few-shot ones. The "
        f"texts farthest from the generated ones, another idea: {min(farthest):+.1f} to {max(farthest):+.1f}.\n\n"
        f"The advice followed: users with 200 labels of {len(users)} tasks who label 50 more were told {foretold:+.1f} "
        f"points on average, and got {random:+.1f} by texts at random, {named:+.1f} by those that `pyrite next` names. "
        f"The mean gain at random lay in the mean 80 % interval in {inside} tasks. Of single users {held:.0%} had "
        "theirs in it: the interval is of the curve, and 50 texts drawn once vary more."
    )


def points(gain: tuple[float, float, float]) -> str:
    return f"{gain[0]:+.1f} ({gain[1]:+.1f} to {gain[2]:+.1f})"


def filled(page: str) -> str:
    """The page with the committed figures."""
    blocks = {"backtest": backtest(measured("forecast")["backtest"]), "pilots": pilots(measured("pilot"))}
    return put(page, blocks | {"chosen": chosen(measured("next"))})


if __name__ == "__main__":
    rewrite("docs/measures.md", filled)
