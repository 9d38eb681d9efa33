"""A sentence in the place of an error that would stop all other pictures."""

from typing import Any, cast

from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod


def report_refusals(method: RestorationMethod) -> None:
    """Make a method answer with a sentence, ``refused``, instead of stopping all other pictures."""
    whole = cast("Any", method).restoration

    def restoration(batch: Any) -> Any:
        try:
            return whole(batch)
        except InputError as error:
            return {"restored": batch["blurred"], "refused": str(error)}

    cast("Any", method).restoration = restoration
