"""The house: modules lie in rooms, and imports point one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from conftest import ROOT

PACKAGE = ROOT / "src/pyrite"

# Each room may import from those before it, and its own modules from each other without a circle.
ORDER = ("base", "data", "measures", "training", "params", "llm", "results", "stages", "commands", "arguments", "cli")
# Modules of these stand side by side: none imports another.
SIDE_BY_SIDE = ("stages", "commands")
LONGEST = 350

MODULES = {
    str(path.relative_to(PACKAGE)).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.parent != PACKAGE or path.stem != "__init__"
}


def imports(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "pyrite":
            inside = (node.module or "").removeprefix("pyrite").removeprefix(".")
            for name in (inside, *(f"{inside}.{alias.name}".removeprefix(".") for alias in node.names)):
                # A room within a room finds its modules by their names, and stands for them.
                if name in MODULES and not f"{module}.".startswith(f"{name}."):
                    yield name
                    yield from (other for other in MODULES if "." in name and other.startswith(f"{name}."))


def room(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    for other in imports(module):
        assert ORDER.index(room(other)) <= ORDER.index(room(module)), f"{module} imports {other}"
        if room(module) in SIDE_BY_SIDE and room(other) in SIDE_BY_SIDE:
            raise AssertionError(f"{module} imports {other}")


def test_no_modules_import_each_other_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " imports ".join((*above, module))
        if module not in done:
            for other in imports(module):
                visit(other, (*above, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_long(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LONGEST
