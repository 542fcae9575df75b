"""Task cards: what is classified, the labels with one instruction each, where real data come from."""

from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from pyrite.base import files, paths, schema
from pyrite.base.errors import PyriteError
from pyrite.base.schema import Name, Schema
from pyrite.data import formats, texts
from pyrite.data.formats.rows import Layout
from pyrite.data.language import ENGLISH

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Side = Literal["train", "validation", "test"]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Cleaning = Literal["backslashes", "ampersands", "unescape", "tags", "line_breaks"]
# A plain name: it can't lead out of its folder.
FileName = Annotated[str, StringConstraints(pattern=r"^[^./\\][^/\\]*$")]


class TextFile(Layout):
    """A file of the user's, or a folder with the shards of one data set: a column of texts.

    `sha256` pins the bytes (`shards.digest`); without it any will do.
    """

    path: str
    sha256: Sha256 | None = None
    format: str = "csv"
    text: str

    @model_validator(mode="after")
    def _within(self) -> Self:
        formats.require_fit(self)
        # What a card names is copied, shown to an LLM and shared: a colleague's card must not reach a file of yours.
        # Who knows its digest has read it already.
        path = PurePath(self.path)
        if self.sha256 is None and (path.is_absolute() or ".." in path.parts):
            raise ValueError(f"'{self.path}' is not in the project: put it there, or pin it with sha256")
        return self


class Sheet(Schema):
    """A sheet of texts that `next` chose and people labelled."""

    path: str
    sha256: Sha256

    def copied_to(self, place: int, folder: Path) -> Path:
        """Where `fetch` puts the sheet that stands at a place of the card, and `prepare` finds it."""
        return folder / "chosen" / f"{place}-{Path(self.path).name}"


class Source(Schema):
    """Where real data come from, and under which terms.

    Attributes:
        unlabelled: real texts without labels, of which `next` chooses.
        chosen: such texts with labels, the sheets that came back: rows to train on only.
        seeds: imported sets; the real rows that they were made from stand for the pool.
    """

    licence: Words
    non_commercial: bool = False
    unlabelled: TextFile | None = None
    chosen: tuple[Sheet, ...] = ()
    seeds: tuple[Name, ...] = ()


class Docstrings(Source):
    """The docstring summaries of this Python's own standard library, labelled by module."""

    kind: Literal["stdlib_docstrings"]
    modules: dict[str, tuple[str, ...]]


class LocalFile(Source, TextFile):
    """A text file with a column of labels. The rest is as in `Rows`."""

    kind: Literal["file"]
    label: str
    values: dict[str, str] = Field(default_factory=dict)
    other_values: Literal["error", "drop"] = "error"


class NoData(Source):
    """No real data: texts are generated, and nothing can say what they are worth."""

    kind: Literal["none"]


def _require_one(of: Schema, first: str, second: str, has: str) -> None:
    if (getattr(of, first) is None) == (getattr(of, second) is None):
        raise ValueError(f"{has} either {first} or {second}")


class Archive(Schema):
    """The archive at a file's URL, and what in it is the file.

    Either one `member`, or all texts in `folders` (label -> folder), packed as JSON lines with `label` and `text`.
    """

    sha256: Sha256 | None = None
    md5: Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")] | None = None
    bytes: int | None = None
    member: str | None = None
    folders: dict[str, str] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        _require_one(self, "sha256", "md5", "an archive has")
        _require_one(self, "member", "folders", "an archive has")
        return self


class Pinned(Schema):
    """A file to download: its name here, and the bytes it must have wherever it comes from."""

    name: FileName
    url: Annotated[str, StringConstraints(pattern="^https?://")]
    sha256: Sha256
    bytes: int
    mirror: str
    licence: Words | None = None
    archive: Archive | None = None


class Entities(Schema):
    """A text as tokens in which a head and a tail entity are marked: the fields that hold the tokens and positions."""

    tokens: str
    head: str
    tail: str


class Beside(Schema):
    """A second file, whose row n belongs to row n of the first; a column that both have must agree."""

    file: FileName
    columns: tuple[str, ...]


class Rows(Layout):
    """The rows of one file: how they stand in it, and which of their fields make a row's text and label.

    `text` is a template such as "{title} . {description}"; a field within a field is `outer.inner`. `label` names the
    field with the label; `ratings` the one with every rater's (the row's label is then the most frequent).
    `values` translates what stands there. `parts` takes fields apart by the named groups of a pattern.
    """

    file: FileName
    beside: Beside | None = None
    side: Side | None = None
    where: dict[str, str] = Field(default_factory=dict)
    parts: dict[str, str] = Field(default_factory=dict)
    text: str | Entities
    clean: tuple[Cleaning, ...] = ()
    label: str | None = None
    ratings: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    other_values: Literal["error", "drop"] = "error"

    @model_validator(mode="after")
    def _fits_the_format(self) -> Self:
        formats.require_fit(self)
        if self.beside and "beside" not in formats.FORMATS[self.format].keys:
            raise ValueError(f"beside: the format {self.format} has none")
        return self


