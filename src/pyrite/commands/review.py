"""Review: people look at the texts of a source and say whether their labels are right."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, sheets, texts
from pyrite.data.formats import json_files
from pyrite.measures import reviews
from pyrite.measures.intervals import Estimate
from pyrite.measures.reviews import ACCEPT, REJECT

SEED, RESAMPLES = 0, 1000


def export(task: str, source: str, n: int, hidden: bool) -> None:
    """Write a sheet with n texts of a source: those with the lowest ids, which is at random.

    Args:
        hidden: without the label that each text was written for, so that it sways nobody.

    Raises:
        PyriteError: there are no such texts, a sheet is there already, or a label is one of the words of a sheet.
    """
    card, table = cards.load(task), texts.read(paths.source(task, source))
    if clash := sorted({ACCEPT, REJECT} & set(card.labels)):
        raise PyriteError(f"{paths.card(task)}: a label is named '{clash[0]}', which a sheet has another use for")
    choices = " | ".join([*card.labels, REJECT] if hidden else [ACCEPT, *card.labels, REJECT])
    rows = [
        (item, "", "", "" if hidden else label, choices, text)
        for item, label, text in table.sort_values("id")[["id", "label", "text"]].head(n).to_numpy(str).tolist()
    ]
    path = paths.sheet(f"{task}.{source}")
    sheets.write(path, [*sheets.REVIEWS, "label", "choices", "text"], rows)
    means = "; ".join(f"{label}: {card.items} that {meaning}" for label, meaning in card.labels.items())
    out = console.screen()
    out.print(f"Written: {path}, with {len(rows):,} of {len(table):,} texts. {card.description} {means}.")
    answer = "the right label" if hidden else f"{ACCEPT} where the label is right, else the right label"
    out.print(f"Give each person a copy. They fill in their name or a number as reviewer, and as answer {answer},")
    out.print(f"or {REJECT} where the text is of no use. Then: pyrite review import {task} {source} COPY.csv ...")


def take_in(task: str, source: str, copies: Sequence[Path]) -> None:
    """Put the answers of filled-in sheets into the recordings, ids and answers only, and say what people say.

    Raises:
        PyriteError: a row has no reviewer, an answer that is none, or contradicts an earlier one; nothing is written.
    """
    card, table = cards.load(task), texts.read(paths.source(task, source))
    path = paths.reviewed(task, source)
    answered: dict[tuple[str, str], str] = {}
    new = []
    for file in [*([path] if path.exists() else []), *copies]:
        for row, (item, reviewer, answer) in sheets.read(file, sheets.REVIEWS):
            if not answer:
                continue
            if not reviewer:
                raise row.mistake("no reviewer: give each person a name or number")
            if answer not in (ACCEPT, REJECT, *card.labels):
                raise row.mistake(f"'{answer}' is no answer; there are {ACCEPT}, {REJECT}, {', '.join(card.labels)}")
            if (item, reviewer) not in answered and file != path:
                new.append((item, files.cell(reviewer), answer))
            if answered.setdefault((item, reviewer), answer) != answer:
                raise row.mistake(f"{reviewer} already gave item '{item}' another answer, '{answered[item, reviewer]}'")
    if not new and not answered:
        raise PyriteError(f"{', '.join(map(str, copies))}: no answer is filled in")
    sheets.add(path, sheets.REVIEWS, new)
    labels = dict(zip(table["id"], table["label"], strict=True))
    answers = [(item, reviewer, answer) for (item, reviewer), answer in answered.items()]
    review = reviews.review(labels, answers, RESAMPLES, np.random.default_rng(SEED))
    out = console.screen()
    out.print(f"{path}: {len(new):,} answers added")
    if old := {item for item, _, _ in answers} - labels.keys():
        out.print(f"{len(old):,} reviewed texts are no longer among those of {source}: they don't count")
    people = f"{review.reviewers} reviewer{'s' if review.reviewers > 1 else ''}"
    out.print(f"{review.texts:,} texts, {people}. Right label: {_percent(review.precision)}.")
    for label, share in review.labels.items():
        out.print(f"  {label}: {_percent(share)}")
    out.print(f"Of no use: {_percent(review.rejected)}.")
    alpha = review.agreement.alpha
    agreement = alpha.note if alpha.value is None else f"Krippendorff's alpha {alpha.value:.2f}"
    out.print(f"Agreement of reviewers: {agreement}. The report has this after `dvc repro`.")
    changed = corrected(table, answers)
    place = Path(f"{task}.{source}_reviewed.jsonl")
    rows = ({"text": text, "label": label} for text, label in changed)
    files.write(place, lambda file: json_files.write_lines(file, rows))
    out.print(f"{place}: its {len(changed):,} texts as people changed them. For a verdict of their own:")
    out.command(f"pyrite add {task} {source}_reviewed --from {place} --text text --label label")


def corrected(table: pd.DataFrame, answers: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """The texts of a source with their labels: those that most reviewers give, and without what most reject."""
    labels = dict(zip(table["id"], table["label"], strict=True))
    agreed = {i: reviews.most_say(of_text) for i, of_text in reviews.verdicts(labels, answers).items()}
    rows = [(text, agreed.get(i) or label) for i, text, label in table[["id", "text", "label"]].to_numpy(str).tolist()]
    return [(text, label) for text, label in rows if label != REJECT]


def _percent(share: Estimate) -> str:
    if share.value is None:
        return share.note or "not known"
    return f"{100 * share.value:.1f} % ({100 * (share.low or 0):.1f} to {100 * (share.high or 0):.1f})"
