"""Pairs that are made ahead of a training: each by its number, stored in one file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deblurkit.data.blur.shapes import Defocus, Gaussian, Line
from deblurkit.data.blur.synthesis import BlurSynthesis
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.photos import Photos
from deblurkit.data.synthetic_pairs import SyntheticPairs, settings_of, stored
from deblurkit.errors import InputError

DISK = BlurSynthesis(family=Defocus(size=7, radius=(2.0, 3.0)), seed=0, block=4)


def pairs(count: int = 6, **changes: Any) -> SyntheticPairs:
    settings: dict[str, Any] = {"synthesis": DISK, "side": 24, "seed": 0, "tries": 1}
    return SyntheticPairs(source=Photos(["coffee", "rocket"]), count=count, **settings | changes)


def test_a_pair_is_a_crop_and_its_blur() -> None:
    source = pairs()
    assert isinstance(source, Source)
    assert len(source) == len(set(source.names)) == 6
    assert {*source.groups[:2]} == {*source.groups[2:4]} == {"coffee", "rocket"}
    photograph = Photos(["coffee"]).read(0)["sharp"]
    number = source.groups.index("coffee")
    pair = source.read(number)
    assert pair["sharp"].shape == pair["blurred"].shape == (24, 24, 3)
    assert source.size(number) == (24, 24)
    windows = np.lib.stride_tricks.sliding_window_view(photograph, (24, 24), axis=(0, 1))
    equal = (windows == pair["sharp"].transpose(2, 0, 1)).all(axis=(2, 3, 4))
    (row,), (column,) = equal.nonzero()
    around = photograph[row - 3 : row + 27, column - 3 : column + 27]
    sharp = torch.from_numpy(around.transpose(2, 0, 1) / np.float32(255))[None]
    blurred = DISK(sharp, [number]).blurred[0, :, 3:-3, 3:-3]  # by light from outside the crop
    expected = (255 * blurred).round().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(pair["blurred"], expected)


def test_a_pair_depends_on_seed_and_number_alone() -> None:
    first, again, longer, other = pairs(), pairs(), pairs(9), pairs(seed=1)
    np.testing.assert_array_equal(first.read(4)["blurred"], again.read(4)["blurred"])
    np.testing.assert_array_equal(first.read(4)["blurred"], longer.read(4)["blurred"])
    assert not np.array_equal(first.read(4)["sharp"], first.read(2)["sharp"])
    assert not np.array_equal(first.read(4)["sharp"], other.read(4)["sharp"])


def test_of_several_crops_the_one_with_most_detail_is_taken() -> None:
    def detail(tries: int) -> float:
        read = [pairs(12, tries=tries).read(index)["sharp"] for index in range(12)]
        return float(np.mean([np.abs(np.diff(p.astype(int), axis=0)).mean() for p in read]))

    assert detail(4) > 1.2 * detail(1)


def test_stamps_tell_what_decides_and_nothing_else() -> None:
    same = pairs().stamp(0)
    assert pairs(9).stamp(0) == same
    sharper = BlurSynthesis(family=Defocus(size=7, radius=(2.0, 2.5)), seed=0, block=4)
    changes = [{"seed": 1}, {"tries": 2}, {"side": 32}, {"synthesis": sharper}]
    stamps = {pairs(**change).stamp(0) for change in changes} | {same, pairs().stamp(1)}
    assert len(stamps) == 6
    DISK(torch.rand(1, 3, 24, 24), [99])  # what it remembers is no setting
    assert pairs().stamp(0) == same


def test_settings_are_plain_and_hold_every_number() -> None:
    lines = BlurSynthesis(
        family=Line(size=9, length=(2.0, 8.0)), seed=3, gamma=2.2, jpeg=(60.0, 90.0)
    )
    settings = settings_of(lines)
    assert json.loads(json.dumps(settings)) == settings
    assert settings["class"] == "BlurSynthesis"
    assert settings["bank"]["family"] == {
        "class": "Line",
        "size": 9,
        "length": [2.0, 8.0],
        "angle": [0.0, 180.0],
    }
    assert settings["intervals"] == {"jpeg": [60.0, 90.0]}


def test_a_pool_is_kept_and_says_what_it_is_made_of(tmp_path: Path) -> None:
    source = pairs()
    pool = stored(source, tmp_path)
    for index in range(len(source)):
        np.testing.assert_array_equal(pool.read(index)["blurred"], source.read(index)["blurred"])
    notes = json.loads((tmp_path / "pool.json").read_text())
    assert (notes["count"], notes["seed"], notes["side"]) == (6, 0, 24)
    assert set(notes["pictures"]) == {"coffee", "rocket"}
    assert all(len(digest) == 64 for digest in notes["pictures"].values())
    file = next(tmp_path.glob("*.pixels"))
    before = file.stat().st_mtime_ns
    stored(pairs(), tmp_path)
    assert next(tmp_path.glob("*.pixels")).stat().st_mtime_ns == before
    stored(pairs(seed=1), tmp_path)
    assert [other.name for other in tmp_path.glob("*.pixels")] != [file.name]


def test_threads_give_the_same_pairs(tmp_path: Path) -> None:
    """Blocks of four kernels, of which two are remembered, asked for by several threads."""
    many = pairs(
        48, synthesis=BlurSynthesis(family=Gaussian(size=7, sigma=(0, 1)), seed=1, block=4)
    )
    pool = stored(many, tmp_path)
    for index in (0, 5, 31, 32, 47):
        np.testing.assert_array_equal(pool.read(index)["blurred"], many.read(index)["blurred"])


@pytest.mark.parametrize("change", [{"side": 0}, {"tries": 0}, {"seed": -1}])
def test_what_makes_no_pairs_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must be positive"):
        pairs(**change)
