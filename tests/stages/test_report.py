from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import struct
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser import NAMES, Browser
from conftest import ROOT, card_text, write_params, written_sources

import metrics
from pyrite import params
from pyrite.base import files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import texts
from pyrite.measures import intervals
from pyrite.measures.agreement import Agreement
from pyrite.measures.agreement_curves import AgreementCurve, Level
from pyrite.measures.clear_cut import clear_cut
from pyrite.measures.coverage_gaps import LabelGap, LeftOut, Region
from pyrite.measures.diversity import MEASURES
from pyrite.measures.giveaways import Giveaway, GivenAway, Leak
from pyrite.measures.intervals import Correlation, Estimate, Pooled
from pyrite.measures.pairwise import Ranking, TaskRank
from pyrite.measures.shown_examples import Repeats, Returned
from pyrite.measures.telling_texts import Telling, TellingTexts
from pyrite.results import prices, words
from pyrite.results.diversity import Diversity, NearDuplicates, Scrutiny, SetDiversity
from pyrite.results.evaluation import TaskResult, Worth
from pyrite.results.generation import GeneratedSet
from pyrite.results.page import claims, curve_charts, rendering, report_tables, what_if
from pyrite.results.page.claims import Slope
from pyrite.results.page.drawing import Figure
from pyrite.results.preparation import Preparation
from pyrite.results.subjectivity import (
    AgainstGap,
    Annotated,
    BeyondReal,
    LlmAgainstPeople,
    Subjectivity,
    TaskPoint,
    TaskSubjectivity,
)
from pyrite.stages import compare, evaluate, report

# What is rendered once is for all tests of this file.
pytestmark = pytest.mark.xdist_group("report")

MIXES = ("real", "zero_shot", "few_shot", "pool", "pool+few_shot")
CURVE = ("real@50", "real@200", "real@all")
BOTH = ("real@50+few_shot", "real@200+few_shot", "real@all+few_shot")
ROWS = {"zero_shot": 291, "few_shot": 297, "pool": 120, "pool+few_shot": 417, "real@50": 50, "real@200": 200}
HOSTILE = [
    "<script>document.title = 'owned'</script>",
    "</script><script>document.title = 'owned'</script><!--",
    "\u202eright to left\u202e and \u2028 a line \x00 \x1b[31m",
    "<img src=x onerror=\"document.title='owned'\"> {{ 7 * 7 }} [a](javascript:alert(1)) | `x` *y* $z$",
    "very long " * 1000,
]
TITLES = [text.replace("\x00", "").replace("\x1b", "")[:200].strip() for text in HOSTILE]

BLIND = {"real": dict.fromkeys("abcd", "unsure"), "few_shot": dict.fromkeys("abc", "unsure")}


def scrutiny(labels: Sequence[str]) -> Scrutiny:
    """What speaks against a source that has every fault, with the ids of the first texts."""
    ids = tuple(f"{n:016x}" for n in range(3))
    counts = {"texts": 81, "of": 97, "real_texts": 7, "real_of": 211}
    habits = [("word", "vivid", 9.31), ("punctuation", "! at the end", 5.14), ("length", "16 to 31 words", -4.27)]
    return Scrutiny(
        given_away=GivenAway(
            labels={
                label: tuple(
                    Giveaway(kind=kind, feature=feature, log_odds=2.2, z=z, ids=ids, real_ids=ids[:1], **counts)
                    for kind, feature, z in habits
                )
                for label in labels
            },
            leaks=(Leak(label=labels[0], feature="glow", z=6.61, ids=ids, **counts),),
        ),
        repeats=Repeats(
            texts=297,
            nearer=intervals.proportion(200, 297),
            returned={
                "phone numbers": Returned(shown=13, unshown=0, pairs=((ids[0], ids[1]),)),
                "names": Returned(shown=14, unshown=15),
            },
        ),
        telling=TellingTexts(
            **{
                kind: (Telling(id=ids[2], value=0.47, real=ids[1], twin=ids[0], said=labels[-1]),)
                for kind in ("unlike", "repeated", "copied", "untrue")
            }
        ),
    )


