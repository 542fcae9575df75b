"""Recordings: stored answers as transcripts in `data/recordings/`, so that git can share them."""

from __future__ import annotations

from pyrite import console, generate, params, paths, transcripts


def run(task: str | None, setting: str | None) -> None:
    """Write the conversations of this study's LLM to the recordings, of all of the study or of what is named.

    Those that another LLM has in the same file stay. Nothing real is written: examples are ids.
    """
    p = params.load()
    for t in [task] if task else p.tasks:
        for s in [setting] if setting else p.generate.settings:
            script, path = generate.load(t, s), paths.recording(t, s)
            others = (
                [c for c in transcripts.read(path, script.card, s) if c.model != p.generate.model]
                if path.exists()
                else []
            )
            held = [c for c in generate.held(script) if c.turns]
            if held:
                transcripts.write(path, [*others, *held])
            console.log.print(f"{path}: {len(held)} conversations of {p.generate.model}")
