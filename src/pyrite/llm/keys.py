"""Keys: they reach no file, no log and no message, whatever a server says."""

import base64
import json
import os
import unicodedata
from urllib.parse import quote

# What is shorter than a key, or is a plain word, is none.
SHORTEST_KEY, LONGEST_WORD = 16, 24
# So many letters and digits in a row of a key tell it.
_TELLING = 12


def hide(text: str) -> str:
    """A message in which a name stands for the endpoint's address and for the key, or what can be read of it.

    For errors and logs only: an answer is never rewritten. Servers repeat keys in part, in capitals, spaced out or
    encoded, so a stretch of twelve letters and digits of one is enough. What is short or a plain word is no key.
    """
    for name, address in _of_environment("_BASE_URL"):
        text = text.replace(address, f"${name}")
    for name, key in _keys():
        once = quote(key, safe="")
        forms = {key, json.dumps(key)[1:-1], once, quote(once), key.encode().hex(), key[::-1]}
        # Sign by sign by its number: \u0073\u006b..., \x73..., &#115;..., \163...
        numbered = ("u{:04x}", "u{:x}", "x{:x}", "0x{:x}", "{:x}00", "{}", "{:03o}")
        forms |= {"".join(number.format(ord(sign)) for sign in key) for number in numbered}
        forms |= {base64.b32encode(key.encode()).decode()}
        # As it is, and behind what stands before it in the header of a password.
        forms |= {base64.b64encode(b" " * n + key.encode()).decode()[4 * (n > 0) :] for n in range(3)}
        grams = {form[i : i + _TELLING] for form in map(_squeezed, forms) for i in range(len(form) - _TELLING + 1)}
        text = _without(text, grams, f"${name}")
    return text


def are_in(text: str) -> bool:
    """Whether a text has a key in it."""
    return any(key in text for _, key in _keys())


def _keys() -> list[tuple[str, str]]:
    """The keys of all endpoints by their variables, without those that servers without keys are sent, as `none`,
    `EMPTY` or `ollama`."""
    return [
        (name, key)
        for name, key in _of_environment("_API_KEY")
        if len(key) >= SHORTEST_KEY and not (key.isalpha() and len(key) < LONGEST_WORD)
    ]


def _of_environment(ending: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in os.environ.items() if name.endswith(ending) and value]


def _squeezed(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _without(text: str, grams: set[str], name: str) -> str:
    """The text with a name for every stretch that holds one of the grams, what is no letter or digit left out."""
    # Sign by sign, so that places in the squeezed text lead back to the text.
    signs = [(sign, place) for place, original in enumerate(text) for sign in _squeezed(original)]
    squeezed = "".join(sign for sign, _ in signs)
    hidden: set[int] = set()
    for i in range(len(squeezed) - _TELLING + 1):
        if squeezed[i : i + _TELLING] in grams:
            hidden.update(range(signs[i][1], signs[i + _TELLING - 1][1] + 1))
    shown = (("" if place - 1 in hidden else name) if place in hidden else sign for place, sign in enumerate(text))
    return "".join(shown)
