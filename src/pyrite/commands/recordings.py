"""Recordings: stored answers in `data/recordings/`, so that git can share them."""

from __future__ import annotations

from pyrite import params
from pyrite.base import console, paths
from pyrite.data import transcripts
from pyrite.llm import annotators, generation, surveys


def run(task: str | None, setting: str | None) -> None:
    """Write what this study's LLM said to the recordings, of all of the study or of what is named.

    That is its conversations for generated texts by setting, and its labels of test rows (`annotations`). What another
    LLM has in the same file stays. Nothing real is written: examples and labelled texts are ids.
    """
    p = params.load()
    for t in [task] if task else p.tasks:
        for s in [setting] if setting else (*p.generate.settings, annotators.SETTING):
            if s == annotators.SETTING:
                added = surveys.record(t)
                console.log.print(f"{paths.recorded_annotations(t)}: {added} labels of {p.generate.model} added")
                continue
            script, path = generation.load(t, s), paths.recording(t, s)
            others = (
                [c for c in transcripts.read(path, script.card, s) if c.model != p.generate.model]
                if path.exists()
                else []
            )
            held = [c for c in generation.held(script) if c.turns]
            if held:
                transcripts.write(path, [*others, *held])
            console.log.print(f"{path}: {len(held)} conversations of {p.generate.model}")
