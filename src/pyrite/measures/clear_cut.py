"""How clear-cut texts are: the share whose label an LLM gives that sees the text alone, generated texts against real.

An LLM writes what its label says; people write what they mean. Where its own texts are all clear and real ones are
not, the difference is what generation leaves out.
"""

from collections.abc import Mapping

from pyrite.base.schema import Result
from pyrite.measures import intervals
from pyrite.measures.intervals import Estimate


class ClearCut(Result):
    """The share of texts that were given their own label blind, of all and by label, with Wilson's interval."""

    texts: int
    share: Estimate
    labels: dict[str, Estimate]


def clear_cut(own: Mapping[str, str], given: Mapping[str, str]) -> ClearCut:
    """How clear-cut texts are.

    Args:
        own: by id, the label that a text was written for, or that people gave it.
        given: by id, the label that the LLM gave; `unsure` is no label. Ids that `own` lacks don't count.
    """
    hits = {i: given[i] == label for i, label in own.items() if i in given}
    return ClearCut(
        texts=len(hits),
        share=intervals.proportion(sum(hits.values()), len(hits)),
        labels=intervals.proportions((own[i], hit) for i, hit in hits.items()),
    )
