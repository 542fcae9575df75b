"""What several tests need: an empty project, and a tiny task in it."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Tiny models gain nothing from a second thread and lose much where another process wants the core. Read on import.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pandas as pd
import pytest
import warm
import yaml

from pyrite.base import files, paths
from pyrite.data import texts
from pyrite.params import Limits

ROOT = Path(__file__).parents[1]

# Programs that tests start are this Python's, with this checkout's package, whichever is installed in the environment.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["DVC_NO_ANALYTICS"] = "1"

# A busy machine is no error; `benchmarks/fuzz.py` counts seconds of computing instead, and tries thousands of cases.
hypothesis.settings.register_profile("pyrite", deadline=None, max_examples=50)
hypothesis.settings.load_profile("pyrite")

COLLECTED = pytest.StashKey[list[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups that share a costly fixture come first, so that no worker is left with one when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
    # Where tests are dealt out by group, its name stands behind theirs.
    config.stash[COLLECTED] = [
        item.nodeid.removesuffix(f"@{group.kwargs.get('name') or group.args[0]}") if group else item.nodeid
        for item in items
        for group in [item.get_closest_marker("xdist_group")]
    ]


def shipped_params() -> dict[str, Any]:
    """What the project's `params.yaml` says."""
    params: dict[str, Any] = yaml.safe_load((ROOT / paths.PARAMS).read_text(encoding="utf-8"))
    return params


def write_params(folder: Path = Path(), **sections: Any) -> None:
    """The shipped `params.yaml`, in a project's folder, with other values for some keys of these sections, and with
    other LLMs and sources where they are among them."""
    params = shipped_params()
    params["compare"]["candidates"] = "few_shot"
    for name, values in sections.items():
        keeps = isinstance(values, dict) and name not in ("llms", "sources")
        params[name] = params[name] | values if keeps else values
    (folder / paths.PARAMS).write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def written_sources(
    *written: str, model: str = "m", sampling: dict[str, Any] | None = None, annotate: int = 100, **values: Any
) -> dict[str, Any]:
    """Sections of `params.yaml`: one LLM, and a written source for each of these prompts, named as it is.

    Args:
        values: of the sources, of the endpoint's limits or of `generate`, by their keys.
    """
    of_sources = {key: values.pop(key) for key in ("texts_per_turn", "turns", "examples", "check") if key in values}
    of_sources["per_label"] = values.pop("per_label", 100)
    limits = {key: values.pop(key) for key in Limits.model_fields if key in values}
    return {
        "llms": {"llm": {"model": model, "sampling": sampling or {}}},
        "sources": {name: {"kind": "written", "llm": "llm", "prompt": name, **of_sources} for name in written},
        "generate": {"provider": "openai", "limits": {"OPENAI": limits}, **values},
        "annotate": {"llm": "llm", "items": annotate},
    }


def change_params(place: str, value: Any, folder: Path = Path()) -> None:
    """What `dvc exp run -S PLACE=VALUE` does; a place is `section.key`."""
    params = yaml.safe_load((folder / paths.PARAMS).read_text(encoding="utf-8"))
    *above, key = place.split(".")
    section = params
    for name in above:
        section = section[name]
    section[key] = value
    (folder / paths.PARAMS).write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def tfidf(*mixes: str) -> dict[str, Any]:
    """A classifier of `params.yaml` that needs no pretrained model."""
    return {"method": "tfidf", "C": 10.0, "mixes": list(mixes)}


