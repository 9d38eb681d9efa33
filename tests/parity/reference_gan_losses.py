"""Reference numbers for the losses of the GAN methods, from the authors' own code.

    git clone https://github.com/KupynOrest/DeblurGAN && git -C DeblurGAN checkout dd9e940
    git clone https://github.com/VITA-Group/DeblurGANv2 && git -C DeblurGANv2 checkout c16bd9f
    git clone https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix CycleGAN \
        && git -C CycleGAN checkout 7891385 && git -C CycleGAN checkout c99ce7c util/image_pool.py
    python tests/parity/reference_gan_losses.py DeblurGAN DeblurGANv2 CycleGAN

writes `gan_losses.json` beside this file. Of each checkout only `models/losses.py` (of the last
`models/networks.py`) and `util/image_pool.py` run. Everything is float64; weights, pictures and
digests are those of `toys_gan`. The authors' code works on pictures in [-1, 1].
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from fingerprint import fill
from gan_toys import digest, formula_critic, noise

ALPHA = 0.3
ENLARGED = 1000.0
RATE = 0.1  # of the critic's steps
POOLS = {"50": 50, "3": 3}
VGG_WIDTHS = ((64, 64), (128, 128), (256, 256, 256))


class Draws:
    """In the place of the module `random`: the same questions to torch's global generator."""

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * torch.rand(()).item()

    def randint(self, low: int, high: int) -> int:
        return low + int(torch.randint(high - low + 1, ()).item())


class Vgg(nn.Module):
    """Layers 0 to 14 of VGG-19 under torchvision's numbers, formula weights, the last enlarged.

    Else their features would be lost beside the pixels.
    """

    def __init__(self, pretrained: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for block in VGG_WIDTHS:
            for width in block:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:15]).double()
        fill(self)
        self.features[-1].weight.data *= ENLARGED


class Normalize:
    """What the authors take from torchvision: (picture - mean) / std, per channel."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean, self.std = (
            torch.tensor(v, dtype=torch.float64).reshape(-1, 1, 1) for v in (mean, std)
        )

    def __call__(self, picture: Tensor) -> Tensor:
        return (picture - self.mean) / self.std


def stand_in(name: str, **contents: Any) -> ModuleType:
    """Give the authors' imports what they name, without installing it."""
    module = ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module
    return module


def loaded(name: str, file: Path) -> ModuleType:
    """A module of a checkout, under the name by which its neighbours import it."""
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def losses_of(checkout: Path) -> ModuleType:
    """`models/losses.py` on the CPU, with what it imports."""
    models = stand_in("torchvision.models", vgg19=Vgg)
    transforms = stand_in("torchvision.transforms", Normalize=Normalize)
    stand_in("torchvision", models=models, transforms=transforms)
    stand_in("util").__path__ = []  # type: ignore[attr-defined]
    stand_in("util.util")
    loaded("util.image_pool", checkout / "util/image_pool.py")
    for kind in (Tensor, nn.Module):
        kind.cuda = lambda self, *_, **__: self  # type: ignore[assignment,method-assign]
    return loaded("reference_losses", checkout / "models/losses.py")


@contextmanager
def drawn(value: float) -> Iterator[None]:
    """Every random tensor holds this value."""
    original = torch.rand
    torch.rand = lambda *size: torch.full(size, value, dtype=torch.float64)  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.rand = original


def signed(seed: int, *, count: int = 2) -> Tensor:
    """Pictures of noise, in [-1, 1]."""
    return 2 * noise(seed, count=count) - 1


def gradients(value: Tensor, wanted: Sequence[Tensor]) -> dict[str, Any]:
    """A value and the digests of its gradients; unused tensors have none."""
    found = torch.autograd.grad(value, wanted, allow_unused=True)
    return {"value": value.item(), "gradients": digest([g for g in found if g is not None])}


