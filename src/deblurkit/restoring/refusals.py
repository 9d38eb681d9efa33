"""A sentence in the place of an error that would stop all other pictures."""

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.restoring.chain import Restore


class Refusals:
    """Answers with a sentence, ``refused``, where a picture cannot be restored.

    Args:
        restore: What restores.
    """

    def __init__(self, restore: Restore) -> None:
        self.restore = restore

    def __call__(self, batch: BlurredBatch) -> Restoration:
        """Restore a picture, or say why not."""
        try:
            return self.restore(batch)
        except InputError as error:
            return {"restored": batch["blurred"], "refused": str(error)}
