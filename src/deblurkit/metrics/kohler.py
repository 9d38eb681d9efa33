"""The protocol of Koehler's pictures: the best of all places that the camera passed through."""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Complex
from numpy.typing import NDArray
from torch import Tensor

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.metrics.parts.levels import (
    FULL_RANGE,
    Levels,
    Plane,
    Rounded,
    interleaved,
    psnr_of_levels,
)
from deblurkit.metrics.parts.protocol import Protocol, Score
from deblurkit.metrics.parts.similarity import ms_ssim_metrix

Spectrum = Complex[Tensor, "rows frequencies"]


class TrajectoryFrame(NamedTuple):
    """A sharp frame and the transform that places are searched with."""

    levels: NDArray[np.uint8]  # (height, width, 3)
    spectrum: Spectrum  # of the mean over channels


class Kohler(Protocol):
    """PSNR and multi-scale SSIM of the luminance, the best over all frames of the trajectory.

    A gain fits the restored picture's intensities to a frame, then whole pixels are searched for;
    what moves in from outside is zero in both. PSNR and SSIM may be best at different frames. The
    sharp picture of the batch is only asked for its size.

    >>> from deblurkit.imaging.formats.files import as_pixels, write_image
    >>> sharp = torch.rand(1, 3, 192, 192)
    >>> write_image("frame1_4_1.png", as_pixels(sharp[0]))
    >>> counts = {"count": 1, "counts": {}, "left_out": {}, "kept": 0}
    >>> protocol = Kohler(frames="frame{scene}_{trajectory}_*.png", **counts)
    >>> protocol.update(sharp, sharp, names=["Blurry1_4"])
    >>> round(protocol.compute()["ms_ssim"].item(), 4)
    1.0

    Args:
        frames: Path of the frames with ``{scene}`` and ``{trajectory}``, which are the last two
            numbers in the picture's name, and ``*``; the last number in a file's name counts them.
        count: Frames of a trajectory.
        counts: Frames of those that have another number, by ``<scene>_<trajectory>``.
        left_out: Numbers of frames that do not count, likewise.
        kept: Trajectories whose frames and transforms stay in memory, about 0.9 GB each; of use
            where the same picture is scored again.

    Source: Koehler et al., "Recording and playback of camera shake", ECCV 2012, sec. 5, the
    authors' evaluation.
    """

    higher_is_better = True
    scores = ("psnr", "ms_ssim")
    aligns = True

    def __init__(
        self,
        *,
        frames: str,
        count: int,
        counts: Mapping[str, int],
        left_out: Mapping[str, Sequence[int]],
        kept: int,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.frames, self.count, self.counts, self.left_out = frames, count, counts, left_out
        self.kept = kept
        self.memory: OrderedDict[str, list[TrajectoryFrame]] = OrderedDict()

    def measure(self, restored: Images, sharp: Images) -> Score:
        """Scores of one picture.

        Raises:
            InputError: If its frames are unknown, missing or of another size.
        """
        levels = interleaved(Rounded()(restored))
        spectrum = transform(levels)
        best = dict.fromkeys(self.scores, -torch.inf)
        for frame in self.sharp_frames(levels.shape):
            pair = placed(levels, spectrum, frame)
            best["psnr"] = max(best["psnr"], psnr_of_levels(*pair).item())
            best["ms_ssim"] = max(best["ms_ssim"], ms_ssim_metrix(*pair))
        return {score: torch.tensor(value) for score, value in best.items()}

    def sharp_frames(self, size: tuple[int, ...]) -> list[TrajectoryFrame]:
        """Frames of the trajectory of the picture that is being measured, read once.

        Raises:
            InputError: If the picture's name does not say which, some are missing, or their size
                is another.
        """
        numbers = re.findall(r"\d+", self.name or "")
        if len(numbers) < 2:
            raise InputError(
                f"{self.name} does not end in scene and trajectory: name pictures as Blurry1_4"
            )
        scene, trajectory = (str(int(number)) for number in numbers[-2:])
        key = f"{scene}_{trajectory}"
        if key not in self.memory:
            paths = self.files(self.frames.format(scene=scene, trajectory=trajectory), key)
            while len(self.memory) >= max(self.kept, 1):
                self.memory.popitem(last=False)
            self.memory[key] = [read_frame(path) for path in paths]
        frames = self.memory[key] if self.kept else self.memory.pop(key)
        if any(frame.levels.shape != size for frame in frames):
            raise InputError(f"{self.name} and its frames differ in size: do not crop")
        return frames

    def files(self, pattern: str, key: str) -> list[Path]:
        """Frames that count, without those that are left out.

        Raises:
            InputError: If their number is not what it should be.
        """
        files = sorted(Path(pattern).parent.glob(Path(pattern).name))
        wanted = self.counts.get(key, self.count)
        if len(files) != wanted:
            raise InputError(
                f"{pattern} are {len(files)} frames instead of {wanted}: unpack all ground truth "
                "of the set, give protocol.kohler.frames, or score pictures where they lie with "
                "protocol=[rgb8]"
            )
        unwanted = set(self.left_out.get(key, ()))
        return [file for file in files if int(re.findall(r"\d+", file.stem)[-1]) not in unwanted]


def read_frame(path: Path) -> TrajectoryFrame:
    """A stored frame."""
    levels = interleaved(Rounded()(as_tensor(read_image(path))[None]))
    return TrajectoryFrame(levels.astype(np.uint8), transform(levels))


def transform(levels: Levels) -> Spectrum:
    """Fourier transform of the mean over channels, less its own mean, which moves no peak."""
    mean = torch.from_numpy(levels.mean(axis=2, dtype=np.float64))
    return torch.fft.rfft2(mean - mean.mean()).to(torch.complex64)


def placed(levels: Levels, spectrum: Spectrum, frame: TrajectoryFrame) -> tuple[Plane, Plane]:
    """Luminance of the restored picture, scaled and moved onto a frame, and the frame's.

    Returns:
        Both of full size, zero where the restored picture has moved away.
    """
    truth = frame.levels.astype(np.float64)
    energy = float((levels.astype(np.float64) ** 2).sum())
    gain = float((truth * levels).sum()) / energy if energy else 1.0
    down, right = shift(frame.spectrum, spectrum, size=levels.shape[:2])
    height, width = levels.shape[:2]
    restored, sharp = np.zeros((height, width)), np.zeros((height, width))
    target = window(height, down), window(width, right)
    source = window(height, -down), window(width, -right)
    weights = np.array(FULL_RANGE)
    restored[target] = gain * (levels[source] @ weights)
    sharp[target] = truth[target] @ weights
    return restored, sharp


def shift(frame: Spectrum, restored: Spectrum, *, size: tuple[int, ...]) -> tuple[int, int]:
    """Whole pixels, down and right, that move the restored picture onto the frame."""
    products = torch.fft.irfft2(frame * restored.conj(), size)
    peak = divmod(int(products.argmax()), size[1])
    down, right = (
        index - side if index > side // 2 else index for index, side in zip(peak, size, strict=True)
    )
    return down, right


def window(side: int, moved: int) -> slice:
    """Where something that moved by whole pixels still lies within its side."""
    return slice(max(moved, 0), side + min(moved, 0))
