"""deblurkit-convert as it is called, and what the other commands do with what it wrote."""

import json
from pathlib import Path

import numpy as np
import pytest
from author_layouts import authors_state
from converting import write
from running import command_line

from deblurkit.imaging.formats.files import read_image

SIZES = ("model.generator.channels=8", "model.critic.channels=8")


@pytest.mark.slow
def test_what_it_says_and_its_exit_codes(tmp_path: Path) -> None:
    write({"latest_net_G.pth": authors_state("deblurgan", "generator")}, tmp_path / "theirs")
    given = ("source=deblurgan", "path=theirs", "output=mine.safetensors", *SIZES)
    said = command_line("convert", *given, folder=tmp_path)
    assert said.splitlines()[0].endswith("started fresh with seed 0: critic")
    assert "mine.safetensors: weights of Kupyn et al." in said
    assert "licence as its source states it: BSD" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.safetensors", "theirs"]
    said = command_line("convert", *given, folder=tmp_path, code=2)
    assert (
        said
        == "deblurkit: mine.safetensors exists and is kept; remove it or give another output=\n"
    )
    said = command_line("convert", "source=dmpn", folder=tmp_path, code=2)
    assert "there is no source 'dmpn'; did you mean dmphn?" in said


@pytest.mark.slow
def test_published_weights_score_as_published(test_data: Path, tmp_path: Path) -> None:
    """Rounded as we do it 30.77 dB, truncated as the authors did it 30.75."""
    path = f"path='{test_data}/dmphn/checkpoints'"
    command_line("convert", "source=dmphn", path, "output=dmphn.safetensors", folder=tmp_path)
    weights = "weights=dmphn.safetensors"
    given = ("data=folder_paired", f"data.root='{test_data}/gopro_official'", "data.workers=0")
    given += ("data.test.blurred='*_blur.png'", "data.test.sharp='*_sharp.png'")
    run = ("protocol=[gopro,gopro_truncated]", "hydra.run.dir=eval", "save=saved")
    said = command_line("eval", weights, *given, *run, folder=tmp_path)
    assert "30.77" in said
    assert "30.75" in said
    mean = json.loads((tmp_path / "eval" / "scores.json").read_text())["mean"]
    assert mean["gopro/psnr"] == pytest.approx(30.7738, abs=2e-4)
    assert mean["gopro_truncated/psnr"] == pytest.approx(30.7462, abs=2e-4)
    picture = test_data / "gopro_official" / "GOPR0384_11_00-000001_blur.png"
    command_line("deblur", str(picture), weights, "output=deblurred", folder=tmp_path)
    (deblurred,) = (tmp_path / "deblurred").glob("*.png")
    (saved,) = (tmp_path / "saved" / "restored").rglob("*.png")
    assert np.array_equal(read_image(deblurred), read_image(saved))
    theirs = read_image(test_data / "dmphn" / "result" / "000001.png").astype(int)
    assert np.abs(read_image(deblurred) - theirs).max() <= 1  # rounded, not truncated
