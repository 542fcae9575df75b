"""Can the texts of a source be trusted? Five questions, each answered beside other real texts, and what to look at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyrite.measures import intervals
from pyrite.measures.diversity import MEASURES
from pyrite.measures.giveaways import Giveaway, Leak
from pyrite.measures.intervals import Estimate
from pyrite.measures.shown_examples import Repeats
from pyrite.measures.telling_texts import Telling
from pyrite.results.diversity import Diversity, Scrutiny

# How each list of `TellingTexts` is headed.
TELLING = {
    "unlike": "Least like any real text",
    "repeated": "Most like another text of the source",
    "copied": "Most like a real training text",
    "untrue": "Label in doubt: a classifier trained on real texts says another",
}

# What comes back by chance now and then, so that it must come back more often than from unshown texts.
COMMON = "names"

YES, LESS, UNKNOWN, REAL = "yes", "less than real texts", "not known", "these are real texts"


@dataclass(frozen=True)
class Question:
    """A question, the measure that answers it, and whether more of that is better (1) or worse (-1)."""

    asks: str
    key: str
    better: int


QUESTIONS = (
    Question("Realistic?", "c2st", -1),
    Question("Varied?", "vendi", 1),
    Question("Covers what is real?", "coverage", 1),
    Question("Original?", "original", 1),
    Question("Right labels?", "faithfulness", 1),
)


@dataclass(frozen=True)
class Answer:
    """The answer to a question, with the measure as people read it; `word` is empty for real texts themselves."""

    word: str
    value: str
    interval: str

    @property
    def shown(self) -> str:
        return f"{self.value} ({self.interval})" if self.interval else self.value


def answers(diversity: Diversity) -> dict[str, list[Answer]]:
    """The answers of each set, in the order of `QUESTIONS`; real texts come last.

    A source is worse than real texts where its whole interval lies on the worse side of that of other real texts.
    """
    order = [*(name for name in diversity.sets if name != "real"), *(["real"] if "real" in diversity.sets else [])]
    return {name: [_answer(question, diversity, name) for question in QUESTIONS] for name in order}


def _answer(question: Question, diversity: Diversity, name: str) -> Answer:
    measure = next(measure for measure in MEASURES if measure.key == question.key)
    own, real = diversity.of(name, question.key), diversity.of("real", question.key)
    if question.key == "original" and name != "real" and diversity.scrutiny and name not in diversity.scrutiny:
        return Answer(REAL, "", "")
    if own is None or own.value is None:
        return Answer(UNKNOWN, "", "")
    sure = own.low is not None and own.high is not None
    between = f"{measure.show(own.low or 0)} to {measure.show(own.high or 0)}" if sure else ""
    word = "" if name == "real" else _word(own, real, question.better)
    return Answer(word, measure.show(own.value), between)


def _word(own: Estimate, real: Estimate | None, better: int) -> str:
    if real is None or None in (own.low, own.high, real.low, real.high):
        return UNKNOWN
    worse = (own.high or 0) < (real.low or 0) if better > 0 else (own.low or 0) > (real.high or 0)
    return LESS if worse else YES


def repeats(diversity: Diversity | None, sources: Sequence[str], say: Callable[[str], str]) -> list[str]:
    """That sources repeat what their prompts showed, where they do: a sentence each."""
    scrutiny = diversity.scrutiny if diversity else {}
    shown = {source: scrutiny[source].repeats for source in sources if source in scrutiny}
    repeated = {source: _repeated(items) for source, items in shown.items() if items}
    return [f"{say(source)} repeats what it was shown: {words}." for source, words in repeated.items() if words]


def _repeated(repeats: Repeats) -> str:
    nearer, parts = repeats.nearer, []
    if nearer.value is not None and (nearer.low or 0) > 0.5:
        between = f"{100 * (nearer.low or 0):.1f} to {100 * (nearer.high or 0):.1f}"
        parts.append(
            f"{100 * nearer.value:.1f} % of its texts ({between}) "
            "lie nearer to a real text of its prompts than to as many others; 50 % is chance"
        )
    if back := {kind: items.shown for kind, items in repeats.returned.items() if comes_back(kind, repeats)}:
        parts.append(f"real {', '.join(back)} come back in {', '.join(f'{n:,}' for n in back.values())} of its texts")
    return "; ".join(parts)


def comes_back(kind: str, repeats: Repeats) -> bool:
    """Whether items of shown texts come back, and not by chance alone."""
    items = repeats.returned[kind]
    if kind != COMMON:
        return items.shown > 0
    return (intervals.proportion(items.shown, items.shown + items.unshown).low or 0) > 0.5


def habit(giveaway: Giveaway) -> str:
    """What a habit is, in words."""
    if giveaway.kind == "word":
        return f"the word “{giveaway.feature}”"
    is_sign = giveaway.kind == "punctuation" and len(giveaway.feature) == 1
    return f"the sign “{giveaway.feature}”" if is_sign else giveaway.feature


def gives_away(giveaway: Giveaway) -> str:
    """A habit in words: what, and how often on either side."""
    real = f"of real ones {giveaway.real_texts:,} of {giveaway.real_of:,}"
    return f"{habit(giveaway)}: {giveaway.texts:,} of {giveaway.of:,} texts, {real}"


def leaks(leak: Leak) -> str:
    """A word that leaks its label, in words."""
    real = f"of real ones {leak.real_texts:,} of {leak.real_of:,}" if leak.real_of else "no real text has it"
    return f"“{leak.feature}”: {leak.texts:,} of {leak.of:,} texts with it are {leak.label}, {real}"


def notes(listed: Sequence[Telling]) -> list[str]:
    """What stands beside each text that tells: its number, and the label that the checker gives it."""
    return [f"{telling.value:.2f} {telling.said or ''}".strip() for telling in listed]


def named(scrutiny: Scrutiny) -> set[str]:
    """The ids of all texts that a scrutiny names, generated and real."""
    ids = {i for leak in scrutiny.given_away.leaks for i in leak.ids}
    for habits in scrutiny.given_away.labels.values():
        ids |= {i for giveaway in habits for i in (*giveaway.ids, *giveaway.real_ids)}
    if scrutiny.repeats:
        ids |= {i for items in scrutiny.repeats.returned.values() for pair in items.pairs for i in pair}
    for kind in TELLING if scrutiny.telling else ():
        ids |= {i for text in getattr(scrutiny.telling, kind) for i in (text.id, text.real, text.twin)}
    return ids - {""}
