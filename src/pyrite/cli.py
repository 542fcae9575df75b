"""The command line: the stages in pipeline order, each a function of the pipeline's coordinates only.

Exit codes: 0 done; 1 a mistake that one line on standard error explains; 2 no such command or option; 130 stopped.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from pyrite.arguments import Classifier, Json, OneSource, OneTask, Sheets, Source, Task, example, plain
from pyrite.base import streams

app = typer.Typer(
    help="How much is LLM-generated training data worth for a text classifier, compared with real labels?",
    epilog="The stages run in this order; `dvc repro` runs those that are needed. Exit codes: 0 done, 1 a mistake that "
    "a line explains, 2 no such command or option, 130 stopped by Ctrl-C. More: docs/command-line.md",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


YOURS, STAGES = "A task of your own", "Stages, in pipeline order"
LLM, REPORTS = "The LLM and its answers", "Results"

batch = typer.Typer(help="Use the OpenAI Batch API: slower, and about half the price.", no_args_is_help=True)
app.add_typer(batch, name="batch", rich_help_panel=LLM)
transcripts = typer.Typer(help="What was said in the conversations with the LLM.", no_args_is_help=True)
app.add_typer(transcripts, name="transcripts", rich_help_panel=LLM)
review = typer.Typer(help="Have people look at generated texts.", no_args_is_help=True)
app.add_typer(review, name="review", rich_help_panel=YOURS)
stored = typer.Typer(rich_markup_mode="rich")


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help=f"Show the traceback of a mistake ({streams.DEBUG}=1 does so too).")
    ] = False,
) -> None:
    if debug:
        os.environ[streams.DEBUG] = "1"


@app.command(
    rich_help_panel=YOURS,
    epilog=example("pyrite new support --from ../tickets.csv --text body --label queue --model gpt-4.1-mini"),
)
def new(
    task: Annotated[
        str,
        typer.Argument(metavar="ID", help="The name of the new task: lower-case letters, digits, _."),
    ],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Your data: .csv, .tsv, .jsonl, .json, .parquet, .arrow, .xlsx, or a data set's folder."
        ),
    ] = None,
    text: Annotated[str | None, typer.Option(help="The column with the texts.")] = None,
    label: Annotated[str | None, typer.Option(help="The column with the labels.")] = None,
    labels: Annotated[str | None, typer.Option(help="Only these labels: a,b,c. Without --from: the labels.")] = None,
    model: Annotated[str | None, typer.Option(help="The LLM to ask, as the endpoint calls it.")] = None,
    unlabelled: Annotated[
        Path | None, typer.Option(help="Real texts without labels, for `pyrite next` to choose from.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Take the changed file into the card that is there.")
    ] = False,
) -> None:
    """Make a task of your own from a file of texts and labels."""
    from pyrite.commands import new

    new.run(task, source, text, label, labels, model, unlabelled, refresh)


@app.command("next", rich_help_panel=YOURS, epilog=example("pyrite next support --texts ../more.csv -n 50"))
def next_texts(
    task: Task,
    file: Annotated[
        Path | None, typer.Option("--texts", help="Texts without labels; else those that the card names.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Their column.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many texts.")] = 50,
) -> None:
    """Choose the real texts whose labels would teach most, as a sheet that `new --refresh` takes back."""
    from pyrite.commands import next as choosing

    choosing.run(task, file, text, n)


@app.command(
    rich_help_panel=YOURS,
    epilog=example("pyrite add support vendor --from synthetic.csv --text body --label queue --values bill=billing"),
)
def add(
    task: Task,
    name: Annotated[str, typer.Argument(callback=plain, help="The name of the source: lower-case letters, digits, _.")],
    source: Annotated[Path, typer.Option("--from", help="The set, in any format that `new` reads.")],
    text: Annotated[str | None, typer.Option(help="The column with the texts.")] = None,
    label: Annotated[str | None, typer.Option(help="The column with the labels.")] = None,
    values: Annotated[str | None, typer.Option(help="What its labels are in the card: old=new,old=new.")] = None,
    llm: Annotated[str | None, typer.Option(help="Who wrote it, for tables and cards.")] = None,
    cost: Annotated[float | None, typer.Option(min=0, help="What it cost, in US dollars.")] = None,
    seeds: Annotated[
        str | None, typer.Option(help="The column with the real texts, or their ids, that each was made from.")
    ] = None,
) -> None:
    """Take in a synthetic set from any tool, to be judged beside the others."""
    from pyrite.commands import add

    add.run(task, name, source, text, label, values, llm, cost, seeds)


def stage_of_a_task(name: str, says: str) -> None:
    """Add the command of a stage that runs for one task."""

    def run(task: Task) -> None:
        import_module(f"pyrite.stages.{name}").run(task)

    app.command(name, help=says, rich_help_panel=STAGES, epilog=example(f"pyrite {name} python_docs"))(run)


def stage_of_the_study(name: str, says: str) -> None:
    """Add the command of a stage that runs once, for all tasks."""

    def run() -> None:
        import_module(f"pyrite.stages.{name}").run()

    app.command(name, help=says, rich_help_panel=STAGES, epilog=example(f"pyrite {name}"))(run)


stage_of_a_task("fetch", "Get a task's real data into data/raw/.")
stage_of_a_task("prepare", "Normalise, label and split the real texts.")


@app.command(rich_help_panel=STAGES, epilog=example("pyrite generate python_docs few_shot"))
def generate(task: Task, source: Source) -> None:
    """Make a source's set: from an LLM's texts or labels, or from an imported file."""
    from pyrite.stages import generate

    generate.run(task, source)


@app.command(rich_help_panel=STAGES, epilog=example("pyrite train python_docs minilm"))
def train(task: Task, classifier: Classifier) -> None:
    """Train every mix and seed of a classifier."""
    from pyrite.stages import train

    train.run(task, classifier)


stage_of_a_task("evaluate", "Score all fits of a task, with intervals.")
stage_of_a_task("diversity", "Measure how diverse the generated texts are, and how close to the real ones.")


@app.command(rich_help_panel=STAGES, epilog=example("pyrite annotate export nyt_sentiment"))
def annotate(
    task: Annotated[
        str | None,
        typer.Argument(
            callback=plain, metavar="TASK|export", help="A task; or `export`, for a sheet that people fill in."
        ),
    ] = None,
    exported: Annotated[
        str | None,
        typer.Argument(callback=plain, metavar="[TASK]", help="With `export`: the task whose test texts it shows."),
    ] = None,
    pairs: Annotated[
        bool,
        typer.Option("--pairs", help="Ask the LLM (with `export`: people) which task of each pair is more objective."),
    ] = False,
    items: Annotated[int, typer.Option(min=1, help="With `export`: how many texts.")] = 100,
) -> None:
    """Gather what several annotators say of the same test rows; `export` writes what people fill in."""
    from pyrite.stages import annotate

    annotate.command(task, exported, pairs, items)


stage_of_the_study("subjectivity", "Measure how far annotators agree, task by task.")
stage_of_the_study("compare", "Compare the candidate with the baseline.")


@app.command(rich_help_panel=STAGES, epilog=example("pyrite report --from results/fourteen-tasks"))
def report(
    kept: Annotated[
        Path | None, typer.Option("--from", help="The folder of a kept study: its params.yaml and metrics/.")
    ] = None,
) -> None:
    """Draw the report, from the metrics alone where no texts are here."""
    from pyrite.stages import report

    report.run(kept or Path())


@app.command(rich_help_panel=LLM, epilog=example("pyrite doctor --json"))
def doctor(json: Json = False) -> None:
    """Check the set-up, with one tiny question to the endpoint."""
    from pyrite.commands import doctor

    doctor.run(json)


@app.command(rich_help_panel=LLM, epilog=example("pyrite estimate python_docs"))
def estimate(
    task: OneTask = None,
    source: OneSource = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="What more rows would give and cost, from the last run.")
    ] = False,
    json: Json = False,
) -> None:
    """Reckon requests, tokens and money that generate and annotate still need; with --scores, what more would give."""
    from pyrite.commands import estimate

    if scores:
        estimate.run_scores(task, source, json)
    else:
        estimate.run(task, source, json)


@batch.command("export", epilog=example("pyrite batch export round-1"))
def batch_export(folder: Annotated[Path, typer.Argument(help="Where to write the files.")] = Path("batch")) -> None:
    """Write the requests that wait as Batch API input files."""
    from pyrite.commands import batch

    batch.export_requests(folder)


@batch.command("import", epilog=example("pyrite batch import output.jsonl errors.jsonl"))
def batch_import(files: Annotated[list[Path], typer.Argument(help="Output and error files of the Batch API.")]) -> None:
    """Put the Batch API's answers into the store."""
    from pyrite.commands import batch

    batch.import_answers(files)


