"""Labelling: the labels that an LLM gives texts: those of sources of the kind `labelled`, and the `check` of others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pyrite import params
from pyrite.base import paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, sheets, texts, user_files
from pyrite.data.cards import Card
from pyrite.llm import annotators, surveys
from pyrite.llm.annotators import Survey
from pyrite.llm.cache import Tokens, tokens_of, tokens_sent
from pyrite.params import Asking, Labelled, Params

# The store's name for the answers: one for all labelled sources, for what is asked holds the LLM.
ANSWERS = "labelled"
# And for those to checks.
CHECKS = "checked"


@dataclass(frozen=True)
class Labelling:
    """What an LLM has said of the first training texts, and what it is still to be asked.

    Attributes:
        items: the rows that shall have a label, by id; of a check with the set that each is of as `source`.
        reckoned_tokens: what asking for all of them takes, by sizes.
        recorded: the labels of the recording, by id; empty where the LLM gave none that can be read.
        survey: every question that the recording leaves, answered in the store or not.
    """

    items: pd.DataFrame
    recorded: Mapping[str, str]
    survey: Survey
    card: Card
    reckoned_tokens: Tokens

    def labels(self, results: Iterable[surveys.Result]) -> dict[str, str | None]:
        """The label of every item that has been asked for; None where no answer could be read."""
        answered = {item: label for item, _, label in surveys.labels(self.survey, results)}
        return answered | {item: label or None for item, label in self.recorded.items()}


def load(task: str, source: str) -> Labelling:
    """What a labelled source of this study asks.

    Raises:
        PyriteError: params, the card, the roles, the recording or the prepared rows are missing or not valid.
    """
    return plan(params.load(), cards.load(task), source, texts.read(paths.prepared(task)))


def plan(study: Params, card: Card, source: str, prepared: pd.DataFrame) -> Labelling:
    """The same, with these real rows.

    Labelled are the first rows by id, so that more of them ask nothing anew: of the card's texts without labels that
    are no prepared rows, or where it has none, of the training rows.
    """
    spec = study.sources[source]
    assert isinstance(spec, Labelled)
    waiting = _unlabelled(card, prepared) if card.source.unlabelled else prepared[prepared["split"] == "train"]
    path = paths.recorded_labels(card.id)
    recorded = _recorded(path, study.llms[spec.llm].model)
    if unknown := sorted({label for label in recorded.values() if label and label not in card.labels}):
        known = ", ".join(card.labels)
        raise PyriteError(f"{path}: label '{unknown[0]}' is not in the card, which has {known}")
    items = waiting.sort_values("id").head(spec.texts)
    return _of(study.asking(spec.llm), card, source, items, recorded, ANSWERS)


def load_check(task: str, source: str) -> Labelling | None:
    """What the `check` of a source of this study asks; None without one, or before it has texts.

    Raises:
        PyriteError: params, the card, the roles, the recordings, or the rows of the task or the source are missing or
            not valid.
    """
    study, path = params.load(), paths.source(task, source)
    spec = study.sources[source]
    if isinstance(spec, Labelled) or not spec.check or not path.exists() or (own := texts.read(path)).empty:
        return None
    return plan_check(study, cards.load(task), source, own, texts.read(paths.prepared(task)))


def plan_check(study: Params, card: Card, source: str, own: pd.DataFrame, prepared: pd.DataFrame) -> Labelling:
    """The same, with these rows of the source and these real ones.

    Asked are the labels of its first texts by id and of as many training rows, one among the other: nothing tells the
    LLM which are generated.
    """
    spec = study.sources[source]
    assert not isinstance(spec, Labelled) and spec.check_llm
    asking = study.asking(spec.check_llm)
    sides = {source: own, "real": prepared[prepared["split"] == "train"]}
    first = [rows.sort_values("id").head(spec.check).assign(source=name) for name, rows in sides.items()]
    items = pd.concat(first).drop_duplicates("id").sort_values("id")
    files = paths.recorded_labels(card.id), paths.checked(card.id, source)
    recorded = {item: label for path in files for item, label in _recorded(path, asking.llm.model).items()}
    return _of(asking, card, source, items, recorded, CHECKS)


def _recorded(path: Path, model: str) -> dict[str, str]:
    return {item: label for _, (item, label) in sheets.recorded(path, sheets.LABELS, model)}


def _of(
    asking: Asking, card: Card, source: str, items: pd.DataFrame, recorded: Mapping[str, str], answers: str
) -> Labelling:
    roles = annotators.load()
    shown = dict(zip(items["id"], items["text"], strict=True))
    survey = annotators.labels(card, shown, asking, roles, {"labeller": roles.labeller}, source, answers)
    sent = sum(tokens_sent(survey.request(question).messages) for question in survey.questions)
    # An answer names each text by its number, and gives its label.
    answered = sum(tokens_of(f'"100": "{label}", ') for label in card.labels) / len(card.labels) * len(shown)
    survey.questions = [question for question in survey.questions if not recorded.keys() >= set(question.about)]
    ours = {item: label for item, label in recorded.items() if item in shown}
    return Labelling(items, ours, survey, card, reckoned_tokens=(sent, round(answered)))


def _unlabelled(card: Card, prepared: pd.DataFrame) -> pd.DataFrame:
    assert card.source.unlabelled is not None
    by_id = {texts.digest(text)[:16]: text for text in user_files.read_texts(card.source.unlabelled)}
    rows = [(item, text, "", "train") for item, text in by_id.items() if item not in set(prepared["id"])]
    return pd.DataFrame(rows, columns=texts.COLUMNS, dtype=str)


def record(labelling: Labelling, path: Path) -> int:
    """Add the labels that the store has to a recording, for git to share; how many there are new ones.

    A label that can't be read is a row without one: it was asked for, and is not asked for again.
    """
    results = [result for result in surveys.look(labelling.survey) if not result.waits]
    new = {item: label for item, label in labelling.labels(results).items() if item not in labelling.recorded}
    if new:
        rows = [(item, label or "", labelling.survey.p.llm.model) for item, label in sorted(new.items())]
        sheets.add(path, (*sheets.LABELS, sheets.MODEL), rows)
    return len(new)
