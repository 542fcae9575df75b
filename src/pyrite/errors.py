"""The one error a user sees."""


class PyriteError(Exception):
    """Something the user can mend, said in one line: what is wrong, where, and what to do.

    The command line prints the line and exits with 1; a traceback is never shown for it.
    """
