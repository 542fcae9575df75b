from __future__ import annotations

import py3langid
import pytest

from pyrite.data import language


@pytest.mark.parametrize(
    ("text", "name", "unit"),
    [
        ("The parcel came two weeks late and nobody answered my letters.", "English", "words"),
        ("Das Paket kam zwei Wochen zu spät, und niemand hat geantwortet.", "German", "words"),
        ("我的包裹晚了两个星期，没有人回答我的信。", "Chinese", "characters"),
        ("พัสดุมาช้าไปสองสัปดาห์และไม่มีใครตอบจดหมายของฉัน", "Thai", "characters"),
        ("وصل الطرد متأخرا أسبوعين ولم يجب أحد على رسائلي", "Arabic", "words"),
    ],
)
def test_a_language_is_guessed_from_many_texts(text: str, name: str, unit: str) -> None:
    assert language.guess([text] * 3) == name
    assert language.unit(name) == unit


def test_without_texts_it_is_english() -> None:
    assert language.guess([]) == "English"


def test_every_language_that_is_guessed_has_a_name() -> None:
    codes = {str(code) for code, _ in py3langid.rank("x")}
    # Norwegian has a code of its own; the last one is no language.
    assert codes - set(language._NAMES) == {"zxx"}
