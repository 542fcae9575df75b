"""The training methods, a module each, found by its name: the `method` in `params.yaml`."""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from pyrite.training.classifier import Classifier

if TYPE_CHECKING:
    AnyClassifier = Classifier
else:
    _modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    _methods = [
        each
        for module in _modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Classifier) and each.__module__ == module.__name__
    ]
    AnyClassifier = Annotated[Union[*_methods], Field(discriminator="method")]
