"""Blur of a batch: ours against SciPy per picture and channel, in one run, on one core."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from scipy.signal import fftconvolve
from torch import Tensor

from deblurkit.imaging.blur.convolution import blur, with_border

BATCH, CHANNELS, SIDE, ROUNDS = 16, 3, 256, 15


def plane_by_plane(pictures: Tensor, kernels: Tensor) -> Tensor:
    """SciPy, the same values as ours: the border is laid around and cut off again."""
    border = kernels.shape[-1] // 2
    planes = with_border(pictures, border).numpy()
    weights = kernels[:, 0].numpy()
    blurred = [
        [fftconvolve(plane, weight, "valid") for plane in picture]
        for picture, weight in zip(planes, weights, strict=True)
    ]
    return torch.from_numpy(np.array(blurred))


def same_size(pictures: Tensor, kernels: Tensor) -> None:
    """SciPy with zeros beyond the border: the plain call."""
    for picture, kernel in zip(pictures.numpy(), kernels[:, 0].numpy(), strict=True):
        for plane in picture:
            fftconvolve(plane, kernel, "same")


def as_published(pictures: Tensor, kernels: Tensor) -> None:
    """SciPy as in the published generator: in float64, the kernel padded to the picture."""
    margin = SIDE - kernels.shape[-1]
    for picture, kernel in zip(pictures.numpy(), kernels[:, 0].numpy(), strict=True):
        wide = np.pad(kernel, (margin // 2, margin - margin // 2)).astype(np.float64)
        for plane in picture:
            fftconvolve(plane, wide, "same")


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(BATCH, CHANNELS, SIDE, SIDE, generator=generator)
    print(f"{'side':>4} {'ours ms':>8} {'to same':>8} {'to published':>13} {'difference':>11}")
    for size in (15, 31, 63):
        kernels = torch.rand(BATCH, 1, size, size, generator=generator)
        kernels /= kernels.sum(dim=(-1, -2), keepdim=True)
        gap = float((blur(pictures, kernels) - plane_by_plane(pictures, kernels)).abs().max())
        works = [
            lambda kernels=kernels: blur(pictures, kernels),
            lambda kernels=kernels: same_size(pictures, kernels),
            lambda kernels=kernels: as_published(pictures, kernels),
        ]
        rounds = [[seconds(work) for work in works] for _ in range(ROUNDS)]
        ours = 1000 * median(times[0] for times in rounds)
        same, published = (median(t[i] / t[0] for t in rounds) for i in (1, 2))
        print(f"{size:4} {ours:8.1f} {same:8.2f} {published:13.2f} {gap:11.1e}")


if __name__ == "__main__":
    main()
