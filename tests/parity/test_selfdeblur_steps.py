"""SelfDeblur's optimisation against numbers of the authors' own script, in float64."""

import numpy as np
import pytest
import torch
from blind_scenes import selfdeblur
from fingerprint import formula_picture, formula_tensor, summary
from parity_numbers import numbers_of

from deblurkit.losses.ssim import ssim
from deblurkit.methods.selfdeblur import SelfDeblur

EXPECTED = numbers_of("selfdeblur_steps")


def published() -> SelfDeblur:
    """Our method with the changes that the reference made to the authors' script."""
    method = selfdeblur(
        "model.priors.picture.channels=16",
        "model.priors.picture.skipped=4",
        "model.priors.picture.scales=5",
        "model.priors.kernel.hidden=1000",
        "model.priors.jitter=0",
        "model.fidelity.switch=3",
        "model.descent.milestones=[1,4]",
        iterations=len(EXPECTED["losses"]),
    )
    assert isinstance(method, SelfDeblur)
    return method


def test_five_steps_across_the_change_of_the_loss() -> None:
    """Seeds, noise, first weights, both rates, both losses, the crop and the kernel's turn."""
    method = published()
    levels = (255 * formula_picture(*EXPECTED["size"], channels=1)).round()
    blurred = torch.from_numpy(np.float32(levels.numpy()) / np.float32(255)).double()
    problem = method.initial_state(blurred[0].expand(3, -1, -1), EXPECTED["kernel_size"]).double()
    optimizer = method.descent(problem)
    losses = []
    while problem.running:
        problem.iterations += 1
        made = problem.generate(0.0)
        method.iterate(problem, optimizer)
        losses.append(problem.fidelity.item())
    assert losses == pytest.approx(EXPECTED["losses"], rel=1e-10)
    assert summary(made.latent) == pytest.approx(EXPECTED["picture"], rel=1e-8)
    kernel = problem.kernel.flip((-2, -1)).flatten()
    assert kernel.tolist() == pytest.approx(EXPECTED["kernel"], rel=1e-8)
    edge = EXPECTED["kernel_size"] // 2
    height, width = EXPECTED["size"]
    middle = made.latent[0, :, edge : edge + height, edge : edge + width]
    torch.testing.assert_close(problem.answer, middle.expand(3, -1, -1))


def test_the_ssim_of_large_pictures() -> None:
    one, other = (formula_tensor((1, 1, 255, 255), place, fan=6) + 0.5 for place in (0, 50_000))
    pictures = formula_picture(255, 255, channels=1)
    assert ssim(one, other).item() == pytest.approx(EXPECTED["ssim"]["noise"], rel=1e-10)
    mixed = ssim(pictures, 0.8 * pictures + 0.2 * one)
    assert mixed.item() == pytest.approx(EXPECTED["ssim"]["mixed"], rel=1e-10)
    single = ssim(pictures.float(), (0.8 * pictures + 0.2 * one).float())
    assert single.item() == pytest.approx(EXPECTED["ssim"]["mixed"], rel=5e-5)
