"""The real `dvc.yaml`: that it says what the code does, and one run of the whole of it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import DVC, ROOT, repro, run, shipped_params

from pyrite.base import files, paths

# One worker runs the study that they share.
pytestmark = pytest.mark.xdist_group("default study")

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}
PACKAGE = ROOT / "src/pyrite"

# Modules through which every stage reads and writes: they move values without deciding any. `cards` and `prompts` are
# named by the stages for which they do decide. `cache` and `client` bring answers, which the transcripts among the
# outputs show: they decide what is paid, not what is made of it.
PLUMBING = {"params", "data.cards", "llm.prompts", "llm.cache", "llm.client"}
PLUMBING |= {f"base.{path.stem}" for path in (PACKAGE / "base").glob("*.py")}


def names(entries: list) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def path_of(module: str) -> Path:
    path = PACKAGE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(module: str) -> set[str]:
    """The package's modules that a module imports, as `room.module`."""
    modules = set()
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "pyrite":
            inside = (node.module or "").removeprefix("pyrite").removeprefix(".")
            modules |= {inside} | {f"{inside}.{alias.name}".removeprefix(".") for alias in node.names}
    # Who imports from a room within a room means all of its modules.
    for name in [name for name in modules if "." in name]:
        modules |= {f"{name}.{path.stem}" for path in (PACKAGE / name.replace(".", "/")).glob("[!_]*.py")}
    return {name for name in modules if "." in name and path_of(name).is_file()}


def imported(module: str) -> set[str]:
    """The modules that a module imports, directly or through others that are no plumbing."""
    modules: set[str] = set()
    todo = {module}
    while todo:
        fresh = imports(todo.pop())
        todo |= fresh - modules - PLUMBING
        modules |= fresh
    return modules


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_that_decides_its_result(stage: str) -> None:
    inside = [dep for dep in names(STAGES[stage]["deps"]) if dep.startswith("src/pyrite/")]
    # A folder stands for all of its modules.
    code = {dep for dep in inside if dep.endswith(".py")}
    code |= {str(path.relative_to(ROOT)) for dep in inside for path in (ROOT / dep).glob("*.py")}
    for dep in code:
        assert (ROOT / dep).exists(), f"{stage} depends on {dep}, which is not there"
    used = imported(f"stages.{stage}")
    needed = {str(path_of(name).relative_to(ROOT)) for name in {f"stages.{stage}"} | (used - PLUMBING)}
    optional = {str(path_of(name).relative_to(ROOT)) for name in PLUMBING & used}
    assert needed <= code, f"{stage} does not depend on {sorted(needed - code)}"
    assert code <= needed | optional, f"{stage} depends on {sorted(code - needed - optional)}, which it does not use"


def test_files_are_where_paths_says() -> None:
    task, classifier, source = "${item}", "${item.classifier}", "${item.source}"
    of_matrix = "${item.task}"
    assert names(STAGES["fetch"]["outs"]) == [str(paths.raw(task))]
    assert names(STAGES["prepare"]["outs"]) == [
        str(paths.prepared(task)),
        str(paths.judgements(task)),
        str(paths.metrics("prepare", task)),
    ]
    assert names(STAGES["generate"]["outs"]) == [
        str(paths.transcript(of_matrix, source)),
        str(paths.source(of_matrix, source)),
        str(paths.dropped(of_matrix, source)),
        str(paths.metrics("generate", f"{of_matrix}.{source}")),
    ]
    for place in (paths.recording, paths.imported):
        assert str(place(of_matrix, "any").parent) in STAGES["generate"]["deps"]
    assert str(paths.imported(task, "any").parent) in STAGES["prepare"]["deps"]
    assert names(STAGES["train"]["outs"]) == [str(paths.models(of_matrix, classifier))]
    assert names(STAGES["evaluate"]["outs"]) == [str(paths.metrics("evaluate", task))]
    assert names(STAGES["diversity"]["outs"]) == [str(paths.text_map(task)), str(paths.metrics("diversity", task))]
    assert names(STAGES["annotate"]["outs"]) == [str(paths.annotation_table(task))]
    assert names(STAGES["subjectivity"]["outs"]) == [str(paths.metrics("subjectivity"))]
    assert names(STAGES["compare"]["metrics"]) == [str(paths.HEADLINE)]
    assert names(STAGES["compare"]["outs"]) == [
        *(str(path) for path in (paths.FRONTIER, paths.TABLE, paths.PLOTS, paths.TABLES))
    ]
    for name in names(STAGES["report"]["outs"]):
        assert Path(name).parent == paths.REPORT


def test_every_source_is_made_and_trained_on() -> None:
    assert STAGES["generate"]["matrix"]["source"] == "${sources}"
    for stage in ("train", "diversity"):
        item = "${item.task}" if stage == "train" else "${item}"
        assert str(paths.source(item, "any").parent) in STAGES[stage]["deps"]
        assert "sources" in STAGES[stage]["params"]
    # Fits rest on texts, whatever else a transcript says.
    assert not [dep for dep in STAGES["train"]["deps"] if "transcripts" in dep]


