"""Generation: conversations for a (task, source), until every label has the texts that the study wants."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pyrite import params
from pyrite.base import console, paths
from pyrite.data import cards, texts, transcripts
from pyrite.data.cards import Card
from pyrite.data.transcripts import Conversation
from pyrite.llm import cache, conversations, prompts, runner
from pyrite.llm.cache import Tokens
from pyrite.llm.conversations import Script
from pyrite.llm.quality import QualityFilter
from pyrite.llm.runner import DialogueJob, DialogueResult
from pyrite.params import Params, Written

Job = DialogueJob[Conversation]
Result = DialogueResult[Conversation]
Ask = Callable[[Sequence[Job], Script], list[Result]]

# No label is reckoned to give less than this share of the texts asked for when it is topped up.
LOWEST_YIELD = 0.1
# So many conversations about a label without an answer that is no refusal: the next ones would be refused too.
REFUSALS_IN_VAIN = 5


def load(task: str, source: str) -> Script:
    """What is asked for a written source of this study.

    Raises:
        PyriteError: params, the card, the prompts or the prepared rows are missing or not valid.
    """
    return script(params.load(), cards.load(task), source, texts.read(paths.prepared(task)))


def script(study: Params, card: Card, source: str, prepared: pd.DataFrame) -> Script:
    """What is asked for a written source, with these real rows.

    Raises:
        PyriteError: the prompts are missing or not valid.
    """
    spec = study.sources[source]
    assert isinstance(spec, Written)
    return Script(card, source, prompts.load(spec.prompt), study, prepared)


@dataclass
class GenerationRun:
    """The conversations of a (task, source) so far.

    Attributes:
        conversations: recorded ones first, then those held.
        stale: how many recorded answers the card and the prompts no longer ask for.
        waiting: how many conversations of each label wait for an answer that did not come.
        requested: texts asked for by label, answered or not.
        in_vain: by label, the tokens (sent, answered) of what came back without words.
        candidates: every text of the conversations, with the `reason` why it is dropped.
    """

    conversations: list[Conversation] = field(default_factory=list)
    stale: int = 0
    waiting: Counter[str] = field(default_factory=Counter)
    requested: Counter[str] = field(default_factory=Counter)
    in_vain: dict[str, Tokens] = field(default_factory=dict)
    candidates: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["label", "reason"]))

    @property
    def accepted(self) -> pd.DataFrame:
        """The candidates that nothing speaks against."""
        return self.candidates[self.candidates["reason"] == ""]

    def refusals(self, label: str) -> int:
        """The conversations about a label, if all that was asked in them was refused for good; else 0."""
        held = [c for c in self.conversations if c.label == label and c.turns]
        refused = not self.waiting[label] and all(turn.refused for c in held for turn in c.turns)
        return len(held) if refused else 0


def gather(script: Script, ask: Ask) -> GenerationRun:
    """Hold conversations until every label has its texts, its attempts are used up, or no more answers come."""
    run = _recorded(script)
    judge = QualityFilter(script)
    while True:
        run.candidates = judge(run.conversations)
        if not (jobs := top_up(run, script)):
            return run
        results = ask(jobs, script)
        for c, waits, in_vain in results:
            run.conversations.append(c)
            run.waiting[c.label] += waits
            run.in_vain[c.label] = cache.added(run.in_vain.get(c.label, (0, 0)), in_vain)
            # What was asked for, be it answered or not: at least one turn, so that a label without luck is given up.
            requested = sum(turn.requested or 0 for turn in c.turns) + waits * script.spec.texts_per_turn
            run.requested[c.label] += max(requested, script.spec.texts_per_turn)
        if not any(result.dialogue.turns for result in results):
            return run


def pending(script: Script) -> list[Job]:
    """The conversations that wait for an answer: as far as they came, and how many turns they shall have.

    Those that may be needed in their place, should their texts be dropped, are not among them.
    """
    waiting: list[Job] = []

    def ask(jobs: Sequence[Job], script: Script) -> list[Result]:
        if waiting:
            return [DialogueResult(job.dialogue, waits=False) for job in jobs]
        results = runner.look(jobs, script)
        waiting.extend(
            DialogueJob(result.dialogue, job.turns) for result, job in zip(results, jobs, strict=True) if result.waits
        )
        return results

    gather(script, ask)
    return waiting


def top_up(run: GenerationRun, script: Script) -> list[Job]:
    """The conversations that every label still needs, not yet begun."""
    if script.lacks_examples:
        return []
    spec, jobs = script.spec, []
    accepted = run.accepted["label"].value_counts()
    for label in script.card.labels:
        have, requested = int(accepted.get(label, 0)), run.requested[label]
        yields = max(have / requested, LOWEST_YIELD) if requested else 1.0
        affordable = int((script.checks.attempt_cap * spec.per_label - requested) // spec.texts_per_turn)
        turns = min(int(np.ceil((spec.per_label - have) / (spec.texts_per_turn * yields))), affordable)
        if refused := run.refusals(label):
            turns = min(turns, spec.turns * (REFUSALS_IN_VAIN - refused))
        number = max((c.conversation + 1 for c in run.conversations if c.label == label), default=0)
        while turns > 0:
            jobs.append(DialogueJob(script.opening(label, number), min(turns, spec.turns)))
            turns, number = turns - spec.turns, number + 1
    return jobs


def _recorded(script: Script) -> GenerationRun:
    """A run that begins with the recorded conversations of the study's LLM, as far as they are current."""
    path = paths.recording(script.task, script.spec.prompt)
    if not path.exists():
        return GenerationRun()
    recorded = [c for c in transcripts.read(path, script.card, script.spec.prompt) if c.model == script.p.llm.model]
    current = [conversations.current(c, script.card, script.templates) for c in recorded]
    stale = sum(len(c.turns) for c in recorded) - sum(len(c.turns) for c in current)
    if stale:
        console.log.print(
            f"{script.task} {script.source}: {stale} recorded answers are stale, because the card or "
            f"{paths.PROMPTS} no longer asks for them; they are not used"
        )
    run = GenerationRun(current, stale)
    for c in current:
        run.requested[c.label] += sum(turn.requested or 0 for turn in c.turns)
    return run
