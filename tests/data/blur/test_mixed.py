import pytest
import torch

from deblurkit.config import compose, instantiate, plain
from deblurkit.data.blur.mixed import MixedSynthesis
from deblurkit.data.blur.roll import CameraRoll
from deblurkit.data.blur.shapes import Defocus, Line
from deblurkit.data.blur.synthesis import BlurSynthesis, Synthesis
from deblurkit.data.synthetic_pairs import settings_of
from deblurkit.errors import InputError

FORMER = "deblurkit.data.blur.mixed.MixedSynthesis"  # of both, with the seed of the training
DRAWS = list(range(12))


def chains() -> dict[str, BlurSynthesis]:
    return {
        "line": BlurSynthesis(family=Line(size=9, length=(2.0, 8.0)), seed=3, block=8),
        "roll": BlurSynthesis(
            field=CameraRoll(size=21, degrees=(1.0, 5.0)), seed=3, noise=(0, 0.1)
        ),
        "never": BlurSynthesis(family=Defocus(size=31, radius=(9.0, 9.0)), seed=3),
    }


def mixed() -> MixedSynthesis:
    return MixedSynthesis(chains=chains(), shares={"line": 1, "roll": 1, "never": 0}, seed=5)


def test_each_picture_is_blurred_by_one_of_the_chains_alone() -> None:
    sharp = torch.rand(12, 3, 40, 44)
    synthesis = mixed()
    assert isinstance(synthesis, Synthesis)
    blurred, kernel, parameters = synthesis(sharp, DRAWS)
    assert kernel is None
    numbers = [int(row["chain"]) for row in parameters]
    assert set(numbers) == {0, 1}
    for place, number in enumerate(numbers):
        chain = list(chains().values())[number]
        alone = chain(sharp[place : place + 1], [DRAWS[place]])
        assert alone.blurred[0].equal(blurred[place])
        assert parameters[place] == {"chain": float(number)} | alone.parameters[0]


def test_a_draw_does_not_depend_on_its_batch() -> None:
    sharp = torch.rand(1, 3, 40, 40).expand(12, -1, -1, -1)
    together = mixed()(sharp, DRAWS).blurred
    for place in (0, 5, 11):
        assert mixed()(sharp[:1], [DRAWS[place]]).blurred[0].equal(together[place])


def test_the_margin_serves_every_chain() -> None:
    assert mixed().margin == 15


@pytest.mark.parametrize(
    "shares", [{"line": 1}, {"line": 0, "roll": 0, "never": 0}, {"line": -1, "roll": 2, "never": 0}]
)
def test_shares_that_say_nothing_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(InputError, match="share each"):
        MixedSynthesis(chains=chains(), shares=shares, seed=0)


def test_what_evaluates_is_blurred_alike_for_every_training_seed() -> None:
    """As it was for the usual seed; pairs that were stored before are those of now."""
    sharp = torch.rand(1, 3, 40, 44, generator=torch.Generator().manual_seed(0))
    nodes = {}
    for data, seeds in (("free_photos", (0, 7)), ("free_exposures", (0, 7))):
        for seed in seeds:
            cfg = compose(f"data={data}", f"seed={seed}").data
            trained, evaluated = instantiate(cfg.synthesis), instantiate(cfg.evaluation_synthesis)
            nodes[data, seed] = settings_of(evaluated)
            if data == "free_photos":
                assert settings_of(trained)["chains"]["mild"]["seed"] == seed
            if seed == 0:
                former = {**plain(cfg.evaluation_synthesis), "_target_": FORMER}
                del former["chain_seed"]
                assert settings_of(instantiate(former)) == nodes[data, 0]
                assert instantiate(former)(sharp, [3]).blurred.equal(evaluated(sharp, [3]).blurred)
        assert nodes[data, 0] == nodes[data, 7]
