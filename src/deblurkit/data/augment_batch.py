"""Augmentation of whole batches on their device: the only file of the data that knows kornia.

Kornia draws from torch's global generators; here they are lent to it for one call, seeded, and
given back as they were, so that a batch depends on its seed alone and nothing else notices.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from deblurkit.errors import InputError

_PICTURES = ("blurred", "sharp")  # the first one there is degraded only if it is blurred


class BatchAugmentation:
    """Flips, quarter turns and colours for all pictures of a row alike, JPEG for the input only.

    Every row of a batch draws its own. A kernel is flipped and turned with its pictures, so it
    still describes their blur. Colours change the relation between blurred and sharp where the
    blur was made in another space than theirs: keep them small, or zero where a method estimates
    the kernel.

    Args:
        flip: Probability of each of the two flips.
        turn: Probability of one to three quarter turns, each as likely.
        brightness: Largest relative change, 0 for none.
        contrast: Largest relative change, 0 for none.
        saturation: Largest relative change, 0 for none.
        hue: Largest change as a share of the colour circle, at most 0.5, 0 for none.
        jpeg: Probability that ``blurred`` is packed as JPEG.
        jpeg_quality: Lowest and highest quality, 1 to 100.

    Raises:
        InputError: If a number is out of its range.
    """

    def __init__(
        self,
        *,
        flip: float = 0.5,
        turn: float = 0.75,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
        jpeg: float = 0.0,
        jpeg_quality: Sequence[float] = (50.0, 95.0),
    ) -> None:
        for name, value in {"flip": flip, "turn": turn, "jpeg": jpeg}.items():
            if not 0 <= value <= 1:
                raise InputError(f"{name} is a probability in [0, 1], got {value}")
        if not 1 <= jpeg_quality[0] <= jpeg_quality[1] <= 100:
            raise InputError(f"jpeg_quality is 1 <= low <= high <= 100, got {list(jpeg_quality)}")
        self.turn = turn
        self._moves = _moves(flip, turn)
        colour = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        self._colours = _colours({**colour, "hue": hue})
        self._packing = _packing(jpeg, jpeg_quality)

    def __call__(self, batch: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """Augment a batch.

        Args:
            batch: ``blurred``, ``sharp`` or both of shape (batch, 3, height, width) in [0, 1], and
                maybe ``kernel`` and ``condition``; everything else is passed on.
            seed: Of this batch, not negative; the answer depends on nothing else.

        Raises:
            InputError: If pictures that may be turned are not square.
        """
        answer = dict(batch)
        pictures = [role for role in _PICTURES if isinstance(batch.get(role), Tensor)]
        if not pictures:
            return answer
        height, width = batch[pictures[0]].shape[-2:]
        if self.turn > 0 and height != width:
            raise InputError(f"quarter turns need square crops, got {width}x{height}; set turn: 0")
        moved = [*pictures, *(role for role in ("kernel", "condition") if role in batch)]
        with torch.no_grad(), _seeded(batch[pictures[0]].device, seed):
            _applied(self._moves, answer, moved)
            _applied(self._colours, answer, pictures)
            _applied(self._packing, answer, [role for role in pictures if role == "blurred"])
        return answer


def _applied(steps: Sequence[Any], batch: dict[str, Tensor], roles: Sequence[str]) -> None:
    """Change some entries of a batch by the same draw of every step."""
    for step in steps if roles else ():
        drawn = step.forward_parameters(batch[roles[0]].shape)
        for role in roles:
            parameters = {**drawn, "forward_input_shape": torch.tensor(batch[role].shape)}
            batch[role] = step(batch[role], params=parameters)


def _moves(flip: float, turn: float) -> list[Any]:
    import kornia.augmentation as kornia  # a second, only where it is used

    return [
        *([kornia.RandomHorizontalFlip(p=flip), kornia.RandomVerticalFlip(p=flip)] if flip else []),
        # Quarter turns hit the centres of pixels; the default would smear them by rounding.
        *([kornia.RandomRotation90(times=(1, 3), resample="nearest", p=turn)] if turn else []),
    ]


def _colours(changes: Mapping[str, float]) -> list[Any]:
    if not any(changes.values()):
        return []
    import kornia.augmentation as kornia

    try:
        return [kornia.ColorJitter(**changes)]
    except (TypeError, ValueError) as error:
        raise InputError(f"kornia refuses the colours {dict(changes)}: {error}") from error


def _packing(jpeg: float, quality: Sequence[float]) -> list[Any]:
    if not jpeg:
        return []
    import kornia.augmentation as kornia

    return [kornia.RandomJPEG(jpeg_quality=(float(quality[0]), float(quality[1])), p=jpeg)]


@contextmanager
def _seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Seed the generators that kornia draws from, and put them back afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reach other devices
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
