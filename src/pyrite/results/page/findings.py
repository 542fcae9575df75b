"""Findings: what the metrics say of a task, in the words of the report.

Every number comes from `metrics/`; here they are only rounded, ordered and put into words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from pyrite.base import files, paths
from pyrite.data.cards import Card
from pyrite.measures.clear_cut import ClearCut
from pyrite.measures.coverage_gaps import LeftOut
from pyrite.measures.prediction_flips import Flip
from pyrite.params import Params
from pyrite.results import statements, verdict
from pyrite.results.diversity import Diversity
from pyrite.results.page import advice
from pyrite.results.study import TaskMetrics, metrics_of
from pyrite.results.subjectivity import WHO, Annotated, Subjectivity, TaskSubjectivity, Who
from pyrite.results.verdict import Case
from pyrite.results.words import capital, name, whole

# A verdict has the colour and shape of the rows that it says to train on.
FAMILIES = {verdict.REPLACE: "generated", verdict.AUGMENT: "both", verdict.DONT: "real", verdict.CANT_TELL: "muted"}

# Mistakes that the report lists, and texts of each kind of flip.
CONFUSIONS, FLIPS = 8, 3

# What fits noted of their training, by classifier and mix.
Histories = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True)
class Verdict:
    """A verdict as colour and words: what to do in a word and in a sentence, why, and the sentence with its numbers."""

    family: str
    word: str
    advice: str
    headline: str
    sure: str
    sentence: str

    @classmethod
    def of(cls, case: Case, kind: str) -> Self:
        """The verdict on a case; `kind` is that of the candidate's sources."""
        advised = [say(case, kind, name) for say in (advice.word, advice.short, advice.headline)]
        words = (*advised, advice.how_sure(case), capital(statements.reason(case, name)))
        return cls(FAMILIES[verdict.decide(case)], *map(typographic, words))


@dataclass(frozen=True)
class FlipList:
    """Test texts on which most seeds of candidate and baseline differ: how many, and the clearest of them by id."""

    title: str
    texts: int
    clearest: Sequence[Flip]


@dataclass(frozen=True)
class Confusion:
    """A label that is taken for another: how often with candidate and baseline, of so many test texts."""

    label: str
    predicted: str
    candidate: float
    baseline: float
    texts: int


@dataclass(frozen=True)
class Findings(TaskMetrics):
    """All that is known of one task: beside its scores the card, the texts, the annotators and the training."""

    card: Card
    diversity: Diversity | None
    subjectivity: TaskSubjectivity
    histories: Histories

    @property
    def names(self) -> tuple[str, str]:
        """Candidate and baseline as people say them."""
        return name(self.comparison.candidate), name(self.comparison.baseline)

    @property
    def kind(self) -> str:
        """The kind of the candidate's sources."""
        return advice.kind(self.study, self.comparison.candidate)

    @cached_property
    def verdict(self) -> Verdict:
        return Verdict.of(self.case(), self.kind)

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict that each classifier would give by itself, of those that were trained on both mixes."""
        return {by: Verdict.of(self.case(by), self.kind) for by in self.evaluated.classifiers if self.gap(by)}

    @property
    def title(self) -> str:
        """The task's title beside others: in one line, as Vega takes no other line separators, and without remarks."""
        return re.split(r" \(|, ", " ".join(self.card.title.split()))[0]

    def tested(self, classifier: str) -> str:
        """What a figure is of: the task, the classifier, and the texts that it is tested on."""
        return f"{self.card.title}. Scores of {classifier} on {self.evaluated.test_rows:,} real test texts."

    def sized(self, classifier: str, mix: str) -> str:
        """A mix as people say it, with its number of texts: few-shot (700)."""
        return f"{name(mix)} ({self.evaluated.classifiers[classifier].mixes[mix].rows:,})"

    @property
    def clear_cut(self) -> dict[str, ClearCut]:
        """How often an LLM that saw a text alone gave it its own label, of real texts and by source: what a recording
        says, and what `check` of a source asked."""
        recorded = self.diversity.clear_cut if self.diversity else {}
        return recorded | dict(item for made in self.generated.values() for item in made.clear_cut.items())

    @property
    def annotated(self) -> dict[Who, Annotated]:
        annotated = self.subjectivity.annotated
        return {who: annotated[who] for who in WHO if who in annotated}

    @property
    def left_out(self) -> dict[str, LeftOut]:
        """The real training texts that the candidate's generated sets leave out, by source."""
        measured = self.diversity.left_out if self.diversity else {}
        return {source: measured[source] for source in self.sources if source in measured}

    def flips(self, classifier: str) -> list[FlipList]:
        """What the candidate loses and what it wins; nothing where one of the two is no main mix of its kind."""
        by_baseline = self.evaluated.classifiers[classifier].flips.get(self.comparison.candidate, {})
        if not (flips := by_baseline.get(self.comparison.baseline)):
            return []
        candidate, baseline = self.names
        return [
            FlipList(f"Right with {better}, wrong with {worse}", side.items, side.clearest[:FLIPS])
            for side, better, worse in ((flips.lost, baseline, candidate), (flips.won, candidate, baseline))
        ]

    def confusions(self, classifier: str) -> list[Confusion]:
        """The mistakes that the candidate makes more often than the baseline, the largest difference first."""
        matrices = self.evaluated.classifiers[classifier].confusion
        candidate, baseline = map(matrices.get, (self.comparison.candidate, self.comparison.baseline))
        if candidate is None or baseline is None:
            return []
        labels = self.evaluated.labels
        mistakes = [
            Confusion(label, answer, candidate[i][j], baseline[i][j], round(sum(baseline[i])))
            for i, label in enumerate(labels)
            for j, answer in enumerate(labels)
            if i != j and candidate[i][j] > baseline[i][j]
        ]
        return sorted(mistakes, key=lambda mistake: mistake.baseline - mistake.candidate)[:CONFUSIONS]


def read(card: Card, study: Params, subjectivity: Subjectivity | None) -> Findings:
    """What the metrics say of a task.

    Raises:
        PyriteError: those of prepare, generate or evaluate are missing.
    """
    task, nothing = card.id, TaskSubjectivity(annotated={})
    return Findings(
        study,
        *metrics_of(task, study),
        card=card,
        diversity=Diversity.find(task),
        subjectivity=subjectivity.tasks.get(task, nothing) if subjectivity else nothing,
        histories={by: histories(task, by, study) for by in study.train.classifiers},
    )


def histories(task: str, classifier: str, study: Params) -> dict[str, list[dict[str, Any]]]:
    """What the fits on real rows and on each source's noted while they were trained; none where they are not kept."""
    drawn = [mix for mix in study.train.classifiers[classifier].mixes if mix in ("real", *study.sources)]
    seeds = study.train.seeds_of(classifier)
    files_of = {mix: [paths.fit(task, classifier, mix, seed) / "history.json" for seed in seeds] for mix in drawn}
    return {
        mix: [files.read_json(path) for path in fits]
        for mix, fits in files_of.items()
        if all(path.exists() for path in fits)
    }


def typographic(words: str) -> str:
    """Words with true signs, and no line break within 95 %."""
    signs = re.sub(r"(?<=\d)%", " %", re.sub(r"(?<!\w)-(?=\d)", "−", words))
    return whole(re.sub(r"\b([Cc]an|[Dd]on)'t\b", r"\1’t", signs))
