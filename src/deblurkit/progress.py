"""How far a long computation is, told to whoever listens.

What restores a picture says so without knowing who shows it; where nobody listens it costs a look
at one variable.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int | None], None]  # what is counted, how many, of how many

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Tell a listener of all steps that are made inside.

    >>> with told_to(lambda what, done, count: print(what, done, count)):
    ...     moved("scales", 2, 3)
    scales 2 3

    Args:
        listener: Takes what is counted, how many are done, and of how many, if that is known.
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def moved(what: str, done: int, count: int | None = None) -> None:
    """Say that so many steps are done.

    Args:
        what: Is counted, plural: tiles, scales, iterations.
        done: How many.
        count: Of how many; None where nobody knows.
    """
    if (listener := _LISTENER.get()) is not None:
        listener(what, done, count)


def steps(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The same items, and after each a word on how far they are.

    >>> with told_to(lambda what, done, count: print(what, done, count)):
    ...     list(steps("ab", "letters"))
    letters 1 2
    letters 2 2
    ['a', 'b']

    Args:
        items: Whatever is gone through.
        what: They are, plural.
    """
    count = len(items) if isinstance(items, Sized) else None
    for done, item in enumerate(items, start=1):
        yield item
        moved(what, done, count)
