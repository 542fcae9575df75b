"""Generation: what became of the texts that an LLM was asked for: `metrics/generate/<task>.<setting>.json`."""

from __future__ import annotations

from pydantic import Field

from pyrite.base import files, paths
from pyrite.base.schema import Result, read_result


class LabelCounts(Result):
    """Answers, tokens and texts of one label, or of all.

    Attributes:
        answers: answers that came, plans among them.
        refused_answers, unparsable_answers: of those, how many say that the LLM will not write, and how many hold
            nothing that can be read.
        prompt_tokens, completion_tokens: what the endpoint charged for, also for what came without words; None where an
            answer came without their number (recordings).
        cost_usd: US dollars; None without tokens or a price.
        requested, received, accepted: texts.
        dropped: texts by the reason why they are not trained on.
        refusals: answers by the reason why they are refused: a filter, the end of the context, the LLM's own words.
        unread_items: items of answers that could not be read, such as strings that are cut off.
        also_real_training: accepted texts that are, word for word, training rows of the real data: the LLM knows them
            by heart. They are kept, for they leak nothing about the test rows, but a reader should know.
    """

    answers: int
    refused_answers: int
    unparsable_answers: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    requested: int
    received: int
    dropped: dict[str, int]
    accepted: int
    also_real_training: int
    refusals: dict[str, int] = Field(default_factory=dict)
    unread_items: int = 0

    @property
    def contaminated(self) -> int:
        """Texts dropped because they resemble test or validation rows."""
        return sum(count for reason, count in self.dropped.items() if reason.startswith("contamination"))


class GeneratedSet(Result):
    """The counts of a (task, setting).

    Attributes:
        models: the LLMs that were asked.
        stale_answers: recorded answers that the card and the prompts no longer ask for.
        per_label: how many texts each label shall have; 0 in counts of before it was noted.
    """

    task: str
    setting: str
    models: tuple[str, ...]
    stale_answers: int
    labels: dict[str, LabelCounts]
    total: LabelCounts
    per_label: int = 0

    @property
    def scarce(self) -> tuple[str, ...]:
        """The labels with less than a tenth of their texts: what is trained on them says little of the LLM."""
        return tuple(label for label, n in self.labels.items() if 10 * n.accepted < self.per_label)


def load(task: str, setting: str) -> GeneratedSet:
    """The counts that `generate` wrote.

    Raises:
        PyriteError: the file is missing, or was written by another version.
    """
    return read_result(paths.metrics("generate", f"{task}.{setting}"), GeneratedSet)


def save(counts: GeneratedSet) -> None:
    files.write_json(paths.metrics("generate", f"{counts.task}.{counts.setting}"), counts)
