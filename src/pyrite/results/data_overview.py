"""What is in a user's data, for a terminal: rows by label, lengths, splits, what is left out, what is odd."""

import re
from collections import Counter

from rich.text import Text

from pyrite.base import console
from pyrite.data import folds, language, texts
from pyrite.data.profile import DatasetProfile
from pyrite.measures import near_duplicates
from pyrite.results.table import Column, Table

SHOWN_ROWS, SHOWN_CHARACTERS = 3, 100
FEW_TEST_ROWS = 100
# Of a label: `evaluate` gives no interval of a score with fewer.
FEWEST_ROWS = 10
# Texts of which so many are nearly the same as another by this similarity (numbers aside) are worth a word.
COMPARED_TEXTS, NEAR, MANY_ALIKE = 2000, 0.8, 0.3
# Words: more than a turn of several texts can hold.
LONG_TEXT = 500


def show(profile: DatasetProfile, spoken: str, out: console.Console) -> None:
    """Print what is in the data: rows by label, lengths, splits, what is left out, and some rows of each label."""
    source, table, rows = profile.source, profile.table, profile.rows
    out.print(f"{source.path}: {rows.total():,} rows; texts in '{source.text}', labels in '{source.label}'")
    if profile.share < 1:
        out.print(
            f"What follows is of a sample of about 1 in {round(1 / profile.share)} texts, the rows by label excepted."
        )
    unit = language.unit(spoken)
    total = sum(rows[label] for label in profile.labels)
    pool, words = texts.in_pool(table), table["text"].map(texts.length)
    tested = folds.tested(table, profile.folding)
    k = folds.count(table, profile.folding)
    trained = table["split"].eq("train") | bool(k)
    uses = {"to train on": trained, "to test on": tested, "for prompts": pool}
    by_label = [
        {
            "label": shown(label),
            "rows": rows[label],
            "share": rows[label] / total,
            **{use: (of_label & whose).sum() for use, whose in uses.items()},
            unit: words[of_label].median(),
        }
        for label in profile.labels
        for of_label in [table["label"] == label]
    ]
    forms = {"rows": ",d", "share": ".0%"} | dict.fromkeys(uses, ",d") | {unit: ".0f"}
    columns = [Column("label"), *(Column(key, form=form) for key, form in forms.items())]
    out.print(Table(columns, by_label, plain=True).terminal())
    if k:
        out.print(
            f"{k} folds: each text but those for prompts is tested on once, by a fit that trained on the other folds."
        )
    out.print(f"Language: {spoken}. Prompts say it; it is `language` in the card.")
    reasons = {
        "no_text": "no text",
        "conflicting_label": "the same text with different labels",
        "duplicate": "a repeated text",
        "on_later_side": "a text that is on a later side too",
    }
    left_out = {words: profile.dropped[reason] for reason, words in reasons.items()}
    left_out |= {"no label": rows[""], "another label": profile.others.total()}
    if counts := [f"{n:,} with {words}" for words, n in left_out.items() if n]:
        out.print(f"Left out: {', '.join(counts)}.")
    for note in [*profile.notes, *_notes(profile)]:
        out.print(note)
    folded = Counter(label.casefold() for label in profile.labels)
    if alike := [label for label in profile.labels if folded[label.casefold()] > 1]:
        out.print(f"Labels that differ in upper and lower case only: {', '.join(alike)}. Are they meant to?")
    rare = [label for label in profile.labels if (tested & (table["label"] == label)).sum() < FEWEST_ROWS]
    if rare and profile.share == 1:
        out.print(
            f"Fewer than {FEWEST_ROWS} rows to test on: {', '.join(map(shown, rare))}. Scores get no interval, and "
            "little can be said of these labels."
        )
    test = int(tested.sum() / profile.share)
    if test < FEW_TEST_ROWS:
        out.print(
            f'With {test} test rows intervals are wide: the verdict may well be "can\'t tell". More rows tell more.'
        )
    for label in profile.labels:
        out.print(Text(shown(label), style="bold"))
        for text in table.loc[table["label"] == label, "text"].head(SHOWN_ROWS):
            out.print(Text(f"  {shown(text)}"), no_wrap=True, overflow="ellipsis")


def _notes(profile: DatasetProfile) -> list[str]:
    """What is odd about the texts, a sentence each."""
    notes, all_texts = [], profile.table["text"]
    if broken := int(all_texts.str.contains("\ufffd").sum()):
        notes.append(f"{broken:,} texts have signs that can't be read, such as half an emoji; \ufffd stands for each.")
    some = [re.sub(r"\d+", "0", text) for text in all_texts.head(COMPARED_TEXTS)]
    alike = float(near_duplicates.repeats(some, NEAR).mean()) if some else 0.0
    if alike >= MANY_ALIKE:
        notes.append(
            f"{alike:.0%} of the texts are nearly the same as another one, numbers aside: such test texts are easy, "
            "and scores say little about new texts."
        )
    median = all_texts.map(texts.length).median()
    if median >= LONG_TEXT:
        notes.append(
            f"Half of the texts are longer than {median:,.0f} words: few LLMs write that much at once. Set "
            "length_words in the card to less, or texts_per_turn of the sources to 1."
        )
    return notes


def shown(text: str) -> str:
    """A text on one line of a terminal, unable to steer it."""
    text = re.sub(r"[\t\n\u200e\u200f]", "\ufffd", console.printable(text))
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
