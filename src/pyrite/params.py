"""`params.yaml`, read once and checked whole: every setting of a study, as frozen values."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from pyrite.base import paths, schema
from pyrite.base.errors import PyriteError
from pyrite.base.schema import Name, Positive, Rate, Schema, Share
from pyrite.data import mixes
from pyrite.data.folds import Folds
from pyrite.training.classifiers import AnyClassifier


class Price(Schema):
    """What a model costs: US dollars per million tokens, and the day on which that was looked up."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]
    date: str

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """US dollars."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1e6


# The endpoint of an LLM that names none.
DEFAULT = "OPENAI"


class LLM(Schema):
    """An LLM: its name at its endpoint, how it samples, and the endpoint, by the name that its environment variables
    begin with (None: it is never asked, and only what is recorded or stored of it is used)."""

    model: str
    sampling: dict[str, JsonValue] = Field(default_factory=dict)
    endpoint: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")] | None = DEFAULT

    @field_validator("sampling")
    @classmethod
    def _not_ours(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if ours := sorted(set(value) & {"messages", "model", "n", "response_format", "stream"}):
            raise ValueError(f"'{ours[0]}' is for Pyrite to set; sampling takes the likes of temperature and top_p")
        if "extra_body" in value:
            raise ValueError("'extra_body' is a client's word: write what is in it right under sampling")
        return value


class Written(Schema):
    """A source of texts that an LLM writes for each label, asked with a prompt of `tasks/prompts.yaml`.

    Attributes:
        per_label: the texts that each label shall get.
        texts_per_turn, turns: texts asked for in a turn, and turns of a conversation that ask for some.
        examples: real texts shown in a turn that shows some.
        check: of so many texts, and of as many real ones, the LLM is asked for the label without seeing it.
    """

    kind: Literal["written"]
    llm: Name
    prompt: Name
    per_label: Positive
    texts_per_turn: Positive = 25
    turns: Positive = 4
    examples: Positive = 5
    check: Annotated[int, Field(ge=0)] = 0

    @property
    def check_llm(self) -> str:
        """The LLM that `check` asks."""
        return self.llm


class Labelled(Schema):
    """A source of real training texts, the first so many by id, with the labels that an LLM gives them."""

    kind: Literal["labelled"]
    llm: Name
    texts: Positive


class Imported(Schema):
    """A source that `pyrite add` took in: texts and labels from anywhere.

    Attributes:
        llm: who wrote them, as far as that is known; no entry of `llms`.
        cost_usd: what they cost in US dollars, by task.
        check, check_llm: as of a written source, and the entry of `llms` that is asked.
    """

    kind: Literal["imported"]
    llm: str | None = None
    cost_usd: dict[Name, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    check: Annotated[int, Field(ge=0)] = 0
    check_llm: Name | None = None

    @model_validator(mode="after")
    def _says_who_checks(self) -> Self:
        if self.check and not self.check_llm:
            raise ValueError("check asks an LLM: name it, check_llm: an entry of llms")
        return self


Source = Annotated[Written | Labelled | Imported, Field(discriminator="kind")]


class Limits(Schema):
    """What an endpoint takes: requests at once, and requests and tokens a minute (None: any number)."""

    concurrency: Positive = 32
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None


class Generate(Schema):
    renamed: ClassVar[dict[str, str]] = {
        "model": "llms.NAME.model",
        "sampling": "llms.NAME.sampling",
        "settings": "sources",
        **{key: f"sources.NAME.{key}" for key in ("per_label", "texts_per_turn", "turns", "examples")},
        **{key: f"generate.limits.OPENAI.{key}" for key in Limits.model_fields},
    }

    provider: Literal["recorded", "openai"]
    attempt_cap: Annotated[float, Field(ge=1)]
    near_duplicate: Share
    contamination_cosine: Share
    limits: dict[str, Limits]
    budget_usd: Rate | None
    prices: dict[str, Price]


class Asking(Schema):
    """All that asking an LLM takes: the LLM, whether it is asked, and the limits that change no answer."""

    llm: LLM
    provider: Literal["recorded", "openai"]
    limits: Limits
    budget_usd: Rate | None
    prices: dict[str, Price]

    @property
    def price(self) -> Price | None:
        return self.prices.get(self.llm.model)


class Train(Schema):
    renamed: ClassVar[dict[str, str]] = {"encoders": "classifiers"}

    seeds: Annotated[tuple[int, ...], Field(min_length=1), AfterValidator(schema.distinct)]
    folds: Folds = "auto"
    test_rows: Positive | None
    precision: Literal["auto", "float32", "bfloat16"]
    checkpoints: Literal["first_seed", "all", "none"]
    parallel: Literal["fits", "data"] = "fits"
    classifiers: dict[Name, AnyClassifier]

    def seeds_of(self, classifier: str) -> tuple[int, ...]:
        """The seeds of a classifier: its own, where it names some."""
        return self.classifiers[classifier].seeds or self.seeds


class Annotate(Schema):
    llm: Name
    items: Annotated[int, Field(ge=0)]


class Evaluate(Schema):
    resamples: Annotated[int, Field(ge=100)]


class Compare(Schema):
    renamed: ClassVar[dict[str, str]] = {"encoder": "classifier", "candidate": "candidates"}

    baseline: str
    candidates: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(schema.distinct)]
    classifier: str
    margin: Rate
    label_price: Rate | None = None
    llm_price: Rate | None = None
    texts_per_month: Positive | None = None

    @field_validator("candidates", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def candidate(self) -> str:
        """The candidate that the headline is about: the first, chosen before anything was seen."""
        return self.candidates[0]


class Params(Schema):
    tasks: tuple[Name, ...] = Field(min_length=1)
    llms: dict[Name, LLM]
    sources: dict[Name, Source] = Field(min_length=1)
    generate: Generate
    train: Train
    annotate: Annotate
    evaluate: Evaluate
    compare: Compare

    def asking(self, llm: str) -> Asking:
        """How this study asks one of its LLMs, by its name in `llms`."""
        entry, g = self.llms[llm], self.generate
        provider = g.provider if entry.endpoint else "recorded"
        limits = g.limits.get(entry.endpoint or "", Limits())
        return Asking(llm=entry, provider=provider, limits=limits, budget_usd=g.budget_usd, prices=g.prices)

    def source(self, name: str) -> Source:
        """The source of that name.

        Raises:
            PyriteError: there is none.
        """
        if name not in self.sources:
            raise PyriteError(f"source '{name}': unknown; sources in {paths.PARAMS} has {', '.join(self.sources)}")
        return self.sources[name]

    def origin(self, source: str) -> str:
        """Where the texts and labels of a source come from, in a few words."""
        spec = self.sources[source]
        if isinstance(spec, Imported):
            return f"imported, written by {spec.llm}" if spec.llm else "imported"
        model = self.llms[spec.llm].model
        return f"written by {model}" if isinstance(spec, Written) else f"real texts labelled by {model}"

    @property
    def written(self) -> dict[str, Written]:
        """The sources that an LLM writes."""
        return {name: source for name, source in self.sources.items() if isinstance(source, Written)}

    @property
    def checked(self) -> dict[str, Written | Imported]:
        """The sources whose texts an LLM is asked about."""
        return {name: spec for name, spec in self.sources.items() if not isinstance(spec, Labelled) and spec.check}

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Self:
        if ours := next((name for name in self.sources if name in mixes.REAL), None):
            raise ValueError(f"sources.{ours}: that name is for real rows; choose another")
        places = {"annotate.llm": self.annotate.llm}
        places |= {f"sources.{n}.llm": spec.llm for n, spec in self.sources.items() if not isinstance(spec, Imported)}
        places |= {f"sources.{name}.check_llm": spec.check_llm for name, spec in self.checked.items() if spec.check_llm}
        for place, llm in places.items():
            _require(llm, self.llms, f"{place}: unknown LLM", "llms has")
        for name, classifier in self.train.classifiers.items():
            for mix in classifier.mixes:
                for source in mixes.parse(mix).sources:
                    place = f"train.classifiers.{name}.mixes: mix '{mix}'"
                    _require(source, (*mixes.REAL, *self.sources), f"{place}: unknown source", "there are")
        comparison, classifiers = self.compare, self.train.classifiers
        _require(comparison.classifier, classifiers, "compare.classifier: unknown classifier", "train.classifiers has")
        for key, mix in [("baseline", comparison.baseline), *(("candidates", mix) for mix in comparison.candidates)]:
            place = f"train.classifiers.{comparison.classifier}.mixes has"
            _require(mix, classifiers[comparison.classifier].mixes, f"compare.{key}: unknown mix", place)
        return self


def _require(name: str, names: Collection[str], problem: str, place: str) -> None:
    if name not in names:
        raise ValueError(f"{problem} '{name}'; {place} {', '.join(names)}")


def load() -> Params:
    """The parameters of this study.

    Raises:
        PyriteError: a key is unknown, missing or of the wrong type; the line says which and where.
    """
    return schema.load(paths.PARAMS, Params)
