"""Recordings: stored answers in `data/recordings/`, so that git can share them."""

from pyrite import params
from pyrite.base import console, paths
from pyrite.data import transcripts
from pyrite.llm import annotators, generation, labelling, quality, runner, surveys
from pyrite.params import Labelled, Written


def run(task: str | None, source: str | None) -> None:
    """Write what this study's LLM said to the recordings, of all of the study or of what is named.

    That is the conversations and labels of each source, and the labels of test rows (`annotations`). What another LLM
    has in the same file stays. Nothing real is written: examples and labelled texts are ids, and an answer that repeats
    an example has an empty text in its place.
    """
    p = params.load()
    for t in [task] if task else p.tasks:
        for s in [source] if source else (*p.sources, annotators.ANNOTATIONS):
            if s == annotators.ANNOTATIONS:
                model = p.llms[p.annotate.llm].model
                console.log.print(f"{paths.recorded_annotations(t)}: {surveys.record(t)} labels of {model} added")
                continue
            if isinstance(spec := p.source(s), Labelled):
                path = paths.recorded_labels(t)
                added = labelling.record(labelling.load(t, s), path)
                console.log.print(f"{path}: {added} labels of {p.llms[spec.llm].model} added")
            elif isinstance(spec, Written):
                _conversations(t, s)
            path = paths.checked(t, s)
            if (check := labelling.load_check(t, s)) and (added := labelling.record(check, path)):
                console.log.print(f"{path}: {added} labels of checks added")


def _conversations(task: str, source: str) -> None:
    script = generation.load(task, source)
    path, model = paths.recording(task, script.spec.prompt), script.p.llm.model
    standing = transcripts.read(path, script.card, script.spec.prompt) if path.exists() else []
    # As far as recordings and the store have the answers.
    gathered = generation.gather(script, runner.look).conversations
    if held := [quality.without_copies(script, c) for c in gathered if c.turns]:
        transcripts.write(path, [*(c for c in standing if c.model != model), *held])
    console.log.print(f"{path}: {len(held)} conversations of {model}")
