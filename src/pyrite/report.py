"""report: the study as a page for people.

Reads what `metrics/` has of the tasks in `params.yaml`, the task cards, the prompts and, for the texts that the page
shows, `data/prepared/` and `data/synthetic/`. Writes `report/index.html` (one file, opens offline), `report/REPORT.md`
and `report/figures/*.svg`. Texts are in the page only, which git ignores: the real ones may not be ours to publish.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pyrite import charts, console, figures, files, findings, mixes, params, paths, settings, tables, texts, verdict
from pyrite.findings import Findings
from pyrite.params import Params

TEMPLATES = Path(__file__).parent / "templates"
PACKAGES = ("pyrite", "torch", "transformers", "accelerate", "scikit-learn", "numpy", "pandas", "altair")

# What Markdown or HTML might read as a sign; an underscore within a word is none.
_SIGNS = re.compile(r"[\\`*\[\]{}<>#!|~$&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

# Texts shown of each label and source, and how much of a long one.
EXAMPLES = 3
CHARACTERS = 400


def run() -> None:
    """Write the page, its Markdown sister and the figures of both."""
    study = params.load()
    found = [findings.read(task, study) for task in study.tasks]
    view = describe(found, study)
    drawn = pictures(found, study)
    for path in sorted((paths.REPORT / "figures").glob("*.svg")):
        if path.name not in drawn:
            path.unlink()
    for name, picture in drawn.items():
        files.write_text(paths.REPORT / "figures" / name, picture)
    files.write_text(paths.REPORT / "REPORT.md", render("report.md.j2", view))
    read = {
        "texts": {task: examples(task, study.generate.settings) for task in study.tasks},
        "real": {task["findings"].task: real_texts(task) for task in view["tasks"]},
    }
    page = render("report.html.j2", view | read)
    files.write_text(paths.REPORT / "index.html", page)
    console.log.print(f"report: {paths.REPORT / 'index.html'}, {len(page.encode()) / 1e6:.1f} MB")


def describe(found: Sequence[Findings], study: Params) -> dict[str, Any]:
    """All that both reports say, as the templates want it."""
    adjusted, subjectivity = _adjusted(), findings.optional(paths.SUBJECTIVITY)
    annotated = subjectivity["tasks"] if subjectivity else {}
    several = len(found) > 1
    return {
        "study": study,
        "tasks": [task(one, study, adjusted, annotated.get(one.task, {})) for one in found],
        "overall": findings.verdict_of(verdict.over_tasks([one.case for one in found])) if several else None,
        "gaps": figures.gaps(found, study.compare) if several else None,
        "subjectivity": subjectivity,
        "against_gap": figures.against_gap(subjectivity, found, study.compare) if subjectivity else [],
        "prompts": {name: settings.load(name) for name in study.generate.settings},
        "versions": {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }


def task(
    found: Findings, study: Params, adjusted: dict[tuple[str, str, str], float], annotated: dict[str, Any]
) -> dict[str, Any]:
    """What is said of one task."""
    asked, evaluated = study.compare, found.evaluated["encoders"]
    with_curve = {encoder: figure for encoder in evaluated if (figure := figures.curve(found, encoder, asked))}
    return {
        "findings": found,
        "verdict": findings.verdict_of(found.case),
        "gap": evaluated[asked.encoder]["gaps"][asked.candidate][asked.baseline]["macro_f1"],
        "worth": verdict.worth(found.evaluated, asked.encoder, asked.candidate),
        "encoders": {
            encoder: {
                "scores": figures.scores(found, encoder, asked),
                "classes": figures.classes(found, encoder, asked),
                "agreement": figures.agreement(annotated, encoder, asked),
                # An encoder without a learning curve shows that of the first that has one.
                "curve_of": encoder if encoder in with_curve else next(iter(with_curve), None),
                "adjusted": {mix: adjusted.get((found.task, encoder, mix)) for mix in entry["mixes"]},
            }
            for encoder, entry in evaluated.items()
        },
        "curves": with_curve,
        "annotated": {who: annotated[who] for who in findings.ANNOTATORS if who in annotated},
        "remarks": verdict.remarks(found.evaluated, asked),
        "flips": findings.flips(found, asked),
        "confusions": findings.confusions(found, asked),
        "left_out": findings.left_out(found, asked),
        "mix_curve": figures.mix_curve(found, asked),
        "augmentation": tables.augmentation([found.evaluated]),
        "told_apart": findings.told_apart(found, asked),
        "unmeasured": findings.unmeasured(found),
    }


def _adjusted() -> dict[tuple[str, str, str], float]:
    """The p-value adjusted over the tasks, of each (task, encoder, mix) that has one."""
    with paths.TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["task"], row["encoder"], row["mix"]): float(row["p_holm"]) for row in rows if row["p_holm"]}


def examples(task: str, generated: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """A few training texts of each label, real and of each setting: those with the lowest ids, which is at random."""
    sources = {"real": texts.read(paths.prepared(task))}
    sources |= {setting: texts.read(paths.synthetic(task, setting)) for setting in generated}

    def some(frame: pd.DataFrame, label: str) -> list[str]:
        mine = frame[(frame["split"] == "train") & (frame["label"] == label)]
        return [shown(text) for text in mine.sort_values("id")["text"].head(EXAMPLES)]

    all_labels = sorted(sources["real"]["label"].unique())
    return {label: {source: some(frame, label) for source, frame in sources.items()} for label in all_labels}


def real_texts(task: dict[str, Any]) -> dict[str, str]:
    """The real texts that a task's section names by id: those that flip, and those that generated sets leave out."""
    ids = {one["id"] for side in task["flips"] for one in side.clearest}
    ids |= {i for found in task["left_out"].values() for region in found["regions"] for i in region["ids"]}
    real = texts.read(paths.prepared(task["findings"].task))
    mine = real[real["id"].isin(ids)]
    return {str(i): shown(text) for i, text in zip(mine["id"], mine["text"], strict=True)}


