"""Pictures to share: a card of 1200 × 630 pixels with the answer, and a badge for a README."""

import textwrap
from collections.abc import Sequence

import vl_convert

from pyrite.results.evaluation import Headline
from pyrite.results.page import advice
from pyrite.results.page.drawing import FONT, LIGHT
from pyrite.results.page.findings import FAMILIES, Findings, Verdict, typographic
from pyrite.results.page.rendering import render
from pyrite.results.page.what_if import Row
from pyrite.results.words import fixed

# Letters in a line of the card's title and of the line below it, in fonts of 54 and 26 pixels.
TITLE, LINE = 36, 82
# A letter of a badge is about so wide.
LETTER = 6.6


def card(tasks: Sequence[Findings], verdict: Verdict | None, sentences: Sequence[str], rows: Sequence[Row]) -> str:
    """The answer as a picture, SVG.

    Args:
        tasks: those with scores.
        verdict: None without scores.
        sentences: what stands below it.
        rows: of the strip, by classifier; the first three are drawn.
    """
    title = f"{verdict.advice} {verdict.headline}" if verdict else "Can’t tell: no real texts to test on."
    about = f"{len(tasks)} tasks" if len(tasks) != 1 else tasks[0].card.title
    lines = textwrap.wrap(title, TITLE, max_lines=3, placeholder=" …")
    below = [line for sentence in sentences for line in textwrap.wrap(sentence, LINE)]
    view = {
        "lines": lines,
        "advice": len(verdict.advice.split()) if verdict else 0,
        "hue": LIGHT[verdict.family] if verdict else LIGHT["muted"],
        "sentences": below[: 5 - len(lines)],
        "about": textwrap.shorten(about, 50, placeholder=" …"),
        "rows": rows[:3],
        "margin": tasks[0].comparison.margin if tasks else 0,
    }
    return render("card.svg.j2", view | {"palette": LIGHT, "font": FONT})


def badge(headline: Headline) -> str:
    """The verdict and the gap of a study's headline as a badge, SVG."""
    family, word = FAMILIES[headline.verdict], typographic(advice.SHORT.get(headline.verdict, headline.verdict))
    word += "" if headline.gap is None else f" ({fixed(headline.gap, '+.1f')})"
    left, right = (round(LETTER * len(words) + 14) for words in ("Pyrite", word))
    view = {"word": word, "hue": LIGHT[family], "palette": LIGHT, "font": FONT, "left": left, "right": right}
    return render("badge.svg.j2", view)


def png(picture: str) -> bytes:
    """A picture of SVG as PNG, of the size that it says."""
    return vl_convert.svg_to_png(picture)
