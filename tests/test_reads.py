"""The `params:` of `dvc.yaml`: each stage of a small study runs here, and what it reads is noted key by key."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, card_text, fine_tune, tfidf, write_params, written_sources
from llm_server import serve
from pydantic import BaseModel

from pyrite import cli
from pyrite.base import paths, schema
from pyrite.training import encoder, parallel

pytestmark = pytest.mark.xdist_group("reads")

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}

# Each once, in the pipeline's order.
RUNS = [
    ["fetch", "fruit"],
    ["prepare", "fruit"],
    ["generate", "fruit", "few_shot"],
    ["train", "fruit", "tiny"],
    ["train", "fruit", "tfidf"],
    ["annotate", "fruit"],
    ["evaluate", "fruit"],
    ["diversity", "fruit"],
    ["subjectivity"],
    ["compare"],
    ["report"],
]
Key = tuple[str, str]  # a file, and a key in it with those above it: train.seeds

# What is read and decides nothing that is written: when answers come and what may be paid; what an annotation cost,
# which is only said; a card's id, which is its file's name or the card is refused.
LIMITS = {"generate.budget_usd", "generate.limits"}
IDLE: dict[str, set[str]] = {"generate": LIMITS, "annotate": LIMITS | {"generate.prices"}}


# What is read for other classifiers and sets than the small study's: a fine-tuned classifier's card says who wrote its
# texts, and prices are looked up where none is stored with a set.
SOMETIMES: dict[str, set[Key]] = {
    "train": {(str(paths.PARAMS), "llms")},
    "compare": {(str(paths.PARAMS), "generate.prices")},
}


class Noted(dict[str, Any]):
    """A dictionary of models that notes when its names are read; what is read of a model is noted by the model."""

    def __init__(self, values: dict[str, Any], note: Callable[[], None]) -> None:
        super().__init__(values)
        self._note = note

    def __iter__(self) -> Iterator[str]:
        self._note()
        return super().__iter__()

    def keys(self) -> Any:
        self._note()
        return super().keys()

    def values(self) -> Any:
        self._note()
        return super().values()

    def items(self) -> Any:
        self._note()
        return super().items()


class Notes:
    """What is read of YAML files once they are loaded: which key of which file."""

    def __init__(self) -> None:
        self.read: set[Key] = set()
        self._places: dict[int, tuple[BaseModel, str, str]] = {}

    def watch(self, path: Path, model: BaseModel) -> None:
        values = model.root if hasattr(model, "root") else {"": model}
        for name, value in values.items():
            self._place(str(path), name, value)

    def _place(self, path: str, place: str, value: Any) -> None:
        if isinstance(value, schema.Schema):
            self._places[id(value)] = (value, path, place)
            for name, inner in value.__dict__.items():
                key = f"{place}.{name}".removeprefix(".")
                self._place(path, key, inner)
                if isinstance(inner, dict) and any(isinstance(model, schema.Schema) for model in inner.values()):
                    for entry, model in inner.items():
                        self._place(path, f"{key}.{entry}", model)
                    value.__dict__[name] = Noted(inner, partial(self.read.add, (path, key)))

    def note(self, model: BaseModel, name: str) -> None:
        """A field of a model is read. Of a model in it the kind is, if there are several; `Noted` says more itself."""
        if id(model) in self._places:
            _, path, place = self._places[id(model)]
            key, value = f"{place}.{name}".removeprefix("."), model.__dict__[name]
            if not isinstance(value, schema.Schema | Noted):
                self.read.add((path, key))
            elif kind := type(model).model_fields[name].discriminator:
                self.read.add((path, f"{key}.{kind}"))

    def note_all(self, model: BaseModel) -> None:
        for name, value in model.__dict__.items():
            for inner in value.values() if isinstance(value, Noted) else [value]:
                if isinstance(inner, schema.Schema):
                    self.note_all(inner)
            self.note(model, name)


def answer(request: dict[str, Any]) -> str | None:
    """The label "fruit" from annotators, and what the server says by itself of all else."""
    wanted = request["response_format"]["json_schema"]["schema"]
    texts = "1" not in wanted["properties"]
    return None if texts else json.dumps(dict.fromkeys(wanted["required"], "fruit"))


def forget_models() -> None:
    """A process loads a model once: the tests after these must not meet the tiny one in MiniLM's place."""
    for cached in vars(encoder).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()


