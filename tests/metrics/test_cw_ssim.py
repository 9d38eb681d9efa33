"""Wavelet SSIM against the package that published tables used."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from parity.reference_cw_ssim import SIZES, formula_levels
from photographs import photograph, picture, protocol, spoiled

from deblurkit.metrics import cw_ssim

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "parity" / "cw_ssim.json").read_text()
)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("block", [1000, 2**15])
def test_formula_pictures_score_as_in_pyssim(
    name: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cw_ssim, "BLOCK", block)  # parts give the same as the whole
    one, other = (
        torch.from_numpy(formula_levels(*SIZES[name], phase=phase)).movedim(-1, 0)[None] / 255
        for phase in (0.4, 0)
    )
    taken = protocol("cw_ssim_pyssim")(one, other)["cw_ssim"].item()
    assert taken == pytest.approx(REFERENCE[name], abs=1e-9)


@pytest.mark.slow
def test_published_pictures_score_as_in_pyssim(test_data: Path) -> None:
    sharp = picture(test_data / "gopro_official" / "GOPR0384_11_00-000001_sharp.png")
    restored = picture(test_data / "dmphn" / "result" / "000001.png")
    taken = protocol("cw_ssim_pyssim")(restored, sharp)["cw_ssim"].item()
    assert taken == pytest.approx(REFERENCE["published"], abs=1e-9)


def test_equal_pictures_score_one_and_others_less() -> None:
    sharp = photograph()
    taken = protocol("cw_ssim_pyssim")
    assert taken(sharp, sharp)["cw_ssim"].item() == pytest.approx(1)
    assert taken(spoiled(sharp), sharp)["cw_ssim"].item() < 0.99
    black = torch.zeros_like(sharp)
    assert taken(black, black)["cw_ssim"].item() == pytest.approx(1)
