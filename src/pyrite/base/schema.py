"""Files with a fixed schema: what people write as YAML, and what stages write as JSON.

Every mistake in YAML is one line that names the file, the line and the key.
"""

import difflib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.resolver import implicit_resolvers

from pyrite.base import console, files, paths
from pyrite.base.errors import PyriteError

V = TypeVar("V")


class Schema(BaseModel):
    """Base of everything read from YAML: unknown keys are errors, "3" is not 3, numbers end, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    # Keys that have a new name, by the old one.
    renamed: ClassVar[dict[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _has_no_old_name(cls, data: Any) -> Any:
        for old, new in cls.renamed.items():
            if isinstance(data, dict) and old in data:
                raise ValueError(f"'{old}' is now called '{new}'")
        return data


class Result(BaseModel):
    """Base of results: `files.write_json` writes it to `metrics/`, `read_result` reads the same back."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StageResult(Result):
    """A result with a file of its own in `metrics/`: of a stage, a task and, of `generate`, a source."""

    stage: ClassVar[str]

    @classmethod
    def load(cls, *of: str) -> Self:
        """The stage's result.

        Raises:
            PyriteError: the file is missing or broken, or another version of Pyrite wrote it.
        """
        return read_result(paths.metrics(cls.stage, *of), cls)

    @classmethod
    def find(cls, *of: str) -> Self | None:
        """The same; None where the stage did not run."""
        return cls.load(*of) if paths.metrics(cls.stage, *of).exists() else None

    def save(self, *of: str) -> None:
        files.write_json(paths.metrics(self.stage, *of), self)


def plain(name: str) -> str:
    """The name of a task, a setting or a classifier, which becomes part of file names and of DVC's stages and commands.

    Raises:
        ValueError: it has signs that a shell or a file system reads otherwise.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"'{name}' must be lower-case letters, digits and _, beginning with a letter")
    if not is_word(name):
        raise ValueError(f"'{name}' must be a word that YAML takes for no other value")
    return name


def is_word(text: str) -> bool:
    """Whether YAML of any version reads these signs as themselves, without quotes."""
    word = "tag:yaml.org,2002:str"
    tags = [(of, tag) for of, tag, pattern, _ in implicit_resolvers if pattern.match(text)]
    # The first resolver of a version decides.
    return all(next((tag for of, tag in tags if version in of), word) == word for version in ((1, 1), (1, 2)))


def distinct(values: tuple[V, ...]) -> tuple[V, ...]:
    """The values of a list in which none may stand twice.

    Raises:
        ValueError: one does.
    """
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{twice[0]} is there twice")
    return values


Name = Annotated[str, AfterValidator(plain)]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0)]
Model = TypeVar("Model", bound=BaseModel)


# A tab can part columns, and a text can have several lines.
CONTROL = re.compile(rf"(?![\t\n\r])[{console.CONTROL}]")

# Far more than any study has.
MOST_VALUES = 100_000


class _Loader(yaml.SafeLoader):
    """YAML 1.2, as DVC reads it, with sequences as tuples and an error where a key is there twice or is no plain word.

    Plain YAML would silently keep the second of two equal keys. Control characters are refused, and aliases that stand
    for far more than a study has: a few lines of aliases of aliases can fill any memory.
    """

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._values = 0
        self._values_of: dict[str | None, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event, before = self.peek_event(), self._values  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            self._values += self._values_of.get(event.anchor, 0)
        else:
            self._values += 1
            self._values_of[event.anchor] = self._values - before
        if self._values > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=f"more than {MOST_VALUES} values", problem_mark=event.start_mark)
        if isinstance(node, yaml.ScalarNode) and (match := CONTROL.search(node.value)):
            raise yaml.MarkedYAMLError(problem=f"a control character, {match[0]!r}", problem_mark=node.start_mark)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            # A date that is none, a number of thousands of digits, a tag on what it does not fit.
            problem = f"'{str(node.value)[:40]}' can't be read ({error})"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):  # a tag such as !!set on a word
            raise yaml.MarkedYAMLError(problem="keys and values belong here", problem_mark=node.start_mark)
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a plain word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key '{key.value}' is there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _tuple(loader: _Loader, node: yaml.SequenceNode) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    digits = loader.construct_scalar(node).replace("_", "")
    return int(digits, 0 if digits.lstrip("+-")[1:2] in ("b", "o", "x") else 10)


_Loader.add_constructor("tag:yaml.org,2002:seq", _tuple)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
_Loader.yaml_implicit_resolvers = {}
for _versions, _tag, _pattern, _first in implicit_resolvers:
    if (1, 2) in _versions:
        _Loader.add_implicit_resolver(_tag, _pattern, _first)


def read_result(path: Path, model: type[Model]) -> Model:
    """What a stage wrote to the JSON file `path`.

    Raises:
        PyriteError: it is missing or broken, or another version of Pyrite wrote it.
    """
    try:
        return model.model_validate(files.read_json(path))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise PyriteError(f"{path}: made by another version of Pyrite ({where}): run `dvc repro`") from None


def load(path: Path, model: type[Model]) -> Model:
    """Read the YAML file `path` as a `model`.

    Raises:
        PyriteError: the file is missing, is not YAML, or does not fit the schema; the line says where.
    """
    return parse(read(path), path, model)


def read(path: Path) -> str:
    """The text of a file.

    Raises:
        PyriteError: it is missing or is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PyriteError(f"{path}: no such file") from None
    except (UnicodeDecodeError, OSError) as error:
        raise PyriteError(f"{path}: can't be read ({error})") from None


