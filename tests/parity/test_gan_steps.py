"""Whole optimisation steps against numbers of the authors' own code, in float64.

The networks start from the same numbers and what is compared is how far each parameter has moved,
which is hundreds of times less than its size. A bias before an instance normalisation has no
gradient: Adam moves it by what rounding leaves, in the authors' code and in ours.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from fingerprint import fill, formula_tensor
from gan_toys import digest, noise
from generators import blind
from lightning.pytorch import Callback, Trainer
from torch import nn
from torch.optim import Adam
from torch.utils.data import DataLoader

from deblurkit.contracts import OptimizerFactory, Pools, Scalar
from deblurkit.losses.adversarial import LeastSquares, Wasserstein
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.penalties import ChannelGradientPenalty
from deblurkit.losses.perceptual import FeatureDistance
from deblurkit.losses.pixel import l1
from deblurkit.losses.pools import PicturePool
from deblurkit.methods.cyclegan import CycleGAN
from deblurkit.methods.deblurgan import DeblurGAN
from deblurkit.methods.frame.manual import ManualMethod
from deblurkit.networks import cyclegan
from deblurkit.networks.parts.critics import PatchCritic
from deblurkit.networks.parts.vgg import VGG19

REFERENCE = json.loads(Path(__file__).with_name("gan_steps.json").read_text())
CHANNELS, SIDE = 8, 64
ENLARGED = 1000.0
PRECISION = 1e-8  # of a move; a thousand times finer in terms of the parameter
ROUNDING = 1e-7


class FormulaVGG19(VGG19):
    """Weights of the formula in the place of a file's, the last enlarged."""

    def read(self, path: str) -> None:
        fill(self.double())
        self.features[-1].weight.data *= ENLARGED


class Features(FeatureDistance):
    """DeblurGAN's content on random features, for pictures in [-1, 1]."""

    def __init__(self) -> None:
        half = [0.5, 0.5, 0.5]
        super().__init__(trunk=FormulaVGG19, weights="", layer="conv3_3", mean=half, std=half)
        self.double()


class Replayed:
    """The penalty at the places that the authors' code drew."""

    def __init__(self, alphas: list[float]) -> None:
        self.alphas = iter(alphas)

    def __call__(self, critic: Any, real: torch.Tensor, fake: torch.Tensor) -> Scalar:
        alpha = torch.tensor(next(self.alphas), dtype=torch.float64)
        return ChannelGradientPenalty()(critic, real, fake, alpha=alpha)


class Objectives(Callback):
    """Starts the draws of the pools; keeps the players' objectives of each step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:
        torch.manual_seed(0)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
        metrics = trainer.callback_metrics
        players = pl_module.objectives
        self.steps.append({name: metrics[f"train/{name}/objective"].item() for name in players})


def filled(network: nn.Module) -> nn.Module:
    fill(network.double())
    return network


def noise_at(seed: int) -> torch.Tensor:
    return noise(seed, count=1, side=SIDE)


def trained(method: ManualMethod, batches: list[Pools]) -> list[dict[str, float]]:
    """One batch after the other; the objectives of each."""
    objectives = Objectives()
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        precision="64-true",
        callbacks=[objectives],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )
    trainer.fit(method, DataLoader(batches, batch_size=None, generator=torch.Generator()))
    return objectives.steps


def require_steps(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> None:
    """The objectives of each step's last turns."""
    assert len(ours) == len(theirs)
    for step, reference in zip(ours, theirs, strict=True):
        assert step == pytest.approx(reference, rel=1e-10)


def require_moves(network: nn.Module, expected: list[float]) -> None:
    """The parameters are where the authors' code has put them."""
    pairs = zip(network.parameters(), zip(*[iter(expected)] * 2, strict=True), strict=True)
    for place, (parameter, theirs) in enumerate(pairs):
        ours = digest([parameter - formula_tensor(parameter.shape, place)])
        if max(theirs) < ROUNDING:
            assert max(ours) < ROUNDING, place
        else:
            assert ours == pytest.approx(list(theirs), rel=0, abs=PRECISION * theirs[0]), place


def adam(rate: float) -> OptimizerFactory:
    return partial(Adam, lr=rate, betas=(0.5, 0.999))


def test_two_steps_of_deblurgan() -> None:
    """Each of them five of the critic and one of the generator."""
    reference = REFERENCE["deblurgan"]
    method = DeblurGAN(
        generator=filled(blind(CHANNELS, 9, dropout=0.0)),
        critic=filled(PatchCritic(channels=CHANNELS, strided=3, padding=2)),
        adversarial=Wasserstein(),
        content=Frozen(Features),
        pixel=l1,
        penalty=Replayed(reference["alphas"]),
        constraint=None,
        critic_steps=5,
        weights={
            "generator": {"adversarial": 1.0, "content": 100.0},
            "critic": {"adversarial": 1.0, "penalty": 10.0},
        },
        optimizers=dict.fromkeys(["generator", "critic"], adam(1e-4)),
    )
    batches: list[Pools] = [
        {"paired": {"blurred": noise_at(step), "sharp": noise_at(step + 1), "name": ["noise"]}}
        for step in (1, 3)
    ]
    require_steps(trained(method, batches), reference["objectives"])
    require_moves(method.generator, reference["moves"]["generator"])
    require_moves(method.critic, reference["moves"]["critic"])


def test_three_steps_of_cyclegan_with_pictures_out_of_the_pool() -> None:
    reference = REFERENCE["cyclegan"]
    method = CycleGAN(
        deblurrer=filled(cyclegan.Generator(channels=CHANNELS, blocks=9)),
        blurrer=filled(cyclegan.Generator(channels=CHANNELS, blocks=9)),
        sharp_critic=filled(PatchCritic(channels=CHANNELS, strided=3, padding=1)),
        blurred_critic=filled(PatchCritic(channels=CHANNELS, strided=3, padding=1)),
        adversarial=LeastSquares,
        pool=partial(PicturePool, capacity=1),
        weights={  # twice the authors': distances in [0, 1] are half of those in [-1, 1]
            "generators": {"adversarial": 1.0, "cycle": 20.0, "identity": 10.0},
            "critics": {"adversarial": 1.0},
        },
        optimizers=dict.fromkeys(["generators", "critics"], adam(2e-4)),
    )
    batches: list[Pools] = [
        {
            "blurred": {"blurred": noise_at(step), "name": ["noise"]},
            "sharp": {"sharp": noise_at(step + 1), "name": ["noise"], "seed": [0]},
        }
        for step in (1, 3, 5)
    ]
    require_steps(trained(method, batches), reference["objectives"])
    networks = {**method.generators, **method.critics}
    assert networks.keys() == reference["moves"].keys()
    for name, moves in reference["moves"].items():
        require_moves(networks[name], moves)
