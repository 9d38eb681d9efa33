"""DCLNet's objective: every equation by hand, and what a zero weight saves."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurkit.errors import InputError
from deblurkit.methods.dclnet import BackboneOutputs, DCLNet, ReducedScales

PAPER = {"lambda1": 0.1, "lambda2": 0.1, "cycle": 1.0, "anchor": 0.0, "k1": 1.0, "k2": 0, "k3": 0}
NONE = {**PAPER, "cycle": 0, "lambda1": 0, "lambda2": 0}  # Net3
INVERSE = {**PAPER, "lambda2": 0}  # Net1
AUXILIARY = {**PAPER, "cycle": 0, "lambda1": 0}  # Net2


class Pictures(NamedTuple):
    full: Tensor
    half: Tensor
    quarter: Tensor


class Gains(nn.Module):
    """G by hand: multiplies, each size by its own trained number."""

    multiple = 4
    reach = 0

    def __init__(self, full: float, half: float, quarter: float) -> None:
        super().__init__()
        self.gains = nn.Parameter(torch.tensor([full, half, quarter]))

    def forward(self, blurred: Tensor) -> Pictures:
        full, half, quarter = self.gains
        return Pictures(
            full * blurred,
            half * functional.avg_pool2d(blurred, 2),
            quarter * functional.avg_pool2d(blurred, 4),
        )


class Gain(nn.Module):
    """I by hand: multiplies by a trained number."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, sharp: Tensor) -> Tensor:
        return self.gain * sharp


class SmallGains(Gains):
    """Au by hand: as G, without its full size."""

    def __init__(self, half: float, quarter: float) -> None:
        super().__init__(1.0, half, quarter)


def dclnet(
    g: tuple[float, float, float] = (1, 1, 1),
    i: float = 1.0,
    au: tuple[float, float] = (1, 1),
    **numbers: float,
) -> DCLNet:
    return DCLNet(
        backbone=Gains(*map(float, g)),
        inverse=Gain(i),
        auxiliary=SmallGains(*map(float, au)),
        optimizer=torch.optim.SGD,
        scheduler=None,
        **{**PAPER, **numbers},
    )


def flat(value: float) -> Tensor:
    return torch.full((2, 3, 8, 8), value)


def pools(blurred: float = 0.5, sharp: float = 0.8) -> Any:
    names = ["a", "b"]
    return {
        "paired": {"blurred": flat(blurred), "sharp": flat(sharp), "name": names},
        "blurred": {"blurred": flat(blurred), "name": names},
        "sharp": {"sharp": flat(sharp), "name": names, "seed": [0, 1]},
    }


def values(method: DCLNet, batch: Any) -> dict[str, float]:
    return {name: term.item() for name, term in method.terms(batch).items()}


def moved(loss: Tensor, method: DCLNet) -> set[str]:
    """Networks that the gradient of a loss reaches."""
    method.zero_grad()
    loss.backward()
    grads = {n: p.grad for n, p in method.named_parameters() if p.grad is not None}
    return {name.split(".")[0] for name, grad in grads.items() if grad.any()}


def test_the_networks_answers_have_the_shape_that_the_method_reads() -> None:
    pictures = Pictures(flat(0), flat(0), flat(0))
    assert isinstance(pictures, BackboneOutputs)
    assert isinstance(pictures, ReducedScales)


def test_forward_is_the_full_size_picture() -> None:
    assert torch.equal(dclnet(g=(0.5, 9, 9))(flat(0.8)), flat(0.4))


# x = 0.5, y = 0.8; G doubles, and draws 3 x and 0.5 x smaller; I halves less; Au by 1.5 and 0.25
HAND = {"g": (2, 3, 0.5), "i": 0.9, "au": (1.5, 0.25)}
BY_HAND = {
    "content": 0.2,  # (3): |2 * 0.5 - 0.8|
    "blurred_cycle": 0.4,  # (3): |0.9 * 1.0 - 0.5|
    "inverse": 0.22,  # (4): |0.9 * 0.8 - 0.5|
    "sharp_cycle": 0.64,  # (4): |2 * 0.72 - 0.8|
    "auxiliary": 0.0,  # (5): |1.5 * 1.0 - 3 * 0.5| + |0.25 * 1.0 - 0.5 * 0.5|
    "anchor": 1.25,  # |3 * 0.5 - 0.8| + |0.5 * 0.5 - 0.8|
    "unpaired_blurred_cycle": 0.4,  # L'_G of (6): as the second term of (3)
    "unpaired_blurred_auxiliary": 0.0,  # (5)
    "unpaired_sharp_cycle": 0.64,  # L'_I of (6): as the second term of (4)
    "unpaired_sharp_auxiliary": 1.12,  # (7): |3 * 0.72 - 1.5 * 0.8| + |0.5 * 0.72 - 0.25 * 0.8|
}

