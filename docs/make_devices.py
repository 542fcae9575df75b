"""Put what was measured of speed and faults between the markers of docs/devices.md: `python docs/make_devices.py`."""

from __future__ import annotations

from typing import Any

from blocks import measured, put, rewrite, table


def speed(fits: dict[str, Any], queue: dict[str, Any]) -> str:
    """The table of samples/s and macro-F1, and a sentence on compiling and on many small fits."""
    had = fits["conditions"]
    rows = []
    for task, systems in fits["tasks"].items():
        for name, figures in systems.items():
            times = "" if name == "Pyrite" else f"{figures['pyrite_is_faster_times']:.2f} times"
            scores = ", ".join(f"{score:.1f}" for score in figures["macro_f1"])
            rows.append([task, name, f"{figures['samples_per_second']:.0f}", times, scores])
    compiling = [systems["Pyrite, compiled"]["compiling_seconds"] for systems in fits["tasks"].values()]
    setting = (
        f"MiniLM on {had['training_rows']} rows, {had['steps']} steps of {had['rows_in_a_step']} rows, texts cut at"
        f" {had['max_tokens']} tokens; {had['cores']} cores ({had['cpu']}), {had['precision']}, torch {had['torch']},"
        f" transformers {had['transformers']}; the median of {had['seeds']} seeds. Pyrite trains a fit on each core,"
        " Trainer one on all; tuned is bfloat16, rows grouped by length and fused AdamW. Compiling took"
        f" {min(compiling):.0f} to {max(compiling):.0f} s of each process's first fit, which are not counted here."
    )
    small = (
        f"{queue['fits']} fits of {queue['steps']} steps on {queue['devices']} cores took {queue['seconds']:.0f} s in"
        f" all, start, tokenising and saving included: {queue['ratio']:.2f} times what they trained and evaluated."
    )
    fits_of_tasks = table(["texts", "", "samples/s", "Pyrite is faster", "macro-F1, seed by seed"], "llrrr", rows)
    return f"{fits_of_tasks}\n\n{setting}\n\n{small}"


def faults(kills: dict[str, Any], fuzz: dict[str, Any]) -> str:
    """What came of killing stages, and of hostile inputs."""
    killed = (
        f"Of {sum(kills['kills'].values())} kills, {kills['kills']['dvc repro']} of them of `dvc repro` itself,"
        f" {len(kills['differences'])} left a difference; {kills['paid_twice']} requests were paid twice and"
        f" {kills['trained_twice']} fits trained twice."
    )
    # A crash ends the fuzzer, which then writes no result.
    broken = (
        f"{fuzz['inputs']:,} broken inputs (`benchmarks/fuzz.py`: answers, cards, settings, data, recordings, the words"
        " of the report) were read or refused in one line: none crashed or hung it."
    )
    return f"{killed} {broken}"


def filled(page: str) -> str:
    """The page with the committed results between its markers."""
    fits, queue, kills, fuzz = map(measured, ("training-cpu", "training-fits", "faults-kill", "fuzz"))
    return put(page, {"speed": speed(fits, queue), "faults": faults(kills, fuzz)})


if __name__ == "__main__":
    rewrite("docs/devices.md", filled)
