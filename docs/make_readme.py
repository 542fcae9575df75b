"""Put the result of the last run into README.md, between its markers: `python docs/make_readme.py`."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
START, END = "<!-- result: made by docs/make_readme.py from report/REPORT.md -->", "<!-- /result -->"


def block(report: str) -> str:
    """The verdict, the table of mixes with its note, and what was dropped, out of the report."""
    paragraphs = report.split("\n\n")
    table = next(index for index, text in enumerate(paragraphs) if text.startswith("| Trained on"))
    verdict = next(text for text in paragraphs if text.startswith("**"))
    contamination = next(text for text in paragraphs if text.startswith("**Contamination.**"))
    return "\n\n".join([verdict, paragraphs[table], paragraphs[table + 1], contamination])


def filled(readme: str, report: str) -> str:
    """The README with the result of the report between its markers."""
    return re.sub(f"{START}.*{END}", lambda _: f"{START}\n{block(report)}\n{END}", readme, flags=re.DOTALL)


if __name__ == "__main__":
    readme = ROOT / "README.md"
    report = (ROOT / "report/REPORT.md").read_text(encoding="utf-8")
    readme.write_text(filled(readme.read_text(encoding="utf-8"), report), encoding="utf-8")
