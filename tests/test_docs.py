"""README and docs: that they say what the last committed run found, and that their links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "results").glob("*/README.md"))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_was_measured_stands_in_the_docs() -> None:
    page = (ROOT / "docs/llm.md").read_text(encoding="utf-8")
    assert "| 256 | pyrite |" in page
    assert script("make_llm").filled(page) == page, "run python docs/make_llm.py"


def test_the_costs_of_scale_are_those_of_the_benchmarks() -> None:
    page = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
    assert script("make_scale").filled(page) == page, "run python docs/make_scale.py"


def test_the_readme_has_the_result_of_the_committed_report() -> None:
    make_readme = script("make_readme")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    report = (ROOT / "report/REPORT.md").read_text(encoding="utf-8")
    assert "| real |" in readme
    assert make_readme.filled(readme, report) == readme, "run python docs/make_readme.py"


@pytest.mark.parametrize("study", sorted((ROOT / "results").glob("*/")), ids=lambda folder: folder.name)
def test_the_page_of_a_kept_study_and_the_readme_say_what_its_metrics_say(study: Path) -> None:
    make_study = script("make_study")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert make_study.page(study) == (study / "README.md").read_text(encoding="utf-8"), "run docs/make_study.py"
    assert make_study.in_short(study) in readme, "run docs/make_study.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} links to {target}"


def test_every_direct_dependency_has_a_line_and_a_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    tables = page.split("For developers:")
    for listed, table in zip((project["dependencies"], project["optional-dependencies"]["dev"]), tables, strict=True):
        wanted = [re.split(r"[\[<>=]", line)[0] for line in listed]
        cells = [row.split(" | ")[0] for row in re.findall(r"^\| (`.*)", table, flags=re.M)]
        assert re.findall(r"`([\w-]+)`", " ".join(cells)) == wanted
        assert [name for name in wanted if f"\n{name}==" not in lock] == []


def test_contributing_names_every_module() -> None:
    named = set(re.findall(r"`(\w+)/?`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    there = {path.stem for path in (ROOT / "src/pyrite").glob("*.py")} - {"__init__"}
    assert there <= named, f"not in CONTRIBUTING.md: {sorted(there - named)}"