def fine_tune(checkpoint: Path | str, *mixes: str, **recipe: Any) -> dict[str, Any]:
    """A classifier of `params.yaml` whose encoder is trained whole, as the shipped MiniLM but for these values."""
    shipped: dict[str, Any] = shipped_params()["train"]["classifiers"]["minilm"]
    del shipped["seeds"]
    return shipped | {"checkpoint": str(checkpoint), "mixes": list(mixes)} | recipe


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    """Write a workbook with these rows in its sheets; no library that writes them is installed."""

    def drawn(rows: list[list[Any]]) -> str:
        cells = [
            "".join(
                f"<c><v>{value}</v></c>"
                if isinstance(value, int | float)
                else f'<c t="inlineStr"><is><t>{value}</t></is></c>'
                for value in row
            )
            for row in rows
        ]
        return "".join(f"<row>{row}</row>" for row in cells)

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, start=1))
    places = "".join(
        f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in enumerate(sheets, start=1)
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{places}</Relationships>',
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
        for n, rows in enumerate(sheets.values(), start=1):
            sheet = f'<worksheet xmlns="{main}"><sheetData>{drawn(rows)}</sheetData></worksheet>'
            file.writestr(f"xl/worksheets/sheet{n}.xml", sheet)


def card_text(task: str = "fruit", **changes: Any) -> str:
    """The card of a task with a local file, `<task>.csv`, with other values for some of its keys."""
    source = {"kind": "file", "path": f"{task}.csv", "text": "text", "label": "label", "licence": "none"}
    card = {
        "id": task,
        "title": "Fruit or tool",
        "description": "Say whether a sentence is about fruit or tools.",
        "source": source,
        "item": "sentence",
        "items": "sentences",
        "language": "English",
        "length_words": [4, 9],
        "role": "You are a grocer.",
        "style": "Short.",
        "labels": {"fruit": "are about fruit", "tool": "are about tools"},
    }
    return yaml.safe_dump(card | changes, sort_keys=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, which is the working directory; its store is its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


@pytest.fixture
def shared() -> Path:
    """The folder of golden files that developers have beside the project."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no golden files here")
    return folder


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    """Makes a text table from (text, label, split) rows, with the ids that `prepare` would give them."""

    def make(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=["text", "label", "split"])
        frame.insert(0, "id", frame["text"].map(lambda text: texts.digest(text)[:16]))
        return frame

    return make


DVC = ["dvc"]


def run(folder: Path, *command: str) -> str:
    """What a command said; it must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def repro(folder: Path, *arguments: str) -> set[str]:
    """Run the pipeline; the stages that ran."""
    output = run(folder, *DVC, "repro", *arguments)
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


# A tenth of the modules of python_docs, some 50 rows a label: most of the study's time goes with its texts.
FEW_MODULES = {
    "concurrency": ["threading"],
    "dates": ["datetime"],
    "files": ["zipfile", "tempfile"],
    "math": ["statistics", "random"],
    "network": ["socket", "socketserver"],
    "testing": ["doctest"],
    "text": ["difflib", "configparser"],
}


def shorten(recording: Path, prepared: Path) -> None:
    """Keep two turns of one conversation a label, and let them have shown training rows that a smaller task has."""
    rows = files.read_parquet(prepared)
    training = rows[rows["split"] == "train"].groupby("label")["id"].apply(list)
    recorded = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()]
    kept = [talk | {"turns": talk["turns"][:2]} for talk in recorded if talk["conversation"] == 0]
    for talk in kept:
        for turn in talk["turns"]:
            turn["examples"] = training[talk["label"]][: len(turn["examples"])]
    recording.write_text("".join(json.dumps(talk) + "\n" for talk in kept), encoding="utf-8")


@pytest.fixture(scope="session")
def warm_programs() -> Iterator[None]:
    """From here on `dvc` and the `pyrite` that it runs start at once."""
    with (
        tempfile.TemporaryDirectory() as short,
        warm.programs(Path(short)) as place,
        pytest.MonkeyPatch.context() as here,
    ):
        here.setenv("PATH", str(place), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def default_study(warm_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project with a small version of the default study, run once and committed: to be copied."""
    folder = tmp_path_factory.mktemp("default") / "study"
    folder.mkdir()
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    for name in ("src", "tasks", "data/recordings/annotations", "data/recordings/python_docs", "data/imported"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    card = folder / paths.card("python_docs")
    content = yaml.safe_load(card.read_text(encoding="utf-8"))
    content["source"]["modules"] = FEW_MODULES
    card.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    shipped = shipped_params()
    for source in ("zero_shot", "few_shot"):
        shipped["sources"][source] |= {"per_label": 40, "turns": 2}
    classifiers = shipped["train"]["classifiers"]
    del classifiers["minilm"]  # what takes most of the study's time runs in CI as it is shipped, and in test_train.py
    classifiers["probe"]["mixes"] = ["real", "labelled", "zero_shot", "few_shot", "pool", "real@100", "real@all"]
    write_params(
        folder,
        sources=shipped["sources"],
        train={"seeds": [0], "checkpoints": "none", "classifiers": classifiers},
        evaluate={"resamples": 200},
        compare={"classifier": "probe", "candidates": "few_shot"},
    )
    run(folder, "git", "init", "-q")
    for key, value in (("user.name", "t"), ("user.email", "t@example.org")):
        run(folder, "git", "config", key, value)
    run(folder, *DVC, "init", "-q")
    repro(folder, "prepare@python_docs")
    for source in ("zero_shot", "few_shot"):
        shorten(folder / paths.recording("python_docs", source), folder / paths.prepared("python_docs"))
    repro(folder)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "study")
    return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer with random weights and a vocabulary of a few words, as a local folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("tiny")
    words = ["red", "green", "blue", "one", "two", "three", "thing", "of", "the", "a"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of one layer with random weights, a vocabulary of a few words and a chat template, as a local folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("chat")
    words = [
        "<pad>",
        "<unk>",
        "<s>",
        "</s>",
        "system",
        "user",
        "assistant",
        "red",
        "green",
        "blue",
        "one",
        "two",
        "thing",
    ]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    fast.chat_template = (
        "{% for message in messages %}{{ message['role'] + ' ' + message['content'] + ' ' }}{% endfor %}"
        "{% if add_generation_prompt %}assistant {% endif %}"
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(max_new_tokens=8, pad_token_id=0, bos_token_id=2, eos_token_id=3)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def transformers_server(tiny_chat_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of `transformers serve` with the tiny chat model, whose name is its folder."""
    from transformers.utils.import_utils import is_serve_available

    if not is_serve_available():
        pytest.skip("transformers serve needs pip install 'transformers[serving]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = shutil.which("transformers", path=str(Path(sys.executable).parent))
    assert command
    log = tmp_path_factory.mktemp("server") / "output.txt"
    arguments = [command, "serve", str(tiny_chat_model), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    with log.open("wb") as output:
        server = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        patience = time.monotonic() + 300
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert server.poll() is None and time.monotonic() < patience, log.read_text()
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture
def fresh_accelerate() -> Iterator[None]:
    """Accelerate fixes precision and devices once per process; a stage is a process of its own, a test is not."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def forked_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that train are forked from one that has imported what they import: most of their time goes with that.

    They get their jobs pickled, as those that are started anew, which `test_parallel.py` has.
    """
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(list(warm.MODULES))
    monkeypatch.setattr(multiprocessing, "get_context", lambda way: forking)


FRUIT_KEY = "sk-a-key-that-must-not-be-kept"

Study = Callable[..., None]
WRITTEN = ("zero_shot", "few_shot", "attributed")


@pytest.fixture
def study(project: Path, monkeypatch: pytest.MonkeyPatch, table: Callable[..., pd.DataFrame]) -> Study:
    """A task with sixty real rows and no recording; called with what `written_sources` takes, it writes that down."""
    (project / "tasks").mkdir()
    (project / "tasks/fruit.yaml").write_text(card_text())
    for name in (paths.PROMPTS, paths.ANNOTATORS):
        (project / name).write_bytes((ROOT / name).read_bytes())
    rows = [(f"real sentence number {n} here", ("fruit", "tool")[n % 2], "train") for n in range(60)]
    texts.write(table([*rows, ("a test row of some kind", "fruit", "test")]), paths.prepared("fruit"))
    monkeypatch.setenv("OPENAI_API_KEY", FRUIT_KEY)
    from pyrite.llm import client, quality

    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    # What no test with it is about, and what takes longest.
    monkeypatch.setattr(quality.Contamination, "_closest", lambda self, left: left["text"].map(len).to_numpy() * 0.0)

    def write(url: str | None = None, sources: Sequence[str] = WRITTEN, **values: Any) -> None:
        if url:
            monkeypatch.setenv("OPENAI_BASE_URL", url)
        few = {"per_label": 20, "texts_per_turn": 5, "turns": 2, "examples": 2}
        write_params(
            project,
            tasks=["fruit"],
            **written_sources(*sources, **(few | values)),
            train={"classifiers": {"tfidf": tfidf("real", sources[0])}},
            compare={"classifier": "tfidf", "candidates": sources[0]},
        )

    return write
