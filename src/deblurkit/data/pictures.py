"""The data module of independent problems: a list of pictures, all of them in each step."""

from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset

from deblurkit.contracts import PictureList, Pools
from deblurkit.data.blur.synthesis import Synthesis
from deblurkit.data.module import WholePictures, alone, evaluated
from deblurkit.data.sources.base import Source
from deblurkit.data.stream import Draw, StreamLoader


class PictureListDataModule(LightningDataModule):
    """Gives methods that optimise per picture the pool ``pictures``.

    Evaluation gives the same pictures one at a time, with their sharp partners where known.

    Args:
        source: Blurred pictures, pairs, or sharp pictures to be blurred.
        kernel_size: Extent of the blur in pixels, 0 where it is unknown; where the blur is made
            here, its kernels' side is known and this one is not read.
        iterations_per_epoch: Steps between two validations.
        evaluation_synthesis: Blurs sharp pictures, seeded by picture.
    """

    def __init__(
        self,
        *,
        source: Source,
        kernel_size: int,
        iterations_per_epoch: int,
        evaluation_synthesis: Synthesis | None = None,
    ) -> None:
        super().__init__()
        self.val = self.test = source
        self.kernel_size, self.iterations_per_epoch = kernel_size, iterations_per_epoch
        self.evaluation_synthesis = evaluation_synthesis
        self._pictures: PictureList | None = None

    @property
    def offers(self) -> frozenset[str]:
        """Pools of every training batch."""
        return frozenset({"pictures"})

    def pictures(self) -> PictureList:
        """All pictures, read once."""
        if self._pictures is None:
            rows = [self._problem(item) for item in map(self._item, range(len(self.val)))]
            self._pictures = {
                "blurred": [row["blurred"][0] for row in rows],
                "name": [row["name"][0] for row in rows],
                "kernel_size": [self._extent(row) for row in rows],
            }
        return self._pictures

    def _extent(self, row: Draw) -> int:
        """Extent of the blur of a batch of one, in pixels."""
        if "kernel_size" in row:
            return int(row["kernel_size"][0])
        return int(row["kernel"].shape[-1]) if "kernel" in row else self.kernel_size

    def _item(self, index: int) -> Draw:
        return WholePictures(self.val)[index]

    def _problem(self, item: Draw) -> Draw:
        return evaluated(alone([item]), self.evaluation_synthesis)

    def train_dataloader(self) -> StreamLoader:
        """The same list in every step; there is no position to keep."""
        steps = Repeated({"pictures": self.pictures()}, self.iterations_per_epoch)
        return StreamLoader(steps, batch_size=None, generator=torch.Generator())

    def val_dataloader(self) -> DataLoader[Draw]:
        """One picture at a time, shared out between the devices."""
        trainer = self.trainer
        rank, ranks = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        return DataLoader(
            WholePictures(self.val),
            sampler=range(rank, len(self.val), ranks),
            collate_fn=alone,
            generator=torch.Generator(),
        )

    def test_dataloader(self) -> DataLoader[Draw]:
        """The same pictures."""
        return self.val_dataloader()

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Evaluation batches in [0, 1], blurred where they are sharp; lists are ready."""
        if "name" not in batch:
            return batch
        batch = evaluated(batch, self.evaluation_synthesis)
        return batch | {"kernel_size": [self._extent(batch)]}


class Repeated(Dataset[Any]):
    """One batch, many times."""

    def __init__(self, batch: Pools, times: int) -> None:
        self.batch, self.times = batch, times

    def __len__(self) -> int:
        return self.times

    def __getitem__(self, index: int) -> Pools:
        return self.batch
