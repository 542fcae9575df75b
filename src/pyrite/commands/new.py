"""New: from a file of the user's to a task: a commented card, what is in the data, and what to do next.

Writes `tasks/<id>.yaml`, empty `data/recordings/<id>/` and `data/imported/<id>/` (DVC wants them) and the task's name
into `params.yaml`: the study is then of this task.
"""

import csv
import re
import subprocess  # to ask git of one file  # nosec B404
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from pyrite import params
from pyrite.base import console, files, paths, schema
from pyrite.base.errors import PyriteError
from pyrite.data import cards, language, shards, sheets, texts, user_files
from pyrite.data.profile import DatasetProfile, look, require_several
from pyrite.llm import annotators, costs, generation, labelling, prompts
from pyrite.llm.generation import GenerationRun
from pyrite.params import Labelled
from pyrite.results import cost_table, data_overview, preparation
from pyrite.training import embedding_check

LONGEST_ID = 60

# The shortest and longest texts don't decide what is asked for.
LENGTHS = (0.05, 0.95)
GUESSED_LENGTHS = (5, 40)

# What a card says of a file of the user's.
PINNED = {"kind", "path", "sha256", "format", "text", "label", "values", "other_values", "licence"}


def run(
    task: str,
    path: Path | None,
    text: str | None,
    label: str | None,
    labels: str | None,
    model: str | None,
    waiting: Path | None,
    refresh: bool,
) -> None:
    """Make a task, or with `refresh` read the data of one anew.

    Raises:
        PyriteError: the name, the file or its columns are no good; nothing was written.
    """
    named = None if labels is None else _labels(labels)
    if refresh:
        if named or model:
            raise PyriteError("new --refresh: labels are those of the card, and the LLM that of params.yaml: edit them")
        _refresh(task, path, text, label, waiting)
        return
    _check_name(task)
    if path is None:
        if not named:
            raise PyriteError("new: name your file with --from, or with no data at all the labels with --labels a,b,c")
        if label or (text and waiting is None):
            raise PyriteError("new: --text and --label name columns of a file: name it with --from")
        profile = None
        require_several(named, "--labels")
    else:
        profile = look(path, text, label, named, params.load().train.folds)
        named = profile.labels
    usual = profile.source.text if profile else "text"
    file = None if waiting is None else user_files.look_at_texts(waiting, None if profile else text, usual)
    card_text = render(task, named, profile, file)
    card = schema.parse(card_text, paths.card(task), cards.Card)
    study_text, before, study = _study(task, model)
    needs = estimate_cost(card, study, profile)
    for folder in (paths.recorded_labels(task).parent, paths.imported(task, "any").parent):
        files.write_text(folder / ".gitkeep", "")
    files.write_text(paths.card(task), card_text)
    files.write_text(paths.PARAMS, study_text)
    out = console.screen()
    if profile:
        data_overview.show(profile, card.language, out)
        alike = embedding_check.look(profile.table["text"].tolist(), card.language, study.generate.contamination_cosine)
        if alike > embedding_check.MOST_ALIKE:
            out.print(preparation.blind(alike, preparation.resting_on_minilm(study.train.classifiers)))
    _say_next(card, before, study, needs, profile, out)


def _labels(option: str) -> list[str]:
    """The labels of `--labels`, of which one with a comma is in double quotes."""
    parts = next(csv.reader([option], skipinitialspace=True), [])
    return [label for part in parts if (label := texts.normalise_label(part))]


def _check_name(task: str) -> None:
    try:
        good = len(schema.plain(task)) <= LONGEST_ID
    except ValueError:
        good = False
    if not good:
        raise PyriteError(
            f"new: '{task}' can't name a task: take lower-case letters, digits and _, beginning with a letter, at most "
            f"{LONGEST_ID}, and no word that YAML takes for another value, such as no or null"
        )
    if task in paths.NO_TASKS:
        raise PyriteError(f"new: '{task}' can't name a task: the project has a file of that name; take another")
    if paths.card(task).exists():
        raise PyriteError(
            f"{paths.card(task)}: is there already and may hold your edits: take another name, or take in a changed "
            f"file with `pyrite new {task} --refresh`"
        )


# The card and the study


