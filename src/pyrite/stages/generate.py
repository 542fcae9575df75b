"""Generate: make the set of texts of a (task, source), as `params.yaml` says that it comes to be.

A written source holds its conversations and keeps the texts that may be trained on, a labelled one asks for the labels
of real training texts, an imported one checks what `pyrite add` took in. Reads the recordings and the store, the card,
the prompts, `data/imported/<task>/` and `data/prepared/<task>.parquet`; asks the endpoint for the rest where
`generate.provider` says so. Writes `data/transcripts/<task>/<source>.jsonl` (the conversations used),
`data/sources/<task>/<source>.parquet` (the texts accepted), `data/dropped/<task>/<source>.parquet` (the others, and
why) and `metrics/generate/<task>.<source>.json` (what was asked for, received, paid and dropped, and why).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import Any, assert_never

import pandas as pd

from pyrite import params
from pyrite.base import console, paths
from pyrite.base.errors import PyriteError
from pyrite.data import cards, texts, transcripts
from pyrite.data.cards import Card
from pyrite.data.transcripts import Conversation
from pyrite.llm import generation, imports, labelling, parsing, runner, shortfall, surveys
from pyrite.llm.cache import Tokens, added, reckon
from pyrite.llm.conversations import Script
from pyrite.llm.generation import GenerationRun
from pyrite.llm.imports import Checked
from pyrite.llm.labelling import Labelling
from pyrite.llm.quality import REASONS
from pyrite.llm.surveys import Result
from pyrite.measures import clear_cut, intervals
from pyrite.measures.clear_cut import ClearCut
from pyrite.params import Asking, Imported, Labelled, Params, Written
from pyrite.results.generation import Agreement, GeneratedSet, LabelCounts
from pyrite.results.table import Column, Table

# So many labels that a card lacks are named.
NAMED_LABELS = 10

# Of texts for which nothing was asked one by one.
NO_ANSWERS: dict[str, Any] = {
    **dict.fromkeys(("answers", "refused_answers", "unparsable_answers", "also_real_training"), 0),
    **dict.fromkeys(("prompt_tokens", "completion_tokens", "cost_usd")),
}


def run(task: str, source: str) -> None:
    """Make the set of a (task, source).

    Raises:
        PyriteError: an input is missing or not valid, or a label has no text at all.
    """
    study = params.load()
    match study.source(source):
        case Written():
            written(task, source)
        case Labelled():
            labelled(task, source)
        case Imported() as spec:
            imported(study, task, source, spec)
        case other:
            assert_never(other)
    if to_check := labelling.load_check(task, source):
        GeneratedSet.load(task, source).model_copy(update={"clear_cut": check(to_check)}).save(task, source)


def written(task: str, source: str) -> None:
    """Hold the conversations of a source that an LLM writes.

    Raises:
        PyriteError: a label got no text, unless the LLM refused to write any.
    """
    script = generation.load(task, source)
    with runner.mode(script.p, task, script.answers) as ask:
        held = generation.gather(script, ask)
    counts = count_texts(held, script)
    _write(counts, held.candidates, [c for c in held.conversations if c.turns])
    if script.lacks_examples:
        console.log.print(f"{task} {source}: nothing is asked: it shows the LLM real texts, and the task has none")
        return
    console.log.print(table(counts).terminal())
    wanted = script.spec.per_label
    short = {label: n.accepted for label, n in counts.labels.items() if n.accepted < wanted}
    why = {label: shortfall.explain(label, held, script) for label in short}
    # A classifier that never saw a label would be blamed on the LLM, unless it was the LLM that refused.
    stuck = [label for label, n in short.items() if not n and not held.refusals(label)]
    error = why[stuck[0]] if stuck else ""
    for reason in dict.fromkeys(why.values()):
        if reason != error:
            labels = [f"{label} ({n} of {wanted})" for label, n in short.items() if why[label] == reason]
            console.log.print(f"{task} {source}: too few texts for {', '.join(labels)}: {reason}")
    if stuck:
        raise PyriteError(f"{task} {source}: no text for label {', '.join(stuck)}: {error}")


def check(to_check: Labelling) -> dict[str, ClearCut]:
    """How often the LLM gives texts of a source, and real ones, their own label without seeing it."""
    source, items = to_check.survey.source, to_check.items
    labels = {item: label for item, label in to_check.labels(surveys.ask(to_check.survey)).items() if label}
    if missing := len(items) - len(labels):
        console.log.print(f"{to_check.card.id} {source}: check: the LLM labels all but {missing} of {len(items)} texts")
    own = {name: dict(zip(rows["id"], rows["label"], strict=True)) for name, rows in items.groupby("source")}
    results = {name: clear_cut.clear_cut(own.get(name, {}), labels) for name in ("real", source)}
    return {name: result for name, result in results.items() if result.texts}


def labelled(task: str, source: str) -> None:
    """Ask for the labels of a source of real texts, and count how far they agree with people's.

    Raises:
        PyriteError: no text has a label.
    """
    to_label = labelling.load(task, source)
    items, results = to_label.items, surveys.ask(to_label.survey)
    labels = to_label.labels(results)
    kept = items[items["id"].map(lambda item: labels.get(item) is not None)]
    # Each text was drawn by itself, as a conversation of a written source is: half of them stand for another draw.
    rows = kept.assign(label=kept["id"].map(labels), source=source, conversation=range(len(kept)), turn=0, position=0)
    counts = count_labels(to_label, results, labels)
    _write(counts, rows.assign(reason=""), [])
    if items.empty:
        console.log.print(f"{task} {source}: nothing is asked: the task has no real training texts")
        return
    console.log.print(table(counts).terminal())
    if total := counts.agreement.get("total"):
        ends = f"{total.share.low:.0%} to {total.share.high:.0%}"
        console.log.print(f"{task} {source}: people gave {total.share.value:.0%} of them the same label ({ends})")
    if kept.empty:
        model, where = to_label.survey.p.llm.model, paths.recorded_labels(task)
        how = "its answers can't be read" if labels else f"it has none in {where} or the store"
        again = "; with generate.provider: openai it is asked" if to_label.survey.p.provider == "recorded" else ""
        raise PyriteError(f"{task} {source}: no label of '{model}': {how}{again}")
    if missing := len(items) - len(kept):
        console.log.print(f"{task} {source}: {missing} of {len(items)} texts have no label and are left out")


def imported(study: Params, task: str, source: str, spec: Imported) -> None:
    """Check a set that `pyrite add` took in.

    Raises:
        PyriteError: it is not there, or has no text that can be trained on.
    """
    card, path = cards.load(task), paths.imported(task, source)
    if not path.exists():
        # A study of several tasks may have it for some of them.
        console.log.print(f"{task} {source}: not there; `pyrite add {task} {source} --from FILE` takes one in")
        checked = Checked(pd.DataFrame(columns=imports.CHECKED, dtype=str))
    else:
        checked = imports.check(card, pd.read_parquet(path), texts.read(paths.prepared(task)), study)
    counts = count_imported(card, source, spec, checked)
    shown = checked.conversations(task, source, spec.llm or "")
    _write(counts, checked.rows.astype({"conversation": int}).assign(source=source, turn=0), shown)
    if path.exists():
        console.log.print(table(counts).terminal())
        unknown = [f"{n} texts have the label '{label}'" for label, n in counts.unknown_labels.items()]
        lines = [f"{line}, which the card lacks: left out (--values old=new)" for line in unknown[:NAMED_LABELS]]
        if more := unknown[NAMED_LABELS:]:
            lines.append(f"{len(more):,} more labels are not in the card: left out")
        lines += [f"{n} texts are {noticed}: counted, and kept" for noticed, n in counts.noticed.items()]
        for line in lines:
            console.log.print(f"{task} {source}: {line}")
        if not counts.total.accepted:
            why = ", ".join(f"{n} {reason}" for reason, n in counts.total.dropped.items())
            raise PyriteError(f"{path}: none of its texts can be trained on ({why}): take in another set: `pyrite add`")


def _write(counts: GeneratedSet, every: pd.DataFrame, conversations: Sequence[Conversation]) -> None:
    """Write texts, each with the `reason` why it is dropped, and the conversations that they are from."""
    columns = [*texts.COLUMNS, *texts.ORIGIN]
    rows = every[every["reason"] == ""].assign(split="train").sort_values("id")[columns].reset_index(drop=True)
    texts.write(rows, paths.source(counts.task, counts.source))
    dropped = every.loc[every["reason"] != "", ["id", "text", "label", "reason"]].astype("str")
    texts.write(dropped, paths.dropped(counts.task, counts.source))
    transcripts.write(paths.transcript(counts.task, counts.source), conversations)
    counts.save(counts.task, counts.source)


def count_texts(held: GenerationRun, script: Script) -> GeneratedSet:
    """What became of the answers and texts of a written source."""
    prepared, plans = script.prepared, script.templates.plans
    training = set(prepared.loc[prepared["split"] == "train", "id"])

    def counts(labels: Collection[str]) -> LabelCounts:
        rows = held.candidates[held.candidates["label"].isin(labels)]
        conversations = [c for c in held.conversations if c.label in labels]
        in_vain = reduce(added, (held.in_vain.get(label, (0, 0)) for label in labels), (0, 0))
        reasons = rows["reason"].value_counts()
        turns = [turn for c in conversations for turn in c.turns]
        silent = [
            turn.answer
            for c in conversations
            for position, turn in enumerate(c.turns)
            if not turn.refused and not (parsing.texts if position >= plans else parsing.attributes)(turn.answer)
        ]
        refusals = Counter(turn.refused for turn in turns if turn.refused)
        if in_words := sum(answer == "" or parsing.is_refusal(answer) for answer in silent):
            refusals["refusal"] += in_words
        charged = _charged([(turn.prompt_tokens, turn.completion_tokens) for turn in turns], in_vain)
        return LabelCounts(
            answers=len(turns),
            refused_answers=refusals.total(),
            unparsable_answers=len(silent) - in_words,
            **_paid(charged, script.p),
            requested=sum(turn.requested or 0 for turn in turns),
            received=len(rows),
            dropped={reason: int(reasons.get(reason, 0)) for reason in REASONS},
            accepted=int(reasons.get("", 0)),
            refusals=dict(sorted(refusals.items())),
            unread_items=sum(parsing.read(turn.answer).unread for c in conversations for turn in c.turns[plans:]),
            also_real_training=int(rows.loc[rows["reason"] == "", "id"].isin(training).sum()),
        )

    return GeneratedSet(
        task=script.task,
        source=script.source,
        kind="written",
        models=(script.p.llm.model,),
        stale_answers=held.stale,
        labels={label: counts([label]) for label in script.card.labels},
        total=counts(script.card.labels),
        per_label=script.spec.per_label,
        reckoned_tokens=reckon(
            [c.system, *(words for turn in c.turns for words in (turn.prompt, turn.answer))] for c in held.conversations
        ),
    )


def count_labels(to_label: Labelling, results: Sequence[Result], labels: Mapping[str, str | None]) -> GeneratedSet:
    """What became of the labels of a labelled source, by the label that the LLM gave: how many texts of each there are,
    and how far it agrees with people."""
    tokens = [pair for question, *_ in results for pair in question.tokens]
    # A recording does not say what its answers took.
    in_vain = reduce(added, (result.in_vain for result in results), (0, 0))
    charged = None if to_label.recorded else _charged(tokens, in_vain)
    counts = Counter(label for label in labels.values() if label is not None)
    card, items, survey = to_label.card, to_label.items, to_label.survey
    gold = dict(zip(items["id"], items["label"], strict=True))
    pairs = [(gold[item], label) for item, label in labels.items() if label is not None and gold[item]]
    return GeneratedSet(
        task=card.id,
        source=survey.source,
        kind="labelled",
        models=(survey.p.llm.model,),
        stale_answers=0,
        labels={
            label: LabelCounts(**NO_ANSWERS, requested=n, received=n, accepted=n, dropped={})
            for label, n in ((label, counts[label]) for label in card.labels)
        },
        total=LabelCounts(
            answers=len(tokens),
            refused_answers=sum(question.refused for question, *_ in results),
            unparsable_answers=0,
            **_paid(charged, survey.p),
            requested=len(items),
            received=len(labels),
            dropped={"no label that can be read": len(labels) - counts.total()},
            accepted=counts.total(),
            also_real_training=len(pairs),
        ),
        reckoned_tokens=to_label.reckoned_tokens,
        agreement={
            name: Agreement(texts=len(same), same=sum(same), share=intervals.share(sum(same), len(same)))
            for name in (*card.labels, "total")
            if (same := [label == people for people, label in pairs if name in (people, "total")])
        },
    )


def count_imported(card: Card, source: str, spec: Imported, checked: Checked) -> GeneratedSet:
    """What became of the texts of an imported set."""

    def counts(rows: pd.DataFrame, cost: float | None = None) -> LabelCounts:
        reasons = {str(reason): int(n) for reason, n in rows["reason"].value_counts().items()}
        outcome = {"accepted": reasons.pop("", 0), "dropped": reasons, "cost_usd": cost}
        return LabelCounts(**NO_ANSWERS | outcome, requested=len(rows), received=len(rows))

    rows = checked.rows
    return GeneratedSet(
        task=card.id,
        source=source,
        kind="imported",
        models=(spec.llm,) if spec.llm else (),
        stale_answers=0,
        labels={label: counts(rows[rows["label"] == label]) for label in card.labels},
        total=counts(rows, spec.cost_usd.get(card.id)),
        unknown_labels=checked.unknown_labels,
        noticed=checked.noticed,
    )


def _charged(turns: Sequence[tuple[int | None, int | None]], in_vain: Tokens) -> Tokens | None:
    """What answers (tokens sent and answered) and empty ones took; None where one does not say it, or none came."""
    tokens = [(sent, answered) for sent, answered in turns if sent is not None and answered is not None]
    return reduce(added, tokens, in_vain) if len(tokens) == len(turns) and (turns or any(in_vain)) else None


def _paid(charged: Tokens | None, p: Asking) -> dict[str, Any]:
    cost = p.price.of(*charged) if p.price and charged else None
    return {"prompt_tokens": charged and charged[0], "completion_tokens": charged and charged[1], "cost_usd": cost}


def table(counts: GeneratedSet) -> Table:
    """What became of the texts of every label."""
    goal = f" of {counts.per_label}" if counts.per_label else ""
    rows = [_row(label, n, goal) for label, n in counts.labels.items()]
    total = counts.total
    if len(rows) > 1:
        rows.append(_row("total", total))
    columns = [Column("label"), *(Column(key, right=True) for key in ("asked", "received", "accepted"))]
    paid = ""
    if total.prompt_tokens is not None:
        cost = "its price is not in generate.prices" if total.cost_usd is None else f"${total.cost_usd:.4f}"
        paid = f"{total.prompt_tokens:,} + {total.completion_tokens:,} tokens: {cost}"
    return Table([*columns, Column("dropped")], rows, f"{counts.task} {counts.source}", notes=paid, plain=True)


def _row(label: str, n: LabelCounts, goal: str = "") -> dict[str, Any]:
    dropped = ", ".join(f"{number} {reason}" for reason, number in n.dropped.items() if number)
    counted = {"refused answers": n.refused_answers, "answers without texts": n.unparsable_answers}
    counted["unread items"] = n.unread_items
    notes = [dropped, *(f"{number} {name}" for name, number in counted.items() if number)]
    row = {"label": label, "asked": n.requested, "received": n.received, "accepted": f"{n.accepted}{goal}"}
    return row | {"dropped": "; ".join(filter(None, notes))}
