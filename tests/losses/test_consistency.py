"""Equation 6 in three readings, by hand values; gradients reach pictures and not the teacher."""

import pytest
import torch
from torch import Tensor, nn

from deblurkit.errors import InputError
from deblurkit.losses.consistency import Consistency, Literal, Reblurred, Tapped, tapped
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.pixel import l1
from deblurkit.losses.squared import mse


class Doubling(nn.Module):
    """Doubles, then adds one; both steps are layers."""

    def __init__(self) -> None:
        super().__init__()
        self.double_it = nn.Conv2d(1, 1, 1)
        self.add_one = nn.Conv2d(1, 1, 1)
        self.pair = Pair()
        for layer, weight, bias in ((self.double_it, 2.0, 0.0), (self.add_one, 1.0, 1.0)):
            nn.init.constant_(layer.weight, weight)
            nn.init.constant_(layer.bias, bias)

    def forward(self, pictures: Tensor) -> Tensor:
        self.pair(pictures)
        return self.add_one(self.double_it(pictures))


class Pair(nn.Module):
    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        return pictures, pictures


def flat(level: float) -> Tensor:
    return torch.full((1, 1, 4, 5), level)


READINGS: dict[str, tuple[Consistency, float]] = {
    # blurred 0.1, guide 1.2, restored 0.3, re-blurred 0.5; g(p) = 2 p + 1
    "reblurred": (Reblurred(l1), 2.0 - 1.2),
    "literal": (Literal(l1), 3.4 - 1.6),
    "tapped": (Tapped(l1, layers=["double_it", "add_one"]), (1.0 - 0.2) + (2.0 - 1.2)),
    "squared": (Reblurred(mse), 0.8**2),
}


@pytest.fixture
def teacher() -> Frozen:
    return Frozen(Doubling)


def asked(reading: Consistency, teacher: Frozen) -> tuple[Tensor, Tensor, Tensor]:
    """The term, the restored picture and the re-blurred one."""
    restored, reblurred = flat(0.3).requires_grad_(), flat(0.5).requires_grad_()
    with torch.no_grad():
        guide = teacher(flat(0.1))
        target = reading.target(teacher, flat(0.1), guide=guide)
    term = reading(teacher, restored, reblurred=reblurred, target=target)
    return term, restored, reblurred


@pytest.mark.parametrize("name", READINGS)
def test_hand_values(name: str, teacher: Frozen) -> None:
    reading, expected = READINGS[name]
    assert float(asked(reading, teacher)[0].detach()) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "moved"),
    [("reblurred", "reblurred"), ("tapped", "reblurred"), ("literal", "restored")],
)
def test_gradients_reach_the_picture_that_is_asked_about(
    name: str, moved: str, teacher: Frozen
) -> None:
    term, restored, reblurred = asked(READINGS[name][0], teacher)
    term.backward()
    gradients = {"restored": restored.grad, "reblurred": reblurred.grad}
    assert [key for key, one in gradients.items() if one is not None] == [moved]
    assert gradients[moved].abs().min() > 0
    assert all(parameter.grad is None for parameter in teacher.open().parameters())


@pytest.mark.parametrize("reading", [Reblurred(l1), Tapped(l1, layers=["add_one"])])
def test_a_perfect_reblurred_picture_costs_nothing(reading: Consistency, teacher: Frozen) -> None:
    target = reading.target(teacher, flat(0.1), guide=teacher(flat(0.1)))
    assert reading(teacher, flat(0.9), reblurred=flat(0.1), target=target) == 0


def test_taps_leave_no_trace(teacher: Frozen) -> None:
    network = teacher.open()
    with tapped(network, ["double_it"]) as features:
        network(flat(0.5))
    assert torch.equal(features["double_it"], flat(1.0))
    network(flat(0.9))
    assert torch.equal(features["double_it"], flat(1.0))
    with pytest.raises(RuntimeError, match="size"), tapped(network, ["double_it"]):
        network(torch.rand(1, 3, 4, 5))
    assert not network.double_it._forward_hooks


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (["double_it", "third"], "no layer 'third'; among others it has double_it, add_one, pair"),
        ([""], "no layer ''"),
        (["pair"], "'pair' of the teacher answers no features"),
    ],
)
def test_layers_that_are_not_there_are_refused(
    layers: list[str], words: str, teacher: Frozen
) -> None:
    reading = Tapped(l1, layers=layers)
    with pytest.raises(InputError, match=words):
        reading.target(teacher, flat(0.1), guide=flat(0.1))
    assert not teacher.open().double_it._forward_hooks


def test_no_layers_at_all_are_refused() -> None:
    with pytest.raises(InputError, match="at least one layer"):
        Tapped(l1, layers=[])