def render(task: str, labels: Sequence[str], profile: DatasetProfile | None, file: cards.TextFile | None = None) -> str:
    """The card of a task, with comments that say what to edit."""
    name = task.replace("_", " ")
    listed = ", ".join(labels) if len(labels) <= 20 else f"{', '.join(labels[:20])}, ..."
    spoken = language.guess(profile.table["text"]) if profile else language.ENGLISH
    template: jinja2.Template = jinja2.Template(
        (Path(__file__).parent / "templates/card.yaml.j2").read_text(encoding="utf-8"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return template.render(
        quoted=schema.quoted,  # of a card, which is YAML, it escapes every value
        task=task,
        title=name[0].upper() + name[1:],
        description=f"Given a text, say which of these labels it has: {listed}.",
        source=profile.source if profile else None,
        unlabelled=file,
        language=spoken,
        unit=language.unit(spoken),
        lengths=_lengths(profile) if profile else GUESSED_LENGTHS,
        labels=labels,
        rows=profile.rows if profile else {},
        total=sum(profile.rows[label] for label in labels) if profile else 0,
    )


def _lengths(profile: DatasetProfile) -> tuple[int, int]:
    lengths = profile.table["text"].map(texts.length)
    least, most = (int(lengths.quantile(end, interpolation="nearest")) for end in LENGTHS)
    return max(1, least), max(1, most)


def _study(task: str, model: str | None) -> tuple[str, tuple[str, ...], params.Params]:
    """`params.yaml` with this task as the study's, and with an LLM where one is named; the tasks before; the study."""
    before = params.load().tasks

    def change(study: Any) -> None:
        del study["tasks"][:-1]  # the last one has the comments that follow
        study["tasks"][0] = task
        if model is not None:
            study["generate"]["provider"] = "openai"
            study["llms"][study["annotate"]["llm"]]["model"] = model
            _rename_llm(study, model)

    source = schema.edit(schema.read(paths.PARAMS), change)
    return source, before, schema.parse(source, paths.PARAMS, params.Params)


def _rename_llm(study: Any, model: str) -> None:
    """Give the LLM of annotations, and all that asks it, a name that is made of its model's; comments stay."""
    name = re.sub(r"[^a-z0-9]+", "_", model.casefold()).strip("_")
    llms, before = study["llms"], study["annotate"]["llm"]
    if not name[:1].isalpha() or not schema.is_word(name) or name in llms:
        return
    place, comment = list(llms).index(before), llms.ca.items.pop(before, None)
    llms.insert(place, name, llms.pop(before))
    if comment:
        llms.ca.items[name] = comment
    for user in (study["annotate"], *study["sources"].values()):
        for key in ("llm", "check_llm"):
            # Of an imported source `llm` is who wrote it, in anybody's words.
            if user.get(key) == before and (key, user.get("kind")) != ("llm", "imported"):
                user[key] = name


def _refresh(task: str, path: Path | None, text: str | None, label: str | None, waiting: Path | None) -> None:
    """Take a changed file, another one or what `next` chose into the card of a task; what else is in it stays."""
    card = cards.load(task)
    source = card.source
    if waiting is not None:
        if path is not None:
            raise PyriteError("new --refresh: take in --from and --unlabelled one after the other")
        file = user_files.look_at_texts(waiting, text, getattr(source, "text", "text"))
        cards.put(card, "unlabelled", file.model_dump(include={"path", "sha256", "format", "text"}))
        console.screen().print(f"{paths.card(task)} now pins {file.path}. Which to label first: pyrite next {task}")
        return
    if path is not None and sheets.is_chosen(path) and not isinstance(source, cards.NoData):
        _take_sheet(card, path)
        return
    if not isinstance(source, (cards.LocalFile, cards.NoData)):
        raise PyriteError(f"{paths.card(task)}: source: its data are downloaded; only a file of yours can be refreshed")
    if isinstance(source, cards.LocalFile):
        path, text, label = path or Path(source.path), text or source.text, label or source.label
    if path is None:
        raise PyriteError(f"{paths.card(task)}: has no real data yet; name a file of them with --from")
    profile = look(path, text, label, list(card.labels), params.load().train.folds)
    pinned = {key: value for key, value in profile.source.model_dump(include=PINNED).items() if value}
    pinned["licence"] = source.licence if isinstance(source, cards.LocalFile) else "not stated"
    card_text = schema.edit(schema.read(paths.card(task)), lambda card: _pin(card["source"], pinned))
    schema.parse(card_text, paths.card(task), cards.Card)
    files.write_text(paths.card(task), card_text)
    out = console.screen()
    data_overview.show(profile, card.language, out)
    if profile.others:
        listed = ", ".join(f"{label} ({rows:,})" for label, rows in profile.others.most_common())
        out.print(
            f"The card does not have the labels {listed}, so their rows are left out. To take one, write it "
            f"under labels in {paths.card(task)} and run this again."
        )
    out.print(f"{paths.card(task)} now pins {profile.source.path} as it is. Next: dvc repro")


def _take_sheet(card: cards.Card, path: Path) -> None:
    """Take the labels of a sheet of `next` into the card: rows to train on only."""
    labelled, waiting = sheets.chosen(path, card.labels)
    if not labelled:
        raise PyriteError(f"{path}: no row has a label yet: fill in its column label")
    place = user_files.place_of(path)
    others = [sheet.model_dump() for sheet in card.source.chosen if sheet.path != place]
    cards.put(card, "chosen", [*others, {"path": place, "sha256": shards.digest({path.name: path})}])
    out = console.screen()
    counts = ", ".join(f"{count} {label}" for label, count in Counter(label for _, label in labelled).most_common())
    left = f" {waiting} have none yet." if waiting else ""
    out.print(f"{paths.card(card.id)} now pins {place}: {len(labelled)} new labels ({counts}), to train on only.{left}")
    out.print("Next: dvc repro. Then `dvc metrics diff` says what they gained: no test row is new.")


def _pin(source: Any, pinned: dict[str, Any]) -> None:
    """Give a card's source these entries; its comments stay, of which the last entry has those that follow."""
    if source["kind"] == "none":
        source.ca.items.pop("kind", None)  # says that there are no data
    for key in {"separator", "values"} & source.keys() - pinned.keys():
        del source[key]
    for key, value in pinned.items():
        if key in source:
            source[key] = value
        else:
            source.insert(len(source) - 1, key, value)


# What it would cost, and what is said


def estimate_cost(card: cards.Card, study: params.Params, profile: DatasetProfile | None) -> list[costs.CostEstimate]:
    """Requests, tokens and money of every source and of the LLM as annotator, if nothing is answered yet."""
    prepared = profile.table[texts.COLUMNS] if profile else pd.DataFrame(columns=texts.COLUMNS, dtype=str)
    pool = set(prepared.loc[texts.in_pool(prepared), "label"])
    needs = []
    for source in study.written:
        script = generation.script(study, card, source, prepared)
        jobs = [
            job
            for job in generation.top_up(GenerationRun(), script)
            # A sample may lack what the whole has.
            if job.dialogue.label in pool or not script.templates.shows_examples
        ]
        needs.append(costs.of_dialogues(jobs, script))
    test = prepared[prepared["split"] == "test"].sort_values("id").head(study.annotate.items)
    shown = dict(zip(test["id"], test["text"], strict=True))
    roles = annotators.load()
    labelled = [name for name, spec in study.sources.items() if isinstance(spec, Labelled) and shown]
    needs += [costs.of_survey(labelling.plan(study, card, name, prepared).survey) for name in labelled]
    survey = annotators.labels(card, shown, study.asking(study.annotate.llm), roles, roles.personas)
    return [*needs, costs.of_survey(survey)] if shown else needs


def _say_next(
    card: cards.Card,
    before: Sequence[str],
    study: params.Params,
    needs: Sequence[costs.CostEstimate],
    profile: DatasetProfile | None,
    out: console.Console,
) -> None:
    p = study.generate
    llm = study.llms[study.annotate.llm].model
    out.print()
    out.print(f"Written: {paths.card(card.id)}. Edit its prompts, above all what is said of each label.")
    if tuple(before) != study.tasks:
        out.print(f"{paths.PARAMS}: tasks is now {card.id} alone (it was {', '.join(before)}).")
    if profile and profile.table["split"].eq("test").any() and _would_be_committed(profile.source.path):
        out.print(
            f"{profile.source.path} is in the project: `git add -A` would put its texts into git. Move it out of "
            "the project's folder before, or name it in .gitignore."
        )
    out.print()
    recorded = p.provider == "recorded"
    out.print(cost_table.table(needs, p.attempt_cap).terminal(bold={len(needs)}))
    if recorded or llm not in p.prices:
        tokens = sum(n.prompt_tokens for n in needs), sum(n.completion_tokens for n in needs)
        sums = [f"${price.of(*tokens):.2f} with {model} (looked up {price.date})" for model, price in p.prices.items()]
        missing = "" if recorded else f"'{llm}' has no price in generate.prices. "
        out.print(f"{missing}In money that is {' or '.join(sums) or 'not known: generate.prices is empty'}.")
    shows = [name for name, spec in study.written.items() if prompts.load(spec.prompt).shows_examples]
    if profile and shows:
        out.print(f"{', '.join(shows)} sends some real texts (those for prompts) to the LLM.")
    if profile and (labelled := [name for name, spec in study.sources.items() if isinstance(spec, Labelled)]):
        out.print(f"{', '.join(labelled)} sends it training texts, to be labelled.")
    if profile and study.annotate.items:
        out.print(
            f"annotations sends it test texts, {study.annotate.items} at most, to see how well it labels them itself; "
            f"annotate.items: 0 in {paths.PARAMS} sends none."
        )
    out.print()
    out.print("Next:")
    out.command("export OPENAI_API_KEY=...      # or OPENAI_BASE_URL, for a server of yours: docs/llm.md")
    if recorded:
        name = f"-S llms.{study.annotate.llm}.model=NAME"
        out.command(f"dvc exp run -S generate.provider=openai {name}    # an LLM must write: name it")
    else:
        out.command(f"pyrite doctor                  # does {llm} answer?")
        out.command("dvc repro")
    out.command("pyrite verdict")


def _would_be_committed(path: str) -> bool:
    """Whether a file is in the project's git repository and not ignored."""
    if Path(path).is_absolute():
        return False
    try:
        checked = subprocess.run(["git", "check-ignore", "-q", "--", path], capture_output=True)  # a list, no shell  # noqa: S603, S607  # nosec B603 B607
    except OSError:
        return False
    return checked.returncode == 1
