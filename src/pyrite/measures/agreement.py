"""How far annotators agree. Everything follows from the counts (units, labels): how many annotators gave a unit each
label. Any number of annotators, the same or others for each unit.
"""

import numpy as np

from pyrite.base.schema import Result
from pyrite.measures import intervals
from pyrite.measures.intervals import Estimate, Floats


class Agreement(Result):
    """How far the annotators of some units agree: mean agreement, 1 is full, and Krippendorff's alpha, 0 is chance."""

    mean_agreement: Estimate
    alpha: Estimate


def of_units(counts: Floats) -> Floats:
    """Agreement of each unit: the share of its annotators who gave its most frequent label (Li et al. 2023, section 5).

    It is 1 for a unit with one annotator, which says nothing: leave those out.
    """
    agreement: Floats = counts.max(-1) / counts.sum(-1)
    return agreement


def krippendorff_alpha(counts: Floats, times: Floats | None = None) -> Floats:
    """Krippendorff's alpha for nominal labels: 1 - observed / expected disagreement (Krippendorff 2011, section D).

    Units with one annotator form no pair and are left out. NaN where nothing is left, or where all labels are the
    same: chance would agree too.

    Args:
        counts: (units, labels).
        times: (..., units), how often each unit is in a bootstrap sample; without it, once.

    Returns:
        (...): one value for each sample.
    """
    annotators = counts.sum(-1)
    paired = annotators >= 2
    counts, annotators = counts[paired], annotators[paired]
    times = np.ones(len(counts)) if times is None else times[..., paired]
    # The diagonal of the coincidence matrix: pairs of equal labels within a unit, each unit weighing its annotators.
    equal = times @ ((counts * (counts - 1)).sum(-1) / (annotators - 1))
    by_label = times @ counts
    total = by_label.sum(-1)
    expected = total**2 - (by_label**2).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (total - 1) * (total - equal) / expected, np.nan)


def summary(counts: Floats, resamples: int, rng: np.random.Generator) -> Agreement:
    """The agreement on the units with two annotations or more, with bootstrap intervals over the units."""
    paired = counts[counts.sum(-1) >= 2]
    if not len(paired):
        nothing = Estimate.missing("no item has two annotations")
        return Agreement(mean_agreement=nothing, alpha=nothing)
    if (paired.sum(0) > 0).sum() == 1:
        alpha = Estimate.missing("all annotations are the same label: chance would agree too")
    else:
        alpha = intervals.bootstrap(lambda times: krippendorff_alpha(paired, times), len(paired), resamples, rng)
    return Agreement(mean_agreement=intervals.of_mean(of_units(paired), resamples, rng), alpha=alpha)
