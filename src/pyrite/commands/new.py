"""New: from a file of the user's to a task: a commented card, what is in the data, and what to do next.

Writes `tasks/<id>.yaml`, an empty `data/recordings/<id>/` (DVC wants it) and the task's name into `params.yaml`: the
study is then of this task.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import subprocess  # to ask git of one file  # nosec B404
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml
from pyarrow import parquet
from rich.table import Table
from rich.text import Text

from pyrite import params
from pyrite.base import console, files, paths, schema
from pyrite.base.errors import PyriteError
from pyrite.commands import estimate
from pyrite.data import cards, fields, readers, texts
from pyrite.llm import annotators, generation, prompts
from pyrite.llm.conversations import Script
from pyrite.llm.generation import GenerationRun
from pyrite.stages import fetch, prepare

LONGEST_ID = 60

SEPARATORS = (",", ";", "\t")
# The formats of a folder, the surest first: a folder that `save_to_disk` wrote has JSON beside its data.
OF_FOLDERS = ("arrow", "parquet", "json_lines", "csv")

# Rows that are enough to tell texts from labels, and what is too many labels for a classifier.
FIRST_ROWS = 1000
MOST_LABELS = 1000

# Of larger files a sample is looked at: at most so many rows and characters.
SAMPLE_ROWS, SAMPLE_CHARACTERS = 50_000, 50_000_000
# After so many rows the screen says how many there were: to say it of each would take longer than to read it.
WATCHED_ROWS = 10_000

SHOWN_ROWS, SHOWN_CHARACTERS = 3, 100

# The shortest and longest texts don't decide what is asked for.
LENGTHS = (0.05, 0.95)
GUESSED_LENGTHS = (5, 40)

FEW_TEST_ROWS = 100

HEAD = """\
# Made by `pyrite new` and yours to edit. What stands under "prompt" is said to the LLM: the better it describes your
# texts, the better the generated ones. After an edit, `dvc repro` asks and trains anew only what the edit changes.
"""


@dataclass(frozen=True)
class Look:
    """What is in the data of a task.

    Attributes:
        source: the card's source.
        rows: how many there are, by label; those without one have the label "".
        table: the text table that `prepare` makes of them, or of a sample.
        dropped: why rows (of the sample) are not in it.
        share: the sample's share of the texts.
    """

    source: cards.LocalFile
    rows: Counter[str]
    table: pd.DataFrame
    dropped: Counter[str]
    share: float

    @property
    def labels(self) -> list[str]:
        return sorted(label for label in self.rows if label)


def run(
    task: str,
    path: Path | None,
    text: str | None,
    label: str | None,
    labels: str | None,
    model: str | None,
    refresh: bool,
) -> None:
    """Make a task, or with `refresh` read the data of one anew.

    Raises:
        PyriteError: the name, the file or its columns are no good; nothing was written.
    """
    named = None if labels is None else [part.strip() for part in labels.split(",") if part.strip()]
    if refresh:
        if named or model:
            raise PyriteError("new --refresh: labels are those of the card, and the LLM that of params.yaml: edit them")
        _refresh(task, path, text, label)
        return
    _check_name(task)
    if path is None:
        if not named:
            raise PyriteError("new: name your file with --from, or with no data at all the labels with --labels a,b,c")
        if text or label:
            raise PyriteError("new: --text and --label name columns of a file: name it with --from")
        found = None
        _require_several(named, "--labels")
    else:
        found = look(path, text, label, named)
        named = found.labels
    card_text = render(task, named, found)
    card = schema.parse(card_text, paths.card(task), cards.Card)
    study_text, before, study = _study(task, model)
    needs = reckon(card, study, found)
    files.write_text(paths.recording(task, "any").parent / ".gitkeep", "")
    files.write_text(paths.card(task), card_text)
    files.write_text(paths.PARAMS, study_text)
    out = console.screen(soft_wrap=True)
    if found:
        show(found, out)
    _say_next(card, before, study, needs, found, out)


def _check_name(task: str) -> None:
    try:
        good = len(schema.plain(task)) <= LONGEST_ID
    except ValueError:
        good = False
    if not good:
        raise PyriteError(
            f"new: '{task}' can't name a task: take lower-case letters, digits and _, beginning with a letter, at most "
            f"{LONGEST_ID}"
        )
    if task in paths.NO_TASKS:
        raise PyriteError(f"new: '{task}' can't name a task: the project has a file of that name; take another")
    if paths.card(task).exists():
        raise PyriteError(
            f"{paths.card(task)}: is there already and may hold your edits: take another name, or take in a changed "
            f"file with `pyrite new {task} --refresh`"
        )


def _require_several(labels: Sequence[str], where: str) -> None:
    if repeated := [label for label, times in Counter(labels).items() if times > 1]:
        raise PyriteError(f"{where}: '{repeated[0]}' is there twice")
    if len(labels) < 2:
        only = f"one label only, '{labels[0]}'" if labels else "no label"
        raise PyriteError(f"{where}: {only}: a classifier needs two or more")
    if odd := [label for label in labels if schema.CONTROL.search(label)]:
        raise PyriteError(f"{where}: a control character in the label {odd[0]!r}: give it another name in your data")


# Looking at the data


def look(path: Path, text: str | None, label: str | None, only: Sequence[str] | None) -> Look:
    """What is in a file, or in the shards of a folder.

    Args:
        text, label: the columns; None where there is no doubt.
        only: the labels to take, or None for all.

    Raises:
        PyriteError: the file can't be read, has no such columns, or too little in it.
    """
    path = path.expanduser()
    form = _format(path)
    shards = fetch.shards(path, form)
    first = next(iter(shards.values()))
    separator = _separator(first, {text, label} - {None}) if form == "csv" else ","
    beginning = list(_rows(first, form, separator, FIRST_ROWS))
    if not beginning:
        raise PyriteError(f"{first}: has no rows")
    of_texts, of_labels = columns([row.fields for row in beginning], text, label, first)
    source = cards.LocalFile(
        kind="file",
        path=_place(path),
        sha256=fetch.digest(shards),
        format=form,
        separator=separator,
        text=of_texts,
        label=of_labels,
        values=_class_names(first, form, of_labels),
        other_values="drop",
        licence="not stated",
    )
    rows, sample, share = _sample(source, shards, only)
    table, dropped = prepare.clean(sample)
    table["split"] = prepare.split(table)
    found = Look(source, rows, table, dropped, share)
    _require_enough(found)
    return found


def _format(path: Path) -> Any:
    """The format of a file by its name, or of a folder by what is in it."""
    if path.is_dir():
        for one in OF_FOLDERS:
            if fetch.shards(path, one):
                return one
        raise PyriteError(f"{path}: has no .arrow, .parquet, .jsonl, .csv or .tsv files")
    if not path.is_file():
        raise PyriteError(f"{path}: no such file or folder")
    if path.name.startswith("."):
        raise PyriteError(f"{path}: a hidden file; give it a name without the dot")
    form = fetch.FORMATS.get(path.suffix.lower())
    if form is None:
        raise PyriteError(
            f"{path}: not a format that is read: save it as {', '.join(fetch.FORMATS)}, in UTF-8 (a spreadsheet calls "
            "that CSV UTF-8)"
        )
    return form


def _separator(path: Path, named: set[str | None]) -> str:
    """The sign that parts the columns of a CSV file: with it the header has the named columns, or else the most."""
    line = next(readers.lines(path, "utf-8"), "")
    headers = {sign: next(csv.reader([line], delimiter=sign), []) for sign in SEPARATORS}
    return max(SEPARATORS, key=lambda sign: (named <= set(headers[sign]), len(headers[sign])))


def _rows(path: Path, form: str, separator: str, most: int | None = None) -> Iterator[readers.Row]:
    """The rows of one file, all columns of it."""
    any_columns = {"text": "", "label": "", "file": "any", "format": form}
    found = readers.read_file(
        path, prepare.ROWS.validate_python(any_columns | ({"separator": separator} if form == "csv" else {}))
    )
    return itertools.islice(found, most)


def _watched(rows: Iterable[readers.Row]) -> Iterator[readers.Row]:
    """The rows, while the screen says how many there were."""
    with console.progress() as progress:
        bar = progress.add_task("reading rows", total=None)
        for number, row in enumerate(rows, start=1):
            if number % WATCHED_ROWS == 0:
                progress.advance(bar, WATCHED_ROWS)
            yield row


def columns(rows: Sequence[dict[str, Any]], text: str | None, label: str | None, path: Path) -> tuple[str, str]:
    """The columns of texts and labels: those named, or those about which there is no doubt.

    Raises:
        PyriteError: there is no such column, or there is doubt.
    """
    there = list(dict.fromkeys(name for row in rows for name in row))
    listed = ", ".join(there)
    for option, name in (("--text", text), ("--label", label)):
        if name is not None and name not in there:
            # A field within a field, of JSON or Parquet, is outer.inner.
            if "." in name and name.split(".")[0] in there:
                continue
            raise PyriteError(f"{path}: no column '{name}' ({option}); there are {listed}")
    if text is not None and text == label:
        raise PyriteError(f"{path}: column '{text}' can't hold both texts and labels; there are {listed}")
    if text is None and label is None and {"text", "label"} <= set(there):
        text, label = "text", "label"
    elif (text is None or label is None) and len(there) == 2:
        if text is None and label is None:
            # Labels repeat, texts do not.
            fewest, most = sorted(there, key=lambda name: len({str(row.get(name)) for row in rows}))
            if 2 * len({str(row.get(fewest)) for row in rows}) <= len({str(row.get(most)) for row in rows}):
                text, label = most, fewest
        else:
            text, label = text or next(n for n in there if n != label), label or next(n for n in there if n != text)
    if text is None or label is None:
        raise PyriteError(
            f"{path}: which column has the texts, which the labels? Name them with --text and --label; there are "
            f"{listed}"
        )
    for name in (text, label):
        if "{" in name or "}" in name:
            raise PyriteError(f"{path}: column '{name}' has a brace in its name; rename it")
    return text, label


def _class_names(path: Path, form: str, label: str) -> dict[str, str]:
    """What the numbers of a label column stand for, where `datasets` has noted that in the file."""
    if form not in ("parquet", "arrow"):
        return {}
    with path.open("rb") as file:
        found = parquet.read_schema(file) if form == "parquet" else pa.ipc.open_stream(file).schema
    try:
        features = json.loads((found.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {str(number): str(name).strip() for number, name in enumerate(features[label]["names"])}
    except (KeyError, TypeError, ValueError):
        return {}


def _sample(
    source: cards.LocalFile, shards: dict[str, Path], only: Sequence[str] | None
) -> tuple[Counter[str], list[tuple[str, str, str | None]], float]:
    """The number of rows by label; the rows with one (text, label, side), or a sample; and the share that it is.

    A text is in the sample or not by its digest, so that its repetitions, with whatever label, are all in or all out.
    """
    rows: Counter[str] = Counter()
    sample: list[tuple[float, tuple[str, str, str | None]]] = []
    share, characters = 1.0, 0
    for form in prepare.local(source, list(shards)):
        for row in _watched(_rows(shards[form.file], source.format, source.separator)):
            value, text = (
                "" if got is None else str(got) for got in (fields.get(row, n) for n in (source.label, source.text))
            )
            label = value.strip()
            if source.values:
                label = source.values.get(label, "")
            rows[label] += 1
            if len(rows) > MOST_LABELS:
                raise PyriteError(
                    f"{row.path}: column '{source.label}' has more than {MOST_LABELS:,} different values: labels "
                    "repeat; name their column with --label"
                )
            if not label or (only is not None and label not in only):
                continue
            text = texts.normalise(text)
            place = texts.fraction(texts.digest(text), 2)
            if place >= share:
                continue
            sample.append((place, (text, label, form.side)))
            characters += len(text)
            while len(sample) > SAMPLE_ROWS or characters > SAMPLE_CHARACTERS:
                share /= 2
                sample = [one for one in sample if one[0] < share]
                characters = sum(len(one[1][0]) for one in sample)
    if only is not None:
        if unknown := [label for label in only if not rows[label]]:
            there = ", ".join(sorted(label for label, n in rows.items() if label and n))
            raise PyriteError(f"--labels: '{unknown[0]}' is no label of {source.path}, which has {there}")
        rows = Counter({label: n for label, n in rows.items() if label in only or not label})
    return rows, [one for _, one in sample], share


def _require_enough(found: Look) -> None:
    """Raise PyriteError unless there are two labels or more, and every one has rows for what is done with it."""
    path, column = found.source.path, found.source.label
    _require_several(found.labels, f"{path}: column '{column}'")
    if len(found.labels) > 10 and 4 * len(found.labels) > sum(found.rows.values()):
        raise PyriteError(
            f"{path}: column '{column}' has {len(found.labels)} different values in {sum(found.rows.values())} rows: "
            "labels repeat; name their column with --label"
        )
    if found.share < 1:
        return  # a label may have rows that the sample lacks; `prepare` sees them all
    table, pool = found.table, texts.in_pool(found.table)
    short = {}
    for label in found.labels:
        mine = table["label"] == label
        has = {f"to {use} on": int((mine & (table["split"] == use)).sum()) for use in ("train", "test")}
        has["that few-shot prompts may show"] = int((mine & pool).sum())
        if not all(has.values()):
            short[label] = " and ".join(f"{n} {use}" for use, n in has.items())
    if short:
        label, has_rows = next(iter(short.items()))
        rest = [one for one in found.labels if one not in short]
        others = f"; {len(short) - 1} other labels lack some too" if len(short) > 1 else ""
        leave = f", or leave it out: --labels {','.join(rest)}" if len(rest) > 1 and "," not in "".join(rest) else ""
        raise PyriteError(
            f"{path}: too few rows: label '{label}' has {found.rows[label]:,}, of which {has_rows}{others}. Each needs "
            f"one at least, which about 40 rows of a label make nearly sure: add rows{leave}"
        )


def _place(path: Path) -> str:
    """A path for the card: from the project's folder where it is in it."""
    here, there = Path.cwd(), path.resolve()
    return (there.relative_to(here) if there.is_relative_to(here) else there).as_posix()


