"""Deblurring out of Python: what the command does, for pictures in memory and for files."""

import logging
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, NamedTuple, TypedDict, Unpack, overload

import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor

from deblurkit.contracts import Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import PIXEL_LIMIT
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.per_picture import PerPictureMethod
from deblurkit.restoring.chain import Restore
from deblurkit.restoring.choice import ONE_AT_A_TIME, chosen, moved
from deblurkit.restoring.composition import complete_restoration
from deblurkit.restoring.kinds import UNNAMED, Question, question
from deblurkit.restoring.pictures import finite
from deblurkit.restoring.speed.choice import path_of, speed_named
from deblurkit.weights import DEFAULT

log = logging.getLogger(__name__)


class Settings(TypedDict, total=False):
    """What ``Deblurrer`` is made with."""

    weights: str | Path | None
    model: str | RestorationMethod | None
    guard: bool
    speed: str
    tile: int | str | None
    overlap: int
    kernel_size: int | str | None
    pixel_limit: int
    device: str | torch.device | None
    trust: Sequence[str]


class Deblurred(NamedTuple):
    """A restored picture, and what else is known of it.

    Args:
        picture: Of the kind that was given; a PIL picture for a file.
        kept: Why it was left as it was, if it was.
        kernel: (1, size, size), sums to 1, as the method estimated it, if it did.
        facts: What the method says, by name: iterations, seconds, ...
    """

    picture: Any
    kept: str | None
    kernel: Tensor | None
    facts: Mapping[str, float]


