"""Doctor: what of the set-up works, and plain advice for what does not."""

from __future__ import annotations

import asyncio
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.text import Text

from pyrite import params
from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards
from pyrite.llm import cache, client, conversations, failures, parsing, prompts

PACKAGES = ("dvc", "torch", "transformers", "accelerate", "scikit-learn", "pandas", "openai")
# The probe: as small as a real question can be.
QUESTION = "Write 2 short sentences about the weather. Answer with a JSON array of 2 strings and nothing else."


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
        ("endpoint", probe),
    ):
        yield _finding(what, check)


def _finding(what: str, check: Callable[[], str | None]) -> Finding:
    try:
        found = check()
    except PyriteError as error:
        return Finding(what, False, str(error))
    return Finding(what, None if found is None else True, found or "not asked, since generate.provider is 'recorded'")


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


def probe() -> str | None:
    """One tiny question to the endpoint; nothing where the study needs none."""
    p = params.load().generate
    if p.provider == "recorded":
        return None
    answer, structured = asyncio.run(_ask(p))
    if not parsing.texts(answer.text):
        said = failures.clean(answer.text)[:80] or "nothing"
        raise PyriteError(
            f"'{p.model}' answers, but not with a JSON array of texts (it said: {said}); take a model that follows "
            "instructions, or one with a chat template"
        )
    tokens = "" if answer.prompt_tokens is None else f", {answer.prompt_tokens} + {answer.completion_tokens} tokens"
    price = "" if p.model in p.prices else "; its price is not in generate.prices, so only tokens will be counted"
    form = "follows a JSON schema" if structured else "takes no JSON schema, its answers are read leniently"
    return f"'{p.model}' answers and {form}{tokens}{price}"


async def _ask(p: params.Generate) -> tuple[cache.Answer, bool]:
    async def keep(answer: cache.Answer) -> None:
        """A probe is not worth keeping."""

    # One try is enough to see what is wrong, and a probe is paid from no budget.
    asked = client.Endpoint(p.model_copy(update={"budget_usd": None}), attempts=1)
    try:
        answer = await asked.ask([{"role": "user", "content": QUESTION}], conversations.TEXTS, keep)
        return answer, bool(asked.dialect.structured)
    finally:
        await asked.close()
