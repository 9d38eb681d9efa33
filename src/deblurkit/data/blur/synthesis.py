"""Sharp pictures in, blurred pictures out: the whole chain, each draw by its number."""

from collections.abc import Sequence
from copy import copy
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from deblurkit.contracts import Images, Kernels
from deblurkit.data.blur.bank import KernelBank
from deblurkit.data.blur.exposure import SimulatedExposure
from deblurkit.data.blur.parts.camera import (
    highlights,
    jpeg_compressed,
    photon_noise,
    read_noise,
    rounded,
)
from deblurkit.data.blur.parts.family import Interval, KernelFamily, interval, uniform
from deblurkit.data.blur.parts.field import FieldFamily, blur_field
from deblurkit.data.blur.parts.seeding import seeded
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur


class Blurred(NamedTuple):
    """What a synthesis answers.

    Attributes:
        blurred: Pictures in [0, 1], of the sharp ones' size, dtype and device.
        kernel: (batch, 1, size, size) where one kernel holds for a whole picture.
        parameters: Of each picture: all numbers that were drawn for it.
    """

    blurred: Images
    kernel: Kernels | None
    parameters: list[dict[str, float]]


@runtime_checkable
class Synthesis(Protocol):
    """Makes blurred pictures out of sharp ones; equal draws are blurred equally."""

    @property
    def margin(self) -> int:
        """How far from a picture's border its blur may depend on what lies beyond, in pixels."""
        ...

    def __call__(self, sharp: Images, draws: list[int]) -> Blurred:
        """Blur a batch."""
        ...


