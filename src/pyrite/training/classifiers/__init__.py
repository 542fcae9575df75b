"""The training methods, a module each, by the name that `method` has in `params.yaml`."""

from typing import Annotated

from pydantic import Field

from pyrite.training.classifiers import fine_tune, probe, tfidf

AnyClassifier = Annotated[fine_tune.FineTune | probe.Probe | tfidf.Tfidf, Field(discriminator="method")]
