"""Costs: the requests, tokens, money and time that conversations and surveys still need."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyrite.llm import speed, surveys
from pyrite.llm.annotators import Survey
from pyrite.llm.cache import BYTES_PER_TOKEN, Log, tokens_of, tokens_sent
from pyrite.llm.conversations import Script
from pyrite.llm.generation import Job
from pyrite.params import Asking

# A word of English with the space after it, in characters; and what JSON puts around each text.
CHARACTERS_PER_WORD, AROUND_A_TEXT = 6, 4
# What an annotator's answer says of one text, with its number.
CHARACTERS_PER_LABEL = 16
# The attributes of a plan: six of ten values, as the shipped prompt asks for.
PLAN_CHARACTERS = 2000


@dataclass(frozen=True)
class CostEstimate:
    """What a (task, source) still needs.

    Attributes:
        model, at_once: the LLM, and how many requests it is sent side by side.
        requests, prompt_tokens, completion_tokens: what is sent and answered.
        cost_usd: US dollars; None without a price, where something is asked.
        seconds: the time that the answers take, one after another; None before `pyrite doctor` has measured it.
    """

    task: str
    source: str
    model: str
    at_once: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    seconds: float | None


def of_dialogues(waiting: Sequence[Job], script: Script) -> CostEstimate:
    """Requests, tokens and cost of conversations until they have their turns, if every text is accepted.

    An answer is reckoned with the tokens that the stored ones of the same prompt took on average. Before there are
    some, and for what is sent, tokens are reckoned from characters, and the length of texts from the card's bounds.
    """
    p, spec = script.p, script.spec
    least, most = script.card.length_words
    answer = spec.texts_per_turn * ((least + most) / 2 * CHARACTERS_PER_WORD + AROUND_A_TEXT) / BYTES_PER_TOKEN
    mean = Log(script.task, script.answers).mean_tokens(p.llm.model)
    requests, sent, answered = 0, 0.0, 0.0
    for c, turns in waiting:
        messages = script.request(c).messages
        history = float(tokens_sent(messages))
        question = tokens_of(messages[-1]["content"])
        for turn in range(len(c.turns), script.requests(turns)):
            reckoned = PLAN_CHARACTERS / BYTES_PER_TOKEN if turn < script.templates.plans else answer
            requests, sent, answered = requests + 1, sent + history, answered + (mean or reckoned)
            # What a model thought is not sent again.
            history += min(reckoned, mean or reckoned) + question
    return _estimate(script.task, script.source, requests, sent, answered, p)


def of_survey(survey: Survey) -> CostEstimate:
    """What the questions to annotators still need, if every answer can be read."""
    waiting = [question for question, waits, _ in surveys.look(survey) if waits]
    sent = sum(tokens_sent(survey.request(question).messages) for question in waiting)
    mean = Log(survey.task, survey.answers).mean_tokens(survey.p.llm.model)
    labels = sum(len(question.about) for question in waiting) * CHARACTERS_PER_LABEL / BYTES_PER_TOKEN
    answered = mean * len(waiting) if mean else labels
    return _estimate(survey.task, survey.source, len(waiting), sent, answered, survey.p)


def _estimate(task: str, source: str, requests: int, sent: float, answered: float, p: Asking) -> CostEstimate:
    tokens, price, rate = (round(sent), round(answered)), p.price, speed.of(p.llm.model)
    nothing = None if requests else 0.0
    cost, seconds = price.of(*tokens) if price else nothing, answered / rate if rate else nothing
    return CostEstimate(task, source, p.llm.model, p.limits.concurrency, requests, *tokens, cost, seconds)
