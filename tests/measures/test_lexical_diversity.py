"""Variety of words, against definitions written out."""

from __future__ import annotations

import gzip
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.measures import lexical_diversity

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9).map(" ".join), min_size=2, max_size=8)


def grams(text: str, n: int) -> Counter[tuple[str, ...]]:
    words = text.split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def bleu(text: str, references: list[str]) -> float:
    """BLEU-4 against several references, with 0.1 for an order without a match (Papineni et al. 2002)."""
    log = 0.0
    for n in range(1, 5):
        own = grams(text, n)
        matches = sum(min(count, max(grams(r, n)[gram] for r in references)) for gram, count in own.items())
        log += math.log((matches or 0.1) / max(own.total(), 1)) / 4
    length = len(text.split())
    closest = min((len(r.split()) for r in references), key=lambda other: (abs(other - length), other))
    return math.exp(log) * (1 if length >= closest else math.exp(1 - closest / length))


@given(TEXTS)
def test_self_bleu_is_the_bleu_of_each_text_against_the_rest(texts: list[str]) -> None:
    expected = [bleu(text, texts[:i] + texts[i + 1 :]) for i, text in enumerate(texts)]
    assert lexical_diversity.self_bleu(texts) == pytest.approx(expected, abs=1e-9)


def test_self_bleu_of_equal_texts_is_one() -> None:
    assert lexical_diversity.self_bleu(["one two three four five"] * 3) == pytest.approx(1)


@given(TEXTS, st.integers(1, 3))
def test_distinct_is_different_over_all(texts: list[str], n: int) -> None:
    counts = sum((grams(text, n) for text in texts), Counter())
    if counts:
        assert lexical_diversity.distinct(texts, n) == len(counts) / counts.total()
    else:
        assert math.isnan(lexical_diversity.distinct(texts, n))


def test_compression_ratio_counts_bytes_once() -> None:
    texts = ["the same words again and again"] * 50
    raw = "\n".join(texts).encode()
    assert lexical_diversity.compression_ratio(texts) == len(raw) / len(gzip.compress(raw, 9, mtime=0))
    assert lexical_diversity.compression_ratio(texts) > 10


def test_tokens_are_words_and_punctuation() -> None:
    assert lexical_diversity.tokens("Don't stop, café!") == ["don", "'", "t", "stop", ",", "café", "!"]
