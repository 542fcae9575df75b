"""Tables: the paper's two, of a whole study, as values, on a terminal, as CSV, Markdown and LaTeX.

Each table is a list of rows with the same keys: names and numbers, scores and gaps in points.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from pyrite.base import files
from pyrite.data import mixes

Rows = list[dict[str, Any]]

REAL, POOL = "real", "pool"

# What LaTeX would read as a sign.
_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {sign: f"\\{sign}" for sign in "&%$#_{}"}


def scores(evaluated: Sequence[Mapping[str, Any]]) -> Rows:
    """Table 1 of Li et al. (2023): macro-F1 and accuracy of real and of each setting, and the differences.

    One row for each task and encoder that has them, and the means over tasks where there are several.
    """
    settings = list(
        dict.fromkeys(
            mix
            for metrics in evaluated
            for found in metrics["encoders"].values()
            for mix in found["gaps"]
            if mixes.settings_of(mix) == [mix]
        )
    )
    rows: Rows = []
    for metrics in evaluated:
        for encoder, found in metrics["encoders"].items():
            if not {REAL, *settings} <= found["gaps"].keys():
                continue
            row: dict[str, Any] = {"task": metrics["task"], "encoder": encoder}
            for mix in (REAL, *settings):
                for score in ("macro_f1", "accuracy"):
                    row[f"{mix} {score}"] = _points(found["mixes"][mix][score]["mean"])
            for setting in settings:
                for score in ("macro_f1", "accuracy"):
                    row[f"{setting} - {REAL} {score}"] = _points(found["gaps"][setting][REAL][score]["mean"])
            rows.append(row)
    return rows + _means(rows)


def _means(rows: Rows) -> Rows:
    by_encoder: dict[str, Rows] = {}
    for row in rows:
        by_encoder.setdefault(row["encoder"], []).append(row)
    return [
        {"task": f"mean of {len(mine)}", "encoder": encoder}
        | {key: sum(row[key] for row in mine) / len(mine) for key in list(mine[0])[2:]}
        for encoder, mine in by_encoder.items()
        if len(mine) > 1
    ]


def augmentation(evaluated: Sequence[Mapping[str, Any]]) -> Rows:
    """The appendix of Li et al. (2023): a small real set, the generated one and both, by macro-F1.

    The small sets are the pool, which few-shot prompts showed, and the points of the mix curves. `gain` is both minus
    the real rows alone.
    """
    rows: Rows = []
    for metrics in evaluated:
        for encoder, found in metrics["encoders"].items():
            for mix in found["gaps"]:
                _, _, added = mix.partition("+")
                if mix.startswith(f"{POOL}+") and POOL in found["gaps"][mix]:
                    size = found["mixes"][POOL]["rows"]
                    gain = found["gaps"][mix][POOL]["macro_f1"]
                    alone, both = (found["mixes"][one]["macro_f1"] for one in (POOL, mix))
                    rows.append(_augmented(metrics, encoder, POOL, size, added, alone, both, gain))
            for added, curve in found["mix_curves"].items():
                for point in curve["points"]:
                    real, size = point["mix"].partition("+")[0], point["rows"]
                    one, other = point["without"], point["with"]
                    rows.append(_augmented(metrics, encoder, real, size, added, one, other, point["gain"]))
    return rows


def _augmented(
    metrics: Mapping[str, Any],
    encoder: str,
    real: str,
    size: int,
    added: str,
    alone: Mapping[str, float],
    both: Mapping[str, float],
    gain: Mapping[str, float],
) -> dict[str, Any]:
    generated = metrics["encoders"][encoder]["mixes"].get(added)
    row = {"task": metrics["task"], "encoder": encoder, "real rows": real, "rows": size, "added": added}
    row |= {"real": _points(alone["mean"]), "generated": _points(generated["macro_f1"]["mean"]) if generated else None}
    row |= {"both": _points(both["mean"]), "gain": _points(gain["mean"])}
    return row | {"gain low": _points(gain["low"]), "gain high": _points(gain["high"])}


def _points(share: float) -> float:
    return 100 * share


# The forms of a table


def text_csv(rows: Rows) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["task", "encoder"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _csv(value) for key, value in row.items()})
    return out.getvalue()


def _csv(value: Any) -> Any:
    if isinstance(value, str):  # a card may name a label so that a spreadsheet would run it
        return files.cell(value)
    # Rounded here only: a number that is rounded twice can be off by one.
    return round(value, 2) if isinstance(value, float) else value


def markdown(rows: Rows, title: str) -> str:
    """A table for a git host."""
    if not rows:
        return f"{title}: nothing to show in this study.\n"
    lines = [" | ".join(rows[0]), " | ".join("--:" if _is_number(rows, key) else ":--" for key in rows[0])]
    lines += [" | ".join(_cell(key, value).replace("|", "&#124;") for key, value in row.items()) for row in rows]
    return f"{title}\n\n" + "".join(f"| {line} |\n" for line in lines)


def latex(rows: Rows, title: str) -> str:
    r"""A `tabular` that needs the package booktabs."""
    if not rows:
        return f"% {title}: nothing to show in this study.\n"
    columns = "".join("r" if _is_number(rows, key) else "l" for key in rows[0])
    lines = [" & ".join(_latex(key) for key in rows[0]) + r" \\", r"\midrule"]
    lines += [" & ".join(_latex(_cell(key, value)) for key, value in row.items()) + r" \\" for row in rows]
    body = "\n".join(lines)
    return f"% {title}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def terminal(rows: Rows, title: str) -> Table:
    """The table for a terminal: macro-F1 and accuracy in one cell, as are a number and its interval."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    joined = (" accuracy", " low", " high")
    keys = [key for row in rows[:1] for key in row if not key.endswith(joined)]
    for key in keys:
        number = _is_number(rows, key)
        # In 80 columns a difference takes two lines at the head, and names may be folded, but not to single letters.
        name = key.removesuffix(" macro_f1").replace(" - ", "\n- ")
        width = None if number else min(4, max(len(key), *(len(str(row[key])) for row in rows)))
        table.add_column(name, justify="right" if number else "left", no_wrap=number, overflow="fold", min_width=width)
    for row in rows:
        cells = []
        for key in keys:
            cell = _cell(key, row[key])
            if (accuracy := row.get(f"{key.removesuffix(' macro_f1')} accuracy")) is not None:
                cell += f"/{_cell(key, accuracy)}"
            if f"{key} low" in row:
                cell += f" ({_cell(key, row[f'{key} low'])} to {_cell(key, row[f'{key} high'])})"
            cells.append(cell)
        table.add_row(*cells)
    return table


def _is_number(rows: Rows, key: str) -> bool:
    return any(isinstance(row[key], int | float) for row in rows)


def _cell(key: str, value: Any) -> str:
    if value is None:
        return ""
    sign = "+" if " - " in key or key.startswith("gain") else ""
    return f"{value:{sign}.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _latex(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}]", lambda sign: _LATEX[sign[0]], text)