def test_the_classifiers_of_params_are_the_train_stages() -> None:
    # A matrix over a mapping takes its keys: true of DVC 3.67, but nowhere in its documentation.
    listed = subprocess.run(
        [*DVC, "stage", "list", "--name-only"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    params = shipped_params()
    expected = {
        f"train@{task}-{classifier}" for task in params["tasks"] for classifier in params["train"]["classifiers"]
    }
    assert {name for name in listed.stdout.split() if name.startswith("train@")} == expected


def test_no_stage_but_the_report_depends_on_all_cards() -> None:
    for name, stage in STAGES.items():
        assert name == "report" or "tasks" not in names(stage["deps"])
        # No launcher, device or endpoint in a command: moving to eight GPUs must not change dvc.lock.
        assert stage["cmd"].split()[:2] == ["pyrite", name]


@pytest.mark.parametrize("stage", [name for name, stage in PIPELINE.items() if {"foreach", "matrix"} & stage.keys()])
def test_a_tasks_stage_depends_on_no_other_tasks_data(stage: str) -> None:
    data = [dep for dep in names(STAGES[stage]["deps"]) if dep.startswith("data/")]
    assert [dep for dep in data if "${item" not in dep] in ([], [str(paths.RECORDED_ANNOTATIONS)])


@pytest.fixture(scope="module")
def study(default_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small default study, to be changed and put back."""
    return shutil.copytree(default_study, tmp_path_factory.mktemp("pipeline") / "study", symlinks=True)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def headline(folder: Path) -> dict:
    return json.loads((folder / paths.HEADLINE).read_text())


def test_the_study_ends_in_a_verdict_and_a_report(study: Path) -> None:
    assert headline(study)["candidate"] == "few_shot"
    assert 60 < headline(study)["macro_f1"] < 90
    output = run(study, sys.executable, "-m", "pyrite.cli", "verdict")
    assert "pool" in output
    assert "report/index.html" in output
    assert (study / "report/index.html").stat().st_size < 3_000_000


def test_a_second_run_runs_nothing(study: Path) -> None:
    assert repro(study) == set()


def test_of_two_runs_at_once_one_trains_only_the_new_fits_and_the_other_is_told(study: Path) -> None:
    edit(study / "params.yaml", "seeds:\n  - 0\n", "seeds:\n  - 0\n  - 2\n")
    train = "train@python_docs-probe"
    shown = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    runs = [subprocess.Popen([*DVC, "repro", train], cwd=study, **shown) for _ in range(2)]
    outputs = [process.communicate()[0] for process in runs]
    assert 0 in {process.returncode for process in runs}, outputs
    # One more seed draws other folds; mixes that have none have the same rows, and are the same fits.
    assert "python_docs probe: 54 fits, 30 from the store, 20 to train" in "".join(outputs)
    # DVC holds the checkout while it looks, and each file of a stage while the stage runs.
    refusals = [words for process, words in zip(runs, outputs, strict=True) if process.returncode]
    assert all("Unable to acquire lock" in words or "is busy" in words for words in refusals), outputs
    assert repro(study, train) == set()
    fits = [paths.fit("python_docs", "probe", "few_shot", seed) / "predictions.parquet" for seed in (0, 2)]
    assert [len(files.read_parquet(study / fit)) > 0 for fit in fits] == [True, True]
    run(study, "git", "checkout", "-q", "params.yaml")
    assert "Running stage" not in run(study, *DVC, "repro", train)


def test_a_changed_sentence_of_a_prompt_runs_generation_and_what_follows(study: Path) -> None:
    edit(study / "tasks/prompts.yaml", "Now write {n} more that are clearly", "Write {n} more that are clearly")
    # As far as the training that has zero-shot texts: what follows that is the same, and costs most.
    target = "train@python_docs-probe"
    ran = repro(study, target)
    assert {"generate@python_docs-zero_shot", target} <= ran
    assert not {name for name in ran if name.startswith(("fetch", "prepare", "annotate"))}
    counts = {
        name: json.loads((study / paths.metrics("generate", f"python_docs.{name}")).read_text())["stale_answers"]
        for name in ("zero_shot", "few_shot")
    }
    assert counts == {"zero_shot": 7, "few_shot": 0}
    run(study, "git", "checkout", "-q", ".")
    output = run(study, *DVC, "repro", target)
    # DVC's run cache gives the fits back; stages with metrics in git, which it does not keep, run again in seconds.
    assert "Stage 'train@python_docs-probe' is cached - skipping run" in output
    assert "Running stage 'train" not in output
    assert "Running stage 'generate@python_docs-few_shot'" not in output
    assert run(study, "git", "status", "--short") == ""
