"""Crops and augmentation on the CPU: the only file that knows albumentations.

Albumentations has its own generators, which ignore every global seed and repeat in each worker and
epoch; so they are set anew for each draw. Its ``set_random_seed`` gives every transform the same
numbers (a flip left and a flip down then always come together), so one generator is shared.
"""

import logging
import os
import random
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from deblurkit.data.degradations import BRIGHTNESS, SHIFT, effect
from deblurkit.data.sources.base import Pictures, Pixels
from deblurkit.errors import InputError

Transform = Mapping[str, Any]  # {"name": "HorizontalFlip", "p": 0.5}, as in a YAML
_INSTEAD = {  # of what moves pictures
    "MotionBlur": "make motion blur that stays in place out of sharp pictures, by data.synthesis "
    "with deblurkit.data.blur.shapes.Line or by deblurkit-blur blur=line",
    "Downscale": "with interpolation_pair: {downscale: 3, upscale: 1}, of areas and linear, it "
    "stays in place",
}

_log = logging.getLogger(__name__)


def crop_box(height: int, width: int, side: int, seed: int) -> tuple[int, int]:
    """Top and left of a random square, uniform over all places where it fits.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
        side: Of the square, in pixels; along an axis that is shorter the answer is 0.
        seed: Of this draw, not negative.
    """
    draw = np.random.default_rng([seed, 0])  # 1 and 2 are the augmentation's
    top, left = (int(draw.integers(0, max(extent - side, 0) + 1)) for extent in (height, width))
    return top, left


def pad_up(pictures: Pictures, side: int) -> Pictures:
    """Reflect pictures that are smaller than a crop at their bottom and right edges."""
    padded = dict(pictures)
    for role, pixels in pictures.items():
        missing = [(0, max(side - extent, 0)) for extent in pixels.shape[:2]]
        if missing != [(0, 0), (0, 0)]:
            padded[role] = cast("Pixels", np.pad(pixels, [*missing, (0, 0)], mode="reflect"))
    return padded


class PairedAugmentation:
    """The same flips and colours for both pictures of a pair, noise for the blurred one only.

    Transforms are plain mappings: the name of a class of albumentations and its arguments, say
    ``{"name": "GaussNoise", "std_range": [0.01, 0.05], "p": 0.5}``. ``OneOf`` and its like take a
    list of them as ``transforms``.

    Args:
        geometry: Moves pixels, of all pictures alike.
        photometry: Changes values, of all pictures alike.
        degradation: Changes values of ``blurred`` only: noise, JPEG.

    Raises:
        InputError: If a name or an argument is unknown to albumentations, a transform stands in
            the wrong list, or a degradation moves the blurred picture against its sharp one.
    """

    def __init__(
        self,
        *,
        geometry: Sequence[Transform] = (),
        photometry: Sequence[Transform] = (),
        degradation: Sequence[Transform] = (),
    ) -> None:
        on_all = [
            *(_transform(entry, kind="DualTransform") for entry in geometry),
            *(_transform(entry, kind="ImageOnlyTransform") for entry in photometry),
        ]
        on_blurred = [_transform(entry, kind="ImageOnlyTransform") for entry in degradation]
        for entry in degradation:
            _require_place(entry)
        self._on_all, self._alters_values = _composed(on_all), bool(photometry)
        self._on_blurred = _composed(on_blurred)

    def __call__(self, pictures: Pictures, seed: int) -> Pictures:
        """Augment one draw.

        Args:
            pictures: ``blurred``, ``sharp`` or both, of one size; a ``condition`` moves with them
                and keeps its values.
            seed: Of this draw, not negative; the answer depends on nothing else.

        Raises:
            InputError: If a transform changes the type of pixels or leaves them of several sizes,
                or photometry or a degradation meets 16 bits.
        """
        if self._alters_values and any(pixels.dtype != np.uint8 for pixels in pictures.values()):
            raise InputError(
                "photometry changes a teacher's 16-bit answers otherwise than 8-bit pictures: "
                "set data.augmentation.photometry=[]"
            )
        blurred = pictures.get("blurred")
        if self._on_blurred is not None and blurred is not None and blurred.dtype != np.uint8:
            # As measured at set-up they take 8 bits; 16 change range or type, each in its own way.
            raise InputError(
                "degradations are made for 8-bit pictures, the blurred one has 16: "
                "set data.augmentation.degradation=[]"
            )
        targets = _targets(pictures)
        answer = dict(pictures)
        if self._on_all is not None:
            _reseed(self._on_all, [seed, 1])
            changed = self._on_all(**{target: pictures[role] for target, role in targets.items()})
            answer |= {role: changed[target] for target, role in targets.items()}
        if self._on_blurred is not None and "blurred" in answer:
            _reseed(self._on_blurred, [seed, 2])
            answer["blurred"] = self._on_blurred(image=answer["blurred"])["image"]
        if len({pixels.shape[:2] for pixels in answer.values()}) > 1 or any(
            pixels.dtype != pictures[role].dtype for role, pixels in answer.items()
        ):
            raise InputError("an augmentation changed size or dtype: leave out what converts them")
        whole = {role: np.ascontiguousarray(pixels) for role, pixels in answer.items()}
        return cast("Pictures", whole)


