"""Does the rule give the right word? Users with few labels of real tasks, and candidates whose true gap is known.

    python benchmarks/rule.py TASK ...     runs these of the five tasks (five to ten minutes each on one idle core)
    python benchmarks/rule.py              collects what ran: table and figure

A task's rows are parted: a quarter may go into candidates, users draw their n labels from the others. `real` and
`real+candidate` are fitted in three repeats of four folds, as `pyrite train` does it, by logistic regression on 32
principal components of the features of `probe` or `tfidf`; then `evaluate` and `verdict` say what they say.

A candidate is the task's recorded few-shot set, made worse by giving some rows another label, or better by adding real
rows, until its true gap is 0, -2, -5 or -10: its score on all of the users' rows less the mean of what n real rows give
there. What it truly gains when it is added to n real rows is measured alike. The rows are finite, so that users differ
less than they would: a user's deviation from the mean over users is divided by sqrt(1 - n / rows), as that of a sample
without replacement is too small by it (Cochran 1977); the mean's own deviation from the truth, the bias, is not. A task
takes part up to a third of its rows.

Counted is how often the 90 % interval holds the true gap, and how often each word is said. A fit of the folds trains on
about 78 of 100 rows: *covered as trained* and *bias* tell what that does, for there the truth is the score that so many
real rows give. Right is *replace* where the
true gap is above -margin, and below it *don't*, or *augment* where the candidate truly gains.

Needs the tasks' real texts, from the network or PYRITE_DATA_MIRROR. Writes benchmarks/results/rule.json, rule.md and
rule.svg.
"""

from __future__ import annotations

import os

# Fits are tiny: threads would only wait for each other. Read on import.
os.environ["OMP_NUM_THREADS"] = "1"

import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from pyrite.base import console, files, paths
from pyrite.data import cards, splits, texts, transcripts
from pyrite.llm import parsing
from pyrite.measures.scores import count
from pyrite.results import verdict
from pyrite.results.evaluation import TaskResult
from pyrite.results.table import Column, Table
from pyrite.stages import evaluate, fetch, prepare
from pyrite.training import encoder
from pyrite.training.fits import Data
from pyrite.training.predictions import Predictions

# Each by one of the two cheap classifiers' features.
TASKS = {
    "tweet_emotion": "probe",
    "financial_phrasebank": "probe",
    "ag_news": "tfidf",
    "sarcasm_news": "tfidf",
    "humor_speech": "tfidf",
}
# Whose few-shot texts the candidates are made of.
MODEL = "anthropic/claude"
GAPS = (0.0, -2.0, -5.0, -10.0)
# Users of each size and task: 500 over the tasks that take part, three of which are large.
USERS = dict.fromkeys((100, 200, 300, 500, 1000), 100) | {2000: 167}
ROWS, TOKENS, DIMENSIONS, C = 8_000, 64, 32, 1.0
REPEATS, MARGIN, RESAMPLES = 3, 3.0, 400
# Users whose fits tell the truth of a size.
TRUTH = 64
RESULTS = Path(__file__).parent / "results"


def embedded(words: list[str]) -> np.ndarray:
    """The first principal components of MiniLM's embeddings: fits on all would take ten times as long."""
    vectors = encoder.embed(words, max_tokens=TOKENS)
    centred = vectors - vectors.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return (centred @ axes[:, : -DIMENSIONS - 1 : -1]).astype(np.float64)


def counted(words: list[str]) -> np.ndarray:
    """The same of TF-IDF."""
    features = TfidfVectorizer(sublinear_tf=True, min_df=3).fit_transform(words)
    vectors: np.ndarray = TruncatedSVD(DIMENSIONS, random_state=0).fit_transform(features)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


FEATURES = {"probe": embedded, "tfidf": counted}


def recorded(task: str) -> pd.DataFrame:
    """The few-shot texts of a task's recording, at most a hundred of each label, turn by turn."""
    held = transcripts.read(paths.recording(task, "few_shot"), cards.load(task), "few_shot")
    rows = [
        (number, texts.normalise(text), conversation.label)
        for conversation in held
        if conversation.model == MODEL
        for number, turn in enumerate(conversation.turns)
        for text in parsing.texts(turn.answer)
    ]
    made = pd.DataFrame(rows, columns=["turn", "text", "label"]).drop_duplicates("text")
    return made.sort_values("turn", kind="stable").groupby("label").head(100).reset_index(drop=True)