class Study:
    """A small study in the working directory: random predictions, evaluated and compared by the real stages."""

    def __init__(
        self, tasks: Sequence[str] = ("colours",), labels: Sequence[str] = ("blue", "red", "sea green")
    ) -> None:
        self.tasks, self.labels = list(tasks), list(labels)
        self.encoders = {"tfidf": {"method": "tfidf", "mixes": list(MIXES), "C": 10.0}}
        self.encoders["words"] = {"method": "tfidf", "mixes": [*MIXES, *CURVE, *BOTH], "C": 3.0}
        self.compare = {"classifier": "tfidf", "baseline": "real", "candidates": "few_shot", "margin": 3.0}
        # A text, or one for each task; so are titles.
        self.text: str | Sequence[str] = "a colour of a thing"
        self.title: str | Sequence[str] = "Colours of things"
        self.paid: dict[str, float | None] = dict.fromkeys(("prompt_tokens", "completion_tokens", "cost_usd"))
        self.mapped, self.map_text = 5, ""
        self.non_commercial = False
        self.write_tests = False

    def write(self) -> None:
        write_params(
            tasks=self.tasks,
            **written_sources("zero_shot", "few_shot", per_label=99),
            train={"seeds": [0, 1], "checkpoints": "none", "classifiers": self.encoders},
            evaluate={"resamples": 100},
            compare=self.compare,
        )
        files.write_text(paths.PROMPTS, (ROOT / paths.PROMPTS).read_text())
        for number, task in enumerate(self.tasks):
            self._task(task, np.random.default_rng(number))
        compare.run()

    def _own(self, task: str, value: str | Sequence[str]) -> str:
        return value if isinstance(value, str) else value[self.tasks.index(task)]

    def _task(self, task: str, rng: np.random.Generator) -> None:
        text, title = self._own(task, self.text), self._own(task, self.title)
        source = {"kind": "file", "path": "x.csv", "text": "t", "label": "l", "licence": f"Licence of {title}"}
        source["non_commercial"] = self.non_commercial
        labels = {label: f"name {label}" for label in self.labels}
        card = card_text(task, title=title, item="phrase", items="phrases", source=source, labels=labels)
        files.write_text(paths.card(task), card)
        for table, split in ((paths.prepared(task), "train"), (paths.source(task, "zero_shot"), "train")):
            rows = [(f"{n:016x}", f"{text} {n}", label, split) for n, label in enumerate(self.labels * 5)]
            if self.write_tests and table == paths.prepared(task):
                labels = np.repeat(self.labels, 83)
                rows = [(f"{n:016x}", f"secret words {n} !", label, "test") for n, label in enumerate(labels)]
            texts.write(pd.DataFrame(rows, columns=texts.COLUMNS), table)
        shutil.copy(paths.source(task, "zero_shot"), paths.source(task, "few_shot"))
        counts = {
            split: dict.fromkeys(self.labels, n) for split, n in (("train", 211), ("validation", 17), ("test", 83))
        }
        others = dict.fromkeys(("read", "kept", "judged", "judgements"), 0)
        prepared = Preparation(task=task, rows=counts, pool=120, dropped={}, **others)
        files.write_json(paths.metrics("prepare", task), prepared)
        for setting, accepted, leaked in (("zero_shot", 291, 6), ("few_shot", 297, 0)):
            dropped = {"length": 3, "contamination: exact": leaked // 2, "contamination: near": leaked - leaked // 2}
            about = {"requested": 300, "received": 300, "dropped": dropped, "accepted": accepted}
            about["also_real_training"] = leaked + 1
            metrics.generated(task, setting, tuple(self.labels), **about, **self.paid).save(task, setting)
        gold = np.repeat(np.arange(len(self.labels)), 83)
        classifiers = {
            name: evaluate.evaluate(_predictions(self.labels, spec["mixes"], gold, rng), 100)
            for name, spec in self.encoders.items()
        }
        ahead, unsure = (0.165, 0.095, 0.236), (0.041, -0.013, 0.097)
        # Sure of its lead on few-shot, not of that on real.
        llm = metrics.llm(0.913, {"real": unsure, "few_shot": ahead}, tuple(self.encoders))
        result = TaskResult(task=task, test_rows=len(gold), labels=tuple(self.labels), llm=llm, classifiers=classifiers)
        files.write_json(paths.metrics("evaluate", task), result)

    def measure_the_rest(self) -> None:
        """Diversity and subjectivity, which a study may lack."""
        rng = np.random.default_rng(9)

        def figure(**more: Any) -> Estimate:
            low, value, high = np.sort(rng.uniform(0.2, 0.9, 3)).tolist()
            return Estimate(value=value, low=low, high=high, **more)

        for task in self.tasks:
            sets = {name: {measure.key: figure() for measure in MEASURES} for name in ("real", "zero_shot", "few_shot")}
            sets["few_shot"]["self_bleu"] = Estimate.missing("only 7 texts")
            region = Region(texts=13, labels={self.labels[0]: 13}, ids=(f"{4:016x}",))
            out = LeftOut(texts=29, labels={self.labels[0]: LabelGap(texts=29, left_out=14)}, regions=(region,))
            diversity = Diversity(
                task=task,
                texts=60,
                matched_texts=55,
                sets={name: SetDiversity(measures=measures) for name, measures in sets.items()},
                left_out={"few_shot": out},
                near_duplicates=NearDuplicates(share=0.031, chamfer=figure()),
                map_variance=(0.112, 0.071),
                clear_cut={
                    name: clear_cut(dict.fromkeys("abcd", self.labels[0]), answers) for name, answers in BLIND.items()
                },
                scrutiny={"few_shot": scrutiny(self.labels)},
            )
            files.write_json(paths.metrics("diversity", task), diversity)
            self._map(task, rng)
            self._histories(task)
        few = Level(agreement=0.4, items=3, accuracy=Estimate.missing("3"))
        line = AgreementCurve(
            thresholds=tuple(Level(agreement=a, items=90, accuracy=figure()) for a in (0.6, 0.8, 1.0)),
            bins=(few, *(Level(agreement=a, items=30, accuracy=figure()) for a in (0.6, 0.8, 1.0))),
            slope=Estimate(value=0.31, low=-0.12, high=0.77),
            steeper_than_real=Estimate(value=-0.14, low=None, high=None, note="not defined"),
            r_squared=0.913,
        )
        accuracy = {name: dict.fromkeys(("real", "zero_shot", "few_shot"), line) for name in self.encoders}
        llm = Annotated(items=90, annotators=5, mean_agreement=figure(), alpha=figure(), accuracy=accuracy)
        # A source of bounds names no annotators.
        bound = Estimate.missing("only a lower bound")
        people = Annotated(items=90, mean_agreement=figure(), alpha=bound, accuracy=accuracy)
        rho = Correlation(**figure().model_dump(), p=0.041, pairs=77)
        both = LlmAgainstPeople(rho=rho, items=77, llm=figure(), human=figure())
        apart = LlmAgainstPeople(rho=Correlation.missing("no item was annotated by both"))
        ranking = Ranking(
            judges=5,
            judgements=275,
            pairs=6,
            agreement=Agreement(mean_agreement=figure(), alpha=figure()),
            tasks={task: TaskRank(subjectivity=figure(), rank=figure(), stars=4) for task in self.tasks},
        )
        against_gap = AgainstGap(
            kind="pairs",
            who="llm",
            classifier="tfidf",
            source="few_shot",
            rho=Correlation(value=-0.41, low=-0.83, high=0.24, p=0.213, pairs=len(self.tasks)),
            points=tuple(
                TaskPoint(task=task, subjectivity=0.1 * n, gap=-0.01 * n) for n, task in enumerate(self.tasks)
            ),
        )
        # The first task has no annotations; people of the last one judged other texts than the LLM.
        annotated = {
            task: TaskSubjectivity(
                annotated={"llm": llm, "human": people}, llm_against_people=apart if task == self.tasks[-1] else both
            )
            for task in self.tasks[1:]
        }
        annotated[self.tasks[0]] = TaskSubjectivity(annotated={})
        files.write_json(
            paths.metrics("subjectivity"),
            Subjectivity(tasks=annotated, pairs={"llm": ranking}, against_gap=(against_gap,)),
        )

    def _map(self, task: str, rng: np.random.Generator) -> None:
        rows = [
            (
                source,
                f"{n:016x}",
                f"{self.map_text or self._own(task, self.text)} {n}",
                self.labels[n % len(self.labels)],
            )
            for source in ("real", "zero_shot", "few_shot")
            for n in range(self.mapped)
        ]
        table = pd.DataFrame(rows, columns=["source", "id", "text", "label"])
        table[["x", "y"]] = rng.normal(size=(len(table), 2))
        files.write(paths.text_map(task), lambda file: table.to_parquet(file, index=False))

    def _histories(self, task: str) -> None:
        for encoder, spec in self.encoders.items():
            for mix in spec["mixes"]:
                for seed in (0, 1):
                    noted = {"loss": [1.25, 0.71, 0.33]} if encoder == "tfidf" else {"versions": {}}
                    files.write_json(paths.fit(task, encoder, mix, seed) / "history.json", noted)


def _predictions(
    labels: list[str], mixes: Sequence[str], gold: np.ndarray, rng: np.random.Generator
) -> evaluate.Predictions:
    skill = {"real": 0.8, "zero_shot": 0.6, "few_shot": 0.7, "pool": 0.6, "pool+few_shot": 0.75}
    skill |= {"real@50": 0.4, "real@200": 0.62, "real@all": 0.85}
    skill |= {"real@50+few_shot": 0.7, "real@200+few_shot": 0.74, "real@all+few_shot": 0.8}
    right = rng.uniform(size=(len(mixes), 2, len(gold))) < np.array([skill[mix] for mix in mixes])[:, None, None]
    predicted = np.where(right, gold, rng.integers(len(labels), size=right.shape))
    rows = [ROWS.get(mix, 633 if mix == "real@all" else 297) for mix in mixes]
    ids = np.array([f"{n:016x}" for n in range(len(gold))])
    calibration = np.full((len(mixes), 2), 0.05)
    return evaluate.Predictions(tuple(mixes), (0, 1), labels, gold, predicted, calibration, rows, ids)


Change = Callable[[Study], None]


def unchanged(study: Study) -> None:
    """As it is."""


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of a study with its report, made once for each change and tasks: to be copied, never changed."""

    @cache
    def once(change: Change, tasks: Sequence[str], whole: bool) -> Path:
        folder = tmp_path_factory.mktemp("rendered")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            study = Study(tasks)
            change(study)
            study.write()
            if whole:
                study.measure_the_rest()
            report.run()
        return folder

    return once


@pytest.fixture
def study(project: Path, rendered: Callable[..., Path]) -> Callable[..., str]:
    """Puts a study and its report into the project, changed before it is evaluated or not at all; gives the page."""

    def put(change: Change = unchanged, whole: bool = True, tasks: Sequence[str] = ("colours",)) -> str:
        shutil.copytree(rendered(change, tasks, whole), project, dirs_exist_ok=True)
        return (paths.REPORT / "index.html").read_text(encoding="utf-8")

    return put


def paid(study: Study) -> None:
    """What LLMs took is known, and the texts are there to read, but not for all to use."""
    study.paid = {"prompt_tokens": 900, "completion_tokens": 600, "cost_usd": 1.5}
    study.non_commercial = study.write_tests = True
    study.text = "a very private text"


def priced(study: Study) -> None:
    """A label has a price, the LLM none; the other source is asked about."""
    study.paid = {"prompt_tokens": 900, "completion_tokens": 600, "cost_usd": None}
    study.compare |= {"label_price": 0.5, "candidates": "zero_shot"}


def hostile(study: Study) -> None:
    study.text = HOSTILE
    study.title = TITLES
    study.labels = ["<b>a</b>", "</script>"]


class Page(HTMLParser):
    """What a browser makes of a page: its text outside of scripts and styles, its elements, its scripts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)
        elif not self.inside:
            self.words.append(data)

    @property
    def words_as_they_are(self) -> str:
        return " ".join(self.words)

    @property
    def text(self) -> str:
        return " ".join(self.words_as_they_are.split())

    @property
    def packed(self) -> list[dict[str, Any]]:
        return [json.loads(gzip.decompress(base64.b64decode(script))) for script in self.scripts[:-2]]

    @property
    def charts(self) -> list[dict[str, Any]]:
        return [data for data in self.packed if "datasets" in data]

    @property
    def shelves(self) -> list[dict[str, Any]]:
        """The texts to look through, of each task."""
        return [data for data in self.packed if "rows" in data]


