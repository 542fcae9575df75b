"""Estimate: the requests, tokens and money that `generate` and `annotate` would still need, before any is spent."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from pyrite import params
from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, mixes, sheets, standins, texts, transcripts
from pyrite.llm import annotators, costs, generation, labelling, speed, surveys, waits
from pyrite.llm.annotators import Survey
from pyrite.llm.cache import Ledger
from pyrite.llm.conversations import Script
from pyrite.llm.costs import CostEstimate
from pyrite.params import Imported, Labelled, Params
from pyrite.results import cost_table, forecasts
from pyrite.results.study import Study


def command(task: str | None, source: str | None, scores: bool, as_json: bool) -> None:
    """Print what is still needed, or with `scores` what more would give."""
    (run_scores if scores else run)(task, source, as_json)


def run(task: str | None, source: str | None, as_json: bool) -> None:
    """Print what every (task, source) of the study needs, or the one that is named; the labels of test rows are
    `annotations`, and so are judgements of pairs of tasks, where some are open.

    Of tasks that are not prepared, real texts are reckoned with the length that the card gives.
    """
    p = params.load()
    tasks = [task] if task else p.tasks
    named = [source] if source else [*p.sources, annotators.ANNOTATIONS]
    sources = [s for s in named if s == annotators.ANNOTATIONS or not isinstance(p.source(s), Imported)]
    needs = [_need(p, t, s) for t in tasks for s in sources]
    checked = [s for s in named if s in p.checked]
    needs += [_check(p, t, s) for t in tasks for s in checked if s in p.written or paths.imported(t, s).exists()]
    unprepared = [t for t in tasks if not paths.prepared(t).exists()]
    if task is None and source in (None, annotators.ANNOTATIONS) and len(p.tasks) > 1 and not unprepared:
        pairs = costs.of_survey(surveys.of_pairs())
        needs += [pairs] if pairs.requests else []
    if as_json:
        print(json.dumps([asdict(n) for n in needs], indent=2))
        return
    out = console.screen()
    out.print(cost_table.table(needs, p.generate.attempt_cap).terminal(bold={len(needs)}))
    if unprepared:
        out.print(f"Not prepared yet: {', '.join(unprepared)}. Real texts are reckoned with the length in the card.")
    models = list(dict.fromkeys(need.model for need in needs if need.requests))
    for model in models:
        out.print(_time([n for n in needs if n.model == model], model, p))
    if priceless := [f"'{model}'" for model in models if model not in p.generate.prices]:
        out.print(f"No price in generate.prices for {' and '.join(priceless)}: there only tokens are reckoned.")
    if p.generate.budget_usd is not None:
        spent = Ledger(p.generate.prices).spent()
        out.print(f"Budget: ${p.generate.budget_usd:.2f}, of which ${spent:.2f} is spent.")


def run_scores(task: str | None, source: str | None, as_json: bool) -> None:
    """Print what twice and ten times as much of every option would give and cost, or of one source's options; and of a
    source that has fewer texts than params ask for (a pilot), what all of them would give.

    Raises:
        PyriteError: there are no metrics of the task, or too few sizes of each option to foretell from.
    """
    tasks = [scored for scored in Study.load().scored if task in (None, scored.task)]
    foretold = {
        scored.task: [f for f in forecasts.find(scored) if source is None or source in mixes.parse(f.option).sources]
        for scored in tasks
    }
    if not any(foretold.values()):
        wanted = f"{task or 'no task'}{f' with {source}' if source else ''}"
        raise PyriteError(
            f"estimate --scores: no option of {wanted} has scores of three sizes: give the classifier mixes such as "
            f"real@50, real@100 and real, or {source or 'few_shot'}@50, and run `dvc repro`"
        )
    if as_json:
        print(json.dumps({name: [f.model_dump() for f in of_task] for name, of_task in foretold.items()}, indent=2))
        return
    out = console.screen()
    for scored in tasks:
        out.print(f"\n{scored.task}", style="bold")
        forecasts.table(foretold[scored.task]).print(out)
        for words in forecasts.pilots(scored):
            out.print(words)


def _need(p: Params, task: str, source: str) -> CostEstimate:
    if source == annotators.ANNOTATIONS:
        return costs.of_survey(_survey(p, task))
    if isinstance(spec := p.sources[source], Labelled):
        prepared = paths.prepared(task)
        card = cards.load(task)
        recorded = sheets.recorded(paths.recorded_labels(task), sheets.LABELS, p.llms[spec.llm].model)
        named = [item for _, (item, _) in recorded]
        rows = texts.read(prepared) if prepared.exists() else standins.training(card, spec.texts, named)
        return costs.of_survey(labelling.plan(p, card, source, rows).survey)
    script = _script(p, task, source)
    return costs.of_dialogues(generation.pending(script), script)


def _check(p: Params, task: str, source: str) -> CostEstimate:
    check = labelling.load_check(task, source)
    if check is None:
        card, n = cards.load(task), p.checked[source].check
        rows = standins.training(card, 2 * n)
        check = labelling.plan_check(p, card, source, rows[:n], rows[n:])
    return replace(costs.of_survey(check.survey), source=f"{source}: check")


def _time(needs: Sequence[CostEstimate], model: str, p: Params) -> str:
    rate = speed.of(model)
    if rate is None:
        return f"How long it takes is not known: `pyrite doctor` measures how fast '{model}' answers."
    alone = sum(n.seconds or 0.0 for n in needs)
    at_once = min(max(n.at_once for n in needs), max(1, sum(n.requests for n in needs)))
    slow, fast = waits.duration(alone), waits.duration(alone / at_once)
    return (
        f"Time at {rate:.0f} tokens a second (pyrite doctor): {slow} where the endpoint answers one request after "
        f"another, {fast} where it answers {at_once} at once."
    )


def _script(p: Params, task: str, source: str) -> Script:
    card, spec = cards.load(task), p.written[source]
    recording = paths.recording(task, spec.prompt)
    held = transcripts.read(recording, card, spec.prompt) if recording.exists() else []
    shown = [item for c in held for turn in c.turns for item in turn.examples]
    return generation.script(p, card, source, standins.prepared(card, spec.examples, shown))


def _survey(p: Params, task: str) -> Survey:
    if paths.prepared(task).exists():
        return surveys.of_task(task).survey
    card = cards.load(task)
    model = p.llms[p.annotate.llm].model
    recorded = sheets.recorded(paths.recorded_annotations(task), sheets.ANNOTATIONS, model)
    items = [*dict.fromkeys(item for _, (item, _, _) in recorded), *map(str, range(p.annotate.items))]
    test = dict.fromkeys(items[: p.annotate.items], standins.of_length(card))
    return surveys.of_task(task, test).survey