def deblurgan(checkout: Path) -> dict[str, Any]:
    """Content, both adversarial objectives, and the penalty with a given alpha."""
    losses = losses_of(checkout)
    wgan, content = losses.DiscLossWGANGP(), losses.PerceptualLoss()
    wgan.initialize(type("Options", (), {"pool_size": 50}), torch.DoubleTensor)
    content.initialize(nn.MSELoss())
    critic, sharp, restored = formula_critic(), signed(1), signed(2).requires_grad_()
    weights = list(critic.parameters())
    with drawn(ALPHA):
        told = wgan.get_loss(critic, None, restored, sharp)
        penalty = wgan.calc_gradient_penalty(critic, sharp, restored.detach())
    return {
        "alpha": ALPHA,
        "critic": gradients(told, weights),
        "penalty_times_10": gradients(penalty, weights),
        "generator": gradients(wgan.get_g_loss(critic, None, restored), [restored]),
        "content": gradients(content.get_loss(restored, sharp), [restored]),
    }


def deblurgan_v2(checkout: Path) -> dict[str, Any]:
    """Content of single pictures, and three steps of RaGAN-LS with either pool."""
    losses = losses_of(checkout)
    content = losses.PerceptualLoss()
    content.initialize(nn.MSELoss())
    sharp, restored = signed(1, count=1), signed(2, count=1).requires_grad_()
    found = {"content": gradients(content.get_loss(restored, sharp), [restored])}
    for name, capacity in POOLS.items():
        ragan = losses.RelativisticDiscLossLS()
        ragan.fake_pool, ragan.real_pool = losses.ImagePool(capacity), losses.ImagePool(capacity)
        found[f"pool_{name}"] = steps(ragan)
    return found


def steps(ragan: Any) -> list[dict[str, Any]]:
    """Critic, then generator, three times; the critic is moved in between."""
    critic, found = formula_critic(), []
    weights = list(critic.parameters())
    for step in range(3):
        sharp, restored = signed(2 * step + 1), signed(2 * step + 2).requires_grad_()
        told = ragan.get_loss(critic, restored, sharp)
        moves = torch.autograd.grad(told, weights, retain_graph=True, allow_unused=True)
        critic_numbers = gradients(told, weights)
        with torch.no_grad():
            for weight, move in zip(weights, moves, strict=True):
                if move is not None:
                    weight -= RATE * move
        fooled = ragan.get_g_loss(critic, restored, sharp)
        found.append({"critic": critic_numbers, "generator": gradients(fooled, [restored])})
    return found


def cyclegan(checkout: Path) -> dict[str, Any]:
    """Least squares as in one optimisation step, and which pictures the pool answers."""
    stand_in("util").__path__ = []  # type: ignore[attr-defined]
    networks = loaded("reference_networks", checkout / "models/networks.py")
    pools = loaded("util.image_pool", checkout / "util/image_pool.py")
    pools.random = Draws()  # type: ignore[attr-defined]
    loss, critic = networks.GANLoss(use_lsgan=True).double(), formula_critic()
    sharp, restored = signed(1), signed(2).requires_grad_()
    told = (loss(critic(sharp), True) + loss(critic(restored.detach()), False)) * 0.5
    torch.manual_seed(0)
    pool, answered = pools.ImagePool(5), []
    for number in range(0, 80, 2):
        pictures = torch.tensor([number, number + 1]).reshape(2, 1, 1, 1)
        answered += pool.query(pictures).flatten().tolist()
    return {
        "critic": gradients(told, list(critic.parameters())),
        "generator": gradients(loss(critic(restored), True), [restored]),
        "pool_of_5": answered,
    }


def main(first: str, second: str, third: str) -> None:
    """Write the file."""
    found = {
        "deblurgan": {
            "source": "https://github.com/KupynOrest/DeblurGAN",
            "commit": "dd9e940f92db10f0e5ce073344159b99b22dbfa0",
            **deblurgan(Path(first)),
        },
        "deblurgan_v2": {
            "source": "https://github.com/VITA-Group/DeblurGANv2",
            "commit": "c16bd9f5be63885389a57202c74023531d9ca086",
            **deblurgan_v2(Path(second)),
        },
        "cyclegan": {
            "source": "https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix",
            "commit": "78913853ab4a4f5eba717af8433809300c99f0bb",
            "commit_of_the_pool": "c99ce7c4e781712e0252c6127ad1a4e8021cc489",
            **cyclegan(Path(third)),
        },
    }
    Path(__file__).with_name("gan_losses.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
