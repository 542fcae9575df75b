"""How the page and REPORT.md are made of templates: what they may call, and what keeps hostile words harmless."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from pyrite.results import statements, subjectivity, words
from pyrite.results.page import claims, drawing, method, report_tables, trust
from pyrite.results.table import Table

TEMPLATES = Path(__file__).parent / "templates"

# Elements that hold scripts or others' words, and elsewhere the space between a number and its unit.
_WHOLE = re.compile(rf"<(script|style|pre|bdi|blockquote)\b.*?</\1>|{words.BEFORE_UNIT}", re.S)

# What Markdown or HTML might read as a sign; an underscore within a word is none.
_SIGNS = re.compile(r"[\\`*\[\]{}<>#!|~$&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def render(template: str, view: Mapping[str, Any]) -> str:
    """Fill a template. Everything that is put in is escaped, in Markdown as HTML entities too; numbers keep to their
    units, but in scripts and in others' words."""
    filled = _environment(template).get_template(template).render(view)
    return _WHOLE.sub(lambda match: match[0] if match[1] else words.NO_BREAK, filled)


@cache  # compiling the templates takes longer than filling them
def _environment(template: str) -> jinja2.Environment:
    # jinja2 escapes HTML and SVG, `markdown` Markdown.
    environment = jinja2.Environment(  # nosec B701
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=template.endswith((".html.j2", ".svg.j2")),
        finalize=markdown if template.endswith(".md.j2") else None,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"mix": words.name} | {
        form.__name__: form
        for form in (
            *(words.capital, words.ends, words.family, words.fixed, words.method, words.ranged),
            *(claims.data, claims.duplicates),
            *(bullets, css, number, packed, statements.points, table),
        )
    }
    environment.globals |= {call.__name__: call for call in (library, script, own, digest)} | {
        "LIGHT": drawing.LIGHT,
        "DARK": drawing.DARK,
        "TERMS": words.TERMS,
        "LIMITS": claims.LIMITS,
        "WHO": subjectivity.WHO,
        "ONE_LLM": subjectivity.ONE_LLM,
        "say": claims,
        "how_made": method.how_made,
        "tables": report_tables,
        "trust": trust,
    }
    return environment


def markdown(value: Any) -> Any:
    """A text whose signs of Markdown and HTML are entities: it then shows as itself and never does anything."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _SIGNS.sub(lambda match: f"&#{ord(match[0])};", " ".join(value.split()))


@jinja2.pass_environment
def bullets(environment: jinja2.Environment, sentences: Iterable[str]) -> Markup:
    """A list as the page or REPORT.md writes it."""
    if environment.autoescape:
        items = Markup("").join(Markup("<li>{}</li>").format(words) for words in sentences)
        return Markup('<ul class="plain">{}</ul>').format(items)
    return Markup("".join(f"- {markdown(words)}\n" for words in sentences))  # noqa: S704  # nosec B704


@jinja2.pass_environment
def table(environment: jinja2.Environment, of: Table) -> Markup:
    """A table as the page or REPORT.md writes it, with nothing left to escape."""
    return Markup(of.html() if environment.autoescape else of.markdown(markdown))  # noqa: S704  # nosec B704


def packed(spec: Mapping[str, Any]) -> str:
    """A chart as the page holds it: compressed, and made of letters that mean nothing to HTML."""
    text = json.dumps(spec, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def number(value: float) -> str:
    return f"{value:,}"


def css(palette: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in palette.items())


def library() -> str:
    """Vega, Vega-Lite and vega-embed as one script, unable to end or comment out the element that it is in."""
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub forgets the default
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def script() -> str:
    """The page's own script, which finds in `config` how all charts look."""
    return f'"use strict";\nconst config = {json.dumps(drawing.CONFIG)};\n{own("report.js")}'


def own(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def digest(script: str) -> str:
    """What a content security policy wants of a script: only scripts with such a digest may run in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
