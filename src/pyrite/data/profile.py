"""What is in a file of the user's, or in the shards of a folder: its columns, labels, sides and lengths.

Nothing is changed in silence: what is not taken as it stands is counted, or is a sentence in `notes`.
"""

import csv
import io
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pyrite.base import console, schema
from pyrite.base.errors import PyriteError
from pyrite.data import cards, fields, folds, shards, splits, texts, user_files
from pyrite.data.folds import Folds
from pyrite.data.formats.rows import Row

# What is too many labels for a classifier.
MOST_LABELS = 1000
# So many labels are named in a line.
NAMED_LABELS = 10

# Of larger files a sample is looked at: at most so many rows and characters.
SAMPLE_ROWS, SAMPLE_CHARACTERS = 50_000, 50_000_000
# After so many rows the screen says how many there were: to say it of each would take longer than to read it.
WATCHED_ROWS = 10_000

_WHOLE = re.compile(r"([+-]?\d+)\.0+")
# What differs in the names of shards.
_NUMBER = re.compile(r"[._ -]*(?:[0-9a-f]{16}|\d+)")
_JOINED = re.compile(r"\s*[|;,#]\s*")


@dataclass(frozen=True)
class DatasetProfile:
    """What is in the data of a task.

    Attributes:
        source: the card's source.
        rows: how many there are, by label; those without one have the label "".
        others: the same of labels that are not taken.
        table: the text table that `prepare` makes of them, or of a sample.
        dropped: why rows (of the sample) are not in it.
        share: the sample's share of the texts.
        notes: what else is to be said of it, a sentence each.
        folding: `train.folds`, which decides what are test rows.
    """

    source: cards.LocalFile
    rows: Counter[str]
    others: Counter[str]
    table: pd.DataFrame
    dropped: Counter[str]
    share: float
    notes: list[str]
    folding: Folds = "none"

    @property
    def labels(self) -> list[str]:
        return sorted(label for label in self.rows if label)


def look(
    path: Path, text: str | None, label: str | None, only: Sequence[str] | None, folding: Folds = "none"
) -> DatasetProfile:
    """What is in a file, or in the shards of a folder.

    Args:
        text, label: the columns; None where there is no doubt.
        only: the labels to take, or None for all.
        folding: `train.folds`, which decides what are test rows.

    Raises:
        PyriteError: the file can't be read, has no such columns, or too little in it.
    """
    path = path.expanduser()
    others = shards.others(path)
    form = user_files.format_of(path, others)
    files = shards.of_task(path, form)
    table = user_files.find_columns(path, form, files, text, label)
    source = cards.LocalFile(
        kind="file",
        path=user_files.place_of(path),
        sha256=shards.digest(files),
        format=form,
        text=table.text,
        label=table.label,
        values=table.class_names,
        other_values="drop",
        licence="not stated",
    )
    profile = _profile(source, files, only, folding)
    if others:
        profile.notes.append(
            f"Left out for their names: {', '.join(others)}. A set that was made: `pyrite add`. Real rows: name their "
            "file for train, validation or test alone."
        )
    if unread := [name for name in shards.find(path, None) if path.is_dir() and shards.side(name)]:
        profile.notes.append(f"Not read: {', '.join(unread)}, in no format that is.")
    return profile


# Rows


