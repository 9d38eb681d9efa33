"""Restored pictures that other code made, in the place of a method."""

from collections.abc import Sequence
from pathlib import Path

import torch

from deblurkit.commands.shared.names import is_folder, listed
from deblurkit.contracts import BlurredBatch, Image, Restoration
from deblurkit.data.sources.folders import say_pages
from deblurkit.errors import InputError
from deblurkit.file_tree import visible_files_below
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.imaging.suffixes import READABLE
from deblurkit.methods.frame.base import RestorationMethod


class Stored(RestorationMethod):
    """Answers the stored picture of the same name: ``<folder>/<name>`` with any suffix.

    Pictures of 16 bits are not rounded to 8 here: what becomes of them is each protocol's affair.

    Args:
        folder: Of restored pictures; hidden files and files that are no pictures are ignored.

    Raises:
        InputError: If it is no folder, holds no picture, or two of one name.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = is_folder(folder)
        self.files: dict[str, Path] = {}
        for file in visible_files_below(self.folder):
            if file.suffix.lower() not in READABLE:
                continue
            name = file.relative_to(self.folder).with_suffix("").as_posix()
            if name in self.files:
                raise InputError(f"{self.files[name]} and {file} are both {name!r}: remove one")
            self.files[name] = file
        if not self.files:
            raise InputError(f"{folder} holds no picture; give a folder of restored pictures")
        say_pages(self.files.values())

    def require(self, names: Sequence[str]) -> None:
        """Refuse to go on with a picture too few or too many.

        Raises:
            InputError: With the names of both kinds.
        """
        missing = [name for name in names if name not in self.files]
        wanted = set(names)
        extra = [name for name in self.files if name not in wanted]
        wrong = [f"lacks {len(missing)} of {len(names)}: {listed(missing)}"] if missing else []
        wrong += [f"holds {len(extra)} that belong to none: {listed(extra)}"] if extra else []
        if wrong:
            raise InputError(
                f"{self.folder} should hold one restored picture for each test picture, but it "
                f"{' and '.join(wrong)} (names are paths without suffix, test pictures those of "
                "sharp= or data=)"
            )

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Read pictures of the batch's names and size."""
        height, width = batch["blurred"].shape[-2:]
        pictures = [self.picture(name, height=height, width=width) for name in batch["name"]]
        return {"restored": torch.stack(pictures).to(batch["blurred"].device)}

    def picture(self, name: str, *, height: int, width: int) -> Image:
        """One of them, in [0, 1].

        Args:
            name: Of the picture, which must be there.
            height: Pixels, and
            width: pixels of its counterparts.

        Raises:
            InputError: If its size is another one.
            PictureError: If it cannot be read.
        """
        picture = as_tensor(read_image(self.files[name]))
        if picture.shape[-2:] != (height, width):
            found = f"{picture.shape[-1]}x{picture.shape[-2]}"
            raise InputError(
                f"{self.files[name]} has {found} pixels and its counterpart {width}x{height}: "
                "scores need equal sizes"
            )
        return picture
