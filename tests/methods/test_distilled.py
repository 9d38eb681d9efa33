from functools import partial

import pytest
import torch
from running import smallest
from torch import nn
from torch.optim import SGD

from deblurkit.config import build_recipe, plain
from deblurkit.contracts import BlurredBatch, Pools, Restoration
from deblurkit.errors import InputError
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.perceptual import TeacherFeatures
from deblurkit.losses.pixel import l1
from deblurkit.methods.distilled import Distilled


class Gain(nn.Module):
    """A student or a layer that multiplies by one number."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.gain * pictures


class Doubling(nn.Module):
    """A teacher with one layer to look into."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = Gain(2.0)

    def restoration(self, batch: BlurredBatch) -> Restoration:
        return {"restored": self.layer(batch["blurred"])}


def level(value: float) -> torch.Tensor:
    return torch.full((1, 3, 4, 4), value)


def pools() -> Pools:
    return {
        "paired": {"blurred": level(0.2), "sharp": level(0.6), "name": ["a"]},
        "taught": {"blurred": level(0.4), "sharp": level(0.3), "name": ["b"]},
    }


def distilled(*layers: str, **weights: float) -> Distilled:
    teacher = partial(TeacherFeatures, method=Doubling, distance=l1, layers=layers)
    return Distilled(
        student=Gain(0.5),
        content=l1,
        teacher=Frozen(teacher),
        weights={"sharp": 0.0, "taught": 0.0, "features": 0.0} | weights,
        optimizer=partial(SGD, lr=0.1),
        scheduler=None,
    )


def test_each_term_is_the_equations() -> None:
    method = distilled("layer", sharp=1.0, taught=10.0, features=100.0)
    terms = method.terms(pools())
    # G(b) = 0.1 for 0.6; G(b') = 0.2 for 0.3; the teacher's layer doubles both.
    assert {name: round(float(term.detach()), 6) for name, term in terms.items()} == {
        "sharp": 0.5,
        "taught": 0.1,
        "features": 0.2,
    }
    assert float(method.objective(terms).detach()) == pytest.approx(0.5 + 1.0 + 20.0)
    method.objective(terms).backward()
    # d/dG of |0.2 G - 0.6| + 10 |0.4 G - 0.3| + 100 |0.8 G - 0.6|, all falling in G
    gain = method.student.get_parameter("gain")
    assert float(gain.grad) == pytest.approx(-(0.2 + 4.0 + 80.0))
    assert method.teacher.open().get_parameter("method.layer.gain").grad is None


@pytest.mark.parametrize(
    ("weights", "needs"),
    [
        ({"sharp": 1.0}, {"paired"}),
        ({"taught": 1.0}, {"taught"}),
        ({"features": 1.0}, {"taught"}),
        ({"sharp": 1.0, "taught": 1.0}, {"paired", "taught"}),
    ],
)
def test_pools_follow_from_the_weights(weights: dict[str, float], needs: set[str]) -> None:
    method = distilled("layer", **weights)
    assert method.needs == needs
    assert method.terms(pools()).keys() == weights.keys()


def test_a_term_of_weight_zero_asks_no_teacher() -> None:
    method = distilled(taught=1.0)
    method.terms(pools())
    assert method.teacher.network is None


def test_features_without_a_layer_are_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match=r"name them in model\.teacher\.factory\.layers"):
        distilled(features=1.0).terms(pools())
    with pytest.raises(InputError, match="has no layer 'deep'"):
        distilled("deep", features=1.0).terms(pools())


def test_the_preset_restores_without_its_teacher() -> None:
    method = build_recipe(plain(smallest("distilled")))
    assert isinstance(method, Distilled)
    assert method.restore(torch.rand(1, 3, 9, 13)).shape == (1, 3, 9, 13)
