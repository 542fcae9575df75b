"""docs/sharing.md: its commands, typed in two clones of a small live study, over a folder and over S3."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import DVC, ROOT, card_text, change_params, fine_tune, run, tfidf, write_params, written_sources
from llm_server import serve

from pyrite.base import paths

pytestmark = pytest.mark.xdist_group("sharing")

KEY = "sk-shared-with-nobody-0123456789"


def section(heading: str) -> list[str]:
    """What the page's section says to type."""
    page = (ROOT / "docs/sharing.md").read_text(encoding="utf-8")
    body = re.split(r"^## ", page.partition(f"## {heading}\n")[2], flags=re.M)[0]
    blocks = re.findall(r"```console\n(.*?)```", body, flags=re.S)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def typed(folder: Path, *commands: str) -> str:
    output = ""
    for command in commands:
        words = shlex.split(command.replace("/path/to/storage", str(folder.parent / "storage")))
        if words[0] == "dvc":
            words = [*DVC, *words[1:]]
        elif words[0] == "make":  # the environment is there already
            words = ["make", "-o", ".venv/.ready", *words[1:]]
        output += run(folder, *words)
    return output


def identify(folder: Path) -> None:
    for key, value in (("user.name", "t"), ("user.email", "t@example.org")):
        run(folder, "git", "config", key, value)


def add_task(folder: Path, task: str) -> None:
    """A card like that of the fruit, with texts of its own, and its name in the study's list."""
    (folder / f"tasks/{task}.yaml").write_text(card_text(task))
    rows = [f"a real {task} sentence number {n} here,{('fruit', 'tool')[n % 2]}\n" for n in range(120)]
    (folder / f"{task}.csv").write_text("text,label\n" + "".join(rows))
    for place in (f"data/recordings/{task}", f"data/imported/{task}"):
        (folder / place).mkdir(parents=True)
        (folder / place / ".gitkeep").touch()
    listed = yaml.safe_load((folder / paths.PARAMS).read_text())["tasks"]
    change_params("tasks", [*listed, task], folder)


