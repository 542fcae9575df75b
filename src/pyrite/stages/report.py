"""report: the study as a page for people.

Reads what `metrics/` has of the tasks in `params.yaml`, the task cards, the prompts, and, where they are there, what
the fits noted while they were trained (`models/`) and the texts (`data/prepared/`, `data/sources/`, `data/dropped/`,
`data/maps/`).
Writes `report/index.html` (one file, opens offline), `report/REPORT.md`, `report/figures/*.svg`, and a card and a badge
to share (`report/card.svg`, `card.png`, `badge.svg`). Texts are in the
page only, which git ignores: the real ones may not be ours to publish.
"""

import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import chdir
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yaml

from pyrite import params
from pyrite.base import console, files, paths, schema
from pyrite.base.errors import PyriteError
from pyrite.data import cards, mixes, texts
from pyrite.llm import prompts
from pyrite.measures.diversity import MEASURES
from pyrite.results import evaluation, options, tables
from pyrite.results.page import (
    card,
    claims,
    curve_charts,
    findings,
    next_steps,
    overall,
    score_charts,
    text_charts,
    trust,
    what_if,
)
from pyrite.results.page.drawing import Figure
from pyrite.results.page.findings import Findings, typographic
from pyrite.results.page.rendering import packed, render
from pyrite.results.study import Study
from pyrite.results.subjectivity import Subjectivity

T = TypeVar("T")

PACKAGES = ("pyrite", "torch", "transformers", "accelerate", "scikit-learn", "numpy", "pandas", "altair")

# The charts of each classifier of a task, by name.
FIGURES = curve_charts.FIGURES | score_charts.FIGURES | text_charts.FIGURES

# Of these there are no files: REPORT.md shows none.
PAGE_ONLY = ("called", "classes")
CURVES = ("options", "curve")

# How much is shown of a long text.
CHARACTERS = 400

# How large the page may be.
PAGE_BYTES = 2_900_000

# How much of a text the map shows.
HOVERED = 140


def run(folder: Path = Path()) -> None:
    """Write the page, its Markdown sister and the figures of both.

    Args:
        folder: of a kept study, where its report goes too.

    Raises:
        PyriteError: the folder holds no study, or what a stage must have written is missing.
    """
    tasks, subjectivity = read(folder)
    study = tasks[0].study
    prompt_of = {name: prompts.load(source.prompt) for name, source in study.written.items()}
    with chdir(folder):
        page = write(tasks, subjectivity, {"study": study, "prompts": prompt_of})
    console.log.print(f"report: {folder / paths.REPORT / 'index.html'}, {len(page.encode()) / 1e6:.1f} MB")


def read(folder: Path = Path()) -> tuple[list[Findings], Subjectivity | None]:
    """All that the metrics of a study say; the cards are those of this project.

    Args:
        folder: of a kept study, with its own `params.yaml` and `metrics/`.

    Raises:
        PyriteError: the folder holds no study, or what a stage must have written is missing.
    """
    if not (folder / paths.PARAMS).is_file():
        raise PyriteError(f"{folder}: holds no study: a study's folder has {paths.PARAMS} and metrics/")
    study = schema.load(folder / paths.PARAMS, params.Params)
    task_cards = [cards.load(task) for task in study.tasks]
    with chdir(folder):
        subjectivity = Subjectivity.find()
        return [findings.read(task_card, study, subjectivity) for task_card in task_cards], subjectivity


