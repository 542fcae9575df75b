"""Export: the sources of a task as a folder that `datasets.load_dataset(FOLDER, SOURCE)` loads.

Reads `data/prepared/<task>.parquet`, `data/sources/<task>/<source>.parquet`, `data/transcripts/<task>/<source>.jsonl`
and `metrics/generate/<task>.<source>.json`. The folder has `data/<source>.parquet` and `README.md`, a dataset card as
the Hugging Face hub shows it. No real text is in it, for those have licences of their own: of the examples that a
prompt showed there are the ids, of the texts that an LLM labelled the ids and the labels.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from huggingface_hub import DatasetCard, DatasetCardData

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, texts, transcripts
from pyrite.llm import prompts
from pyrite.params import Imported, Labelled, Params, Source, Written
from pyrite.results.generation import GeneratedSet
from pyrite.results.table import Table

COLUMNS = ["id", "text", "label", "conversation", "turn", "position", "model", "examples"]
LABELLED = ["id", "label", "model"]


def run(task: str, folder: Path) -> None:
    """Write all sources of a task, with their card, into a new or empty folder; all of it or nothing.

    Raises:
        PyriteError: the folder has files in it or can't be written, or a set has not been made.
    """
    card, study = cards.load(task), params.load()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PyriteError(f"{folder}: is there and not empty; name a new folder")
    real = set(texts.read(paths.prepared(task))["id"])
    # An imported set may be there for other tasks only.
    sets = {source: frame for source in study.sources if len(frame := table(task, source, study, card, real))}
    if not sets:
        raise PyriteError(f"{task}: its sources have no texts: run `dvc repro`")
    with files.folder(folder) as new:
        for source, frame in sets.items():
            texts.write(frame, new / "data" / f"{source}.parquet")
        files.write_text(new / "README.md", dataset_card(card, sets, study))
    counts = ", ".join(f"{len(frame):,} {source}" for source, frame in sets.items())
    console.log.print(f"{folder}: {counts} texts and README.md")


def table(task: str, source: str, study: Params, card: cards.Card, real: set[str]) -> pd.DataFrame:
    """A set with who wrote or labelled each text, and after which examples; without real texts (by their ids)."""
    frame, spec, path = texts.read(paths.source(task, source)), study.sources[source], paths.transcript(task, source)
    if isinstance(spec, Labelled):
        return frame.assign(model=study.llms[spec.llm].model)[LABELLED]
    if isinstance(spec, Imported):
        frame = frame[~frame["id"].isin(real)].reset_index(drop=True)
        made_from, of_row = transcripts.showings(path), zip(frame["label"], frame["conversation"], strict=True)
        shown = [list(made_from.get(key, [()])[0]) for key in of_row]
        return frame.assign(model=spec.llm or "", examples=pd.Series(shown, dtype=object))[COLUMNS]
    conversations = {(c.label, c.conversation): c for c in transcripts.read(path, card, spec.prompt)}
    try:
        of_rows = [conversations[key] for key in zip(frame["label"], frame["conversation"], strict=True)]
        shown = [list(c.turns[turn].examples) for c, turn in zip(of_rows, frame["turn"], strict=True)]
    except (KeyError, IndexError):
        raise PyriteError(f"{paths.source(task, source)}: not made from {path}: run `dvc repro`") from None
    models = [c.model for c in of_rows]
    return frame.assign(model=models, examples=pd.Series(shown, index=frame.index, dtype=object))[COLUMNS]


def dataset_card(card: cards.Card, sets: dict[str, pd.DataFrame], study: Params) -> str:
    """The README.md of the exported sets: Markdown under the hub's YAML front matter."""
    made = {source: GeneratedSet.load(card.id, source) for source in sets}
    tallies = {source: generated.total for source, generated in made.items()}
    total = {source: len(frame) for source, frame in sets.items()}
    counts: list[dict[str, Any]] = [
        {"Label": label} | {source: int((frame["label"] == label).sum()) for source, frame in sets.items()}
        for label in card.labels
    ]
    reasons = dict.fromkeys(reason for tally in tallies.values() for reason, n in tally.dropped.items() if n)
    drops: list[dict[str, Any]] = [{"": "received"} | {source: tally.received for source, tally in tallies.items()}]
    drops += [{"": why} | {source: tally.dropped.get(why, 0) for source, tally in tallies.items()} for why in reasons]
    configs = [
        {"config_name": source, "data_files": [{"split": "train", "path": f"data/{source}.parquet"}]} for source in sets
    ]
    metadata = DatasetCardData(
        pretty_name=f"{card.title}: synthetic training sets",
        license="other",
        task_categories=["text-classification"],
        tags=["synthetic", "pyrite"],
        configs=[configs[0] | {"default": True}, *configs[1:]],
    )
    made_card = DatasetCard.from_template(
        metadata,
        template_path=str(Path(__file__).parent / "templates/dataset.md.j2"),
        card=card,
        sets={source: _how(card, source, study.sources[source], made[source]) for source in sets},
        counts=Table.of([*counts, {"Label": "all"} | total]).markdown(_in_a_cell),
        labels=Table.of(
            [{"Label": label, f"asked for {card.items} that": meaning} for label, meaning in card.labels.items()]
        ).markdown(_in_a_cell),
        drops=Table.of([*drops, {"": "kept"} | total]).markdown(_in_a_cell),
        terms=cards.terms(card.source),
    )
    return f"{made_card}\n"


def _how(card: cards.Card, source: str, spec: Source, made: GeneratedSet) -> dict[str, Any]:
    """How a source came to be: of a written one the templates, which the card fills, of a labelled one how far people
    agree with it."""
    about = dict[str, Any](kind=spec.kind, models=made.models, total=made.total, agreement=made.agreement.get("total"))
    if isinstance(spec, Written):
        models, digest = transcripts.provenance(paths.transcript(card.id, source))
        templates = prompts.load(spec.prompt).model_dump(exclude_none=True)
        of_turns = [f"{turn}: {' '.join(words.split())}" for turn, words in templates.items()]
        about |= {"models": models, "digest": digest[:16], "messages": [f"system: {prompts.system(card)}", *of_turns]}
    return about


def _in_a_cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "&#124;")
