"""The command line: what each command takes and says of itself, and the function that it calls with it.

The stages stand in pipeline order, each a function of the pipeline's coordinates only.

Exit codes: 0 done; 1 a mistake that one line on standard error explains; 2 no such command or option; 130 stopped.
"""

import os
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from pyrite.arguments import Classifier, Json, LabelColumn, OneSource, OneTask, Source, Task, TextColumn, plain
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


Command = Callable[..., None]


def command(
    called: str, panel: str | None, example: str, of: typer.Typer = app, name: str | None = None
) -> Callable[[Command], Command]:
    """Give a group a command: its arguments and help are those of the function below, which is the function `called`
    in the package without its heavy imports. A test holds that both have the same arguments, and the example too.
    """
    module, _, function = called.rpartition(".")

    def add(signature: Command) -> Command:
        @of.command(name or signature.__name__, rich_help_panel=panel, epilog=f"Example: {example}")
        @wraps(signature)
        def run(**arguments: Any) -> None:
            getattr(import_module(f"pyrite.{module}"), function)(**arguments)

        return signature

    return add


@command(
    "commands.new.run",
    YOURS,
    "pyrite new support --from ../tickets.csv --text body --label queue --model gpt-4.1-mini",
)
def new(
    task: Annotated[str, typer.Argument(metavar="ID", help="The name of the new task: lower-case letters, digits, _.")],
    path: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Your data: .csv, .tsv, .jsonl, .json, .parquet, .arrow, .xlsx, or a data set's folder."
        ),
    ] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    labels: Annotated[str | None, typer.Option(help="Only these labels: a,b,c. Without --from: the labels.")] = None,
    model: Annotated[str | None, typer.Option(help="The LLM to ask, as the endpoint calls it.")] = None,
    waiting: Annotated[
        Path | None, typer.Option("--unlabelled", help="Real texts without labels, for `pyrite next` to choose from.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Take the changed file into the card that is there.")
    ] = False,
) -> None:
    """Make a task of your own from a file of texts and labels."""


@command("commands.next.run", YOURS, "pyrite next support --texts ../more.csv -n 50", name="next")
def next_texts(
    task: Task,
    file: Annotated[
        Path | None, typer.Option("--texts", help="Texts without labels; else those that the card names.")
    ] = None,
    text: TextColumn = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many texts.")] = 50,
) -> None:
    """Choose the real texts whose labels would teach most, as a sheet that `new --refresh` takes back."""


@command(
    "commands.add.run",
    YOURS,
    "pyrite add support vendor --from synthetic.csv --text body --label queue --values bill=billing",
)
def add(
    task: Task,
    name: Annotated[str, typer.Argument(callback=plain, help="The name of the source: lower-case letters, digits, _.")],
    path: Annotated[Path, typer.Option("--from", help="The set, in any format that `new` reads.")],
    text: TextColumn = None,
    label: LabelColumn = None,
    values: Annotated[str | None, typer.Option(help="What its labels are in the card: old=new,old=new.")] = None,
    llm: Annotated[str | None, typer.Option(help="Who wrote it, for tables and cards.")] = None,
    cost: Annotated[float | None, typer.Option(min=0, help="What it cost, in US dollars.")] = None,
    seeds: Annotated[
        str | None, typer.Option(help="The column with the real texts, or their ids, that each was made from.")
    ] = None,
) -> None:
    """Take in a synthetic set from any tool, to be judged beside the others."""


@command("stages.fetch.run", STAGES, "pyrite fetch python_docs")
def fetch(task: Task) -> None:
    """Get a task's real data into data/raw/."""


@command("stages.prepare.run", STAGES, "pyrite prepare python_docs")
def prepare(task: Task) -> None:
    """Normalise, label and split the real texts."""


@command("stages.generate.run", STAGES, "pyrite generate python_docs few_shot")
def generate(task: Task, source: Source) -> None:
    """Make a source's set: from an LLM's texts or labels, or from an imported file."""


@command("stages.train.run", STAGES, "pyrite train python_docs minilm")
def train(task: Task, classifier: Classifier) -> None:
    """Train every mix and seed of a classifier."""


@command("stages.evaluate.run", STAGES, "pyrite evaluate python_docs")
def evaluate(task: Task) -> None:
    """Score all fits of a task, with intervals."""


@command("stages.diversity.run", STAGES, "pyrite diversity python_docs")
def diversity(task: Task) -> None:
    """Measure how diverse the generated texts are, and how close to the real ones."""


@command("stages.annotate.command", STAGES, "pyrite annotate export nyt_sentiment")
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


