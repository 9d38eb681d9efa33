from pathlib import Path

import numpy as np
import pytest
import torch

from deblurkit.data.sources.scenes import KnownBlur, Luminance, ScenePairs
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image

LEVIN = {"blurred": "im*_kernel*_img.png", "sharp": "im{0}.png", "kernels": "kernel{1}.png"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for scene in (1, 2):
        write_image(tmp_path / f"im{scene}.png", np.full((6, 7, 3), (10 * scene, 0, 0), np.uint8))
        for kernel in (1, 2):
            picture = np.full((6, 7, 3), 10 * scene + kernel, np.uint8)
            write_image(tmp_path / f"im{scene}_kernel{kernel}_img.png", picture)
    for kernel, side in ((1, 3), (2, 5)):
        weights = np.zeros((side, side), np.uint8)
        weights[0, 0], weights[-1, -1] = 60, 180
        write_image(tmp_path / f"kernel{kernel}.png", weights)
    return tmp_path


def test_many_blurred_pictures_share_a_sharp_one(tree: Path) -> None:
    source = ScenePairs(tree, **LEVIN)
    assert source.names == [f"im{s}_kernel{k}_img" for s in (1, 2) for k in (1, 2)]
    assert source.groups == ["im1", "im1", "im2", "im2"]
    pair = source.read(3)
    assert (pair["blurred"][0, 0, 0], pair["sharp"][0, 0, 0]) == (22, 20)


def test_kernels_are_turned_where_they_are_stored_so(tree: Path) -> None:
    source = ScenePairs(tree, **LEVIN, turned=["kernel1"])
    turned, stored = source.kernel(0), source.kernel(1)
    assert turned is not None
    assert stored is not None
    assert (turned.shape, stored.shape) == ((1, 3, 3), (1, 5, 5))
    assert (turned[0, 0, 0], turned[0, 2, 2]) == (0.75, 0.25)
    assert (stored[0, 0, 0], stored[0, 4, 4]) == (0.25, 0.75)
    assert ScenePairs(tree, blurred="im*_kernel*_img.png", sharp="im{0}.png").kernel(0) is None


def test_an_even_kernel_is_refused(tree: Path) -> None:
    write_image(tree / "kernel1.png", np.ones((4, 4), np.uint8))
    with pytest.raises(InputError, match=r"kernel1\.png is no kernel"):
        ScenePairs(tree, **LEVIN).kernel(0)


def test_missing_partners_and_places_are_named(tree: Path) -> None:
    with pytest.raises(InputError, match="more places than the pattern"):
        ScenePairs(tree, blurred="im*_kernel*_img.png", sharp="im{2}.png")
    (tree / "im2.png").unlink()
    with pytest.raises(InputError, match=r"im2_kernel1_img\.png needs .*im2\.png, which is miss"):
        ScenePairs(tree, **LEVIN)


def test_luminance_is_full_range_and_keeps_kernels(tree: Path) -> None:
    pairs = ScenePairs(tree, **LEVIN)
    source = Luminance(pairs)
    assert isinstance(source, KnownBlur)
    assert (source.read(2)["sharp"] == round(0.299 * 20)).all()
    np.testing.assert_array_equal(source.read(2)["blurred"], pairs.read(2)["blurred"])
    assert source.crop(2, top=4, left=5, side=4)["sharp"].shape == (2, 2, 3)
    one, other = source.kernel(1), pairs.kernel(1)
    assert one is not None
    assert other is not None
    assert torch.equal(one, other)
    assert source.stamp(0) != pairs.stamp(0)
