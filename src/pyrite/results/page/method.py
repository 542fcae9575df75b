"""How a study was made: what stands under Method and data."""

from collections.abc import Sequence

from pyrite.params import Params
from pyrite.results.page import claims
from pyrite.results.page.findings import Findings
from pyrite.results.words import name


def how_made(tasks: Sequence[Findings]) -> list[tuple[str, str]]:
    """(what, words) of each part."""
    study, baseline = tasks[0].study, tasks[0].names[1]
    asked_for = "" if study.generate.provider == "recorded" else ", and asked for where some were missing"
    parts = [
        ("Answers", f"recorded{asked_for}"),
        *((name(source), origin(study, source)) for source in study.sources),
        (
            "Validation",
            "all mixes are trained by the same fixed recipe. No training run is chosen by validation texts: with "
            "generated texts only, there are none",
        ),
        (
            "Intervals",
            f"from {study.evaluate.resamples:,} bootstrap samples of the test texts and the variance between training "
            "runs (seeds)",
        ),
        (
            "Verdict",
            f"Let the LLM write or label (“replace” in files): surely not worse than {baseline} by more than the limit "
            f"of {study.compare.margin} points. Use both (“augment”): not that, but added to all labels it surely "
            "helps. Label (“don’t”): neither, and surely worse by more than the limit. Can’t tell: anything else. "
            "Surely: in a test at 5 %, one-sided for the limit, two-sided for what is added",
        ),
        ("Data", " ".join(map(claims.data, tasks))),
    ]
    if forbidden := ", ".join(task.card.title for task in tasks if task.card.source.non_commercial):
        whose = "and with them classifiers trained on them or on few-shot texts, whose prompts show some"
        parts.append(("Not for commercial use", f"the real data of {forbidden}, {whose}"))
    return parts


def origin(study: Params, name: str) -> str:
    """Where a source comes from, and how many texts it may have."""
    source = study.sources[name]
    if source.kind == "imported":
        return study.origin(name)
    most = f"{source.per_label:,} texts a label" if source.kind == "written" else f"{source.texts:,}"
    return f"{study.origin(name)}, at most {most}"
