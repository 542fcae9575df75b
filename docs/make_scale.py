"""Put the measured costs of large sets and many tasks into docs/scale.md: `python docs/make_scale.py`."""

from __future__ import annotations

from typing import Any

from blocks import measured, put, rewrite, table


def rows(result: dict[str, Any]) -> str:
    """Computing, memory and disk of each stage by the size of the set."""
    sizes = sorted(result["rows"], key=int)
    heads = ["stage", *(f"{int(n):,} texts" for n in sizes), "grows with", "1,000,000"]
    of_stages = []
    for stage, at_million in result["million"].items():
        cells = [_cost(result["rows"][n][stage]) for n in sizes]
        law = f"n^{at_million['cpu_seconds']['exponent']:g}"
        whole = {key: figure["at_a_million"] for key, figure in at_million.items()}
        of_stages.append([f"`{stage}`", *cells, law, _cost(whole)])
    had, embedded = result["conditions"], result["embedding"]
    rate = f"{embedded['texts_per_second']:,.0f} texts/s, {embedded['tokens_per_second']:,.0f} tokens/s"
    hours = 1_000_000 / embedded["texts_per_second"] / 3600
    setting = (
        f"Seconds of computing on one core ({had['cpu']}), largest memory, and disk (outputs and store). A million is"
        " not measured but reckoned: what a stage costs at all, and what grows, by the power of n that the three sizes"
        " show. Not in the seconds: embedding, measured"
        f" apart ({rate} on that core, {had['precision']}; {hours:.1f} hours for a million texts), which `generate`"
        " does once and all others find in the store."
    )
    return f"{table(heads, 'l' + 'r' * (len(heads) - 1), of_stages)}\n\n{setting}"


def _cost(costs: dict[str, float]) -> str:
    disk = (costs["bytes"] + costs["store_bytes"]) / 1e6
    return f"{_time(costs['cpu_seconds'])}, {costs['peak_mb'] / 1000:.1f} GB, {disk:,.0f} MB"


def _time(seconds: float) -> str:
    if seconds < 0.95:
        return "< 1 s"
    if seconds < 600:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.0f} h"


def tasks(result: dict[str, Any]) -> str:
    """What DVC takes with many tasks."""
    columns = {
        "first_repro": "first run",
        "repro_with_nothing_to_do": "`dvc repro`, nothing to do",
        "one_stage_with_nothing_to_do": "one stage, nothing to do",
        "status": "`dvc status`",
        "exp_show": "`dvc exp show`",
    }
    columns = {key: name for key, name in columns.items() if any(key in costs for costs in result["tasks"].values())}
    of_counts = []
    for number, costs in result["tasks"].items():
        cells = [f"{costs[key]['cpu_seconds']:,.1f} s" if key in costs else "" for key in columns]
        lock = f"{costs['lock_lines']:,} lines, {costs['lock_bytes'] / 1e6:.1f} MB"
        of_counts.append([number, f"{costs['stages']:,}", lock, *cells])
    heads = ["tasks", "stages", "`dvc.lock`", *columns.values()]
    seconds = f"Seconds of computing, of which DVC {result['dvc']} uses one core."
    return f"{table(heads, 'r' * len(heads), of_counts)}\n\n{seconds}"


def large(result: dict[str, Any]) -> str:
    """What a large file of the user's takes."""
    costs = [
        f"`{name}` {result[name]['cpu_seconds']:,.0f} s and {result[name]['memory_mb'] / 1000:.1f} GB of memory"
        for name in ("new", "fetch", "prepare")
    ]
    return f"A CSV file of {result['megabytes']:,} MB with {result['rows']:,} texts took {', '.join(costs)}."


def filled(page: str) -> str:
    """The page with the committed results between its markers."""
    blocks = {"scale": rows(measured("scale")), "many-tasks": tasks(measured("many-tasks"))}
    return put(page, blocks | {"large-files": large(measured("large-files"))})


if __name__ == "__main__":
    rewrite("docs/scale.md", filled)
