from collections import Counter

import numpy as np
import pytest
import torch
from data_modules import line_blur, module
from small_sources import Mapped, Numbered

from deblurkit.data.augment_batch import BatchAugmentation
from deblurkit.data.module import PictureDataModule
from deblurkit.data.sources.base import Pictures, Source
from deblurkit.data.sources.mixture import MixedSource, unmixed
from deblurkit.data.sources.subsets import Share
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur


class Textured(Numbered):
    """Sharp pictures with noise in blue; blur leaves the ramps of the others as they are."""

    def read(self, index: int) -> Pictures:
        pictures = super().read(index)
        noise = np.random.default_rng(index).integers(0, 256, (self.side, self.side))
        pictures["sharp"][..., 2] = noise
        return pictures


SHARES = {"synthetic": 2, "camera": 1}


def mixture(synthetic: int = 7, camera: int = 10) -> MixedSource:
    sources = {"synthetic": Textured(synthetic, "sharp", side=32), "camera": Numbered(camera)}
    return MixedSource(sources, SHARES)


def mixed_module(**given: object) -> PictureDataModule:
    return module({"paired": mixture()}, synthesis=line_blur(), **given)


def test_a_cycle_holds_the_shares_exactly_and_every_picture() -> None:
    mixed = mixture()
    assert isinstance(mixed, Source)
    assert len(mixed) == 30
    assert Counter(name.partition("/")[0] for name in mixed.names) == {
        "synthetic": 20,
        "camera": 10,
    }
    assert len(set(mixed.names)) == 7 + 10
    assert len(mixture(synthetic=50)) == 75  # the larger one for its share sets the length
    assert mixed.roles == {"sharp"}
    for index, name in enumerate(mixed.names):
        member, number = name.partition("/")[0], int(name.rpartition("/")[2])
        own = mixed.sources[member]
        assert mixed.size(index) == own.size(number)
        assert mixed.stamp(index) == own.stamp(number)
        crop = mixed.crop(index, top=2, left=3, side=4)
        assert crop.keys() == mixed.read(index).keys() == own.roles
        assert list(crop["sharp"][0, 0, :2]) == [number + 100, 2]
    assert unmixed(mixed) == list(mixed.sources.values())


def test_every_run_of_draws_has_both_in_their_shares() -> None:
    names = mixed_module(crop=8).pools_at(range(300))["paired"]["name"]
    parts = [name.partition("/")[0] for name in names]
    assert all(parts[30 * c : 30 * c + 30].count("camera") == 10 for c in range(10))
    assert len({tuple(parts[30 * c : 30 * c + 30]) for c in range(10)}) == 10  # in no fixed order


def test_only_what_comes_sharp_is_blurred_here() -> None:
    pairs = mixed_module(crop=16).pools_at(range(30))["paired"]
    assert set(pairs) == {"blurred", "sharp", "name"}
    assert pairs["blurred"].shape == pairs["sharp"].shape == (30, 3, 16, 16)
    for name, blurred, sharp in zip(pairs["name"], pairs["blurred"], pairs["sharp"], strict=True):
        if name.startswith("camera"):
            assert torch.allclose(sharp[0] - blurred[0], torch.tensor(100 / 255))
            assert torch.equal(sharp[1:], blurred[1:])  # rows and columns: the same place
        else:
            assert torch.allclose(sharp[0], blurred[0])  # red is constant: blur leaves it alone
            assert int(name.rpartition("/")[2]) + 100 == round(float(255 * sharp[0, 0, 0]))


def test_a_draw_does_not_depend_on_its_batch() -> None:
    data = mixed_module(crop=16)
    together = data.pools_at(range(12))["paired"]
    for draw in range(12):
        alone = data.pools_at([draw])["paired"]
        assert set(alone) == set(together)  # a kernel never comes, be it alone and made here
        assert torch.allclose(alone["blurred"][0], together["blurred"][draw], atol=1e-6)
        assert torch.equal(alone["sharp"][0], together["sharp"][draw])


def test_rows_that_come_blurred_leave_the_blur_of_the_others_alone() -> None:
    """Draw n of the synthetic part is blurred as draw n of a pool without a mixture is."""
    data = mixed_module(crop=16)
    draws = range(12)
    rows = data.pools_at(draws)["paired"]
    kernels = line_blur().bank.at(list(draws), torch.device("cpu")).kernels
    again = blur(rows["sharp"], kernels)
    inside = (..., slice(4, -4), slice(4, -4))
    made_here = [place for place, name in enumerate(rows["name"]) if name.startswith("synth")]
    assert 0 < len(made_here) < 12
    difference = (again[inside] - rows["blurred"][inside])[made_here]
    assert difference.abs().max() < 1e-4


def test_turns_of_the_whole_batch_come_last() -> None:
    data = mixed_module(crop=16, batch_augmentation=BatchAugmentation(turn=0.75))
    rows = data.pools_at(range(20))["paired"]
    camera = [place for place, name in enumerate(rows["name"]) if name.startswith("camera")]
    assert torch.equal(rows["blurred"][camera, 1:], rows["sharp"][camera, 1:])
    sharp = module({"sharp": mixture()}, batch_augmentation=BatchAugmentation(turn=0.75))
    assert sharp.pools_at(range(20))["sharp"]["sharp"].shape == (20, 3, 8, 8)


def test_class_maps_come_from_all_or_none() -> None:
    mixed = MixedSource({"a": Mapped(3, "sharp"), "b": Mapped(4)}, {"a": 1, "b": 1})
    data = module({"paired": mixed}, synthesis=line_blur())
    rows = data.pools_at(range(8))["paired"]
    assert rows["condition"].shape == (8, 5, 8, 8)
    green, maps = (255 * rows["sharp"][:, 1:]).round(), (255 * rows["condition"]).round()
    assert torch.equal(green, maps[:, :2])  # rows and columns, also where a margin was cut off
    with pytest.raises(InputError, match="only some sources of a mixture give condition"):
        MixedSource({"a": Mapped(3, "sharp"), "b": Numbered(4)}, {"a": 1, "b": 1})


@pytest.mark.parametrize("shares", [{"synthetic": 2}, {"synthetic": 2, "camera": 0}])
def test_shares_that_do_not_fit_are_refused(shares: dict[str, int]) -> None:
    sources = {"synthetic": Numbered(2, "sharp"), "camera": Numbered(2)}
    with pytest.raises(InputError, match=r"\['camera', 'synthetic'\] needs a share from 1 on"):
        MixedSource(sources, shares)


def test_a_mixture_needs_a_synthesis_only_for_what_is_sharp() -> None:
    with pytest.raises(InputError, match=r"the pool 'paired' needs"):
        module({"paired": mixture()})
    both = MixedSource({"a": Numbered(4), "b": Share(Numbered(8), 0, 0.5)}, {"a": 1, "b": 1})
    assert both.roles == {"blurred", "sharp"}
    assert module({"paired": both}).pools_at(range(4))["paired"]["blurred"].shape[0] == 4
