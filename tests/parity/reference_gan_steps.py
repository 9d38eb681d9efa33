"""Reference numbers for whole optimisation steps of DeblurGAN and CycleGAN, from their authors.

    git clone https://github.com/KupynOrest/DeblurGAN && git -C DeblurGAN checkout dd9e940
    git clone https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix CycleGAN \
        && git -C CycleGAN checkout 7891385 && git -C CycleGAN checkout c99ce7c util/image_pool.py
    python tests/parity/reference_gan_steps.py DeblurGAN CycleGAN

writes `gan_steps.json` beside this file. The authors' `optimize_parameters` runs: of DeblurGAN's
checkout all of `models/conditional_gan_model.py`, of CycleGAN's that of
`models/cycle_gan_model.py` with what its `initialize` would build out of the default options.
Everything is float64. Networks start with the formula's weights in the order of their parameters,
pictures are those of `toys_gan`; what is stored is how far every parameter has moved.
"""

import itertools
import json
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from fingerprint import fill, formula_tensor
from gan_toys import digest, noise
from reference_gan_losses import Draws, loaded, losses_of, stand_in

CHANNELS, SIDE = 8, 64
STEPS = {"deblurgan": 2, "cyclegan": 3}
CAPACITY = 1  # of CycleGAN's pools, which are full after the first step

OPTIONS = Namespace(  # of DeblurGAN with --learn_residual; smaller and without dropout
    isTrain=True,
    continue_train=False,
    gpu_ids=[],
    model="content_gan",
    checkpoints_dir="",
    name="",
    which_direction="AtoB",
    pool_size=50,
    batchSize=1,
    fineSize=SIDE,
    input_nc=3,
    output_nc=3,
    norm="instance",
    ngf=CHANNELS,
    which_model_netG="resnet_9blocks",
    learn_residual=True,
    ndf=CHANNELS,
    which_model_netD="basic",
    n_layers_D=3,
    no_dropout=True,
    gan_type="wgan-gp",
    lambda_A=100.0,
    lr=1e-4,
    beta1=0.5,
)


def signed(seed: int) -> Tensor:
    """One picture of noise, in [-1, 1]."""
    return 2 * noise(seed, count=1, side=SIDE) - 1


def moves(network: nn.Module) -> list[float]:
    """Digests of what was added to each parameter since the formula filled it."""
    parameters = enumerate(network.parameters())
    return digest([moved - formula_tensor(moved.shape, place) for place, moved in parameters])


def package(checkout: Path) -> None:
    """Let the authors' files import each other, and what they need from elsewhere."""
    stand_in("models").__path__ = [str(checkout / "models")]  # type: ignore[attr-defined]
    stand_in("util").__path__ = [str(checkout / "util")]  # type: ignore[attr-defined]
    stand_in("util.util")
    for name in [name for name in sys.modules if name.startswith("models.")]:
        del sys.modules[name]


def deblurgan(checkout: Path) -> dict[str, Any]:
    """Twice five steps of the critic and one of the generator; VGG-19 has formula weights."""
    package(checkout)
    sys.modules["models.losses"] = losses_of(checkout)
    stand_in("util").__path__ = [str(checkout / "util")]  # type: ignore[attr-defined]
    module = loaded("models.conditional_gan_model", checkout / "models/conditional_gan_model.py")
    model = module.ConditionalGAN()
    model.initialize(OPTIONS)
    fill(model.netG)
    fill(model.netD)
    torch.manual_seed(0)
    alphas = [torch.rand(1, 1).item() for _ in range(STEPS["deblurgan"] * model.criticUpdates)]
    torch.manual_seed(0)
    objectives = []
    for step in range(STEPS["deblurgan"]):
        pair = {"A": signed(2 * step + 1), "B": signed(2 * step + 2)}
        model.set_input({**pair, "A_paths": [], "B_paths": []})
        model.optimize_parameters()
        objectives.append({"generator": model.loss_G.item(), "critic": model.loss_D.item()})
    return {
        "alphas": alphas,
        "objectives": objectives,
        "moves": {"generator": moves(model.netG), "critic": moves(model.netD)},
    }


def cyclegan(checkout: Path) -> dict[str, Any]:
    """Three steps with a pool of one picture, so that pictures are exchanged."""
    package(checkout)
    stand_in("models.base_model", BaseModel=Base)
    pools = loaded("util.image_pool", checkout / "util/image_pool.py")
    pools.random = Draws()  # type: ignore[attr-defined]
    networks = loaded("models.networks", checkout / "models/networks.py")
    module = loaded("models.cycle_gan_model", checkout / "models/cycle_gan_model.py")
    model = assembled(module.CycleGANModel(), networks, pools)
    torch.manual_seed(0)
    objectives = []
    for step in range(STEPS["cyclegan"]):
        model.real_A, model.real_B = signed(2 * step + 1), signed(2 * step + 2)
        model.optimize_parameters()
        critics = model.loss_D_A + model.loss_D_B
        objectives.append({"generators": model.loss_G.item(), "critics": critics.item()})
    parts = {"deblurrer": "netG_A", "blurrer": "netG_B", "sharp": "netD_A", "blurred": "netD_B"}
    return {
        "objectives": objectives,
        "moves": {name: moves(getattr(model, theirs)) for name, theirs in parts.items()},
    }


class Base:
    """Of the authors' base class what a step uses."""

    def set_requires_grad(self, networks: list[nn.Module], wanted: bool) -> None:
        for network in networks:
            network.requires_grad_(wanted)


def assembled(model: Any, networks: ModuleType, pools: ModuleType) -> Any:
    """The parts of CycleGAN, as the default options have them but for their sizes."""
    norm = networks.get_norm_layer("instance")
    model.opt = Namespace(lambda_A=10.0, lambda_B=10.0, lambda_identity=0.5)
    for name in ("netG_A", "netG_B"):
        setattr(model, name, networks.ResnetGenerator(3, 3, CHANNELS, norm_layer=norm, n_blocks=9))
    for name in ("netD_A", "netD_B"):
        setattr(model, name, networks.NLayerDiscriminator(3, CHANNELS, 3, norm_layer=norm))
    players = {
        "optimizer_G": [model.netG_A, model.netG_B],
        "optimizer_D": [model.netD_A, model.netD_B],
    }
    for name, both in players.items():
        for network in both:
            fill(network.train())
        moving = itertools.chain(*(network.parameters() for network in both))
        setattr(model, name, torch.optim.Adam(moving, lr=2e-4, betas=(0.5, 0.999)))
    model.fake_A_pool, model.fake_B_pool = pools.ImagePool(CAPACITY), pools.ImagePool(CAPACITY)
    model.criterionGAN = networks.GANLoss(use_lsgan=True)
    model.criterionCycle = model.criterionIdt = nn.L1Loss()
    return model


def main(first: str, second: str) -> None:
    """Write the file."""
    found = {
        "deblurgan": {
            "source": "https://github.com/KupynOrest/DeblurGAN",
            "commit": "dd9e940f92db10f0e5ce073344159b99b22dbfa0",
            **deblurgan(Path(first)),
        },
        "cyclegan": {
            "source": "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix",
            "commit": "78913853ab4a4f5eba717af8433809300c99f0bb",
            "commit_of_the_pool": "c99ce7c4e781712e0252c6127ad1a4e8021cc489",
            **cyclegan(Path(second)),
        },
    }
    Path(__file__).with_name("gan_steps.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    main(*sys.argv[1:])
