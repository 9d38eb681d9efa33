import numpy as np
import pytest
from small_sources import Numbered

from deblurkit.data.sources.base import Source
from deblurkit.data.sources.subsets import EveryNthGroup, EveryNthPicture, Share
from deblurkit.errors import InputError


def test_every_second_group_divides_sequences_into_halves_without_a_common_one() -> None:
    whole = Numbered(23)  # groups of two: group0 ... group11, of which group10 sorts after group9
    halves = [EveryNthGroup(whole, 2, first) for first in (0, 1)]
    assert all(isinstance(half, Source) for half in halves)
    assert set(halves[0].groups) == {f"group{number}" for number in range(0, 12, 2)}
    assert set(halves[1].groups) == {f"group{number}" for number in range(1, 12, 2)}
    assert sorted(halves[0].names + halves[1].names) == sorted(whole.names)
    assert EveryNthGroup(whole, 1).names == whole.names


def test_every_nth_picture_keeps_the_order() -> None:
    chosen = EveryNthPicture(Numbered(23), 10, 1)
    assert chosen.names == ["group0/1", "group5/11", "group10/21"]
    for index, number in enumerate((1, 11, 21)):
        assert chosen.read(index)["blurred"][0, 0, 0] == number
        crop = chosen.crop(index, top=3, left=5, side=4)["sharp"]
        assert crop.shape == (4, 4, 3)
        assert np.array_equal(crop[0, 0], [number + 100, 3, 5])
        assert chosen.size(index) == (24, 24)
        assert chosen.stamp(index) == chosen.names[index]


def test_parts_nest() -> None:
    whole = Numbered(40)
    train, rest = Share(whole, 0, 0.9), Share(whole, 0.9, 1)
    halves = [EveryNthGroup(train, 2, first) for first in (0, 1)]
    groups = [set(part.groups) for part in (*halves, rest)]
    assert len(set.union(*groups)) == sum(map(len, groups)) == 20


def test_what_leaves_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"0 <= first < n, got first=2 and n=2"):
        EveryNthGroup(Numbered(4), 2, 2)
    with pytest.raises(InputError, match=r"0 <= first < n, got first=0 and n=0"):
        EveryNthPicture(Numbered(4), 0)
    with pytest.raises(InputError, match=r"nothing is left of 1 from position 1 on"):
        EveryNthGroup(Numbered(2), 2, 1)