@pytest.fixture(scope="module")
def first(warm_programs: None, tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone in which a study has asked an LLM, with a key and a password, and trained; committed."""
    first = tmp_path_factory.mktemp("sharing") / "first"
    first.mkdir()
    for name in ("dvc.yaml", ".dvcignore", ".gitignore", "Makefile"):
        shutil.copy(ROOT / name, first)
    shutil.copytree(ROOT / "src", first / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copytree(tiny_checkpoint, first / "tiny")
    (first / "tasks").mkdir()
    for name in ("prompts.yaml", "annotators.yaml"):
        shutil.copy(ROOT / "tasks" / name, first / "tasks")
    (first / paths.RECORDED_ANNOTATIONS).mkdir(parents=True)
    (first / paths.RECORDED_ANNOTATIONS / ".gitkeep").touch()
    # One fit alone, without folds, starts no processes.
    classifiers = {"tiny": fine_tune("tiny", "zero_shot", steps=2), "tfidf": tfidf("real", "zero_shot")}
    write_params(
        first,
        tasks=[],
        **written_sources("zero_shot", per_label=10, turns=1, texts_per_turn=10),
        train={"seeds": [0], "classifiers": classifiers},
        evaluate={"resamples": 100},
        compare={"classifier": "tfidf", "candidates": "zero_shot"},
    )
    add_task(first, "fruit")
    subprocess.run(["git", "init", "-q", "--bare", str(first.parent / "origin.git")], check=True)
    run(first, "git", "init", "-q")
    identify(first)
    run(first, "git", "remote", "add", "origin", str(first.parent / "origin.git"))
    run(first, *DVC, "init", "-q")
    with serve(key=KEY) as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_API_KEY", KEY)
        environment.setenv("OPENAI_BASE_URL", server.url)
        (first.parent / "said.txt").write_text(run(first, *DVC, "repro", "-v"))
        run(first, "git", "add", "-A")
        run(first, "git", "commit", "-qm", "a study")
        yield first


@pytest.fixture(scope="module")
def second(first: Path) -> Path:
    """Another clone, after the first has shared its study and the colleague has pulled it."""
    refused = subprocess.run(["make", "-o", ".venv/.ready", "share"], cwd=first, capture_output=True, text=True)
    assert refused.returncode != 0
    assert refused.stderr.startswith("No place for data yet: dvc remote add -d storage URL")
    typed(first, *section("Once"), "make share")
    second = first.parent / "second"
    run(first, "git", "clone", "-q", str(first.parent / "origin.git"), str(second))
    identify(second)
    return second


def test_a_colleague_has_all_results_and_runs_nothing(first: Path, second: Path) -> None:
    *_, pull, dvc_pull, dvc_repro = section("After each run")
    output = typed(second, pull, dvc_pull, dvc_repro)
    assert "Running stage" not in output
    assert "up to date" in output
    assert not (second / ".pyrite").exists()
    assert (second / paths.HEADLINE).read_bytes() == (first / paths.HEADLINE).read_bytes()
    assert (second / "report/index.html").read_bytes() == (first / "report/index.html").read_bytes()
    fit = paths.fit("fruit", "tiny", "zero_shot", 0)
    labelled = run(second, "pyrite", "predict", str(fit), "fruit.csv", "-o", "labelled.csv")
    assert "Traceback" not in labelled
    assert len((second / "labelled.csv").read_text().splitlines()) == 121
    (second / "labelled.csv").unlink()


def test_an_experiment_comes_to_the_colleague(first: Path, second: Path) -> None:
    ran, pushed, pulled, shown = section("Experiments")
    output = typed(second, "dvc pull --run-cache", ran, pushed)
    assert set(re.findall(r"Running stage '(\w+)", output)) == {"compare", "report"}
    typed(second, "git checkout -q .")
    typed(first, pulled)
    columns = ["--drop", ".*", "--keep", "^(Experiment|.*margin)$"]
    table = run(first, *DVC, *shlex.split(shown)[1:], "--csv", *columns).splitlines()
    assert "strict,1.0" in table
    # Its baseline: the commit of the study, and the workspace that has it checked out.
    assert len([row for row in table if row.endswith(",3.0")]) == 2


def test_two_who_each_add_a_task_merge_and_train_nothing_again(first: Path, second: Path) -> None:
    add_task(first, "nuts")
    # `real` in each of four folds, and `zero_shot`.
    assert "nuts tfidf: 5 fits, 0 from the store, 5 to train" in typed(first, "dvc repro train@nuts-tfidf")
    run(first, "pyrite", "transcripts", "export", "nuts", "zero_shot")
    add_task(second, "roots")
    typed(second, "dvc repro prepare@roots")
    for folder, task in ((first, "nuts"), (second, "roots")):
        typed(folder, "git add -A", f"git commit -qm {task}")
    typed(first, "make share")
    pull, *rest = section("Two people, a task each")
    merging = subprocess.run(shlex.split(pull), cwd=second, capture_output=True, text=True)
    assert merging.returncode == 1
    assert "CONFLICT (content): Merge conflict in dvc.lock" in merging.stdout
    text = (second / "params.yaml").read_text()
    (second / "params.yaml").write_text(re.sub(r"^(<<<<<<<|=======|>>>>>>>).*\n", "", text, flags=re.M))
    assert yaml.safe_load((second / "params.yaml").read_text())["tasks"] == ["fruit", "roots", "nuts"]
    typed(second, *rest[:-1])
    output = run(second, *shlex.split(rest[-1].replace("dvc", " ".join(DVC), 1)), "train@nuts-tfidf")
    assert "to train" not in output
    assert "Stage 'train@nuts-tfidf' is cached - skipping run" in output
    assert (second / paths.models("nuts", "tfidf")).is_dir()
    # The colleague's fits never were in this store: they came from the run cache.
    assert not list((second / ".pyrite/fits").glob("*/*"))


def test_no_key_is_in_any_file_of_a_live_study(first: Path, second: Path) -> None:
    assert list((first / ".pyrite/answers").glob("fruit.*.jsonl")), "no LLM was asked"
    searched = 0
    for path in first.parent.rglob("*"):
        if path.is_file() and path.parent.name != "tiny":
            searched += 1
            content = path.read_bytes()
            assert KEY.encode() not in content, path
    assert searched > 200
    history = subprocess.run(["git", "log", "--all", "-p", "--text"], cwd=first, capture_output=True, check=True)
    assert KEY.encode() not in history.stdout


def test_s3_is_a_remote(first: Path, second: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dvc_s3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        boto3.client("s3", endpoint_url=url).create_bucket(Bucket="studies")
        for folder in (first, second):
            typed(folder, "dvc remote add -f --local bucket s3://studies/fruit")
            typed(folder, f"dvc remote modify --local bucket endpointurl {url}")
        typed(first, "dvc push --run-cache -r bucket")
        for there in (".dvc/cache", "models"):
            shutil.rmtree(second / there, ignore_errors=True)
        typed(second, "dvc pull -r bucket train@fruit-tfidf")
        assert (second / paths.fit("fruit", "tfidf", "real", 0) / "predictions.parquet").is_file()
    finally:
        server.stop()
