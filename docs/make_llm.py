"""Put what was measured of generation and of a small LLM into docs/llm.md: `python docs/make_llm.py`."""

from __future__ import annotations

from typing import Any

from blocks import measured, put, rewrite, table

from pyrite.measures import intervals


def generated(speed: dict[str, Any], kills: dict[str, Any]) -> str:
    """The table of throughput and the sentences on memory and kills."""
    had, memory = speed["conditions"], speed["memory"]
    rows = [
        [concurrency, name, f"{share:.2f}", str(figures["requests_per_second"][name])]
        for concurrency, figures in speed["concurrency"].items()
        for name, share in figures["share_of_ideal"].items()
    ]
    setting = (
        f"{had['requests']:,} requests to a server on the same machine that takes {had['latency_seconds']:g} s for"
        f" each; medians of {had['repeats']} runs; {had['cores']} cores ({had['cpu']}) for server and client. Pyrite's"
        " answers are synced to the disk one by one, the peers' times leave out their set-up. "
        f"{memory['turns']:,} turns took {memory['peak_resident_mb']} MB of memory."
    )
    safety = (
        f"Killed {kills['kills']} times at random (SIGKILL) while the server refused, failed, cut and garbled one"
        f" request in four: of {kills['answers_written_whole']:,} answers {kills['lost']} were lost and"
        f" {kills['paid_twice']} paid for twice ({kills['lost_in_flight_at_a_kill']} more were in flight at a kill),"
        " and each label had its "
        f"{max(kills['rows'].values()):,} texts."
    )
    fast = table(["requests at once", "", "share of the ideal", "requests/s"], "rlrr", rows)
    return f"{fast}\n\n{setting}\n\n{safety}"


def live(result: dict[str, Any]) -> str:
    """The table of what the small LLM's answers are good for, and how long its study took where that was measured."""
    had, study = result["conditions"], result["study"]
    rows = []
    for way, counts in sorted(result["ways"].items(), key=lambda way: ("bounds" in way[0], way[0])):
        most = sorted(counts["dropped"].items(), key=lambda reason: -reason[1])[:2]
        read = f"{counts['answers_read']} of {counts['answers']}"
        usable = f"{counts['usable']} of {counts['texts_requested']}"
        rows.append([way, read, usable, f"{counts['completion_tokens']:,}", ", ".join(f"{n} {why}" for why, n in most)])
    packages = " and ".join(f"{name} {version}" for name, version in had["packages"].items())
    about = (
        f"{had['texts_per_turn']} texts in a request, one request a label of `python_docs`, {packages}; answers differ"
        " from run to run."
    )
    if study:
        about += (
            f" The study of `make live` took {sum(study['seconds'].values()):.0f} s on {had['cores']} cores"
            f" ({had['cpu']}), packages not counted: {study['zero_shot']['accepted']} texts kept of"
            f" {study['zero_shot']['requested']} asked for."
        )
    heads = ["asked with", "answers read", "usable texts", "tokens answered", "dropped most"]
    return f"{table(heads, 'lrrrl', rows)}\n\n{about}"


def yields(result: dict[str, Any]) -> str:
    """The table of what the small LLM's texts are good for, and what its labels are, task by task."""
    rows, right = [], []
    for task, sources in result["tasks"].items():
        for source in ("zero_shot", "few_shot"):
            usable, wanted = sources[source]["usable"], sources[source]["asked"]
            kept, least = sum(usable.values()), min(usable, key=usable.get)
            dropped = sorted(sources[source]["dropped"].items(), key=lambda reason: -reason[1])
            why = ", ".join(f"{n} {reason}" for reason, n in dropped)
            share = f"{kept} of {wanted} ({between(intervals.share(kept, wanted))})"
            rows.append([task, source, share, f"{least}: {usable[least]} of {wanted // len(usable)}", why])
        same = sources["labelled"]["agreement"]
        right.append(
            f"{task} {same['same']} of {same['texts']} ({between(intervals.share(same['same'], same['texts']))};"
            f" picking at random: {1 / len(usable):.0%})"
        )
    about = (
        "Ten texts a label, asked for once, five in a request, as `studies/live.yaml` asks; few-shot shows three"
        " examples. Intervals take texts for independent; those of one answer are not, so they should be wider."
        f" Real texts that it gave the label that people gave: {', '.join(right)}."
    )
    heads = ["task", "prompt", "usable (95 %)", "scarcest label", "dropped"]
    return f"{table(heads, 'llrll', rows)}\n\n{about}"


def between(share: intervals.Interval) -> str:
    return f"{share.low:.0%} to {share.high:.0%}"


def filled(page: str) -> str:
    """The page with the committed results between its markers."""
    speed, kills, small, tasks = map(measured, ("generation", "generation-kill", "live", "small-llm"))
    return put(page, {"measured": generated(speed, kills), "live": live(small), "yields": yields(tasks)})


if __name__ == "__main__":
    rewrite("docs/llm.md", filled)
