"""What the store holds, and deleting what is no longer wanted.

A kind is a folder of the store: `fits`, `checkpoints`, `embeddings` and so on. Answers of an LLM were paid for: they
are deleted only when asked for by name.
"""

import itertools
import json
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.filesize import decimal

from pyrite.base import console, files, paths, store
from pyrite.base.errors import PyriteError
from pyrite.results.table import Column, Table

PAID = {"answers"}
# The kinds whose entries the outputs name.
OF_FITS = {"fits", "checkpoints"}
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Entry:
    """One result in the store: a folder or, among the answers, a file."""

    kind: str
    path: Path
    size: int
    last_used: float


def entries() -> list[Entry]:
    """All entries of the store, kind by kind; what a killed process left half done is one, too."""
    present = []
    for kind in sorted(path for path in paths.store().glob("*") if path.is_dir()):
        # kind/<two digits>/<key>, or a file right under the kind.
        for path in sorted([*kind.glob("*/*"), *(path for path in kind.glob("*") if path.is_file())]):
            size = sum(part.stat().st_size for part in [path, *path.rglob("*")] if part.is_file())
            present.append(Entry(kind.name, path, size, path.stat().st_mtime))
    return present


def show(as_json: bool = False) -> None:
    """Print what the store holds: entries, bytes and last uses of each kind, as a table or as JSON."""
    about, rows = [], []
    for kind, group in itertools.groupby(entries(), lambda entry: entry.kind):
        of_kind = list(group)
        size, uses = sum(entry.size for entry in of_kind), sorted(entry.last_used for entry in of_kind)
        held = {"kind": kind, "entries": len(of_kind), "size": decimal(size)}
        rows.append(held | {"last used": _ago(uses[-1]), "oldest use": _ago(uses[0])})
        oldest, last = (datetime.fromtimestamp(use, UTC).isoformat(timespec="seconds") for use in (uses[0], uses[-1]))
        about.append({"kind": kind, "entries": len(of_kind), "bytes": size, "last_used": last, "oldest_use": oldest})
    if as_json:
        print(json.dumps(about, indent=2))
    elif about:
        columns = [Column("kind"), Column("entries", form=",d")]
        columns += [Column(key, right=True) for key in ("size", "last used", "oldest use")]
        console.screen().print(Table(columns, rows, plain=True).terminal())
    else:
        console.screen().print(f"{paths.store()}: the store is empty", soft_wrap=True)


def prune(kinds: tuple[str, ...], days: float | None, unused: bool, task: str | None = None) -> None:
    """Delete the entries of the store that all of the conditions name.

    Args:
        kinds: only these kinds; none: all but the paid ones.
        days: only entries without a use for so long.
        unused: only fits, and their checkpoints, that no output in `models/` has.
        task: only answers about this task: they are asked for, and paid, again.

    Raises:
        PyriteError: no condition, an unknown kind, or a running stage uses the store.
    """
    if not (kinds or unused or days is not None):
        raise PyriteError("say what to prune: --kind, --days or --unused; `pyrite store` says what there is")
    if task is not None and set(kinds) != PAID:
        raise PyriteError("--task: only answers belong to a task: say --kind answers too")
    with store.locked():
        present = entries()
        if unknown := set(kinds) - {entry.kind for entry in present}:
            listed = ", ".join(sorted({entry.kind for entry in present})) or "nothing"
            raise PyriteError(f"{paths.store()}: has no {', '.join(sorted(unknown))}; there is {listed}")
        chosen = [entry for entry in present if (entry.kind in kinds if kinds else entry.kind not in PAID)]
        if task is not None:
            chosen = [entry for entry in chosen if entry.path.name.partition(".")[0] == task]
        if days is not None:
            chosen = [entry for entry in chosen if entry.last_used < time.time() - days * DAY]
        if unused:
            histories = map(files.read_json, Path("models").rglob("history.json"))
            current = {fingerprint for history in histories for fingerprint in history["fingerprints"]}
            chosen = [entry for entry in chosen if entry.kind in OF_FITS and entry.path.name not in current]
        for entry in chosen:
            if entry.path.is_dir():
                # First out of sight, so that a half deleted entry is never found.
                shutil.rmtree(entry.path.rename(entry.path.with_name(f".old-{entry.path.name}")))
            else:
                entry.path.unlink()
    console.log.print(f"deleted {len(chosen):,} entries, {decimal(sum(entry.size for entry in chosen))}")


def _ago(then: float) -> str:
    hours = max(0, time.time() - then) / 3600
    return f"{hours:.0f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"
