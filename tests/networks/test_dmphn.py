"""DMPHN's networks: published numbers, weights and pictures, and what they refuse."""

from pathlib import Path

import pytest
import torch
from parity.official import numbers_of
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.errors import InputError
from deblurkit.imaging.files import read_image
from deblurkit.networks.dmphn import Restorer, from_published
from networks.fingerprint import fill, formula_picture, formula_state, summary

EXPECTED = numbers_of("dmphn")["models"]
LEVELS = ("encoder_lv1", "decoder_lv1", "encoder_lv2", "decoder_lv2", "encoder_lv3", "decoder_lv3")


def published(folder: Path) -> dict[str, Tensor]:
    files = {
        name: torch.load(folder / f"{name}.pkl", weights_only=True, map_location="cpu")
        for name in LEVELS
    }
    return from_published(files)


@pytest.mark.parametrize(
    ("levels", "stacks", "parameters", "macs"),
    [
        (3, 1, 5_424_393, 687),
        (4, 1, 7_232_524, 916),
        (3, 2, 10_848_786, 1374),
        (3, 3, 16_273_179, 2061),
        (3, 4, 21_697_572, 2748),
    ],
)
def test_parameters_and_cost(levels: int, stacks: int, parameters: int, macs: int) -> None:
    with torch.device("meta"):
        network = Restorer(channels=32, levels=levels, stacks=stacks)
    assert sum(p.numel() for p in network.parameters()) == parameters
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 720, 1280, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(macs, abs=1)


@pytest.mark.parametrize(
    "name",
    [
        *("DMPHN_1_2_4", "DMPHN_1_2_4_8", "SDNet2"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("SDNet3", "SDNet4")),
    ],
)
def test_it_is_the_authors_network(name: str) -> None:
    expected = EXPECTED[name]
    network = Restorer(channels=32, levels=expected["levels"], stacks=expected["stacks"]).double()
    fill(network)
    answers = network(formula_picture(64, 96))
    assert len(answers) == expected["stacks"]
    assert summary(answers[-1]) == pytest.approx(expected["answer"], rel=1e-10)


def test_the_published_numbers_come_through_the_import_of_their_layout() -> None:
    """As above, from tensors under the authors' names."""
    expected = EXPECTED["DMPHN_1_2_4"]
    shapes = dict(expected["shapes"])
    state = formula_state(shapes)
    files: dict[str, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        file, _, inner = key.partition(":")
        files.setdefault(file, {})[inner] = tensor
    network = Restorer(channels=32, levels=3, stacks=1).double()
    network.load_state_dict(from_published(files))
    assert summary(network(formula_picture(64, 96))[-1]) == pytest.approx(expected["answer"])


def test_stacks_are_told_apart_by_the_names_of_their_files() -> None:
    state = from_published({"decoder_s2_lv3": {"layer24.bias": torch.zeros(3)}})
    assert list(state) == ["stacks.1.levels.2.decoder.8.bias"]
    state = from_published({"encoder_lv1": {"layer2.0.bias": torch.zeros(32)}})
    assert list(state) == ["stacks.0.levels.0.encoder.1.body.0.bias"]


@pytest.mark.parametrize("file", ["encoder", "generator_lv1", "encoder_x1"])
def test_files_of_another_network_are_refused(file: str) -> None:
    with pytest.raises(InputError, match="no file of DMPHN"):
        from_published({file: {}})


def test_tensors_of_another_network_are_refused() -> None:
    with pytest.raises(InputError, match="no tensor of DMPHN"):
        from_published({"encoder_lv1": {"layer24.bias": torch.zeros(3)}})


@pytest.mark.parametrize(("levels", "multiple"), [(1, 4), (2, 8), (3, 8), (4, 16)])
def test_sides_that_cannot_be_cut_are_refused(levels: int, multiple: int) -> None:
    network = Restorer(channels=2, levels=levels, stacks=1)
    assert network.multiple == multiple
    assert network(torch.rand(1, 3, multiple, 2 * multiple))[0].shape[-2:] == (
        multiple,
        2 * multiple,
    )
    with pytest.raises(InputError, match=f"divisible by {multiple}"):
        network(torch.rand(1, 3, multiple // 2, multiple))


def test_weights_start_at_half_of_he_s_deviation() -> None:
    torch.manual_seed(0)
    level = Restorer(channels=32, levels=1, stacks=1).stacks[0].levels[0]
    halving, doubling = level.encoder[6], level.decoder[2]
    assert halving.weight.std().item() == pytest.approx(0.5 * (2 / (9 * 128)) ** 0.5, rel=0.02)
    assert doubling.weight.std().item() == pytest.approx(0.5 * (2 / (16 * 64)) ** 0.5, rel=0.02)
    assert not level.decoder[8].bias.any()


def test_published_weights_on_a_made_picture(test_data: Path) -> None:
    network = Restorer(channels=32, levels=3, stacks=1)
    network.load_state_dict(published(test_data / "dmphn" / "checkpoints"))
    with torch.no_grad():
        answer = network.double()(formula_picture(128, 160))[-1]
    samples = [0.78800181, 0.91478141, 0.48847255, 0.86021309]
    assert summary(answer) == pytest.approx([0.50568095, 0.26398572, *samples], abs=1e-7)


@pytest.mark.slow
def test_published_weights_draw_the_published_picture(test_data: Path) -> None:
    """The authors' file was written by truncation, not by rounding."""
    folder = test_data / "dmphn"
    network = Restorer(channels=32, levels=3, stacks=1)
    network.load_state_dict(published(folder / "checkpoints"))
    blurred = torch.from_numpy(read_image(folder / "sample" / "000008.png")).movedim(-1, 0)
    expected = torch.from_numpy(read_image(folder / "result" / "000008.png")).movedim(-1, 0)
    with torch.no_grad():
        restored = network(blurred[None] / 255)[-1][0]
    pixels = (255 * restored).clamp(0, 255).to(torch.uint8)
    difference = (pixels.int() - expected.int()).abs()
    assert difference.max() <= 1
    assert difference.float().mean() < 1e-4  # 0.003 % of the values
