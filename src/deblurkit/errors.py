"""The one kind of error that is the user's to mend, and what any error says in one line.

Its message is one sentence that says what is wrong and what to do. Commands print it without a
traceback; everything else that escapes is a defect of ours and keeps its traceback in the log.
"""

import re
from collections.abc import Mapping


class InputError(ValueError):
    """Something that was given cannot be used; the message says what to do about it."""


class AbsentError(InputError):
    """Nothing of what was asked for is there; what is there may be whole nevertheless."""


class PictureError(InputError):
    """A picture file cannot be read or written; the message names the file and the reason."""


class ArgumentsError(InputError):
    """A class was called without what it needs; the message says how it is built."""


def sentence(error: BaseException) -> str:
    """What an error says, in one line.

    An error of a loader's worker process comes with the whole traceback of that process in its
    message; its own words are at the end.
    """
    name = rf"(?m)^(?:[\w.]+\.)?{type(error).__name__}: "
    return " ".join(re.split(name, str(error))[-1].split())


def described(value: object) -> str:
    """What a value is, in a few words, for a sentence about something that was not expected."""
    kind = f"{type(value).__module__.split('.')[0]}.{type(value).__name__}"
    kind = kind.removeprefix("builtins.")
    if (shape := getattr(value, "shape", None)) is not None:
        return f"a {kind} of shape {tuple(shape)}"
    if isinstance(value, Mapping):
        return f"a {kind} with the keys {sorted(map(str, value))}"
    if isinstance(value, list | tuple):
        return f"a {kind} of {len(value)}"
    return kind