class Judgements(Schema):
    """Human labels beside the rows' own: those of one annotator, or a lower bound of the agreement on each text."""

    annotator: str | None = None
    agreement: Annotated[float, Field(gt=0, le=1)] | None = None
    rows: Rows

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        _require_one(self, "annotator", "agreement", "judgements have")
        if self.annotator is not None and self.rows.label is None:
            raise ValueError("an annotator's judgements need rows.label")
        return self


class Download(Source):
    """Files from the web, each pinned by its URL and SHA-256."""

    kind: Literal["download"]
    files: tuple[Pinned, ...]
    tables: tuple[Rows, ...]
    judgements: tuple[Judgements, ...] = ()

    @model_validator(mode="after")
    def _names_its_files(self) -> Self:
        names = [file.name for file in self.files]
        if len(set(names)) < len(names):
            raise ValueError("files: two have the same name")
        for rows in (*self.tables, *(judgement.rows for judgement in self.judgements)):
            for name in (rows.file, *([rows.beside.file] if rows.beside else [])):
                if name not in names:
                    raise ValueError(f"tables: '{name}' is not one of the files {', '.join(names)}")
        for rows in self.tables:
            _require_one(rows, "label", "ratings", f"tables: the rows of {rows.file} have")
        if len({judgement.agreement is None for judgement in self.judgements}) > 1:
            raise ValueError("judgements: either all have an annotator or all an agreement")
        return self


class Card(Schema):
    """One task, as `tasks/<id>.yaml` has it."""

    id: Name
    title: Words
    description: Words
    paper: str | None = None
    # For readers of docs/tasks.md: no stage uses them.
    notes: Words | None = None
    source: Annotated[Docstrings | LocalFile | Download | NoData, Field(discriminator="kind")]
    item: Words
    items: Words
    # By its English name, as prompts say it.
    language: Words = ENGLISH
    length_words: tuple[int, int]
    role: Words
    style: Words
    labels: dict[str, Words]

    @field_validator("length_words")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1]:
            raise ValueError(f"{list(value)} must be [least, most] with 1 <= least <= most")
        return value

    @field_validator("labels")
    @classmethod
    def _several(cls, value: dict[str, str]) -> dict[str, str]:
        normal = {texts.normalise_label(label): about for label, about in value.items()}
        if len(normal) < len(value):
            raise ValueError("two labels look alike: they differ in signs that show nothing only")
        if len(value) < 2:
            raise ValueError("a classifier needs two labels or more")
        return normal

    @model_validator(mode="after")
    def _sources_labels_are_its_own(self) -> Self:
        if isinstance(self.source, Download):
            tables = (*self.source.tables, *(judgement.rows for judgement in self.source.judgements))
            values = {label for rows in tables for label in rows.values.values()}
            if unknown := sorted(values - set(self.labels)):
                raise ValueError(f"source: values: '{unknown[0]}' is not one of the labels {', '.join(self.labels)}")
        if isinstance(self.source, Docstrings) and set(self.source.modules) != set(self.labels):
            odd = sorted(set(self.source.modules) ^ set(self.labels))
            raise ValueError(f"source.modules and labels must name the same labels; only one has {', '.join(odd)}")
        return self


def load(task: str) -> Card:
    """The card of `task`.

    Raises:
        PyriteError: there is no such card, or it is not valid.
    """
    path = paths.card(task)
    if not path.exists():
        raise PyriteError(f"task '{task}': there is no {path}; the cards here are {', '.join(paths.tasks()) or 'none'}")
    card = schema.load(path, Card)
    if card.id != task:
        raise PyriteError(f"{path}: id: '{card.id}' must be the file's name, '{task}'")
    return card


def put(card: Card, key: str, value: Any) -> None:
    """Give the source of a card's file another entry, first, so that the comments behind the last one stay in their
    place; an empty value takes it out."""

    def change(whole: Any) -> None:
        whole["source"].pop(key, None)
        if value:
            whole["source"].insert(1, key, value)

    text = schema.edit(schema.read(paths.card(card.id)), change)
    schema.parse(text, paths.card(card.id), Card)
    files.write_text(paths.card(card.id), text)


def terms(source: Source) -> str:
    """The licences of a source, each once."""
    licences = [source.licence]
    if isinstance(source, Download):
        licences += [file.licence for file in source.files if file.licence]
    use = " Non-commercial use only." if source.non_commercial else ""
    return f"Licence: {'; '.join(dict.fromkeys(licences))}.{use}"
