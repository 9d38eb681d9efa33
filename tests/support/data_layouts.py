"""Data modules of the configs, built small, and what their batches must hold."""

from pathlib import Path

import torch
from data_modules import trained

import deblurkit
from deblurkit.config import instantiate
from deblurkit.data.module import PictureDataModule


def built(data: str, root: Path | None, *overrides: str) -> PictureDataModule:
    given = [f"data={data}", *([f"data.root={root}"] if root else []), *overrides]
    small = ["data.crop=16", "data.batch_size=2", "data.batches_per_epoch=2", "data.workers=0"]
    made = instantiate(deblurkit.compose(*given, *small).data)
    made.prepare_data()
    return made


def check_batch(made: PictureDataModule, evaluates: bool) -> None:
    batches = trained(made)
    assert len(batches) == 2
    for batch in batches:
        assert batch.keys() == made.offers
        for pool in batch.values():
            for role in {"blurred", "sharp"} & pool.keys():
                assert pool[role].shape == (2, 3, 16, 16)
        if "paired" in batch:
            assert not torch.equal(batch["paired"]["blurred"], batch["paired"]["sharp"])
    for loader in (made.val_dataloader(), made.test_dataloader()):
        assert bool(len(loader)) == evaluates
        if evaluates:
            whole = made.on_after_batch_transfer(next(iter(loader)), 0)
            assert whole["blurred"].shape == whole["sharp"].shape
            assert whole["blurred"].shape[0] == 1
            assert len(whole["name"]) == 1