@dataclass(frozen=True)
class Rows:
    """Texts as vectors (n, dimensions), their labels as codes (n,)."""

    vectors: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: np.ndarray | slice) -> Rows:
        return Rows(self.vectors[rows], self.labels[rows])

    def __add__(self, other: Rows) -> Rows:
        return Rows(np.concatenate([self.vectors, other.vectors]), np.concatenate([self.labels, other.labels]))


@dataclass(frozen=True)
class Task:
    """A task: `table` has the users' rows in the order of `users`; candidates are made of the others."""

    name: str
    names: list[str]
    table: pd.DataFrame
    users: Rows
    others: Rows
    generated: Rows

    @classmethod
    def load(cls, name: str) -> Task:
        if not paths.prepared(name).exists():
            fetch.run(name)
            prepare.run(name)
        # An id is a digest: the lowest ones are a sample at random.
        real = texts.read(paths.prepared(name)).sort_values("id", ignore_index=True).iloc[:ROWS]
        made = recorded(name)
        vectors = FEATURES[TASKS[name]]([*real["text"], *made["text"]])
        names = sorted(real["label"].unique())
        every = Rows(vectors, pd.Index(names).get_indexer([*real["label"], *made["label"]]))
        cut = 3 * len(real) // 4
        table = real.iloc[:cut].assign(split=splits.split(real.iloc[:cut].assign(side=None)))
        return cls(name, names, table, every[:cut], every[cut : len(real)], every[len(real) :])

    @cached_property
    def sizes(self) -> list[int]:
        return [n for n in USERS if 3 * n <= len(self.users)]

    def predict(self, train: Rows, test: Rows) -> np.ndarray:
        # The loss of `probe`; this solver reaches its least value in half the time where there are few dimensions.
        model = LogisticRegression(C=C, class_weight="balanced", solver="newton-cholesky", max_iter=200)
        predicted: np.ndarray = model.fit(train.vectors, train.labels).predict(test.vectors)
        return predicted

    def score(self, train: Rows, test: Rows) -> float:
        return float(count(test.labels, self.predict(train, test), len(self.names)).macro_f1())

    def draw(self, n: int, seed: int) -> np.ndarray:
        """A user's rows."""
        return np.sort(np.random.default_rng([n, seed]).choice(len(self.users), n, replace=False))

    def candidate(self, quality: float) -> Rows:
        """The generated set; below 0 a share of its labels is false, above 0 real rows are in it: up to 1, all."""
        rng = np.random.default_rng(5)
        order, shift = rng.permutation(len(self.generated)), rng.integers(1, len(self.names), len(self.generated))
        if quality >= 0:
            return self.generated + self.others[: round(quality**2 * len(self.others))]
        labels, false = self.generated.labels.copy(), order[: round(-quality * len(order))]
        labels[false] = (labels[false] + shift[false]) % len(self.names)
        return Rows(self.generated.vectors, labels)

    def reaching(self, wanted: float) -> tuple[Rows, float]:
        """The candidate whose classifier comes nearest to a score on all of the users' rows, and its score there."""
        low, high, best = -0.9, 1.0, (np.inf, self.generated, 0.0)
        for _ in range(9):
            middle = (low + high) / 2
            made = self.candidate(middle)
            score = self.score(made, self.users)
            best = min(best, (abs(score - wanted), made, score), key=lambda candidate: candidate[0])
            low, high = (low, middle) if score > wanted else (middle, high)
        return best[1:]


