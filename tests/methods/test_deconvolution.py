"""Wiener, Richardson-Lucy and the hyper-Laplacian prior: what all three with a kernel promise."""

import numpy as np
import pytest
import skimage.data
import torch
from skimage import restoration

from deblurkit.config import build
from deblurkit.errors import InputError
from deblurkit.imaging.blur.continuation import continued
from deblurkit.imaging.blur.convolution import blur
from deblurkit.imaging.blur.deconvolution import (
    MaskedLeastSquares,
    PeriodicFrame,
    convolved,
    filtered,
    kernel_spectra,
    roughness,
)
from deblurkit.imaging.blur.kernels import normalized
from deblurkit.methods.hyper_laplacian import HyperLaplacian, shrunk
from deblurkit.methods.richardson_lucy import RichardsonLucy, multiplied
from deblurkit.methods.wiener import Wiener
from deblurkit.metrics.parts.protocol import rounded

NAMES = ("wiener", "richardson_lucy", "hyper_laplacian")


def lopsided(size: int = 7, *, power: int = 4) -> torch.Tensor:
    """A kernel that differs from its mirror image; a high power leaves a few spots."""
    torch.manual_seed(3)
    return normalized(torch.rand(1, 1, size, size).pow(power))


def photograph() -> torch.Tensor:
    """A colour photograph, 120 x 110."""
    taken = torch.from_numpy(skimage.data.astronaut()[20:140, 160:270]).float() / 255
    return taken.permute(2, 0, 1)[None]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(7, 7), (8, 31), (33, 20)])
def test_any_size_is_restored_and_a_batch_as_its_pictures(name: str, size: tuple[int, int]) -> None:
    sharp = photograph()[..., : size[0], : size[1]]
    kernels = torch.cat([lopsided(), lopsided().flip(-1)])
    blurred = blur(torch.cat([sharp, sharp.flip(-1)]), kernels).clamp(0, 1)
    method = build(name)
    restored = method.restore(blurred, kernel=kernels)
    assert restored.shape == blurred.shape
    alone = [method.restore(blurred[n : n + 1], kernel=kernels[n : n + 1]) for n in range(2)]
    torch.testing.assert_close(restored, torch.cat(alone), rtol=0, atol=2e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("size", "power"), [(7, 4), (15, 12)])
def test_a_blurred_photograph_is_restored_up_to_its_border(
    name: str, size: int, power: int
) -> None:
    """At the very border less is known; what is not there must not ring into the picture."""
    kernel = lopsided(size, power=power)
    blurred, sharp = (
        one[..., size:-size, size:-size] for one in (blur(photograph(), kernel), photograph())
    )  # nothing mirrored is left
    restored = build(name).restore(rounded(blurred), kernel=kernel)
    before, after = ((one - sharp).square() for one in (blurred, restored))
    inner = after[..., 8:-8, 8:-8].mean()
    assert inner < before.mean() / 3
    rim = torch.ones_like(after, dtype=torch.bool)
    rim[..., 2:-2, 2:-2] = False
    assert after[rim].mean() < 4 * inner
    assert after[rim].mean() < before[rim].mean()
    turned = build(name).restore(blurred, kernel=kernel.flip(-1, -2))
    assert (turned - sharp).square().mean() > 3 * after.mean()