@transcripts.command("export", epilog=example("pyrite transcripts export python_docs"))
def transcripts_export(task: OneTask = None, source: OneSource = None) -> None:
    """Turn stored answers into recordings, which git can share."""
    from pyrite.commands import recordings

    recordings.run(task, source)


@review.command("export", epilog=example("pyrite review export python_docs few_shot -n 50"))
def review_export(
    task: Task,
    source: Source,
    n: Annotated[int, typer.Option("-n", min=1, help="How many texts.")] = 100,
    hidden: Annotated[
        bool, typer.Option("--hide-labels", help="Without the labels, so that they sway nobody.")
    ] = False,
) -> None:
    """Write a sheet on which people accept, relabel or reject generated texts."""
    from pyrite.commands import review

    review.export(task, source, n, hidden)


@review.command("import", epilog=example("pyrite review import python_docs few_shot anna.csv ben.csv"))
def review_import(task: Task, source: Source, copies: Sheets) -> None:
    """Take filled-in sheets in: how many labels are right, and how far people agree."""
    from pyrite.commands import review

    review.take_in(task, source, copies)


@app.command(rich_help_panel=REPORTS, epilog=example("pyrite verdict"))
def verdict(json: Json = False) -> None:
    """Print the verdict of the last run."""
    from pyrite.commands import verdict

    verdict.run(json)


