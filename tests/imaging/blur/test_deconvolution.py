"""What deconvolution is made of: frames, spectra, adjoints, masked least squares."""

import pytest
import torch
from torch.nn.functional import conv2d

from deblurkit.imaging.blur.deconvolution import (
    MaskedLeastSquares,
    PeriodicFrame,
    convolved,
    differences,
    divergence,
    kernel_spectra,
    roughness,
    without_repeats,
)
from deblurkit.imaging.blur.kernels import normalized


def kernels(count: int = 2, size: int = 5) -> torch.Tensor:
    torch.manual_seed(1)
    return normalized(torch.rand(count, 1, size, size, dtype=torch.float64))


def test_a_frame_holds_its_picture_which_goes_on_mirrored() -> None:
    pictures = torch.rand(2, 3, 11, 14)
    frame = PeriodicFrame((11, 14), kernel_size=7)
    framed = frame.extended(pictures)
    assert framed.shape[-2:] == frame.size
    assert torch.equal(frame.cropped(framed), pictures)
    assert torch.equal(framed[..., 3:14, 3:17], pictures)
    assert torch.equal(framed[..., 2, 3:17], pictures[..., 1, :])
    assert frame.inside(framed).sum() == 11 * 14


def test_within_a_frame_periodic_convolution_is_the_real_one() -> None:
    """Half a kernel on each side keeps one border from reaching the other."""
    wide, weights = torch.rand(2, 1, 15, 16, dtype=torch.float64), kernels()
    frame = PeriodicFrame((11, 12), kernel_size=5)
    framed = torch.rand(2, 1, *frame.size, dtype=torch.float64)
    framed[..., :15, :16] = wide
    planes, flipped = wide.reshape(1, 2, 15, 16), weights.flip(-1, -2)
    expected = conv2d(planes, flipped, groups=2).reshape(2, 1, 11, 12)
    ours = frame.cropped(convolved(framed, kernel_spectra(weights, frame.size)))
    torch.testing.assert_close(ours, expected)


def test_the_divergence_is_the_adjoint_of_differences_and_roughness_their_square() -> None:
    picture = torch.rand(1, 2, 8, 16, dtype=torch.float64)
    fields = torch.rand(2, 1, 2, 8, 16, dtype=torch.float64)
    one = (differences(picture) * fields).sum()
    assert one.item() == pytest.approx((picture * divergence(fields)).sum().item())
    twice = divergence(differences(picture))
    ours = convolved(picture, roughness(picture)[None, None].to(torch.complex128))
    torch.testing.assert_close(ours, twice)


def test_masked_least_squares_are_solved_as_by_a_dense_matrix() -> None:
    frame, weights = PeriodicFrame((6, 7), kernel_size=3), kernels(2, 3)
    observed = frame.extended(torch.rand(2, 2, 6, 7, dtype=torch.float64))
    spectra, inside = kernel_spectra(weights, frame.size), frame.inside(observed)
    penalty = 1e-2 * roughness(observed)
    system = MaskedLeastSquares(spectra, inside, 3.0, penalty)
    start = torch.fft.rfft2(observed)
    solution = system.solved(system.seen(observed), start, steps=150)
    restored = torch.fft.irfft2(solution, s=frame.size)

    rows, columns = frame.size
    units = torch.eye(rows * columns, dtype=torch.float64).reshape(-1, 1, rows, columns)
    for number in range(2):
        blur = convolved(units, spectra[number : number + 1]).flatten(1).T[inside.flatten()]
        smooth = convolved(units, penalty[None, None].to(torch.complex128)).flatten(1).T
        for channel in range(2):
            seen = observed[number, channel].flatten()[inside.flatten()]
            exact = torch.linalg.solve(3 * blur.T @ blur + smooth, 3 * blur.T @ seen)
            torch.testing.assert_close(
                restored[number, channel].flatten(), exact, rtol=0, atol=1e-6
            )


def test_gradients_survive_a_start_that_is_already_right() -> None:
    frame = PeriodicFrame((8, 8), kernel_size=3)
    observed = frame.extended(torch.full((1, 1, 8, 8), 0.5)).requires_grad_()
    spectra = kernel_spectra(kernels(1, 3).float(), frame.size)
    system = MaskedLeastSquares(spectra, frame.inside(observed), 1.0, roughness(observed))
    solution = system.solved(system.seen(observed), torch.fft.rfft2(observed), steps=5)
    torch.fft.irfft2(solution, s=frame.size).square().mean().backward()
    assert observed.grad is not None
    assert bool(observed.grad.isfinite().all())


def test_channels_that_repeat_are_left_out_unless_gradients_are_wanted() -> None:
    gray = torch.rand(2, 1, 4, 5).expand(-1, 3, -1, -1)
    assert without_repeats(gray).shape == (2, 1, 4, 5)
    assert without_repeats(torch.rand(2, 3, 4, 5)).shape == (2, 3, 4, 5)
    assert without_repeats(gray.clone().requires_grad_()).shape == (2, 3, 4, 5)
