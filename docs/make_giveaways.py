"""What gives the recorded few-shot texts away, task by task: writes `docs/giveaways.md`.

    pyrite fetch TASK && pyrite prepare TASK      # of every task with a recording
    python docs/make_giveaways.py

All texts of one LLM in `data/recordings/<task>/few_shot.jsonl` are held against the real training texts (at most
20,000), and the labels that it gave blind against the texts' own. No embeddings are needed.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from blocks import table

from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, sheets, texts, transcripts
from pyrite.llm import parsing
from pyrite.measures import clear_cut, giveaways
from pyrite.measures.clear_cut import ClearCut
from pyrite.results import words
from pyrite.results.page import rendering, trust
from pyrite.stages.diversity import REAL_TEXTS

MODEL = "anthropic/claude"
SOURCE, HABITS, LEAKS = "few_shot", 6, 3

HEAD = """# What gives few-shot texts away

Made by `docs/make_giveaways.py` from the recordings. For each task the habits in which few-shot texts differ most from
real ones of the same label, beyond chance, with the number of texts on either side that have them, and words that tell
their label more plainly than in real texts ([how](measures.md)). The last column is how often the LLM that wrote them
gives their own label to few-shot texts and to real ones, seeing the text alone, in % with 95 % intervals. Where its own
texts are the clearer ones, a classifier that learns from them meets too few hard cases.

"""
HEADS = ("Task", "What differs most", "Words that leak a label", "Given their own label blind: few-shot, real")


def written(task: str) -> pd.DataFrame:
    """The texts of an LLM in a recording: id, text, label."""
    rows = [
        (texts.digest(text)[:16], text, c.label)
        for c in transcripts.read(paths.recording(task, SOURCE), cards.load(task), SOURCE)
        if c.model == MODEL
        for turn in c.turns
        for text in map(texts.normalise, parsing.texts(turn.answer))
        if text
    ]
    return pd.DataFrame(rows, columns=["id", "text", "label"]).drop_duplicates("id")


def blind(path: Path, frame: pd.DataFrame) -> ClearCut | None:
    if not path.exists():
        return None
    blind_labels = {item: label for _, (item, label) in sheets.read(path, sheets.LABELS)}
    shares = clear_cut.clear_cut(dict(zip(frame["id"], frame["label"], strict=True)), blind_labels)
    return shares if shares.texts else None


def row(task: str) -> list[str]:
    real = texts.read(paths.prepared(task))
    real = real[real["split"] == "train"]
    source = written(task)
    sample = real.sample(min(len(real), REAL_TEXTS), random_state=0)
    signs = giveaways.given_away(sample, {SOURCE: source})[SOURCE]
    habits = [(label, habit) for label, of_label in signs.labels.items() for habit in of_label]
    habits.sort(key=lambda pair: abs(pair[1].z))
    # Of a habit of several labels, the plainest.
    plainest = {(habit.feature, habit.z > 0): (label, habit) for label, habit in habits}
    shown = sorted(plainest.values(), key=lambda pair: -abs(pair[1].z))[:HABITS]
    more = [f"{label}: {'more' if habit.z > 0 else 'less'} {trust.gives_away(habit)}" for label, habit in shown]
    leaks = [trust.leaks(leak) for leak in signs.leaks[:LEAKS]]
    sets = [blind(paths.checked(task, SOURCE), source), blind(paths.recorded_labels(task), real)]
    clear = ", ".join(words.ranged(of_set.share) if of_set else "not asked" for of_set in sets)
    cells = ["<br>".join(map(rendering.markdown, column)) or "nothing" for column in (more, leaks)]
    return [task, *cells, clear]


def main() -> None:
    tasks = sorted(path.parent.name for path in Path("data/recordings").glob(f"*/{SOURCE}.jsonl"))
    if missing := [task for task in tasks if not paths.prepared(task).exists()]:
        raise PyriteError(f"{paths.prepared(missing[0])}: not there: run `pyrite fetch` and `pyrite prepare` first")
    files.write_text(Path("docs/giveaways.md"), HEAD + table(HEADS, "llll", map(row, tasks)) + "\n")


if __name__ == "__main__":
    main()