# The card and the study


def render(task: str, labels: Sequence[str], found: Look | None) -> str:
    """The card of a task, with comments that say what to edit."""
    name = task.replace("_", " ")
    listed = ", ".join(labels) if len(labels) <= 20 else f"{', '.join(labels[:20])}, ..."
    least, most = _lengths(found) if found else GUESSED_LENGTHS
    of_yours = "Nine of ten of yours lie between." if found else "Give what yours would have."
    lines = [
        HEAD + _entry("id", task),
        _entry("title", name[0].upper() + name[1:]),
        "# For annotators and the report.",
        _entry("description", f"Given a text, say which of these labels it has: {listed}."),
        source_entry(found.source if found else None),
        "# Prompt: what one text is called, and several: review, reviews.",
        _entry("item", "text"),
        _entry("items", "texts"),
        f"# Prompt: words in a text, least and most. {of_yours}",
        f"length_words: [{least}, {most}]",
        "# Prompt: who the LLM is to be.",
        _entry("role", "You are one of the people who write such texts."),
        "# Prompt: how the texts are written.",
        _entry("style", "Each one reads as if a person had really written it."),
        '# Prompt: what the texts of each label have in common, as it goes on after "Write 25 texts that".',
        "labels:",
    ]
    total = sum(found.rows[label] for label in labels) if found else 0
    for label in labels:
        if found:
            lines.append(f"  # {found.rows[label]:,} rows, {found.rows[label] / total:.0%}")
        lines.append("  " + _entry(label, f'belong to the category "{label}"').replace("\n", "\n  "))
    return "\n".join(lines) + "\n"


