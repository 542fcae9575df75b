"""Advice: what the verdict says to do, in a few words: the first thing that the page and the terminal say."""

from pyrite.data import mixes
from pyrite.params import Params
from pyrite.results import statements, verdict
from pyrite.results.evaluation import Worth
from pyrite.results.statements import Say
from pyrite.results.verdict import AUGMENT, CANT_TELL, DONT, REPLACE, Case

# What a verdict says to do, short enough for a table; what is good enough says what it is.
SHORT = {AUGMENT: "use both", DONT: "label", CANT_TELL: "can't tell"}

# By the kind of a candidate's sources: what it is, and what to do where it is good enough.
KINDS = {
    "written": ("texts written by the LLM", "let the LLM write"),
    "labelled": ("texts labelled by the LLM", "let the LLM label"),
    "imported": ("imported texts", "use the imported texts"),
}


def kind(study: Params, candidate: str) -> str:
    """The kind of all that a candidate has; empty where it has several or real labels, or where the kind does not tell
    it: the study has such sources of several LLMs, or several imported ones."""
    mix = mixes.parse(candidate)
    kinds = {study.sources[source].kind for source in mix.sources}
    if not mix.is_generated or len(kinds) > 1:
        return ""
    [kind] = kinds
    alike = {name: source for name, source in study.sources.items() if source.kind == kind}
    makers = alike.keys() if kind == "imported" else {source.llm for source in alike.values()}
    return kind if len(makers) == 1 else ""


def word(case: Case, kind: str, say: Say = str) -> str:
    """The verdict as a word of `SHORT`, or what a good candidate is good for."""
    good = KINDS[kind][1] if kind else f"use {say(case.candidate)}"
    return SHORT.get(verdict.decide(case), good)


def short(case: Case, kind: str, say: Say = str) -> str:
    """What to do, in a few words."""
    is_open = verdict.decide(case) == CANT_TELL
    if is_open and not case.obstacle and case.gap.value < -case.margin:
        return "Probably label."
    return f"{statements.capital(word(case, kind, say))}{' yet' if is_open else ''}."


def headline(case: Case, kind: str, say: Say = str) -> str:
    """Why, in one short sentence: the number, and what it is compared with."""
    if case.obstacle:
        return f"{statements.capital(case.obstacle)}."
    plain, gap = KINDS[kind][0] if kind else say(case.candidate), case.gap.value
    what = statements.capital(plain)
    if verdict.decide(case) == AUGMENT and case.gain is not None:
        return f"Added to all your labels, {plain} gain {statements.points(case.gain.value)} points."
    if case.lost and verdict.in_place(case) == verdict.OPEN:
        return f"{what} lose {', '.join(case.lost)}."
    if gap > 0.0005:
        return f"{what} score {statements.points(gap)} points higher than {say(case.baseline)}."
    cost = "nothing" if gap > -0.0005 else f"{statements.points(-gap)} points"
    return f"{what} cost {cost}, and you allow {100 * case.margin:g}."


def how_sure(case: Case) -> str:
    """How sure the verdict is: the interval that decides."""
    loss = inside(case.gap.low90, case.gap.high90)
    if case.obstacle:
        return loss
    return f"{'a close call; ' if verdict.is_close(case) else ''}{loss} (90 % sure)"


def inside(low: float, high: float) -> str:
    """Where a gap lies, in words."""
    if high <= 0:
        return f"the loss is {statements.ends(-high, -low)} points"
    if low >= 0:
        return f"the gain is {statements.ends(low, high)} points"
    return f"between {statements.points(-low)} points lost and {statements.points(high)} gained"


def next_step(case: Case, stop: Worth | None, say: Say = str) -> str:
    """What to do next; `stop` is from how many real labels on the candidate helps no more."""
    decision, candidate = verdict.decide(case), say(case.candidate)
    if decision == REPLACE:
        return f"Train on {candidate}, and have people check a sample of its labels."
    if decision == AUGMENT:
        return f"Train on all your labels with {candidate} added."
    if case.obstacle:
        return case.remedy
    if decision == CANT_TELL:
        return statements.settled(case)
    if stop is None or stop.high == 0:
        return "Train on your own labels."
    few = f"fewer than about {stop.low:,} labels" if stop.low else "few labels"
    return f"Train on your own labels. Where you have {few}, add {candidate} to them: that helps."