@command("stages.subjectivity.run", STAGES, "pyrite subjectivity")
def subjectivity() -> None:
    """Measure how far annotators agree, task by task."""


@command("stages.compare.run", STAGES, "pyrite compare")
def compare() -> None:
    """Compare the candidate with the baseline."""


@command("stages.report.run", STAGES, "pyrite report --from results/fourteen-tasks")
def report(
    folder: Annotated[
        Path,
        typer.Option("--from", show_default=False, help="The folder of a kept study: its params.yaml and metrics/."),
    ] = Path(),
) -> None:
    """Draw the report, from the metrics alone where no texts are here."""


@command("commands.doctor.run", LLM, "pyrite doctor --json")
def doctor(as_json: Json = False) -> None:
    """Check the set-up, with one tiny question to the endpoint."""


@command("commands.estimate.command", LLM, "pyrite estimate python_docs")
def estimate(
    task: OneTask = None,
    source: OneSource = None,
    scores: Annotated[
        bool, typer.Option("--scores", help="What more rows would give and cost, from the last run.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Reckon requests, tokens and money that generate and annotate still need; with --scores, what more would give."""


@command("commands.batch.export_requests", None, "pyrite batch export round-1", of=batch, name="export")
def batch_export(folder: Annotated[Path, typer.Argument(help="Where to write the files.")] = Path("batch")) -> None:
    """Write the requests that wait as Batch API input files."""


@command(
    "commands.batch.import_answers", None, "pyrite batch import output.jsonl errors.jsonl", of=batch, name="import"
)
def batch_import(
    outputs: Annotated[list[Path], typer.Argument(help="Output and error files of the Batch API.")],
) -> None:
    """Put the Batch API's answers into the store."""


@command("commands.recordings.run", None, "pyrite transcripts export python_docs", of=transcripts, name="export")
def transcripts_export(task: OneTask = None, source: OneSource = None) -> None:
    """Turn stored answers into recordings, which git can share."""


@command("commands.review.export", None, "pyrite review export python_docs few_shot -n 50", of=review, name="export")
def review_export(
    task: Task,
    source: Source,
    n: Annotated[int, typer.Option("-n", min=1, help="How many texts.")] = 100,
    hidden: Annotated[
        bool, typer.Option("--hide-labels", help="Without the labels, so that they sway nobody.")
    ] = False,
) -> None:
    """Write a sheet on which people accept, relabel or reject generated texts."""


@command(
    "commands.review.take_in",
    None,
    "pyrite review import python_docs few_shot anna.csv ben.csv",
    of=review,
    name="import",
)
def review_import(
    task: Task, source: Source, copies: Annotated[list[Path], typer.Argument(help="The sheets, filled in.")]
) -> None:
    """Take filled-in sheets in: how many labels are right, and how far people agree."""


@command("commands.verdict.run", REPORTS, "pyrite verdict")
def verdict(json: Json = False) -> None:
    """Print the verdict of the last run."""


@command("commands.verdict.run_tables", REPORTS, "pyrite table --json")
def table(json: Json = False) -> None:
    """Print the paper's tables of the last run; compare wrote them to metrics/tables/ too."""


@command("commands.export.run", REPORTS, "pyrite export python_docs exported")
def export(task: Task, folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Write the sources of a task as a data set that the Hugging Face library `datasets` loads."""


@command(
    "commands.predict.run",
    REPORTS,
    "pyrite predict models/python_docs/minilm/real/seed-0 texts.csv --text body -o labelled.csv",
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


@stored.callback(invoke_without_command=True, epilog="Example: pyrite store")
def show_store(context: typer.Context, json: Json = False) -> None:
    """Say what the store holds; `prune` makes it smaller."""
    if context.invoked_subcommand is None:
        from pyrite.commands import pruning

        pruning.show(json)


@command("commands.pruning.prune", None, "pyrite store prune --unused --days 30", of=stored)
def prune(
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Only entries of this kind; can be given again.")
    ] = None,
    days: Annotated[float | None, typer.Option(min=0, help="Only entries that nothing used for so many days.")] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Only fits that are not in models/ now.")] = False,
    task: Annotated[str | None, typer.Option(help="Only answers about this task, with --kind answers.")] = None,
) -> None:
    """Delete entries; what is deleted is made again when it is needed. Paid answers only with --kind answers."""


app.add_typer(stored, name="store", rich_help_panel=REPORTS)


def main() -> None:
    """Run a command; a user's mistake, or what the system refuses, is one line on standard error and exit code 1."""
    streams.run(lambda: app(prog_name="pyrite"))


if __name__ == "__main__":
    main()