def test_the_page_answers_the_question_first(study: Callable[..., str]) -> None:
    page = Page(study()).text
    headline = files.read_json(paths.HEADLINE)
    first = page[page.index("Colours of things") : page.index("How sure?")]
    assert f"cost {-headline['gap']:.1f} points, and you allow 3" in first
    assert all(end.lstrip("+-") in first for end in headline["interval"].split(" to "))
    assert "Next:" in first and "Other classifiers:" in first and "the LLM itself scores" in first
    assert "nothing was paid" in page


def test_many_tasks_are_answered_on_the_first_screen(study: Callable[..., str]) -> None:
    page = Page(study(tasks=("a", "b", "c", "d"))).text
    first, headline = page[: page.index("Would another limit")], files.read_json(paths.HEADLINE)
    assert f"cost {-headline['gap']:.1f} points" in first and "The mean over 4 tasks" in first
    assert all(f"{head}:" in first for head in ("Next", "Why", "How sure", "Other classifiers", "Cost of the texts"))


def test_the_options_are_those_of_the_classifier_that_is_chosen(study: Callable[..., str]) -> None:
    def two(study: Study) -> None:
        study.compare |= {"candidates": ["few_shot", "zero_shot"]}

    source = study(two)
    results = TaskResult.load("colours").classifiers
    for classifier in ("tfidf", "words"):
        table = Page(source[source.index(f"Which option is best, by {classifier}?") :]).text.partition("How sure?")[0]
        score = results[classifier].mixes["few_shot"].macro_f1.value
        assert f"{100 * score:.1f}" in table.partition("by ")[2][:400]


def test_the_page_says_what_was_paid(study: Callable[..., str]) -> None:
    assert "$1.50 for 12 answers of the LLM" in Page(study(paid)).text


def test_where_it_fails_is_there_to_read_but_not_for_git(study: Callable[..., str]) -> None:
    # The test rows' texts are here; their ids are those of the predictions.
    page = Page(study(paid))
    lost = TaskResult.load("colours").classifiers["tfidf"].flips["few_shot"]["real"].lost
    assert f"Right with real, wrong with few-shot: {lost.items} test texts" in page.text
    assert "14 of 29 real training texts have no few-shot neighbour" in page.text
    assert "secret words 4 !" in page.text
    assert f"secret words {int(lost.clearest[0].id, 16)} " in page.text
    mapped = [row.get("text") for chart in page.charts for rows in chart["datasets"].values() for row in rows]
    assert "a very private text 0" in mapped
    kept = [path for folder in (paths.REPORT, Path("metrics")) for path in folder.rglob("*") if path.is_file()]
    for path in kept:
        words = path.read_bytes()
        assert path.name == "index.html" or not (b"secret words" in words or b"private" in words), path


def test_mix_curves_and_money_are_told(study: Callable[..., str]) -> None:
    page = Page(study(priced)).text
    assert "A small real set, the generated one, and both" in page
    assert "1,500 tokens sent and answered" in page
    for text in (page, (paths.REPORT / "REPORT.md").read_text().replace("\n", " ")):
        assert "what generating cost is not known" in text