def _profile(
    source: cards.LocalFile, files: dict[str, Path], only: Sequence[str] | None, folding: Folds
) -> DatasetProfile:
    """The profile of a data set whose columns are known.

    A text is in the sample or not by its digest, so that its repetitions, with whatever label, are all in or all out.
    """
    wanted = None if only is None else set(map(texts.normalise_label, only))
    rows: Counter[str] = Counter()
    labelled: defaultdict[str, int] = defaultdict(int)
    written: defaultdict[str, set[str]] = defaultdict(set)
    sample: list[tuple[float, splits.RawRow]] = []
    share, characters = 1.0, 0
    tables = shards.tables(source, list(files))
    for table in tables:
        for row in _watched(fields.read(files[table.file], table)):
            value, text = fields.written_label(row, source.label), fields.string(row, source.text)
            label = texts.normalise_label(value)
            if source.values:
                label = source.values.get(label, "")
            rows[label] += 1
            if len(rows) > MOST_LABELS:
                raise PyriteError(
                    f"{row.path}: column '{source.label}' has more than {MOST_LABELS:,} different values: labels "
                    "repeat; name their column with --label"
                )
            raw = fields.get(row, source.label)
            written[label].add((raw if isinstance(raw, str) else value).strip())
            if not label or (wanted is not None and not {label, _whole(label)} & wanted):
                continue
            labelled[table.file] += 1
            text = texts.normalise(text)
            place = texts.fraction(texts.digest(text), 2)
            if place >= share:
                continue
            sample.append((place, (text, label, table.side)))
            characters += len(text)
            while len(sample) > SAMPLE_ROWS or characters > SAMPLE_CHARACTERS:
                share /= 2
                sample = [entry for entry in sample if entry[0] < share]
                characters = sum(len(text) for _, (text, _, _) in sample)
    nameless = sorted(written.pop("", set()) - {"", "-1"}) if source.values else []
    notes = [f"Numbers without a name in the file are no label: {', '.join(nameless)}."] if nameless else []
    notes += [] if source.values else alike(written)
    if meant := whole_numbers(rows):
        source = source.model_copy(update={"values": meant})
        rows = Counter(
            {label: sum(n for old, n in rows.items() if meant.get(old, "") == label) for label in ["", *meant.values()]}
        )
    sides: Counter[cards.Side | None] = Counter()
    for table in tables:
        sides[table.side] += labelled[table.file]
        if not labelled[table.file] and any(labelled.values()):
            notes.append(f"{table.file}: none of its rows has a label.")
    uses, sentence = shards.settle(sides)
    raw = [(text, meant.get(label, label), uses[side]) for _, (text, label, side) in sample]
    others = Counter({label: n for label, n in rows.items() if label and wanted is not None and label not in wanted})
    notes += [sentence] if sentence else []
    names = {
        side: {_NUMBER.sub("", table.file): table.file for table in tables if table.side == side} for side in sides
    }
    if several := next((names[side].values() for side in names if side and len(names[side]) > 1), None):
        listed = ", ".join(sorted(several))
        notes.append(f"Several files are named for one side ({listed}): all are read as one data set.")
    if len(tables) > 1 and set(sides) == {None}:
        notes.append("No file's name tells a side (train, validation or test), so all rows are split anew.")
    if marked := sorted(label for label in rows if re.search(r"\w[|;]\s*\w", label)):
        notes.append(f"Labels such as '{marked[0]}' are one label each: several labels a text are not supported yet.")
    frame, dropped = splits.clean(raw)
    frame["split"] = splits.split(frame)
    profile = DatasetProfile(source, rows - others, others, frame, dropped, share, notes, folding)
    _require_labels(profile, wanted)
    return profile


