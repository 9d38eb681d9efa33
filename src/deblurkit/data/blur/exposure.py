"""Exposures as they happen: a moving camera before moving things, added up pose by pose."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.data.blur.moving import elliptic_distance, soft_inside
from deblurkit.data.blur.parts.family import Interval, check_side, choice, interval, uniform
from deblurkit.data.blur.parts.motion import (
    Displacement,
    Path,
    arms,
    bent_path,
    moved,
    relief,
    turned,
)
from deblurkit.errors import InputError

DEPTH_NODES = 4  # along each side, of the map of what is near
SHAPE_NODES = 7  # likewise, of the map that makes an object's outline uneven
UNEVEN = 0.5  # how uneven, as share of the half-axes


class Thing(NamedTuple):
    """An object that moves by itself.

    Attributes:
        mask: 1 on the object, 0 elsewhere, soft at its rim.
        path: Its own, beside the camera's.
    """

    mask: Float[Tensor, "1 1 height width"]
    path: Path


class Camera(NamedTuple):
    """How the camera moves.

    Attributes:
        path: Of the picture, for what lies at medium distance.
        depth: How much farther what is near moves than that, as share; negative for what is far.
        across: Distance of each column from the pivot around which it rolls and zooms, in pixels.
        down: Likewise of each row.
        roll: Whole angle, in radians.
        zoom: Whole change of size, as share.
    """

    path: Path
    depth: Float[Tensor, "height width"]
    across: Float[Tensor, " width"]
    down: Float[Tensor, " height"]
    roll: float
    zoom: float

    def displacement(self, pose: int) -> Displacement:
        """Of every pixel at a pose."""
        displacement = self._turned(pose, self.across, self.down)
        column, row = self.path.positions[pose].tolist()
        displacement[..., 0].add_(self.depth, alpha=column).add_(column)
        displacement[..., 1].add_(self.depth, alpha=row).add_(row)
        return displacement

    def farthest(self, pose: int) -> float:
        """A bound of all displacements at a pose along either axis; corners turn farthest."""
        ends = [0, -1]
        corners = self._turned(pose, self.across[ends], self.down[ends])
        shift = self.path.positions[pose].abs() * (1 + float(self.depth.abs().max()))
        return float(corners.abs().max()) + float(shift.max())

    def _turned(self, pose: int, across: Tensor, down: Tensor) -> Displacement:
        progress = float(self.path.progress[pose])
        return turned(across, down, angle=progress * self.roll, scale=1 + progress * self.zoom)


class SimulatedExposure:
    """The mean of the views of some poses: camera and objects move from one to the next.

    Unlike a field of kernels it has edges where a moving thing covers and uncovers what is behind
    it. The middle view is the sharp picture itself, so that the pair is aligned. An object is a
    part of the picture: behind it, the picture goes on.

    Args:
        size: Odd side of the square around a pixel from which its light may come, in pixels; all
            motion is shrunk where it would leave it.
        poses: Smallest and largest number of views, both odd.
        shift: Interval of the length of the camera's path, in pixels.
        roll: Interval of the angle around the viewing axis, in degrees.
        zoom: Interval of the change of size, as share.
        parallax: Interval of how much farther near things move than those at medium distance, as
            share of the shift.
        objects: Smallest and largest number of objects that move by themselves.
        motion: Interval of the length of an object's own path, in pixels.
        extent: Interval of an object's half-axes, as share of the picture's sides.
        softness: Width of an object's rim, as share of its half-axes.

    Raises:
        InputError: If a number is out of range.
    """

    def __init__(
        self,
        *,
        size: int,
        poses: Sequence[int],
        shift: Interval,
        roll: Interval,
        zoom: Interval,
        parallax: Interval,
        objects: Sequence[int],
        motion: Interval,
        extent: Interval,
        softness: float,
    ) -> None:
        views = _whole("poses", poses, least=3)
        if views[0] % 2 == 0 or views[-1] % 2 == 0:
            raise InputError(f"poses must be odd, so that there is a middle one, got {[*poses]}.")
        self.poses, self.objects = views[::2], _whole("objects", objects, least=0)
        if softness <= 0:
            raise InputError(f"softness must be positive, got {softness}.")
        self.size, self.softness = check_side(size), softness
        self.shift = interval("shift", shift, least=0.0, most=10.0 * size)
        self.roll = interval("roll", roll, least=0.0, most=180.0)
        self.zoom = interval("zoom", zoom, least=0.0, most=1.0)
        self.parallax = interval("parallax", parallax, least=0.0, most=1.0)
        self.motion = interval("motion", motion, least=0.0, most=10.0 * size)
        self.extent = interval("extent", extent, least=1e-3, most=10.0)

    def expose(self, light: Images, generator: torch.Generator) -> tuple[Images, dict[str, float]]:
        """Expose one picture.

        Args:
            light: A batch of one, of any range: light, or encoded values where these are added.
            generator: On the CPU; all numbers are drawn from it.

        Returns:
            The mean of the views, and what was drawn: ``poses``, ``shift`` and ``parallax`` of the
            camera's path, ``roll`` in degrees, ``zoom``, ``objects``, and ``shrink``, the share of
            the motion that the square has room for.
        """
        height, width = light.shape[-2:]
        poses = int(choice(self.poses, 1, generator))
        camera, parameters = self._camera(height, width, poses, generator)
        count = int(choice(self.objects, 1, generator))
        things = [self._thing(height, width, poses, generator) for _ in range(count)]
        shrink = self._shrink(camera, things)
        total = torch.zeros_like(light)
        layers = [(torch.cat([light, mask.to(light)], dim=1), path) for mask, path in things]
        for pose in range(poses):
            displacement = camera.displacement(pose).mul_(shrink)
            view = moved(light, displacement)
            for layer, path in layers:
                own = shrink * path.positions[pose].to(displacement)
                shown = moved(layer, displacement + own)
                view = torch.lerp(view, shown[:, :-1], shown[:, -1:])
            total += view
        numbers = {"poses": float(poses), "objects": float(count), "shrink": shrink}
        return total / poses, parameters | numbers

    def _camera(
        self, height: int, width: int, poses: int, generator: torch.Generator
    ) -> tuple[Camera, dict[str, float]]:
        drawn = {
            name: float(uniform(ends, 1, generator))
            for name, ends in (
                ("shift", self.shift),
                ("roll", self.roll),
                ("zoom", self.zoom),
                ("parallax", self.parallax),
            )
        }
        signs = choice((-1.0, 1.0), 2, generator)
        sides = torch.tensor([width, height], dtype=torch.float64)
        pivot = sides * uniform((-0.5, 1.5), 2, generator)  # a crop is a part of a picture
        across, down = arms(height, width, pivot=pivot)
        camera = Camera(
            path=bent_path(poses, length=drawn["shift"], generator=generator),
            depth=drawn["parallax"] * relief(height, width, nodes=DEPTH_NODES, generator=generator),
            across=across,
            down=down,
            roll=math.radians(float(signs[0]) * drawn["roll"]),
            zoom=float(signs[1]) * drawn["zoom"],
        )
        return camera, drawn

    def _thing(self, height: int, width: int, poses: int, generator: torch.Generator) -> Thing:
        place = uniform((0.0, 1.0), 2, generator)
        axes = uniform(self.extent, 2, generator)
        length = float(uniform(self.motion, 1, generator))
        distance = elliptic_distance(height, width, centre=place, axes=axes)
        distance += UNEVEN * relief(height, width, nodes=SHAPE_NODES, generator=generator)
        path = bent_path(poses, length=length, generator=generator)
        return Thing(soft_inside(distance, softness=self.softness), path)

    def _shrink(self, camera: Camera, things: list[Thing]) -> float:
        """Share of the motion that stays within ``size``."""
        farthest = 0.0
        for pose in range(len(camera.path.progress)):
            own = [float(path.positions[pose].abs().max()) for _, path in things]
            farthest = max(farthest, camera.farthest(pose) + max(own, default=0.0))
        return min(1.0, (self.size // 2) / max(farthest, 1e-9))


def _whole(name: str, ends: Sequence[int], *, least: int) -> range:
    """All whole numbers between two ends.

    Raises:
        InputError: If they are not ordered, or too small.
    """
    if len(ends) != 2 or not least <= ends[0] <= ends[1]:
        raise InputError(f"{name} must be two ordered numbers from {least} on, got {[*ends]}.")
    return range(ends[0], ends[1] + 1)
