"""Writes docs/tasks.md from the task cards and metrics/prepare: `python docs/make_tasks.py` in the project's folder."""

from __future__ import annotations

from pathlib import Path

from blocks import table

from pyrite.base import files, paths
from pyrite.data import cards
from pyrite.results.preparation import Preparation

PAGE = Path("docs/tasks.md")

INTRODUCTION = """\
# The tasks

<!-- Made by docs/make_tasks.py from tasks/*.yaml and metrics/prepare/*.json: change those, not this page. -->

Each task is one card, `tasks/<id>.yaml`. `pyrite fetch` brings its real data, `pyrite prepare` makes the rows below. A
row's split is the official one where there is one (last column but one); otherwise the digest of its text decides,
70 : 5 : 25. The pool is the tenth of the training rows that few-shot prompts may show.
"""

MIRROR = """\
## Where the data come from

Real texts are not in this repository. `fetch` downloads each file from the URL in its card, goes on where a download
broke off, and accepts nothing but the pinned size and SHA-256. Without a network, or when a URL no longer works, put
the files into a folder under the paths that the cards call `mirror` (as they are, or as `.gz`), and name the folder:

    export PYRITE_DATA_MIRROR=/path/to/folder

Files from there are verified in the same way. No URL could be tried where these cards were written; the files were
checked against such a mirror.
"""

JUDGEMENTS = """\
## Where people disagree

Beside the rows, `prepare` writes `data/prepared/<task>.judgements.parquet`: one row for each judgement (`item`, the
text's id; `copy`, which tells apart the judgements of a text that the source has more than once; `annotator`;
`label`), or, for Financial PhraseBank, a lower bound of the `agreement` on each `item`. It includes texts that became
no row, such as those with a tie. For the other tasks it is empty.
"""


def page() -> str:
    """The whole page as Markdown."""
    tasks = sorted(path.stem for path in paths.TASKS.glob("*.yaml") if path not in (paths.PROMPTS, paths.ANNOTATORS))
    # The task that needs no download first, then the paper's, then those with ratings.
    order = {"python_docs": 0} | {task: 1 if cards.load(task).paper else 2 for task in tasks if task != "python_docs"}
    tasks.sort(key=lambda task: (order[task], task))
    parts = [INTRODUCTION, rows(tasks), sources(tasks), MIRROR, JUDGEMENTS, judged(tasks)]
    return "\n".join(parts)


def rows(tasks: list[str]) -> str:
    """The table of classes and rows."""
    lines = []
    for task in tasks:
        card, counts = cards.load(task), Preparation.load(task)
        split = {name: sum(labels.values()) for name, labels in counts.rows.items()}
        shares = [f"{label} {n / split['train']:.0%}" for label, n in counts.rows["train"].items()]
        dropped = ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in counts.dropped.items() if n)
        sizes = [f"{split[name]:,}" for name in ("train", "validation", "test")]
        lines.append([f"`{task}`", card.title, ", ".join(shares), *sizes, f"{counts.pool:,}", sides(card), dropped])
    heads = ["task", "what", "classes (share of training rows)", "train", "validation", "test", "pool"]
    return table([*heads, "split", "left out"], "lllrrrrll", lines) + "\n"


def sides(card: cards.Card) -> str:
    """Which official sides the source has."""
    official = {rows.side for rows in card.source.tables} if isinstance(card.source, cards.Download) else {None}
    return (
        "by digest"
        if official == {None}
        else "official"
        if "validation" in official
        else "official, validation by digest"
    )


def sources(tasks: list[str]) -> str:
    """The table of sources, licences and quirks."""
    lines = []
    for task in tasks:
        card = cards.load(task)
        licence = cards.terms(card.source).removeprefix("Licence: ")
        lines.append([f"`{task}`", card.paper or "-", origin(card), licence, card.notes or ""])
    return table(["task", "name in the paper", "source", "licence", "to know"], "lllll", lines) + "\n"


def origin(card: cards.Card) -> str:
    """Where a card's data come from, in a few words."""
    if isinstance(card.source, cards.Docstrings):
        return "the standard library of the running Python"
    if isinstance(card.source, cards.LocalFile):
        return card.source.path
    if isinstance(card.source, cards.NoData):
        return "none"
    repositories = []
    for file in card.source.files:
        host, *path = file.url.removeprefix("https://").split("/")
        repositories.append("/".join(path[:2]) if host == "raw.githubusercontent.com" else host)
    return ", ".join(dict.fromkeys(repositories))


def judged(tasks: list[str]) -> str:
    """The table of judged texts."""
    lines = []
    for task in tasks:
        counts = Preparation.load(task)
        if counts.judgements:
            mean = f"{counts.test_mean_agreement:.4f}" if counts.test_mean_agreement else "-"
            lines.append([f"`{task}`", f"{counts.judged:,}", f"{counts.judgements:,}", mean])
    return table(["task", "texts judged", "rows in the file", "mean agreement of the test rows"], "lrrr", lines) + "\n"


if __name__ == "__main__":
    files.write_text(PAGE, page())
