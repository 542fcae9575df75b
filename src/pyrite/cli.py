"""The command line: the stages in pipeline order, each a function of the pipeline's coordinates only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pyrite.errors import PyriteError

app = typer.Typer(
    help="How much is LLM-generated training data worth for a text classifier, compared with real labels?",
    epilog="The stages run in this order; `dvc repro` runs those that are needed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Task = Annotated[str, typer.Argument(help="A task: the name of its card in tasks/.")]
YOURS, STAGES = "A task of your own", "Stages, in pipeline order"
LLM, REPORTS = "The LLM and its answers", "Results"

batch = typer.Typer(help="Use the OpenAI Batch API: slower, and about half the price.", no_args_is_help=True)
app.add_typer(batch, name="batch", rich_help_panel=LLM)
transcripts = typer.Typer(help="What was said in the conversations with the LLM.", no_args_is_help=True)
app.add_typer(transcripts, name="transcripts", rich_help_panel=LLM)
OneTask = Annotated[str | None, typer.Argument(help="Only this task.")]
OneSetting = Annotated[str | None, typer.Argument(help="Only this setting.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]

stored = typer.Typer(rich_markup_mode="rich")


@app.command(rich_help_panel=YOURS)
def new(
    task: Annotated[str, typer.Argument(metavar="ID", help="The name of the new task: lower-case letters, digits, _.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Your data: .csv, .tsv, .jsonl, .json, .parquet, or a data set's folder."),
    ] = None,
    text: Annotated[str | None, typer.Option(help="The column with the texts.")] = None,
    label: Annotated[str | None, typer.Option(help="The column with the labels.")] = None,
    labels: Annotated[str | None, typer.Option(help="Only these labels: a,b,c. Without --from: the labels.")] = None,
    model: Annotated[str | None, typer.Option(help="The LLM to ask, as the endpoint calls it.")] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Take the changed file into the card that is there.")
    ] = False,
) -> None:
    """Make a task of your own from a file of texts and labels."""
    from pyrite import new

    new.run(task, source, text, label, labels, model, refresh)


@app.command(rich_help_panel=STAGES)
def fetch(task: Task) -> None:
    """Get a task's real data into data/raw/."""
    from pyrite import fetch

    fetch.run(task)


@app.command(rich_help_panel=STAGES)
def prepare(task: Task) -> None:
    """Normalise, label and split the real texts."""
    from pyrite import prepare

    prepare.run(task)


@app.command(rich_help_panel=STAGES)
def generate(task: Task, setting: Annotated[str, typer.Argument(help="An entry of tasks/prompts.yaml.")]) -> None:
    """Make a generated set from an LLM's answers."""
    from pyrite import generate

    generate.run(task, setting)


@app.command(rich_help_panel=STAGES)
def train(task: Task, encoder: Annotated[str, typer.Argument(help="A key of train.encoders in params.yaml.")]) -> None:
    """Train every mix and seed of an encoder."""
    from pyrite import train

    train.run(task, encoder)


@app.command(rich_help_panel=STAGES)
def evaluate(task: Task) -> None:
    """Score all fits of a task, with intervals."""
    from pyrite import evaluate

    evaluate.run(task)


@app.command(rich_help_panel=STAGES)
def diversity(task: Task) -> None:
    """Measure how diverse the generated texts are, and how close to the real ones."""
    from pyrite import diversity

    diversity.run(task)


@app.command(rich_help_panel=STAGES)
def annotate(
    task: Annotated[
        str, typer.Argument(metavar="TASK|export", help="A task; or `export`, for a sheet that people fill in.")
    ],
    exported: Annotated[
        str | None, typer.Argument(metavar="[TASK]", help="With `export`: the task whose test texts it shows.")
    ] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="With `export`: which task of each pair is more objective?")
    ] = False,
    items: Annotated[int, typer.Option(min=1, help="With `export`: how many texts.")] = 100,
) -> None:
    """Gather what several annotators say of the same test rows; `export` writes what they fill in."""
    from pyrite import annotate

    # A stage's command is the pipeline's and takes a task alone, so `export` is a word in a task's place.
    if task != "export":
        if exported or pairs:
            raise PyriteError(f"annotate {task}: takes nothing more; a sheet is `pyrite annotate export {task}`")
        annotate.run(task)
    elif pairs:
        annotate.export_pairs()
    elif exported:
        annotate.export(exported, items)
    else:
        raise PyriteError("annotate export: name a task, or ask for --pairs")


