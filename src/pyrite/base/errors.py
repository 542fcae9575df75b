"""The errors a user sees."""


class PyriteError(Exception):
    """Something the user can mend, said in one line: what is wrong, where, and what to do.

    The command line prints the line and exits with 1; a traceback is never shown for it. Words of others in it, such as
    a label or a key, can't break the line or speak to the terminal.
    """

    def __init__(self, line: str) -> None:
        super().__init__("".join(" " if sign.isspace() else sign if sign.isprintable() else "�" for sign in line))


class Stopped(PyriteError):  # noqa: N818 - the user's wish, no mistake
    """The user stopped the work, and this is what became of it. The command line exits with 130."""
