"""Any method of this library as a guide for others that restore luminance."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import BlurredBatch
from deblurkit.errors import InputError, sentence
from deblurkit.imaging.colour import luminance
from deblurkit.methods.frame.base import RestorationMethod

Plane = Float[Tensor, "batch 1 height width"]  # luminance in [0, 1]


class Teacher(nn.Module):
    """Shows luminance to a method as gray pictures and hands back the luminance of its answer.

    The method restores as it always does, through ``restoration``: at any size, and differentiable
    where it is itself. Meant to be put into `deblurkit.losses.frozen.Frozen`, which sets it to
    evaluation and takes its parameters' gradients away.

    >>> from deblurkit.methods.unsharp import UnsharpMask
    >>> teacher = Teacher(lambda: UnsharpMask(amount=0.5, sigma=1.0))
    >>> teacher(torch.rand(1, 1, 8, 8)).shape
    torch.Size([1, 1, 8, 8])

    Args:
        method: Makes the method; in the YAML a node with ``_partial_: true``, such as
            ``deblurkit.checkpoint.teacher`` with the ``weights`` of a run, or the class of a
            method that needs no training and no kernel.

    Source: Chi, "Weakly-supervising the Deep Priors for Blind Deconvolution", project proposal,
    University of Toronto, eq. 4.
    """

    def __init__(self, method: Callable[[], RestorationMethod]) -> None:
        super().__init__()
        self.method = method()

    def forward(self, blurred: Plane, *, kernel_size: int = 0) -> Plane:
        """Restore; gradients flow to the pictures where the method is differentiable.

        Args:
            blurred: Pictures of one size.
            kernel_size: Extent of their blur in pixels, for methods that take it; 0 where it is
                not known.

        Raises:
            InputError: If the method refuses the pictures or fails on them, answers with another
                size or with values that are not finite, or breaks off the gradient.
        """
        names = [f"picture {number}" for number in range(len(blurred))]
        batch: BlurredBatch = {"blurred": blurred.expand(-1, 3, -1, -1), "name": names}
        if kernel_size and "kernel_size" in self.method.takes:
            batch["kernel_size"] = [kernel_size] * len(blurred)
        try:
            answer = self.method.restoration(batch)["restored"]
        except Exception as error:  # whatever happens in somebody's method
            raise self._refusal(blurred, sentence(error)) from error
        if answer.shape != batch["blurred"].shape:
            raise self._refusal(blurred, f"its answer has the shape {tuple(answer.shape)}")
        restored = luminance(answer.to(blurred.dtype))
        if not bool(restored.isfinite().all()):
            raise self._refusal(blurred, "its answer is not finite")
        if torch.is_grad_enabled() and blurred.requires_grad and not restored.requires_grad:
            raise self._refusal(blurred, "its answer has no gradient, which this term needs")
        return restored

    def _refusal(self, blurred: Tensor, reason: str) -> InputError:
        return InputError(
            f"the teacher {type(self.method).__name__} cannot guide pictures of "
            f"{tuple(blurred.shape[-2:])}: {reason}; choose another model.teacher, or give the "
            "terms that ask it the weight 0"
        )
