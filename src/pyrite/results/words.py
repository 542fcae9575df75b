"""Names and numbers as the report writes them. Scores and gaps are in [0, 1] until here, then in points."""

import re
from collections.abc import Callable

from pyrite.data import mixes
from pyrite.measures.intervals import Estimate
from pyrite.results import statements
from pyrite.results.evaluation import Worth
from pyrite.results.statements import capital as capital
from pyrite.results.table import POINTS, Cell
from pyrite.training.classifier import Classifier

NO_BREAK = "\u00a0"
# The space between a number and its unit.
BEFORE_UNIT = r"(?<=\d) (?=%|points?\b)"

# What the words of a study mean, beside its classifiers.
TERMS = {
    "real": "real training texts with their labels, all of them; real@200 is 200 of them, real@equal as many as the "
    "smallest set has",
    "pool": "the real training texts that few-shot prompts may show, a tenth of them: what one has labelled anyway",
    "zero-shot": "texts that an LLM wrote from the description of each label, seeing no real text",
    "few-shot": "texts that an LLM wrote after seeing a few real ones of the label, from the pool",
    "labelled": "real texts that an LLM labelled, without seeing the labels that people gave them",
    "a + b": "a mix: both sets together",
    "seed": "the number that decides what is random in a training run: other seeds are other runs of the same training",
}


def name(mix: str) -> str:
    """A mix as people say it: `pool+few_shot` is pool + few-shot."""
    return mixes.spoken(mix)


def method(recipe: Classifier) -> str:
    """What a classifier is, as the class of its training method says."""
    words = type(recipe).__doc__ or ""
    return words[:1].lower() + words[1:].rstrip(".")


def family(mix: str) -> str:
    """What the rows of a mix are: real, generated or both; it decides colour and shape."""
    about = mixes.parse(mix)
    return "generated" if about.is_generated else "real" if about.is_real else "both"


def fixed(value: float, form: str) -> str:
    """A number in a format, with a minus sign that is one."""
    return f"{value:{form}}".replace("-", "−")


def ends(estimate: Estimate, form: str = ".1f", scale: float = POINTS) -> str:
    """The ends of an interval: 68.1 to 74.0; nothing where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{fixed(scale * estimate.low, form)} to {fixed(scale * estimate.high, form)}"


def ranged(estimate: Estimate, form: str = ".1f", scale: float = POINTS) -> str:
    """A value with its interval, in points: 71.1 (68.1 to 74.0); a dash where it is not known."""
    if estimate.value is None:
        return "–"
    value, interval = fixed(scale * estimate.value, form), ends(estimate, form, scale)
    return f"{value} ({interval})" if interval else value


def whole(text: str) -> str:
    """A text in which no line break parts a number from its unit."""
    return re.sub(BEFORE_UNIT, NO_BREAK, text)


def labels(worth: Worth, end: str = "labels") -> str:
    """A number of real labels: 246, > 2,320 or < 50, which no line break parts."""
    return statements.labels(worth, end).replace(" ", NO_BREAK)


def worth(equal: Worth) -> str:
    """A worth and its interval, in numbers that no line break parts."""
    return statements.worth(equal, labels)


def cell(estimate: Estimate | None, form: str = ".1f", scale: float = POINTS) -> Cell | None:
    """A value for a table, in points, with its interval below."""
    if estimate is None or estimate.value is None:
        return None if estimate is None else Cell("–", estimate.note or "")
    return Cell(fixed(scale * estimate.value, form), ends(estimate, form, scale), estimate.value)


def number_cell(value: float | None, form: str = ".1f", scale: float = POINTS) -> Cell | None:
    """A value for a table, in points, of which there is no interval."""
    return None if value is None else Cell(f"{scale * value:{form}}", number=scale * value)


def mix_cell(mix: str) -> Cell:
    return Cell(name(mix), family=family(mix))


def worth_cell(equal: Worth | None, number: Callable[[Worth, str], str] = labels) -> Cell | None:
    if equal is None:
        return None
    value, low, high = (number(equal, end) for end in ("labels", "low", "high"))
    below = "" if value == low == high else f"{low} to {high}"
    return Cell(value, below, equal.most + 1 if equal.labels is None else equal.labels)