def source_entry(source: cards.LocalFile | None) -> str:
    """The entry `source` of a card."""
    if source is None:
        return (
            "# No real data: texts are generated, and nothing can be said of what they are worth. With a file of real\n"
            "# texts and labels, `pyrite new ID --refresh --from FILE`.\nsource:\n  kind: none\n  licence: none"
        )
    plain = {"kind": source.kind, "path": source.path, "sha256": source.sha256, "format": source.format}
    if source.format == "csv":
        plain["separator"] = source.separator
    lines = ["source:"]
    notes = {
        "path": "Read where it is, and taken only with this digest: after a change, `pyrite new ID --refresh`.",
        "other_values": "Rows without a label, or with one that is not among the labels below, are left out.",
        "licence": "For the report: whose texts these are, and what may be done with them.",
    }
    rest = {"text": source.text, "label": source.label, "other_values": "drop", "licence": source.licence}
    for key, value in (plain | rest).items():
        if key in notes:
            lines.append(f"  # {notes[key]}")
        lines.append("  " + _entry(key, value))
    if source.values:
        lines += ["  # What stands in the column, and the label that it means.", "  values:"]
        lines += ["    " + _entry(value, label) for value, label in source.values.items()]
    return "\n".join(lines)


def _entry(key: str, value: str | None) -> str:
    """A key and its value as YAML, quoted where YAML would read another value."""
    # Plain and in single quotes, PyYAML writes some line breaks of Unicode as they are, and reads them as spaces.
    style = None if key.isprintable() and (value is None or value.isprintable()) else '"'
    return yaml.safe_dump({key: value}, allow_unicode=True, width=10**9, default_style=style).rstrip("\n")


