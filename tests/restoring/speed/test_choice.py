"""Which path is taken: what is wanted, what the processor can do, what was measured."""

import pytest
import torch
from torch import nn

import deblurkit
from deblurkit.errors import InputError
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.restoring.speed.choice import (
    PATHS,
    SPEEDS,
    Measured,
    fastest,
    harmless,
    measured_paths,
    path_of,
    speed_named,
)
from deblurkit.restoring.speed.paths import EXACT

BF16 = PATHS["bfloat16, channels last"]
LAST = PATHS["float32, channels last"]
ASKED = "_is_avx512_bf16_supported"  # by torch, of the processor


@pytest.fixture(params=[True, False], ids=["bf16", "plain"])
def has_bf16(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A processor with bf16 instructions, and one without."""
    monkeypatch.setattr(torch.cpu, ASKED, lambda: request.param)
    return bool(request.param)


def test_the_fastest_harmless_path_is_taken(has_bf16: bool) -> None:
    lossy = Measured(BF16, ratio=3.0, lost=0.06, distance=60.0)
    unseen = Measured(LAST, ratio=1.3, lost=0.0, distance=130.0)
    assert harmless([lossy, unseen]) is LAST
    assert fastest([lossy, unseen]) is (BF16 if has_bf16 else LAST)
    assert harmless([lossy._replace(lost=0.05), unseen]) is (BF16 if has_bf16 else LAST)
    assert harmless([]) is EXACT, "nobody knows what another path would lose"


@pytest.mark.parametrize(("distance", "path"), [(45.0, LAST), (44.9, EXACT)])
def test_without_weights_of_a_training_the_pictures_themselves_are_compared(
    distance: float, path: object
) -> None:
    assert harmless([Measured(LAST, ratio=1.3, lost=None, distance=distance)]) is path


def test_shipped_weights_take_what_the_processor_has(has_bf16: bool) -> None:
    method = deblurkit.load("tiny")
    assert path_of(method, SPEEDS["auto"], device="cpu") is (BF16 if has_bf16 else LAST)
    assert path_of(method, SPEEDS["exact"], device="cpu") is EXACT
    assert path_of(method, SPEEDS["fast"], device="cuda") is EXACT, "paths are those of a CPU"
    ratios = [measured.ratio for measured in measured_paths(method.network)]
    assert ratios == sorted(ratios, reverse=True)


def test_a_network_that_no_path_makes_faster_stays_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, ASKED, lambda: False)
    method = deblurkit.build("residual_u")  # channels last take as long there
    assert [path_of(method, speed, device="cpu") for speed in SPEEDS.values()] == [EXACT] * 3


class Own(NetworkMethod):
    """With a network of which nothing was measured."""

    restorer = "net"

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, blurred: torch.Tensor) -> torch.Tensor:
        return self.net(blurred)  # type: ignore[no-any-return]


def test_an_unknown_network_is_fast_only_for_whoever_says_so(has_bf16: bool) -> None:
    assert path_of(Own(), SPEEDS["auto"], device="cpu") is EXACT
    assert path_of(Own(), SPEEDS["fast"], device="cpu") is (BF16 if has_bf16 else LAST)


def test_a_method_without_a_network_has_one_path() -> None:
    assert path_of(deblurkit.build("unsharp"), SPEEDS["fast"], device="cpu") is EXACT


def test_another_word_is_refused() -> None:
    with pytest.raises(InputError, match="speed is auto, exact or fast, got slow"):
        speed_named("slow")