def test_the_llm_itself_stands_beside_the_classifiers(study: Callable[..., str]) -> None:
    page = Page(study())
    assert "Simply calling the LLM beats few-shot by 16.5 points" in page.text
    assert "on the 100 test texts that the LLM labelled" in page.text
    drawn = next(chart for chart in page.charts if "Simply calling the LLM" in chart["description"])
    (rows,) = (rows for rows in drawn["datasets"].values() if len(rows) > 1)
    assert [row["name"] for row in rows] == ["the LLM itself", "real (297)", "few-shot (297)"]
    assert "Simply calling" not in Page(study(priced)).text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [(246, 180, 2100, "246 (180 to 2,100)"), (None, 180, None, "> 2,320 (180 to > 2,320)"), (0, 0, 0, "< 50")],
)
def test_a_worth_beyond_the_curve_is_said_once(value: int | None, low: int | None, high: int | None, text: str) -> None:
    worth = Worth(labels=value, low=low, high=high, least=50, most=2320)
    assert words.worth(worth).replace("\u00a0", " ") == text


def test_all_parameters_and_non_commercial_data_are_named(study: Callable[..., str]) -> None:
    open_to_all = study()
    assert "commercial" not in open_to_all
    assert "near_duplicate: 0.8" in open_to_all and "margin: 3.0" in open_to_all
    assert "the real data of Colours of things" in Page(study(paid)).text
    assert "(not for commercial use)" in (paths.REPORT / "REPORT.md").read_text()


def test_what_a_study_lacks_is_said(study: Callable[..., str]) -> None:
    def bare(study: Study) -> None:
        del study.encoders["words"]
        study.encoders["tfidf"]["mixes"] = ["real", "few_shot"]

    page = Page(study(bare, whole=False)).text
    assert "Not measured in this study" in page
    assert "How subjective" not in page
    assert "No classifier of this study has a learning curve" in page
    markdown = (paths.REPORT / "REPORT.md").read_text()
    assert "How many real labels that equals is not known" in markdown
    assert "curve.svg" not in markdown
    assert [path.name for path in (paths.REPORT / "figures").iterdir()] == ["colours.scores.svg"]


def test_other_mixes_can_be_compared(study: Callable[..., str]) -> None:
    def curious(study: Study) -> None:
        study.compare |= {"classifier": "words", "baseline": "real@all", "candidates": "pool+few_shot"}

    page = Page(study(curious)).text
    assert "Pool + few-shot scores" in page and "lower than real@all" in page
    # tfidf was not trained on the baseline: it has scores, and no gap.
    assert "Scores of tfidf" in page


@pytest.mark.parametrize("tasks", [("colours",), ("a", "b", "c", "d")])
def test_every_task_is_there(study: Callable[..., str], tasks: tuple[str, ...]) -> None:
    page = Page(study(tasks=tasks))
    shown = [about["id"] for tag, about in page.elements if tag == "article"]
    assert shown == [f"task-{task}" for task in tasks]
    chosen = [about["data-chooses"] for tag, about in page.elements if tag == "select" and "data-chooses" in about]
    assert chosen == (["classifier"] if len(tasks) == 1 else ["task", "classifier"])
    assert ("The mean over 4 tasks" in page.text) == (len(tasks) > 1)
    assert len((paths.REPORT / "index.html").read_bytes()) < 3_000_000
    pictures = list((paths.REPORT / "figures").glob("*.svg"))
    over_tasks = ["against_gap.pairs.llm.few_shot", "chamfer", "remote_clique", "similarity"] + [
        "gaps",
        "clear_cut",
    ] * (len(tasks) > 1)
    of_task = [f"{task}.{kind}" for task in tasks for kind in ("curve", "options", "scores", "training.loss")]
    agreement = [f"{task}.agreement.{source}" for task in tasks[1:] for source in ("human", "llm")]
    assert sorted(picture.stem for picture in pictures) == sorted([*over_tasks, *of_task, *agreement])
    assert all(picture.stat().st_size < 80_000 for picture in pictures)


def test_no_line_break_parts_a_number_from_its_unit(study: Callable[..., str]) -> None:
    page, parted = Page(study()), re.compile(r"\d (?:%|points?\b)")
    assert "\u00a0%" in page.words_as_they_are and not parted.search(page.words_as_they_are)
    (panel,) = (data for data in page.packed if "choices" in data)
    assert "\u00a0points" in str(panel["of"]).encode().decode("unicode_escape")
    assert not parted.search((paths.REPORT / "REPORT.md").read_text())
    assert not parted.search((paths.REPORT / "figures/colours.scores.svg").read_text())


def test_equal_studies_give_equal_reports(study: Callable[..., str]) -> None:
    study()
    before = {path: path.read_bytes() for path in paths.REPORT.rglob("*.*")}
    assert {path.suffix for path in before} == {".html", ".md", ".svg", ".png"}
    report.run()
    assert {path: path.read_bytes() for path in paths.REPORT.rglob("*.*")} == before


def test_a_picture_of_another_study_does_not_stay(study: Callable[..., str]) -> None:
    study()
    (paths.REPORT / "figures/b.scores.svg").write_text("of another study")
    report.run()
    assert not list((paths.REPORT / "figures").glob("b.*"))
    assert (paths.REPORT / "figures/colours.scores.svg").exists()


def _numbers(text: str) -> set[str]:
    return {match.replace(",", "") for match in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(key)
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _known() -> set[str]:
    """Every number of the metrics and parameters, in each form in which the report writes one."""
    known = set()
    sources = [files.read_json(path) for path in Path("metrics").rglob("*.json")]
    sources += [params.load().model_dump(), pd.read_csv(paths.TABLE).to_dict("records")]
    for leaf in _leaves(sources):
        if isinstance(leaf, str):
            known |= _numbers(leaf)
        elif isinstance(leaf, (int, float)) and np.isfinite(leaf):
            size = abs(leaf)
            known |= {f"{size}", f"{size:.0f}", f"{size:.1f}", f"{size:.2f}", f"{size:.3f}", f"{100 * size:.1f}"}
    return known


# Levels, powers and definitions in the words of the report; sums over labels and reasons, and the texts of the map,
# which no file holds.
DEFINITIONS = (
    {"0", "0.001", "0.1", "0.5", "1", "2", "3", "4", "5", "15", "50", "95"}
    | {"1.1", "79", "80"}
    | {"633", "51", "249", "6"}
)


def test_every_number_is_from_the_metrics(study: Callable[..., str]) -> None:
    source = study(tasks=("a", "b", "c", "d"))
    known = _known() | DEFINITIONS
    source = re.sub(r"<dt>Versions</dt><dd>.*?</dd>", "", source, flags=re.S)
    # Ticks of axes stand where there is room; a test of their own holds what charts draw.
    source = re.sub(r"<noscript>.*?</noscript>", "", source, flags=re.S)
    # The limits of the strip and the test rows that would settle a case follow from the rule; its tests hold them.
    source = re.sub(r'<figure class="strip".*?</figure>', "", source, flags=re.S)
    page = re.sub(r"about [\d,]+ test rows would", "", Page(source).text)
    assert _numbers(page) <= known
    assert len(_numbers(page)) > 300
    assert _numbers((paths.REPORT / "REPORT.md").read_text().replace("F1", "").replace("### ", "")) <= known


def test_every_number_of_a_chart_is_from_the_metrics(study: Callable[..., str]) -> None:
    page = Page(study())
    # Charts get scores in points; the files have shares, rounded to six decimals.
    known = {round(abs(leaf) * scale, 4) for leaf in _metric_numbers() for scale in (1, 100)} | {1.25, 0.71, 0.33}
    rows = [row for chart in page.charts for values in chart["datasets"].values() for row in values]
    drawn = [row[key] for row in rows for key in ("mean", "rows", "score", "meets", "agreement") if key in row]
    assert len(drawn) > 30
    assert {round(abs(number), 4) for number in drawn} <= known


def _metric_numbers() -> list[float]:
    leaves = [leaf for path in Path("metrics").rglob("*.json") for leaf in _leaves(files.read_json(path))]
    return [leaf for leaf in leaves if isinstance(leaf, (int, float))]


def test_hostile_words_do_no_harm(study: Callable[..., str]) -> None:
    harmless = Page(study(tasks=("a", "b", "c", "d")))
    source = study(hostile, tasks=tuple("abcde"))
    page = Page(source)
    # No other elements, but for the lines of a long name in a picture: nothing of the words became one.
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in harmless.elements} | {"tspan"}
    assert not [name for _, about in page.elements for name in about if name.startswith("on")]
    assert page.scripts[-2:] == harmless.scripts[-2:]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", source)
    titles = [about["aria-label"] for tag, about in page.elements if tag == "article"]
    assert titles == TITLES
    for held, text in zip(page.shelves, HOSTILE, strict=True):
        assert len(report.shown(f"{text} 0")) <= report.CHARACTERS + 1
        assert report.shown(f"{text} 0") in [row[-1] for row in held["rows"]]
    markdown = (paths.REPORT / "REPORT.md").read_text()
    assert not re.search(r"<\w|</|<!--|\]\(javascript|\{\{", markdown)


