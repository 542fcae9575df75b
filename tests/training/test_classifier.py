from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from conftest import tfidf

from pyrite.results import words
from pyrite.training import classifiers
from pyrite.training.classifier import Job
from pyrite.training.classifiers.tfidf import Tfidf

NAMED = [path.stem for path in sorted(Path(classifiers.__file__ or "").parent.glob("[!_]*.py"))]


@pytest.mark.parametrize("method", NAMED)
def test_a_method_is_the_module_of_its_name(method: str) -> None:
    module = importlib.import_module(f"pyrite.training.classifiers.{method}")
    kinds = get_args(get_args(classifiers.AnyClassifier)[0])
    [kind] = [kind for kind in kinds if kind.__module__ == module.__name__]
    assert get_args(kind.model_fields["method"].annotation) == (method,)
    # The report says it.
    assert words.method(kind.model_construct())
    # A fit's code is part of its fingerprint.
    assert kind.model_construct().modules()


def test_params_load_nothing_that_trains() -> None:
    code = "import sys, pyrite.params; print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_a_classifier_takes_texts_and_gives_probabilities() -> None:
    spec = Tfidf.model_validate(tfidf("real") | {"mixes": ("real",)})
    features = spec.features(["red thing", "two things", "blue thing", "one more"] * 5)
    fitted = spec.fit(Job(features, [0, 1, 0, 1] * 5, features[[0, 1]], ["colour", "number"], 0, "float32"))
    assert fitted.probabilities.argmax(1).tolist() == [0, 1]
    np.testing.assert_allclose(fitted.probabilities.sum(1), 1, atol=1e-6)
    assert fitted.save is None