def shown(text: str) -> str:
    """A text as the page can show it: no control characters, which HTML does not allow, and not too long."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]", "�", text)
    return text if len(text) <= CHARACTERS else text[:CHARACTERS] + "…"


def pictures(found: Sequence[Findings], study: Params) -> dict[str, str]:
    """The SVG files: each task's scores and learning curve, by file name."""
    drawn = {}
    asked = study.compare
    for one in found:
        about = f"{one.card.title}. {asked.encoder}, mean and 95 % interval over seeds and test texts."
        figure = figures.scores(one, asked.encoder, asked)
        drawn[f"{one.task}.scores.svg"] = charts.svg(figure.chart, figure.title, about)
        for encoder in (asked.encoder, *one.evaluated["encoders"]):
            if learned := figures.curve(one, encoder, asked):
                about = f"{one.card.title}. {encoder}; bars at the foot are 95 % intervals of worth."
                drawn[f"{one.task}.curve.svg"] = charts.svg(learned.chart, learned.title, about)
                break
    return drawn


# Rendering


def render(template: str, view: dict[str, Any]) -> str:
    """Fill a template. Everything that is put in is escaped, in Markdown as HTML entities too."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html.j2"),
        finalize=None if template.endswith(".html.j2") else markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"mix": findings.name, "p": p_value, "css": css} | {
        form.__name__: form
        for form in (
            *(findings.family, findings.interval, findings.gap, findings.worth, findings.labels, findings.capital),
            *(findings.measure, findings.minus, number, points),
        )
    }
    environment.globals |= {
        **{"library": library, "own": own, "digest": digest, "LIGHT": charts.LIGHT, "DARK": charts.DARK},
        **{"contaminated": verdict.contaminated, "settings_of": mixes.settings_of},
        **{"DIVERSITY": findings.DIVERSITY, "ANNOTATORS": findings.ANNOTATORS},
    }
    return environment.get_template(template).render(view)


def markdown(value: Any) -> Any:
    """A text whose signs of Markdown and HTML are entities: it then shows as itself and never does anything."""
    return _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", " ".join(value.split())) if isinstance(value, str) else value


def number(value: float) -> str:
    return f"{value:,}"


def points(share: float) -> str:
    return f"{100 * share:.1f}"


def p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def css(palette: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in palette.items())


def library() -> str:
    """The chart library, unable to end or comment out the element that it is in."""
    return charts.library().replace("</script", "<\\/script").replace("<!--", "<\\!--")


def own(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """What a content security policy wants of a script: only scripts with such a digest may run in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