def test_a_map_has_as_many_texts_as_there_is_room_for(study: Callable[..., str]) -> None:
    def change(study: Study) -> None:
        study.map_text, study.mapped = "<語" * 300, 200

    def texts_of(figure: Figure) -> list[dict[str, Any]]:
        (rows,) = figure.spec["datasets"].values()
        assert all(len(row["text"]) == report.HOVERED + 1 for row in rows)
        return rows

    study(change)
    tasks, _ = report.read()
    whole = report.maps(tasks, 1_000_000)["colours"]
    assert len(texts_of(whole)) == 3 * 200
    room = len(rendering.packed(whole.spec)) // 2
    part = report.maps(tasks, room)["colours"]
    assert len(rendering.packed(part.spec)) <= room
    # As many of each set, give or take one.
    counts = pd.Series([row["name"].partition(",")[0] for row in texts_of(part)]).value_counts()
    assert set(counts.index) == {"real", "zero-shot", "few-shot"} and counts.max() - counts.min() <= 1
    assert 15 <= counts.min() < 200
    assert report.maps(tasks, 0) == {}


def test_what_gives_a_source_away_stands_beside_texts_of_both_sides(study: Callable[..., str]) -> None:
    page = Page(study())
    assert "the word “vivid”: 81 of 97 texts, of real ones 7 of 211" in page.text
    assert "“glow”: 81 of 97 texts with it are blue, of real ones 7 of 211" in page.text
    assert "67.3 % of few-shot texts lie nearer to a real text" in page.text.replace("\u00a0", " ")
    named = [about for tag, about in page.elements if tag == "details" and about.get("class") == "named"]
    ids = {i for about in named for key in ("data-ids", "data-others") for i in (about.get(key) or "").split()}
    assert len(ids) == 3 and ids <= {row[0] for row in page.shelves[0]["rows"]}
    for text in (page.text, (paths.REPORT / "REPORT.md").read_text()):
        assert "Few-shot repeats what it was shown: 67.3" in text
        assert "real phone numbers come back in 13 of its texts" in text


def test_clear_cut_texts_stand_beside_the_gap_over_tasks(study: Callable[..., str]) -> None:
    title = "Does a source lose more where its texts are clearer than real ones?"
    assert title in Page(study(tasks=("a", "b", "c", "d"))).text
    assert (paths.REPORT / "figures/clear_cut.svg").exists()
    assert title not in Page(study()).text


def test_what_a_check_asked_stands_on_the_page_beside_what_is_recorded(study: Callable[..., str]) -> None:
    study()
    checked = {"zero_shot": clear_cut({"x": "a", "y": "a"}, {"x": "a", "y": "unsure"})}
    counts = GeneratedSet.load("colours", "zero_shot").model_copy(update={"clear_cut": checked})
    counts.save("colours", "zero_shot")
    [task], _ = report.read()
    assert task.clear_cut.keys() == {"real", "few_shot", "zero_shot"}
    rows = report_tables.clear_cut(task).rows
    assert rows[0]["zero-shot"].words == "50.0"


def test_the_five_questions_have_an_answer_for_each_source(study: Callable[..., str]) -> None:
    page = study()
    table = page[page.index("Yes: not clearly worse") :]
    rows = Page(table[: table.index("</table>")]).text
    answers = claims.trust.answers(Diversity.find("colours"))
    assert list(answers) == ["zero_shot", "few_shot", "real"]
    for question, answer in zip(claims.trust.QUESTIONS, answers["few_shot"], strict=True):
        assert question.asks in rows and f"{answer.word} {answer.value}".replace("\u00a0", " ") in rows
    assert page.index("Yes: not clearly worse") < page.index("Measured on 60 texts per set")


def test_all_generated_texts_are_there_to_look_through_as_far_as_there_is_room(study: Callable[..., str]) -> None:
    study()
    lost = pd.DataFrame({"id": ["f" * 16], "text": ["a colour too short"], "label": ["blue"], "reason": ["length"]})
    files.write(paths.dropped("colours", "few_shot"), lambda file: lost.to_parquet(file))
    report.run()
    [held] = Page((paths.REPORT / "index.html").read_text()).shelves
    listed = [
        (held["sources"][source], held["labels"][label], held["reasons"][reason], text)
        for _, source, label, reason, text in held["rows"]
    ]
    assert ("few_shot", "blue", "length", "a colour too short") in listed
    kept = [source for source, _, reason, _ in listed if not reason]
    assert {source: kept.count(source) for source in kept} == {"zero_shot": 15, "few_shot": 15, "real": 3}
    assert held["left_out"] == 0
    [task], _ = report.read()
    room = len(rendering.packed(held)) - 1
    less = report.shelf(task, room)
    assert len(rendering.packed(less)) <= room
    assert less["left_out"] == len(held["rows"]) - len(less["rows"]) > 0
    assert report.shelf(task, 0) == {}


