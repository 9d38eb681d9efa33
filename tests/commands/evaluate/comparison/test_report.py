"""What is printed of a comparison and what is kept."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from deblurkit.callbacks.scores import Scores
from deblurkit.commands.evaluate.comparison.pairs import pairs
from deblurkit.commands.evaluate.comparison.report import (
    compared_scores,
    print_means,
    print_pairs,
    summary,
)
from deblurkit.commands.evaluate.comparison.statistics import Resampling

NOISE = np.random.default_rng(0).standard_normal(12)


def scores(folder: Path, shift: float) -> Scores:
    made = Scores({}, str(folder))
    made.rows = [
        {
            "name": f"{number:02d}",
            "rgb8/psnr": 30 + noise + shift,  # as the column that always stands here
            "rgb8/ssim": 0.8 + shift / 100,
            "ecc/unaligned": float(number == 3),
            "detection/restored/found": 3,
            "psnr_blurred": 28.0,
            "psnr_restored": 30 + noise + shift,
            "psnr_gain": 2 + noise + shift,
            "seconds": 0.1,
        }
        for number, noise in enumerate(NOISE)
    ]
    made.pooled = {"detection/restored/f1": math.nan, "detection/restored/found": 36}
    return made


@pytest.fixture
def both(tmp_path: Path) -> dict[str, Scores]:
    return {"runs/a": scores(tmp_path, 0.0), "b": scores(tmp_path, 0.5)}


def test_what_repeats_or_counts_is_not_compared(both: dict[str, Scores]) -> None:
    heads = compared_scores([row for one in both.values() for row in one.rows])
    assert heads == {"psnr_restored": "8-bit PSNR", "rgb8/ssim": "rgb8 SSIM"}


def test_tables(both: dict[str, Scores], capsys: pytest.CaptureFixture[str]) -> None:
    print_means(both)
    printed = capsys.readouterr().out
    lines = {
        line.split("│")[1].strip(): line.split("│")[2:]
        for line in printed.splitlines()
        if "│" in line
    }
    mean = 30 + NOISE.mean()
    assert lines["blurred"][0].strip() == "28.00"
    shown = [word.strip() for word in lines["b"][:2]]
    assert shown == [f"{mean + 0.5:.2f}", f"{mean - 27.5:+.2f}"]
    assert "runs/a: ecc: 1 unaligned, scored where they are: 03" in printed
    assert "runs/a: detection, all pictures together" in printed
    rows = {name: one.rows for name, one in both.items()}
    heads = {"psnr_restored": "PSNR", "rgb8/ssim": "SSIM"}
    found = pairs(rows, list(heads), resampling=Resampling(2000, 0.9, 0))
    print_pairs(found, heads)
    printed = capsys.readouterr().out
    assert "runs/a less b, mean over pictures" in printed
    assert "90 %: pictures" in printed
    assert "sequences" not in printed
    words = next(line.split() for line in printed.splitlines() if "PSNR" in line)
    assert words == ["PSNR", "-0.500", "-0.500", "to", "-0.500", words[5], "lower"]
    assert float(words[5]) < 0.01


def test_what_is_kept_is_all_that_is_printed(both: dict[str, Scores]) -> None:
    rows = {name: one.rows for name, one in both.items()}
    found = pairs(rows, ["rgb8/ssim"], resampling=Resampling(2000, 0.9, 0))
    kept = json.loads(json.dumps(summary(both, found)))
    assert kept["psnr_blurred"] == 28
    assert kept["methods"]["runs/a"]["exceptions"] == {"ecc/unaligned": ["03"]}
    assert kept["methods"]["b"]["mean"]["psnr_gain"] == pytest.approx(2.5 + NOISE.mean())
    assert kept["methods"]["b"]["pooled"]["detection/restored/found"] == 36
    assert "seconds" not in kept["methods"]["b"]["mean"]
    (pair,) = kept["pairs"]
    assert (pair["first"], pair["second"], pair["verdict"]) == ("runs/a", "b", "lower")
    assert pair["pictures"]["units"] == 12
    assert pair["pictures"]["low"] == pytest.approx(-0.005)
    assert pair["pictures"]["p"] < 0.01
    assert (pair["sequences"], pair["undefined"]) == (None, [])
