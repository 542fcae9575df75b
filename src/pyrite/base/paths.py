"""Where every file is: one function of the pipeline's coordinates for each, relative to the project's root.

A test holds these paths against the dependencies and outputs in `dvc.yaml`.
"""

import os
from pathlib import Path

PARAMS = Path("params.yaml")
TASKS = Path("tasks")
PROMPTS = TASKS / "prompts.yaml"
ANNOTATORS = TASKS / "annotators.yaml"
RECORDED_ANNOTATIONS = Path("data/recordings/annotations")
HEADLINE = Path("metrics/headline.json")
FRONTIER = Path("metrics/frontier.json")
TABLE = Path("metrics/table.csv")
TABLES = Path("metrics/tables")
PLOTS = Path("metrics/plots")
REPORT = Path("report")

# What can't name a task: in places where its files would be, others have these names.
NO_TASKS = {PROMPTS.stem, ANNOTATORS.stem, RECORDED_ANNOTATIONS.name}


def card(task: str) -> Path:
    return TASKS / f"{task}.yaml"


def tasks(beginning: str = "") -> list[str]:
    """The tasks that have a card here and a name that begins so."""
    return sorted(path.stem for path in TASKS.glob(f"{beginning}*.yaml") if path.stem not in NO_TASKS)


def raw(task: str) -> Path:
    return Path("data/raw") / task


def prepared(task: str) -> Path:
    return Path("data/prepared") / f"{task}.parquet"


def judgements(task: str) -> Path:
    """What people said about the real texts, as the source gives it."""
    return Path("data/prepared") / f"{task}.judgements.parquet"


def recording(task: str, prompt: str) -> Path:
    return Path("data/recordings") / task / f"{prompt}.jsonl"


def checked(task: str, source: str) -> Path:
    """The labels that an LLM gave, blind, to the texts of a source."""
    return Path("data/recordings") / task / f"checked.{source}.csv"


def reviewed(task: str, source: str) -> Path:
    """What people say of the texts of a source."""
    return Path("data/recordings") / task / f"reviewed.{source}.csv"


def recorded_labels(task: str) -> Path:
    """What LLMs said of training texts, by id."""
    return Path("data/recordings") / task / "labelled.csv"


def imported(task: str, source: str) -> Path:
    """A set that `pyrite add` took in."""
    return Path("data/imported") / task / f"{source}.parquet"


def transcript(task: str, source: str) -> Path:
    return Path("data/transcripts") / task / f"{source}.jsonl"


def source(task: str, name: str) -> Path:
    return Path("data/sources") / task / f"{name}.parquet"


def dropped(task: str, setting: str) -> Path:
    """The texts that are not trained on, with the reasons."""
    return Path("data/dropped") / task / f"{setting}.parquet"


def text_map(task: str) -> Path:
    """Real and generated texts with their places on a map. Real texts are in it: never in git."""
    return Path("data/maps") / f"{task}.parquet"


def recorded_annotations(task: str) -> Path:
    return RECORDED_ANNOTATIONS / f"{task}.csv"


def people_annotations(task: str) -> Path:
    return RECORDED_ANNOTATIONS / f"{task}.people.csv"


def pairs(judge: str) -> Path:
    """Pairwise judgements of tasks, by an LLM (`llm`) or people (`human`)."""
    return RECORDED_ANNOTATIONS / ("pairs.csv" if judge == "llm" else "pairs.people.csv")


def sheet(name: str) -> Path:
    """What people fill in: of a task, or of all pairs of tasks. In no folder of the project: it holds real texts."""
    return Path(f"{name}.sheet.csv")


def annotation_table(task: str) -> Path:
    return Path("data/annotations") / f"{task}.parquet"


def models(task: str, classifier: str) -> Path:
    return Path("models") / task / classifier


def mix(task: str, classifier: str, name: str) -> Path:
    return models(task, classifier) / name


def fit(task: str, classifier: str, name: str, seed: int) -> Path:
    return mix(task, classifier, name) / f"seed-{seed}"


def metrics(stage: str, *of: str) -> Path:
    """The result of a stage, of a task (and source) or of all tasks."""
    return Path("metrics", stage, f"{'.'.join(of)}.json") if of else Path("metrics", f"{stage}.json")


def store() -> Path:
    """`.pyrite/` of the main checkout: under `dvc exp run --temp` the stage runs elsewhere, DVC_ROOT still names it."""
    return Path(os.environ.get("DVC_ROOT", ".")) / ".pyrite"


def speed() -> Path:
    """How fast LLMs answer, as `doctor` measured it."""
    return store() / "speed.json"


def answers(task: str, name: str) -> Path:
    """What LLMs answered for a task: to a prompt, as annotators or as labellers."""
    return store() / "answers" / f"{task}.{name}.jsonl"
