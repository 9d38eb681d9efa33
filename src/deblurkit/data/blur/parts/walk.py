"""Many random walks side by side, a step of all of them at a time."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

STRETCH = 64  # steps that are prepared at once, so that they stay in the processor's cache


class Turn(NamedTuple):
    """A sudden turn: the velocity, multiplied by a complex number, is added to itself.

    Attributes:
        walker: Who turns.
        cos: Real part of the factor.
        sin: Its imaginary part.
    """

    walker: int
    cos: float
    sin: float


class Walkers(NamedTuple):
    """What belongs to each walker, all of one precision.

    Attributes:
        velocity: Before the first step, in steps.
        tremor: Factor of the pushes.
        pull: Share of the way back to the start that is added to each step.
        columns: Where a walker's pushes stand.
        steps: How many of them are wanted, from most to least.
        scale: What a position is multiplied by in the end.
    """

    velocity: Float[ndarray, "2 walkers"]
    tremor: Float[ndarray, " walkers"]
    pull: Float[ndarray, " walkers"]
    columns: Int[ndarray, " walkers"]
    steps: Int[ndarray, " walkers"]
    scale: Float[ndarray, " walkers"]


def walked(
    walkers: Walkers,
    push: Float[ndarray, "steps 2 all"],
    turns: Mapping[int, Sequence[Turn]],
    *,
    out: Float[ndarray, "moments 2 walkers"],
) -> None:
    """Take steps of the length 1; the direction of each is that of the last one, changed.

    NumPy and not torch: the numbers of a step are few, so that calling takes most of the time.

    Args:
        walkers: They begin at the origin.
        push: Added to the velocity, before ``tremor``.
        turns: By step, where there are any.
        out: Takes the position before each step and after the last one, scaled; what stands there
            after a walker's own last step stays.
    """
    longest, kind = int(walkers.steps[0]), walkers.velocity.dtype
    velocity, position = walkers.velocity, np.zeros_like(walkers.velocity)
    out[0] = 0
    for start in range(0, longest, STRETCH):
        end = min(start + STRETCH, longest)
        active = int((walkers.steps > start).sum())
        pushes = np.take(push[start:end], walkers.columns[:active], axis=2).astype(kind, copy=False)
        pushes *= walkers.tremor[:active]
        velocity, position = velocity[:, :active].copy(), position[:, :active].copy()
        changing = [turns.get(moment, ()) for moment in range(start, end)]
        positions = _stretch(velocity, position, pushes, pull=walkers.pull[:active], turns=changing)
        np.multiply(positions, walkers.scale[:active], out[start + 1 : end + 1, :, :active])
        position = positions[-1]


def _stretch(
    velocity: ndarray,
    position: ndarray,
    pushes: ndarray,
    *,
    pull: ndarray,
    turns: Sequence[Sequence[Turn]],
) -> ndarray:
    """Positions after each step; ``velocity`` becomes that of the last one."""
    positions, change, square = np.empty_like(pushes), np.empty_like(velocity), velocity.copy()
    norm, count = np.empty_like(pull), len(pull)
    # Flat arrays of equal length: a call with any other takes three times as long.
    flat_change, flat_square, flat_velocity = change.ravel(), square.ravel(), velocity.ravel()
    (horizontal, vertical), (across, down), (right, low) = change, square, velocity
    flat_pull, last = np.tile(pull, 2), position.ravel()
    rows = (values.reshape(len(pushes), -1) for values in (pushes, positions))
    for push, after, turning in zip(*rows, turns, strict=True):
        np.multiply(flat_pull, last, flat_change)
        np.subtract(push, flat_change, flat_change)
        for walker, cos, sin in turning:
            if walker < count:  # the others have arrived
                horizontal[walker] += cos * right[walker] - sin * low[walker]
                vertical[walker] += cos * low[walker] + sin * right[walker]
        np.add(flat_change, flat_velocity, flat_change)
        np.multiply(flat_change, flat_change, flat_square)
        np.add(across, down, norm)
        np.sqrt(norm, norm)
        np.divide(horizontal, norm, right)
        np.divide(vertical, norm, low)
        np.add(last, flat_velocity, after)
        last = after
    return positions
