"""Mixes: named training sets, such as `real`, `few_shot`, `pool+few_shot` or `real@200`.

A mix is one or more sources joined by `+`. A source is `real` (the rows with people's labels that may be trained on),
`pool` (the share of them that few-shot prompts may show) or one of the study's `sources`. Each gives all of its rows,
or with `@n` so many of them. `@equal` takes as many as the smallest has of `real` and the sources: at equal size only
the kind of text differs. `real@n` are the points of the learning curve, `few_shot@n` those of a source's curve, and
`real@n+few_shot` those of a mix curve: what a source adds to n real rows; `@all` says that `real` itself is meant as
the last point of a curve. `@even` and
`@odd` are the rows of a source from conversations of even or odd number: halves, as if of two runs.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import pandas as pd

from pyrite.base.errors import PyriteError
from pyrite.data import texts

REAL = ("real", "pool")
HALVES = ("even", "odd")


@dataclass(frozen=True)
class Part:
    """One source of a mix and how many of its rows; None is all, without saying so."""

    source: str
    rows: int | Literal["all", "equal", "even", "odd"] | None


@dataclass(frozen=True)
class Mix:
    """A mix's name, understood."""

    name: str
    parts: tuple[Part, ...]

    @property
    def terms(self) -> list[str]:
        """The names of its parts, with their sizes."""
        return self.name.split("+")

    @property
    def sources(self) -> tuple[str, ...]:
        """What it has beside hand-labelled rows."""
        return tuple(part.source for part in self.parts if part.source not in REAL)

    @property
    def is_generated(self) -> bool:
        """Whether it has no hand-labelled rows."""
        return len(self.sources) == len(self.parts)

    @property
    def is_real(self) -> bool:
        """Whether it has hand-labelled rows only."""
        return not self.sources

    @property
    def curve(self) -> tuple[str, str] | None:
        """Of a point of a curve of real rows, those and what is added: ("real@50", "few_shot"); else None."""
        first = self.parts[0]
        if first.source != "real" or first.rows in (None, "equal"):
            return None
        real, *added = self.terms
        return real, "+".join(added)

    @property
    def halves(self) -> tuple[str, ...]:
        """The mix with half of its generated rows, and with the others; none where it has not all rows of a set."""
        if not self.sources or any(part.rows for part in self.parts if part.source not in REAL):
            return ()
        return tuple(
            "+".join(f"{term}@{half}" if term in self.sources else term for term in self.terms) for half in HALVES
        )

    @property
    def is_point(self) -> bool:
        """Whether it is a point of a curve, of real rows or of one source's."""
        return self.curve is not None or (len(self.parts) == 1 and isinstance(self.parts[0].rows, int))


@cache
def parse(mix: str) -> Mix:
    """What the name of a mix means.

    Raises:
        ValueError: it does not follow the grammar.
    """
    parts = []
    for term in mix.split("+"):
        match = re.fullmatch(r"([a-z][a-z0-9_]*)(?:@(all|equal|even|odd|[1-9][0-9]*))?", term)
        if not match:
            raise ValueError(
                f"'{mix}' is not a mix: join sources by +, each with an optional @n, @all, @equal, @even or @odd"
            )
        source, rows = match.groups()
        size: Any = int(rows) if rows and rows.isdecimal() else rows
        parts.append(Part(source, size))
    if len({part.source for part in parts}) < len(parts):
        raise ValueError(f"'{mix}' names a source twice")
    return Mix(mix, tuple(parts))


def spoken(name: str) -> str:
    """The name of a source or a mix as people say it."""
    return name.replace("_", "-").replace("+", " + ")


def has_halves(mix: str, sets: Mapping[str, pd.DataFrame]) -> bool:
    """Whether every label of the mix's generated sets has conversations of even and of odd number."""
    sources = [sets[name] for name in parse(mix).sources if name in sets]
    return bool(parse(mix).halves) and all(
        set(_half(rows, "even")["label"]) == set(_half(rows, "odd")["label"]) == set(rows["label"]) for rows in sources
    )


def _half(rows: pd.DataFrame, half: str) -> pd.DataFrame:
    """The rows of conversations of even or odd number; none where they come from no conversation."""
    number = rows["conversation"] if "conversation" in rows else pd.Series(None, rows.index, dtype="float64")
    return rows[number % 2 == HALVES.index(half)]


def rows(mix: str, training: pd.DataFrame, sources: Mapping[str, pd.DataFrame], seed: int) -> pd.DataFrame:
    """The training rows of a mix (columns id, text, label), sorted by id.

    A sample of n rows is drawn with the seed, and the sample of n lies within that of n + 1: a learning curve is
    nested for each seed.

    Args:
        training: the real rows that may be trained on, of any split.
        sources: the rows of each source that may.

    Raises:
        PyriteError: a source is unknown, empty, or has fewer rows than `@n` asks for.
    """
    equal = min(map(len, (training, *sources.values())))
    sources = {"real": training, "pool": training, **sources}
    drawn = []
    # A text that a person has labelled, and an LLM too, has the person's label.
    for part in sorted(parse(mix).parts, key=lambda part: part.source not in REAL):
        if part.source not in sources:
            raise PyriteError(f"mix '{mix}': unknown source '{part.source}'; there are {', '.join(sources)}")
        source = sources[part.source]
        if part.source == "pool":
            source = source[texts.in_pool(source)]
        if part.rows in HALVES:
            source = _half(source, str(part.rows))
        wanted = part.rows if isinstance(part.rows, int) else len(source)
        if part.rows == "equal":
            wanted = min(equal, len(source))
        if wanted > len(source):
            raise PyriteError(f"mix '{mix}': asks for {wanted} rows of {part.source}, which has {len(source)}")
        drawn.append(_sample(source, wanted, seed))
    # The same text may be in several: once is enough.
    table = pd.concat(drawn)[["id", "text", "label"]].drop_duplicates("id")
    if table.empty:
        raise PyriteError(f"mix '{mix}': has no rows")
    return table.sort_values("id", ignore_index=True)


def _sample(frame: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """The n rows whose ids hash lowest under the seed."""
    if n == len(frame):
        return frame
    order = frame["id"].map(lambda i: hashlib.sha256(f"{seed}:{i}".encode()).hexdigest())
    return frame.loc[order.sort_values().index[:n]]
