"""Structural similarity as a loss: its value, its gradient, its borders."""

import pytest
import torch
from fingerprint import formula_picture, formula_tensor
from skimage.metrics import structural_similarity

from deblurkit.losses.ssim import dissimilarity, ssim


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    sharp = formula_picture(40, 47)
    return (0.9 * sharp + 0.1 * formula_tensor(sharp.shape, 3)).clamp(0, 1), sharp


def test_it_is_the_similarity_of_others_where_no_border_is_near() -> None:
    one, other = pictures()
    framed = [torch.nn.functional.pad(picture, (5, 5, 5, 5)) for picture in (one, other)]
    ours = ssim(*framed)
    theirs = structural_similarity(
        *(torch.nn.functional.pad(picture[0], (10, 10, 10, 10)).numpy() for picture in framed),
        channel_axis=0,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1][:, 10:-10, 10:-10]
    assert ours.item() == pytest.approx(theirs.mean(), rel=1e-10)


def test_equal_pictures_have_no_distance_and_others_have() -> None:
    one, other = pictures()
    assert dissimilarity(other, other).item() == pytest.approx(0, abs=1e-12)
    assert 0.005 < dissimilarity(one, other) < 1


def test_channels_count_alike_and_gradients_are_exact() -> None:
    one, other = (picture[..., :12, :13] for picture in pictures())
    each = torch.stack([ssim(one[:, c : c + 1], other[:, c : c + 1]) for c in range(3)])
    torch.testing.assert_close(ssim(one, other), each.mean())
    moving = one.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda picture: dissimilarity(picture, other), moving)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_around_it_costs_nothing(dtype: torch.dtype) -> None:
    sharp = torch.rand(1, 1, 24, 24)
    restored = (sharp + 0.01 * torch.randn(sharp.shape)).requires_grad_()
    exact = dissimilarity(restored, sharp)
    with torch.autocast("cpu", dtype):
        found = dissimilarity(restored, sharp)
    assert torch.equal(found, exact)
    assert dissimilarity(restored.to(dtype), sharp.to(dtype)).dtype == torch.float32