class BlurSynthesis:
    """Blur, saturate, add noise and compress, each as far as asked for.

    The order is the camera's: light is made linear, bright parts are boosted, blurred, counted
    in photons and clipped; then encoded, given Gaussian noise, compressed and rounded. Everything
    random is a pure function of the seed and the draw, not of the other pictures of the batch.
    Kernels do not depend on the device; the noise's pattern is drawn on the pictures' device and
    differs between kinds of devices.

    Args:
        family: Kernels of uniform blur; one of this and the next two.
        field: Fields of blur that varies over the picture.
        exposure: Views that are added up, where things cover each other.
        seed: Any integer.
        gamma: Exponent from encoded values to linear light (2.2 is usual); none: blur acts on the
            encoded values.
        boost: Interval of the factor on highlights in linear light, at least 1.
        threshold: Linear light from which on highlights are boosted, in [0, 1].
        photons: Interval of the photons at full scale (few are noisy), drawn evenly in the
            logarithm.
        noise: Interval of the standard deviation of Gaussian noise on the encoded picture, in
            intensity units.
        jpeg: Interval of the JPEG quality, in [1, 100].
        rounding: Round to 8 bits, as a stored picture is.
        block: Kernels made at once.

    Raises:
        InputError: If there is not one of a family, a field and an exposure; if an interval is
            out of range; if highlights are boosted without a gamma.
    """

    def __init__(
        self,
        *,
        family: KernelFamily | None = None,
        field: FieldFamily | None = None,
        exposure: SimulatedExposure | None = None,
        seed: int,
        gamma: float | None = None,
        boost: Interval | None = None,
        threshold: float = 0.9,
        photons: Interval | None = None,
        noise: Interval | None = None,
        jpeg: Interval | None = None,
        rounding: bool = False,
        block: int = 512,
    ) -> None:
        kinds: list[KernelFamily | FieldFamily | SimulatedExposure] = [
            kind for kind in (family, field, exposure) if kind is not None
        ]
        if len(kinds) != 1:
            raise InputError(
                "a synthesis needs either a family of kernels, or a field, or an exposure."
            )
        if boost is not None and gamma is None:
            raise InputError("highlights are boosted in linear light: give a gamma, such as 2.2.")
        if gamma is not None and gamma <= 0:
            raise InputError(f"gamma must be positive, got {gamma}.")
        self.bank = None if family is None else KernelBank(family, seed, block=block)
        self.kind = kinds[0]
        self.field, self.exposure = field, exposure
        self.seed, self.gamma = seed, gamma
        self.threshold, self.rounding = threshold, rounding
        self.intervals = {
            name: interval(name, ends, least=least, most=most)
            for name, ends, least, most in (
                ("boost", boost, 1.0, 1e3),
                ("photons", photons, 1.0, 1e6),
                ("noise", noise, 0.0, 1.0),
                ("jpeg", jpeg, 1.0, 100.0),
            )
            if ends is not None
        }

    def reseeded(self, seed: int) -> "BlurSynthesis":
        """The same with another seed."""
        other = copy(self)
        other.seed = seed
        if self.bank is not None:
            other.bank = KernelBank(self.bank.family, seed, block=self.bank.block)
        return other

    @property
    def margin(self) -> int:
        """How far from a picture's border its blur may depend on what lies beyond, in pixels."""
        return self.kind.size // 2

    @torch.no_grad()
    def __call__(self, sharp: Images, draws: list[int]) -> Blurred:
        """Blur a batch.

        Args:
            sharp: Pictures in [0, 1].
            draws: A number from 0 on for each picture; equal numbers are blurred equally.

        Raises:
            InputError: If there is not one draw for each picture.
        """
        if len(draws) != len(sharp):
            raise InputError(f"{len(sharp)} pictures need as many draws, got {len(draws)}.")
        camera = self._camera(draws)
        column = {
            name: torch.tensor([row[name] for row in camera], dtype=sharp.dtype)
            .to(sharp.device)
            .reshape(-1, 1, 1, 1)
            for name in self.intervals
        }
        generators = [seeded("sensor", self.seed, draw, device=sharp.device) for draw in draws]
        light = self._light(sharp, column)
        light, kernel, rows = self._blurred(light, draws)
        if "photons" in column:
            light = photon_noise(light, column["photons"], generators)
        encoded = self._encoded(light.clamp(0, 1))
        if "noise" in column:
            encoded = read_noise(encoded, column["noise"], generators).clamp(0, 1)
        if "jpeg" in column:
            encoded = jpeg_compressed(encoded, column["jpeg"]).clamp(0, 1)
        blurred = rounded(encoded) if self.rounding else encoded
        parameters = [row | own for row, own in zip(rows, camera, strict=True)]
        return Blurred(blurred, kernel, parameters)

    def _camera(self, draws: Sequence[int]) -> list[dict[str, float]]:
        return [
            {
                # A generator for each name: to ask for one thing more leaves the others alone.
                name: _drawn(name, ends, seeded(name, self.seed, draw))
                for name, ends in self.intervals.items()
            }
            for draw in draws
        ]

    def _light(self, sharp: Images, column: dict[str, Tensor]) -> Images:
        if self.gamma is None:
            return sharp
        light = sharp.clamp(min=0) ** self.gamma
        if "boost" in column:
            light = highlights(light, column["boost"], threshold=self.threshold)
        return light

    def _encoded(self, light: Images) -> Images:
        return light if self.gamma is None else light ** (1 / self.gamma)

    def _blurred(
        self, light: Images, draws: list[int]
    ) -> tuple[Images, Kernels | None, list[dict[str, float]]]:
        if self.bank is not None:
            batch = self.bank.at(draws, light.device)
            return blur(light, batch.kernels), batch.kernels, batch.rows()
        pictures, rows = [], []
        for picture, draw in zip(light.split(1), draws, strict=True):
            blurred, row = self._varying(picture, draw)
            pictures.append(blurred)
            rows.append(row)
        return torch.cat(pictures), None, rows

    def _varying(self, light: Images, draw: int) -> tuple[Images, dict[str, float]]:
        """One picture by a field or an exposure of its own."""
        if self.exposure is not None:
            return self.exposure.expose(light, seeded("exposure", self.seed, draw))
        assert self.field is not None  # the constructor takes one of three, a family has its bank
        height, width = light.shape[-2:]
        (kernels, windows), row = self.field.draw(height, width, seeded("field", self.seed, draw))
        return blur_field(light, kernels.to(light.device), windows.to(light.device)), row


def _drawn(name: str, ends: Interval, generator: torch.Generator) -> float:
    share = float(uniform((0.0, 1.0), 1, generator))
    low, high = ends
    if name == "photons":
        return float(low * (high / low) ** share)
    return float(low + (high - low) * share)
