from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyrite.base.errors import PyriteError
from pyrite.data import texts


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("  a\t b\r\n\u00a0c\u2028d ", "a b c d"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("&amp;lt;", "&lt;"),  # once, not until nothing is left
        ("a&nbsp;b", "a b"),
        ("cafe\u0301", "caf\u00e9"),
        (" \n ", ""),
        ("\u200b \ufeff\u200d", ""),
        ("a\ud83d", "a\ufffd"),
    ],
)
def test_normal_form(raw: str, normal: str) -> None:
    assert texts.normalise(raw) == normal


@given(st.text())
def test_a_normal_text_is_nfc_with_single_spaces(raw: str) -> None:
    text = texts.normalise(raw)
    assert text == " ".join(text.split())
    assert unicodedata.is_normalized("NFC", text)
    if "&" not in text:
        assert texts.normalise(text) == text


@given(st.text())
def test_the_id_decides_the_fractions(text: str) -> None:
    digest = texts.digest(text)
    assert len(digest) == 64
    for k in (0, 1):
        fraction = texts.fraction(digest[:16], k)
        assert 0 <= fraction < 1
        assert fraction == texts.fraction(digest, k)


def test_digest_and_fractions_are_those_of_sha256() -> None:
    assert texts.digest("pyrite") == hashlib.sha256(b"pyrite").hexdigest()
    assert texts.fraction("00000000ffffffff", 0) == 0
    assert texts.fraction("00000000ffffffff", 1) == 1 - 2**-32
    assert texts.fraction("80000000" + "40000000", 0) == 0.5
    assert texts.fraction("80000000" + "40000000", 1) == 0.25


def test_the_pool_is_a_tenth_of_the_training_rows_only() -> None:
    low, high = "f" * 8 + "19999999", "f" * 8 + "1999999a"  # 0.1 lies between the two
    frame = pd.DataFrame({"id": [low, high, low, low], "split": ["train", "train", "validation", "test"], "label": "a"})
    assert texts.in_pool(frame).tolist() == [True, False, False, False]


def test_a_label_without_a_row_in_the_pool_lends_its_lowest_training_row() -> None:
    ids = [f"{'f' * 8}{place:08x}" for place in (0x10000000, 0x80000000, 0x70000000, 0x60000000)]
    frame = pd.DataFrame(
        {"id": ids, "split": ["train", "train", "train", "test"], "label": list("abbb")}, index=[7, 3, 5, 1]
    )
    assert texts.in_pool(frame).to_dict() == {7: True, 3: False, 5: True, 1: False}
    # Folds allow a label without any training row.
    frame.loc[[3, 5], "split"] = "validation"
    assert texts.in_pool(frame).to_dict() == {7: True, 3: False, 5: False, 1: True}


def test_a_table_comes_back_as_it_was_and_always_in_the_same_bytes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a"], "text": ["é\u2028x"], "label": ["y"], "split": ["test"]})
    for name in ("one", "two"):
        texts.write(frame, tmp_path / name)
    pd.testing.assert_frame_equal(texts.read(tmp_path / "one"), frame)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_is_not_a_text_table_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"PAR1 no more")
    pd.DataFrame({"id": ["a"]}).to_parquet(tmp_path / "other")
    for name, words in (("absent", "no such file"), ("broken", "not a readable"), ("other", "no column text, label")):
        with pytest.raises(PyriteError, match=words) as caught:
            texts.read(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "length", "unspaced"),
    [
        ("three short words", 3, False),
        ("", 0, False),
        ("我的仓库还可以，第314次。", 12, True),
        ("ฉันชอบแมว", 9, True),
        ("한국어는 띄어쓰기를 합니다", 3, False),
        ("我的iPhone坏了", 5, True),
        ("السائق لم يصل", 3, False),
    ],
)
def test_lengths_are_words_or_signs_by_script(text: str, length: int, unspaced: bool) -> None:
    assert texts.length(text) == length
    assert texts.unspaced([text]) == unspaced


@pytest.mark.parametrize(
    "written", ["spam", " spam\u200b", "sp\u2060am", "spam\u200d", "spam\ufe0f", "\u3164spam", "\ufeffspam"]
)
def test_labels_that_look_alike_are_one(written: str) -> None:
    assert texts.normalise_label(written) == "spam"


@pytest.mark.parametrize(("text", "whole"), [("a \ud83d", "a \ufffd"), ("\ud83d\ude00 b", "\U0001f600 b"), ("é", "é")])
def test_halves_of_an_emoji_are_joined_or_replaced(text: str, whole: str) -> None:
    assert texts.encodable(text) == whole
