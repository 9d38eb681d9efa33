"""How the network that restores is laid out and run; its weights and keys stay as they are."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from deblurkit.callbacks.average import restorer_of


class CompileRestorer(Callback):
    """Compiles the network in place: ``torch.compile`` of the module would rename its weights.

    Args:
        dynamic: Whether one compiled form serves all sizes; None lets torch decide.
        backend: Compiler, by torch's name.
    """

    def __init__(self, dynamic: bool | None = None, backend: str = "inductor") -> None:
        self.dynamic, self.backend = dynamic, backend

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Compile at the first forward."""
        network = pl_module.get_submodule(restorer_of(pl_module))
        network.compile(dynamic=self.dynamic, backend=self.backend)


class ChannelsLast(Callback):
    """Stores the network's weights channels last, which suits tensor cores and bf16 on CPUs."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Change the layout; convolutions hand it on to the pictures."""
        network = pl_module.get_submodule(restorer_of(pl_module))
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
