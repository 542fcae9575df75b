"""Add: take anybody's synthetic set in as an imported source of a task.

Writes `data/imported/<task>/<name>.parquet` with a `.dvc` file beside it, so that DVC keeps its bytes and git its
digest, and puts the source into `params.yaml`, where every classifier then trains on it.
"""

import csv
import hashlib
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from ruamel.yaml.comments import CommentedMap

from pyrite import params
from pyrite.base import console, files, paths, schema
from pyrite.base.errors import PyriteError
from pyrite.data import cards, imported, language, mixes, texts
from pyrite.data.profile import NAMED_LABELS
from pyrite.llm import imports, labelling
from pyrite.params import Imported, Params, Written

# So many signs of a label that may be none.
SHOWN = 40
# What LLMs and tools write around a label: `Label: spam`, `2. spam`, `(b) spam`, `__label__spam`, `[spam]`.
_AROUND = re.compile(r"^(?:_*label_+|\w+\s*[:=]|\(?(?:\d+|[a-z])[.)])\s*|[][(){}<>“”«»]", re.IGNORECASE)


def run(
    task: str,
    name: str,
    path: Path,
    text: str | None,
    label: str | None,
    values: str | None,
    llm: str | None,
    cost: float | None,
    seeds: str | None,
) -> None:
    """Take a set in, and say what is in it and what to run next.

    Raises:
        PyriteError: the name can't be a source's, the task is not one of the study, or the file is no good.
    """
    card, study = cards.load(task), params.load()
    _check_name(name, study)
    if task not in study.tasks:
        raise PyriteError(f"add: {task} is not among the study's tasks ({', '.join(study.tasks)}): name it there first")
    new_names = _values(values)
    if unknown := [new for new in new_names.values() if new not in card.labels]:
        raise PyriteError(f"add: --values: '{unknown[0]}' is no label of the card, which has {', '.join(card.labels)}")
    table = imported.read(path, text, label, new_names, seeds)
    table["label"], taken = _card_names(table["label"], list(card.labels))
    counts = Counter(table["label"])
    without = counts.pop("", 0)
    table = table[table["label"] != ""].reset_index(drop=True)
    unknown = [label for label, _ in counts.most_common() if label not in card.labels]
    known = [label for label in counts if label in card.labels]
    if len(known) < 2:
        problem = (
            f"of the card's labels it has texts of '{known[0]}' only" if known else "none of its labels is the card's"
        )
        have = ", ".join(label[:SHOWN] for label in sorted(counts)[:NAMED_LABELS])
        have += ", ..." if len(counts) > NAMED_LABELS else ""
        raise PyriteError(
            f"{path}: {problem}, and a classifier needs two: it has {have}; {paths.card(task)} has "
            f"{', '.join(card.labels)}. Say which is which: --values old=new,old=new"
        )
    text_of_params, left_out = _put(task, name, study, llm, cost)
    place = paths.imported(task, name)
    replaced = place.exists()
    files.write(place, lambda file: table.to_parquet(file, index=False))
    _pin(place)
    files.write_text(paths.PARAMS, text_of_params)
    others = [source for source in card.source.seeds if source != name]
    if seeds or name in card.source.seeds:
        cards.put(card, "seeds", [*others, *([name] if seeds else [])])
    out = console.screen()
    of_labels = [f"{counts[label]:,} {label}" for label in [*known, *unknown[:NAMED_LABELS]]]
    out.print(f"{task} {name}: {len(table):,} texts of {path}: {', '.join(of_labels)}")
    if replaced:
        out.print(f"It takes the place of what {name} was.")
    if lacking := [label for label in card.labels if label not in known]:
        out.print(f"It has no text of {', '.join(lacking)}: what is trained on it alone never says so.")
    if without:
        out.print(f"{without:,} rows have no label and are left out.")
    if (spoken := language.guess(table["text"])) not in card.language:
        out.print(f"Its texts seem to be in {spoken}; the language of the card is {card.language}.")
    if empty := int((table["text"].map(texts.normalise) == "").sum()):
        out.print(f"{empty:,} of them have no text and are left out.")
    for written, label_of_card in taken.items():
        out.print(f"Its label {written!r} is taken for the card's '{label_of_card}'.")
    for old in unknown[:NAMED_LABELS]:
        pair = shlex.quote(f'"{old}=..."' if "," in old else f"{old}=...")
        out.print(f"The card has no label '{old}': its {counts[old]:,} texts are left out, or say")
        out.command(f"--values {pair}")
    if more := unknown[NAMED_LABELS:]:
        out.print(f"Nor has it {len(more):,} others, of {sum(counts[old] for old in more):,} texts: left out, too.")
    tagged = imports.tags(table["text"], list(card.labels))
    if len(tagged):
        wrong, first = (table["label"][tagged.index] != tagged).sum(), texts.normalise(table["text"][tagged.index[0]])
        out.print(
            f"{len(tagged):,} of its texts begin or end in the name of a label, {wrong:,} in another one than their "
            f"own: a classifier learns the tag, not the text. One is: {first[:40]} ... {first[-40:]}"
        )
    for words in imports.shared_ends(table["text"]):
        out.print(f"Half of its texts or more begin or end in '{words}': is it a part of a prompt?")
    if seeds:
        rows = {seed for row in table["seeds"] for seed in row}
        out.print(
            f"It was made from {len(rows):,} real texts, which stand for the pool: where the task has folds, no fit is "
            "tested on them; else texts made from a test row are left out."
        )
    out.print(f"{paths.PARAMS} has the source {name}, and trains and compares it; {place} is its data.")
    if left_out:
        out.print(
            f"Taken out of {paths.PARAMS}: {', '.join(left_out)}: nothing is recorded of them for this study, and no "
            "LLM is asked (generate.provider: recorded)."
        )
    out.print()
    out.print("Next:")
    out.command("dvc repro")
    out.command("pyrite verdict")


