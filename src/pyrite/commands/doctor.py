"""Doctor: what of the set-up works, and plain advice for what does not."""

import asyncio
import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.text import Text

from pyrite import params
from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, standins
from pyrite.llm import annotators, cache, client, failures, generation, parsing, prompts, speed
from pyrite.params import Labelled

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
    for check in (versions, study, store, data, devices):
        try:
            yield Finding(check.__name__, True, check())
        except PyriteError as error:
            yield Finding(check.__name__, False, str(error))
    try:
        yield from endpoints()
    except PyriteError as error:
        yield Finding("endpoint", False, str(error))


def versions() -> str:
    """Python and the packages that do the work."""
    installed = []
    for package in PACKAGES:
        try:
            installed.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            raise PyriteError(f"{package} is not installed: pip install -e . (or make run)") from None
    return ", ".join([f"Python {platform.python_version()}", *installed])


def study() -> str:
    """Whether params, prompts and the cards of the study can be read."""
    p = params.load()
    for written in p.written.values():
        prompts.load(written.prompt)
    for task in p.tasks:
        cards.load(task)
    return f"tasks: {len(p.tasks)}; {', '.join(p.sources)}, {', '.join(p.train.classifiers)}"


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
    rest = "" if here == len(tasks) else f"; the rest comes from {'the mirror' if mirror else 'where its card says'}"
    return f"{here} of {len(tasks)} tasks fetched{rest}"


def devices() -> str:
    """What training runs on."""
    import torch

    from pyrite.training import encoder, parallel

    accelerated = torch.accelerator.device_count() > 0
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "accelerator"
    hardware = f"{parallel.devices()} x {name}" if accelerated else f"{parallel.devices()} CPU cores ({cpu()})"
    return f"{hardware}, precision {encoder.best_precision()}"


def cpu() -> str:
    """The CPU's name, as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def endpoints() -> Iterator[Finding]:
    """Whether each LLM answers as `generate` and `annotate` ask it; a line for each thing that came back."""
    p = params.load()
    for name in p.llms:
        asking = p.asking(name)
        where = "endpoint" if len(p.llms) == 1 else f"endpoint of {name}"
        if asking.provider == "recorded":
            why = "generate.provider is 'recorded'" if asking.llm.endpoint else "it has none: only recorded answers"
            yield Finding(where, None, f"not asked, since {why}")
            continue
        if not _writes(p, name) and not _labels(p, name):
            yield Finding(where, None, f"not asked, since no source uses {name}")
            continue
        try:
            yield from asyncio.run(_endpoint(p, name, where))
        except (PyriteError, cache.Unanswered) as error:
            yield Finding(where, False, str(error))


def _writes(p: params.Params, llm: str) -> str | None:
    """A source that an LLM writes, if it writes one."""
    return next((source for source, written in p.written.items() if written.llm == llm), None)


def _labels(p: params.Params, llm: str) -> bool:
    """Whether an LLM is asked for labels, of training texts or of test rows."""
    labelled = [spec.llm for spec in p.sources.values() if isinstance(spec, Labelled)]
    return llm in labelled or (llm == p.annotate.llm and p.annotate.items > 0)


async def _endpoint(p: params.Params, name: str, where: str) -> list[Finding]:
    """Ask an LLM for few texts in two turns and for the labels of some, in the words of the study's first task."""

    async def keep(answer: cache.Answer) -> None:
        """What is asked here is not worth keeping."""

    card, writes = cards.load(p.tasks[0]), _writes(p, name)
    # This is paid from no budget, and one try is enough to see what is wrong.
    asking = p.asking(name).model_copy(update={"budget_usd": None})
    endpoint, answers, seconds = client.Endpoint(asking, attempts=1), [], [SHORTEST]

    async def put(request: cache.Request) -> cache.Answer:
        begun = time.monotonic()
        answers.append(await endpoint.ask(request, keep))
        seconds.append(time.monotonic() - begun)
        return answers[-1]

    try:
        texts, findings = [standins.of_length(card)] * TEXTS, []
        if writes:
            written = p.written[writes]
            wanted = min(TEXTS, written.texts_per_turn)
            few = p.model_copy(update={"sources": {writes: written.model_copy(update={"texts_per_turn": wanted})}})
            script = generation.script(few, card, writes, standins.prepared(card, written.examples))
            c = script.opening(next(iter(card.labels)), 0)
            while script.goes_on(c, 2):
                request = script.request(c)
                c = script.answered(c, request, await put(request))
            # A plan, where the prompt has one, comes before the turns.
            for turn, answer in enumerate(answers[-2:], start=1):
                texts = parsing.texts(answer.text)[:wanted]
                shown = f"such as: {failures.clean(texts[0])}" if texts else _unread(answer)
                findings.append(Finding(f"turn {turn}", bool(texts), f"{len(texts)} of {wanted} texts, {shown}"))
        if _labels(p, name) and texts:
            to_label = {str(number): text for number, text in enumerate(texts)}
            roles = annotators.load()
            survey = annotators.labels(card, to_label, asking, roles, roles.personas)
            question, request = survey.questions[0], survey.request(survey.questions[0])
            labels = survey.read_all(survey.answered(question, request, await put(request)))
            read = [label for label in labels if label is not None]
            shown = ", ".join(read) if read else _unread(answers[-1])
            findings.append(Finding("labels", bool(read), f"{len(read)} of {len(labels)} labels, {shown}"))
        return [_answers(p, endpoint, answers, max(seconds), where), *findings]
    finally:
        await endpoint.close()


def _answers(
    p: params.Params, endpoint: client.Endpoint, answers: Sequence[cache.Answer], seconds: float, where: str
) -> Finding:
    """That an LLM answers, how and how fast: the longest answer took so many seconds."""
    model, last = answers[-1].model, answers[-1]
    rate = max(answer.completion_tokens or 0 for answer in answers) / seconds
    speed.note(model, rate)
    forms = {True: " and follows a JSON schema", False: " and takes no JSON schema, its answers are read leniently"}
    form = "" if endpoint.dialect.structured is None else forms[endpoint.dialect.structured]
    tokens = f", {last.prompt_tokens} + {last.completion_tokens} tokens, {rate:.0f} tokens a second"
    price = "" if model in p.generate.prices else "; its price is not in generate.prices, so only tokens are counted"
    others = ", ".join(failures.clean(other) for other in sorted(endpoint.models) if other != model)
    warning = f"; but the endpoint says that '{others}' answered: is it the model that you mean?" if others else ""
    return Finding(where, True, f"'{model}' answers{form}{tokens}{price}{warning}")


def _unread(answer: cache.Answer) -> str:
    if answer.refused:
        return f"it was refused ({answer.refused}; docs/llm.md)"
    words = failures.clean(answer.text)[:80] or "nothing"
    return f"it said: {words}; take a model that follows instructions, or one with a chat template"
