"""DMPHN's published weights: the authors' numbers from their files, and their picture."""

from pathlib import Path

import pytest
import torch
from author_layouts import dmphn_files
from converting import converted, write
from fingerprint import formula_picture, summary
from parity_numbers import numbers_of

from deblurkit.checkpoint import load
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image
from deblurkit.networks.dmphn import Restorer
from deblurkit.published.dmphn import DMPHN
from deblurkit.weight_files.torch_files import read_torch

EXPECTED = numbers_of("dmphn")["models"]


def test_their_tensors_give_their_numbers() -> None:
    network = Restorer(channels=32, levels=3, stacks=1).double()
    network.load_state_dict(DMPHN(levels=3, stacks=1).parts(dmphn_files())["hierarchies"])
    answer = network(formula_picture(64, 96))[-1]
    assert summary(answer) == pytest.approx(EXPECTED["DMPHN_1_2_4"]["answer"], rel=1e-10)


def test_a_converted_file_gives_their_numbers(tmp_path: Path) -> None:
    write(dmphn_files(), tmp_path / "theirs")
    method = converted("source=dmphn", f"path={tmp_path}/theirs", folder=tmp_path)
    answer = method.double()(formula_picture(64, 96))
    assert summary(answer) == pytest.approx(EXPECTED["DMPHN_1_2_4"]["answer"], abs=1e-6)
    assert not method.origin["published"]  # it is the formula's


def test_stacks_are_told_apart_by_the_names_of_their_files() -> None:
    importer = DMPHN(levels=3, stacks=2)
    assert len(importer.needs) == 12
    assert importer.needs[:2] == ["encoder_s1_lv1.pkl", "decoder_s1_lv1.pkl"]
    files = {file: {"layer1.bias": torch.zeros(1)} for file in importer.needs if "enc" in file}
    files |= {file: {"layer24.bias": torch.ones(3)} for file in importer.needs if "dec" in file}
    files["decoder_s2_lv3.pkl"] = {"layer22.2.weight": torch.zeros(1)}
    state = importer.parts(files)["hierarchies"]
    assert len(state) == 12
    assert "stacks.1.levels.2.decoder.7.body.2.weight" in state
    assert "stacks.0.levels.1.encoder.0.bias" in state


def test_weights_of_a_deeper_hierarchy_are_refused() -> None:
    files = dmphn_files() | {"encoder_lv4.pkl": {}}
    with pytest.raises(InputError, match=r"beside the files of 3 levels lies encoder_lv4\.pkl"):
        DMPHN(levels=3, stacks=1).parts(files)


@pytest.fixture(scope="module")
def real(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published weights, converted."""
    folder = tmp_path_factory.mktemp("dmphn")
    checkpoints = test_data / "dmphn" / "checkpoints"
    converted("source=dmphn", f"path='{checkpoints}'", folder=folder)
    return folder / "converted.safetensors"


def test_the_published_files_are_known_and_carry_no_licence(real: Path, test_data: Path) -> None:
    method = load(real)
    assert method.origin["published"] == "DMPHN_1_2_4"
    assert method.origin["licence"] == "none stated"
    assert not method.origin["fresh"]
    assert method.origin["files"]["encoder_lv1.pkl"].startswith("64b21c627f67382b")
    theirs = read_torch(test_data / "dmphn" / "checkpoints" / "encoder_lv1.pkl")
    state = method.state_dict()
    assert state["hierarchies.stacks.0.levels.0.encoder.0.bias"].equal(theirs["layer1.bias"])


def test_published_weights_on_a_made_picture(real: Path) -> None:
    with torch.no_grad():
        answer = load(real).double()(formula_picture(128, 160))
    samples = [0.78800181, 0.91478141, 0.48847255, 0.86021309]
    assert summary(answer) == pytest.approx([0.50568095, 0.26398572, *samples], abs=1e-7)


@pytest.mark.slow
def test_published_weights_draw_the_published_picture(real: Path, test_data: Path) -> None:
    """The authors' file was written by truncation, not by rounding."""
    folder = test_data / "dmphn"
    blurred = torch.from_numpy(read_image(folder / "sample" / "000008.png")).movedim(-1, 0)
    expected = torch.from_numpy(read_image(folder / "result" / "000008.png")).movedim(-1, 0)
    restored = load(real).restore(blurred[None] / 255)[0]
    pixels = (255 * restored).to(torch.uint8)
    difference = (pixels.int() - expected.int()).abs()
    assert difference.max() <= 1
    assert difference.float().mean() < 1e-4  # 0.003 % of the values