def write(tasks: Sequence[Findings], subjectivity: Subjectivity | None, view: dict[str, Any]) -> str:
    """Write the report's files; gives the page."""
    scored = [task for task in tasks if task.scored]
    view |= {
        "comparison": view["study"].compare,
        "tasks": scored,
        "unscored": [task for task in tasks if not task.scored],
    }
    view |= describe(scored, subjectivity) if scored else {"overall": None, "overalls": {}, "compared": {}}
    view["pictures"] = pictures(scored, view) if scored else {}
    drawn = {name: figure for of_task in view["pictures"].values() for name, figure in of_task.items()}
    for path in sorted((paths.REPORT / "figures").glob("*.svg")):
        if path.name not in drawn:
            path.unlink()
    for name, figure in drawn.items():
        files.write_text(paths.REPORT / "figures" / name, figure.svg)
    view |= {"maps": {}, "static": [], "shelves": {task.task: {} for task in tasks}}
    view["real"] = {task.task: real_texts(task) for task in scored}
    files.write_text(paths.REPORT / "REPORT.md", render("report.md.j2", view))
    share(scored, view)
    # What the rest leaves of the page's size: half for pictures for browsers without JavaScript, half of what is then
    # left for the texts at most, then the maps.
    left = PAGE_BYTES - len(render("report.html.j2", view).encode())
    view["static"] = static(in_order(scored, view), left // 2) if scored else []
    left -= sum(len(figure.inline.encode()) for figure in view["static"])
    view["shelves"] = {task.task: held for task in tasks if (held := shelf(task, left // 2 // len(tasks)))}
    left -= sum(len(packed(held)) for held in view["shelves"].values())
    page = render("report.html.j2", view | {"maps": maps(scored, left)})
    files.write_text(paths.REPORT / "index.html", page)
    return page


def describe(tasks: Sequence[Findings], subjectivity: Subjectivity | None) -> dict[str, Any]:
    """What both reports say of tasks with scores, beside the findings of each."""
    study = tasks[0].study
    overalls = overall.read(tasks)
    candidate = mixes.parse(study.compare.candidate).sources
    all_of_them = Study(study, tuple(tasks), ())
    ranked = {classifier: options.of(all_of_them, classifier) for classifier in study.train.classifiers}
    compared = {classifier: listed for classifier, listed in ranked.items() if len(listed) > 1}
    against_gap = {
        (correlation.kind, correlation.who, correlation.source): text_charts.against_gap(correlation, tasks)
        for correlation in (subjectivity.against_gap if subjectivity else ())
        if correlation.classifier == study.compare.classifier and correlation.source in candidate
        if correlation.rho.value is not None
    }
    return {
        "figures": {task.task: figures(task) for task in tasks},
        "panels": {task.task: what_if.panel(task) for task in tasks},
        "strips": {task.task: what_if.of_classifiers(task) for task in tasks},
        "next_steps": {task.task: next_steps.of_page(task) for task in tasks},
        "augmentation": {task.task: tables.augmentation([task.evaluated]) for task in tasks},
        "adjusted": all_of_them.adjusted,
        "overalls": overalls,
        "overall": overalls.get(study.compare.classifier),
        "compared": compared,
        "between": {key: [typographic(words) for words in options.between(all_of_them, key)] for key in compared},
        "subjectivity": subjectivity,
        "against_gap": against_gap,
        "measures": {
            measure.key: drawn
            for measure in MEASURES
            if measure.question and (drawn := text_charts.measures(tasks, measure))
        },
        "clear_cut": text_charts.clear_cut(tasks),
        "slopes": claims.slopes(tasks, study.compare.classifier),
        "parameters": yaml.safe_dump(study.model_dump(), sort_keys=False, allow_unicode=True),
        "versions": f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


def figures(task: Findings) -> dict[str, dict[str, Figure]]:
    """The charts of a task by name and classifier, as far as there is something to draw."""
    names = task.evaluated.classifiers
    return {key: {name: chart for name in names if (chart := draw(task, name))} for key, draw in FIGURES.items()}


def pictures(tasks: Sequence[Findings], view: Mapping[str, Any]) -> dict[str, dict[str, Figure]]:
    """What is drawn as SVG files, by task and name: charts of the study's classifier; "" has those over tasks."""
    drawn: dict[str, dict[str, Figure]] = {task.task: {} for task in tasks}
    for task in tasks:
        for key, charts in view["figures"][task.task].items():
            # Where the study's classifier has no learning curve, that of the first that has one.
            borrowed = list(charts.values())[:1] if key in CURVES else []
            own = [charts[task.comparison.classifier]] if task.comparison.classifier in charts else borrowed
            drawn[task.task] |= {f"{task.task}.{key}.svg": figure for figure in own if key not in PAGE_ONLY}
    drawn[""] = {"gaps.svg": view["overall"].gaps} if view["overall"] else {}
    drawn[""] |= {f"{key}.svg": figure for key, figure in view["measures"].items()}
    drawn[""] |= {"clear_cut.svg": view["clear_cut"]} if view["clear_cut"] else {}
    drawn[""] |= {f"against_gap.{'.'.join(key)}.svg": figure for key, figure in view["against_gap"].items()}
    return drawn


def share(tasks: Sequence[Findings], view: Mapping[str, Any]) -> None:
    """Write the card and the badge."""
    verdict = view["overall"].verdict if view["overall"] else tasks[0].verdict if tasks else None
    sentences = [claims.equals(tasks[0], tasks[0].comparison.classifier)] if len(tasks) == 1 else []
    sentences += [verdict.sentence] if verdict and not sentences else []
    rows = [replace(of_all.strip[0], name=classifier) for classifier, of_all in view["overalls"].items()]
    rows = rows or (what_if.of_classifiers(tasks[0]) if tasks else [])
    picture = card.card(tasks, verdict, sentences, rows)
    files.write_text(paths.REPORT / "card.svg", picture)
    files.write(paths.REPORT / "card.png", lambda file: file.write(card.png(picture)))
    files.write_text(paths.REPORT / "badge.svg", card.badge(schema.read_result(paths.HEADLINE, evaluation.Headline)))


def in_order(tasks: Sequence[Findings], view: Mapping[str, Any]) -> list[Figure]:
    """All figures but the maps, those of the study's classifier first and of these the first of each task."""
    classifier = tasks[0].comparison.classifier
    everywhere = [of_all.gaps for of_all in view["overalls"].values()]
    drawn = [view["figures"][task.task][key] for key in FIGURES for task in tasks]
    firsts = [charts[classifier] for charts in drawn if classifier in charts]
    rest = [chart for charts in drawn for chart in charts.values() if chart not in firsts]
    costs = [step.figure for step in view["next_steps"].values() if step.figure]
    return [*everywhere, *firsts, *rest, *costs, *view["against_gap"].values()]


def static(figures: Iterable[Figure], size: int) -> list[Figure]:
    """As many of the figures, the first first, as have pictures of so many bytes together."""
    pictured = []
    for figure in figures:
        size -= len(figure.inline.encode())
        if size < 0:
            break
        pictured.append(figure)
    return pictured


def maps(tasks: Sequence[Findings], size: int) -> dict[str, Figure]:
    """The map of each task that has one, all together in so many bytes: with as many texts as go into its share."""
    drawn = {}
    for task in tasks:
        path = paths.text_map(task.task)
        if (measured := task.diversity) is None or not path.exists():
            continue
        table = files.read_parquet(path)
        table["text"] = table["text"].map(lambda text: shown(text, HOVERED))
        # One text of each set after the other.
        turn = table.assign(turn=table.groupby("source").cumcount()).sort_values("turn", kind="stable")

        def draw(rows: pd.DataFrame, shares: tuple[float, float] = measured.map_variance) -> Figure:
            return text_charts.text_map(rows.sort_index(), shares)

        if figure := fitted(turn, size / len(tasks), draw, lambda figure: figure.spec):
            drawn[task.task] = figure
    return drawn


def fitted(rows: pd.DataFrame, size: float, make: Callable[[pd.DataFrame], T], data: Callable[[T], Any]) -> T | None:
    """What is made of the first rows: of as many as take so many bytes, packed; None where there is no room for one."""
    while len(rows) and size > 0:
        made = make(rows)
        if (much := len(packed(data(made))) / size) <= 1:
            return made
        rows = rows.head(int(len(rows) / max(much, 1.02)))
    return None


def real_texts(task: Findings) -> dict[str, str]:
    """The real texts that a task's section names by id: those that flip, and those that generated sets leave out."""
    path = paths.prepared(task.task)
    if not path.exists():
        return {}
    ids = {flip.id for classifier in task.verdicts for side in task.flips(classifier) for flip in side.clearest}
    ids |= {i for left_out in task.left_out.values() for region in left_out.regions for i in region.ids}
    real = texts.read(path)
    named = real[real["id"].isin(ids)]
    return {str(i): shown(text) for i, text in zip(named["id"], named["text"], strict=True)}


def shelf(task: Findings, size: int) -> dict[str, Any]:
    """The texts of a task that readers can look through, in so many packed bytes; nothing where they are not here.

    Those that the section names by id come first, real ones among them, then the others at random.

    Returns:
        `rows`, lists of id, source, label, reason and text, of which the middle three are places in `sources`, `labels`
        and `reasons` ("" is kept); `left_out`, how many texts had no room.
    """
    named = set().union(*map(trust.named, task.diversity.scrutiny.values())) if task.diversity else set()
    kept = {source: paths.source(task.task, source) for source in task.generated}
    if not paths.prepared(task.task).exists() or not all(path.exists() for path in kept.values()):
        return {}
    real = texts.read(paths.prepared(task.task))
    parts = [real[real["id"].isin(named)].assign(source="real", reason="")]
    for source, path in kept.items():
        parts.append(texts.read(path).assign(source=source, reason=""))
        if (dropped := paths.dropped(task.task, source)).exists():
            parts.append(files.read_parquet(dropped).assign(source=source))
    every = pd.concat(parts)[["id", "source", "label", "reason", "text"]]
    every["text"] = every["text"].map(shown)
    every = every.sample(frac=1, random_state=0)
    every = pd.concat([every[every["id"].isin(named)], every[~every["id"].isin(named)]])

    def listed(rows: pd.DataFrame) -> dict[str, Any]:
        coded = {column: rows[column].astype("category").cat for column in ("source", "label", "reason")}
        codes = (values.codes.tolist() for values in coded.values())
        lines = [list(row) for row in zip(rows["id"], *codes, rows["text"], strict=True)]
        names = {f"{column}s": values.categories.tolist() for column, values in coded.items()}
        return names | {"rows": lines, "left_out": len(every) - len(rows)}

    return fitted(every, size, listed, lambda shelved: shelved) or {}


def shown(text: str, characters: int = CHARACTERS) -> str:
    """A text as the page can show it: no control characters, which HTML does not allow, and not too long."""
    text = re.sub(f"[{console.CONTROL}]", "�", text)
    return text if len(text) <= characters else text[:characters] + "…"
