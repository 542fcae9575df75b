"""Export: the generated sets of a task as a folder that `datasets.load_dataset(FOLDER, SETTING)` loads.

Reads `data/synthetic/<task>/<setting>.parquet`, `data/transcripts/<task>/<setting>.jsonl` and
`metrics/generate/<task>.<setting>.json`. The folder has `data/<setting>.parquet` and `README.md`, a dataset card as the
Hugging Face hub shows it. No real text is in it: of the examples that a prompt showed there are the ids.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pyrite import params
from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, texts, transcripts
from pyrite.llm import prompts
from pyrite.stages import fetch

COLUMNS = ["id", "text", "label", "conversation", "turn", "position", "model", "examples"]

CARD = """\
---
{metadata}---

# {title}: texts written by an LLM

{description} These texts were written by an LLM and labelled by what it was asked for; no person has checked them.
Pyrite generated them to measure how much generated training data is worth beside real labels.

```python
from datasets import load_dataset

texts = load_dataset("path/to/this/folder", "{first}", split="train")
```

{counts}

## Labels

| label | asked for {items} that |
|:--|:--|
{labels}

## How they were made

{settings}

Columns: `id` (digest of the normalised text), `text`, `label`; `conversation`, `turn` and `position` say where the LLM
wrote it, `model` who it was, `examples` the ids of the real texts that it had just been shown. The real texts
themselves are not here.

## What was dropped

{drops}

Dropped as contamination means too like a validation or test text of the real data. {also}

## Licence

The LLM's provider has terms for what it writes: look them up before you publish or sell. The real data, of which
few-shot prompts showed texts, have their own. {terms}

## Limits

- The labels are the LLM's intention; some are wrong.
- The texts have the LLM's slants, repeat its favourite subjects, and are less varied than real ones.
- Check a classifier trained on them on real, labelled texts before you use it.
"""


def run(task: str, folder: Path) -> None:
    """Write all generated sets of a task, with their card, into a new or empty folder; all of it or nothing.

    Raises:
        PyriteError: the folder has files in it or can't be written, or a set has not been generated.
    """
    card, names = cards.load(task), params.load().generate.settings
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PyriteError(f"{folder}: is there and not empty; name a new folder")
    sets = {setting: table(task, setting, card) for setting in names}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
            new = Path(temporary) / "new"
            for setting, frame in sets.items():
                texts.write(frame, new / "data" / f"{setting}.parquet")
            files.write_text(new / "README.md", dataset_card(card, sets))
            if folder.exists():
                folder.rmdir()
            shutil.move(new, folder)
    except OSError as error:
        raise PyriteError(f"{folder}: can't be written ({error.strerror or error})") from None
    told = ", ".join(f"{len(frame):,} {setting}" for setting, frame in sets.items())
    console.log.print(f"{folder}: {told} texts and README.md")


def table(task: str, setting: str, card: cards.Card) -> pd.DataFrame:
    """A generated set with who wrote each text, and after which examples."""
    frame = texts.read(paths.synthetic(task, setting))
    said = {(c.label, c.conversation): c for c in transcripts.read(paths.transcript(task, setting), card, setting)}
    try:
        of_row = [said[label, number] for label, number in zip(frame["label"], frame["conversation"], strict=True)]
        shown = [list(c.turns[turn].examples) for c, turn in zip(of_row, frame["turn"], strict=True)]
    except (KeyError, IndexError):
        raise PyriteError(
            f"{paths.synthetic(task, setting)}: not made from {paths.transcript(task, setting)}: run `dvc repro`"
        ) from None
    frame["model"] = [c.model for c in of_row]
    frame["examples"] = pd.Series(shown, index=frame.index, dtype=object)
    return frame[COLUMNS]


def dataset_card(card: cards.Card, sets: dict[str, pd.DataFrame]) -> str:
    """The README.md of the exported sets: Markdown under the hub's YAML front matter."""
    counted = {setting: files.read_json(paths.metrics("generate", f"{card.id}.{setting}")) for setting in sets}
    rows = [[label, *(f"{(frame['label'] == label).sum():,}" for frame in sets.values())] for label in card.labels]
    total = ["all", *(f"{len(frame):,}" for frame in sets.values())]
    reasons = list(next(iter(counted.values()))["total"]["dropped"])
    drops = [
        [reason, *(f"{n['total']['dropped'].get(reason, 0):,}" for n in counted.values())]
        for reason in reasons
        if any(n["total"]["dropped"].get(reason) for n in counted.values())
    ]
    received = ["received", *(f"{n['total']['received']:,}" for n in counted.values())]
    also = ", ".join(f"{n['total']['also_real_training']:,} of {setting}" for setting, n in counted.items())
    return CARD.format(
        metadata=yaml.safe_dump(_metadata(card, sets), sort_keys=False, allow_unicode=True),
        title=card.title,
        description=card.description,
        first=next(iter(sets)),
        items=card.items,
        counts=_markdown(["label", *sets], [*rows, total]),
        labels="\n".join(f"| {_cell(label)} | {_cell(asked)} |" for label, asked in card.labels.items()),
        settings="\n\n".join(_how(card, setting) for setting in sets),
        drops=_markdown(["", *sets], [received, *drops, ["kept", *total[1:]]]),
        also=f"Kept although they are, word for word, real training texts, which the LLM knows by heart: {also}.",
        terms=fetch.terms(card.source),
    )


def _metadata(card: cards.Card, sets: dict[str, pd.DataFrame]) -> dict[str, Any]:
    configs = [
        {"config_name": setting, "data_files": [{"split": "train", "path": f"data/{setting}.parquet"}]}
        for setting in sets
    ]
    return {
        "pretty_name": f"{card.title}, written by an LLM",
        "license": "other",
        "task_categories": ["text-classification"],
        "tags": ["synthetic", "pyrite"],
        "configs": [configs[0] | {"default": True}, *configs[1:]],
    }


def _how(card: cards.Card, setting: str) -> str:
    """Which LLM was asked what in a setting: the templates, which the card fills."""
    models, digest = transcripts.provenance(paths.transcript(card.id, setting))
    templates = prompts.load(setting).model_dump(exclude_none=True)
    asked = [f"system: {prompts.system(card)}", *(f"{turn}: {' '.join(t.split())}" for turn, t in templates.items())]
    # Four tildes: a template may have a fence of its own.
    messages = "\n\n".join(asked)
    return (
        f"### `{setting}`\n\nWritten by {', '.join(f'`{model}`' for model in models)}; SHA-256 of all prompts "
        f"`{digest[:16]}`. The messages, before `{{label}}` and the like are filled in:\n\n~~~~text\n{messages}\n~~~~"
    )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "&#124;")