def _targets(pictures: Pictures) -> dict[str, str]:
    """Which argument of the transforms takes which role; a mask only moves, to the nearest."""
    images = [role for role in pictures if role != "condition"]
    named = dict(zip(("image", "other0"), images, strict=False))
    return named | ({"mask": "condition"} if "condition" in pictures else {})


def _albumentations() -> Any:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # or it asks the network for its newest release
    import albumentations  # 1.5 seconds, only where it is used

    return albumentations


def _composed(transforms: list[Any]) -> Any:
    if not transforms:
        return None
    return _albumentations().Compose(transforms, additional_targets={"other0": "image"})


def _transform(entry: Transform, *, kind: str) -> Any:
    """The object that a mapping describes; ``kind`` is the base class that its list asks for."""
    library = _albumentations()
    arguments = _plain(entry)
    name = arguments.pop("name", None)
    target = getattr(library, name, None) if isinstance(name, str) else None
    bases = (library.BasicTransform, library.BaseCompose)
    if not isinstance(target, type) or not issubclass(target, bases):
        raise InputError(f"{name!r} is no transform of albumentations {library.__version__}")
    if issubclass(target, library.BaseCompose):
        inner = arguments.pop("transforms", ())
        arguments["transforms"] = [_transform(part, kind=kind) for part in inner]
    elif not issubclass(target, getattr(library, kind)):
        right = "geometry" if kind == "ImageOnlyTransform" else "photometry or degradation"
        raise InputError(f"{name} stands in the wrong list of the augmentation: move it to {right}")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Argument")  # unknown ones only warn
            return target(**arguments)
    except (TypeError, ValueError, UserWarning) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"albumentations refuses {name}({arguments}): {reason}") from error


def _require_place(entry: Transform) -> None:
    """Measure a degradation, and each part of one that chooses among several.

    Raises:
        InputError: If it moves the picture, or answers another type or size.
    """
    arguments = _plain(entry)
    name = arguments.get("name")
    if "transforms" in arguments:
        for part in arguments["transforms"]:
            _require_place(part)
        return
    always = _composed([_transform({**arguments, "p": 1.0}, kind="ImageOnlyTransform")])

    def degrade(pixels: Pixels, draw: int) -> NDArray[np.generic]:
        _reseed(always, [draw, 2])
        return np.asarray(always(image=pixels)["image"])

    try:
        measured = effect(degrade)
    except InputError as error:
        raise InputError(f"the degradation {name} does not fit: {error}") from error
    if measured.shift > SHIFT:
        raise InputError(
            f"the degradation {name} moves the blurred picture by up to {measured.largest:.1f} px "
            f"against its sharp one: {_INSTEAD.get(name, 'leave it out')}"
        )
    if abs(measured.brightness) > BRIGHTNESS:
        _log.warning(
            "the degradation %s changes the blurred picture's brightness by %+.1f of 255 grey "
            "levels on average, which a method learns to undo: leave it out unless that is meant",
            name,
            measured.brightness,
        )


def _plain(value: Any) -> Any:
    """Built-in containers instead of a config's own."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_plain(inner) for inner in value)
    return value


def _reseed(composed: Any, entropy: list[int]) -> None:
    composed.set_random_state(
        np.random.default_rng(entropy), random.Random(" ".join(map(str, entropy)))
    )
