"""The errors a user sees."""


class PyriteError(Exception):
    """Something the user can mend, said in one line: what is wrong, where, and what to do.

    The command line prints the line and exits with 1; a traceback is never shown for it.
    """


class Stopped(PyriteError):  # noqa: N818 - the user's wish, no mistake
    """The user stopped the work, and this is what became of it. The command line exits with 130."""
