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
STAGES, REPORTS = "Stages, in pipeline order", "Results"

stored = typer.Typer(rich_markup_mode="rich")


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
def generate(task: Task, setting: Annotated[str, typer.Argument(help="zero_shot or few_shot.")]) -> None:
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
def annotate(task: Task) -> None:
    """Gather what several annotators say of the same test rows."""
    from pyrite import annotate

    annotate.run(task)


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


@app.command(rich_help_panel=REPORTS)
def verdict() -> None:
    """Print the verdict of the last run."""
    from rich.console import Console

    from pyrite import verdict

    verdict.show(Console())


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
