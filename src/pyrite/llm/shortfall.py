"""Shortfall: why a label has fewer texts than the study wants, and what can be done."""

from collections import Counter

from pyrite.base import paths
from pyrite.llm import parsing, thoughts
from pyrite.llm.conversations import Script
from pyrite.llm.generation import GenerationRun

# So much of a text or an answer is shown.
_SHOWN = 80


def explain(label: str, run: GenerationRun, script: Script) -> str:
    """Why a label fell short, the main reason first, with two texts that were dropped; then what to do."""
    if not any(c.turns for c in run.conversations if c.label == label):
        return _unanswered(label, run, script)
    reasons = [_dropped(label, run), _refused(label, run), _silent(label, run, script)]
    reasons.sort(key=lambda reason: -reason[0])
    sentences = [sentence for number, sentence in reasons if number]
    return "; ".join([*sentences, _what_to_do(label, run, script)])


def _unanswered(label: str, run: GenerationRun, script: Script) -> str:
    p = script.p
    if run.stale:
        return "its recorded answers are stale: the card or the prompts changed since; undo that or record anew"
    if p.provider == "recorded":
        return (
            f"'{p.llm.model}' has no answer for it in {paths.recording(script.task, script.spec.prompt)} or the store; "
            "with generate.provider: openai it is asked (pyrite estimate says what that costs)"
        )
    return "no request for it was answered; run it again"


def _dropped(label: str, run: GenerationRun) -> tuple[int, str]:
    """How many texts were dropped, and a sentence on the main reason."""
    own = run.candidates[run.candidates["label"] == label]
    dropped = own[(own["reason"] != "") & (own["reason"] != "surplus")]
    if dropped.empty:
        return 0, ""
    reason, times = Counter(dropped["reason"]).most_common(1)[0]
    shown = " and ".join(f"'{_short(text)}'" for text in dropped.loc[dropped["reason"] == reason, "text"].head(2))
    return len(dropped), f"{len(dropped)} of its {len(own)} texts were dropped, {times} for '{reason}', such as {shown}"


def _refused(label: str, run: GenerationRun) -> tuple[int, str]:
    refused = Counter(turn.refused for c in run.conversations if c.label == label for turn in c.turns if turn.refused)
    reasons = ", ".join(f"{reason} ({times})" for reason, times in refused.most_common())
    return refused.total(), f"answers were refused: {reasons}"


def _silent(label: str, run: GenerationRun, script: Script) -> tuple[int, str]:
    """How many answers hold no texts, and what one of them says."""
    turns = [turn for c in run.conversations if c.label == label for turn in c.turns[script.templates.plans :]]
    silent = [turn.answer for turn in turns if not turn.refused and not parsing.texts(turn.answer)]
    if not silent:
        return 0, ""
    words = _short(thoughts.strip(silent[0]))
    hint = f"one says '{words}'" if words else "the model used up its limit with thinking: raise it (llms.*.sampling)"
    return len(silent), f"{len(silent)} of {len(turns)} answers of '{script.p.llm.model}' hold no texts: {hint}"


def _what_to_do(label: str, run: GenerationRun, script: Script) -> str:
    p, place = script.p, f"{script.task} {script.source}"
    forget = f"`pyrite store prune --kind answers --task {script.task}` forgets them"
    if run.refusals(label):
        return f"mend the card or the prompts, or take another LLM; answers are kept, {forget}"
    if p.provider == "recorded":
        return "no more are recorded; with generate.provider: openai they are asked for"
    if run.waiting[label]:
        # DVC skips a stage that came to its end, so `dvc repro` alone would not ask again.
        return f"requests failed: `pyrite generate {place}` asks again, then `dvc repro`"
    cap = f"{run.requested[label]} texts were asked for (generate.attempt_cap: {script.checks.attempt_cap:g})"
    return f"{cap}: raise it, or mend the card or the prompts; answers are kept, {forget}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
