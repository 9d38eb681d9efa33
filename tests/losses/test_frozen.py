from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from running import NETWORK, config
from torch import nn
from toys import Direct, Network

import deblurkit
from deblurkit.commands.train.run import train
from deblurkit.config import build_recipe
from deblurkit.contracts import Pools, Terms
from deblurkit.errors import InputError
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.pixel import l1


class Features(nn.Module):
    """Features whose weights come from a file, as those of a published network would."""

    built = 0

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        Features.built += 1
        if weights is not None:
            Path(weights).read_bytes()
        self.convolution = nn.Conv2d(3, 2, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.dropout(self.convolution(pictures))


class Perceptual(Direct):
    """A method with a frozen helper whose first use may be in a validation."""

    def __init__(self, *, restoring: nn.Module, features: Frozen) -> None:
        super().__init__(restoring=restoring, lr=1e-2)
        self.features = features

    def terms(self, batch: Pools) -> Terms:
        restored, sharp = self(batch["paired"]["blurred"]), batch["paired"]["sharp"]
        return {"content": l1(self.features(restored), self.features(sharp))}

    def distance(self, restored: torch.Tensor, sharp: torch.Tensor) -> torch.Tensor:
        return l1(self.features(restored), self.features(sharp))


def perceptual(**factory: str) -> Perceptual:
    return Perceptual(restoring=Network(), features=Frozen(partial(Features, **factory)))


def test_it_is_in_no_parameters_and_no_state() -> None:
    method = perceptual()
    method.features.open()
    assert not [name for name, _ in method.named_parameters() if "features" in name]
    assert not [name for name in method.state_dict() if "features" in name]
    assert not [name for name, _ in method.named_modules() if "features" in name]


def test_it_is_built_once_and_only_when_used() -> None:
    before = Features.built
    frozen = Frozen(Features)
    assert Features.built == before
    pictures = torch.rand(1, 3, 8, 8)
    assert torch.equal(frozen(pictures), frozen(pictures))  # evaluating: no dropout
    assert Features.built == before + 1
    assert frozen.open() is frozen.open()


def test_gradients_flow_to_the_pictures_and_not_into_it() -> None:
    frozen = Frozen(Features)
    pictures = torch.rand(1, 3, 8, 8, requires_grad=True)
    frozen(pictures).sum().backward()
    assert pictures.grad is not None
    assert pictures.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in frozen.open().parameters())


def test_a_first_use_in_a_validation_leaves_training_possible() -> None:
    method = perceptual()
    pictures = torch.rand(1, 3, 8, 8)
    with torch.inference_mode():
        method.distance(method(pictures), pictures)
    method.distance(method(pictures), pictures).backward()
    assert all(parameter.grad is not None for parameter in method.parameters())


def test_the_random_numbers_of_the_run_go_on_untouched() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    state = np.random.get_state()[1].copy()
    Frozen(Features).open()
    assert torch.equal(torch.rand(3), expected)
    assert np.array_equal(np.random.get_state()[1], state)


def recipe(weights: Path) -> dict:
    factory = {"_target_": "losses.test_frozen.Features", "_partial_": True}
    return {
        "_target_": "losses.test_frozen.Perceptual",
        "restoring": NETWORK,
        "features": {
            "_target_": "deblurkit.losses.frozen.Frozen",
            "factory": factory | {"weights": str(weights)},
        },
    }


TRUST = ("losses", "toys")


def test_a_missing_file_is_an_error_when_training_starts(tmp_path: Path) -> None:
    missing = tmp_path / "vgg.pt"
    cfg = config(tmp_path / "run", "trust=[toys,losses]", model=recipe(missing))
    with pytest.raises(InputError, match=r"Perceptual.*vgg\.pt"):
        train(cfg)
    assert not (tmp_path / "run" / "last.ckpt").exists()


def test_build_load_and_restore_never_open_it(tmp_path: Path) -> None:
    weights = tmp_path / "vgg.pt"
    weights.touch()
    train(config(tmp_path / "run", "trust=[toys,losses]", model=recipe(weights)))
    weights.unlink()
    before = Features.built
    pictures = torch.rand(1, 3, 8, 8)
    build_recipe(recipe(weights), trust=TRUST).restore(pictures)
    deblurkit.load(tmp_path / "run" / "best.ckpt", trust=TRUST).restore(pictures)
    assert Features.built == before
