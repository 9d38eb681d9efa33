"""A plain port of the published trajectory and kernel generator, sample by sample in float64.

It serves as the peer of ``kernels.py`` and of the tests, in the manner of the published code:
NumPy numbers in Python loops. Written from the description of the algorithm.

Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, and the authors' motion_blur.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Draws(NamedTuple):
    """The random numbers of one trajectory, in the order of their use."""

    anxiety: float
    pull: float
    jerk: float
    tremor: float
    heading: float
    chance: NDArray[np.float64]  # (steps,)
    turn: NDArray[np.float64]  # (steps,)
    push: NDArray[np.float64]  # (steps, 2)


def trajectory(draws: Draws, *, length: float) -> NDArray[np.complex128]:
    """Walk one path, from the origin; real part: column, imaginary part: row, in pixels."""
    steps = len(draws.chance)
    step = length / steps
    centripetal, big_shake, gaussian = 0.7 * draws.pull, 0.2 * draws.jerk, 10 * draws.tremor
    angle = 2 * math.pi * draws.heading
    velocity = (draws.anxiety or step) * complex(math.cos(angle), math.sin(angle))
    path = np.zeros(steps + 1, dtype=np.complex128)
    for t in range(steps):
        if draws.chance[t] < big_shake * draws.anxiety:
            jump = 2 * velocity * np.exp(1j * (np.pi + (draws.turn[t] - 0.5)))
        else:
            jump = 0
        random_push = gaussian * (draws.push[t, 0] + 1j * draws.push[t, 1])
        change = jump + draws.anxiety * (random_push - centripetal * path[t]) * step
        velocity = velocity + change
        velocity = velocity / np.abs(velocity) * step
        path[t + 1] = path[t] + velocity
    return path


def placed(path: NDArray[np.complex128], *, canvas: int) -> NDArray[np.complex128]:
    """Put the path's bounding box into the middle of the canvas, by whole pixels."""
    path = path - complex(path.real.min(), path.imag.min())
    path = path - complex(path[0].real % 1.0, path[0].imag % 1.0) + complex(1, 1)
    across = math.ceil((canvas - path.real.max()) / 2)
    down = math.ceil((canvas - path.imag.max()) / 2)
    return path + complex(across, down)


def kernels(
    path: NDArray[np.complex128], *, canvas: int, fractions: list[float]
) -> list[NDArray[np.float64]]:
    """Expose a placed path up to each fraction, on one canvas that is never emptied."""
    samples = len(path)
    canvas_sum = np.zeros((canvas, canvas))
    exposures = []
    for number, fraction in enumerate(fractions):
        begin = fractions[number - 1] if number else 0.0
        for t in range(samples):
            overlap = max(0.0, min(t, fraction * samples) - max(t - 1, begin * samples))
            column, row = path[t].real, path[t].imag
            left, top = int(np.floor(column)), int(np.floor(row))
            for y in (top, top + 1):
                for x in (left, left + 1):
                    if 0 <= x < canvas and 0 <= y < canvas:
                        canvas_sum[y, x] += overlap * triangle(column - x) * triangle(row - y)
        exposures.append(canvas_sum / samples)
    return exposures


def triangle(distance: float) -> float:
    """Weigh a neighbouring pixel."""
    return np.maximum(0, 1 - np.abs(distance))
