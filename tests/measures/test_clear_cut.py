from __future__ import annotations

from pyrite.measures.clear_cut import clear_cut


def test_a_text_is_clear_where_the_label_given_blind_is_its_own() -> None:
    own = {"a": "day", "b": "day", "c": "night", "d": "night", "e": "night"}
    given = {"a": "day", "b": "unsure", "c": "night", "d": "night", "unknown": "day"}
    clear = clear_cut(own, given)
    assert (clear.texts, clear.share.value) == (4, 0.75)
    assert {label: share.value for label, share in clear.labels.items()} == {"day": 0.5, "night": 1.0}


def test_nothing_in_common_is_no_share() -> None:
    clear = clear_cut({"a": "day"}, {"b": "day"})
    assert (clear.texts, clear.share.value, clear.labels) == (0, None, {})
