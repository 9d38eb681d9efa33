"""Known degradations: what they do to a picture, what they need to know, what they refuse."""

import pytest
import torch
from blind_scenes import SIZE, scene
from fingerprint import formula_picture
from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.methods.priors.operators import Convolution, Identity, Mask, Operator


def batch(**given: Tensor) -> dict:
    blurred = torch.stack([scene(9, 12)[1], scene(9, 12)[1].flip(-1)])
    return {"blurred": blurred, "name": ["a", "b"], **given}


def test_a_convolution_makes_the_blurred_picture_of_a_larger_one() -> None:
    kernel = scene(9, 12)[2]
    operator, latent = Convolution(), formula_picture(13, 16).float()
    known = operator.known(batch(kernel=torch.cat([kernel.flip(-1), kernel])), 1)
    assert torch.equal(known, kernel)
    assert operator.margin(known) == SIZE - 1
    assert torch.equal(operator(latent, known), convolved_inside(latent, kernel))
    assert operator(latent, known).shape == (1, 3, 9, 12)
    assert operator.known(batch(kernel=kernel), 0).shape == kernel.shape  # one for all


def test_a_mask_hides_what_is_lost_in_both_pictures() -> None:
    mask = torch.ones(2, 1, 9, 12)
    mask[1, :, 3, 4:6] = 0
    operator, latent = Mask(), torch.rand(1, 3, 9, 12)
    known = operator.known(batch(mask=mask), 1)
    for seen in (operator(latent, known), operator.target(latent, known)):
        assert bool((seen[..., 3, 4:6] == 0).all())
        assert int((seen == 0).sum()) == 6
        assert torch.equal(seen[..., 4:, :], latent[..., 4:, :])
    assert operator.margin(known) == 0


def test_noise_needs_nothing_to_be_known() -> None:
    operator, latent = Identity(), torch.rand(1, 3, 9, 12)
    known = operator.known(batch(), 0)
    assert torch.equal(operator(latent, known), latent)
    assert not operator.takes


@pytest.mark.parametrize("operator", [Convolution(), Mask(), Identity()])
def test_gradients_are_those_of_a_linear_map(operator: Operator) -> None:
    kernel, mask = scene(9, 12)[2], (torch.rand(2, 1, 9, 12) > 0.3).float()
    known = operator.known(batch(kernel=kernel, mask=mask), 0)
    margin = operator.margin(known)
    latent = torch.rand(1, 3, 9 + margin, 12 + margin, requires_grad=True)
    other, seen = torch.rand_like(latent), torch.rand(1, 3, 9, 12)
    (back,) = torch.autograd.grad(operator(latent, known), latent, seen)
    torch.testing.assert_close((operator(other, known) * seen).sum(), (other * back).sum())


@pytest.mark.parametrize(
    ("operator", "given", "words"),
    [
        (Convolution(), {}, "give its kernel"),
        (Convolution(), {"kernel": torch.ones(1, 1, 3, 3)}, "sum to 1"),
        (Mask(), {}, r"restore\(picture, mask=mask\)"),
        (Mask(), {"mask": torch.ones(2, 1, 9, 11)}, r"got \(2, 1, 9, 11\)"),
    ],
)
def test_what_does_not_fit_is_refused(operator: Operator, given: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        operator.known(batch(**given), 0)
