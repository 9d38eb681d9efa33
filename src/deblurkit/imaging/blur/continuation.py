"""How a blurred picture goes on beyond its borders, if a Wiener filter is to explain it."""

import torch
from jaxtyping import Bool
from torch import Tensor

from deblurkit.imaging.blur.conjugate_gradients import conjugate_gradients
from deblurkit.imaging.blur.deconvolution import Framed, Powers


def continued(
    start: Framed,
    explained: Powers,
    *,
    inside: Bool[Tensor, "framed_height framed_width"],
    steps: int,
) -> Framed:
    r"""Blurred pictures that agree outside with what restoring and blurring them again gives.

    The filter's least squares over what was seen are those of such a picture over all of the
    frame. Only what lies outside is searched, so that a step costs two transforms and little more.

    >>> start, inside = torch.rand(1, 1, 8, 8), torch.zeros(8, 8, dtype=torch.bool)
    >>> inside[:, :6] = True
    >>> explained = torch.full((8, 5), 0.5)  # the filter halves every frequency
    >>> blurred = continued(start, explained, inside=inside, steps=2)
    >>> torch.equal(blurred[..., :6], start[..., :6])
    True
    >>> torch.allclose(blurred[..., 6:], torch.zeros(2), atol=1e-6)  # half of it is itself
    True

    Args:
        start: Blurred pictures in a frame; what stands outside is where the search begins.
        explained: What filter and kernel together multiply each frequency by, in [0, 1).
        inside: Where the blurred pictures were seen.
        steps: Of conjugate gradients.

    Source: the system of Reeves, "Fast image restoration without boundary artifacts", IEEE Trans.
    Image Processing 2005, by the matrix inversion lemma.
    """
    seen = start * inside
    outside = (~inside).to(start.dtype)
    factors = torch.complex(explained, torch.zeros_like(explained))  # or every product makes them

    def again(pictures: Framed) -> Framed:
        return outside * torch.fft.irfft2(torch.fft.rfft2(pictures) * factors, s=inside.shape)

    beyond = conjugate_gradients(
        lambda pictures: pictures - again(pictures),
        again(seen),
        start=start * outside,
        filtered=lambda residual: residual,
        product=lambda first, second: (first * second).sum(dim=(-2, -1), keepdim=True),
        steps=steps,
    )
    return seen + beyond
