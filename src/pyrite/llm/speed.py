"""Speed: how many tokens a second a model answers with, as `doctor` measured it and `estimate` reckons with it."""

from pyrite.base import files, paths


def note(model: str, tokens_per_second: float) -> None:
    """Keep how fast a model answers one request, beside what was measured of others."""
    files.write_json(paths.speed(), _known() | {model: tokens_per_second})


def of(model: str) -> float | None:
    """The tokens a second of a model's answers to one request; None where it was not measured."""
    return _known().get(model)


def _known() -> dict[str, float]:
    path = paths.speed()
    rates = files.read_json(path) if path.exists() else {}
    return {model: rate for model, rate in rates.items() if isinstance(rate, int | float) and rate > 0}
