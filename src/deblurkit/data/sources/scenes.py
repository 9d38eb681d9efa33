"""Scenes that were blurred several times: many blurred pictures share one sharp one."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from torch import Tensor

from deblurkit.data.sources.base import Pictures, Pixels, Source
from deblurkit.data.sources.folders import FolderPictures, FolderSource
from deblurkit.errors import InputError
from deblurkit.imaging.colour import REC601
from deblurkit.imaging.formats.files import as_tensor, read_image

Kernel = Float[Tensor, "1 size size"]  # odd size, centred, sums to 1, acts by convolution


@runtime_checkable
class KnownBlur(Protocol):
    """A source that knows by which kernel a picture was blurred."""

    def kernel(self, index: int) -> Kernel | None:
        """The kernel of a picture, or None where it is not known."""
        ...


class ScenePairs(FolderSource):
    """Blurred pictures whose names say which sharp picture and which kernel they come from.

    What the wildcards of ``blurred`` stand for fills the places ``{0}``, ``{1}``, ... of the
    other two: with ``blurred="im*_kernel*_img.png"`` and ``sharp="im{0}.png"`` the partner of
    ``im2_kernel4_img.png`` is ``im2.png``. A pair is named after its blurred file and belongs to
    the group of its sharp file, or to that of its video, so that a share never divides a scene.
    Sharp pictures that no blurred one needs are left alone.

    Args:
        root: Folder of the data set.
        blurred: Pattern of the blurred files, relative to ``root``, with a wildcard.
        sharp: Path of the sharp file, with places.
        kernels: Path of the kernel's picture, with places; brightness is weight.
        scene: Expression that finds in a name what frames of one video have in common.
        turned: Names, without suffix, of the kernel files that act by correlation as they are
            stored; they are turned by 180 degrees when read.

    Raises:
        InputError: If nothing matches, a partner or kernel is missing, or two pictures share a
            name.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        blurred: str,
        sharp: str,
        kernels: str | None = None,
        scene: str | None = None,
        turned: Collection[str] = (),
    ) -> None:
        pictures = FolderPictures(root, blurred, role="blurred")
        files: dict[str, dict[str, Path]] = {"blurred": {}, "sharp": {}}
        self._kernels: dict[str, Path] = {}
        self.turned = frozenset(turned)
        for index, parts in enumerate(pictures.names):
            file = pictures.files(index)["blurred"]
            name = file.stem
            if name in files["blurred"]:
                raise InputError(
                    f"{files['blurred'][name]} and {file} are both named {name!r}: remove one"
                )
            files["blurred"][name] = file
            files["sharp"][name] = _partner(Path(root), sharp, parts, file)
            if kernels is not None:
                self._kernels[name] = _partner(Path(root), kernels, parts, file)
        super().__init__(files)
        videos = {name: re.search(scene, name) for name in self.names} if scene else {}
        self.groups = [
            video[0] if (video := videos.get(name)) else files["sharp"][name].stem
            for name in self.names
        ]

    def kernel(self, index: int) -> Kernel | None:
        """The kernel of a picture, as stored or turned, divided by its sum.

        Differs from a registered kernel: files of measured kernels are shifted by whole pixels
        against the pictures, differently for each picture; scores search over shifts.

        Raises:
            InputError: If its picture is not square, of an even side, or black.
            PictureError: If it cannot be read.
        """
        file = self._kernels.get(self.names[index])
        if file is None:
            return None
        kernel = as_tensor(read_image(file))[:1]
        height, width = kernel.shape[-2:]
        if height != width or not height % 2 or not kernel.any():
            raise InputError(f"{file} is no kernel: it must be square, of an odd side, not black")
        turned = kernel.flip((-2, -1)) if file.stem in self.turned else kernel
        return turned / turned.sum()


class Luminance(Source):
    """Every picture as its full-range luminance, equal in the three channels.

    0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded to 8 bits: the form of Lai's blurred
    files, whose sharp partners are in colour.

    Args:
        source: Pictures in colour or gray; gray ones stay as they are.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.names, self.groups, self.roles = source.names, source.groups, source.roles

    def read(self, index: int) -> Pictures:
        """Whole picture or pair."""
        return _gray(self.source.read(index))

    def size(self, index: int) -> tuple[int, int]:
        """As the source."""
        return self.source.size(index)

    def stamp(self, index: int) -> str:
        """As the source, told apart from it."""
        return f"luminance {self.source.stamp(index)}"

    def crop(self, index: int, *, top: int, left: int, side: int) -> Pictures:
        """As the source."""
        return _gray(self.source.crop(index, top=top, left=left, side=side))

    def kernel(self, index: int) -> Kernel | None:
        """As the source."""
        return self.source.kernel(index) if isinstance(self.source, KnownBlur) else None


def _partner(root: Path, template: str, parts: str, blurred: Path) -> Path:
    try:
        file = root / template.format(*parts.split("/"))
    except IndexError as error:
        raise InputError(
            f"{template!r} has more places than the pattern of blurred pictures has wildcards"
        ) from error
    if not file.is_file():
        raise InputError(
            f"{blurred} needs {file}, which is missing: unpack the data set again or correct the "
            "patterns"
        )
    return file


def _gray(pictures: Pictures) -> Pictures:
    return {
        role: pixels if role == "condition" else _luminance(pixels)
        for role, pixels in pictures.items()
    }


def _luminance(pixels: Pixels) -> Pixels:
    return np.repeat(np.rint(pixels @ np.array(REC601)).astype(np.uint8)[..., None], 3, axis=2)
