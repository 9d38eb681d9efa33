"""The data module of evaluation sets whose kernels are known: they travel with the pictures."""

from collections.abc import Mapping

import torch
from torch.utils.data import DataLoader, Dataset

from deblurkit.data.module import WholePictures, alone
from deblurkit.data.pictures import PictureListDataModule
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.scenes import KnownBlur
from deblurkit.data.stream import Draw


class KernelPictures(Dataset[Draw]):
    """Pictures of a source as they are, with ``kernel`` (1, size, size) where it is known.

    Args:
        source: Pairs; of a ``KnownBlur`` the kernels are asked too.
        kernel_sizes: Given extents of the blur in pixels, by a part of the picture's name; they
            become ``kernel_size``.
    """

    def __init__(self, source: Source, kernel_sizes: Mapping[str, int]) -> None:
        self.source, self.kernel_sizes = source, dict(kernel_sizes)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Draw:
        kernel = self.source.kernel(index) if isinstance(self.source, KnownBlur) else None
        item = WholePictures(self.source)[index] | ({} if kernel is None else {"kernel": kernel})
        for part, size in self.kernel_sizes.items():
            if part in self.source.names[index]:
                item["kernel_size"] = size
        return item


class KnownBlurDataModule(PictureListDataModule):
    """A list of independent problems, each with its kernel where the data set gives it.

    Args:
        source: Pairs.
        kernel_size: Extent of the blur in pixels where no kernel is known, 0 where that is not
            known either.
        kernel_sizes: Extents that go before those of the kernels, by a part of the picture's
            name: what a blind method is told.
        iterations_per_epoch: Steps between two validations.
        root: Folder of the data set, which the YAML makes the source out of.
    """

    def __init__(
        self,
        *,
        source: Source,
        kernel_size: int,
        kernel_sizes: Mapping[str, int],
        iterations_per_epoch: int,
        root: str | None = None,
    ) -> None:
        super().__init__(
            source=source, kernel_size=kernel_size, iterations_per_epoch=iterations_per_epoch
        )
        self.root, self.kernel_sizes = root, dict(kernel_sizes)

    def _item(self, index: int) -> Draw:
        return KernelPictures(self.val, self.kernel_sizes)[index]

    def val_dataloader(self) -> DataLoader[Draw]:
        """One picture at a time with its kernel, shared out between the devices."""
        trainer = self.trainer
        rank, ranks = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        return DataLoader(
            KernelPictures(self.val, self.kernel_sizes),
            sampler=range(rank, len(self.val), ranks),
            collate_fn=alone,
            generator=torch.Generator(),
        )