def test_every_figure_of_an_llms_annotations_says_that_they_are_one_llms(study: Callable[..., str]) -> None:
    page = Page(study(tasks=("a", "b", "c", "d")))
    warning = "one LLM answering as several personas"
    for caption in ("paired comparisons by", "Each task’s gap over its"):
        assert warning in page.text.split(caption, 1)[1][:700]
    assert page.text.count("The annotators: one LLM answering as several personas") == 3 * 2
    markdown = (paths.REPORT / "REPORT.md").read_text()
    assert f"LLM personas: {warning}" in markdown and f"The judges: {warning}" in markdown
    assert "on 77 texts that both annotated" in markdown and "on 77 texts that both annotated" in page.text


def test_the_claims_are_said_plainly(study: Callable[..., str]) -> None:
    page = Page(study(tasks=("a", "b", "c", "d"))).text
    markdown = (paths.REPORT / "REPORT.md").read_text()
    for text in (page, markdown):
        assert "the accuracy of tfidf rises with the agreement of people in 0 of 3 tasks" in text
        assert "falls in 0 and can’t be told in 3" in text
        assert "the interval holds 0, so whether the claim is true can’t be told here" in text
        assert "nearly repeat another" in text


def test_only_the_pages_own_scripts_may_run(study: Callable[..., str]) -> None:
    source = study()
    policy = next(about["content"] for _, about in Page(source).elements if about.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert re.findall(r"'sha256-[^']+'", policy) == [f"'{rendering.digest(s)}'" for s in Page(source).scripts[-2:]]
    assert "unsafe-eval" not in policy
    for tag, about in Page(source).elements:
        assert tag not in ("iframe", "object", "embed", "base")
        for key in ("src", "href", "action", "data", "poster", "srcset"):
            assert (about.get(key) or "#").startswith(("#", "data:")), (tag, about)


def test_tables_are_tables_in_both_reports(study: Callable[..., str]) -> None:
    page = Page(study(tasks=("a", "b", "c", "d")))
    markdown = (paths.REPORT / "REPORT.md").read_text().splitlines()
    heads = [line for line, below in pairwise(markdown) if re.match(r"\| :?-+:? \|", below)]
    assert len(heads) > 10 and all(re.match(r"\| (Task|Trained on|Classifier|Measure) \|", head) for head in heads)
    scored = TaskResult.load("c").classifiers["tfidf"].mixes["few_shot"].macro_f1
    cells = [words.ranged(scored), f"{words.fixed(100 * scored.value, '.1f')} {words.ends(scored)}"]
    assert cells[0] in "\n".join(markdown) and cells[1] in page.text


def test_every_chart_has_words_for_those_who_cannot_see_it(study: Callable[..., str]) -> None:
    page = Page(study(tasks=("a", "b", "c", "d")))
    drawn = [about for _, about in page.elements if about.get("class") == "chart"]
    assert drawn
    assert all(about["role"] == "img" and len(about["aria-label"] or "") > 20 for about in drawn)
    tables = sum(tag == "table" for tag, _ in page.elements)
    assert tables == sum(tag == "caption" for tag, _ in page.elements)


def test_a_training_curve_is_the_mean_over_seeds_and_steps() -> None:
    def rows(figure: Figure) -> list[tuple[float, float]]:
        # The names of lines stand apart, each with one point.
        points = max(figure.spec["datasets"].values(), key=len)
        return [(row["step"], row["mean"]) for row in points]

    # 120 steps are drawn as 40 points of three; the fit that stopped early ends the line.
    def training(key: str, *notes: dict[str, list[float]]) -> Figure | None:
        task = SimpleNamespace(histories={"minilm": {"real": notes}}, card=SimpleNamespace(title="Colours"))
        task.sized = lambda classifier, mix: f"{mix} (120)"
        return curve_charts.training(task, "minilm", key)

    notes = [{"loss": [float(n) for n in range(150)]}, {"loss": [2.0 * n for n in range(120)]}]
    drawn = rows(training("loss", *notes))
    assert len(drawn) == 40
    assert drawn[0] == (3.0, pytest.approx(1.5)) and drawn[-1] == (120.0, pytest.approx(118 * 1.5))
    assert rows(training("accuracy", {"loss": [1.0, 0.5], "accuracy": [0.25, 0.75]})) == [(1.0, 25.0), (2.0, 75.0)]
    assert training("loss", {"versions": {}}) is None


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [(0.1, 0.4, "lose less"), (-0.9, -0.1, "the claim holds here"), (-0.8, 0.2, "can’t be told")],
)
def test_a_claim_is_what_the_interval_says(low: float, high: float, says: str) -> None:
    rho = Correlation(value=(low + high) / 2, low=low, high=high, p=0.2, pairs=10)
    assert says in claims.gap_claim(rho, "few_shot")


def test_a_slope_that_is_not_known_counts_as_none() -> None:
    ends = {"a": (0.1, 0.3), "b": (-0.1, 0.3), "c": (-0.4, -0.1), "d": (None, None)}
    rows = [
        Slope(
            task, "human", "real", AgreementCurve(thresholds=(), bins=(), slope=Estimate(value=0.1, low=low, high=high))
        )
        for task, (low, high) in ends.items()
    ]
    (claim,) = claims.instance_claim(rows, "minilm")
    assert "rises with the agreement of people in 1 of 3 tasks, falls in 1 and can’t be told in 1" in claim


@pytest.mark.parametrize(
    ("low", "high", "holm", "says"),
    [
        (-0.2, -0.1, 0.01, "lose less where annotators disagree."),
        (-0.2, -0.1, 0.09, "may be chance"),
        (0.1, 0.2, 0.01, "lose more where annotators disagree."),
        (-0.2, 0.1, 0.5, "holds 0"),
    ],
)
def test_a_pooled_slope_is_what_interval_and_correction_say(low: float, high: float, holm: float, says: str) -> None:
    slope = Pooled(value=(low + high) / 2, low=low, high=high, p=holm / 4, studies=4)
    beyond = BeyondReal(who="human", classifier="minilm", source="few_shot", slope=slope, holm=holm)
    assert says in claims.beyond_real(beyond)


# In a browser


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not any(map(shutil.which, NAMES)):
        pytest.skip("no Chromium here")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def browse(chromium: Browser) -> Callable[..., Browser]:
    """Opens the page of the project."""

    def visit(fragment: str = "", **how: Any) -> Browser:
        chromium.open((paths.REPORT / "index.html").absolute(), fragment, **how)
        return chromium

    return visit


PICK = """(kind, value) => { const one = document.querySelector(`[data-chooses=${kind}]`);
  one.value = value; one.dispatchEvent(new Event("change")); }"""
SHOWN = """[...document.querySelectorAll("article, [data-classifier]")].filter((one) => one.checkVisibility())
  .map((one) => one.id || one.dataset.classifier)"""


