"""An exponential moving average of the network that restores."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn import Parameter

from deblurkit.errors import InputError

State = dict[str, Tensor]


class RestorerAverage(Callback):
    """Averages the weights of ``restorer``; validation, test and checkpoints use the average.

    Critics, inverse networks and frozen helpers are not averaged. A checkpoint's ``state_dict``
    holds the average, which is what ``load`` wants; its ``current`` holds the raw weights, from
    which training goes on.

    Args:
        decay: Share of the old average that stays at each optimiser step, in [0, 1). Early on it
            is smaller, (1 + steps) / (10 + steps), so that the random start is forgotten.
    """

    def __init__(self, decay: float) -> None:
        if not 0 <= decay < 1:
            raise InputError(f"decay must be in [0, 1), got {decay}")
        self.decay = decay
        self.steps = 0
        self._seen = 0  # global_step when last looked at
        self.average: State = {}
        self._raw: State = {}  # while the average stands in the network
        self._current: State | None = None  # raw weights of a checkpoint, until training starts
        self._followed: tuple[list[Tensor], list[Tensor]] = ([], [])  # averages, parameters
        self._buffers: list[str] = []

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start from the weights as they are, or from a checkpoint's."""
        state = restorer_state(pl_module)
        if self._current is None:
            self.average = {name: value.detach().clone() for name, value in state.items()}
        else:  # the checkpoint put the average into the network
            self.average = {name: state[name].detach().clone() for name in state}
            copy_into(state, self._current)
            self._current = None
        self._seen = trainer.global_step
        network = pl_module.get_submodule(restorer_of(pl_module))
        held = network.state_dict(keep_vars=True)
        stay = [name for name, value in held.items() if isinstance(value, Parameter)]
        # The parameters themselves: who lays them out anew gives them other memory.
        self._followed = ([self.average[name] for name in stay], [held[name] for name in stay])
        self._buffers = [name for name in held if name not in stay]

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Follow every optimiser step."""
        if trainer.global_step == self._seen:
            return
        self._seen = trainer.global_step
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(*self._followed, 1 - decay)
        if self._buffers:  # a network may have put others in their place
            state = restorer_state(pl_module)
            for name in self._buffers:
                average, value = self.average[name], state[name]
                average.lerp_(value, 1 - decay) if value.is_floating_point() else average.copy_(
                    value
                )

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the average into the network."""
        self._swap_in(pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take it out again."""
        self._swap_out(pl_module)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the average into the network."""
        self._swap_in(pl_module)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take it out again."""
        self._swap_out(pl_module)

    def _swap_in(self, module: LightningModule) -> None:
        if self.average:
            state = restorer_state(module)
            self._raw = {name: value.detach().clone() for name, value in state.items()}
            copy_into(state, self.average)

    def _swap_out(self, module: LightningModule) -> None:
        if self._raw:
            copy_into(restorer_state(module), self._raw)
            self._raw = {}

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Store the average as the weights, and the raw ones beside them."""
        if not self.average:
            return
        prefix = f"{restorer_of(pl_module)}."
        raw = self._raw or restorer_state(pl_module)
        checkpoint["current"] = {name: value.detach().clone() for name, value in raw.items()}
        for name, value in self.average.items():
            checkpoint["state_dict"][prefix + name] = value

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remember the raw weights for training; evaluation needs the average only."""
        self._current = checkpoint.get("current")

    def state_dict(self) -> dict[str, Any]:
        """Number of steps that were averaged."""
        return {"steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.steps = state_dict["steps"]


def restorer_of(module: LightningModule) -> str:
    """Name of the network that restores.

    Raises:
        InputError: If the method has none: a solver has nothing to average.
    """
    restorer = getattr(module, "restorer", None)
    if not isinstance(restorer, str):
        raise InputError(f"{type(module).__name__} has no network to average or compile")
    return restorer


def restorer_state(module: LightningModule) -> State:
    """Its tensors, not copies."""
    return module.get_submodule(restorer_of(module)).state_dict()


@torch.no_grad()
def copy_into(state: State, values: State) -> None:
    """Overwrite tensors in place."""
    for name, value in state.items():
        value.copy_(values[name])
