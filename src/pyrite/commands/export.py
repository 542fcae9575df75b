"""Export: the written sets of a task as a folder that `datasets.load_dataset(FOLDER, SOURCE)` loads.

Reads `data/sources/<task>/<source>.parquet`, `data/transcripts/<task>/<source>.jsonl` and
`metrics/generate/<task>.<source>.json`. The folder has `data/<source>.parquet` and `README.md`, a dataset card as the
Hugging Face hub shows it. No real text is in it: of the examples that a prompt showed there are the ids.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from huggingface_hub import DatasetCardData

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, texts, transcripts
from pyrite.llm import prompts
from pyrite.params import Params
from pyrite.results import generation

COLUMNS = ["id", "text", "label", "conversation", "turn", "position", "model", "examples"]


def run(task: str, folder: Path) -> None:
    """Write all generated sets of a task, with their card, into a new or empty folder; all of it or nothing.

    Raises:
        PyriteError: the folder has files in it or can't be written, or a set has not been generated.
    """
    card, study = cards.load(task), params.load()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PyriteError(f"{folder}: is there and not empty; name a new folder")
    sets = {source: table(task, source, spec.prompt, card) for source, spec in study.written.items()}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
            new = Path(temporary) / "new"
            for source, frame in sets.items():
                texts.write(frame, new / "data" / f"{source}.parquet")
            files.write_text(new / "README.md", dataset_card(card, sets, study))
            if folder.exists():
                folder.rmdir()
            shutil.move(new, folder)
    except OSError as error:
        raise PyriteError(f"{folder}: can't be written ({error.strerror or error})") from None
    told = ", ".join(f"{len(frame):,} {source}" for source, frame in sets.items())
    console.log.print(f"{folder}: {told} texts and README.md")


def table(task: str, source: str, prompt: str, card: cards.Card) -> pd.DataFrame:
    """A generated set with who wrote each text, and after which examples."""
    frame = texts.read(paths.source(task, source))
    said = {(c.label, c.conversation): c for c in transcripts.read(paths.transcript(task, source), card, prompt)}
    try:
        of_row = [said[label, number] for label, number in zip(frame["label"], frame["conversation"], strict=True)]
        shown = [list(c.turns[turn].examples) for c, turn in zip(of_row, frame["turn"], strict=True)]
    except (KeyError, IndexError):
        raise PyriteError(
            f"{paths.source(task, source)}: not made from {paths.transcript(task, source)}: run `dvc repro`"
        ) from None
    frame["model"] = [c.model for c in of_row]
    frame["examples"] = pd.Series(shown, index=frame.index, dtype=object)
    return frame[COLUMNS]


def dataset_card(card: cards.Card, sets: dict[str, pd.DataFrame], study: Params) -> str:
    """The README.md of the exported sets: Markdown under the hub's YAML front matter."""
    counted = {source: generation.load(card.id, source).total for source in sets}
    counts = [[label, *((frame["label"] == label).sum() for frame in sets.values())] for label in card.labels]
    total = [len(frame) for frame in sets.values()]
    reasons = dict.fromkeys(reason for found in counted.values() for reason, n in found.dropped.items() if n)
    drops = [[reason, *(found.dropped.get(reason, 0) for found in counted.values())] for reason in reasons]
    configs = [
        {"config_name": source, "data_files": [{"split": "train", "path": f"data/{source}.parquet"}]} for source in sets
    ]
    metadata = DatasetCardData(
        pretty_name=f"{card.title}, written by an LLM",
        license="other",
        task_categories=["text-classification"],
        tags=["synthetic", "pyrite"],
        configs=[configs[0] | {"default": True}, *configs[1:]],
    )
    environment = jinja2.Environment(  # Markdown, whose cells `cell` escapes  # nosec B701
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    return environment.get_template("dataset.md.j2").render(
        metadata=metadata.to_yaml(),
        card=card,
        sets={source: {"total": counted[source]} | _how(card, source, study.written[source].prompt) for source in sets},
        counts=[*counts, ["all", *total]],
        drops=[["received", *(found.received for found in counted.values())], *drops, ["kept", *total]],
        terms=cards.terms(card.source),
    )


def _how(card: cards.Card, source: str, prompt: str) -> dict[str, Any]:
    """Which LLM was asked what for a source: the templates, which the card fills."""
    models, digest = transcripts.provenance(paths.transcript(card.id, source))
    templates = prompts.load(prompt).model_dump(exclude_none=True)
    messages = [f"system: {prompts.system(card)}", *(f"{turn}: {' '.join(t.split())}" for turn, t in templates.items())]
    return {"models": models, "digest": digest[:16], "messages": messages}


def _cell(value: str | int) -> str:
    return " ".join(value.split()).replace("|", "&#124;") if isinstance(value, str) else f"{value:,}"
