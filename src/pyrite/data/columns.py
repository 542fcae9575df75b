"""Which column of a file has the texts, and which the labels."""

from collections.abc import Sequence

from pyrite.base.errors import PyriteError
from pyrite.data import fields, formats, shards, texts
from pyrite.data.formats.rows import Row

# A header of such a length is likely to be a text.
LONG_HEADER = 5
HEADER = "put the names of the columns above it, parted as the rows are"
# So many signs of a header are shown.
SHOWN = 40


def find(rows: Sequence[Row], text: str | None, label: str | None) -> tuple[str, str]:
    """The columns of texts and labels: those named, or those about which there is no doubt.

    Raises:
        PyriteError: there is no such column, or there is doubt.
    """
    path, columns = rows[0].path, list(dict.fromkeys(name for row in rows for name in row.fields))
    named = listed = ", ".join(name[:SHOWN] or "one without a name" for name in columns)
    if formats.has_header(path) and any(texts.length(name) >= LONG_HEADER for name in columns):
        listed = f"{named} (is row 1 a row, and no header? {HEADER})"
    for option, name in (("--text", text), ("--label", label)):
        if name is not None and not any(fields.has(row, name) for row in rows):
            raise PyriteError(f"{path}: no column '{name}' ({option}); there are {listed}")
    if text is not None and text == label:
        raise PyriteError(f"{path}: column '{text}' can't hold both texts and labels; there are {listed}")
    if text is None and label is None:
        text, label = _guess(rows, columns)
    elif (text is None or label is None) and len(columns) == 2:
        text, label = text or next(n for n in columns if n != label), label or next(n for n in columns if n != text)
    else:
        spare = {usual: name for usual, name in _usual(columns).items() if name not in (text, label)}
        text, label = text or spare.get("text"), label or spare.get("label")
    if text is None or label is None:
        marks = [name for name in columns if name != text and {_shown(row, name) for row in rows} <= {"0", "1"}]
        hint = f" ({', '.join(marks)} mark several labels a text, which are not supported yet: take one)"
        raise PyriteError(
            f"{path}: which column has the texts, which the labels? Name them with --text and --label; there are "
            f"{listed}{hint if len(marks) > 1 else ''}"
        )
    for name in (text, label):
        if not name:
            raise PyriteError(
                f"{path}: a column has no name (there are {named}): mend row 1, or take out what is above it"
            )
        if "{" in name or "}" in name:
            raise PyriteError(f"{path}: column '{name}' has a brace in its name: mend the header")
    return text, label


def doubts(rows: Sequence[Row], text: str, label: str | None) -> list[str]:
    """What may not be meant in the first rows of a file with these columns, a sentence each.

    Raises:
        PyriteError: the header looks like a text and its label: the file may have none.
    """
    path, notes = rows[0].path, []
    usual = (text.casefold(), str(label).casefold()) == ("text", "label")
    has_header = formats.has_header(path)
    signs = [
        has_header and texts.length(text) >= LONG_HEADER,
        has_header and not usual and any(label and row.fields.get(label) == label for row in rows),
    ]
    named = ", ".join(f"'{name[:SHOWN]}'" for name in (text, label) if name)
    taken = f"row 1 ({named}) is taken for the names of the columns"
    if all(signs):
        raise PyriteError(f"{path}: {taken} but looks like a text and its label: {HEADER}")
    if any(signs):
        notes.append(f"{taken}: if it is a row, {HEADER}")
    written = [inner for row in rows if (inner := fields.inner_field(row, text))]
    if 2 * len(written) > len(rows):
        notes.append(written[0])
    if several := sum(_first_of_several(row, label) for row in rows if label):
        notes.append(f"in {several:,} of the first {len(rows):,} rows '{label}' is the first of several that differ")
    for name in rows[0].fields:
        values = {_shown(row, name) for row in rows} if name != label else set()
        if len(values) > 1 and all(map(shards.side, values)):
            notes.append(
                f"'{name}' names sides ({', '.join(sorted(values))}) and is not read: rows keep their sides where "
                "each side is a file named for it"
            )
    return [f"{path}: {note}" for note in notes]


def _first_of_several(row: Row, name: str) -> bool:
    """Whether a name with the place 0 in it is that of one value among others."""
    steps, value = name.split("."), fields.get(row, name)
    others = [".".join([*steps[:n], "1", *steps[n + 1 :]]) for n, step in enumerate(steps) if step == "0"]
    return value is not None and any(fields.get(row, other) not in (None, value) for other in others)


def _guess(rows: Sequence[Row], columns: Sequence[str]) -> tuple[str | None, str | None]:
    """Columns called text and label, or of two columns the one whose values repeat and the other."""
    called = _usual(columns)
    if len(called) == 2:
        return called["text"], called["label"]
    if len(columns) == 2:
        values = {name: {_shown(row, name) for row in rows} for name in columns}
        fewest, most = sorted(columns, key=lambda name: len(values[name]))
        # Labels repeat, texts do not; numbers are no texts.
        if 2 * len(values[fewest]) <= len(values[most]) and not all(map(str.isdecimal, values[most])):
            return most, fewest
    return None, None


def _usual(columns: Sequence[str]) -> dict[str, str]:
    """Of the columns that are called text and label, the names as they are written; an exact one counts."""
    return {name.casefold(): name for name in sorted(columns, key=str.islower) if name.casefold() in ("text", "label")}


def _shown(row: Row, name: str) -> str:
    return str(fields.get(row, name))
