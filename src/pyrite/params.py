"""`params.yaml`, read once and checked whole: every setting of a study, as frozen values."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pyrite import mixes, paths, schema, settings
from pyrite.schema import Schema

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0)]


class Generate(Schema):
    provider: Literal["recorded"]
    per_label: Positive
    near_duplicate: Share
    contamination_cosine: Share


class _Encoder(Schema):
    mixes: tuple[str, ...] = Field(min_length=1)

    @field_validator("mixes")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for mix in value:
            for source in mixes.settings_of(mix):
                if source not in settings.SETTINGS:
                    known = ", ".join((*mixes.REAL, *settings.SETTINGS))
                    raise ValueError(f"mix '{mix}': unknown source '{source}'; there are {known}")
        if len(set(value)) < len(value):
            raise ValueError("a mix is there twice")
        return value


class FineTune(_Encoder):
    """A transformer, trained whole for a fixed number of steps."""

    method: Literal["fine_tune"]
    checkpoint: str
    revision: str | None = None
    steps: Positive
    batch_rows: Positive
    learning_rate: Rate
    warmup: Share
    weight_decay: Annotated[float, Field(ge=0)]
    max_tokens: Positive
    class_weights: Literal["none", "balanced"] = "none"
    patience: Annotated[int, Field(ge=0)] = 0
    compile: bool = False


class Probe(_Encoder):
    """Logistic regression on the frozen, mean-pooled embeddings of a transformer."""

    method: Literal["probe"]
    checkpoint: str
    revision: str | None = None
    max_tokens: Positive
    C: Rate


class Tfidf(_Encoder):
    """Logistic regression on TF-IDF of word uni- and bigrams."""

    method: Literal["tfidf"]
    C: Rate


Encoder = Annotated[FineTune | Probe | Tfidf, Field(discriminator="method")]


class Train(Schema):
    seeds: tuple[int, ...] = Field(min_length=1)
    precision: Literal["auto", "float32", "bfloat16"]
    checkpoints: Literal["first_seed", "all", "none"]
    parallel: Literal["fits", "data"] = "fits"
    encoders: dict[str, Encoder]

    @field_validator("encoders")
    @classmethod
    def _plain_names(cls, value: dict[str, Encoder]) -> dict[str, Encoder]:
        # A name becomes part of file names and of DVC's stage names.
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise ValueError(f"'{name}' must be lower-case letters, digits and _, beginning with a letter")
        return value

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a seed is there twice")
        return value


class Evaluate(Schema):
    resamples: Annotated[int, Field(ge=100)]


class Compare(Schema):
    baseline: str
    candidate: str
    encoder: str
    margin: Rate


class Params(Schema):
    tasks: tuple[str, ...] = Field(min_length=1)
    generate: Generate
    train: Train
    evaluate: Evaluate
    compare: Compare

    @model_validator(mode="after")
    def _compares_what_is_trained(self) -> Params:
        encoder = self.train.encoders.get(self.compare.encoder)
        if encoder is None:
            raise ValueError(
                f"compare.encoder: unknown encoder '{self.compare.encoder}'; "
                f"train.encoders has {', '.join(self.train.encoders)}"
            )
        for key in ("baseline", "candidate"):
            if (mix := getattr(self.compare, key)) not in encoder.mixes:
                raise ValueError(
                    f"compare.{key}: unknown mix '{mix}'; train.encoders.{self.compare.encoder}.mixes has "
                    f"{', '.join(encoder.mixes)}"
                )
        return self


def load() -> Params:
    """The parameters of this study.

    Raises:
        PyriteError: a key is unknown, missing or of the wrong type; the line says which and where.
    """
    return schema.load(paths.PARAMS, Params)
