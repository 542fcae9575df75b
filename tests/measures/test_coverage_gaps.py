from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyrite.measures import coverage_gaps


def blob(middle: list[float], texts: int, seed: int) -> np.ndarray:
    vectors = np.array(middle) + 0.1 * np.random.default_rng(seed).standard_normal((texts, 3))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_what_no_generated_text_is_near_to_is_left_out() -> None:
    near, far = blob([1, 0, 0], 60, 0), blob([0, 1, 0], 40, 1)
    frame = pd.DataFrame({"id": [f"{i:03}" for i in range(100)], "label": ["a"] * 60 + ["b"] * 30 + ["c"] * 10})
    gaps = coverage_gaps.left_out(frame, np.concatenate([near, far]), blob([1, 0, 0], 100, 2))
    assert gaps.texts == 100
    assert gaps.labels["b"] == coverage_gaps.LabelGap(texts=30, left_out=30)
    assert gaps.labels["a"].left_out < 20
    of_far = [region for region in gaps.regions if "b" in region.labels]
    assert sum(region.labels.get("b", 0) for region in of_far) == 30
    assert all(len(region.ids) <= coverage_gaps.LISTED for region in gaps.regions)
    assert set(of_far[0].ids) <= set(frame["id"][60:])
    sizes = [region.texts for region in gaps.regions]
    assert sizes == sorted(sizes, reverse=True)


def test_the_same_texts_give_the_same_regions() -> None:
    frame = pd.DataFrame({"id": [f"{i:03}" for i in range(80)], "label": ["a"] * 80})
    vectors, generated = blob([0, 1, 1], 80, 0), blob([1, 0, 0], 50, 1)
    assert coverage_gaps.left_out(frame, vectors, generated) == coverage_gaps.left_out(frame, vectors, generated)


def test_few_texts_make_no_region() -> None:
    frame = pd.DataFrame({"id": ["1", "2", "3"], "label": ["a", "a", "b"]})
    gaps = coverage_gaps.left_out(frame, blob([1, 0, 0], 3, 0), blob([0, 1, 0], 3, 1))
    assert gaps.regions == ()
    assert coverage_gaps.left_out(frame, blob([1, 0, 0], 3, 0), blob([0, 1, 0], 0, 1)).texts == 0


@pytest.mark.filterwarnings("error")
def test_texts_that_look_alike_make_no_empty_region() -> None:
    two = np.repeat(np.eye(3, dtype=np.float32)[:2], 40, axis=0)
    frame = pd.DataFrame({"id": [f"{i:03}" for i in range(80)], "label": ["a"] * 80})
    assert [region.texts for region in coverage_gaps._regions(frame, two)] == [40, 40]
