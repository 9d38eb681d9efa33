"""What all protocols share: means over pictures, shares of several devices, refusals."""

import math

import pytest
import torch
from photographs import photograph, protocol, spoiled

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.metrics.parts.pooled import measured
from deblurkit.metrics.parts.protocol import Protocol, Score

ALIGNED = ["rgb8", "gopro", "gopro_truncated", "gopro_float", "gray", "wang"]


@pytest.mark.parametrize("name", ALIGNED)
def test_shares_of_two_devices_make_the_mean_of_all_pictures(name: str) -> None:
    pairs = [(spoiled(photograph(40 + n, 48)), photograph(40 + n, 48)) for n in range(3)]
    whole, first, second = (protocol(name) for _ in range(3))
    for pair in pairs:
        whole.update(*pair)
    first.update(*pairs[0])
    second.update(*pairs[1])
    second.update(*pairs[2])
    first.merge_state(second)
    together = first.compute()
    assert together.keys() == set(whole.scores)
    for score, value in whole.compute().items():
        assert together[score] == value
        alone = [float(protocol(name)(*pair)[score]) for pair in pairs]
        assert value.item() == pytest.approx(sum(alone) / 3, rel=1e-12)


@pytest.mark.parametrize("name", ALIGNED)
def test_even_pictures_score_as_formulas_say(name: str) -> None:
    black, white = torch.zeros(1, 3, 32, 32), torch.ones(1, 3, 32, 32)
    same, apart = protocol(name)(black, black), protocol(name)(black, white)
    c1 = 0.01**2
    for score in same:
        if score.startswith("psnr"):
            assert same[score].isinf()
            assert apart[score].item() == pytest.approx(0, abs=1e-6)
        else:
            assert same[score].item() == pytest.approx(1)
            assert apart[score].item() == pytest.approx(c1 / (1 + c1), rel=1e-2)


def test_a_picture_that_is_not_finite_scores_nan_and_so_does_the_mean() -> None:
    gopro, broken = protocol("gopro"), spoiled(photograph())
    broken[0, 1, 5, 5] = math.nan
    assert all(value.isnan() for value in gopro(broken, photograph()).values())
    gopro.update(spoiled(photograph()), photograph())
    assert all(value.isnan() for value in gopro.compute().values())


def test_pictures_of_different_size_are_refused() -> None:
    with pytest.raises(InputError, match="equal sizes"):
        protocol("gopro").update(photograph(40, 48), photograph(40, 50))


@pytest.mark.parametrize(
    "sharp",
    [photograph() * 255, photograph() * 257, (photograph() * 255).byte(), photograph() / 0],
    ids=["8 bit", "16 bit", "integers", "not finite"],
)
def test_what_is_no_intensity_is_refused(sharp: torch.Tensor) -> None:
    with pytest.raises(InputError, match="divide"):
        protocol("gopro").update(photograph(), sharp)


def test_restored_pictures_are_no_whole_numbers() -> None:
    with pytest.raises(InputError, match="8-bit pictures by 255"):
        protocol("gopro").update((photograph() * 255).byte(), photograph())


def test_a_protocol_learns_the_name_of_what_it_measures() -> None:
    class Length(Protocol):
        """How long a name is."""

        scores = ("length",)

        def measure(self, restored: Images, sharp: Images) -> Score:
            assert self.name is not None
            return {"length": torch.tensor(float(len(self.name)))}

    shown = {"restored": photograph(), "sharp": photograph()}
    assert measured(Length(), shown, "seven77") == {"length": 7.0}
