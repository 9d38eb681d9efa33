"""A method as the teacher of a network: its answers to whole pictures."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from deblurkit.contracts import BlurredBatch
from deblurkit.errors import InputError, sentence
from deblurkit.imaging.formats.files import as_levels, as_pixels
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.restoring.tiled import AUTO, Tiled


class PictureTeacher:
    """Restores whole pictures with a method; in tiles only where memory does not hold them.

    No guard looks at the answers: what a student is to learn from is the method's own.

    Args:
        method: Makes the method; called at first use.
        overlap: Of tiles that are blended, in pixels.
    """

    def __init__(self, method: Callable[[], RestorationMethod], *, overlap: int = 64) -> None:
        self._make, self.overlap = method, overlap

    @cached_property
    def method(self) -> RestorationMethod:
        """The method, ready to restore."""
        return self._make().eval().requires_grad_(False)

    def key(self) -> str:
        """Hexadecimal digits that change with the weights and with how the method is built."""
        return self._key

    @cached_property
    def _key(self) -> str:
        recipe = self.method.recipe  # of weights, wherever their file lies
        built = settings(self._make) if recipe is None else recipe
        digest = hashlib.sha256(json.dumps(built, sort_keys=True).encode())
        for name, value in sorted(self.method.state_dict().items()):
            digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        return digest.hexdigest()

    def __call__(self, blurred: NDArray[np.uint8], name: str) -> NDArray[np.uint16]:
        """Restore one picture.

        Args:
            blurred: (height, width, 3), RGB, 8 bits.
            name: For messages.

        Returns:
            The restored picture with 16 bits, of the same size.

        Raises:
            InputError: If the method refuses the picture, fails on it, or answers with another
                size or with values that are not finite.
        """
        levels = as_levels(blurred.astype(np.uint16) * 257)  # 255 * 257 = 65535
        batch: BlurredBatch = {"blurred": levels[None], "name": [name]}
        restore = Tiled(
            self.method.restoration, method=self.method, tile=AUTO, overlap=self.overlap
        )
        try:
            with torch.no_grad():
                restored = restore(batch)["restored"]
            answer = as_pixels(restored[0], bits=16).astype(np.uint16, copy=False)
        except Exception as error:  # whatever happens in somebody's method
            raise self._refusal(name, sentence(error)) from error
        if answer.shape != blurred.shape:
            raise self._refusal(name, f"its answer has the shape {answer.shape}")
        return answer

    def _refusal(self, name: str, reason: str) -> InputError:
        return InputError(
            f"the teacher {type(self.method).__name__} has no answer to {name}: {reason}; choose "
            "another teacher=, or take this picture out of the folder"
        )


def settings(value: Any) -> Any:
    """What tells an object from others of its kind, as plain values: its type and its numbers."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): settings(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [settings(inner) for inner in value]
    if isinstance(value, partial):
        return [settings(value.func), settings(value.args), settings(value.keywords)]
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    public = {name: inner for name, inner in vars(value).items() if not name.startswith("_")}
    return [settings(type(value)), settings(public)]
