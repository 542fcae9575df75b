"""Statements: what terminal, page and Markdown say of results, each worded once, from values.

Scores, gaps and margins come in [0, 1] and are said in points. `say` is how names of mixes are spoken, the page's way
or as they are.
"""

from collections.abc import Callable, Sequence

from pyrite.data import mixes
from pyrite.measures.intervals import Estimate, Interval
from pyrite.results import verdict
from pyrite.results.evaluation import TaskResult, Worth
from pyrite.results.prices import BreakEven, money
from pyrite.results.verdict import AUGMENT, CANT_TELL, DONT, REPLACE, Case

Say = Callable[[str], str]

TITLES = {REPLACE: "Replace", AUGMENT: "Augment", DONT: "Don't", CANT_TELL: "Can't tell"}


def points(share: float, sign: str = "") -> str:
    return f"{100 * share:{sign}.1f}"


def ends(low: float, high: float, sign: str = "") -> str:
    return f"{points(low, sign)} to {points(high, sign)}"


def ranged(interval: Interval, sign: str = "") -> str:
    """A value and its interval: +2.0 (+1.0 to +3.0)."""
    return f"{points(interval.value, sign)} ({ends(interval.low, interval.high, sign)})"


def plus_minus(estimate: Estimate, sign: str = "") -> str:
    """A value and half of its interval: 76.5 ±  3.3."""
    value = points(estimate.value or 0, sign)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ± {100 * (estimate.high - estimate.low) / 2:4.1f}"


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def side(gap: float) -> str:
    """How a candidate scores, before the baseline's name: 3.9 points lower than."""
    if abs(gap) < 0.0005:
        return "the same as"
    return f"{points(abs(gap))} points {'higher' if gap > 0 else 'lower'} than"


# The verdict


def sentence(case: Case, say: Say = str) -> str:
    """The verdict in one sentence: the gap first, with the interval that decides, then what follows."""
    word = verdict.decide(case)
    open_for_rows = word == CANT_TELL and not (case.obstacle or case.lost)
    return f"{TITLES[word]}: {reason(case, say)}" + (f" {settled(case)}" if open_for_rows else "")


def reason(case: Case, say: Say = str) -> str:
    """The verdict's sentence without its word, and without what would settle it, which is the next step."""
    word, gap = verdict.decide(case), case.gap
    candidate, baseline, allowed = say(case.candidate), say(case.baseline), f"You allow a loss of {points(case.margin)}"
    inside = f"90 % interval {ends(gap.low90, gap.high90, '+')}"
    if case.left_out:
        inside += f"; without {case.left_out} task{'s' * (case.left_out > 1)} where nothing can be told"
    scores = f"{candidate} scores {side(gap.value)} {baseline} ({inside})"
    if case.obstacle:
        return f"{scores}, but {case.obstacle}."
    close = " A close call: another training run could change it." if verdict.is_close(case) else ""
    if word == REPLACE:
        sure = (
            f"it is surely better, by {points(gap.low90)} points or more (95 %)"
            if gap.low90 > 0
            else f"it surely loses no more than {points(-gap.low90)} (95 %)"
        )
        return f"{scores}. {allowed}: {sure}.{close}"
    if word == AUGMENT and case.gain is not None:
        gained = f"{points(case.gain.value)} points (95 % interval {ends(case.gain.low, case.gain.high)})"
        what = f"added to {baseline}" if case.contains else "added to all labels"
        alone = "" if case.contains else f" Alone it may not be enough: {scores}, and you allow {points(case.margin)}."
        return f"{what}, {candidate} gains {gained}.{alone}{close}"
    if word == DONT:
        return f"{scores}. {allowed}: it surely loses more than {points(-gap.high90)} (95 %).{close}"
    if case.lost:
        return f"{scores}, but it loses {', '.join(case.lost)}: the F1 of {these(case.lost)} falls by far more.{close}"
    return f"{scores}. {allowed}, and the interval holds both more and less.{close}"


def these(labels: Sequence[str]) -> str:
    return "this label" if len(labels) == 1 else "these labels"


def settled(case: Case) -> str:
    """How many test rows would settle a case; or what moves its gap too much for that, of which more can."""
    rows = verdict.settles(case)
    if rows is None or rows > 100 * case.test_rows:
        seeds, texts = case.gap.seed_error, case.gap.generation_error or 0.0
        more = "seeds can: chance in training" if seeds > texts else "conversations can: another run of the LLM"
        return (
            f"More test rows alone would not settle it, more {more} moves the gap by about {points(max(seeds, texts))} "
            "points (standard deviation)."
        )
    if rows <= case.test_rows:
        return f"The gap is so close to what you allow that {case.test_rows:,} test rows can't settle it; more might."
    return (
        f"If the true gap is 0, or twice what you allow, about {rows:,} test rows would settle it; there are "
        f"{case.test_rows:,}."
    )


