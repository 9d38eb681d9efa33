"""SelfDeblur's second stage: a generator for the picture, a kernel that is known."""

import pytest
import torch
from blind_scenes import SIZE, scene

import deblurkit
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur
from deblurkit.methods.frame.per_picture import finish
from deblurkit.methods.selfdeblur_nonblind import SelfDeblurNonBlind

TINY = ("priors.picture.channels=16", "priors.picture.skipped=4", "priors.picture.scales=3")


def nonblind(*overrides: str, iterations: int) -> SelfDeblurNonBlind:
    given = (f"priors.stopping.iterations={iterations}", *TINY, *overrides)
    method = deblurkit.build("selfdeblur_nonblind", *given)
    assert isinstance(method, SelfDeblurNonBlind)
    return method


def error(one: torch.Tensor, other: torch.Tensor) -> float:
    return (one - other).square().mean().item()


@pytest.mark.slow
def test_the_true_kernel_restores_and_its_turn_does_not() -> None:
    sharp, blurred, kernel = scene(48, 48)
    sharp, blurred = (picture.mean(0).expand(1, 3, -1, -1) for picture in (sharp, blurred))
    method = nonblind("descent.milestones=[300]", iterations=400)
    restored = method.restore(blurred, kernel=kernel)
    turned = method.restore(blurred, kernel=kernel.flip((-2, -1)))
    assert error(restored, sharp) < 0.5 * error(blurred, sharp)
    assert error(turned, sharp) > 2 * error(restored, sharp)


def test_the_kernel_stays_and_the_answer_explains_the_picture() -> None:
    _, blurred, kernel = scene(24, 30)
    method = nonblind("fidelity.switch=1000", iterations=60)
    problem = finish(method, method.state_with(blurred, kernel), "astronaut")
    assert torch.equal(problem.kernel[None], kernel)
    explained = blur(problem.answer[None], kernel)[0, :, 3:-3, 3:-3]
    before = blur(blurred[None], kernel)[0, :, 3:-3, 3:-3]
    inside = blurred[:, 3:-3, 3:-3]
    assert error(explained, inside) < error(before, inside)


def test_facts_come_with_the_answers_of_a_batch() -> None:
    _, blurred, kernel = scene(24, 30)
    batch = {"blurred": torch.stack([blurred] * 2), "name": ["a", "b"], "kernel": kernel}
    found = nonblind(iterations=2).restoration(batch)
    assert torch.equal(found["restored"][0], found["restored"][1])
    assert [facts["iterations"] for facts in found["facts"]] == [2, 2]
    assert "kernel" not in found  # it was given


def test_without_a_kernel_it_is_refused_and_it_has_nothing_to_train() -> None:
    with pytest.raises(
        InputError, match="SelfDeblurNonBlind restores pictures whose blur is known"
    ):
        nonblind(iterations=1).restore(torch.rand(1, 3, 24, 24))
    with pytest.raises(InputError, match="does not use"):
        nonblind(iterations=1).restore(torch.rand(1, 3, 24, 24), kernel_size=[SIZE])
