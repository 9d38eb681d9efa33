"""Signals that ask a run to save: noted when they come, heeded between two steps."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import torch

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

SAVING = getattr(signal, "SIGUSR1", None)  # Windows has none
URGENCY = (None, SAVING, signal.SIGINT, signal.SIGTERM)  # the later one counts
TERMINATED = 128 + signal.SIGTERM  # exit code
PATIENCE = b"\ninterrupted: saving after this step; once more to stop at once\n"
FAREWELL = b"\nended by SIGTERM\n"


class Signals:
    """What the process was asked for since it last looked.

    Nothing is saved inside a handler: the weights may be half-way between two steps, and a save
    may be under way.

    Attributes:
        noted: The most urgent one; None if there was none.
    """

    def __init__(self) -> None:
        self.noted: int | None = None

    def listen(self) -> None:
        """Note SIGTERM, Ctrl-C and SIGUSR1 from now on; the trainer puts old handlers back.

        Left alone are a Ctrl-C that is ignored, as for ``nohup``, and a SIGUSR1 that somebody
        else heeds: under SLURM with requeueing that is Lightning.
        """
        self.noted = None
        if threading.current_thread() is not threading.main_thread():
            return
        signal.signal(signal.SIGTERM, self.note)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self.note)
        if SAVING is not None and signal.getsignal(SAVING) is signal.SIG_DFL:
            signal.signal(SAVING, self.note)

    def note(self, number: int, _frame: Any) -> None:
        """Remember a signal; the second Ctrl-C does not wait.

        Raises:
            KeyboardInterrupt: At the second Ctrl-C.
        """
        if number == signal.SIGINT:
            if self.noted == number:
                raise KeyboardInterrupt
            os.write(2, PATIENCE)
        self.noted = max(self.noted, number, key=URGENCY.index)

    def agreed(self, trainer: "Trainer") -> int | None:
        """The most urgent signal that any device was sent; all devices must ask."""
        if trainer.world_size > 1:
            noted = torch.tensor(URGENCY.index(self.noted), device=trainer.strategy.root_device)
            torch.distributed.all_reduce(noted, torch.distributed.ReduceOp.MAX)
            self.noted = URGENCY[int(noted)]
        return self.noted


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end what is done inside at once, with a word and the exit code 143."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: Any) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # what tidies up is not interrupted
        os.write(2, FAREWELL)
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
