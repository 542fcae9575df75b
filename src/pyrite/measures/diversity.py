"""The measures of generated sets: one entry of `MEASURES` each, with what the report says of it.

To add a measure, add its entry: the stage takes it, `metrics/diversity/` holds it under its key, and the page's table
has a row for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pyrite.measures import embedding_diversity, intervals, lexical_diversity, probes
from pyrite.measures.intervals import Estimate, Floats
from pyrite.measures.neighbours import Vectors, largest_cosines

# The cosine from which on a text is a near copy of another.
COPY = 0.95


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts (columns id, text, label, of generated ones also conversation and turn) and their embeddings."""

    frame: pd.DataFrame
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: NDArray[Any]) -> Texts:
        """Some rows: their positions, or a mask."""
        return Texts(self.frame.iloc[rows], self.vectors[rows])

    def of_split(self, split: str) -> Texts:
        """Of real texts, those of a split."""
        return self.take((self.frame["split"] == split).to_numpy())

    @property
    def labels(self) -> dict[str, str]:
        """By id."""
        return dict(zip(self.frame["id"], self.frame["label"], strict=True))

    @property
    def words(self) -> list[str]:
        return self.frame["text"].tolist()

    @property
    def answers(self) -> list[str]:
        """The LLM answer that each text is from; a real text is one of its own."""
        if "turn" not in self.frame:
            return self.frame["id"].tolist()
        return [f"{row.label} {row.conversation} {row.turn}" for row in self.frame.itertuples()]


# (a set, real texts, resamples, random numbers) -> the measure of the set.
Estimator = Callable[[Texts, Texts, int, np.random.Generator], Estimate]


@dataclass(frozen=True)
class Measure:
    """A measure of a set of texts.

    `on` says which texts it gets. *equal*: as many of each set as of the real ones. *matched*: the same lengths and
    labels in each set, for what these would decide. *labelled*: equal, with all real training texts beside them, and
    real test texts as the set `real`. `alone`: it needs no real texts. `embedded`: it rests on embeddings. `form` is
    how its values are written; `question` and `axis` are the title of its figure over the tasks, where it has one.
    """

    key: str
    title: str
    form: str
    meaning: str
    estimate: Estimator
    on: Literal["equal", "matched", "labelled"] = "equal"
    alone: bool = False
    embedded: bool = True
    question: str = ""
    axis: str = ""

    def show(self, value: float) -> str:
        """A value as people read it."""
        return f"{value:{self.form}}".replace("%", "\u00a0%")


def _mean(values: Callable[[Texts, Texts], NDArray[Any]]) -> Estimator:
    """The mean of a value of each text, with a bootstrap over these texts, the others fixed."""
    return lambda corpus, real, resamples, rng: intervals.of_mean(values(corpus, real), resamples, rng)


def _left_out(statistic: Callable[[Texts], float]) -> Estimator:
    """A value of the whole set, with a jackknife that leaves out a twentieth of it."""
    return lambda corpus, real, resamples, rng: intervals.jackknife(
        lambda rows: statistic(corpus.take(rows)), len(corpus), rng
    )


def _remote_clique(corpus: Texts, real: Texts, resamples: int, rng: np.random.Generator) -> Estimate:
    return intervals.bootstrap(
        lambda times: embedding_diversity.remote_clique(corpus.vectors, times), len(corpus), resamples, rng
    )


@lru_cache(maxsize=1)
def label_classifier(real: Texts) -> Any:
    """What a text's label is, learnt from real training texts."""
    return probes.fit(real.vectors, real.frame["label"].tolist())