def two_questions(case: Case, same_texts: bool, say: Say = str) -> list[str]:
    """Both questions of the rule with their answers, below the sentence that has the gap; `same_texts`: the candidate's
    texts are among those that people labelled. An obstacle leaves both open."""
    in_place, on_top = verdict.in_place(case), verdict.on_top(case)
    if case.obstacle:
        in_place = on_top = verdict.OPEN
    first = f"In place of {say(case.baseline)}: {in_place}."
    if same_texts and not case.contains:
        return [first, "On top of all labels: nothing to add, for people have labelled the same texts."]
    if case.gain is None:
        needed = f"the mixes {verdict.ALL} and {verdict.ALL}+{case.candidate}"
        return [first] if case.contains else [first, f"On top of all labels: not known; it needs {needed}."]
    gained = f"{points(case.gain.value, '+')}, 95 % interval {ends(case.gain.low, case.gain.high, '+')}"
    return [first, f"On top of all labels: {on_top} ({gained})."]


def over_tasks(cases: Sequence[Case], say: Say = str) -> list[str]:
    """The verdict over tasks: of these very tasks, and of tasks like them."""
    sentences = [f"Over {len(cases)} tasks: {reason(verdict.over_tasks(cases), say)}"]
    if sample := verdict.as_sample(cases):
        like = f"the gap is {points(sample.value, '+')} ({ends(sample.low, sample.high, '+')}, 90 %)"
        sentences.append(f"That is of these tasks. Taken as a sample of tasks like them, {like}.")
    return sentences


def at_equal_size(case: Case, say: Say = str) -> str:
    """The paper's own comparison, with as many real texts, of a task or the mean of several; empty where that is the
    baseline itself."""
    if case.equal is None or case.equal == case.gap:
        return ""
    rows = f" ({case.equal_rows:,} texts)" if case.equal_rows else ""
    scores = f"At equal size{rows}, {say(case.candidate)} scores {side(case.equal.value)} real"
    inside = ends(case.equal.low90, case.equal.high90, "+")
    rest = "The gap" if case.equal.value * case.gap.value <= 0 else "The rest of the gap"
    return f"{scores} (90 %: {inside}). {rest} comes from the number of texts."


# Worth


def labels(worth: Worth, end: str = "labels", form: str = ",") -> str:
    """A number of real labels: 246, or < 50 and > 2,320 where it lies outside the learning curve."""
    value: int | None = getattr(worth, end)
    if value is None:
        return f"> {worth.most:{form}}"
    return f"< {worth.least:{form}}" if value == 0 else f"{value:{form}}"


def worth(equal: Worth, number: Callable[[Worth, str], str] = labels) -> str:
    """A worth and its interval; beyond an end of the curve with all of it, the bound alone."""
    value, low, high = (number(equal, end) for end in ("labels", "low", "high"))
    return value if value == low == high else f"{value} ({low} to {high})"


def no_worth(evaluated: TaskResult, classifier: str, mix: str) -> str:
    """Why a mix has no worth."""
    for name in (classifier, *evaluated.classifiers):
        of_mix = evaluated.classifiers[name].mixes.get(mix)
        if of_mix and of_mix.no_worth:
            return f"How many real labels it equals can't be told: {of_mix.no_worth} ({name})."
    return "How many real labels it equals can't be told: no classifier has a learning curve of two points or more."


def stops(added: str, stop: Worth) -> str:
    """From how many real rows generated ones help no more."""
    most, least = f"{stop.most:,}", f"{stop.least:,}"
    if stop.low is None:
        return f"{added} still helps with {most} real labels, the most that were tried"
    if stop.high == 0:
        return f"{added} helps with no number of real labels from {least} on"
    if stop.low == 0 and stop.high is None:
        return f"can't tell from how many real labels on {added} helps no more: it may be any from {least} to {most}"
    if stop.labels is None:
        more = f"with more, up to the {most} that were tried, the gain is too small to be sure"
        return f"{added} helps if you have up to about {stop.low:,} (95 % sure); {more}"
    return f"{added} helps up to {worth(stop)} real labels"


def break_even(mix: str, equal: Worth | None, cost: float | None, label_price: float | None, say: Say = str) -> str:
    """What generating cost against what labels cost; empty where neither price is known."""
    if cost is None and label_price is None:
        return ""
    if not mixes.parse(mix).is_generated:
        return f"Break-even: can't tell: {say(mix)} holds real labels itself; ask for a candidate without them."
    if equal is None:
        return "Break-even: can't tell: no learning curve says how many real labels the generated texts are worth."
    if cost is None:
        if not equal.labels:
            known = f"what generating cost is not known, and {say(mix)} is worth {worth(equal)} real labels"
            return f"Break-even: can't tell: {known}."
        same = f"{money((label_price or 0) * equal.labels)} at {money(label_price or 0)} each"
        says = f"Break-even: the {worth(equal)} real labels that {say(mix)} equals cost {same}"
        return f"{says}; what generating cost is not known."
    even = BreakEven.of(cost, equal)
    between = f"more than {money(even.low)}" if even.high is None else f"{money(even.low)} to {money(even.high)}"
    between = "less than a cent" if even.high is not None and even.high < 0.01 else between
    says = f"Break-even: generating cost {money(cost)}, as much as labels for the same score where one costs {between}"
    if label_price is None:
        return f"{says}."
    return f"{says}; at your {money(label_price)}, {even.cheaper(label_price)}."
