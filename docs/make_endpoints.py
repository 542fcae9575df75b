"""Put what came of endpoints with quirks into docs/endpoints.md: `python docs/make_endpoints.py`."""

from __future__ import annotations

from typing import Any

from blocks import measured, put, rewrite


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
    return put(page, {"cases": table(measured("endpoints"))})


if __name__ == "__main__":
    rewrite("docs/endpoints.md", filled)
