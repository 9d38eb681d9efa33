"""The deep image prior on small pictures: deconvolution, lost pixels, noise, and falling back."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from blind_scenes import scene
from torch import Tensor

import deblurkit
from deblurkit.errors import InputError

TINY = ("picture.channels=8", "picture.skipped=2", "picture.scales=2", "inputs=4")


def dip(key: str, *overrides: str, iterations: int) -> Any:
    return deblurkit.build(key, *TINY, f"stopping.iterations={iterations}", *overrides)


def error(restored: Tensor, sharp: Tensor) -> float:
    return float((restored - sharp).square().mean())


def test_it_deconvolves_with_a_known_kernel() -> None:
    sharp, blurred, kernel = scene(32, 32)
    method = dip("dip", "average=0.0", iterations=100)
    found = method.restoration({"blurred": blurred[None], "name": ["a"], "kernel": kernel})
    assert error(found["restored"][0], sharp) < 0.8 * error(blurred, sharp)
    assert found["facts"][0]["iterations"] == 100
    assert "kernel" not in found


def test_it_fills_in_lost_pixels_and_never_looks_at_them() -> None:
    sharp, _, _ = scene(32, 32)
    mask = (torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)) > 0.3).float()
    method = dip("dip_inpaint", "average=0.0", "jitter=0.001", iterations=80)
    filled = method.restore(sharp[None] * mask, mask=mask)
    white = torch.where(mask == 0, 1.0, sharp[None])
    assert torch.equal(method.restore(white, mask=mask), filled)
    lost = (mask == 0).expand(1, 3, -1, -1)
    gray = torch.full_like(filled, float(sharp.mean()))
    assert error(filled[lost], sharp[None][lost]) < 0.5 * error(gray[lost], sharp[None][lost])


def test_it_takes_noise_away() -> None:
    sharp, _, _ = scene(32, 32)
    noisy = sharp + 0.15 * torch.randn(sharp.shape, generator=torch.Generator().manual_seed(0))
    noisy = noisy.clamp(0, 1)
    restored = dip("dip_denoise", "average=0.9", iterations=120).restore(noisy[None])
    assert error(restored[0], sharp) < 0.8 * error(noisy, sharp)


def test_what_an_operator_needs_is_what_the_method_takes() -> None:
    keys = {"dip": {"kernel"}, "dip_inpaint": {"mask"}, "dip_denoise": set()}
    for key, takes in keys.items():
        method = dip(key, iterations=1)
        assert method.takes == takes
        assert method.needs == (set() if takes else {"pictures"})
    with pytest.raises(InputError, match="give its kernel"):
        dip("dip", iterations=1).restore(torch.rand(1, 3, 16, 16))
    with pytest.raises(InputError, match=r"told the mask of each picture.*deblurkit-eval"):
        dip("dip_inpaint", iterations=1).setup("fit")


def advanced(method: Any, problem: Any, optimizer: Any, *, iterations: int) -> None:
    for _ in range(iterations):
        problem.iterations += 1
        method.iterate(problem, optimizer)


def test_sudden_losses_bring_the_last_good_weights_back() -> None:
    method = dip("dip_denoise", iterations=50)
    problem = method.initial_state(scene(24, 24)[0], 0)
    optimizer = method.descent(problem)
    advanced(method, problem, optimizer, iterations=20)
    good = {key: value.clone() for key, value in problem.good.state_dict().items()}
    answer = problem.answer.clone()
    with torch.no_grad():
        problem.generators["picture"].picture[0].bias.fill_(50.0)  # all white
    advanced(method, problem, optimizer, iterations=1)
    assert all(one.equal(good[key]) for key, one in problem.generators.state_dict().items())
    assert torch.equal(problem.answer, answer)
    assert problem.facts()["skipped"] == 1
    advanced(method, problem, optimizer, iterations=1)
    assert not torch.equal(problem.answer, answer)


def test_a_stored_problem_goes_on_as_if_nothing_had_happened() -> None:
    method = dip("dip_denoise", iterations=50)
    whole = method.initial_state(scene(24, 24)[0], 0)
    optimizer = method.descent(whole)
    advanced(method, whole, optimizer, iterations=3)
    other = method.initial_state(torch.zeros(3, 24, 24), 0)
    other.load_state_dict(whole.state_dict())
    again = method.descent(other)
    again.load_state_dict(deepcopy(optimizer.state_dict()))
    for problem, moving in ((whole, optimizer), (other, again)):
        advanced(method, problem, moving, iterations=3)
    state = other.state_dict()
    assert all(one.equal(state[key]) for key, one in whole.state_dict().items())


def test_pictures_that_are_too_large_or_too_small_are_refused() -> None:
    picture, kernel = torch.rand(1, 3, 16, 16), scene(16, 16)[2]
    with pytest.raises(InputError, match=r"400 pixels with its margin .* at most 300"):
        dip("dip", "most_pixels=300", iterations=1).restore(picture, kernel=kernel)
    with pytest.raises(InputError, match="fewer scales"):
        dip("dip_denoise", "picture.scales=5", iterations=1).restore(picture)


def test_a_constant_picture_comes_back_as_it_is() -> None:
    flat = torch.full((1, 3, 16, 16), 0.25)
    assert torch.equal(dip("dip_denoise", iterations=3).restore(flat), flat)
