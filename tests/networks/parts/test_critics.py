"""The patch critic: the authors' numbers, sizes, and what losses ask of it."""

import pytest
import torch
from generators import count
from parity_numbers import numbers_of, require_equal
from torch import nn

from deblurkit.errors import InputError
from deblurkit.networks.parts.critics import PatchCritic


@pytest.mark.parametrize(("source", "padding"), [("deblurgan", 2), ("cyclegan", 1)])
@pytest.mark.parametrize("name", ["three strided", "five strided", "full"])
def test_it_is_the_authors_network(source: str, padding: int, name: str) -> None:
    expected = numbers_of(source)["critics"][name]
    critic = PatchCritic(
        channels=expected["channels"], strided=expected["strided"], padding=padding
    )
    require_equal(critic, expected)


@pytest.mark.parametrize(
    ("strided", "padding", "sides", "parameters"),
    [
        (3, 2, [129, 65, 33, 34, 35], 2_764_737),
        (3, 1, [128, 64, 32, 31, 30], 2_764_737),
        (5, 1, [128, 64, 32, 16, 8, 7, 6], 11_154_369),
        (5, 2, [129, 65, 33, 17, 9, 10, 11], 11_154_369),
    ],
)
def test_sizes_and_parameters_of_the_papers(strided, padding, sides, parameters) -> None:
    with torch.device("meta"):
        critic = PatchCritic(channels=64, strided=strided, padding=padding)
    assert count(critic) == parameters
    features, found = torch.empty(1, 3, 256, 256, device="meta"), []
    for layer in critic.layers:
        features = layer(features)
        if isinstance(layer, nn.Conv2d):
            found.append(features.shape[-1])
    assert found == sides
    assert critic(torch.empty(2, 3, 256, 256, device="meta")).shape == (2, 1, sides[-1], sides[-1])


def tiny(strided: int = 3, padding: int = 1) -> PatchCritic:
    return PatchCritic(channels=4, strided=strided, padding=padding)


def test_a_score_looks_at_a_patch_of_70_pixels() -> None:
    critic = tiny().double()
    critic.layers = nn.Sequential(  # normalisation looks at the whole picture
        *(layer for layer in critic.layers if not isinstance(layer, nn.InstanceNorm2d))
    )
    picture = torch.rand(1, 3, 160, 160, dtype=torch.float64, requires_grad=True)
    scores = critic(picture)
    (gradient,) = torch.autograd.grad(scores[0, 0, 8, 8], picture)
    rows = gradient.abs().sum(dim=(0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == 70


def test_pictures_of_a_batch_are_scored_each_for_itself() -> None:
    critic = tiny().double()
    real, fake = torch.rand(2, 2, 3, 40, 40, dtype=torch.float64)
    together = critic(torch.cat([real, fake]))
    apart = torch.cat([critic(real), critic(fake)])
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-12)


def test_training_changes_no_score_and_nothing_is_remembered() -> None:
    critic, pictures = tiny(), torch.rand(2, 3, 40, 40)
    assert critic.train()(pictures).equal(critic.eval()(pictures))
    assert not list(critic.buffers())


def test_gradients_of_gradients_are_right() -> None:
    torch.manual_seed(0)
    critic = PatchCritic(channels=1, strided=1, padding=1).double()
    pictures = torch.rand(1, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda given: 100 * critic(given), pictures)


def test_weights_start_with_the_deviation_of_the_authors() -> None:
    torch.manual_seed(0)
    for name, value in PatchCritic(channels=16, strided=3, padding=1).named_parameters():
        if name.endswith("bias"):
            assert not value.any()
        else:
            assert value.std().item() == pytest.approx(0.02, rel=0.06)


@pytest.mark.parametrize("strided", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("padding", [1, 2])
def test_the_smallest_picture_is_scored_and_a_smaller_one_refused(strided, padding) -> None:
    critic = tiny(strided, padding)
    least = critic.smallest
    assert critic(torch.rand(1, 3, least, least)).isfinite().all()
    assert critic(torch.rand(1, 3, least + 1, least)).numel() > 0
    for size in [(least - 1, least), (least, least - 1)]:
        with pytest.raises(InputError, match=f"at least {least} x {least} pixels, got {size[0]} x"):
            critic(torch.rand(1, 3, *size))
    with pytest.raises((RuntimeError, ValueError)):  # torch could not have done it
        critic.layers(torch.rand(1, 3, least - 1, least - 1))


@pytest.mark.parametrize("wrong", [{"strided": 0}, {"padding": 0}, {"padding": 3}], ids=str)
def test_a_critic_that_cannot_be_is_refused(wrong) -> None:
    with pytest.raises(InputError, match="at least one strided convolution"):
        tiny(**wrong)


def test_neither_layout_nor_precision_changes_the_scores() -> None:
    critic, pictures = tiny(), torch.rand(2, 3, 40, 40)
    expected = critic(pictures)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(critic(pictures).float(), expected, rtol=0, atol=0.05)
    last = critic.to(memory_format=torch.channels_last)
    given = pictures.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(last(given), expected, rtol=1e-4, atol=1e-5)
