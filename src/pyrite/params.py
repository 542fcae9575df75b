"""`params.yaml`, read once and checked whole: every setting of a study, as frozen values."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from pyrite.base import paths, schema
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


class Generate(Schema):
    provider: Literal["recorded", "openai"]
    model: str
    settings: tuple[Name, ...] = Field(min_length=1)
    per_label: Positive
    texts_per_turn: Positive
    turns: Positive
    examples: Positive
    sampling: dict[str, JsonValue]
    attempt_cap: Annotated[float, Field(ge=1)]
    near_duplicate: Share
    contamination_cosine: Share
    concurrency: Positive
    requests_per_minute: Positive | None
    tokens_per_minute: Positive | None
    budget_usd: Rate | None
    prices: dict[str, Price]

    @field_validator("sampling")
    @classmethod
    def _not_ours(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if ours := sorted(set(value) & {"messages", "model", "n", "response_format", "stream"}):
            raise ValueError(f"'{ours[0]}' is for Pyrite to set; sampling takes the likes of temperature and top_p")
        if "extra_body" in value:
            raise ValueError("'extra_body' is a client's word: write what is in it right under sampling")
        return value


class Train(Schema):
    renamed: ClassVar[dict[str, str]] = {"encoders": "classifiers"}

    seeds: tuple[int, ...] = Field(min_length=1)
    folds: Folds = "auto"
    test_rows: Positive | None
    precision: Literal["auto", "float32", "bfloat16"]
    checkpoints: Literal["first_seed", "all", "none"]
    parallel: Literal["fits", "data"] = "fits"
    classifiers: dict[Name, AnyClassifier]

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return schema.distinct(value)

    def seeds_of(self, classifier: str) -> tuple[int, ...]:
        """The seeds of a classifier: its own, where it names some."""
        return self.classifiers[classifier].seeds or self.seeds


class Annotate(Schema):
    items: Annotated[int, Field(ge=0)]


class Evaluate(Schema):
    resamples: Annotated[int, Field(ge=100)]


class Compare(Schema):
    renamed: ClassVar[dict[str, str]] = {"encoder": "classifier"}

    baseline: str
    candidate: str
    classifier: str
    margin: Rate
    label_price: Rate | None = None
    llm_price: Rate | None = None


class Params(Schema):
    tasks: tuple[Name, ...] = Field(min_length=1)
    generate: Generate
    train: Train
    annotate: Annotate
    evaluate: Evaluate
    compare: Compare

    @model_validator(mode="after")
    def _trains_on_what_is_generated(self) -> Params:
        for name, classifier in self.train.classifiers.items():
            for mix in classifier.mixes:
                for source in mixes.settings_of(mix):
                    if source not in self.generate.settings:
                        known = ", ".join((*mixes.REAL, *self.generate.settings))
                        raise ValueError(
                            f"train.classifiers.{name}.mixes: mix '{mix}': unknown source '{source}'; there are {known}"
                        )
        return self

    @model_validator(mode="after")
    def _compares_what_is_trained(self) -> Params:
        classifier = self.train.classifiers.get(self.compare.classifier)
        if classifier is None:
            raise ValueError(
                f"compare.classifier: unknown classifier '{self.compare.classifier}'; "
                f"train.classifiers has {', '.join(self.train.classifiers)}"
            )
        for key in ("baseline", "candidate"):
            if (mix := getattr(self.compare, key)) not in classifier.mixes:
                raise ValueError(
                    f"compare.{key}: unknown mix '{mix}'; train.classifiers.{self.compare.classifier}.mixes has "
                    f"{', '.join(classifier.mixes)}"
                )
        return self


def load() -> Params:
    """The parameters of this study.

    Raises:
        PyriteError: a key is unknown, missing or of the wrong type; the line says which and where.
    """
    return schema.load(paths.PARAMS, Params)
