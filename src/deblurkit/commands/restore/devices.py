"""The devices that a command restores on: this process alone, or several under a Trainer."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.restoring.chain import Restore

Share = dict[str, Any]  # what became of the files of one device


class Observer(Protocol):
    """What is done before and after each picture."""

    def before(self, batch: BlurredBatch) -> None:
        """A picture is about to be restored."""
        ...

    def after(self, batch: BlurredBatch, restoration: Restoration) -> None:
        """It was."""
        ...


class Devices(Protocol):
    """Restores pictures one after another, each device its own share of them."""

    @property
    def rank(self) -> int:
        """Of this process, from 0."""
        ...

    @property
    def count(self) -> int:
        """Of processes."""
        ...

    def run(
        self, restore: Restore, pictures: Iterable[BlurredBatch], observers: Sequence[Observer]
    ) -> None:
        """Restore all pictures of this device."""
        ...

    def gathered(self, share: Share) -> list[Share]:
        """What became of the files of every device, by rank."""
        ...

    def wait(self) -> None:
        """Wait until all devices have ended."""
        ...
