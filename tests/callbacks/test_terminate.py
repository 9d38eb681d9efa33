"""SIGTERM during tests and predictions; that during training is ``test_resume_signals``."""

import os
import signal
from collections.abc import Iterator

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader

from deblurkit.callbacks.signals import TERMINATED
from deblurkit.callbacks.terminate import EndAtOnce


class Asked(LightningModule):
    """Is sent SIGTERM in the last of its batches, and counts those that it finished."""

    def __init__(self) -> None:
        super().__init__()
        self.finished = 0

    def test_step(self, batch: torch.Tensor) -> None:
        if batch == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        self.finished += 1

    def predict_step(self, batch: torch.Tensor) -> None:
        self.test_step(batch)


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("stage", ["test", "predict"])
def test_sigterm_ends_it_in_the_middle_of_a_batch(
    stage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    trainer = Trainer(
        accelerator="cpu",
        callbacks=[EndAtOnce()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    method = Asked()
    with pytest.raises(SystemExit) as caught:
        getattr(trainer, stage)(method, DataLoader(range(3)))
    assert caught.value.code == TERMINATED == 143
    assert method.finished == 2
    assert capfd.readouterr().err.count("ended by SIGTERM") == 1
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
