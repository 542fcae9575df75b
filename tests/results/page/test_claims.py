"""What the report says of findings."""

from __future__ import annotations

import metrics
from pyrite.results.generation import GeneratedSet
from pyrite.results.page import claims


def labelled(**accepted: int) -> GeneratedSet:
    """The counts of real texts that got these labels."""
    counts = metrics.generated("pets", "labelled", tuple(accepted), accepted=sum(accepted.values()))
    labels = {label: counts.total.model_copy(update={"accepted": n}) for label, n in accepted.items()}
    return counts.model_copy(update={"kind": "labelled", "labels": labels})


def test_the_balance_of_texts_that_an_llm_labelled_is_said() -> None:
    assert claims.balance("labelled", labelled(cat=10, dog=30)).endswith("gave them: dog 75\u00a0%, cat 25\u00a0%.")
    many = claims.balance("labelled", labelled(**{f"l{n}": 1 for n in range(12)}))
    assert many.endswith("l9 8\u00a0% and 2 more labels.")
    assert claims.balance("labelled", labelled(cat=0, dog=0)).endswith("cat 0\u00a0%, dog 0\u00a0%.")
