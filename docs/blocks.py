"""Pages with blocks that scripts make, each between the marks `<!-- NAME: made by ... -->` and `<!-- /NAME -->`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyrite.results.table import Column, Table

ROOT = Path(__file__).parents[1]


def measured(name: str) -> Any:
    """The result of a benchmark, as it is committed."""
    return json.loads((ROOT / f"benchmarks/results/{name}.json").read_text())


def table(heads: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; `align` has an l or r for each column."""
    columns = [Column(head, right=side == "r") for head, side in zip(heads, align, strict=True)]
    filled = Table(columns, [dict(zip(heads, row, strict=True)) for row in rows])
    return filled.markdown(lambda cell: cell.replace("|", "\\|")).rstrip()


def put(page: str, blocks: Mapping[str, str]) -> str:
    """The page with these blocks, by name, in the place of those that it has."""
    for name, block in blocks.items():
        marks = f"(<!-- {name}: [^\n]* -->\n).*(\n<!-- /{name} -->)"
        page = re.sub(marks, lambda match, block=block: f"{match[1]}{block}{match[2]}", page, flags=re.DOTALL)
    return page


def rewrite(page: str, filled: Callable[[str], str]) -> None:
    """Fill the blocks of a page of the project."""
    path = ROOT / page
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
