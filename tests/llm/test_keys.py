from __future__ import annotations

import endpoint_server
import pytest

from pyrite.llm import keys

KEY = "sk-a+key/that-nobody-may-see=="


@pytest.mark.parametrize("form", endpoint_server.KEYS)
def test_an_error_repeats_no_stretch_of_a_key(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("LOCAL_API_KEY", KEY)
    repeated = endpoint_server.KEYS[form](KEY)
    hidden = keys.hide(f"The key «{repeated}» is not one of ours")
    assert hidden.startswith("The key «$LOCAL_API_KEY")
    assert hidden.endswith("» is not one of ours")
    assert not any(repeated[i : i + 12] in hidden for i in range(len(repeated) - 11) if form != "spaced")


@pytest.mark.parametrize("key", ["none", "EMPTY", "x", "key", "sk-short", "lmstudioandothers"])
def test_a_word_or_what_is_short_is_no_key(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    message = f"none of the keys is EMPTY: {key}"
    assert keys.hide(message) == message
    assert not keys.are_in(message)


def test_an_answer_with_a_whole_key_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert keys.are_in(f"here it is: {KEY}")
    assert not keys.are_in(f"here is a part of it: {KEY[:12]}")


def test_an_address_stands_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_BASE_URL", "http://10.0.0.7:8000/v1")
    assert keys.hide("no route to http://10.0.0.7:8000/v1/models") == "no route to $LOCAL_BASE_URL/models"
