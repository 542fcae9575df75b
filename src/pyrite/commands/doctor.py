"""Doctor: what of the set-up works, and plain advice for what does not."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.text import Text

from pyrite import params
from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, standins
from pyrite.llm import annotators, cache, client, failures, parsing, prompts, speed
from pyrite.llm.conversations import Script

PACKAGES = ("dvc", "torch", "transformers", "accelerate", "scikit-learn", "pandas", "openai")
# How many texts the endpoint is asked for in a turn, at most.
TEXTS = 3
# Seconds of an answer below which nothing is said of its speed.
SHORTEST = 0.001


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well (None: not looked at), and what was found."""

    what: str
    well: bool | None
    found: str


def run(as_json: bool) -> None:
    """Look at everything and print what was found.

    Raises:
        PyriteError: something is not well.
    """
    findings = []
    out = console.screen()
    for finding in look():
        findings.append(finding)
        if not as_json:
            mark = {True: Text("ok  ", "green"), False: Text("no  ", "red"), None: Text("-   ", "dim")}[finding.well]
            out.print(mark, Text(finding.what, "bold"), f": {finding.found}", sep="")
    if as_json:
        print(json.dumps([asdict(f) for f in findings], indent=2))
    if bad := [f.what for f in findings if f.well is False]:
        raise PyriteError(f"doctor: not well: {', '.join(bad)}")


def look() -> Iterator[Finding]:
    """Every finding, the quick ones first."""
    for what, check in (
        ("versions", versions),
        ("study", study),
        ("store", store),
        ("data", data),
        ("devices", devices),
    ):
        try:
            yield Finding(what, True, check())
        except PyriteError as error:
            yield Finding(what, False, str(error))
    try:
        yield from endpoint()
    except PyriteError as error:
        yield Finding("endpoint", False, str(error))


def versions() -> str:
    """Python and the packages that do the work."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            raise PyriteError(f"{package} is not installed: pip install -e . (or make run)") from None
    return ", ".join([f"Python {platform.python_version()}", *found])


def study() -> str:
    """Whether params, prompts and the cards of the study can be read."""
    p = params.load()
    for setting in p.generate.settings:
        prompts.load(setting)
    for task in p.tasks:
        cards.load(task)
    return f"tasks: {len(p.tasks)}; {', '.join(p.generate.settings)}, {', '.join(p.train.classifiers)}"


def store() -> str:
    """Whether the store can be written."""
    folder = paths.store()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise PyriteError(f"{folder}: can't be written ({error.strerror}); make room or mend its rights") from None
    return f"{folder} can be written"


def data() -> str:
    """Where real data come from, and what is here already."""
    mirror = os.environ.get("PYRITE_DATA_MIRROR")
    if mirror and not Path(mirror).is_dir():
        raise PyriteError(f"PYRITE_DATA_MIRROR: {mirror} is no folder; unset it to download, or name the right one")
    tasks = params.load().tasks
    here = sum(paths.raw(task).is_dir() for task in tasks)
    return f"{here} of {len(tasks)} tasks fetched; the rest from {'the mirror' if mirror else 'the pinned URLs'}"


def devices() -> str:
    """What training runs on."""
    import torch

    from pyrite.training import encoder, parallel

    accelerated = torch.accelerator.device_count() > 0
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "accelerator"
    what = f"{parallel.devices()} x {name}" if accelerated else f"{parallel.devices()} CPU cores ({cpu()})"
    return f"{what}, precision {encoder.best_precision()}"


def cpu() -> str:
    """The CPU's name, as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


@dataclass(frozen=True)
class Probe:
    """What an endpoint answered to questions as the study puts them.

    Attributes:
        answers: to two turns of a conversation, the plan before them where the setting has one.
        labels, of_labels: what the answer to an annotator's question about those texts holds, and that answer; None
            where the study asks for no labels.
        of: how many texts and labels were asked for.
        seconds: that the longest answer took.
    """

    answers: list[cache.Answer]
    labels: list[str | None] | None
    of_labels: str
    of: int
    seconds: float
    structured: bool
    models: tuple[str, ...]