def _lengths(found: Look) -> tuple[int, int]:
    words = found.table["text"].map(texts.word_count)
    least, most = (int(words.quantile(end, interpolation="nearest")) for end in LENGTHS)
    return max(1, least), max(1, most)


def _study(task: str, model: str | None) -> tuple[str, tuple[str, ...], params.Params]:
    """`params.yaml` with this task as the study's, and with an LLM where one is named; the tasks before; the study."""
    before = params.load().tasks
    source = schema.read(paths.PARAMS)
    source = schema.put(source, ["tasks"], f"tasks:\n  - {task}")
    if model is not None:
        source = schema.put(source, ["generate", "provider"], "provider: openai")
        source = schema.put(source, ["generate", "model"], _entry("model", model))
    return source, before, schema.parse(source, paths.PARAMS, params.Params)


def _refresh(task: str, path: Path | None, text: str | None, label: str | None) -> None:
    """Take a changed file, or another one, into the card of a task; what else is in it stays."""
    card = cards.load(task)
    source = card.source
    if not isinstance(source, (cards.LocalFile, cards.NoData)):
        raise PyriteError(f"{paths.card(task)}: source: its data are downloaded; only a file of yours can be refreshed")
    if isinstance(source, cards.LocalFile):
        path, text, label = path or Path(source.path), text or source.text, label or source.label
    if path is None:
        raise PyriteError(f"{paths.card(task)}: has no real data yet; name a file of them with --from")
    found = look(path, text, label, list(card.labels))
    licence = source.licence if isinstance(source, cards.LocalFile) else "not stated"
    entry = source_entry(found.source.model_copy(update={"licence": licence}))
    card_text = schema.put(schema.read(paths.card(task)), ["source"], entry)
    schema.parse(card_text, paths.card(task), cards.Card)
    files.write_text(paths.card(task), card_text)
    out = console.screen(soft_wrap=True)
    show(found, out)
    out.print(f"{paths.card(task)} now pins {found.source.path} as it is. Next: dvc repro")


