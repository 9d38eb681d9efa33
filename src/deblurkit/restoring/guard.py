"""A picture that small weights would not help stays as it was."""

from typing import Any, cast

from deblurkit.imaging.formats.files import Levels
from deblurkit.imaging.quality import blurriness, complaint, squares
from deblurkit.methods.frame.base import RestorationMethod

SHARP = 0.45  # of the blur metric; sharp photographs have 0.2 to 0.4, shaken ones more than 0.5


def keep_if_worse(method: RestorationMethod) -> None:
    """Make a method answer with the picture it was given, and why, ``kept``, where it harms it.

    A picture that is sharp already is not restored at all. It wraps the method's ``restoration``,
    as tiles do, and comes after them: whole pictures are compared.
    """
    whole = cast("Any", method).restoration

    def restoration(batch: Any) -> Any:
        blurred = batch["blurred"]
        if (sharp := sharpness(blurred[0])) is not None:
            return {"restored": blurred, "kept": sharp}
        found = whole(batch)
        worse = complaint(blurred[0], found["restored"][0])
        return found if worse is None else {"restored": blurred, "kept": f"restored, {worse}"}

    cast("Any", method).restoration = restoration


def sharpness(blurred: Levels) -> str | None:
    """That a picture (3, H, W) is sharp already, as a clause, or None."""
    blur = blurriness(squares(blurred).mean(1))
    return f"it is sharp already (blur {blur:.2f} of 1)" if blur < SHARP else None
