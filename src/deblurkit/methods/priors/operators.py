"""What a picture went through before it was observed, where that is known."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import BlurredBatch, Images
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.imaging.blur.deconvolution import known_kernels

Latent = Float[Tensor, "batch channels latent_height latent_width"]


class Operator(ABC):
    """Makes the observed picture of a latent one; differentiable in it.

    Attributes:
        takes: Optional keys of a batch that say what happened.

    >>> isinstance(Convolution(), Operator), Convolution.takes
    (True, frozenset({'kernel'}))
    """

    takes: frozenset[str] = frozenset()

    @abstractmethod
    def known(self, batch: BlurredBatch, position: int) -> Tensor:
        """What the batch knows of one picture's degradation.

        Raises:
            InputError: If it is not there or does not fit the picture.
        """

    @abstractmethod
    def target(self, blurred: Images, known: Tensor) -> Images:
        """The observed picture, as far as it was observed."""

    @abstractmethod
    def margin(self, known: Tensor) -> int:
        """How much larger the latent picture is than the observed one, even, pixels per axis."""

    @abstractmethod
    def __call__(self, latent: Latent, known: Tensor) -> Images:
        """The picture as it would have been observed."""


class Identity(Operator):
    """Nothing happened to the picture but noise: denoising.

    >>> picture = torch.rand(1, 3, 8, 8)
    >>> Identity()(picture, torch.empty(0)).equal(picture)
    True
    """

    def known(self, batch: BlurredBatch, position: int) -> Tensor:
        """Nothing."""
        return torch.empty(0)

    def target(self, blurred: Images, known: Tensor) -> Images:
        """All of the picture."""
        return blurred

    def margin(self, known: Tensor) -> int:
        """None."""
        return 0

    def __call__(self, latent: Latent, known: Tensor) -> Images:
        """The picture itself."""
        return latent


class Convolution(Operator):
    """The picture was blurred by a known kernel: deconvolution.

    What lies beyond the borders is part of the latent picture, so nothing is assumed of it.

    >>> kernel = torch.full((1, 1, 5, 5), 1 / 25)
    >>> Convolution().margin(kernel), Convolution()(torch.rand(1, 3, 12, 12), kernel).shape
    (4, torch.Size([1, 3, 8, 8]))
    """

    takes = frozenset({"kernel"})

    def known(self, batch: BlurredBatch, position: int) -> Tensor:
        """Its kernel, (1, 1, size, size)."""
        return known_kernels(batch, method="DIP")[position][None]

    def target(self, blurred: Images, known: Tensor) -> Images:
        """All of the picture."""
        return blurred

    def margin(self, known: Tensor) -> int:
        """One pixel less than the kernel's side."""
        return int(known.shape[-1]) - 1

    def __call__(self, latent: Latent, known: Tensor) -> Images:
        """Convolve where the kernel lies inside the latent picture."""
        with torch.autocast(latent.device.type, enabled=False):
            return convolved_inside(latent.to(known.dtype), known)


class Mask(Operator):
    """Some pixels were lost: inpainting.

    >>> mask = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    >>> Mask()(torch.ones(1, 3, 2, 2), mask)[0, 0]
    tensor([[1., 0.],
            [0., 1.]])
    """

    takes = frozenset({"mask"})

    def known(self, batch: BlurredBatch, position: int) -> Tensor:
        """Its mask, (1, 1, height, width): 1 where a pixel is known, 0 where it is lost."""
        mask = batch.get("mask")
        blurred = batch["blurred"]
        if mask is None:
            raise InputError(
                "inpainting needs to know which pixels are lost: give a mask of the picture's "
                "size, as in restore(picture, mask=mask), 1 where a pixel is known"
            )
        if mask.shape != (len(blurred), 1, *blurred.shape[-2:]):
            raise InputError(
                f"a mask has the shape {(len(blurred), 1, *blurred.shape[-2:])} of its pictures, "
                f"got {tuple(mask.shape)}"
            )
        return mask[position][None].to(blurred)

    def target(self, blurred: Images, known: Tensor) -> Images:
        """Black where pixels are lost, whatever is there."""
        return blurred * known

    def margin(self, known: Tensor) -> int:
        """None."""
        return 0

    def __call__(self, latent: Latent, known: Tensor) -> Images:
        """Black where pixels are lost."""
        return latent * known
