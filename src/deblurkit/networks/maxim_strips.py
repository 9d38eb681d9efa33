"""Work on features in strips that stay in a processor's cache, where no gradient is asked for.

Channels come last here, so that a linear map of them is one product of contiguous numbers. With
gradients, and while compiling, everything is done at once.
"""

from collections.abc import Callable, Iterator
from math import ceil, pi, sqrt

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

Features = Float[Tensor, "batch height width channels"]
Mapped = Float[Tensor, "batch new_height new_width new_channels"]
Tokens = Float[Tensor, "tokens others channels"]  # what is mixed comes first
# The same pixels, not copied: tokens by rows and columns, then what is not mixed.
Cut = Float[Tensor, "down across batch rows columns channels"]

STRIP = 2**18  # values
SLOPE = 2 * sqrt(2 / pi)  # of GELU's logistic function at zero


def frugal() -> bool:
    """Whether features may be worked on in place and in strips."""
    return not torch.is_grad_enabled() and not torch.compiler.is_compiling()


def gelu(features: Tensor) -> Tensor:
    """The tanh form of GELU; in place where it may be.

    There by the logistic function, since (1 + tanh(z)) / 2 is that of 2 z, and is made faster.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, arXiv:1606.08415, sec. 2.
    """
    if not frugal():
        return functional.gelu(features, approximate="tanh")
    gate = (features * features).mul_(0.044715 * SLOPE).add_(SLOPE).mul_(features).sigmoid_()
    return features.mul_(gate)


def convolved(layer: nn.Module, features: Features) -> Mapped:
    """A convolution of torch on features whose channels come last."""
    answer: Tensor = layer(features.movedim(-1, 1))
    return answer.movedim(1, -1)


def thinned(features: Features, step: int) -> Mapped:
    """One pixel in ``step`` along both axes, half a step in; not copied.

    The sides are divided, not sliced: an exported graph can compare what it divided itself.

    Args:
        features: Of sides divisible by the step.
        step: Pixels.
    """
    for axis in (-3, -2):
        count = features.shape[axis] // step
        features = features.unflatten(axis, (count, step)).select(axis, step // 2)
    return features


def resized(features: Features, size: tuple[int, int]) -> Mapped:
    """Features of another height and width, linearly between pixels; shrunk ones are smoothed.

    Smoothed at least in float32: torch has no kernel for less on a CPU.
    """
    rows = features.shape[1]
    if features.shape[1:3] == size:
        return features
    maps = features.movedim(-1, 1)
    if rows > size[0]:
        wide = maps.to(torch.promote_types(maps.dtype, torch.float32))
        small = functional.interpolate(wide, size, mode="bilinear", antialias=True)
        return small.to(features.dtype).movedim(1, -1)
    return functional.interpolate(maps, size, mode="bilinear").movedim(1, -1)


def pixelwise(work: Callable[..., Tensor], *features: Features) -> Mapped:
    """Do what looks at one pixel at a time.

    Args:
        work: From features of pixels to others of the same pixels.
        *features: Of one height and width.
    """
    if not frugal():
        return work(*features)
    flat = [maps.flatten(0, 2) for maps in features]
    length = max(STRIP // flat[0].shape[-1], 1)
    answer: Tensor | None = None
    for start in range(0, len(flat[0]), length):
        pixels = slice(start, start + length)
        strip = work(*(maps[pixels] for maps in flat))
        if answer is None:
            answer = strip.new_empty(len(flat[0]), strip.shape[-1])
        answer[pixels] = strip
    assert answer is not None
    return answer.unflatten(0, features[0].shape[:3])


def pixelwise_over(work: Callable[..., Tensor], target: Features, *features: Features) -> Features:
    """Do what looks at one pixel at a time, over the features that nobody needs any more.

    Args:
        work: From features of pixels to as many.
        target: Given to the work first; what it held is lost where it may be.
        *features: Of the same height and width.
    """
    if not frugal():
        return work(target, *features)
    target = target.contiguous()
    own, *flat = (maps.flatten(0, 2) for maps in (target, *features))
    length = max(STRIP // own.shape[-1], 1)
    for start in range(0, len(own), length):
        pixels = slice(start, start + length)
        own[pixels] = work(own[pixels], *(maps[pixels] for maps in flat))
    return target


def in_grid(features: Features, *, side: int) -> Cut:
    """As many tokens as a grid of ``side`` x ``side`` cells over the whole picture has."""
    height, width = features.shape[1:3]
    cells = features.unflatten(2, (side, width // side)).unflatten(1, (side, height // side))
    return cells.permute(1, 3, 0, 2, 4, 5)


def in_blocks(features: Features, *, side: int) -> Cut:
    """As many tokens as a block of ``side`` x ``side`` neighbouring pixels has."""
    height, width = features.shape[1:3]
    blocks = features.unflatten(2, (width // side, side)).unflatten(1, (height // side, side))
    return blocks.permute(2, 4, 0, 1, 3, 5)


def add_along(target: Cut, source: Cut, correction: Callable[[Tensor], Tensor]) -> None:
    """Add to one picture's features what is made of the tokens of another's.

    Args:
        target: Changed in place.
        source: Of the same size.
        correction: From tokens to as many; what is not mixed does not look at its neighbours.
    """
    for rows, columns in _strips(source):
        strip = source[:, :, :, rows, columns]
        tokens = correction(strip.flatten(0, 1).flatten(1, -2))
        target[:, :, :, rows, columns].add_(tokens.view(strip.shape))


def mixed(tokens: Tokens, layer: nn.Linear, *, raised: float) -> Tokens:
    """A linear map over the tokens, of all that is not mixed at once.

    Args:
        tokens: In a row in memory.
        layer: Of as many features as there are tokens.
        raised: Added to the result.
    """
    bias = (layer.bias + raised)[:, None]
    return torch.addmm(bias, layer.weight, tokens.flatten(1)).view_as(tokens)


def _strips(cut: Cut) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of what is not mixed, with all tokens of them about ``STRIP`` values."""
    if not frugal():
        yield slice(None), slice(None)
        return
    down, across, batch, rows, columns, channels = cut.shape
    room = max(STRIP // (down * across * batch * channels), 1)
    wide = ceil(columns / ceil(columns / room))
    high = max(room // columns, 1)
    for top in range(0, rows, high):
        for left in range(0, columns, wide):
            yield slice(top, top + high), slice(left, left + wide)
