"""Estimate: the requests, tokens and money that `generate` and `annotate` would still need, before any is spent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from pyrite import params
from pyrite.base import console, paths
from pyrite.data import cards, sheets, standins, transcripts
from pyrite.llm import annotators, costs, failures, generation, prompts, speed, surveys
from pyrite.llm.annotators import Question, Survey
from pyrite.llm.cache import Ledger
from pyrite.llm.conversations import Script
from pyrite.llm.costs import CostEstimate


def run(task: str | None, setting: str | None, as_json: bool) -> None:
    """Print what every (task, setting) of the study needs, or the one that is named; the labels of test rows are the
    setting `annotations`, and so are judgements of pairs of tasks, where some are open.

    Of tasks that are not prepared, real texts are reckoned with the length that the card gives.
    """
    p = params.load()
    tasks = [task] if task else p.tasks
    needs = [
        costs.of_survey(*_questions(t))
        if s == annotators.SETTING
        else costs.of_dialogues(generation.pending(script := _script(t, s)), script)
        for t in tasks
        for s in ([setting] if setting else (*p.generate.settings, annotators.SETTING))
    ]
    unprepared = [t for t in tasks if not paths.prepared(t).exists()]
    if task is None and setting in (None, annotators.SETTING) and len(p.tasks) > 1 and not unprepared:
        pairs = costs.of_survey(*surveys.of_pairs())
        needs += [pairs] if pairs.requests else []
    if as_json:
        print(json.dumps([asdict(n) for n in needs], indent=2))
        return
    out = console.screen()
    out.print(costs.table(needs, p.generate.attempt_cap))
    if unprepared:
        out.print(f"Not prepared yet: {', '.join(unprepared)}. Real texts are reckoned with the length in the card.")
    out.print(_time(needs, p.generate))
    if p.generate.model not in p.generate.prices:
        out.print(f"'{p.generate.model}' has no price in generate.prices, so only tokens are reckoned.")
    if p.generate.budget_usd is not None:
        spent = Ledger(p.generate.prices).spent()
        out.print(f"Budget: ${p.generate.budget_usd:.2f}, of which ${spent:.2f} is spent.")


def _time(needs: Sequence[CostEstimate], p: params.Generate) -> str:
    rate = speed.of(p.model)
    if rate is None:
        return f"How long it takes is not known: `pyrite doctor` measures how fast '{p.model}' answers."
    alone = sum(n.seconds or 0.0 for n in needs)
    at_once = min(p.concurrency, max(1, sum(n.requests for n in needs)))
    slow, fast = failures.duration(alone), failures.duration(alone / at_once)
    return (
        f"Time at {rate:.0f} tokens a second (pyrite doctor): {slow} where the endpoint answers one request after "
        f"another, {fast} where it answers {at_once} at once."
    )


def _script(task: str, setting: str) -> Script:
    p, card = params.load().generate, cards.load(task)
    recording = paths.recording(task, setting)
    held = transcripts.read(recording, card, setting) if recording.exists() else []
    shown = [one for c in held for turn in c.turns for one in turn.examples]
    return Script(card, setting, prompts.load(setting), p, standins.prepared(card, p.examples, shown))


def _questions(task: str) -> tuple[Survey, list[Question]]:
    if paths.prepared(task).exists():
        inquiry = surveys.of_task(task)
        return inquiry.survey, inquiry.questions
    p, card = params.load(), cards.load(task)
    recorded = sheets.recorded(paths.recorded_annotations(task), sheets.ANNOTATIONS, p.generate.model)
    items = [*dict.fromkeys(item for _, (item, _, _) in recorded), *map(str, range(p.annotate.items))]
    test = dict.fromkeys(items[: p.annotate.items], standins.of_length(card))
    inquiry = surveys.of_task(task, test)
    return inquiry.survey, inquiry.questions
