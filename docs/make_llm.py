"""Put the measured speed and safety of generation into docs/llm.md, between its markers: `python docs/make_llm.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/llm.md"
START, END = "<!-- measured: made by docs/make_llm.py from benchmarks/results -->", "<!-- /measured -->"


def block(speed: dict[str, Any], kills: dict[str, Any]) -> str:
    """The table of throughput and the sentences on memory and kills."""
    had, memory = speed["conditions"], speed["memory"]
    lines = ["| requests at once | | share of the ideal | requests/s |", "|--:|:--|--:|--:|"]
    for concurrency, found in speed["concurrency"].items():
        for name, share in found["share_of_ideal"].items():
            lines.append(f"| {concurrency} | {name} | {share:.2f} | {found['requests_per_second'][name]} |")
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
    return "\n".join([*lines, "", setting, "", safety])


def filled(page: str) -> str:
    """The page with the committed results between its markers."""
    results = ROOT / "benchmarks/results"
    speed, kills = (json.loads((results / f"{name}.json").read_text()) for name in ("generation", "generation-kill"))
    return re.sub(f"{START}.*{END}", lambda _: f"{START}\n{block(speed, kills)}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