def run(task: Task) -> list[dict[str, object]]:
    """Each user of a task, a row for each candidate."""
    rows: list[dict[str, object]] = []
    for n in task.sizes:
        some = [task.draw(n, 10**6 + k) for k in range(TRUTH)]
        rest = [task.users[np.delete(np.arange(len(task.users)), own)] for own in some]
        alone = np.array([task.score(task.users[own], test) for own, test in zip(some, rest, strict=True)])
        rng = np.random.default_rng(n)
        fewer = [task.users[rng.permutation(own)[: in_a_fit(task, own)]] for own in some]
        trained = np.mean([task.score(few, test) for few, test in zip(fewer, rest, strict=True)])
        made = [task.reaching(alone.mean() + gap / 100) for gap in GAPS]
        added = [
            np.mean([task.score(task.users[own] + candidate, test) for own, test in zip(some, rest, strict=True)])
            for candidate, _ in made
        ]
        predicted = [task.predict(candidate, task.users) for candidate, _ in made]
        for seed in range(USERS[n]):
            for k, case in enumerate(user(task, n, [candidate for candidate, _ in made], predicted, seed)):
                true, gain = made[k][1] - alone.mean(), added[k] - alone.mean()
                word = verdict.decide(case)
                below = {verdict.DONT, verdict.AUGMENT} if gain > 0 else {verdict.DONT}
                right = {verdict.REPLACE} if 100 * true > -MARGIN else below
                rows.append(
                    {
                        "task": task.name,
                        "n": n,
                        "wanted": GAPS[k],
                        "true": 100 * true,
                        "gain": 100 * gain,
                        "rows": len(task.users),
                        "bias": 100 * (case.gap.value - true),
                        "bias as trained": 100 * (case.gap.value - made[k][1] + trained),
                        "below": 100 * (case.gap.value - case.gap.low90),
                        "above": 100 * (case.gap.high90 - case.gap.value),
                        "half": 50 * (case.gap.high90 - case.gap.low90),
                        "word": word,
                        "right": word in right,
                        "place": verdict.in_place(case),
                        "top": verdict.on_top(case),
                    }
                )
        console.log.print(f"{task.name}, {n:,} labels: {len(rows):,} users and candidates so far")
    return rows


def in_a_fit(task: Task, own: np.ndarray) -> int:
    """How many of a user's rows one fit trains on: all but the pool, a fold and the validation rows."""
    parts = Data(task.table.iloc[own], {}, folds="auto").parts(0)
    return round(float(np.mean([len(part.training) for part in parts])))


def user(task: Task, n: int, made: list[Rows], by_candidate: list[np.ndarray], seed: int) -> list[verdict.Case]:
    """What a user with n labels is told of each candidate."""
    drawn = task.draw(n, seed)
    data = Data(task.table.iloc[drawn], {}, folds="auto")
    place = {row: i for i, row in enumerate(task.table["id"].iloc[drawn])}
    ids, own = data.test["id"].tolist(), task.users[drawn]
    tested = np.array([place[i] for i in ids])
    gold, number = own.labels[tested], {i: k for k, i in enumerate(ids)}
    # real; each candidate; real and each candidate.
    predicted = np.empty((1 + 2 * len(made), REPEATS, len(ids)), dtype=np.int64)
    fold = np.empty((REPEATS, len(ids)), dtype=np.int64)
    for k, of_candidate in enumerate(by_candidate):
        predicted[1 + k] = of_candidate[drawn[tested]]
    for repeat in range(REPEATS):
        for part in data.parts(repeat):
            training, test = part.training, part.test
            train = own[np.array([place[i] for i in training["id"]])]
            held = own[np.array([place[i] for i in test["id"]])]
            inside = [number[i] for i in test["id"]]
            fold[repeat, inside] = part.fold
            predicted[0, repeat, inside] = task.predict(train, held)
            for k, rows in enumerate(made):
                predicted[1 + len(made) + k, repeat, inside] = task.predict(train + rows, held)
    names = [f"candidate_{k}" for k in range(len(made))]
    mixes = ("real", *names, *(f"real+{name}" for name in names))
    blank, of_mix = np.zeros((len(mixes), REPEATS)), [n] * len(mixes)
    predictions = Predictions(
        mixes, tuple(range(REPEATS)), task.names, gold, predicted, blank, of_mix, np.array(ids, dtype=object), fold
    )
    probe = evaluate.evaluate(predictions, RESAMPLES)
    result = TaskResult(
        task=task.name, test_rows=len(ids), labels=tuple(task.names), llm=None, classifiers={"probe": probe}
    )
    return [verdict.case(result, "probe", name, "real", MARGIN) for name in names]


def shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the users of each task, size and wanted gap: how many, what is true, and the shares in percent."""
    of_word = {word: rows["word"] == word for word in (verdict.REPLACE, verdict.AUGMENT, verdict.DONT)}
    false = {
        "false replace": of_word[verdict.REPLACE] & (rows["true"] < -MARGIN),
        "false don't": of_word[verdict.DONT] & (rows["true"] > -MARGIN),
        "false augment": of_word[verdict.AUGMENT] & (rows["gain"] <= 0),
    }
    keys = [rows["task"], rows["n"], rows["wanted"]]
    covered = {}
    for column, bias in (("covered", "bias"), ("covered as trained", "bias as trained")):
        mean = rows.groupby(keys)[bias].transform("mean")
        off = mean + (rows[bias] - mean) / np.sqrt(1 - rows["n"] / rows["rows"])
        covered[column] = off.between(-rows["above"], rows["below"])
    flags = pd.DataFrame({**covered, **of_word, "right": rows["right"], **false}) * 100.0
    means = flags.groupby(keys).mean().join(rows[["true", "gain", "half", "bias"]].groupby(keys).mean())
    return means.join(rows.groupby(keys).size().rename("users")).round(3).reset_index()


def cells(shares: pd.DataFrame) -> pd.DataFrame:
    """The same over tasks, each weighing as many users as it has; the largest gap last."""
    values = [name for name in shares if name not in ("task", "n", "wanted", "users")]
    weighted = (
        shares[values].mul(shares["users"], axis=0).assign(users=shares["users"], n=shares["n"], loss=-shares["wanted"])
    )
    sums = weighted.groupby(["n", "loss"]).sum()
    return sums[values].div(sums["users"], axis=0).assign(users=sums["users"]).reset_index()


def figure(cells: pd.DataFrame) -> alt.Chart:
    """Coverage, false and right words by number of labels, a colour for each true gap."""
    long = cells.assign(gap=(-cells["loss"]).map("{:g}".format)).melt(
        ["n", "gap"], ["covered", "right", "false replace", "false don't"], "share", "percent"
    )
    return (
        alt.Chart(alt.InlineData(values=long.to_dict("records")))
        .mark_line(point=True)
        .encode(
            x=alt.X("n:Q", scale=alt.Scale(type="log"), title="labels", axis=alt.Axis(values=list(USERS))),
            y=alt.Y("percent:Q", scale=alt.Scale(domain=[0, 100])),
            color=alt.Color("gap:N", title="true gap", sort=None),
            facet=alt.Facet("share:N", columns=2, title=None, sort=None),
        )
        .properties(width=280, height=180)
    )


def main(names: list[str]) -> None:
    target = RESULTS / "rule.json"
    held = files.read_json(target)["shares"] if target.exists() else []
    of_tasks = pd.DataFrame([row for row in held if row["task"] not in names])
    for name in names:
        started = time.monotonic()
        of_tasks = pd.concat([of_tasks, shares(pd.DataFrame(run(Task.load(name))))], ignore_index=True)
        console.log.print(f"{name}: {(time.monotonic() - started) / 60:.1f} minutes")
    columns = [
        Column("n", "labels", form=",d"),
        *(Column(key, title, form=".1f") for key, title in (("true", "true gap"), ("gain", "true gain"))),
        Column("users", form="d"),
        *(Column(key, form=".1f") for key in ("covered", "covered as trained", "bias")),
        Column("half", "half width", form=".1f"),
        *(Column(key, form=".0f") for key in (verdict.REPLACE, verdict.AUGMENT, verdict.DONT, "right")),
        *(Column(key, form=".1f") for key in ("false replace", "false don't", "false augment")),
    ]
    over_tasks = cells(of_tasks)
    kept = {"shares": of_tasks.to_dict("records"), "cells": over_tasks.round(3).to_dict("records")}
    files.write_json(target, {"margin": MARGIN, "resamples": RESAMPLES, **kept})
    table = Table(columns, over_tasks.to_dict("records")).markdown()
    files.write_text(RESULTS / "rule.md", f"# Users with few labels, by benchmarks/rule.py\n\n{table}")
    figure(over_tasks).save(RESULTS / "rule.svg")
    console.log.print(table, markup=False)


if __name__ == "__main__":
    main(sys.argv[1:])