def _faithfulness(corpus: Texts, real: Texts, resamples: int, rng: np.random.Generator) -> Estimate:
    """The share of texts to which a classifier trained on real training texts gives their own label.

    The mean over labels, so that a set's label shares don't matter. On real test texts it is the classifier's own
    accuracy: what a set of real texts would get.
    """
    classifier, own = label_classifier(real), corpus.frame["label"]
    of_label = pd.get_dummies(own).to_numpy(float)
    hits = of_label * (own.to_numpy() == classifier.predict(corpus.vectors))[:, None]

    def mean_over_labels(times: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            mean: Floats = ((times @ hits) / (times @ of_label)).mean(-1)
        return mean

    share = intervals.bootstrap(mean_over_labels, len(own), resamples, rng)
    lacking = sorted(set(classifier.classes_) - set(own))
    return share.model_copy(update={"note": f"no texts of {', '.join(lacking)}"}) if lacking else share


# What rests on the words of a set alone.
of_words = partial(Measure, on="matched", alone=True, embedded=False)

MEASURES = (
    Measure(
        key="remote_clique",
        title="Spread",
        form=".3f",
        meaning="Mean distance (1 − cosine) between two texts of the set. Higher is wider.",
        estimate=_remote_clique,
        alone=True,
        question="How far apart are the texts of a set?",
        axis="Mean distance to the other texts (remote clique)",
    ),
    Measure(
        key="chamfer",
        title="Nearest other text",
        form=".3f",
        meaning="Mean distance to the most similar text of the set; 0 is a copy.",
        estimate=_mean(lambda corpus, _: embedding_diversity.nearest_distances(corpus.vectors)),
        alone=True,
        question="How far is a text from the one most like it?",
        axis="Mean distance to the nearest other (Chamfer)",
    ),
    Measure(
        key="vendi",
        title="Effective number of texts",
        form=".0f",
        meaning="Vendi score: how many wholly different texts say as much.",
        estimate=_left_out(lambda corpus: embedding_diversity.vendi(corpus.vectors)),
        alone=True,
    ),
    Measure(
        key="similarity",
        title="Similarity, from real",
        form=".3f",
        meaning="Mean cosine of a real text and the five most like it in the set.",
        estimate=_mean(lambda corpus, real: embedding_diversity.closeness(real.vectors, corpus.vectors)),
        question="How near do the sets come to real texts?",
        axis="Mean cosine of a real text and the nearest five",
    ),
    Measure(
        key="similarity_reverse",
        title="Similarity, to real",
        form=".3f",
        meaning="The same, from each text of the set to real texts.",
        estimate=_mean(lambda corpus, real: embedding_diversity.closeness(corpus.vectors, real.vectors)),
    ),
    Measure(
        key="coverage",
        title="Real texts covered",
        form=".1%",
        meaning="Real texts with a text of the set in their neighbourhood.",
        estimate=_mean(lambda corpus, real: embedding_diversity.covered(real.vectors, corpus.vectors)),
    ),
    of_words(
        key="distinct_1",
        title="Different words",
        form=".1%",
        meaning="Words that are not repeats (distinct-1).",
        estimate=_left_out(lambda corpus: lexical_diversity.distinct(corpus.words, 1)),
    ),
    of_words(
        key="distinct_2",
        title="Different word pairs",
        form=".1%",
        meaning="Word pairs that are not repeats (distinct-2).",
        estimate=_left_out(lambda corpus: lexical_diversity.distinct(corpus.words, 2)),
    ),
    of_words(
        key="compression_ratio",
        title="Compression ratio",
        form=".2f",
        meaning="Bytes over compressed bytes. Higher is more repetitive.",
        estimate=_left_out(lambda corpus: lexical_diversity.compression_ratio(corpus.words)),
    ),
    of_words(
        key="self_bleu",
        title="Self-BLEU",
        form=".3f",
        meaning="How much a text repeats the phrases of the others. Higher is less varied.",
        estimate=_mean(lambda corpus, _: lexical_diversity.self_bleu(corpus.words)),
    ),
    Measure(
        key="c2st",
        title="Told apart from real",
        form=".1%",
        meaning="How often a classifier tells the set from real texts; 50\u00a0% is chance.",
        estimate=_mean(
            lambda corpus, real: probes.told_apart(real.vectors, corpus.vectors, [*real.answers, *corpus.answers])
        ),
        on="matched",
    ),
    Measure(
        key="faithfulness",
        title="True to the label",
        form=".1%",
        meaning="Texts given their own label by a classifier trained on real ones.",
        estimate=_faithfulness,
        on="labelled",
    ),
    Measure(
        key="original",
        title="Not copied from real texts",
        form=".1%",
        meaning="Texts without a near copy (cosine of 0.95 or more) among the real training texts.",
        estimate=_mean(lambda corpus, real: largest_cosines(corpus.vectors, real.vectors, 1)[:, 0] < COPY),
        on="labelled",
    ),
)
