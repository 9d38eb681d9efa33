"""Trainings of a few batches of grey pictures."""

import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader
from toy_generators import gray

from deblurkit.methods.deblurgan import DeblurGAN


def fitted(deblurgan: DeblurGAN, *, batches: int = 1) -> Trainer:
    pools = {"paired": {"blurred": gray(0.5), "sharp": gray(1.0), "name": ["gray"]}}
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        deblurgan, DataLoader([pools] * batches, batch_size=None, generator=torch.Generator())
    )
    return trainer
