"""Locks on files and folders, which end with the process that holds them: a killed one holds nothing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def lock(descriptor: int, *, exclusive: bool, wait: bool = False) -> bool:
    """Lock an open file, or turn its lock into another; False where other processes don't allow it, and on Windows."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file or folder alone for as long; False where another process does."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield lock(descriptor, exclusive=True)
    finally:
        os.close(descriptor)
