"""Training commands that are killed for real, for the tests and the soak of resuming."""

import os
import resource
import signal
import sys
import threading
import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

MOMENTS = ("step", "validation", "border", "write", "rename")
FIRST_LIFE = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0"


class KillAt(Callback):
    """Sends its own process SIGKILL, or another signal, at the n-th moment of a kind.

    Args:
        moment: ``step`` and ``validation``: inside a batch; ``border``: between epochs, while
            Lightning and the other callbacks do their work; ``write``: while a file is written
            beside its target; ``rename``: right before a file takes another's place.
        number: How many such moments pass before.
        delay: From the moment to the signal, seconds.
        rank: Device that is meant.
        sent: Number of the signal.
    """

    def __init__(
        self, moment: str, number: int, delay: float = 0, rank: int = 0, sent: int = signal.SIGKILL
    ) -> None:
        self.moment, self.left, self.delay, self.rank = moment, number, delay, rank
        self.sent = sent
        self.meant = False

    def reach(self, moment: str) -> None:
        if not (self.meant and moment == self.moment):
            return
        self.left -= 1
        if self.left == -1:
            if self.delay:
                threading.Thread(target=self.strike, daemon=True).start()
            else:
                self.strike()

    def strike(self) -> None:
        time.sleep(self.delay)
        os.kill(os.getpid(), self.sent)

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).endswith(".part"):
            self.reach("write")
        elif event == "os.rename":
            self.reach("rename")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.meant = FIRST_LIFE and trainer.global_rank == self.rank
        if self.meant and self.moment in ("write", "rename"):
            sys.addaudithook(self.watch)

    def on_train_batch_start(self, *_: Any) -> None:
        self.reach("step")

    def on_validation_batch_start(self, *_: Any) -> None:
        self.reach("validation")

    def on_train_epoch_end(self, *_: Any) -> None:
        self.reach("border")


def kill_at(moment: str, number: int, delay: float = 0, rank: int = 0, sent: int = 9) -> str:
    """The override that has a training command killed."""
    told = f"moment:{moment},number:{number},delay:{delay},rank:{rank},sent:{sent}"
    return f"+callbacks.kill={{_target_:killing.KillAt,{told}}}"


class FullDisk(Callback):
    """Lets no file of its process grow beyond some bytes, from one epoch until another.

    The system refuses then, as it does on a full disk.
    """

    def __init__(self, limit: int, since: int, until: int) -> None:
        self.limit, self.since, self.until = limit, since, until
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        full = self.since <= trainer.current_epoch < self.until
        limit = self.limit if full else self.before[0]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, self.before[1]))
