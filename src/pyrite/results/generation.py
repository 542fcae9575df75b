"""Generation: what became of the texts of a source: `metrics/generate/<task>.<source>.json`."""

from typing import Literal

from pydantic import Field

from pyrite.base.schema import Result, StageResult
from pyrite.measures.clear_cut import ClearCut
from pyrite.measures.intervals import Interval


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


class Agreement(Result):
    """Of so many texts that people have labelled too, on how many the LLM agrees, with the share's 95 % interval."""

    texts: int
    same: int
    share: Interval


class GeneratedSet(StageResult):
    """The counts of a (task, source).

    Attributes:
        models: the LLMs that were asked, or that are said to have written an imported set.
        kind: how the source came to be.
        agreement: of a labelled set, by the label that people gave and in all (`total`).
        clear_cut: what `check` found, of the source by its name and of real texts.
        unknown_labels: of an imported set, labels that the card lacks, and how many texts had them.
        noticed: of an imported set, what is counted and kept, such as near duplicates.
        stale_answers: recorded answers that the card and the prompts no longer ask for.
        reckoned_tokens: sent and answered, reckoned from sizes: of recordings, whose answers don't say them.
        per_label: how many texts each label shall have; 0 in counts of before it was noted.
    """

    stage = "generate"

    task: str
    source: str
    models: tuple[str, ...]
    stale_answers: int
    labels: dict[str, LabelCounts]
    total: LabelCounts
    per_label: int = 0
    reckoned_tokens: tuple[int, int] | None = None
    kind: Literal["written", "labelled", "imported"] = "written"
    agreement: dict[str, Agreement] = Field(default_factory=dict)
    clear_cut: dict[str, ClearCut] = Field(default_factory=dict)
    unknown_labels: dict[str, int] = Field(default_factory=dict)
    noticed: dict[str, int] = Field(default_factory=dict)

    @property
    def labelled_twice(self) -> bool:
        """Whether these are real texts that all have a label from people, too."""
        return self.kind == "labelled" and self.total.also_real_training == self.total.accepted

    @property
    def recorded(self) -> bool:
        """Whether its answers come from a recording, which doesn't say what was charged for them."""
        return self.total.prompt_tokens is None and self.reckoned_tokens is not None

    @property
    def tokens(self) -> tuple[int, int] | None:
        """Tokens sent and answered, as they were charged or else reckoned; None where neither is known."""
        if self.total.prompt_tokens is None:
            return self.reckoned_tokens
        return self.total.prompt_tokens, self.total.completion_tokens or 0

    @property
    def scarce(self) -> tuple[str, ...]:
        """The labels with less than a tenth of their texts: what is trained on them says little of the LLM."""
        return tuple(label for label, n in self.labels.items() if 10 * n.accepted < self.per_label)