@app.command(rich_help_panel=REPORTS, epilog=example("pyrite table --json"))
def table(json: Json = False) -> None:
    """Print the paper's tables of the last run; compare wrote them to metrics/tables/ too."""
    from pyrite.commands import verdict

    verdict.run_tables(json)


@app.command(rich_help_panel=REPORTS, epilog=example("pyrite export python_docs exported"))
def export(task: Task, folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Write the sources of a task as a data set that the Hugging Face library `datasets` loads."""
    from pyrite.commands import export

    export.run(task, folder)


@app.command(
    rich_help_panel=REPORTS,
    epilog=example("pyrite predict models/python_docs/minilm/real/seed-0 texts.csv --text body -o labelled.csv"),
)
def predict(
    model: Annotated[Path, typer.Argument(help="The folder of a checkpoint or of its fit.")],
    file: Annotated[Path | None, typer.Argument(help="What `new` reads, or .txt with one text a line.")] = None,
    text: Annotated[str, typer.Option(help="The column with the texts.")] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A .csv, .parquet or .jsonl file; else CSV to the screen.")
    ] = None,
) -> None:
    """Label texts of your own with a trained checkpoint; without FILE, the lines of standard input."""
    from pyrite.commands import predict

    predict.run(model, file, text, output)


@stored.callback(invoke_without_command=True, epilog=example("pyrite store"))
def show_store(context: typer.Context, json: Json = False) -> None:
    """Say what the store holds; `prune` makes it smaller."""
    if context.invoked_subcommand is None:
        from pyrite.commands import pruning

        pruning.show(json)


@stored.command(epilog=example("pyrite store prune --unused --days 30"))
def prune(
    kind: Annotated[list[str] | None, typer.Option(help="Only entries of this kind; can be given again.")] = None,
    days: Annotated[float | None, typer.Option(min=0, help="Only entries that nothing used for so many days.")] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Only fits that are not in models/ now.")] = False,
    task: Annotated[str | None, typer.Option(help="Only answers about this task, with --kind answers.")] = None,
) -> None:
    """Delete entries; what is deleted is made again when it is needed. Paid answers only with --kind answers."""
    from pyrite.commands import pruning

    pruning.prune(tuple(kind or ()), days, unused, task)


app.add_typer(stored, name="store", rich_help_panel=REPORTS)


def main() -> None:
    """Run a command; a user's mistake, or what the system refuses, is one line on standard error and exit code 1."""
    streams.run(lambda: app(prog_name="pyrite"))


if __name__ == "__main__":
    main()
