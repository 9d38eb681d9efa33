"""Pictures and kernels that nobody wishes for, through every method that needs no training."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from blind_scenes import Poisoned, scene
from torch import Tensor

from deblurkit.config import build
from deblurkit.errors import InputError

SMALL = ("channels=4", "skipped=2", "scales=2")
BLIND = (*(f"priors.picture.{one}" for one in SMALL), "priors.kernel.hidden=8")
GUIDED = (
    *BLIND,
    "teacher.factory.method.rounds=1",
    "teacher.factory.method.coupling=1.0",
    "teacher.factory.method.deconvolution.rounds=1",
    "priors.stopping.max_iterations=3",
    "priors.stopping.min_iterations=1",
)
METHODS: dict[str, tuple[str, ...]] = {
    "wiener": (),
    "richardson_lucy": (),
    "hyper_laplacian": (),
    "l0_blind": ("rounds=2", "coupling=10.0"),
    "selfdeblur": (*BLIND, "priors.stopping.iterations=3"),
    "weak_selfdeblur": GUIDED,
    "dip": (*(f"picture.{one}" for one in SMALL), "inputs=4", "stopping.iterations=3"),
}
DEEP = ("selfdeblur", "weak_selfdeblur", "dip")


def restored(name: str, blurred: Tensor, *, size: int = 5) -> Tensor:
    """Restored with a flat kernel of a size, or with its size."""
    method = build(name, *METHODS[name])
    if "kernel" in method.takes:
        return method.restore(blurred, kernel=torch.full((1, 1, size, size), 1 / size**2))
    return method.restore(blurred, kernel_size=[size])


def overexposed() -> Tensor:
    """Half of it is white, as where the sensor was full."""
    return (3 * scene(24, 30)[1][None]).clamp(0, 1)


def black_and_white() -> Tensor:
    """One edge, and nothing between black and white."""
    return (torch.arange(24) > 11).float().expand(1, 3, 20, -1).contiguous()


def lamp() -> Tensor:
    """A single white pixel in the dark."""
    dark = torch.zeros(1, 3, 21, 24)
    dark[..., 10, 12] = 1
    return dark


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("picture", [overexposed, black_and_white, lamp])
def test_saturated_pictures_are_restored_without_a_fault(
    name: str, picture: Callable[[], Tensor]
) -> None:
    blurred = picture()
    answer = restored(name, blurred)
    assert answer.shape == blurred.shape
    assert 0 <= answer.min() <= answer.max() <= 1


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_constant_pictures_come_back(name: str, level: float) -> None:
    flat = torch.full((1, 3, 20, 24), level)
    torch.testing.assert_close(restored(name, flat), flat, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("size", "words"), [(4, r"\bodd\b.*\b4\b"), (25, "25 pixels is larger")])
def test_kernels_that_cannot_be_are_refused(name: str, size: int, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        restored(name, torch.rand(1, 3, 22, 40), size=size)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 40)])
def test_pictures_smaller_than_the_kernel_are_refused(name: str, height: int, width: int) -> None:
    with pytest.raises(InputError, match=r"larger than (a|the) picture.*(give|crop)"):
        restored(name, torch.rand(1, 3, height, width), size=3)


@pytest.mark.parametrize("name", DEEP)
def test_pictures_that_are_too_large_to_be_optimised_at_once_are_refused(name: str) -> None:
    huge = torch.rand(1, 1, 1, 1).expand(1, 3, 2100, 2000)
    with pytest.raises(InputError, match=r"at most 4,000,000 by the model's most_pixels; give a"):
        restored(name, huge)


@pytest.mark.parametrize("name", DEEP)
def test_the_last_good_answer_survives_what_is_not_finite(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    method: Any = build(name, *METHODS[name])
    maker = method if name == "dip" else method.priors
    make = maker.picture
    maker.picture = lambda **sizes: Poisoned(make(**sizes), bad={2})
    batch: Any = {"blurred": scene(24, 24)[1][None], "name": ["astronaut"]}
    known = {"kernel": torch.full((1, 1, 5, 5), 1 / 25)} if name == "dip" else {"kernel_size": [5]}
    found = method.restoration(batch | known)
    assert bool(found["restored"].isfinite().all())
    assert found["facts"][0]["skipped"] == 1
    assert "astronaut: iteration 2 is not finite and was left out" in caplog.text