def _watched(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, while the screen says how many there were."""
    with console.progress() as progress:
        bar = progress.add_task("reading rows", total=None)
        for number, row in enumerate(rows, start=1):
            if number % WATCHED_ROWS == 0:
                progress.advance(bar, WATCHED_ROWS)
            yield row


def alike(written: Mapping[str, set[str]]) -> list[str]:
    """A sentence for each label that is written in other ways too, or in another way only."""
    sentences, meant = [], whole_numbers(written)
    for label, ways in sorted(written.items()):
        name = meant.get(label, label)
        if label and (also := sorted(ways - {name})):
            # What differs in signs that show nothing differs in their codes.
            sentences.append(f"{name}: so is taken what is also written {', '.join(map(ascii, also))}.")
    return sentences


def _whole(label: str) -> str:
    match = _WHOLE.fullmatch(label)
    return match[1] if match else label


def whole_numbers(rows: Collection[str]) -> dict[str, str]:
    """What each label means where all are whole numbers, of which some are written with decimals: 1.0 is 1."""
    meant = {label: _whole(label) for label in rows if label}
    numbers = all(re.fullmatch(r"[+-]?\d+", number) for number in meant.values())
    return meant if numbers and any(label != number for label, number in meant.items()) else {}


# What is refused


def require_several(labels: Sequence[str], where: str) -> None:
    """Raise PyriteError unless there are two different labels or more, without signs that a terminal obeys."""
    if repeated := [label for label, times in Counter(labels).items() if times > 1]:
        raise PyriteError(f"{where}: '{repeated[0]}' is there twice")
    if len(labels) < 2:
        only = f"one label only, '{labels[0]}'" if labels else "no label"
        raise PyriteError(f"{where}: {only}: a classifier needs two or more")
    if odd := [label for label in labels if schema.CONTROL.search(label)]:
        raise PyriteError(f"{where}: a control character in the label {odd[0]!r}: give it another name in your data")


def _require_labels(profile: DatasetProfile, wanted: Collection[str] | None) -> None:
    """Raise PyriteError unless there are two labels or more, one a text, with rows for what is done with each."""
    path, column = profile.source.path, profile.source.label
    listed = ", ".join(sorted({*profile.labels, *profile.others}))
    if listed and (unknown := sorted(set(wanted or ()) - set(profile.labels))):
        raise PyriteError(
            f"{path}: no row has the label '{unknown[0]}'; its labels are {listed}: rename them there, or in the card "
            "or in --labels"
        )
    require_several(profile.labels, f"{path}: column '{column}'")
    total = sum(profile.rows.values())
    if len(profile.labels) > 10 and 4 * len(profile.labels) > total:
        raise PyriteError(
            f"{path}: column '{column}' has {len(profile.labels)} different values in {total} rows: labels repeat; "
            "name their column with --label"
        )
    parts = {label: [part for part in _JOINED.split(label) if part] for label in profile.labels}
    if joined := [label for label, names in parts.items() if len(names) > 1 and set(names) <= set(profile.labels)]:
        raise PyriteError(
            f"{path}: column '{column}': '{joined[0]}' joins others: several labels a text are not supported yet; "
            f"to leave out such rows: {_option(profile.labels, joined)}"
        )
    sides = {str(side): set(rows) for side, rows in profile.table.groupby("side")["label"]}
    for side, own in sides.items():
        if (others := set().union(*(sides[other] for other in sides if other != side))) and not own & others:
            raise PyriteError(
                f"{path}: the {side} side has only labels that no other side has ({', '.join(sorted(own))}): if they "
                f"stand for no label, leave those rows out: {_option(profile.labels, own)}"
            )
    if profile.share < 1:
        return  # a label may have rows that the sample lacks; `prepare` sees them all
    short = {
        label: f"'{label}' ({profile.rows[label]:,}, none to {use} on)"
        for label, use in folds.hopeless(profile.table, profile.labels, profile.folding).items()
    }
    if short:
        named, more = list(short.values())[:NAMED_LABELS], len(short) - NAMED_LABELS
        also = f" and {more} more labels" if more > 0 else ""
        rest = 1 < len(profile.labels) - len(short) <= NAMED_LABELS
        leave = f", or leave out such labels: {_option(profile.labels, short)}" if rest else ""
        double = profile.dropped["conflicting_label"]
        lost = f" ({double:,} rows are left out, whose texts have two labels)" if double else ""
        raise PyriteError(
            f"{path}: too few rows of {', '.join(named)}{also}: each label needs one to train on and one to test "
            f"on: add rows{leave}{lost}"
        )


def _option(labels: Sequence[str], but: Collection[str]) -> str:
    """The option --labels that takes all labels but these."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([label for label in labels if label not in but])
    return f"--labels {shlex.quote(out.getvalue())}"
