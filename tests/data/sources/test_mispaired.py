from pathlib import Path

import numpy as np
import pytest
from small_sources import Numbered

from deblurkit.data.checks import check_pairs
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.data.sources.mispaired import Mispaired
from deblurkit.errors import InputError


class TwoSizes(Numbered):
    """Pictures of which the last ones are smaller."""

    def __init__(self, count: int, small: int) -> None:
        super().__init__(count)
        self.small = small

    def size(self, index: int) -> tuple[int, int]:
        side = self.side if index < len(self) - self.small else 16
        return side, side

    def read(self, index: int) -> dict[str, np.ndarray]:
        height, width = self.size(index)
        return {role: p[:height, :width] for role, p in super().read(index).items()}


def partners(source: Source) -> list[int]:
    return [int(source.read(index)["sharp"][0, 0, 0]) - 100 for index in range(len(source))]


def test_every_sharp_picture_is_used_once_and_never_with_its_own() -> None:
    source = TwoSizes(30, small=2)
    wrong = Mispaired(source, 0)
    assert isinstance(wrong, Source)
    assert wrong.names == source.names
    assert sorted(partners(wrong)) == list(range(30))
    for index, partner in enumerate(partners(wrong)):
        pair = wrong.read(index)
        assert pair["blurred"][0, 0, 0] == index != partner
        assert pair["blurred"].shape == pair["sharp"].shape == (*source.size(index), 3)
        crop = wrong.crop(index, top=3, left=4, side=5)
        assert np.array_equal(crop["blurred"][0, 0], [index, 3, 4])
        assert np.array_equal(crop["sharp"][0, 0], [partner + 100, 3, 4])
    assert partners(Mispaired(source, 0)) == partners(wrong)
    assert partners(Mispaired(source, 1)) != partners(wrong)


def test_what_cannot_be_mispaired_is_refused() -> None:
    with pytest.raises(InputError, match=r"only pairs can be mispaired, .*\['sharp'\]"):
        Mispaired(Numbered(3, "sharp"), 0)
    with pytest.raises(InputError, match=r"group1/3 is the only picture of 16x16 pixels"):
        Mispaired(TwoSizes(4, small=1), 0)


def test_the_check_of_pairs_refuses_them(gopro_tree: Path) -> None:
    pairs = FolderPairs(gopro_tree, blurred="train/*/blur", sharp="train/*/sharp")
    check_pairs(pairs, strict=True)
    with pytest.raises(InputError, match="same scene"):
        check_pairs(Mispaired(pairs, 0), strict=True)