def endpoint() -> Iterator[Finding]:
    """Whether the endpoint answers as `generate` and `annotate` ask it; a line for each thing that came back."""
    p = params.load()
    if p.generate.provider == "recorded":
        yield Finding("endpoint", None, "not asked, since generate.provider is 'recorded'")
        return
    try:
        found = asyncio.run(_ask(p))
    except (PyriteError, client.Unanswered) as error:
        yield Finding("endpoint", False, str(error))
        return
    model, last = p.generate.model, found.answers[-1]
    longest = max(found.answers, key=lambda answer: answer.completion_tokens or 0)
    rate = (longest.completion_tokens or 0) / found.seconds
    speed.note(model, rate)
    form = "follows a JSON schema" if found.structured else "takes no JSON schema, its answers are read leniently"
    tokens = f", {last.prompt_tokens} + {last.completion_tokens} tokens, {rate:.0f} tokens a second"
    price = "" if model in p.generate.prices else "; its price is not in generate.prices, so only tokens are counted"
    others = ", ".join(failures.clean(name) for name in found.models if name != model)
    warning = f"; but the endpoint says that '{others}' answered: is it the model that you mean?" if others else ""
    yield Finding("endpoint", True, f"'{model}' answers and {form}{tokens}{price}{warning}")
    for turn, answer in enumerate(found.answers[-2:], start=1):
        said = parsing.texts(answer.text)
        shown = f"such as: {failures.clean(said[0])}" if said else _unread(answer.text)
        yield Finding(f"turn {turn}", bool(said), f"{min(len(said), found.of)} of {found.of} texts, {shown}")
    if found.labels is not None:
        read = [label for label in found.labels if label is not None]
        shown = ", ".join(read) if read else _unread(found.of_labels)
        yield Finding("labels", bool(read), f"{len(read)} of {len(found.labels)} labels, {shown}")


def _unread(answer: str) -> str:
    said = failures.clean(answer)[:80] or "nothing"
    return f"it said: {said}; take a model that follows instructions, or one with a chat template"


async def _ask(p: params.Params) -> Probe:
    """Ask for few texts in two turns and for their labels, in the words of the study's first task and setting."""

    async def keep(answer: cache.Answer) -> None:
        """A probe is not worth keeping."""

    # A probe is paid from no budget.
    few = p.generate.model_copy(update={"budget_usd": None, "texts_per_turn": min(TEXTS, p.generate.texts_per_turn)})
    card, setting = cards.load(p.tasks[0]), p.generate.settings[0]
    script = Script(card, setting, prompts.load(setting), few, standins.prepared(card, few.examples))
    # One try is enough to see what is wrong.
    asked = client.Endpoint(few, attempts=1)
    try:
        c, answers, seconds = script.opening(next(iter(card.labels)), 0), [], [SHORTEST]
        while script.goes_on(c, 2):
            request, begun = script.request(c), time.monotonic()
            answers.append(await asked.ask(request.messages, request.schema, keep, request.limit))
            seconds.append(time.monotonic() - begun)
            c = script.answered(c, request, answers[-1])
        labels, of_labels = None, ""
        if p.annotate.items and (said := parsing.texts(answers[-1].text)[: few.texts_per_turn]):
            to_label = {str(number): text for number, text in enumerate(said)}
            survey = annotators.labels(card, to_label, few)
            question = next(annotators.label_questions(card, list(to_label), annotators.load()))
            to_annotator = survey.request(question)
            answer = await asked.ask(to_annotator.messages, to_annotator.schema, keep, to_annotator.limit)
            of_labels = answer.text
            labels = survey.said(survey.answered(question, to_annotator, answer))
        structured, models = bool(asked.dialect.structured), tuple(sorted(asked.models))
        return Probe(answers, labels, of_labels, few.texts_per_turn, max(seconds), structured, models)
    finally:
        await asked.close()
