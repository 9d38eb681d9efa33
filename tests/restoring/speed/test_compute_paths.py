"""Paths answer nearly the same pictures, and leave the method as it was."""

import pytest
import skimage.data
import torch

import deblurkit
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.networks.layout import InstanceNorm, is_channels_last
from deblurkit.networks.nafnet import LayerNorm2d
from deblurkit.restoring.speed.choice import PATHS
from deblurkit.restoring.speed.paths import EXACT, Eager, computed, layout_of

LAST = torch.channels_last
BF16 = Eager(torch.bfloat16, LAST)


@pytest.fixture(scope="module")
def method() -> NetworkMethod:
    loaded = deblurkit.load("tiny").eval().requires_grad_(False)
    assert isinstance(loaded, NetworkMethod)
    return loaded


@pytest.fixture(scope="module")
def blurred() -> torch.Tensor:
    crop = skimage.data.chelsea()[90:172, 120:218]  # neither side is divisible by 8
    return torch.as_tensor(crop.copy()).movedim(-1, 0)[None] / 255


@pytest.mark.parametrize("path", [path for path in PATHS.values() if path is not EXACT], ids=str)
def test_a_path_answers_the_picture_up_to_rounding(
    path: Eager, method: NetworkMethod, blurred: torch.Tensor
) -> None:
    """By less than half a grey level of 255; in float32 by less than a hundred thousandth."""
    exact = method.restore(blurred)
    restored = computed(method, path)({"blurred": blurred, "name": ["cat"]})["restored"]
    assert restored.shape == exact.shape
    assert restored.dtype is torch.float32
    assert restored.is_contiguous()
    error = float((restored.clamp(0, 1) - exact).square().mean().sqrt())
    assert error < (1e-6 if path.precision is torch.float32 else 0.5 / 255)
    assert (error > 1e-5) is (path.precision is torch.bfloat16), "it was computed in this precision"


def test_the_exact_path_is_the_method_itself(method: NetworkMethod, blurred: torch.Tensor) -> None:
    batch = {"blurred": blurred, "name": ["cat"]}
    assert computed(method, EXACT)(batch)["restored"].equal(method.restoration(batch)["restored"])


def test_the_network_is_left_as_it_was(method: NetworkMethod, blurred: torch.Tensor) -> None:
    before = method.restore(blurred)
    with BF16.computing(method.network):
        assert layout_of(method.network) is LAST
        assert torch.is_autocast_enabled("cpu")
    with pytest.raises(AttributeError), BF16.computing(method.network):
        method.network.fails()
    assert layout_of(method.network) is torch.contiguous_format
    assert not torch.is_autocast_enabled("cpu")
    assert method.restore(blurred).equal(before)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "norm", [InstanceNorm(6), LayerNorm2d(channels=6)], ids=["instance", "layer"]
)
def test_normalisations_keep_the_layout(norm: torch.nn.Module, count: int) -> None:
    features = 3 + torch.rand(count, 6, 8, 10)
    last = features.to(memory_format=LAST)
    assert is_channels_last(norm(last))
    torch.testing.assert_close(norm(last), norm(features), rtol=0, atol=2e-5)