PAIRED_TERMS = {"content", "blurred_cycle", "inverse", "sharp_cycle", "auxiliary"}  # of the paper
BLURRED_TERMS = {"unpaired_blurred_cycle", "unpaired_blurred_auxiliary"}
SHARP_TERMS = {"unpaired_sharp_cycle", "unpaired_sharp_auxiliary"}


def test_every_term_has_the_value_worked_out_by_hand() -> None:
    method = dclnet(**HAND, anchor=0.1, k2=0.1, k3=0.1)
    assert values(method, pools()) == pytest.approx(BY_HAND, abs=1e-6)


def test_the_second_closed_loop_sums_both_sizes() -> None:
    method = dclnet(g=(2, 3, 0.5), au=(1, 1))  # (5): |1 - 1.5| + |1 - 0.25|
    assert values(method, pools())["auxiliary"] == pytest.approx(1.25)


def test_the_anchor_averages_areas_of_the_sharp_picture() -> None:
    sharp = torch.rand(1, 3, 8, 8)
    batch = {"paired": {"blurred": sharp, "sharp": sharp, "name": ["a"]}}
    assert values(dclnet(anchor=0.1), batch)["anchor"] == pytest.approx(0, abs=1e-7)


def test_the_total_is_equation_6_with_lambdas_inside_the_first_bracket_only() -> None:
    numbers = {"lambda1": 0.2, "lambda2": 0.3, "cycle": 0.5, "anchor": 0.7}
    method = dclnet(g=(2, 3, 0.5), i=0.9, au=(1, 1), **numbers, k1=2, k2=5, k3=11)
    terms = method.terms(pools())
    content, cycle, inverse, sharp_cycle, small = 0.2, 0.4, 0.22, 0.64, 1.25
    paired = content + 0.5 * cycle + 0.2 * (inverse + sharp_cycle) + 0.3 * small + 0.7 * 1.25
    sharp_small = abs(3 * 0.72 - 0.8) + abs(0.5 * 0.72 - 0.8)
    expected = 2 * paired + 5 * (cycle + small) + 11 * (sharp_cycle + sharp_small)
    assert method.objective(terms).item() == pytest.approx(expected, rel=1e-6)


def test_unpaired_auxiliary_terms_are_not_weighted_by_lambda2() -> None:
    weights = dclnet(lambda2=0.3, k1=1, k2=0.7, k3=0.6).objective.weights
    assert weights["auxiliary"] == pytest.approx(0.3)
    assert weights["unpaired_blurred_auxiliary"] == 0.7
    assert weights["unpaired_sharp_auxiliary"] == 0.6


def test_identities_on_equal_pictures_cost_nothing() -> None:
    method = dclnet(anchor=0.1, k2=0.1, k3=0.1)
    found = values(method, pools(blurred=0.6, sharp=0.6))
    assert found.keys() == BY_HAND.keys()
    assert set(found.values()) == {0.0}


@pytest.mark.parametrize(
    ("k1", "k2", "k3", "needs"),
    [
        (1, 0, 0, {"paired"}),
        (1, 0.1, 0, {"paired", "blurred"}),
        (1, 0, 0.1, {"paired", "sharp"}),
        (1, 0.1, 0.1, {"paired", "blurred", "sharp"}),
        (0, 1, 1, {"blurred", "sharp"}),
    ],
)
def test_needs_and_gradients_follow_the_k(k1: float, k2: float, k3: float, needs: set[str]) -> None:
    method = dclnet(**HAND, anchor=0.1, k1=k1, k2=k2, k3=k3)
    assert method.needs == needs
    batch = pools()
    read = {
        (pool, role): picture.requires_grad_()
        for pool, pictures in batch.items()
        for role, picture in pictures.items()
        if isinstance(picture, Tensor)
    }
    method.objective(method.terms({pool: batch[pool] for pool in needs})).backward()  # no others
    assert {pool for (pool, _), picture in read.items() if picture.grad is not None} == needs


