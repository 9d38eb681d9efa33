"""The one kind of error that is the user's to mend.

Its message is one sentence that says what is wrong and what to do. Commands print it without a
traceback; everything else that escapes is a defect of ours and keeps its traceback in the log.
"""


class InputError(ValueError):
    """Something that was given cannot be used; the message says what to do about it."""


class PictureError(InputError):
    """A picture file cannot be read or written; the message names the file and the reason."""
