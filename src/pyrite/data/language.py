"""The language of texts: guessed by `py3langid` from many of them together, for one short text is easily mistaken."""

from __future__ import annotations

import re
from collections.abc import Iterable

ENGLISH = "English"

# The languages that py3langid knows, by their codes (ISO 639-1).
_NAMES = dict(
    re.findall(
        r"(\w+)=(\w+)",
        """
    af=Afrikaans am=Amharic an=Aragonese ar=Arabic as=Assamese az=Azerbaijani be=Belarusian bg=Bulgarian bn=Bengali
    br=Breton bs=Bosnian ca=Catalan cs=Czech cy=Welsh da=Danish de=German dz=Dzongkha el=Greek en=English
    eo=Esperanto es=Spanish et=Estonian eu=Basque fa=Persian fi=Finnish fo=Faroese fr=French ga=Irish gl=Galician
    gu=Gujarati he=Hebrew hi=Hindi hr=Croatian ht=Haitian hu=Hungarian hy=Armenian id=Indonesian is=Icelandic
    it=Italian ja=Japanese jv=Javanese ka=Georgian kk=Kazakh km=Khmer kn=Kannada ko=Korean ku=Kurdish ky=Kyrgyz
    la=Latin lb=Luxembourgish lo=Lao lt=Lithuanian lv=Latvian mg=Malagasy mk=Macedonian ml=Malayalam mn=Mongolian
    mr=Marathi ms=Malay mt=Maltese nb=Norwegian ne=Nepali nl=Dutch nn=Norwegian no=Norwegian oc=Occitan or=Odia
    pa=Punjabi pl=Polish ps=Pashto pt=Portuguese qu=Quechua ro=Romanian ru=Russian rw=Kinyarwanda se=Sami si=Sinhala
    sk=Slovak sl=Slovenian sq=Albanian sr=Serbian sv=Swedish sw=Swahili ta=Tamil te=Telugu th=Thai tl=Tagalog
    tr=Turkish ug=Uyghur uk=Ukrainian ur=Urdu vi=Vietnamese vo=Volapük wa=Walloon xh=Xhosa zh=Chinese zu=Zulu
    """,
    )
)
_UNSPACED = {"Burmese", "Cantonese", "Chinese", "Dzongkha", "Japanese", "Khmer", "Lao", "Thai", "Tibetan"}
# Texts that are enough, and of each so many characters.
_TEXTS, _CHARACTERS = 200, 300


def guess(texts: Iterable[str]) -> str:
    """The language that texts are most likely in, by its English name; English where there are none."""
    import py3langid  # its model takes a second to load

    sample = [text[:_CHARACTERS] for _, text in zip(range(_TEXTS), texts, strict=False)]
    if not sample:
        return ENGLISH
    code, _ = py3langid.classify(" ".join(sample))
    return str(_NAMES.get(code, code))


def unit(language: str) -> str:
    """What lengths of texts in a language are counted in: `texts.length`."""
    return "characters" if language in _UNSPACED else "words"
