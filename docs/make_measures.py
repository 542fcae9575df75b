"""Put how well forecasts came true into docs/measures.md: `python docs/make_measures.py`."""

from __future__ import annotations

from typing import Any

from blocks import measured, put, rewrite


def backtest(found: dict[str, Any]) -> str:
    """How far forecasts of recorded tasks erred, beside two simpler ways, and how often their intervals held."""
    every, far = found["all"], found["by_distance"]["10 times and more"]
    error = every["error"]
    held = {task: one["coverage"] for task, one in found["by_task"].items()}
    (worst, least), most = min(held.items(), key=lambda one: one[1]), max(held.values())
    return (
        f"On the learning curves of {found['tasks']} recorded tasks, with the larger sizes hidden, "
        f"{every['forecasts']} forecasts erred by {error['power_law']:.1f} points on average (no change: "
        f"{error['no_change']:.1f}; a line over the logarithm of rows: {error['log_linear']:.1f}), and "
        f"{every['coverage']:.0%} of the true scores lay in the interval, a task left out at a time. More than ten "
        f"times as far the error was {far['error']['power_law']:.1f} points. Single tasks do better or worse, from "
        f"{least:.0%} ({worst}) to {most:.0%} in the interval."
    )


def pilots(found: dict[str, Any]) -> str:
    """The same of generated texts alone, and what pilots of them said."""
    every, said = found["backtest"]["all"], found["said"]
    counts = {word: [said.get(f"{word}, {came}", 0) for came in ("within", "not")] for word in ("likely", "unlikely")}
    reached = sum(n for what, n in said.items() if what.endswith("within"))
    return (
        "Generated texts alone gain about half of what their curve promises, and so much is foretold: "
        f"{every['forecasts']} forecasts of zero-shot and few-shot texts erred by {every['error']['power_law']:.1f} "
        f"points (no change: {every['error']['no_change']:.1f}), and {every['coverage']:.0%} lay in their wider "
        f"interval. Of {sum(said.values())} pilots of 20 texts a label, {reached} came within 3 points of all real "
        f"labels with 100 a label. *Unlikely* was said of {sum(counts['unlikely'])}, rightly of "
        f"{counts['unlikely'][1]}; *likely* of {sum(counts['likely'])}; *can't tell* of the others."
    )


def filled(page: str) -> str:
    """The page with the committed figures."""
    told = {"backtest": backtest(measured("forecast")["backtest"]), "pilots": pilots(measured("pilot"))}
    return put(page, told)


if __name__ == "__main__":
    rewrite("docs/measures.md", filled)