def parse(source: str, path: Path, model: type[Model]) -> Model:
    """The YAML `source`, which is or shall be in `path`, as a `model`.

    Raises:
        PyriteError: as `load` does.
    """
    try:
        loader = _Loader(source)
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PyriteError(f"{path}:{line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise PyriteError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise PyriteError(f"{path}: nested too deeply") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise PyriteError(_explain(path, node, data, error)) from None


def edit(source: str, change: Callable[[Any], object]) -> str:
    """The YAML `source` after a change to what it holds; comments and all else stay."""
    data, out = _editor().load(source), io.StringIO()
    change(data)
    _editor().dump(data, out)
    return out.getvalue()


def _editor() -> YAML:
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 1_000_000
    editor.indent(mapping=2, sequence=4, offset=2)
    editor.representer.add_representer(type(None), lambda to, _: to.represent_scalar("tag:yaml.org,2002:null", "null"))
    return editor


def quoted(text: str) -> str:
    """A string as YAML that every reader takes for it: in quotes unless it is a word or a sentence of plain signs."""
    if re.fullmatch(r"[^\W\d_][\w ,.()/'-]*(?<! )", text) and is_word(text):
        return text
    return yaml.safe_dump(text, allow_unicode=True, width=10**9, default_style='"').rstrip("\n")


def _explain(path: Path, node: yaml.Node | None, data: Any, error: ValidationError) -> str:
    """The first mistake as one line: file, line, dotted key, what is wrong and, for a typo, the likely key."""
    mistakes = error.errors(include_url=False)
    # A misspelt key is unknown and missing at once: the unknown one shows where to mend it.
    first = next((mistake for mistake in mistakes if mistake["type"] == "extra_forbidden"), mistakes[0])
    line, keys = 1, []
    for part in first["loc"]:
        entry = None
        if isinstance(node, yaml.MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            entry = (node.value[part], node.value[part])
        if entry:
            line, node = entry[0].start_mark.line + 1, entry[1]
        # A union's tag and the marker of a bad mapping key are pydantic's own: they stand nowhere in the file.
        if entry or (part is first["loc"][-1] and part != "[key]"):
            keys.append(str(part))
    problem = first["msg"][0].lower() + first["msg"][1:]
    if first["type"] == "extra_forbidden":
        missing = [str(m["loc"][-1]) for m in mistakes if m["type"] == "missing" and m["loc"][:-1] == first["loc"][:-1]]
        near = difflib.get_close_matches(str(first["loc"][-1]), missing, n=1)
        problem = "unknown key" + (f": is it '{near[0]}'?" if near else "")
    elif first["type"] == "missing":
        problem = "this key is missing"
    elif first["type"] == "value_error":
        problem = str(first["ctx"]["error"])
    elif not isinstance(first["input"], (dict, tuple)):
        problem += f", not {first['input']!r}"
    return f"{path}:{line}: {'.'.join(keys) or 'file'}: {problem}"
