"""Put what came of endpoints with quirks into docs/endpoints.md: `python docs/make_endpoints.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/endpoints.md"
START, END = "<!-- cases: made by docs/make_endpoints.py from benchmarks/results -->", "<!-- /cases -->"


def table(found: dict[str, Any]) -> str:
    """One row a case."""
    cases = found["cases"]
    lines = [
        f"{sum(not case['wrong'] for case in cases)} of {len(cases)} are as they should be.",
        "",
        "| what is odd | command and mode | exit code | requests | billed | counted | |",
        "|:--|:--|--:|--:|--:|--:|:--|",
    ]
    for case in cases:
        said = "; ".join(case["wrong"]).replace("|", "\\|") or "right"
        money = f"${case['billed_usd']:.2f} | ${case['counted_usd']:.2f}"
        lines.append(f"| {case['kind']} | `{case['case']}` | {case['code']} | {case['requests']} | {money} | {said} |")
    return "\n".join(lines)


def filled(page: str) -> str:
    """The page with the committed results between its markers."""
    found = json.loads((ROOT / "benchmarks/results/endpoints.json").read_text())
    return re.sub(f"{START}.*{END}", lambda _: f"{START}\n{table(found)}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
