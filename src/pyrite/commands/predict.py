"""Predict: label texts with a trained checkpoint, however many there are, in a fixed amount of memory.

Reads a CSV, Parquet or JSON Lines file, or plain text with one text a line; writes its rows again with the columns
`predicted` and `probability:<label>`, as CSV, Parquet or JSON Lines. In CSV a cell that a spreadsheet would run as a
formula has `'` before it.
"""

from __future__ import annotations

import csv
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pyrite.base import console, files
from pyrite.base.errors import PyriteError
from pyrite.data import readers, texts
from pyrite.training import encoder

# Texts that are read, labelled and written at a time: enough to find many of similar length.
CHUNK = 4096

Row = dict[str, Any]
Rows = Iterator[tuple[str, Row]]  # with the place of each, for an error


def run(model: Path, file: Path | None, text: str, output: Path | None) -> None:
    """Label the texts of `file` (standard input: one text a line) into `output` (standard output: CSV).

    Args:
        model: a checkpoint's folder, or that of the fit it belongs to.
        text: the column with the texts; plain text has none.

    Raises:
        PyriteError: the model, the file or a row of it is no good; a file is then not written at all.
    """
    classify = Classifier(model)
    if output is not None and output.suffix not in WRITERS:
        raise PyriteError(f"{output}: unknown kind of file; name one that ends in {', '.join(WRITERS)}")
    with console.progress() as progress:
        bar = progress.add_task("labelling texts", total=None if file is None else count(file))
        rows = read(file, text)
        first = next(rows, None)
        if first is None:
            raise PyriteError(f"{file or 'standard input'}: has no texts")
        labelled = label(itertools.chain([first], rows), text, classify, lambda done: progress.advance(bar, done))
        if output is None:
            write_csv(sys.stdout.buffer, labelled, on_terminal=sys.stdout.isatty())
        else:
            files.write(output, lambda handle: WRITERS[output.suffix](handle, labelled))
    if classify.truncated:
        console.log.print(f"{classify.truncated:,} texts were longer than {classify.limit} tokens: their ends were cut")


class Classifier:
    """A checkpoint that labels texts; it counts those that it had to cut."""

    def __init__(self, folder: Path) -> None:
        folder = folder / "checkpoint" if (folder / "checkpoint").is_dir() else folder
        if not (folder / "config.json").is_file():
            raise PyriteError(
                f"{folder}: no checkpoint there; name one such as models/<task>/<classifier>/<mix>/seed-0/checkpoint "
                "(train.checkpoints in params.yaml says which fits keep one)"
            )
        self._model = encoder.pretrained(AutoModelForSequenceClassification, str(folder), None)
        self._model.to(torch.accelerator.current_accelerator() or "cpu")
        self._tokenizer = encoder.pretrained(AutoTokenizer, str(folder), None)
        self._precision = encoder.best_precision()
        self.limit = min(self._tokenizer.model_max_length, encoder.position_limit(str(folder), None))
        self.labels: list[str] = [self._model.config.id2label[i] for i in range(self._model.config.num_labels)]
        self.truncated = 0

    def __call__(self, texts: list[str]) -> np.ndarray:
        """Probabilities, float32 (texts, labels)."""
        tokens = encoder.tokens_of(self._tokenizer, texts, self.limit)
        self.truncated += int(tokens.truncated.sum())
        return encoder.classify(self._model, tokens, self._precision)


def label(rows: Rows, text: str, classify: Classifier, advance: Callable[[int], object]) -> Iterator[Row]:
    """The rows with what the classifier says of each; `advance` is told how many are done.

    Raises:
        PyriteError: a row has no text.
    """
    while chunk := list(itertools.islice(rows, CHUNK)):
        column = []
        for place, row in chunk:
            if not isinstance(row.get(text), str):
                problem = f"'{text}' is no text" if text in row else f"no column '{text}'; there are {', '.join(row)}"
                raise PyriteError(f"{place}: {problem}: name the column with the texts (--text)")
            column.append(texts.normalise(row[text]))
        probabilities = classify(column)
        best = probabilities.argmax(1)
        for (_, row), given, winner in zip(chunk, probabilities.tolist(), best.tolist(), strict=True):
            scores = {f"probability:{name}": round(p, 6) for name, p in zip(classify.labels, given, strict=True)}
            yield row | {"predicted": classify.labels[winner]} | scores
        advance(len(chunk))