# What it would cost, and what is said


def reckon(card: cards.Card, study: params.Params, found: Look | None) -> list[estimate.Need]:
    """Requests, tokens and money of every setting and of the LLM as annotator, if nothing is answered yet."""
    prepared = found.table[texts.COLUMNS] if found else pd.DataFrame(columns=texts.COLUMNS, dtype=str)
    pool = set(prepared.loc[texts.in_pool(prepared), "label"])
    needs = []
    for setting in study.generate.settings:
        script = Script(card, setting, prompts.load(setting), study.generate, prepared)
        jobs = [
            job
            for job in generation.top_up(GenerationRun(), script)
            # A sample may lack what the whole has.
            if job.dialogue.label in pool or not script.templates.shows_examples
        ]
        needs.append(estimate.reckon(jobs, script))
    test = prepared[prepared["split"] == "test"].sort_values("id").head(study.annotate.items)
    shown = dict(zip(test["id"], test["text"], strict=True))
    questions = list(annotators.label_questions(card, list(shown), annotators.load()))
    return [*needs, estimate.of_survey(annotators.labels(card, shown, study.generate), questions)] if shown else needs


def show(found: Look, out: console.Console) -> None:
    """What is in the data: rows by label, lengths, splits, what is left out, and some rows of each label."""
    source, table = found.source, found.table
    out.print(f"{source.path}: {sum(found.rows.values()):,} rows; texts in '{source.text}', labels in '{source.label}'")
    if found.share < 1:
        out.print(
            f"What follows is of a sample of about 1 in {round(1 / found.share)} texts, the rows by label excepted."
        )
    drawn = Table(box=None, header_style="dim", pad_edge=False)
    drawn.add_column("label", overflow="fold")
    for name in ("rows", "share", "to train on", "to test on", "for prompts", "words"):
        drawn.add_column(name, justify="right")
    total = sum(found.rows[label] for label in found.labels)
    pool, words = texts.in_pool(table), table["text"].map(texts.word_count)
    for label in found.labels:
        mine = table["label"] == label
        splits = [int((mine & (table["split"] == split)).sum()) for split in ("train", "test")]
        counts = [found.rows[label], *splits, int((mine & pool).sum())]
        rows, *rest = (f"{n:,}" for n in counts)
        share = f"{found.rows[label] / total:.0%}"
        drawn.add_row(shown(label), rows, share, *rest, f"{words[mine].median():.0f}")
    out.print(drawn, soft_wrap=False)
    reasons = {
        "no_text": "no text",
        "conflicting_label": "the same text with different labels",
        "duplicate": "a repeated text",
    }
    left_out = {words: found.dropped[reason] for reason, words in reasons.items() if found.dropped[reason]}
    if found.rows[""]:
        left_out["no label"] = found.rows[""]
    if left_out:
        out.print(f"Left out: {', '.join(f'{n:,} with {words}' for words, n in left_out.items())}.")
    folded = Counter(label.casefold() for label in found.labels)
    if alike := [label for label in found.labels if folded[label.casefold()] > 1]:
        out.print(f"Labels that differ in upper and lower case only: {', '.join(alike)}. Are they meant to?")
    test = int((table["split"] == "test").sum() / found.share)
    if test < FEW_TEST_ROWS:
        out.print(
            f'With {test} test rows intervals are wide: the verdict may well be "can\'t tell". More rows tell more.'
        )
    for label in found.labels:
        out.print(Text(shown(label), style="bold"))
        for text in table.loc[table["label"] == label, "text"].head(SHOWN_ROWS):
            out.print(Text(f"  {shown(text)}"), soft_wrap=False, no_wrap=True, overflow="ellipsis")


