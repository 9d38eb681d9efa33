"""The one kind of error that is the user's to mend, and what any error says in one line.

Its message is one sentence that says what is wrong and what to do. Commands print it without a
traceback; everything else that escapes is a defect of ours and keeps its traceback in the log.
"""

import re


class InputError(ValueError):
    """Something that was given cannot be used; the message says what to do about it."""


class AbsentError(InputError):
    """Nothing of what was asked for is there; what is there may be whole nevertheless."""


class PictureError(InputError):
    """A picture file cannot be read or written; the message names the file and the reason."""


def sentence(error: BaseException) -> str:
    """What an error says, in one line.

    An error of a loader's worker process comes with the whole traceback of that process in its
    message; its own words are at the end.
    """
    name = rf"(?m)^(?:[\w.]+\.)?{type(error).__name__}: "
    return " ".join(re.split(name, str(error))[-1].split())
