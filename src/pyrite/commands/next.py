"""Next: which real texts to label next, as a sheet that `new --refresh` takes back.

The study's classifier learns from all the labels and the generated texts that there are, and reads the texts without
labels: those of which it is least sure are chosen, about as many of each label that it predicts. They are no fair
sample of all texts, so they will be trained on only. A task without real labels gets texts drawn at random: its first
labels must test, too.
"""

import hashlib
import itertools
import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pyrite import params
from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, fields, folds, mixes, shards, sheets, texts, user_files
from pyrite.measures import selection
from pyrite.params import Params
from pyrite.training import encoder
from pyrite.training.classifier import Classifier, Job

# Of more texts, a sample at random is read: so many take minutes on two cores.
MOST = 20_000


def run(task: str, file: Path | None, text: str | None, n: int) -> None:
    """Write a sheet with the n texts to label next.

    Args:
        file: the texts, with their column `text`; None: those that the card names.

    Raises:
        PyriteError: there are no texts without labels, or nothing to learn from.
    """
    card, study = cards.load(task), params.load()
    labelled = known(card, study)
    waiting = candidates(card, file, text, set(labelled["id"]))
    drawn = dict(sorted(waiting.items(), key=lambda entry: hashlib.sha256(entry[0].encode()).digest())[:MOST])
    real = labelled[labelled["real"]]
    if real.empty:
        chosen = pd.DataFrame({"item": list(drawn), "text": list(drawn.values())})[:n].assign(predicted="")
        why = "drawn at random: the first labels have to test, too"
    else:
        name, classifier = quick(study)
        chosen = least_sure(drawn, labelled, classifier, study, n)
        shares = ", ".join(f"{count} {label}" for label, count in Counter(chosen["predicted"]).most_common())
        why = f"those of which {name} is least sure (it says {shares})"
    # An earlier sheet may hold somebody's work.
    sheets_of_task = (paths.sheet(f"{task}.next-{number}") for number in itertools.count(1))
    sheet = next(path for path in sheets_of_task if not path.exists())
    columns = chosen.assign(label="")[list(sheets.CHOSEN)]
    sheets.write(sheet, sheets.CHOSEN, columns.itertuples(index=False, name=None))
    out = console.screen()
    sampled = f" (of {len(waiting):,} a sample was read)" if len(waiting) > MOST else ""
    out.print(f"Written: {sheet}, with {len(chosen):,} of {len(drawn):,} texts without labels{sampled}, {why}.")
    out.print(f"Fill in its column label: {', '.join(card.labels)}. Don't put it into git: it holds your texts.")
    out.print("Next:")
    out.command(f"pyrite new {task} --refresh --from {shlex.quote(str(sheet))}")
    out.command("dvc repro")
    if not real.empty:
        out.command("dvc metrics diff      # what they gained: no test row is new")


def known(card: cards.Card, study: Params) -> pd.DataFrame:
    """What the classifier may learn from: columns id, text, label, and whether the text is real.

    Raises:
        PyriteError: the task is not prepared.
    """
    real = texts.read(paths.prepared(card.id))
    if not folds.count(real, study.train.folds):
        real = real[real["split"].isin(texts.TRAINING)]
    tables = [real.assign(real=True)]
    for source in mixes.parse(study.compare.candidate).sources:
        if (path := paths.source(card.id, source)).exists():
            tables.append(texts.read(path).assign(real=False))
    return pd.concat(tables)[["id", "text", "label", "real"]].drop_duplicates("id", ignore_index=True)


def candidates(card: cards.Card, file: Path | None, text: str | None, taken: set[str]) -> dict[str, str]:
    """The texts without labels by id: of the file, or of the one that the card names, or the card's rows without label.

    Raises:
        PyriteError: there are none.
    """
    source, named = card.source, card.source.unlabelled
    if file is not None:
        named = user_files.look_at_texts(file, text, getattr(source, "text", "text"))
    unlabelled: Iterable[str] = ()
    if named is not None:
        unlabelled = user_files.read_texts(named)
    elif isinstance(source, cards.LocalFile):
        unlabelled = without_label(source)
    by_id = {texts.digest(words)[:16]: words for words in unlabelled}
    if by_id and not by_id.keys() - taken:
        raise PyriteError(f"next {card.id}: all {len(by_id):,} texts have labels already")
    if not by_id:
        raise PyriteError(
            f"next {card.id}: no texts without labels: name a file of them with --texts, or put it into the card with "
            f"`pyrite new {card.id} --refresh --unlabelled FILE`"
        )
    return {i: words for i, words in by_id.items() if i not in taken}


def without_label(source: cards.LocalFile) -> Iterable[str]:
    """The texts of the card's own file that have no label."""
    files = shards.of_task(Path(source.path), source.format)
    for table in shards.tables(source, list(files)):
        for row in fields.read(files[table.file], table):
            text = texts.normalise(fields.text(row, table))
            if text and not fields.written_label(row, source.label).strip():
                yield text


def quick(study: Params) -> tuple[str, Classifier]:
    """The study's classifier, or the first of the others that is trained in seconds."""
    named = {study.compare.classifier: study.train.classifiers[study.compare.classifier], **study.train.classifiers}
    return next(((name, spec) for name, spec in named.items() if not spec.long), next(iter(named.items())))


def least_sure(
    drawn: dict[str, str], labelled: pd.DataFrame, classifier: Classifier, study: Params, n: int
) -> pd.DataFrame:
    """The n texts of which the classifier is least sure: columns item, text, predicted.

    Raises:
        PyriteError: all labels are the same one.
    """
    labels = sorted(labelled["label"].unique())
    if len(labels) < 2:
        raise PyriteError(f"next: all labels are '{labels[0]}': label a few texts of the others first")
    precision = encoder.best_precision() if study.train.precision == "auto" else study.train.precision
    with console.progress() as progress:
        progress.add_task(f"reading {len(drawn):,} texts without labels", total=None)
        features = classifier.features([*labelled["text"], *drawn.values()])
        rows, test = range(len(labelled)), range(len(labelled), len(labelled) + len(drawn))
        targets = [labels.index(label) for label in labelled["label"]]
        seed = study.train.seeds_of(study.compare.classifier)[0]
        fitted = classifier.fit(Job(features[[*rows]], targets, features[[*test]], labels, seed, precision))
    chosen = selection.least_sure(fitted.probabilities, n)
    items, whole = list(drawn), list(drawn.values())
    best = fitted.probabilities.argmax(1)
    return pd.DataFrame([(items[i], whole[i], labels[best[i]]) for i in chosen], columns=["item", "text", "predicted"])
