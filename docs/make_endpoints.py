"""Put what came of endpoints with quirks into docs/endpoints.md: `python docs/make_endpoints.py`."""

from __future__ import annotations

from typing import Any

from blocks import measured, put, rewrite, table


def cases(result: dict[str, Any]) -> str:
    """One row a case."""
    rows = [
        [
            case["kind"],
            f"`{case['case']}`",
            str(case["code"]),
            str(case["requests"]),
            *(f"${case[money]:.2f}" for money in ("billed_usd", "counted_usd")),
            "; ".join(case["wrong"]) or "right",
        ]
        for case in result["cases"]
    ]
    heads = ["what is odd", "command and mode", "exit code", "requests", "billed", "counted", ""]
    right = sum(not case["wrong"] for case in result["cases"])
    return f"{right} of {len(rows)} are as they should be.\n\n{table(heads, 'llrrrrl', rows)}"


def filled(page: str) -> str:
    """The page with the committed results between its markers."""
    return put(page, {"cases": cases(measured("endpoints"))})


if __name__ == "__main__":
    rewrite("docs/endpoints.md", filled)