def read(file: Path | None, text: str) -> Rows:
    """The rows of a file by its ending; a line of standard input or of any other file is a text.

    Raises:
        PyriteError: the file is missing or broken; the line says where.
    """
    if file is None:
        yield from _lines("standard input", sys.stdin.buffer, text)
        return
    try:
        if file.suffix == ".parquet":
            yield from _parquet_rows(file)
        elif file.suffix in (".csv", ".jsonl"):
            found = readers.csv_rows(file, "utf-8") if file.suffix == ".csv" else readers.json_lines(file, "utf-8")
            yield from ((f"{row.path}: row {row.number}", row.fields) for row in found)
        else:
            with file.open("rb") as handle:
                yield from _lines(str(file), handle, text)
    except OSError as error:
        raise PyriteError(f"{file}: can't be read ({error.strerror or error})") from None


def _lines(place: str, handle: IO[bytes], text: str) -> Rows:
    for number, line in enumerate(handle, start=1):
        try:
            yield f"{place}: line {number}", {text: line.decode("utf-8").rstrip("\r\n")}
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 (byte {error.start + 1} of the line): save it so"
            raise PyriteError(f"{place}: line {number}: {problem}") from None


def _parquet_rows(file: Path) -> Rows:
    try:
        with pq.ParquetFile(file) as table:
            numbers = itertools.count(1)
            for batch in table.iter_batches(CHUNK):
                yield from ((f"{file}: row {next(numbers)}", row) for row in batch.to_pylist())
    except pa.ArrowInvalid as error:
        raise PyriteError(f"{file}: not a readable Parquet file ({str(error).splitlines()[0]})") from None


def count(file: Path) -> int | None:
    """About how many rows a file has: its lines, or what a Parquet file says."""
    try:
        if file.suffix == ".parquet":
            rows: int = pq.read_metadata(file).num_rows
            return rows
        with file.open("rb") as handle:
            return sum(block.count(b"\n") for block in iter(lambda: handle.read(1 << 20), b""))
    except (OSError, pa.ArrowInvalid):
        return None  # `read` says what is wrong


def write_csv(handle: IO[bytes], rows: Iterable[Row], on_terminal: bool = False) -> None:
    """Write rows of which no cell is run as a formula and, on a terminal, none as a command."""

    def inert(value: Any) -> Any:
        if not isinstance(value, str) or _is_number(value):
            return value
        return files.cell(console.printable(value) if on_terminal else value)

    writer = csv.writer(_Text(handle), lineterminator="\n")
    header: list[str] = []
    for row in rows:
        if not header:
            header = list(row)
            writer.writerow(map(inert, header))
        if list(row) != header:
            raise PyriteError(f"not all rows have the columns {', '.join(header)}: write them as .jsonl")
        writer.writerow(map(inert, row.values()))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_json_lines(handle: IO[bytes], rows: Iterable[Row]) -> None:
    for row in rows:
        handle.write((json.dumps(row, ensure_ascii=False, default=str) + "\n").encode("utf-8", errors="replace"))


def write_parquet(handle: IO[bytes], rows: Iterable[Row]) -> None:
    rows = iter(rows)
    writer = None
    while chunk := list(itertools.islice(rows, CHUNK)):
        try:
            table = pa.Table.from_pylist(chunk, schema=writer.schema if writer else None)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            problem = str(error).splitlines()[0]
            raise PyriteError(f"a column has values of several types ({problem}): write the rows as .jsonl") from None
        writer = writer or pq.ParquetWriter(handle, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


class _Text:
    """What the csv module writes to: text into a file of bytes, which stays its owner's to close."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle = handle

    def write(self, text: str) -> None:
        self._handle.write(text.encode("utf-8", errors="replace"))


WRITERS: dict[str, Callable[[IO[bytes], Iterable[Row]], None]] = {
    ".csv": write_csv,
    ".jsonl": write_json_lines,
    ".parquet": write_parquet,
}