def test_the_unpaired_blurred_bracket_never_reads_a_sharp_picture() -> None:
    method = dclnet(**HAND, k1=0, k2=1)
    batch = pools()
    expected = values(method, batch)
    for pool in ("paired", "sharp"):
        batch[pool]["sharp"] = torch.full_like(batch[pool]["sharp"], float("nan"))
    assert values(method, batch) == expected
    assert expected.keys() == BLURRED_TERMS


def test_cycles_train_both_networks_and_small_pictures_supervise_each_other() -> None:
    method = dclnet(g=(2, 3, 0.5), i=0.9, au=(1, 1), anchor=0.1, k2=0.1, k3=0.1)
    reached = {
        "content": {"backbone"},
        "blurred_cycle": {"backbone", "inverse"},
        "inverse": {"inverse"},
        "sharp_cycle": {"backbone", "inverse"},
        "auxiliary": {"backbone", "auxiliary"},
        "anchor": {"backbone"},
        "unpaired_blurred_cycle": {"backbone", "inverse"},
        "unpaired_blurred_auxiliary": {"backbone", "auxiliary"},
        "unpaired_sharp_cycle": {"backbone", "inverse"},
        "unpaired_sharp_auxiliary": {"backbone", "inverse", "auxiliary"},
    }
    for name, networks in reached.items():
        assert moved(method.terms(pools())[name], method) == networks, name


@pytest.mark.parametrize(
    ("numbers", "passes", "terms"),
    [
        (NONE, (1, 0, 0), {"content"}),
        ({**NONE, "anchor": 0.1}, (1, 0, 0), {"content", "anchor"}),
        ({**NONE, "cycle": 1}, (1, 1, 0), {"content", "blurred_cycle"}),
        (INVERSE, (2, 2, 0), {"content", "blurred_cycle", "inverse", "sharp_cycle"}),
        (AUXILIARY, (1, 0, 1), {"content", "auxiliary"}),
        (PAPER, (2, 2, 1), PAIRED_TERMS),  # T1
        ({**PAPER, "k2": 0.1}, (3, 3, 2), PAIRED_TERMS | BLURRED_TERMS),  # T2
        ({**PAPER, "k3": 0.1}, (3, 3, 2), PAIRED_TERMS | SHARP_TERMS),  # T3
        ({**PAPER, "k2": 0.1, "k3": 0.1}, (4, 4, 3), PAIRED_TERMS | BLURRED_TERMS | SHARP_TERMS),
        ({**PAPER, "k1": 0, "k2": 1}, (1, 1, 1), BLURRED_TERMS),
        ({**PAPER, "k1": 0, "k3": 1}, (1, 1, 1), SHARP_TERMS),
    ],
)
def test_a_zero_weight_costs_no_forward_pass(
    numbers: dict[str, float], passes: tuple[int, int, int], terms: set[str]
) -> None:
    method = dclnet(**HAND, **numbers)
    count: Counter[str] = Counter()
    for name in ("backbone", "inverse", "auxiliary"):
        method.get_submodule(name).register_forward_hook(counting(count, name))
    found = method.terms(pools())
    assert found.keys() == terms
    assert (count["backbone"], count["inverse"], count["auxiliary"]) == passes
    method.objective(found)  # refuses terms that do not fit its weights


def counting(count: Counter[str], name: str) -> Callable[..., None]:
    def hook(*_: object) -> None:
        count[name] += 1

    return hook


def test_heads_are_watched_where_the_log_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    method = dclnet(g=(1, 1, 0), k2=0.1)
    reported: dict[str, Tensor] = {}
    monkeypatch.setattr(method, "report", reported.update)
    batch = pools()
    batch["paired"]["blurred"] = torch.rand(2, 3, 8, 8)
    method.terms(batch)
    assert not reported
    method.logs_now = True
    method.terms(batch)
    halves = functional.avg_pool2d(batch["paired"]["blurred"], 2)
    assert reported["paired_half_std"].item() == pytest.approx(halves.std().item())
    assert reported["paired_quarter_std"] == 0  # a head that answers a constant shows
    assert reported["blurred_half_std"] == 0
    assert not any(number.requires_grad for number in reported.values())


@pytest.mark.parametrize("numbers", [{"lambda2": -0.1}, {"k3": -1}, {"k1": 0}])
def test_impossible_weights_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(InputError, match="k1"):
        dclnet(**numbers)
