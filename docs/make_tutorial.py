"""Do what docs/tutorial.md says, in a fresh clone, and put in what was printed: `python docs/make_tutorial.py`.

In the order of the page: `python` blocks are run, `yaml` blocks are put into the file that their first line names (a
section takes over each of its keys), and lines of `console` blocks are typed. What a block printed goes to
benchmarks/results/tutorial.json and from there between the markers behind the block; the rest is cut where the marker
says so. The clone has what is committed. Wants `make .venv/.live`.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from blocks import ROOT, measured, put, rewrite

from pyrite.base import files, schema
from pyrite.commands.doctor import cpu

PAGE = ROOT / "docs/tutorial.md"
RESULT = ROOT / "benchmarks/results/tutorial.json"
SHOWN = re.compile(r"(<!-- output(?:: (\d+) lines)? -->)\n.*?(<!-- /output -->)", re.S)
BLOCK = re.compile(rf"```(python|yaml|console)\n(.*?)```\n(?:\n{SHOWN.pattern})?", re.S)
CUT = "..."


def blocks(page: str) -> Iterator[tuple[str, str, int | None]]:
    """What a page says to do: `python`, `yaml` or `console`, the words, and how many lines of what comes it shows."""
    for kind, words, shown, lines, _ in BLOCK.findall(page):
        yield kind, words, int(lines or 1000) if shown else None


def edited(source: str, words: str) -> str:
    """A YAML file with a block put into it."""

    def change(whole: Any) -> None:
        for section, value in yaml.safe_load(words).items():
            if isinstance(value, dict):
                whole[section].update(value)
            else:
                whole[section] = value

    return schema.edit(source, change)


class Project:
    """A fresh clone in which a page's blocks are done, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "pyrite"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.folder)], check=True)
        who = {f"GIT_{role}_{key}": "you@example.org" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        self.environment = os.environ | who | {"PYTHONPATH": str(self.folder / "src"), "COLUMNS": "100"}
        self.servers: list[subprocess.Popen[bytes]] = []

    def do(self, kind: str, words: str) -> str:
        """Do a block; what it printed, without the folder's name."""
        if kind == "yaml":
            path = self.folder / words.splitlines()[0].removeprefix("# ")
            path.write_text(edited(path.read_text(encoding="utf-8"), words), encoding="utf-8")
            return ""
        printed = self.run([sys.executable, "-"], words) if kind == "python" else ""
        for line in words.splitlines() if kind == "console" else ():
            printed += self.type(line.removeprefix("$ "))
        return printed.replace(str(self.folder.parent), "..").replace("\N{NO-BREAK SPACE}", " ")

    def type(self, line: str) -> str:
        print(f"$ {line}", flush=True)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self.environment[name] = value
            return ""
        if line.endswith(" &"):
            command = line.removesuffix(" &").split()
            started = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE)
            self.servers.append(started)
            assert started.stdout
            started.stdout.readline()  # it says when it is ready
            return ""
        return self.run(["bash", "-c", line])

    def run(self, command: list[str], words: str = "") -> str:
        done = subprocess.run(
            command, input=words, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        )
        print(done.stdout, flush=True)
        return done.stdout

    def close(self) -> None:
        for server in self.servers:
            server.terminate()
            server.wait()


def done(page: str) -> dict[str, Any]:
    """What the blocks of a page printed, so much of it as the page shows, and how much computing they took."""
    printed = []
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder))
        try:
            for kind, words, shown in blocks(page):
                output = project.do(kind, words)
                if shown is not None:
                    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
                    printed.append(lines if len(lines) <= shown else [*lines[:shown], CUT])
        finally:
            project.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = round((used.ru_utime + used.ru_stime) / 60)
    return {"python": platform.python_version(), "cpu": cpu(), "minutes": minutes, "printed": printed}


def filled(page: str) -> str:
    """The page with what its commands printed in the committed run."""
    run = measured("tutorial")
    outputs = iter(run["printed"])
    page = SHOWN.sub(lambda match: "\n".join([match[1], "```text", *next(outputs), "```", match[3]]), page)
    took = f"All of it took {run['minutes']} minutes of computing (one core, {run['cpu']}; Python {run['python']})."
    return put(page, {"took": took})


if __name__ == "__main__":
    files.write_json(RESULT, done(PAGE.read_text(encoding="utf-8")))
    rewrite("docs/tutorial.md", filled)
