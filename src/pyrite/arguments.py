"""What commands take: names of tasks, sources and classifiers, which lead nowhere and which no shell runs; columns."""

from typing import Annotated

import typer

from pyrite.base import paths
from pyrite.base.errors import PyriteError


def plain(name: str | None) -> str | None:
    """A name that leads nowhere and that no shell runs.

    Raises:
        PyriteError: it is none.
    """
    from pyrite.base import schema

    try:
        return name and schema.plain(name)
    except ValueError as error:
        raise PyriteError(str(error)) from None


Task = Annotated[
    str, typer.Argument(callback=plain, help="A task: the name of its card in tasks/.", autocompletion=paths.tasks)
]
Source = Annotated[str, typer.Argument(callback=plain, help="An entry of sources in params.yaml.")]
Classifier = Annotated[str, typer.Argument(callback=plain, help="A key of train.classifiers in params.yaml.")]
TextColumn = Annotated[str | None, typer.Option("--text", help="The column with the texts.")]
LabelColumn = Annotated[str | None, typer.Option("--label", help="The column with the labels.")]
OneTask = Annotated[str | None, typer.Argument(callback=plain, help="Only this task.", autocompletion=paths.tasks)]
OneSource = Annotated[
    str | None, typer.Argument(callback=plain, help="Only this source; `annotations` are labels of test rows.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
