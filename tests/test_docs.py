"""README and docs: that they say what the last committed run found, that links lead somewhere, that commands exist.

Every command of a console block, and every `pyrite`, `dvc` or `make` command in running text, is parsed here by the
parser of its program, so that no command, argument or option is made up; scripts and files that it names are there.
Which of them also *run*, and with what result: all of docs/experiments.md and `RUN` in `test_experiments.py`. Only
parsed, because they want a network, a GPU, several machines, an LLM, a new environment or hours, are the others:
`make`, `pip`, `torchrun`, `accelerate`, the studies of the paper, downloads, batch imports, predictions with a
checkpoint of MiniLM, sheets of tasks that the small study lacks, and what changes a shell.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import runpy
import shlex
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from conftest import ROOT, shipped_params
from test_cli import commands, parsed

from pyrite.base import paths, schema
from pyrite.commands import verdict
from pyrite.commands.doctor import Finding
from pyrite.llm.costs import CostEstimate
from pyrite.measures import forecast
from pyrite.params import Params

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "results").glob("*/README.md"))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def typed_in_docs() -> list[tuple[str, list[str]]]:
    """What every console block says to type: (page, words), one for each command of a line, without variables."""
    typed = []
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S):
            for line in block.replace("\\\n", " ").splitlines():
                assert line.startswith("$ "), f"{page.name}: {line}: a console block has only what is typed"
                typed += [(page.name, words) for words in split(line.removeprefix("$ "))]
    return typed


def written_in_docs() -> list[tuple[str, list[str]]]:
    """The commands in running text, between backticks."""
    written = []
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        for line in re.findall(r"`((?:pyrite|dvc|make|cp) [^`]+)`", text):
            written += [(page.name, words) for words in split(line)]
    return written


def split(line: str) -> list[list[str]]:
    """The commands of a line, joined by `&&`, without comments and leading variables."""
    parts: list[list[str]] = [[]]
    for word in shlex.split(line, comments=True):
        if word == "&&":
            parts.append([])
        elif parts[-1] or not re.match(r"[A-Z_]+=", word):
            parts[-1].append(word)
    return parts


def check(program: str, *words: str) -> None:
    """Whether a program takes these words; an exception where it does not, or where the program is not known here."""
    if program == "pyrite":
        # Those two end the parsing; and a name alone is what a page may call a command.
        rest = [word for word in words if word not in ("--help", "--install-completion")]
        if rest and " ".join(rest) not in {name for name, _ in commands()} | {"batch", "transcripts"}:
            parsed(rest)
    elif program == "dvc":
        from dvc.cli.parser import get_main_parser

        get_main_parser().parse_args(list(words))
    elif program == "make":
        [target] = words
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    elif program in ("torchrun", "accelerate"):
        launched(program, list(words))
    elif program == "git":
        known = subprocess.run(["git", "--list-cmds=main"], capture_output=True, text=True, check=True).stdout
        assert words[0] in known.split()
    elif program == "cp":
        source, target = words
        assert (ROOT / source).is_file()
        assert (ROOT / target).is_file()
    elif program in ("python", "python3") and words[0] != "-m":
        assert (ROOT / words[0]).is_file()
    else:
        # What the Makefile does too, and a shell's own words.
        assert [program, *words] in [
            ["python3", "-m", "venv", ".venv"],
            [".", ".venv/bin/activate"],
            ["pip", "install", "-e", "."],
        ] or (program == "export" and len(words) == 1)


def launched(launcher: str, words: list[str]) -> None:
    """Whether a launcher takes its options and Pyrite the rest."""
    parser: Any
    if launcher == "torchrun":
        from torch.distributed.run import get_args_parser

        parser = get_args_parser()
    else:
        from accelerate.commands.launch import launch_command_parser

        assert words.pop(0) == "launch"
        parser = launch_command_parser()
    options = parser.parse_args(words)
    assert options.module
    assert options.training_script == "pyrite.cli"
    parsed(options.training_script_args)


@pytest.mark.parametrize("page", sorted({page for page, _ in typed_in_docs() + written_in_docs()}))
def test_every_command_is_one(page: str) -> None:
    here = [words for where, words in typed_in_docs() + written_in_docs() if where == page]
    assert here
    for words in here:
        try:
            check(*words)
        except (Exception, SystemExit) as error:
            raise AssertionError(f"{page}: {shlex.join(words)}: {error!r}") from error


@pytest.mark.parametrize(
    "line",
    [
        "pyrite frobnicate",
        "pyrite train python_docs",
        "pyrite store prune --all",
        "dvc reproduce",
        "dvc exp run --no-such-option",
        "make coffee",
        "cp studies/nothing.yaml params.yaml",
        "python benchmarks/nothing.py",
        "rm -rf .",
    ],
)
def test_a_command_that_is_none_is_found(line: str) -> None:
    [words] = split(line)
    with pytest.raises((Exception, SystemExit)):
        check(*words)


def test_the_picture_of_the_stages_is_that_of_dvc() -> None:
    page = (ROOT / "docs/how-it-works.md").read_text(encoding="utf-8")
    assert '["subjectivity"]' in page
    assert script("make_dag").filled(page) == page, "run python docs/make_dag.py"


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, f"docs/README.md does not name {page.name}"


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("llm", "| 256 | pyrite |"),
        ("llm", "| schema with bounds |"),
        ("llm", "| tweet_emotion |"),
        ("endpoints", "| thoughts |"),
        ("devices", "| imdb | Pyrite |"),
        ("scale", "| `generate` |"),
        ("tutorial", "281 test rows"),
        ("measures", "forecasts erred by"),
        ("verdict", "*replace* was said to"),
    ],
)
def test_what_was_measured_stands_in_the_docs(name: str, measured: str) -> None:
    page = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    assert measured in page
    assert script(f"make_{name}").filled(page) == page, f"run python docs/make_{name}.py"


@pytest.mark.parametrize(
    "name",
    # The peers' scripts run where the peers are installed.
    [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "benchmarks").rglob("*.py"))
        if path.stem not in ("curator_peer", "distilabel_peer")
    ],
)
def test_each_benchmark_finds_what_it_measures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as some set it themselves
    monkeypatch.syspath_prepend(str((ROOT / name).parent))
    assert "main" in runpy.run_path(str(ROOT / name), run_name="benchmark") or name.endswith("peers.py")


def test_the_page_says_of_forecasts_what_the_backtest_found() -> None:
    backtest = json.loads((ROOT / "benchmarks/results/forecast.json").read_text())["backtest"]
    assert round(backtest["quantile"], 2) == forecast.QUANTILE
    error, coverage = backtest["all"]["error"]["power_law"], backtest["all"]["coverage"]
    pilots = json.loads((ROOT / "benchmarks/results/pilot.json").read_text())["backtest"]
    assert round(pilots["quantile"], 2) == forecast.QUANTILE_GENERATED
    alone = pilots["all"]["error"]["power_law"]
    template = (ROOT / "src/pyrite/results/page/templates/next.html.j2").read_text(encoding="utf-8")
    assert f"were off by {error:.1f} points, those of generated texts alone by {alone:.1f}, and" in template
    assert f"and {100 * coverage:.0f} % of the true scores lay in their intervals" in template


def test_the_readme_has_the_result_of_the_committed_metrics() -> None:
    make_readme = script("make_readme")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "| real |" in readme
    assert make_readme.filled(readme) == readme, "run python docs/make_readme.py"


@pytest.mark.parametrize("study", sorted((ROOT / "results").glob("*/")), ids=lambda folder: folder.name)
def test_the_page_of_a_kept_study_and_the_readme_say_what_its_metrics_say(study: Path) -> None:
    whole, in_short, pages = script("make_study").STUDIES[study.name]
    assert whole(study) == (study / "README.md").read_text(encoding="utf-8"), "run docs/make_study.py"
    for page in pages:
        assert in_short(study) in (ROOT / page).read_text(encoding="utf-8"), "run docs/make_study.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        file, _, heading = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), f"{page.name} links to {target}"
        if heading:
            lines = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), flags=re.M)
            # As git hosts make them: lower case, spaces to hyphens, no punctuation.
            anchors = {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
            assert heading in anchors, f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_code_that_a_page_names_is_there(page: Path) -> None:
    for name in re.findall(r"`pyrite((?:\.[a-z]\w*)+)`", page.read_text(encoding="utf-8")):
        thing: Any = importlib.import_module("pyrite")
        for part in name.split(".")[1:]:
            if isinstance(thing, ModuleType) and not hasattr(thing, part):
                importlib.import_module(f"{thing.__name__}.{part}")
            thing = getattr(thing, part)


def test_the_settings_of_the_tutorial_can_be_read() -> None:
    make_tutorial = script("make_tutorial")
    steps = list(make_tutorial.blocks((ROOT / "docs/tutorial.md").read_text(encoding="utf-8")))
    study = shipped_params() | {"sources": {"written": {"kind": "imported"}}}
    study["compare"]["candidates"] = ["written"]
    source = yaml.safe_dump(study)
    settings = [words for kind, words, _ in steps if kind == "yaml" and words.startswith("# params.yaml")]
    assert len(settings) == 2
    for words in settings:
        source = make_tutorial.edited(source, words)
        schema.parse(source, paths.PARAMS, Params)
    assert all(compile(words, "", "exec") for kind, words, _ in steps if kind == "python")
    assert len(make_tutorial.measured("tutorial")["printed"]) == sum(shown is not None for *_, shown in steps)


def test_the_tutorial_decides_by_what_was_printed() -> None:
    decision = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8").partition("## 7.")[2]
    printed = "\n".join(line for lines in script("make_tutorial").measured("tutorial")["printed"] for line in lines)
    figures = re.findall(r"\d+\.\d+|\d{3,}", decision)
    assert figures
    assert [figure for figure in figures if figure not in printed] == []


def test_the_json_has_the_keys_that_the_skill_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    printed: dict[str, Any] = {
        "verdict": verdict.as_json(),
        "estimate": [dict.fromkeys(field.name for field in fields(CostEstimate))],
        "doctor": [dict.fromkeys(field.name for field in fields(Finding))],
    }
    page = (ROOT / "SKILL.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `pyrite (\w+) --json` \| `(\S+)` \|", page, flags=re.M)
    assert {command for command, _ in named} == set(printed)
    for command, place in named:
        value = printed[command]
        for key in re.findall(r"\w+|\[\]", place):
            value = value[0] if key == "[]" else value[key]


def test_every_direct_dependency_has_a_line_and_a_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    tables = page.split("For developers:")
    for listed, table in zip((project["dependencies"], project["optional-dependencies"]["dev"]), tables, strict=True):
        wanted = [re.split(r"[\[<>=]", line)[0] for line in listed]
        cells = [row.split(" | ")[0] for row in re.findall(r"^\| (`.*)", table, flags=re.M)]
        assert re.findall(r"`([\w.-]+)`", " ".join(cells)) == wanted
        assert [name for name in wanted if f"\n{name}==" not in lock] == []


def test_contributing_has_one_row_a_room() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.M)
    package = ROOT / "src/pyrite"
    rooms = {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert sorted(rows) == sorted(rooms | {path.stem for path in package.glob("[!_]*.py")})