def test_the_selectors_choose_and_tables_sort(study: Callable[..., str], browse: Callable[..., Browser]) -> None:
    study(tasks=("a", "b", "c", "d"))
    page = browse()
    assert page.run("document.querySelectorAll('.chart svg').length") >= 5
    page.run(f"({PICK})('task', 'c'); ({PICK})('classifier', 'words')")
    page.settle()
    shown = set(page.run(SHOWN))
    assert "task-c" in shown and shown - {"task-c"} <= {"words", "words tfidf"}
    assert page.run("location.hash") == "#task=c&classifier=words"
    sort = """(at, column, clicks) => { const table = [...document.querySelectorAll("table")]
        .filter((one) => one.checkVisibility() && one.caption.textContent.includes(at))[0];
      const head = [...table.tHead.rows[0].cells].find((one) => one.textContent.startsWith(column));
      for (let n = 0; n < clicks; n++) head.querySelector("button").click();
      return [...table.tBodies[0].rows].map((row) => Number(row.cells[head.cellIndex].dataset.value ?? NaN)); }"""
    gaps = page.run(f"({sort})('in each task', 'Gap', 1)")
    assert len(gaps) == 4 and gaps == sorted(gaps, reverse=True)
    scores = page.run(f"({sort})('Scores of words', 'Macro-F1', 1)")
    assert len(scores) == len(MIXES) and scores == sorted(scores, reverse=True)
    # The baseline has no gap: it stays last.
    rising = page.run(f"({sort})('Scores of words', 'Gap', 2)")
    assert rising[4:] == [None] and rising[:4] == sorted(rising[:4])
    assert page.complaints == []


def test_a_link_leads_to_its_task_and_keeps_what_was_chosen(
    study: Callable[..., str], browse: Callable[..., Browser]
) -> None:
    study(tasks=("a", "b", "c", "d"))
    assert "task-b" in browse("#task-b").run(SHOWN)
    page = browse("#task=c&classifier=words&loss=1.5&price=0.5")
    assert {shown.split()[0] for shown in page.run(SHOWN)} == {"task-c", "words"}
    panel = 'document.querySelector("#task-c .panel").elements'
    assert page.run(f"[{panel}.loss.ariaValueText, {panel}.price.ariaValueText]") == ["1.5 points", "$0.50"]


def test_texts_are_filtered_and_named_ones_are_shown(study: Callable[..., str], browse: Callable[..., Browser]) -> None:
    study()
    page = browse()
    page.run("""
      const [source, label] = document.querySelectorAll(".browser select");
      const pick = (select, words) => {
        select.value = [...select.options].find((one) => one.textContent === words).value;
        select.dispatchEvent(new Event("change")); };
      pick(source, "few-shot"); pick(label, "red"); document.querySelector("details.named").open = true;
    """)
    page.wait("document.querySelector('.named ul') && document.querySelector('.browser li')")
    listed = page.run("[...document.querySelectorAll('.browser li')].map((one) => one.textContent)")
    assert len(listed) == 5 and all(words.endswith("few-shot · red") for words in listed)
    assert "a colour of a thing 0" in page.run("document.querySelector('details.named').textContent")
    # All sets have texts of one id: each side shows those of its own.
    sides = page.run("[...document.querySelectorAll('.named ul')].map((one) => one.querySelector('small').textContent)")
    assert [side.split(" · ")[0] for side in sides] == ["few-shot", "real"]


def test_each_slider_changes_what_it_decides(study: Callable[..., str], browse: Callable[..., Browser]) -> None:
    study()
    # The made-up predictions alone leave gap and worth too wide to say anything.
    whole = files.read_json(paths.metrics("evaluate", "colours"))
    gap = whole["classifiers"]["tfidf"]["gaps"]["few_shot"]["real"]
    gap["macro_f1"] |= {"value": -0.06, "low90": -0.08, "high90": -0.04}
    gap["at_most"] = {}
    whole["classifiers"]["words"]["mixes"]["few_shot"]["worth"] |= {"labels": 200, "low": 100, "high": 400}
    files.write_json(paths.metrics("evaluate", "colours"), whole)
    report.run()
    page = browse()
    looks = page.run("""(() => {
      const panel = document.querySelector(".panel"), looks = {};
      const line = (key) => panel.querySelector(`[data-says=${key}]`).textContent;
      const look = (name) => { looks[name] = { advice: panel.querySelector(".says").textContent,
        labels: line("labels"), price: line("price"), cost: line("cost"), link: location.hash,
        at: document.querySelector(".strip").style.getPropertyValue("--at") }; };
      const move = (name, place) => { panel.elements[name].value = place;
        panel.elements[name].dispatchEvent(new Event("input")); look(name); };
      look("start"); move("labels", 0); move("price", 11); move("cost", 9); move("loss", panel.elements.loss.max);
      const chooser = document.querySelector("[data-chooses=classifier]");
      chooser.value = "words"; chooser.dispatchEvent(new Event("change")); look("classifier");
      return looks;
    })()""")
    assert page.run("[...document.querySelectorAll('h1')].filter((one) => one.checkVisibility()).length") == 1
    result, (task,) = TaskResult.load("colours"), report.read()[0]
    assert looks["start"]["advice"] == task.verdict.advice == "Label." and looks["start"]["at"] == "0.3"
    _, curve = result.mix_curve("tfidf", "few_shot")
    for name, point in (("start", curve.points[-1]), ("labels", curve.points[0])):
        real = result.classifiers["words"].mixes[point.alone].macro_f1.value
        assert f"With {point.rows} labels, words scores {100 * real:.1f}" in looks[name]["labels"]
        assert words.fixed(round(100 * point.gain.value, 1), "+.1f") + "\u00a0points" in looks[name]["labels"]
    _, worth = result.worth("tfidf", "few_shot")
    assert worth.labels and f"would cost {prices.money(1.0 * worth.labels)}" in looks["price"]["price"]
    even = prices.BreakEven.of(10.0, worth)
    ends = f"{prices.money(even.low)} to {prices.money(even.high)}"
    assert even.high and f"costs more than {ends}" in looks["cost"]["cost"]
    (row,) = (row for row in what_if.of_classifiers(task) if row.name == "tfidf")
    assert row.spans[-1].word == "let the LLM write" and looks["loss"]["advice"] == "Let the LLM write."
    assert looks["loss"]["at"] == "1"
    assert "was set before looking" in page.run("document.querySelector('.panel').textContent")
    of_words = what_if.panel(task)["of"]["words"]
    assert looks["classifier"]["cost"] == of_words["cost"][9] != looks["loss"]["cost"]
    assert looks["classifier"]["link"] == "#classifier=words&labels=50&price=1&cost=10&loss=10"