def _check_name(name: str, study: Params) -> None:
    if name in (*mixes.REAL, "annotations"):
        raise PyriteError(f"add: '{name}' has a meaning of its own: choose another name")
    if name in study.sources and not isinstance(study.sources[name], Imported):
        raise PyriteError(f"add: sources.{name} in {paths.PARAMS} is {study.sources[name].kind}: choose another name")


def _card_names(written: pd.Series, labels: Sequence[str]) -> tuple[pd.Series, dict[str, str]]:
    """The labels with the card's names where they differ from one of these in case, spaces, signs or what stands around
    them only, as in `Label: spam`; and which."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in labels:
        alike[texts.plain_label(name)].append(name)
    taken = {}
    for label in written.unique():
        matches = alike[texts.plain_label(label)] or alike[texts.plain_label(_AROUND.sub("", label))]
        if label not in labels and len(matches) == 1:
            taken[label] = matches[0]
    return written.replace(taken), taken


def _values(option: str | None) -> dict[str, str]:
    """What `--values old=new,old=new` says; a pair with a comma is in double quotes."""
    pairs = [pair.partition("=") for pair in next(csv.reader([option], skipinitialspace=True), [])] if option else []
    if wrong := [old for old, sign, new in pairs if not sign or not new.strip()]:
        raise PyriteError(f"add: --values: '{wrong[0]}' is no pair old=new")
    olds = [texts.normalise_label(old) for old, _, _ in pairs]
    if twice := [old for old, times in Counter(olds).items() if times > 1]:
        raise PyriteError(f"add: --values: '{twice[0]}' is there twice")
    return dict(zip(olds, (texts.normalise_label(new) for _, _, new in pairs), strict=True))


def _pin(place: Path) -> None:
    """Write what `dvc add` would, so that DVC keeps the file: it takes it into its cache when it next runs."""
    content = place.read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    about = {"outs": [{"md5": digest, "size": len(content), "hash": "md5", "path": place.name}]}
    files.write_text(place.with_name(f"{place.name}.dvc"), yaml.safe_dump(about, sort_keys=False))


def _put(task: str, name: str, study: Params, llm: str | None, cost: float | None) -> tuple[str, list[str]]:
    """`params.yaml` with the source in it, and the sources that were taken out because nothing is there of them."""
    gone = [source for source in study.sources if source != name and not _can_be_had(source, study)]

    def change(document: Any) -> None:
        standing = study.sources.get(name)
        before = standing if isinstance(standing, Imported) else Imported(kind="imported")
        about = CommentedMap({"kind": "imported"})
        if writer := llm or before.llm:
            about["llm"] = writer
        if costs := before.cost_usd | ({task: cost} if cost is not None else {}):
            about["cost_usd"] = CommentedMap(costs)
        _put_source(document, name, about, gone)
        comparison = document["compare"]
        if isinstance(comparison["candidates"], str):
            comparison["candidates"] = [comparison["candidates"]]
        for classifier, spec in document["train"]["classifiers"].items():
            new = [name, f"{name}@equal", f"real+{name}"] if classifier == comparison["classifier"] else [name]
            _change(spec["mixes"], gone, new)
        _change(comparison["candidates"], gone, [name])

    text = schema.edit(schema.read(paths.PARAMS), change)
    schema.parse(text, paths.PARAMS, Params)
    return text, gone


def _put_source(document: Any, name: str, about: CommentedMap, gone: list[str]) -> None:
    """Give the sources a new one, the last, and take those that are gone out, each with the comment above it."""
    sources = document["sources"]
    before = list(sources)
    # The last entry of a source has the comments that follow it: those above the next one.
    below = [end.ca.items.pop(key, None) for end, key in map(_end, sources.values())]
    above = dict(zip(before, [None, *below], strict=False))
    sources[name] = about
    for source in gone:
        del sources[source]
    first, *others = sources
    if first != before[0]:
        document.ca.items.pop("sources", None)
        sources.ca.comment = None
        if comment := above.get(first):
            lines = [line.strip().removeprefix("# ") for line in comment[2].value.strip().splitlines()]
            sources.yaml_set_start_comment("\n".join(lines), indent=2)
    for entry, comment in zip(sources.values(), [*map(above.get, others), below[-1]], strict=True):
        end, key = _end(entry)
        if comment:
            end.ca.items[key] = comment


def _end(entry: Any) -> tuple[Any, str]:
    """The innermost mapping with which an entry ends, and its last key."""
    key = list(entry)[-1]
    return _end(entry[key]) if isinstance(entry[key], CommentedMap) and entry[key] else (entry, key)


def _change(listed: Any, gone: list[str], new: list[str]) -> None:
    """Take the mixes of sources that are gone out of a list, and put new ones at its end; comments stay."""
    # The last entry has the comments that follow the list.
    after = listed.ca.items.pop(len(listed) - 1, None) if hasattr(listed, "ca") else None
    for mix in [mix for mix in listed if {*mixes.parse(mix).sources} & {*gone}]:
        listed.remove(mix)
    listed.extend(mix for mix in new if mix not in listed)
    if after is not None:
        listed.ca.items[len(listed) - 1] = after


def _can_be_had(source: str, study: Params) -> bool:
    """Whether something may come of a source: an LLM may be asked, or something of it is there for some task."""
    spec = study.sources[source]
    if isinstance(spec, Imported) or study.asking(spec.llm).provider != "recorded":
        return True
    answers = spec.prompt if isinstance(spec, Written) else labelling.ANSWERS
    for task in study.tasks:
        recorded = paths.recording(task, spec.prompt) if isinstance(spec, Written) else paths.recorded_labels(task)
        if recorded.exists() or paths.answers(task, answers).exists():
            return True
    return False