@pytest.fixture(scope="module")
def reads(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[Key]]]:
    """A small study, run stage by stage; the keys that each run read, by the words of its command."""
    with pytest.MonkeyPatch.context() as patch, serve(answers=answer) as server:
        project = tmp_path_factory.mktemp("reads")
        patch.chdir(project)
        patch.delenv("DVC_ROOT", raising=False)
        patch.setenv("OPENAI_API_KEY", "sk-of-no-one")
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setattr(encoder, "locate", lambda checkpoint: str(tiny_checkpoint))
        # What other processes read is not noted here.
        patch.setattr(parallel, "devices", lambda: 1)
        forget_models()
        paths.TASKS.mkdir()
        for name in (paths.PROMPTS, paths.ANNOTATORS):
            name.write_bytes((ROOT / name).read_bytes())
        paths.card("fruit").write_text(card_text())
        lines = [f"a sentence on {('red', 'blue')[n % 2]} thing {n},{('fruit', 'tool')[n % 2]}" for n in range(300)]
        Path("fruit.csv").write_text("\n".join(["text,label", *lines]))
        paths.RECORDED_ANNOTATIONS.mkdir(parents=True)
        pairs = ["annotator,first,second,more_objective,model", "p1,fruit,nuts,fruit,m", "p2,nuts,fruit,fruit,m"]
        paths.pairs("llm").write_text("\n".join(pairs))
        write_params(
            tasks=["fruit"],
            **written_sources(
                *["few_shot"],
                **{"per_label": 20, "texts_per_turn": 5, "check": 4, "contamination_cosine": 1.0, "annotate": 31},
                prices={"m": {"input": 1.0, "output": 1.0, "date": "2026-01-01"}},
            ),
            train={
                "seeds": [0, 1],
                "classifiers": {
                    "tiny": fine_tune(tiny_checkpoint, "real", "few_shot", steps=2),
                    "tfidf": tfidf("real", "few_shot"),
                },
            },
            evaluate={"resamples": 100},
            compare={"classifier": "tfidf", "candidates": "few_shot", "label_price": 0.1, "llm_price": 1.0},
        )
        notes = Notes()
        load, get, dump = schema.load, BaseModel.__getattribute__, BaseModel.model_dump

        def loaded(path: Path, model: type[BaseModel]) -> BaseModel:
            made = load(path, model)
            notes.watch(path, made)
            return made

        def got(self: BaseModel, name: str) -> Any:
            if name[0] != "_" and name in type(self).model_fields:
                notes.note(self, name)
            return get(self, name)

        def dumped(self: BaseModel, **options: Any) -> Any:
            notes.note_all(self)
            return dump(self, **options)

        patch.setattr(schema, "load", loaded)
        patch.setattr(schema.Schema, "__getattribute__", got)
        patch.setattr(schema.Schema, "model_dump", dumped)
        of_runs = {}
        for words in RUNS:
            notes.read.clear()
            cli.app(words, standalone_mode=False)
            of_runs[" ".join(words)] = set(notes.read)
        yield of_runs
    forget_models()


def declared(words: list[str]) -> set[Key]:
    """What `dvc.yaml` says that a run depends on."""
    stage, *coordinates = words
    item = coordinates[0] if coordinates else ""
    places = {"${item}": item, "${item.task}": item, "${item.source}": coordinates[-1] if coordinates else ""}
    places["${item.classifier}"] = places["${item.source}"]

    def filled(text: str) -> str:
        for name, value in places.items():
            text = text.replace(name, value)
        return text

    keys = set()
    for entry in STAGES[stage]["params"]:
        for path, names in entry.items() if isinstance(entry, dict) else [(str(paths.PARAMS), [entry])]:
            # A file without keys is all of its keys.
            keys |= {(filled(path), filled(name)) for name in names or [""]}
    return keys


def within(key: Key, other: Key) -> bool:
    return key[0] == other[0] and (not other[1] or f"{key[1]}.".startswith(f"{other[1]}."))


@pytest.mark.parametrize("words", RUNS, ids=" ".join)
def test_a_stage_depends_on_the_keys_that_it_reads(reads: dict[str, set[Key]], words: list[str]) -> None:
    named = declared(words)
    files = {str(dep) for dep in STAGES[words[0]]["deps"]}
    read = {key for key in reads[" ".join(words)] if not {key[0], str(Path(key[0]).parent)} & files}
    idle = {(str(paths.PARAMS), key) for key in IDLE.get(words[0], ())} | {(str(paths.card("fruit")), "id")}
    missing = {key for key in read if not any(within(key, entry) for entry in named | idle)}
    assert not missing, f"{words[0]} reads {sorted(missing)}, of which dvc.yaml says nothing"
    named -= SOMETIMES.get(words[0], set())
    unread = {entry for entry in named if not any(within(key, entry) for key in read)}
    assert not unread, f"dvc.yaml names {sorted(unread)}, which {words[0]} does not read"
