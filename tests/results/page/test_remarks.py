"""What is said of a task beside its verdict."""

from __future__ import annotations

import metrics
from pyrite.results.page import remarks


def test_of_a_task_without_real_texts_what_was_imported_is_counted() -> None:
    made = {
        "vendor": metrics.generated("t", "vendor", answers=0),
        "few_shot": metrics.generated("t", "few_shot", answers=0, received=0),
    }
    lines = remarks.unscored(metrics.of_task(metrics.task("t", {}, test_rows=0), made))
    assert any(line.startswith("vendor: 680 texts") for line in lines)
    assert [line for line in lines if "not asked" in line] == ["few_shot: not asked, for it shows the LLM real texts."]
