"""report: the study as a page for people.

Reads what `metrics/` has of the tasks in `params.yaml`, the task cards, the prompts, what the fits noted while they
were trained (`models/`) and, for the texts that the page shows, `data/prepared/`, `data/synthetic/` and `data/maps/`.
Writes `report/index.html` (one file, opens offline), `report/REPORT.md` and `report/figures/*.svg`. Texts are in the
page only, which git ignores: the real ones may not be ours to publish.
"""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from pyrite import params, results
from pyrite.base import console, files, paths
from pyrite.data import mixes, texts
from pyrite.llm import prompts
from pyrite.measures.diversity import MEASURES
from pyrite.params import Params
from pyrite.results import charts, figures, findings, subjectivity, tables, verdict
from pyrite.results.findings import Findings
from pyrite.results.subjectivity import WHO, TaskSubjectivity

TEMPLATES = Path(results.__file__).parent / "templates"
PACKAGES = ("pyrite", "torch", "transformers", "accelerate", "scikit-learn", "numpy", "pandas", "altair")

# What Markdown or HTML might read as a sign; an underscore within a word is none.
_SIGNS = re.compile(r"[\\`*\[\]{}<>#!|~$&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

# Texts shown of each label and source, and how much of a long one.
EXAMPLES = 3
CHARACTERS = 400

# How large the page may be.
PAGE_BYTES = 2_900_000

# How much of a text the map shows.
HOVERED = 140


def run() -> None:
    """Write the page, its Markdown sister and the figures of both."""
    study = params.load()
    found = [findings.read(task, study) for task in study.tasks if findings.scored(task)]
    unscored = [findings.read_unscored(task, study) for task in study.tasks if not findings.scored(task)]
    view: dict[str, Any] = describe(found, study) if found else {"study": study, "tasks": []}
    view["unscored"] = unscored
    drawn = pictures(found, study, view) if found else {}
    for path in sorted((paths.REPORT / "figures").glob("*.svg")):
        if path.name not in drawn:
            path.unlink()
    for name, picture in drawn.items():
        files.write_text(paths.REPORT / "figures" / name, picture)
    to_read = {task: examples(task, study.generate.settings) for task in study.tasks}
    view["texts"] = to_read
    if not found:
        files.write_text(paths.REPORT / "REPORT.md", render("unscored.md.j2", view))
        files.write_text(paths.REPORT / "index.html", render("only_generated.html.j2", view))
        return
    files.write_text(paths.REPORT / "REPORT.md", render("report.md.j2", view))
    named = {task["findings"].task: real_texts(task) for task in view["tasks"]}
    view |= {"real": named, "maps": {}}
    # The maps may fill what the rest leaves of the page's size.
    left = PAGE_BYTES - len(render("report.html.j2", view).encode())
    page = render("report.html.j2", view | {"maps": maps(found, left)})
    files.write_text(paths.REPORT / "index.html", page)
    console.log.print(f"report: {paths.REPORT / 'index.html'}, {len(page.encode()) / 1e6:.1f} MB")


def describe(found: Sequence[Findings], study: Params) -> dict[str, Any]:
    """All that both reports say, as the templates want it."""
    adjusted, found_subjectivity = _adjusted(), subjectivity.load()
    nothing = TaskSubjectivity(annotated={})
    of_task = found_subjectivity.tasks if found_subjectivity else {}
    annotated = {one.task: of_task.get(one.task, nothing) for one in found}
    several = len(found) > 1
    overall = verdict.over_tasks([one.case for one in found])
    return {
        "study": study,
        "tasks": [task(one, study, adjusted, annotated[one.task]) for one in found],
        "overall": findings.verdict_of(overall) if several else None,
        "overall_gap": {key: getattr(overall.gap, key) / 100 for key in ("mean", "low", "high")},
        "spent": findings.spent_over_tasks(found, study.compare, files.read_json(paths.HEADLINE)["cost_usd"]),
        "gaps": figures.gaps(found, study.compare) if several else None,
        "subjectivity": found_subjectivity,
        "against_gap": figures.against_gap(found_subjectivity, found, study.compare) if found_subjectivity else {},
        "measures": {one.key: figure for one in MEASURES if one.question and (figure := figures.measures(found, one))},
        "slopes": findings.slopes(annotated, study.compare.classifier),
        "parameters": yaml.safe_dump(study.model_dump(), sort_keys=False, allow_unicode=True),
        "prompts": {name: prompts.load(name) for name in study.generate.settings},
        "versions": {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }


def task(
    found: Findings, study: Params, adjusted: dict[tuple[str, str, str], float], annotated: TaskSubjectivity
) -> dict[str, Any]:
    """What is said of one task."""
    asked, evaluated = study.compare, found.evaluated["encoders"]
    with_curve = {encoder: figure for encoder in evaluated if (figure := figures.curve(found, encoder, asked))}
    return {
        "findings": found,
        "verdict": findings.verdict_of(found.case),
        "gap": evaluated[asked.classifier]["gaps"][asked.candidate][asked.baseline]["macro_f1"],
        "worth": verdict.worth(found.evaluated, asked.classifier, asked.candidate),
        "encoders": {
            encoder: {
                "scores": figures.scores(found, encoder, asked),
                "called": figures.called(found, encoder, asked),
                "classes": figures.classes(found, encoder, asked),
                "agreement": figures.agreement(annotated, encoder),
                "training": figures.training(histories(found.task, encoder, study), encoder),
                # An encoder without a learning curve shows that of the first that has one.
                "curve_of": encoder if encoder in with_curve else next(iter(with_curve), None),
                "adjusted": {mix: adjusted.get((found.task, encoder, mix)) for mix in entry["mixes"]},
            }
            for encoder, entry in evaluated.items()
        },
        "curves": with_curve,
        "llm_against_people": annotated.llm_against_people,
        "annotated": {who: annotated.annotated[who] for who in WHO if who in annotated.annotated},
        "remarks": findings.remarks(found, asked),
        "spent": {s: findings.spent(found.generated[s]) for s in mixes.settings_of(asked.candidate)},
        "said_of": findings.verdicts(found, asked),
        "flips": findings.flips(found, asked),
        "confusions": findings.confusions(found, asked),
        "left_out": findings.left_out(found, asked),
        "mix_curve": figures.mix_curve(found, asked),
        "augmentation": tables.augmentation([found.evaluated]),
        "told_apart": findings.told_apart(found, asked),
        "unmeasured": findings.unmeasured(found.diversity) if found.diversity else [],
        "duplicates": findings.duplicates(found.diversity) if found.diversity else "",
    }


def histories(task: str, encoder: str, study: Params) -> dict[str, list[dict[str, Any]]]:
    """What the fits on real rows and on each setting's noted while they were trained; none where they are not kept."""
    drawn = [mix for mix in study.train.classifiers[encoder].mixes if mix in ("real", *study.generate.settings)]
    files_of = {
        mix: [paths.fit(task, encoder, mix, s) / "history.json" for s in study.train.seeds_of(encoder)] for mix in drawn
    }
    return {
        mix: [files.read_json(path) for path in fits]
        for mix, fits in files_of.items()
        if all(path.exists() for path in fits)
    }


def maps(found: Sequence[Findings], size: int) -> dict[str, figures.Figure]:
    """The map of each task that has one, all together in so many bytes: with as many texts as go into its share."""
    drawn = {}
    for one in found:
        path = paths.text_map(one.task)
        if one.diversity is None or not path.exists():
            continue
        table = files.read_parquet(path)
        table["text"] = table["text"].map(lambda text: shown(text, HOVERED))
        # One text of each set after the other.
        turn = table.assign(turn=table.groupby("source").cumcount()).sort_values("turn", kind="stable")
        while size > 0 and len(turn):
            figure = figures.text_map(turn.sort_index(), one.diversity.map_variance)
            if (much := len(packed(figure.spec)) / (size / len(found))) <= 1:
                drawn[one.task] = figure
                break
            turn = turn.head(int(len(turn) / max(much, 1.02)))
    return drawn


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

    # Without real texts the labels are those that were generated.
    all_labels = sorted(sources["real"]["label"].unique()) or sorted(
        {label for frame in sources.values() for label in frame["label"]}
    )
    return {label: {source: some(frame, label) for source, frame in sources.items()} for label in all_labels}


def real_texts(task: dict[str, Any]) -> dict[str, str]:
    """The real texts that a task's section names by id: those that flip, and those that generated sets leave out."""
    ids = {one["id"] for side in task["flips"] for one in side.clearest}
    ids |= {i for found in task["left_out"].values() for region in found.regions for i in region.ids}
    real = texts.read(paths.prepared(task["findings"].task))
    mine = real[real["id"].isin(ids)]
    return {str(i): shown(text) for i, text in zip(mine["id"], mine["text"], strict=True)}


def shown(text: str, characters: int = CHARACTERS) -> str:
    """A text as the page can show it: no control characters, which HTML does not allow, and not too long."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]", "�", text)
    return text if len(text) <= characters else text[:characters] + "…"


def pictures(found: Sequence[Findings], study: Params, view: dict[str, Any]) -> dict[str, str]:
    """The SVG files by name: each task's scores, learning curve, agreement and training, and those over the tasks."""
    drawn = {}
    asked = study.compare
    for one, about_it in zip(found, view["tasks"], strict=True):
        about = f"{one.card.title}. {asked.classifier}, mean and 95 % interval over seeds and test texts."
        figure = figures.scores(one, asked.classifier, asked)
        drawn[f"{one.task}.scores.svg"] = charts.svg(figure.chart, figure.title, about)
        for encoder in (asked.classifier, *one.evaluated["encoders"]):
            if learned := figures.curve(one, encoder, asked):
                about = f"{one.card.title}. {encoder}; bars at the foot are 95 % intervals of worth."
                drawn[f"{one.task}.curve.svg"] = charts.svg(learned.chart, learned.title, about)
                break
        mine = about_it["encoders"][asked.classifier]
        for source, figure in mine["agreement"].items():
            about = f"{one.card.title}. 95 % intervals over test texts; each point holds those to its right."
            drawn[f"{one.task}.agreement.{source}.svg"] = charts.svg(figure.chart, figure.title, about)
        for key, figure in mine["training"].items():
            about = f"{one.card.title}. Mean over seeds."
            drawn[f"{one.task}.training.{key}.svg"] = charts.svg(figure.chart, figure.title, about)
    if gaps := view["gaps"]:
        about = f"{findings.name(asked.candidate)} minus {findings.name(asked.baseline)}, {asked.classifier}"
        about = f"{findings.capital(about)}. Shaded: within the margin. 95 % intervals."
        drawn["gaps.svg"] = charts.svg(gaps.chart, gaps.title, about)
    for key, figure in view["measures"].items():
        drawn[f"{key}.svg"] = charts.svg(figure.chart, figure.title, "Sets of equal size; 95 % intervals.")
    for key, figure in view["against_gap"].items():
        drawn[f"against_gap.{'.'.join(key)}.svg"] = charts.svg(figure.chart, figure.title, figure.note)
    return drawn


# Rendering


def render(template: str, view: dict[str, Any]) -> str:
    """Fill a template. Everything that is put in is escaped, in Markdown as HTML entities too."""
    # jinja2 escapes HTML, `markdown` Markdown.
    environment = jinja2.Environment(  # nosec B701
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
            *(findings.fixed, findings.minus, number, packed, points),
        )
    }
    environment.globals |= {
        **{
            "library": library,
            "script": script,
            "own": own,
            "digest": digest,
            "LIGHT": charts.LIGHT,
            "DARK": charts.DARK,
        },
        **{"contaminated": verdict.contaminated, "settings_of": mixes.settings_of},
        **{"MEASURES": MEASURES, "WHO": WHO, "ONE_LLM": subjectivity.ONE_LLM},
        **{"instance_claim": findings.instance_claim, "ranged": findings.ranged},
    }
    return environment.get_template(template).render(view)


def markdown(value: Any) -> Any:
    """A text whose signs of Markdown and HTML are entities: it then shows as itself and never does anything."""
    return _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", " ".join(value.split())) if isinstance(value, str) else value


def packed(spec: Mapping[str, Any]) -> str:
    """A chart as the page holds it: compressed, and made of letters that mean nothing to HTML."""
    text = json.dumps(spec, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


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


def script() -> str:
    """The page's own script, which finds in `config` how all charts look."""
    return f'"use strict";\nconst config = {json.dumps(charts.CONFIG)};\n{own("report.js")}'


def own(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """What a content security policy wants of a script: only scripts with such a digest may run in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
