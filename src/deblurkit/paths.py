"""Paths as people write them. Nothing heavy is imported here."""

import os
from pathlib import Path


def expanded(path: str | Path) -> Path:
    """A path with ``~`` at its beginning replaced by the home folder of the user it names.

    A file may be called ``~t.png``: what exists, or names no user, stays as it is.
    """
    if os.path.lexists(path):
        return Path(path)
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user
        return Path(path)
