"""A picture that small weights would not help stays as it was."""

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.imaging.formats.files import Levels
from deblurkit.imaging.quality import blurriness, complaint, squares
from deblurkit.restoring.chain import Restore

SHARP = 0.45  # of the blur metric; sharp photographs have 0.2 to 0.4, shaken ones more than 0.5


class Guard:
    """Answers with the picture it was given, and why, ``kept``, where a restoration harms it.

    A picture that is sharp already is not restored at all. It comes after tiles: whole pictures
    are compared.

    Args:
        restore: What restores.
    """

    def __init__(self, restore: Restore) -> None:
        self.restore = restore

    def __call__(self, batch: BlurredBatch) -> Restoration:
        """Restore a picture, or keep it."""
        blurred = batch["blurred"]
        if (sharp := sharpness(blurred[0])) is not None:
            return {"restored": blurred, "kept": sharp}
        restoration = self.restore(batch)
        worse = complaint(blurred[0], restoration["restored"][0])
        if worse is None:
            return restoration
        return {"restored": blurred, "kept": f"restored, {worse}"}


def sharpness(blurred: Levels) -> str | None:
    """That a picture (3, H, W) is sharp already, as a clause, or None."""
    blur = blurriness(squares(blurred).mean(1))
    return f"it is sharp already (blur {blur:.2f} of 1)" if blur < SHARP else None