@app.command(rich_help_panel=STAGES)
def subjectivity() -> None:
    """Measure how far annotators agree, task by task."""
    from pyrite import subjectivity

    subjectivity.run()


@app.command(rich_help_panel=STAGES)
def compare() -> None:
    """Hold the candidate against the baseline."""
    from pyrite import compare

    compare.run()


@app.command(rich_help_panel=STAGES)
def report() -> None:
    """Draw the report."""
    from pyrite import report

    report.run()


@app.command(rich_help_panel=LLM)
def doctor(json: Json = False) -> None:
    """Check the set-up, with one tiny question to the endpoint."""
    from pyrite import doctor

    doctor.run(json)


@app.command(rich_help_panel=LLM)
def estimate(task: OneTask = None, setting: OneSetting = None, json: Json = False) -> None:
    """Reckon requests, tokens and money that generate still needs."""
    from pyrite import estimate

    estimate.run(task, setting, json)


@batch.command("export")
def batch_export(folder: Annotated[Path, typer.Argument(help="Where to write the files.")] = Path("batch")) -> None:
    """Write the requests that wait as Batch API input files."""
    from pyrite import batch

    batch.export_requests(folder)


@batch.command("import")
def batch_import(files: Annotated[list[Path], typer.Argument(help="Output and error files of the Batch API.")]) -> None:
    """Put the Batch API's answers into the store."""
    from pyrite import batch

    batch.import_answers(files)


@transcripts.command("export")
def transcripts_export(task: OneTask = None, setting: OneSetting = None) -> None:
    """Turn stored answers into recordings, which git can share."""
    from pyrite import recordings

    recordings.run(task, setting)


@app.command(rich_help_panel=REPORTS)
def verdict() -> None:
    """Print the verdict of the last run."""
    from rich.console import Console

    from pyrite import verdict

    verdict.show(Console())


@app.command(rich_help_panel=REPORTS)
def table() -> None:
    """Print the paper's tables of the last run; compare wrote them to metrics/tables/ too."""
    from rich.console import Console

    from pyrite import compare

    compare.show(Console())


@app.command(rich_help_panel=REPORTS)
def predict(
    model: Annotated[Path, typer.Argument(help="The folder of a checkpoint or of its fit.")],
    file: Annotated[Path | None, typer.Argument(help=".csv, .parquet, .jsonl, or text with one text a line.")] = None,
    text: Annotated[str, typer.Option(help="The column with the texts.")] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A .csv, .parquet or .jsonl file; else CSV to the screen.")
    ] = None,
) -> None:
    """Label texts of your own with a trained checkpoint; without FILE, the lines of standard input."""
    from pyrite import predict

    predict.run(model, file, text, output)


@stored.callback(invoke_without_command=True)
def show_store(context: typer.Context) -> None:
    """Say what the store holds; `prune` makes it smaller."""
    if context.invoked_subcommand is None:
        from pyrite import pruning

        pruning.show()


@stored.command()
def prune(
    kind: Annotated[list[str] | None, typer.Option(help="Only entries of this kind; can be given again.")] = None,
    days: Annotated[float | None, typer.Option(min=0, help="Only entries that nothing used for so many days.")] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Only fits that are not in models/ now.")] = False,
) -> None:
    """Delete entries; what is deleted is made again when it is needed. Paid answers only with --kind answers."""
    from pyrite import pruning

    pruning.prune(tuple(kind or ()), days, unused)


app.add_typer(stored, name="store", rich_help_panel=REPORTS)


def main() -> None:
    """Run a command; a user's mistake is one line on standard error and exit code 1."""
    try:
        app(prog_name="pyrite")
    except PyriteError as error:
        print(f"pyrite: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
