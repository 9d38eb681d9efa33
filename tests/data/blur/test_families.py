"""What holds for every family of kernels."""

import pytest
import torch

from deblurkit.data.blur.parts.family import KernelFamily
from deblurkit.data.blur.shapes import (
    Defocus,
    FamilyMixture,
    Gaussian,
    Line,
    disks,
    gaussians,
    lines,
)
from deblurkit.data.blur.trajectory import CameraShake
from deblurkit.errors import InputError
from deblurkit.imaging.blur.kernels import centroid, check_kernels

FAMILIES = {
    "shake": CameraShake(size=31, samples=200),
    "narrow shake": CameraShake(size=9, samples=200, scale=(0.5, 2.0)),
    "line": Line(size=31, length=(0.0, 30.0)),
    "defocus": Defocus(size=15, radius=(0.0, 7.5)),
    "gaussian": Gaussian(size=63, sigma=(0.0, 10.0)),
    "mixture": FamilyMixture(
        families=[Line(size=15, length=(3.0, 14.0)), Defocus(size=9, radius=(1.0, 4.0))],
        weights=[1.0, 3.0],
    ),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_kernels_are_centred_and_sum_to_one(family: KernelFamily) -> None:
    kernels, parameters = family.draw(40, seeded(0))
    assert kernels.shape == (40, 1, family.size, family.size)
    assert kernels.dtype == torch.float32
    check_kernels(kernels)
    torch.testing.assert_close(kernels.sum(dim=(-1, -2)), torch.ones(40, 1))
    assert kernels.min() >= 0
    assert centroid(kernels).abs().max() < 1e-4
    assert all(values.shape == (40,) for values in parameters.values())


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_the_generator_decides_everything(family: KernelFamily) -> None:
    first, again, other = (family.draw(5, seeded(seed)) for seed in (1, 1, 2))
    assert first.kernels.equal(again.kernels)
    assert first.rows() == again.rows()
    assert not first.kernels.equal(other.kernels)


def test_every_family_keeps_the_protocol() -> None:
    assert all(isinstance(family, KernelFamily) for family in FAMILIES.values())


def test_a_line_lies_in_its_direction() -> None:
    across, up = lines(torch.tensor([8.0, 8.0]), torch.tensor([0.0, 90.0]), size=11)
    assert across[0, 5].sum() == pytest.approx(1)
    assert up[0, :, 5].sum() == pytest.approx(1)
    slant = lines(torch.tensor([8.0]), torch.tensor([45.0]), size=11)
    assert slant[0, 0, 3, 7] > 0.05  # up and to the right
    assert slant[0, 0, 3, 3] == 0


def test_parameters_of_zero_are_no_blur() -> None:
    still = torch.zeros(7, 7)
    still[3, 3] = 1
    nothing = torch.zeros(1)
    for kernels in (
        lines(nothing, nothing, size=7),
        disks(nothing, size=7),
        gaussians(nothing, size=7),
    ):
        torch.testing.assert_close(kernels[0, 0], still)


def test_disks_grow_smoothly() -> None:
    radii = torch.linspace(1, 6, 51)
    steps = disks(radii, size=15).diff(dim=0).abs().sum(dim=(1, 2, 3))
    assert 0 < steps.min() < steps.max() < 0.35


def test_a_mixture_keeps_its_proportions_and_the_parameters_that_apply() -> None:
    batch = FAMILIES["mixture"].draw(2000, seeded(0))
    chosen = batch.parameters["family"]
    assert (chosen == 1).double().mean() == pytest.approx(0.75, abs=0.04)
    for row in batch.rows():
        assert set(row) == (
            {"family", "radius"} if row["family"] else {"family", "length", "angle"}
        )


def test_impossible_families_are_refused() -> None:
    with pytest.raises(InputError, match="odd"):
        Line(size=10, length=(1.0, 2.0))
    with pytest.raises(InputError, match="length"):
        Line(size=11, length=(1.0, 30.0))
    with pytest.raises(InputError, match="radius"):
        Defocus(size=11, radius=(3.0, 2.0))
    with pytest.raises(InputError, match="sigma"):
        Gaussian(size=11, sigma=(1.0, 4.0))
    with pytest.raises(InputError, match="one weight for each"):
        FamilyMixture(families=[FAMILIES["line"]], weights=[1.0, 2.0])
    with pytest.raises(InputError, match="fractions"):
        CameraShake(size=11, fractions=[0.0, 1.0])
