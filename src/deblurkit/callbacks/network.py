"""How the network that restores is laid out and run; its weights and keys stay as they are."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins import Precision

from deblurkit.callbacks.average import restorer_of
from deblurkit.losses.frozen import Frozen
from deblurkit.methods.frame.manual import at_once, lay_out


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


class EveryNetworkChannelsLast(Callback):
    """Stores the weights of all networks of a training channels last: critics and helpers, too.

    A gradient goes through all of them, and each that is laid out otherwise costs copies.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Change the layout before a checkpoint is read into it and optimisers are made."""
        pl_module.to(memory_format=torch.channels_last)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Change that of the frozen helpers, which are open by now."""
        for helper in vars(pl_module).values():
            if isinstance(helper, Frozen):
                helper.open().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class FusedOptimizers(Callback):
    """Lets every optimiser that has such a kernel move all parameters at once.

    Their own default goes over them one by one on a CPU; sums are rounded otherwise.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Change what the config left open, once a checkpoint has been read."""
        for optimizer in trainer.optimizers:
            lay_out(at_once(optimizer))


class Float32Scores(Callback):
    """Restores validation and test pictures in float32, whatever the training steps use.

    So the scores of a training are those of ``deblurkit-eval``.
    """

    def __init__(self) -> None:
        self._of_steps: Precision | None = None

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the precision of the training steps."""
        self._leave(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go back to it."""
        self._go_back(trainer)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the precision of the training steps."""
        self._leave(trainer)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go back to it."""
        self._go_back(trainer)

    def _leave(self, trainer: Trainer) -> None:
        self._of_steps = trainer.strategy.precision_plugin
        trainer.strategy.precision_plugin = Precision()

    def _go_back(self, trainer: Trainer) -> None:
        trainer.strategy.precision_plugin = self._of_steps
