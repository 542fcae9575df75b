"""Predict: label texts with a trained checkpoint, however many there are, in a fixed amount of memory.

Reads every format that `new` reads, and plain text with one text a line; writes the rows again with the columns
`predicted` and `probability:<label>`, in any format that is written (`formats.WRITERS`). A row without a text has no
prediction. In CSV a cell that a spreadsheet would run as a formula has `'` before it.
"""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pyrite.base import console, files
from pyrite.base.errors import PyriteError
from pyrite.data import fields, formats, texts
from pyrite.data.formats import csv_files, streams
from pyrite.data.formats.rows import Fields, Layout, Row
from pyrite.training import encoder

# Texts that are read, labelled and written at a time: enough to find many of similar length.
CHUNK = 4096

PREDICTED = "predicted"


def run(model: Path, file: Path | None, text: str, output: Path | None) -> None:
    """Label the texts of `file` (standard input: one text a line) into `output` (standard output: CSV).

    Args:
        model: a checkpoint's folder, or that of the fit it belongs to.
        text: the column with the texts; plain text has none.

    Raises:
        PyriteError: the model, the file or a row of it is no good; a file is then not written at all.
    """
    classify = Classifier(model)
    if output is not None and output.suffix.lower() not in formats.WRITERS:
        raise PyriteError(f"{output}: unknown kind of file; name one that ends in {', '.join(formats.WRITERS)}")
    if output is not None and file is not None and output.resolve() == file.resolve():
        raise PyriteError(f"{output}: is the file that is read: write to another one")
    rows = read(file, text)
    with console.progress() as progress:
        bar = progress.add_task("labelling texts", total=None if file is None else formats.count(file))
        labelled = label(rows, text, classify, lambda done: progress.advance(bar, done))
        first = next(labelled, None)
        if first is None:
            raise PyriteError(f"{file or 'standard input'}: has no texts")
        labelled = itertools.chain([first], labelled)
        if output is None:
            csv_files.write(sys.stdout.buffer, labelled, on_terminal=sys.stdout.isatty())
        else:
            files.write(output, lambda handle: formats.WRITERS[output.suffix.lower()](handle, labelled))
    if classify.empty:
        console.log.print(f"{classify.empty:,} rows have no text and get no label")
    if classify.mended:
        console.log.print(f"{classify.mended:,} texts have signs that can't be read, such as half an emoji")
    if classify.truncated:
        console.log.print(f"{classify.truncated:,} texts were longer than {classify.limit} tokens: their ends were cut")


class Classifier:
    """A checkpoint that labels texts; it counts those that it had to cut, and rows without one."""

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
        self.truncated = self.empty = self.mended = 0

    def __call__(self, texts: list[str]) -> np.ndarray:
        """Probabilities, float32 (texts, labels)."""
        tokens = encoder.tokens_of(self._tokenizer, texts, self.limit)
        self.truncated += int(tokens.truncated.sum())
        return encoder.classify(self._model, tokens, self._precision)


def label(rows: Iterator[Row], text: str, classify: Classifier, advance: Callable[[int], object]) -> Iterator[Fields]:
    """The rows with what the classifier says of each; `advance` is told how many are done.

    Raises:
        PyriteError: the rows have no such column, or have one already that is to be written.
    """
    columns = [PREDICTED, *(f"probability:{name}" for name in classify.labels)]
    while chunk := list(itertools.islice(rows, CHUNK)):
        for row in chunk:
            if taken := [column for column in columns if column in row.fields]:
                raise row.mistake(f"has a column '{taken[0]}' already, which would be lost: give it another name")
        cleaned = [texts.normalise(fields.string(row, text)) for row in chunk]
        classify.empty += cleaned.count("")
        classify.mended += sum("\ufffd" in words for words in cleaned)
        probabilities = iter(classify([words for words in cleaned if words]).tolist()) if any(cleaned) else iter(())
        for row, words in zip(chunk, cleaned, strict=True):
            scores = next(probabilities) if words else None
            best = classify.labels[int(np.argmax(scores))] if scores else None
            values = [best, *([round(p, 6) for p in scores] if scores else [None] * len(classify.labels))]
            yield row.fields | dict(zip(columns, values, strict=True))
        advance(len(chunk))


def read(file: Path | None, text: str) -> Iterator[Row]:
    """The rows of a file by its ending; a line of standard input or of plain text is a text.

    Raises:
        PyriteError: the file is missing, broken or lacks the column; the line says where.
    """
    if file is None:
        lines = streams.decoded(sys.stdin.buffer, "utf-8", "standard input")
        return (Row(Path("standard input"), n, {text: line.rstrip("\r\n")}) for n, line in enumerate(lines, start=1))
    if not file.is_file():
        raise PyriteError(f"{file}: {'is a folder: name a file in it' if file.is_dir() else 'no such file'}")
    form = formats.of_file(file)
    layout = Layout(format=form, columns=(text,) if formats.FORMATS[form].plain else None)
    return fields.checked(formats.read(file, layout, [text]), [text])
