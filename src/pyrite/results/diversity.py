"""What the stage `diversity` finds of a task: `metrics/diversity/<task>.json`."""

from pydantic import Field

from pyrite.base.schema import Result, StageResult
from pyrite.measures.clear_cut import ClearCut
from pyrite.measures.coverage_gaps import LeftOut
from pyrite.measures.filtering import Filtering
from pyrite.measures.giveaways import GivenAway
from pyrite.measures.intervals import Estimate
from pyrite.measures.reviews import Review
from pyrite.measures.shown_examples import Repeats
from pyrite.measures.telling_texts import TellingTexts


class SetDiversity(Result):
    """The measures of one set of texts, by the keys of `measures.diversity`; `note` says why there are none."""

    measures: dict[str, Estimate]
    note: str | None = None


class NearDuplicates(Result):
    """What near duplicates do to the real reference: their share, and Chamfer of as many real texts without any."""

    share: float
    chamfer: Estimate


class Scrutiny(Result):
    """What speaks against a source, with the ids of the texts that show it.

    `repeats` is None where its prompts showed no real texts, `telling` where there are none, `review` where no people
    have looked at its texts.
    """

    given_away: GivenAway
    repeats: Repeats | None = None
    telling: TellingTexts | None = None
    review: Review | None = None


class Diversity(StageResult):
    """The sets of a task, the set `real` first where there are real texts.

    `texts`: how many each set gives; `matched_texts`: of the same lengths and labels. `map_variance`: the share of the
    variance that each axis of the map has. `left_out`: the real texts without a generated neighbour, by set.
    `filtering`: what leaving out rows with doubtful labels would do, by source. `clear_cut`: of each set that an LLM
    labelled blind. `scrutiny`: what speaks against each source.
    """

    stage = "diversity"

    task: str
    texts: int
    sets: dict[str, SetDiversity]
    map_variance: tuple[float, float]
    left_out: dict[str, LeftOut]
    matched_texts: int = 0
    near_duplicates: NearDuplicates | None = None
    filtering: dict[str, Filtering] = Field(default_factory=dict)
    clear_cut: dict[str, ClearCut] = Field(default_factory=dict)
    scrutiny: dict[str, Scrutiny] = Field(default_factory=dict)

    def of(self, name: str, key: str) -> Estimate | None:
        """A measure of a set, where it was taken."""
        return self.sets[name].measures.get(key) if name in self.sets else None
