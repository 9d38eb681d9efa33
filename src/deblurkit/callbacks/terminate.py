"""SIGTERM where nothing is trained."""

import os
import signal
import threading
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from deblurkit.callbacks.signals import FAREWELL, TERMINATED


class EndAtOnce(Callback):
    """Ends a test or a prediction at SIGTERM, on all devices, with the exit code 143.

    A single picture may take an hour, and nothing of it has to be saved. Lightning would finish
    the batch of a test and everything that is left of a prediction.
    """

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen; the trainer puts the old handler back."""
        listen(trainer)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen; the trainer puts the old handler back."""
        listen(trainer)


def listen(trainer: Trainer) -> None:
    """End this process and those it has started at SIGTERM."""

    def end(number: int, _frame: Any) -> None:
        signal.signal(number, signal.SIG_IGN)  # what tidies up is not interrupted
        if trainer.strategy.launcher is not None:
            trainer.strategy.launcher.kill(number)
        if trainer.is_global_zero:
            os.write(2, FAREWELL)
        raise SystemExit(TERMINATED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
