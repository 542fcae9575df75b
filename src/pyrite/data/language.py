"""The language of texts: guessed by `py3langid` from many of them together, for one short text is easily mistaken."""

import re
from collections.abc import Iterable

ENGLISH = "English"

# The languages that py3langid knows, by their codes (ISO 639). One that is none stands for numbers and the like.
_NAMES = dict(
    re.findall(
        r"(\w+)=(\w+)",
        """
        ace=Acehnese af=Afrikaans am=Amharic an=Aragonese ar=Arabic ary=Arabic arz=Arabic as=Assamese
        az=Azerbaijani ba=Bashkir bcl=Bikol be=Belarusian bg=Bulgarian bn=Bengali br=Breton bs=Bosnian
        ca=Catalan crh=Crimean_Tatar cs=Czech cy=Welsh da=Danish de=German dz=Dzongkha el=Greek en=English
        eo=Esperanto es=Spanish et=Estonian eu=Basque ext=Extremaduran fa=Persian fi=Finnish fo=Faroese
        fr=French fuv=Fula fy=Frisian ga=Irish gcf=Antillean_Creole gcr=Guianese_Creole gd=Scottish_Gaelic
        gl=Galician gom=Konkani grc=Ancient_Greek gu=Gujarati gug=Guarani guw=Gun ha=Hausa hbo=Biblical_Hebrew
        he=Hebrew hi=Hindi hr=Croatian ht=Haitian hu=Hungarian hy=Armenian id=Indonesian ig=Igbo is=Icelandic
        it=Italian ja=Japanese jv=Javanese ka=Georgian kab=Kabyle kik=Kikuyu kk=Kazakh km=Khmer kn=Kannada
        ko=Korean ku=Kurdish ky=Kyrgyz la=Latin lb=Luxembourgish lg=Luganda lij=Ligurian ln=Lingala lo=Lao
        lt=Lithuanian ltg=Latgalian lv=Latvian mg=Malagasy mk=Macedonian ml=Malayalam mn=Mongolian mr=Marathi
        ms=Malay mt=Maltese my=Burmese ne=Nepali nl=Dutch nn=Norwegian no=Norwegian nso=Northern_Sotho
        oc=Occitan om=Oromo or=Odia pa=Punjabi pcm=Nigerian_Pidgin pl=Polish ps=Pashto pt=Portuguese qu=Quechua
        ro=Romanian ru=Russian rw=Kinyarwanda sa=Sanskrit sdh=Kurdish se=Sami si=Sinhala sk=Slovak sl=Slovenian
        sn=Shona so=Somali sq=Albanian sr=Serbian st=Sotho sv=Swedish sw=Swahili ta=Tamil te=Telugu tg=Tajik
        th=Thai tk=Turkmen tl=Tagalog tr=Turkish tt=Tatar ug=Uyghur uk=Ukrainian ur=Urdu uz=Uzbek uzs=Uzbek
        vec=Venetian vi=Vietnamese vo=Volapük wa=Walloon wuu=Chinese xh=Xhosa yo=Yoruba yue=Cantonese zh=Chinese
        zu=Zulu
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
    return str(_NAMES.get(str(code), ENGLISH)).replace("_", " ")


def unit(language: str) -> str:
    """What lengths of texts in a language are counted in: `texts.length`."""
    return "characters" if language in _UNSPACED else "words"
