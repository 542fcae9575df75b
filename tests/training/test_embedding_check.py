from __future__ import annotations

from pathlib import Path

import numpy as np

from pyrite.training import embedding_check

TEXTS = ["the cat sat here", "a dog ran there", "one bird flew by", "the cat sat there"]


def test_unlike_texts_that_embed_alike_are_a_share_of_the_unlike_pairs() -> None:
    apart, same = np.eye(4), np.tile([1.0, 0, 0, 0], (4, 1))
    assert embedding_check.alike(TEXTS, apart, 0.95) == 0
    assert embedding_check.alike(TEXTS, same, 0.95) == 1
    # Of five unlike pairs one; the first and the last text are alike by their words.
    half = apart.copy()
    half[1] = half[0]
    assert embedding_check.alike(TEXTS, half, 0.95) == 1 / 5
    assert embedding_check.alike(TEXTS[:1], apart[:1], 0.95) == 0


def test_thai_is_found_blind_and_english_is_not_looked_at(project: Path) -> None:
    thai = ["แมวนอนหลับ", "ฝนตกหนักมาก", "อาหารอร่อย", "รถติดทุกวัน"]
    assert embedding_check.look(thai, "Thai", 0.95) > embedding_check.MOST_ALIKE
    assert embedding_check.look(TEXTS, "Russian", 0.95) == 0
    assert embedding_check.look(thai, "English", 0.95) == 0
