"""Put how often the rule gave the right word, and what another machine says, into docs/verdict.md:
`python docs/make_verdict.py`."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from blocks import measured, put, rewrite, table

HEADS = (
    "labels",
    "users",
    "half width of the 90 % interval",
    "it holds the truth, at four true gaps",
    "it holds what as many rows give as a fit has",
    "right at a true gap of 0",
    "right at -10",
)
# Between these the 90 % interval should hold the truth, in percent.
WANTED = (87.0, 94.0)
FALSE_DONT = "false don't"

Cell = Mapping[str, Any]


def simulated(result: dict[str, Any]) -> str:
    """A row for each number of labels, over tasks and true gaps, and what the worst cells are."""
    cells: list[Cell] = result["cells"]
    sizes = sorted({cell["n"] for cell in cells})
    low, high = WANTED
    off = [cell for cell in cells if not low <= cell["covered"] <= high]
    level = [cell for cell in cells if cell["loss"] == 0]
    lost = [cell for cell in cells if cell["loss"] in (5, 10)]
    tasks = {share["task"] for share in result["shares"]}
    sentences = [
        f"Over {len(tasks)} tasks. Where the true gap is -5 or -10, *replace* was said to",
        f"{most(lost, 'false replace')} of the users at most; where it is 0, *don't* to {most(level, FALSE_DONT)}.",
        f"*Augment* was said where adding truly gains nothing to {most(cells, 'false augment')} at most.",
        f"The interval holds the truth for {between(cell['covered'] for cell in cells)} % of the users, by cell;",
        f"{low:.0f} to {high:.0f} % are wanted, and {len(cells) - len(off)} of {len(cells)} cells keep that.",
        "`real` is tested by fits on three quarters of the rows outside the pool, which score a little lower than all",
        f"of them would: the gap leans to the candidate by {leaning(cells, sizes[0]):.1f} points on average with",
        f"{sizes[0]:,} labels and {leaning(cells, sizes[-1]):.1f} with {sizes[-1]:,}.",
    ]
    rows = [row(n, {cell["loss"]: cell for cell in cells if cell["n"] == n}) for n in sizes]
    return f"{table(HEADS, 'r' * len(HEADS), rows)}\n\n{' '.join(sentences)}"


def row(n: int, of_loss: Mapping[float, Cell]) -> list[str]:
    """The users with so many labels, by what the candidate truly loses."""
    every = list(of_loss.values())
    return [
        f"{n:,}",
        f"{every[0]['users']:,}",
        between((cell["half"] for cell in every), ".1f"),
        *(f"{between(cell[key] for cell in every)} %" for key in ("covered", "covered as trained")),
        *(f"{of_loss[loss]['right']:.0f} %" for loss in (0, 10)),
    ]


def between(values: Iterable[float], form: str = ".0f") -> str:
    every = list(values)
    return f"{min(every):{form}} to {max(every):{form}}"


def most(cells: Sequence[Cell], key: str) -> str:
    return f"{max(cell[key] for cell in cells):.0f} %"


def leaning(cells: Sequence[Cell], n: int) -> float:
    """By how many points the gaps of users with n labels lie above the true ones, on average."""
    return statistics.fmean(cell["bias"] for cell in cells if cell["n"] == n)


def elsewhere(result: dict[str, Any]) -> str:
    """What the same study said on other machines."""
    verdicts, scores = result["verdicts"], result["scores"]
    each = [[of_machine[case] for of_machine in verdicts.values()] for case in next(iter(verdicts.values()))]
    same = sum(len({verdict["word"] for verdict in of_case}) == 1 for of_case in each)
    moved = max(
        max(verdict[end] for verdict in of_case) - min(verdict[end] for verdict in of_case)
        for of_case in each
        for end in ("low90", "high90")
    )
    return (
        f"The default study, trained anew on {len(verdicts)} machines ({', '.join(verdicts)}): {same} of {len(each)} "
        f"verdicts are the same. {scores['equal']} of {scores['compared']} scores are equal to the last digit, the "
        f"others differ by {scores['largest_difference']:.2f} points at most; no end of a 90 % interval moved by more "
        f"than {moved:.2f} points."
    )


def filled(page: str) -> str:
    """The page with the committed figures."""
    return put(page, {"rule": simulated(measured("rule")), "machines": elsewhere(measured("machines"))})


if __name__ == "__main__":
    rewrite("docs/verdict.md", filled)