def test_a_figure_is_saved_as_what_its_button_says(
    study: Callable[..., str], browse: Callable[..., Browser], tmp_path: Path
) -> None:
    study()
    page = browse()
    folder = tmp_path / "saved"
    page.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    page.run(
        "document.querySelectorAll('#task-colours .save')[0].querySelectorAll('button').forEach((one) => one.click())"
    )
    until = time.monotonic() + 30
    while time.monotonic() < until and len(list(folder.glob("what-words-scores*[gv]"))) < 3:
        time.sleep(0.05)
    saved = {path.suffix: path.read_bytes() for path in folder.iterdir()}
    assert saved.keys() == {".svg", ".png", ".csv"}
    assert b"What words scores with the labels you have" in saved[".svg"] and b"var(--" not in saved[".svg"]
    assert saved[".png"].startswith(b"\x89PNG") and struct.unpack(">I", saved[".png"][16:20])[0] > 1400
    head, *rows = saved[".csv"].decode().splitlines()
    assert '"rows"' in head and len(rows) >= len(CURVE)


def test_a_phone_hides_and_cuts_nothing(study: Callable[..., str], browse: Callable[..., Browser]) -> None:
    study()
    page = browse(width=390)
    page.run("document.querySelectorAll('details:not(.named)').forEach((one) => { one.open = true; })")
    page.settle()
    assert page.run("document.documentElement.scrollWidth") == 390
    cut = """[...document.querySelectorAll(".chart svg text")].filter((one) => {
      const mine = one.getBoundingClientRect(), all = one.ownerSVGElement.getBoundingClientRect();
      return mine.width && (mine.left < all.left - 1 || mine.right > all.right + 1); }).map((one) => one.textContent)"""
    assert page.run(cut) == []
    assert page.run("[...document.querySelectorAll('table')].every((one) => one.closest('.scroll'))")


def test_the_page_prints_what_is_closed_on_screen(study: Callable[..., str], browse: Callable[..., Browser]) -> None:
    study()
    page = browse()
    shut, width = (
        "document.querySelectorAll('details:not([open], .named)').length",
        "document.querySelector('.chart').view.width()",
    )
    before = page.run(f"[{shut}, {width}]")
    page.run(f"addEventListener('beforeprint', () => {{ window.onPaper = [{shut}, {width}]; }})")
    printed = page.printed()
    assert printed.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", printed)) > 5
    on_paper = page.run("onPaper")
    assert before[0] > 5 and on_paper[0] == 0 and on_paper[1] != before[1]
    # The screen is as it was.
    page.wait(f"{shut} === {before[0]} && Math.abs({width} - {before[1]}) < 2", 5)
    page.ask("Emulation.setEmulatedMedia", media="print")
    assert not page.run("document.querySelector('.panel').checkVisibility()")
    assert page.run("document.querySelector('.strip').checkVisibility()")
    # Chromium leaves buttons out of a head that it repeats on the next page.
    assert page.run("getComputedStyle(document.querySelector('th button')).display") == "contents"


def test_without_javascript_figures_are_pictures(study: Callable[..., str], browse: Callable[..., Browser]) -> None:
    source = study()
    pictures = re.findall(r"<noscript>(<svg.*?</svg>)</noscript>", source, flags=re.S)
    # All but the map, which shows texts when they are pointed at.
    assert len(pictures) == source.count('class="chart"') - 1
    assert all("var(--" in picture and "NaN" not in picture for picture in pictures)
    page = browse(scripts=False)
    assert page.run("[...document.querySelectorAll('noscript svg')].filter((one) => one.clientHeight > 100).length") > 5
    assert page.run("[...document.querySelectorAll('.chart')].filter((one) => one.checkVisibility()).length") == 0
    assert (
        page.run("[...document.querySelectorAll('form, .save, [data-chooses]')].some((one) => one.checkVisibility())")
        is False
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(
    study: Callable[..., str], browse: Callable[..., Browser], scheme: str
) -> None:
    axe = Path(pytest.importorskip("axe_core_python").__file__).with_name("axe.min.js")
    study()
    page = browse(prefers_color_scheme=scheme)
    page.run("document.querySelectorAll('details:not(.named)').forEach((one) => { one.open = true; })")
    page.settle()
    page.run(axe.read_text(encoding="utf-8"))
    violations = page.run("axe.run().then(({ violations }) => violations.map((one) => [one.id, one.nodes[0].html]))")
    assert violations == []


def test_hostile_words_do_nothing_in_a_browser(study: Callable[..., str], browse: Callable[..., Browser]) -> None:
    study(hostile, tasks=tuple("abcde"))
    page = browse()
    assert page.complaints == []
    assert not page.run("document.title").startswith("owned")


# To share


@pytest.mark.parametrize("tasks", [("colours",), ("a", "b", "c", "d")])
def test_the_card_and_the_badge_say_the_verdict(study: Callable[..., str], tasks: tuple[str, ...]) -> None:
    study(tasks=tasks)
    headline = files.read_json(paths.HEADLINE)
    card = ET.parse(paths.REPORT / "card.svg").getroot()
    assert (card.get("width"), card.get("height")) == ("1200", "630")
    words = " ".join(card.itertext())
    assert f"cost {-headline['gap']:.1f}\u00a0points" in words
    # A row of the strip for each classifier, of one task or of the mean over all.
    assert "tfidf" in words and "words" in words and "at each accepted loss" in words
    picture = (paths.REPORT / "card.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and struct.unpack(">II", picture[16:24]) == (1200, 630)
    badge = " ".join(ET.parse(paths.REPORT / "badge.svg").getroot().itertext())
    assert f"{headline['verdict']} (−{-headline['gap']:.1f})".replace("'", "’") in badge


# From metrics alone


def test_without_texts_the_page_says_so_and_has_all_numbers(study: Callable[..., str]) -> None:
    with_texts = Page(study()).text
    shutil.rmtree("data")
    report.run()
    page = Page((paths.REPORT / "index.html").read_text(encoding="utf-8")).text
    assert "The texts are not here" in page and "The texts are not here" not in with_texts
    assert _numbers(page) <= _numbers(with_texts)
    assert "Where it fails" in page and "macro-F1" in page


def test_a_kept_study_has_its_report_beside_its_metrics(study: Callable[..., str]) -> None:
    study()
    kept = Path("results/kept")
    kept.mkdir(parents=True)
    for name in ("metrics", "params.yaml"):
        shutil.move(name, kept / name)
    shutil.rmtree(paths.REPORT)
    report.run(kept)
    assert "Colours of things" in (kept / "report/REPORT.md").read_text()
    assert (kept / "report/index.html").exists() and not paths.REPORT.exists()
    # What is read of a kept study is its own, though the project has other metrics or none.
    assert all(task.diversity and task.diversity.clear_cut for task in report.read(kept)[0])
    with pytest.raises(PyriteError, match="results: holds no study"):
        report.run(Path("results"))