class Deblurrer:
    """Takes blur out of pictures as ``deblurkit-deblur`` does; weights are read once.

    A call takes one picture and answers with one of the same kind and size:

    - the path of a file: a PIL picture, upright, with profile and camera data in its ``info``;
    - a PIL picture: the same, upright; palettes and inks become RGB;
    - a NumPy array (H, W), (H, W, 3) or (H, W, 4): uint8, uint16, or floating-point in [0, 1];
    - a floating-point tensor in [0, 1], (C, H, W) or (B, C, H, W), with 1, 3 or 4 channels; its
      pictures are restored one by one, and the answer has no gradient.

    Gray stays gray, opacity (a fourth channel) stays as it is. Where a picture is left as it was,
    the log says why, as a warning; ``details`` answers with it. Nothing is written, and random
    state and threads of the program are left alone. Calls from several threads are made one after
    another. Numbers are those of the command; ``path`` says how they are computed.

    Args:
        weights: As ``deblurkit.load`` takes them, or an ONNX file of ``deblurkit-export``; those
            that come with the install, ``tiny``, where neither weights nor model are given.
        model: A method that needs no weights, by the name of its config, such as ``l0_blind``, or
            any method of ``deblurkit.build`` or ``deblurkit.load``, which is used as it is.
        guard: Whether pictures that are sharp already, or would get plainly worse, stay as they
            were; only weights that come with the install are guarded.
        speed: ``"auto"``: computed the fastest way whose error was measured and is not seen;
            ``"exact"``: in float32, as the method itself would; ``"fast"``: whatever it loses.
        tile: Longest side of tiles, pixels; ``"auto"``: whole pictures where memory allows; None:
            always.
        overlap: Of neighbouring tiles, pixels; where the network's reach is known, twice that.
        kernel_size: Extent of the blur for blind methods, odd, in pixels; ``"auto"`` searches it,
            as None does.
        pixel_limit: Largest height times width of a file that is read.
        device: Where to restore, such as ``"cuda"``; the CPU, or where a given method is.
        trust: Further packages whose classes the weights may name.

    Raises:
        InputError: If weights or model cannot be used, or a setting does not exist; at a call, if
            the picture cannot be read or restored, with the reason.

    Example:
        >>> import numpy, deblurkit
        >>> deblurrer = deblurkit.Deblurrer(model="unsharp")
        >>> edge = numpy.repeat(numpy.array([[90, 90, 110, 110]], numpy.uint8), 4, axis=0)
        >>> deblurrer(edge)[0]  # the edge gets steeper
        array([ 85,  85, 115, 115], dtype=uint8)
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        model: str | RestorationMethod | None = None,
        guard: bool = True,
        speed: str = "auto",
        tile: int | str | None = "auto",
        overlap: int = 64,
        kernel_size: int | str | None = None,
        pixel_limit: int = PIXEL_LIMIT,
        device: str | torch.device | None = None,
        trust: Sequence[str] = (),
    ) -> None:
        if not isinstance(guard, bool):
            raise InputError(f"guard is True or False, got {guard!r}")
        if weights is None and model is None:
            weights = DEFAULT
        method = chosen(weights, model, trust=trust)
        self._pixel_limit = pixel_limit
        self._lock = ONE_AT_A_TIME if isinstance(method, PerPictureMethod) else RLock()
        self._method: RestorationMethod | None = moved(method, device)
        self._path = path_of(method, speed_named(speed), device=method.device.type)
        self._restore: Restore | None = complete_restoration(
            method,
            path=self._path,
            weights=weights,
            guard=guard,
            tile=tile,
            overlap=overlap,
            kernel_size=kernel_size,
        )

    @overload
    def __call__(self, picture: str | PathLike[str] | PillowImage.Image) -> PillowImage.Image: ...

    @overload
    def __call__(self, picture: NDArray[Any]) -> NDArray[Any]: ...

    @overload
    def __call__(self, picture: Tensor) -> Tensor: ...

    def __call__(self, picture: Any) -> Any:
        """Restore a picture, or each of a batch.

        Raises:
            InputError: If it cannot be restored, with the reason.
        """
        if isinstance(picture, Tensor) and picture.ndim == 4 and len(picture):
            named = enumerate(picture)
            return torch.stack([self._answer(one, f"picture {number}") for number, one in named])
        return self._answer(picture, UNNAMED)

    def details(self, picture: Any) -> Deblurred:
        """Restore one picture, and tell what else is known.

        Raises:
            InputError: If it cannot be restored, with the reason.
        """
        if isinstance(picture, Tensor) and picture.ndim == 4:
            raise InputError("details takes one picture at a time, such as pictures[0]")
        return self._details(question(picture, pixel_limit=self._pixel_limit))

    @property
    def path(self) -> str:
        """How restorations are computed, such as ``bfloat16, channels last``."""
        return str(self._path)

    def close(self) -> None:
        """Let go of the weights; later calls are refused."""
        with self._lock:
            self._method = self._restore = None

    def __enter__(self) -> "Deblurrer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _answer(self, picture: Any, name: str) -> Any:
        asked = question(picture, pixel_limit=self._pixel_limit, name=name)
        details = self._details(asked)
        if details.kept is not None:
            reason = f"{details.kept} (guard=False: restored anyway)"
            log.warning("kept as it was: %s: %s", asked.name, reason)
        return details.picture

    def _details(self, asked: Question) -> Deblurred:
        restoration = self._restoration(asked)
        try:
            restored = finite(restoration)
        except InputError as error:
            raise InputError(f"{asked.name} cannot be restored: {error}") from error
        kept, kernel = restoration.get("kept"), restoration.get("kernel")
        return Deblurred(
            asked.same() if kept is not None else asked.answer(restored),
            kept,
            None if kernel is None else kernel[0].cpu(),
            restoration.get("facts", [{}])[0],
        )

    def _restoration(self, asked: Question) -> Restoration:
        with self._lock:
            if self._method is None or self._restore is None:
                raise InputError("this Deblurrer was closed; make another one")
            device = self._method.device
            blurred = asked.blurred[None].to(device)
            unaltered = torch.autocast(device.type, enabled=False)
            with self._method.in_eval_mode(), torch.no_grad(), unaltered:
                return self._restore({"blurred": blurred, "name": [asked.name]})


@overload
def deblur(
    picture: str | PathLike[str] | PillowImage.Image, **settings: Unpack[Settings]
) -> PillowImage.Image: ...


@overload
def deblur(picture: NDArray[Any], **settings: Unpack[Settings]) -> NDArray[Any]: ...


@overload
def deblur(picture: Tensor, **settings: Unpack[Settings]) -> Tensor: ...


def deblur(
    picture: Any,
    *,
    weights: str | Path | None = None,
    model: str | RestorationMethod | None = None,
    guard: bool = True,
    speed: str = "auto",
    tile: int | str | None = "auto",
    overlap: int = 64,
    kernel_size: int | str | None = None,
    pixel_limit: int = PIXEL_LIMIT,
    device: str | torch.device | None = None,
    trust: Sequence[str] = (),
) -> Any:
    """Take blur out of one picture: a path, a PIL picture, a NumPy array or a tensor.

    Whoever restores several pictures keeps a ``Deblurrer``: this one reads its weights each time.

    Args:
        picture: As ``Deblurrer`` takes it.
        weights: As in ``Deblurrer``, like all that follow.
        model: Likewise.
        guard: Likewise.
        speed: Likewise.
        tile: Likewise, pixels.
        overlap: Likewise, pixels.
        kernel_size: Likewise, pixels.
        pixel_limit: Likewise, pixels.
        device: Likewise.
        trust: Likewise.

    Returns:
        A picture of the same kind and size; a PIL picture for a path. Nothing is written.

    Raises:
        InputError: If a setting does not exist or the picture cannot be restored.

    Example:
        >>> import deblurkit, torch
        >>> blurred = torch.rand(3, 24, 32)  # a PIL picture, a path or an array would do as well
        >>> deblurkit.deblur(blurred, guard=False).shape
        torch.Size([3, 24, 32])
    """
    deblurrer = Deblurrer(
        weights=weights,
        model=model,
        guard=guard,
        speed=speed,
        tile=tile,
        overlap=overlap,
        kernel_size=kernel_size,
        pixel_limit=pixel_limit,
        device=device,
        trust=trust,
    )
    return deblurrer(picture)
