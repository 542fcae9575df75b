"""Mixes: named training sets, such as `real`, `few_shot`, `pool+few_shot` or `real@200`.

A mix is one or more sources joined by `+`. A source is `real` (the rows with people's labels that may be trained on),
`pool` (the share of them that few-shot prompts may show) or a generation setting. Each gives all of its rows, or with
`@n` so many of them. `@equal` takes as many as the smallest has of `real` and the generated sets: at equal size only
the kind of text differs. `real@n` are the points of the learning curve, `real@n+few_shot` those of a mix curve: what
generated rows add to n real ones; `@all` says that `real` itself is meant as the last point of a curve. `@even` and
`@odd` are the rows of a generation setting from conversations of even or odd number: halves, as if of two runs.
"""

from __future__ import annotations

import hashlib
import re
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
    def is_folded(self) -> bool:
        """Whether it draws from all real rows: where a task has folds, it has others in each."""
        return any(part.source == "real" for part in self.parts)

    @property
    def curve(self) -> tuple[str, str] | None:
        """Of a point of a curve, its real rows and what is added to them: ("real@50", "few_shot"); else None."""
        first = self.parts[0]
        if first.source != "real" or first.rows in (None, "equal"):
            return None
        real, _, added = self.name.partition("+")
        return real, added

    @property
    def halves(self) -> tuple[str, ...]:
        """The mix with half of its generated rows, and with the others; none where it has not all rows of a set."""
        if not self.sources or any(part.rows for part in self.parts if part.source not in REAL):
            return ()
        terms = self.name.split("+")
        return tuple("+".join(f"{one}@{half}" if one in self.sources else one for one in terms) for half in HALVES)

    @property
    def spoken(self) -> str:
        """As people say it: `pool+few_shot` is pool + few-shot."""
        return spoken(self.name)


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


def settings_of(mix: str) -> list[str]:
    """The generation settings that a mix draws from."""
    return list(parse(mix).sources)


def is_generated(mix: str) -> bool:
    """Whether a mix has no real rows."""
    return parse(mix).is_generated


def is_curve(mix: str) -> bool:
    """Whether a mix is a point of a curve over real rows: `real@n` or `real@all`, alone or with more after it."""
    return parse(mix).curve is not None


def has_halves(mix: str, synthetic: dict[str, pd.DataFrame]) -> bool:
    """Whether every label of the mix's generated sets has conversations of even and of odd number."""
    sources = [synthetic[name] for name in parse(mix).sources if name in synthetic]
    return bool(parse(mix).halves) and all(
        set(_half(rows, "even")["label"]) == set(_half(rows, "odd")["label"]) == set(rows["label"]) for rows in sources
    )


def _half(rows: pd.DataFrame, half: str) -> pd.DataFrame:
    """The rows of conversations of even or odd number; none where they come from no conversation."""
    number = rows["conversation"] if "conversation" in rows else pd.Series(None, rows.index, dtype="float64")
    return rows[number % 2 == HALVES.index(half)]


def rows(mix: str, training: pd.DataFrame, synthetic: dict[str, pd.DataFrame], seed: int) -> pd.DataFrame:
    """The training rows of a mix (columns id, text, label), sorted by id.

    A sample of n rows is drawn with the seed, and the sample of n lies within that of n + 1: a learning curve is
    nested for each seed.

    Args:
        training: the real rows that may be trained on, of any split.

    Raises:
        PyriteError: a source is unknown, empty, or has fewer rows than `@n` asks for.
    """
    sources = {"real": training, "pool": training, **synthetic}
    equal = min(len(training), *(len(rows) for rows in synthetic.values())) if synthetic else len(training)
    drawn = []
    for part in parse(mix).parts:
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
    # The same text may be real and generated: once is enough.
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
