"""Methods of one number per player, so that every step can be worked out by hand."""

from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader

from deblurkit.contracts import Images, Pools, Terms
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.methods.frame.manual import ManualMethod
from deblurkit.methods.frame.trained import TrainedMethod


class Factor(nn.Module):
    """Multiplies by one number, which starts at 1."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, blurred: Images) -> Images:
        return self.factor * blurred


class Single(AutomaticMethod):
    """Its gradient is the mean of the batch, its rate 0.1."""

    needs, restorer = frozenset({"blurred"}), "generator"

    def __init__(self, *, scheduler: Any = None, weights: Any = None) -> None:
        super().__init__(
            weights=weights or {"content": 1.0},
            optimizer=lambda parameters: SGD(parameters, 0.1),
            scheduler=scheduler,
        )
        self.generator = Factor()

    def forward(self, blurred: Images) -> Images:
        return self.generator(blurred)

    def terms(self, batch: Pools) -> Terms:
        return {"content": self(batch["blurred"]["blurred"]).mean()}


class Players(ManualMethod):
    """A critic that moves twice in each batch and a generator that moves once."""

    needs, restorer = frozenset({"blurred"}), "generator"

    def __init__(self, *, schedulers: Any = None) -> None:
        super().__init__(
            weights={"generator": {"content": 1.0}, "critic": {"score": 1.0}},
            optimizers=dict.fromkeys(["generator", "critic"], lambda p: SGD(p, 0.1)),
            schedulers=schedulers,
        )
        self.generator, self.critic = Factor(), Factor()
        self.path: list[tuple[float, float]] = []  # both factors after every turn
        self.alone: list[bool] = []  # whether only the player of a turn could move

    def forward(self, blurred: Images) -> Images:
        return self.generator(blurred)

    def turns(self, batch: Pools) -> None:
        blurred = batch["blurred"]["blurred"]
        for player, name in (("critic", "score"), ("critic", "score"), ("generator", "content")):
            with self.turn(player) as descend:
                moving = {n for n, p in self.named_parameters() if p.requires_grad}
                self.alone.append(moving == {f"{player}.factor"})
                descend({name: self.critic(self.generator(blurred)).mean()})
            self.path.append((self.generator.factor.item(), self.critic.factor.item()))


def batches(*values: float) -> DataLoader[Pools]:
    """Training batches of one gray pixel each."""
    pools = [
        {"blurred": {"blurred": torch.full((1, 3, 1, 1), value), "name": [f"picture {place}"]}}
        for place, value in enumerate(values)
    ]
    return DataLoader(pools, batch_size=None, generator=torch.Generator())


def fitted(
    method: TrainedMethod, *values: float, epochs: int = 1, ckpt_path: Any = None, **options: Any
) -> Trainer:
    """Train on batches of these values, from a checkpoint on where there is one."""
    trainer = Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        **({"logger": False} | options),
    )
    trainer.fit(method, batches(*values), ckpt_path=ckpt_path)
    return trainer
