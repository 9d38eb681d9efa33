import pytest
import torch
from hydra.utils import instantiate

from deblurkit.data.blur.roll import CameraRoll
from deblurkit.data.blur.shapes import Defocus, Line
from deblurkit.data.blur.synthesis import BlurSynthesis
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur

LINES = Line(size=9, length=(2.0, 8.0))
EVERYTHING = {
    "gamma": 2.2,
    "boost": (1.0, 4.0),
    "photons": (100.0, 1000.0),
    "noise": (0.0, 0.02),
    "jpeg": (40.0, 90.0),
    "rounding": True,
}


def synthesis(**more: object) -> BlurSynthesis:
    return BlurSynthesis(family=LINES, seed=3, block=8, **more)


def test_the_kernel_returned_reproduces_the_blurred_picture() -> None:
    sharp = torch.rand(3, 3, 32, 40)
    blurred, kernel, parameters = synthesis()(sharp, [4, 0, 9])
    assert kernel is not None
    torch.testing.assert_close(blurred, blur(sharp, kernel), atol=1e-6, rtol=0)
    assert [set(row) for row in parameters] == [{"length", "angle"}] * 3


@pytest.mark.parametrize("field", [None, CameraRoll(size=9, degrees=(1.0, 5.0))])
def test_a_draw_does_not_depend_on_its_batch(field: CameraRoll | None) -> None:
    def fresh() -> BlurSynthesis:
        family = None if field else LINES
        return BlurSynthesis(family=family, field=field, seed=3, block=8, **EVERYTHING)

    sharp = torch.rand(3, 3, 32, 32)
    together = fresh()(sharp, [7, 2, 30])
    for place, draw in enumerate([7, 2, 30]):
        alone = fresh()(sharp[place : place + 1], [draw])
        assert alone.blurred[0].equal(together.blurred[place])
        assert alone.parameters[0] == together.parameters[place]


def test_draws_and_seeds_differ_and_the_global_state_is_left_alone() -> None:
    sharp, before = torch.rand(1, 3, 32, 32).expand(2, -1, -1, -1), torch.get_rng_state()
    first, second = synthesis(noise=(0.01, 0.01))(sharp, [0, 1]).blurred
    assert not first.equal(second)
    other = BlurSynthesis(family=LINES, seed=4, noise=(0.01, 0.01))
    assert not other(sharp, [0, 1]).blurred[0].equal(first)
    assert torch.get_rng_state().equal(before)


def test_one_thing_more_leaves_the_other_numbers_alone() -> None:
    sharp = torch.rand(1, 3, 16, 16)
    plain = synthesis(noise=(0.0, 0.1))(sharp, [5]).parameters[0]
    more = synthesis(noise=(0.0, 0.1), photons=(10.0, 100.0))(sharp, [5]).parameters[0]
    assert plain.items() <= more.items()


def test_gamma_adds_light_and_not_grey_levels() -> None:
    sharp = torch.zeros(1, 3, 33, 33)
    sharp[..., 16] = 1
    plain, linear = synthesis()(sharp, [0]), synthesis(gamma=2.2)(sharp, [0])
    torch.testing.assert_close(linear.blurred, plain.blurred.clamp(min=0) ** (1 / 2.2))


def test_boosted_highlights_saturate() -> None:
    sharp = torch.full((1, 3, 41, 41), 0.2)
    sharp[..., 18:23, 18:23] = 1
    disk = {"family": Defocus(size=11, radius=(5.0, 5.0)), "seed": 0, "gamma": 2.2}
    faint = BlurSynthesis(**disk)(sharp, [0]).blurred
    bright = BlurSynthesis(**disk, boost=(50.0, 50.0))(sharp, [0]).blurred
    assert faint.max() < 0.9
    assert bright.max() == 1


def test_noise_has_the_deviation_asked_for() -> None:
    grey = torch.full((1, 3, 128, 128), 0.5)
    gaussian = synthesis(noise=(0.02, 0.02))(grey, [0]).blurred
    assert gaussian.std() == pytest.approx(0.02, rel=0.03)
    poisson = synthesis(photons=(400.0, 400.0))(grey, [0]).blurred
    assert poisson.std() == pytest.approx((0.5 / 400) ** 0.5, rel=0.03)
    assert poisson.mean() == pytest.approx(0.5, abs=2e-3)


def test_rounding_leaves_the_levels_of_a_file() -> None:
    blurred = synthesis(rounding=True)(torch.rand(1, 3, 16, 16), [0]).blurred
    torch.testing.assert_close(blurred * 255, (blurred * 255).round())


def test_compression_costs_more_at_low_quality() -> None:
    sharp = torch.rand(1, 1, 40, 56).expand(-1, 3, -1, -1)  # JPEG halves the colours' size
    clean = synthesis()(sharp, [0]).blurred
    low, high = (
        (synthesis(jpeg=(quality, quality))(sharp, [0]).blurred - clean).abs().mean()
        for quality in (10.0, 95.0)
    )
    assert 0 < high < low / 2


def test_flat_pictures_have_no_border() -> None:
    flat = torch.full((1, 3, 20, 20), 0.6)
    torch.testing.assert_close(synthesis(gamma=2.2)(flat, [0]).blurred, flat)


def test_a_config_builds_it() -> None:
    built = instantiate(
        {
            "_target_": "deblurkit.data.blur.synthesis.BlurSynthesis",
            "family": {
                "_target_": "deblurkit.data.blur.shapes.FamilyMixture",
                "families": [
                    {
                        "_target_": "deblurkit.data.blur.shapes.Line",
                        "size": 9,
                        "length": [1.0, 8.0],
                    },
                    {
                        "_target_": "deblurkit.data.blur.trajectory.CameraShake",
                        "size": 15,
                        "samples": 100,
                    },
                ],
                "weights": [1.0, 2.0],
            },
            "seed": 0,
            "gamma": 2.2,
            "noise": [0.0, 0.01],
        }
    )
    assert built(torch.rand(2, 3, 16, 16), [0, 1]).blurred.shape == (2, 3, 16, 16)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="either"):
        BlurSynthesis(seed=0)
    with pytest.raises(InputError, match="gamma"):
        synthesis(boost=(1.0, 2.0))
    with pytest.raises(InputError, match="jpeg"):
        synthesis(jpeg=(0.0, 50.0))
    with pytest.raises(InputError, match="draws"):
        synthesis()(torch.rand(2, 3, 16, 16), [0])


@pytest.mark.gpu
def test_the_graphics_card_gets_the_same_kernels() -> None:
    sharp = torch.rand(2, 3, 32, 32)
    here, there = synthesis()(sharp, [0, 9]), synthesis()(sharp.cuda(), [0, 9])
    assert there.kernel is not None
    assert there.kernel.cpu().equal(here.kernel)
    torch.testing.assert_close(there.blurred.cpu(), here.blurred, atol=1e-5, rtol=0)
    noisy = synthesis(**EVERYTHING)(sharp.cuda(), [0, 9]).blurred
    assert synthesis(**EVERYTHING)(sharp[1:].cuda(), [9]).blurred[0].equal(noisy[1])
