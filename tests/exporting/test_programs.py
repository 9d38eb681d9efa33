"""Every network as one program for pictures of all sizes, and what keeps another from being one."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from jaxtyping import config as shape_checks
from running import composed, kind_of, skip_without_timm, smallest
from torch import Tensor, nn
from toys import Direct

import deblurkit
from deblurkit.config import build_recipe, plain
from deblurkit.errors import InputError
from deblurkit.exporting.free_size import FreeSize, extended, first
from deblurkit.exporting.programs import exported_program, quiet, with_network
from deblurkit.exporting.proof import SMALL, compared, photograph, restored, sizes
from deblurkit.imaging.tiling.padding import pad_to_multiple
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.networks.nafnet import local_means, means_of_any_size

# One of each network file; the others differ from these in numbers, losses or a part.
NETWORKS = (
    *("residual_u", "dmphn", "nafnet", "srn_color", "mtwnet", "dclnet", "deepdeblur", "cyclegan"),
    "as_cyclegan",
)
LONG = ("srn", "deblurgan", "deblurgan_v2", "as_cyclegan_resnet", "distilled")
# Still smaller than in tests/tiny: what is repeated is traced again.
FEWER = {
    "dmphn": {"hierarchies": {"levels": 3, "stacks": 1}},
    "nafnet": {"backbone": {"encoder_blocks": [1], "middle_blocks": 0, "decoder_blocks": [0]}},
}


@pytest.fixture(autouse=True)
def _as_outside_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks of shapes would be guards of what is traced."""
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)


def drawn(method: Any) -> NetworkMethod:
    """A method with weights that do something: fresh ones often change nothing."""
    torch.manual_seed(0)
    for parameter in method.network.parameters():
        nn.init.normal_(parameter, std=0.1)
    return method.eval()


def toy(network: nn.Module) -> NetworkMethod:
    return Direct(restoring=network, lr=0.1).eval()


@pytest.mark.parametrize(
    "key", [*NETWORKS, *(pytest.param(key, marks=pytest.mark.slow) for key in LONG)]
)
def test_one_program_serves_all_sizes(key: str) -> None:
    skip_without_timm(composed(key))
    model = plain(smallest(key))
    for part, numbers in FEWER.get(key, {}).items():
        model[part] |= numbers
    method = drawn(build_recipe(model, trust=["toys"]))
    program = exported_program(method, size=sizes(method)["traced"])
    comparisons = compared(program.module(), method, graph="the program")
    assert len({comparison.size for comparison in comparisons}) == 5
    assert max(comparison.error for comparison in comparisons) < 1e-6
    picture = photograph((20, 24))
    assert (restored(method, picture) - picture).abs().max() > 1e-3


def test_every_network_of_the_library_is_tried() -> None:
    trained = {
        kind_of(key).__module__
        for key in deblurkit.available_methods()
        if issubclass(kind_of(key), NetworkMethod)
    }
    assert trained - {"deblurkit.methods.maxim"} == {
        kind_of(key).__module__ for key in (*NETWORKS, *LONG)
    }
    stored = yaml.safe_load((Path(__file__).parents[2] / "docs" / "exports.yaml").read_text())
    assert trained == {kind_of(key).__module__ for key in stored}


@pytest.mark.parametrize("window", [1, 2, 5, 6, 7, 20])
@pytest.mark.parametrize("size", [(6, 9), (3, 9), (7, 4), (2, 2)])
def test_windows_of_any_size_are_those_of_each_size(window: int, size: tuple[int, int]) -> None:
    """On both sides of the window, along each axis."""
    features = torch.rand(1, 2, *size, dtype=torch.float64)
    means = means_of_any_size(features, window=window)
    assert means.allclose(local_means(features, window=window), rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (4, 8), (9, 7)])
@pytest.mark.parametrize("multiple", [1, 4, 16])
def test_padding_in_a_graph_is_that_of_the_method(size: tuple[int, int], multiple: int) -> None:
    """Mirrored, or repeated where a side is too short for that."""
    pictures = torch.rand(1, 3, *size)
    padded = extended(extended(pictures, multiple, axis=-2), multiple, axis=-1)
    assert padded.equal(pad_to_multiple(pictures, multiple))
    assert first(first(padded, size[0], axis=-2), size[1], axis=-1).equal(pictures)


class Branching(nn.Module):
    """Turns wide pictures round, as an exporter that looks at one size does not see."""

    def forward(self, blurred: Tensor) -> Tensor:
        return blurred.flip(-1) if blurred.shape[-1] > 64 else 0.5 * blurred


def test_a_branch_on_the_size_is_refused_with_its_guard() -> None:
    method = toy(Branching())
    program = exported_program(method, size=(48, 64))
    with pytest.raises(
        InputError, match=r"graph of Direct does not restore 16 x 80 pixels .* <= 64"
    ):
        compared(program.module(), method, graph="the graph")


def test_other_answers_are_refused() -> None:
    method = toy(nn.Identity())
    assert max(each.error for each in compared(lambda picture: picture, method, graph="it")) == 0
    for wrong in (torch.nan, torch.inf, 2e-4):
        with pytest.raises(InputError, match="differs from the library"):
            compared(lambda picture, wrong=wrong: picture + wrong, method, graph="it")
    traced = sizes(method)["traced"]

    def lost(picture: Tensor) -> Tensor:  # at all sizes but the first
        return picture if picture.shape[-2:] == traced else picture * torch.nan

    with pytest.raises(InputError, match="differs from the library by nan"):
        compared(lost, method, graph="it")
    with pytest.raises(InputError, match="differs from the library by inf"):
        compared(lambda picture: picture[..., :-1], method, graph="it")


class Restless(nn.Module):
    def forward(self, blurred: Tensor) -> Tensor:
        return nn.functional.dropout(blurred, 0.5, training=True)


def test_a_network_that_draws_numbers_is_refused() -> None:
    method = toy(Restless())
    with pytest.raises(InputError, match=r"draws random numbers \(dropout that stays on\)"):
        compared(method, method, graph="it")


class Listing(nn.Module):
    def forward(self, blurred: Tensor) -> Tensor:
        return blurred * float(blurred.sum())


def test_what_cannot_be_traced_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match=r"Direct cannot be exported; torch.export says") as caught:
        exported_program(toy(Listing()), size=(48, 64))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_solver_has_nothing_to_export() -> None:
    with pytest.raises(InputError, match="Wiener solves each picture anew and has no trained netw"):
        with_network(deblurkit.build("wiener"))


def test_a_small_picture_is_one_that_the_network_takes() -> None:
    class Choosy(nn.Module):
        def forward(self, blurred: Tensor) -> Tensor:
            if min(blurred.shape[-2:]) < 8:
                raise InputError("too small")
            return blurred

    assert sizes(toy(Choosy()))["small"] == SMALL[1]
    assert sizes(toy(nn.Identity()))["small"] == SMALL[0]


def test_only_the_network_becomes_a_part_of_the_graph() -> None:
    method = deblurkit.build("dclnet_tiny")
    names = {name.split(".")[0] for name, _ in FreeSize(method).named_parameters()}
    count = sum(parameter.numel() for parameter in FreeSize(method).parameters())
    assert names == {"network"}
    assert count == sum(parameter.numel() for parameter in method.network.parameters())


def test_exporters_are_quiet_for_a_while(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    logger = logging.getLogger("onnxscript.optimizer")
    with quiet():
        logger.info("Removed 3 unused nodes")
    assert not caplog.records
    logger.warning("after")
    assert len(caplog.records) == 1