def shown(text: str) -> str:
    """A text on one line of a terminal, unable to steer it."""
    text = re.sub(r"[\t\n\u200e\u200f]", "\ufffd", console.printable(text))
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _say_next(
    card: cards.Card,
    before: Sequence[str],
    study: params.Params,
    needs: Sequence[estimate.Need],
    found: Look | None,
    out: console.Console,
) -> None:
    p = study.generate
    out.print()
    out.print(f"Written: {paths.card(card.id)}. Edit its prompts, above all what is said of each label.")
    if tuple(before) != study.tasks:
        was = ", ".join(before)
        out.print(f"{paths.PARAMS}: tasks is now {card.id} alone (it was {was}).")
    if found and found.table["split"].eq("test").any() and _would_be_committed(found.source.path):
        out.print(
            f"{found.source.path} is in the project: `git add -A` would put its texts into git. Move it out of "
            "the project's folder before, or name it in .gitignore."
        )
    out.print()
    recorded = p.provider == "recorded"
    out.print(estimate.table(needs, p.attempt_cap), soft_wrap=False)
    if recorded or p.model not in p.prices:
        tokens = sum(n.prompt_tokens for n in needs), sum(n.completion_tokens for n in needs)
        costs = [f"${price.of(*tokens):.2f} with {model} (looked up {price.date})" for model, price in p.prices.items()]
        said = "" if recorded else f"'{p.model}' has no price in generate.prices. "
        out.print(f"{said}In money that is {' or '.join(costs) or 'not known: generate.prices is empty'}.")
    shows = [setting for setting in p.settings if prompts.load(setting).shows_examples]
    if found and shows:
        out.print(f"{', '.join(shows)} sends some real texts (those for prompts) to the LLM; other settings send none.")
    if found and study.annotate.items:
        out.print(
            f"annotations sends it test texts, {study.annotate.items} at most, to see how well it labels them itself; "
            f"annotate.items: 0 in {paths.PARAMS} sends none."
        )
    out.print()
    out.print("Next:")
    out.print("  export OPENAI_API_KEY=...      # or OPENAI_BASE_URL, for a server of yours: docs/llm.md")
    if recorded:
        out.print("  dvc exp run -S generate.provider=openai -S generate.model=NAME    # an LLM must write: name it")
    else:
        out.print(f"  pyrite doctor                  # does {p.model} answer?")
        out.print("  dvc repro")
    out.print("  pyrite verdict")


def _would_be_committed(path: str) -> bool:
    """Whether a file is in the project's git repository and not ignored."""
    if Path(path).is_absolute():
        return False
    try:
        said = subprocess.run(["git", "check-ignore", "-q", "--", path], capture_output=True)  # a list, no shell  # noqa: S603, S607  # nosec B603 B607
    except OSError:
        return False
    return said.returncode == 1