@pytest.mark.parametrize("name", NAMES)
def test_flat_pictures_stay_flat(name: str) -> None:
    flat = torch.full((1, 3, 20, 24), 0.4)
    restored = build(name).restore(flat, kernel=lopsided())
    torch.testing.assert_close(restored, flat, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_flow_to_picture_and_kernel(name: str) -> None:
    blurred = blur(photograph()[..., :24, :24], lopsided()).requires_grad_()
    kernel = lopsided().requires_grad_()
    batch = {"blurred": blurred, "kernel": kernel, "name": ["a"]}
    build(name).restoration(batch)["restored"].square().mean().backward()
    for one in (blurred, kernel):
        assert one.grad is not None
        assert bool(one.grad.isfinite().all())
        assert one.grad.abs().sum() > 0


@pytest.mark.parametrize("name", NAMES)
def test_kernels_that_cannot_be_used_are_refused(name: str) -> None:
    method, blurred = build(name), torch.rand(1, 3, 16, 16)
    with pytest.raises(InputError, match="give its kernel"):
        method.restore(blurred)
    with pytest.raises(InputError, match="odd size"):
        method.restore(blurred, kernel=torch.full((1, 1, 4, 4), 1 / 16))
    with pytest.raises(InputError, match="larger than a picture"):
        method.restore(blurred, kernel=lopsided(17))
    with pytest.raises(InputError, match="one per picture"):
        method.restore(blurred, kernel=lopsided().expand(2, -1, -1, -1))


@pytest.mark.parametrize(
    ("method", "numbers"),
    [
        (Wiener, {"balance": 0.0, "steps": 1}),
        (Wiener, {"balance": 1.0, "steps": -1}),
        (Wiener, {"balance": 0.0, "steps": 1, "gradients": 0.0}),
        (Wiener, {"balance": 0.0, "steps": 1, "inexactness": -1.0}),
        (RichardsonLucy, {"iterations": 0}),
        (RichardsonLucy, {"iterations": 5, "amplified": 0.0}),
        (HyperLaplacian, {"fidelity": 0.0, "exponent": 0.8, "rounds": 1, "steps": 1}),
        (HyperLaplacian, {"fidelity": 1.0, "exponent": 1.1, "rounds": 1, "steps": 1}),
        (HyperLaplacian, {"fidelity": 1.0, "exponent": 0.8, "rounds": 1, "steps": 0}),
    ],
)
def test_impossible_numbers_are_refused(method, numbers) -> None:
    with pytest.raises(InputError, match="needs"):
        method(**numbers)


def noisy(deviation: float) -> torch.Tensor:
    """A blurred photograph of eight bits with noise."""
    blurred = blur(photograph(), lopsided())
    normal = torch.randn(blurred.shape, generator=torch.Generator().manual_seed(0))
    return rounded(blurred + deviation * normal)


def test_richardson_lucy_takes_fewer_steps_where_there_is_more_noise() -> None:
    method = RichardsonLucy(iterations=200, amplified=0.3)
    batch = torch.cat([noisy(deviation) for deviation in (0.0, 0.01, 0.04)])
    clean, some, much = method.steps(batch).tolist()
    assert clean > 60
    assert 25 <= some <= 31  # 0.3 / 0.01, and the photograph's own texture
    assert 6 <= much <= 8
    assert RichardsonLucy(iterations=7).steps(batch).tolist() == [7, 7, 7]
    assert RichardsonLucy(iterations=7, amplified=0.3).steps(batch).tolist()[:2] == [7, 7]


def test_pictures_of_one_batch_stop_at_their_own_step() -> None:
    method = RichardsonLucy(iterations=40, amplified=0.3)
    batch = torch.cat([noisy(0.01), noisy(0.04)])
    together = method.restore(batch, kernel=lopsided())
    for number, steps in enumerate(method.steps(batch).tolist()):
        alone = RichardsonLucy(iterations=steps).restore(
            batch[number : number + 1], kernel=lopsided()
        )
        torch.testing.assert_close(together[number : number + 1], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("deviation", "share"), [(0.0, 0.9), (0.01, 1.02), (0.04, 0.9)])
def test_new_defaults_are_no_worse_than_those_of_before(deviation: float, share: float) -> None:
    """Numbers of the configs of 0.1; where the noise is 0.01 their 30 iterations were right."""
    former = {
        "wiener": Wiener(balance=4e-3, steps=40),
        "richardson_lucy": RichardsonLucy(iterations=30),
    }
    blurred = noisy(deviation)
    for name, method in former.items():
        before, after = (
            (answer.restore(blurred, kernel=lopsided()) - photograph()).square().mean()
            for answer in (method, build(name))
        )
        assert after < share * before


def test_the_former_wiener_filter_has_a_config() -> None:
    blurred, kernel = noisy(0.0), lopsided()
    former = Wiener(balance=4e-3, steps=40).restore(blurred, kernel=kernel)
    named = build("wiener_laplacian").restore(blurred, kernel=kernel)
    torch.testing.assert_close(named, former, rtol=0, atol=0)


def test_a_wiener_filter_searches_what_least_squares_want_beyond_the_border() -> None:
    """Two ways to one minimum: over all of the frame, and over what lies outside only."""
    kernel = lopsided().double()
    picture = photograph().double()[..., :30, :36]
    frame = PeriodicFrame((30, 36), kernel_size=7)
    spectra = kernel_spectra(kernel, frame.size)
    joined, inside = frame.joined(picture), frame.inside(picture)
    penalty = 0.05 * roughness(joined) + 0.01
    power = spectra.abs().square()
    whole = continued(joined, power / (power + penalty), inside=inside, steps=300)
    ours = convolved(whole, spectra.conj() / (power + penalty))
    system = MaskedLeastSquares(spectra, inside, 1.0, penalty)
    start = torch.zeros_like(torch.fft.rfft2(joined))
    solution = system.solved(system.seen(joined), start, steps=300)
    theirs = torch.fft.irfft2(solution, s=frame.size)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    torch.testing.assert_close(frame.cropped(joined), picture, rtol=0, atol=0)


def periodic() -> tuple[torch.Tensor, torch.Tensor]:
    """A gray picture that is black at its border, blurred, and its kernel; float64."""
    sharp = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    sharp[..., 16:48, 16:48] = photograph().double()[:, :1, 10:42, 10:42]
    kernel = lopsided().double()
    return convolved(sharp, kernel_spectra(kernel, (64, 64))).clamp(min=0), kernel


def test_the_filter_is_scikit_images_where_pictures_are_periodic() -> None:
    blurred, kernel = periodic()
    ours = filtered(blurred, kernel_spectra(kernel, (64, 64)), balance=0.01)
    theirs = restoration.wiener(blurred[0, 0].numpy(), kernel[0, 0].numpy(), 0.01, clip=False)
    np.testing.assert_allclose(ours[0, 0].numpy(), theirs, rtol=0, atol=1e-9)


def test_steps_are_scikit_images_where_pictures_are_black_at_their_border() -> None:
    blurred, kernel = periodic()
    estimate, seen = torch.full_like(blurred, 0.5), torch.ones_like(blurred)
    spectra = kernel_spectra(kernel, (64, 64))
    for _ in range(5):
        estimate = multiplied(estimate, blurred, seen, spectra=spectra)
    theirs = restoration.richardson_lucy(
        blurred[0, 0].numpy(), kernel[0, 0].numpy(), num_iter=5, clip=False
    )
    difference = np.abs(estimate[0, 0].numpy() - theirs)[16:48, 16:48]
    assert difference.max() < 1e-6


def test_steps_are_those_of_the_definition_with_its_transpose() -> None:
    """Written out as a matrix: convolution on a periodic picture, of which a part was seen."""
    height, width = 9, 8
    kernel = lopsided(5).double()
    matrix = torch.zeros(height, width, height, width, dtype=torch.float64)
    for top, left, down, right in np.ndindex(height, width, 5, 5):
        target = (top + down - 2) % height, (left + right - 2) % width
        matrix[target][top, left] += kernel[0, 0, down, right]
    matrix = matrix.reshape(height * width, -1)
    torch.manual_seed(0)
    observed = torch.rand(height * width, dtype=torch.float64)
    seen = (torch.arange(height * width) % 5 > 0).double()
    expected = torch.full_like(observed, 0.5)
    for _ in range(4):
        expected = expected * (matrix.T @ (seen * observed / (matrix @ expected)))
        expected = expected / (matrix.T @ seen)
    estimate = torch.full((1, 1, height, width), 0.5, dtype=torch.float64)
    framed, inside = (flat.reshape(1, 1, height, width) for flat in (observed, seen))
    spectra = kernel_spectra(kernel, (height, width))
    for _ in range(4):
        estimate = multiplied(estimate, framed, inside, spectra=spectra)
    torch.testing.assert_close(estimate.flatten(), expected, rtol=0, atol=1e-12)


def test_many_steps_leave_a_constant_picture_constant_up_to_its_border() -> None:
    """With black borders the error runs inwards, a few pixels with every step."""
    flat = torch.full((1, 1, 48, 40), 0.5)
    restored = RichardsonLucy(iterations=100).restore(flat, kernel=lopsided(9))
    torch.testing.assert_close(restored, flat, rtol=0, atol=2e-5)


@pytest.mark.parametrize("exponent", [0.5, 2 / 3, 0.8, 1.0])
def test_shrinking_finds_the_least_of_a_fine_search(exponent: float) -> None:
    values = torch.linspace(-2, 2, 41, dtype=torch.float64)
    candidates = torch.linspace(-2, 2, 4001, dtype=torch.float64)[:, None]
    costs = (candidates - values).square() / 2 + 0.3 * candidates.abs() ** exponent
    found = shrunk(values, strength=0.3, exponent=exponent)
    own = (found - values).square() / 2 + 0.3 * found.abs() ** exponent
    assert bool((own <= costs.min(dim=0).values + 1e-9).all())
