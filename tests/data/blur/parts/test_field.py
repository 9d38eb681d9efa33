import pytest
import torch
from skimage.data import stereo_motorcycle

from deblurkit.data.blur.depth import defocus_field, shake_field
from deblurkit.data.blur.moving import MovingObject
from deblurkit.data.blur.parts.field import (
    FieldFamily,
    blur_field,
    grid_windows,
    layer_windows,
    object_field,
)
from deblurkit.data.blur.roll import CameraRoll
from deblurkit.data.blur.shapes import Gaussian, Line, disks
from deblurkit.data.blur.trajectory import shake_draws, shake_paths
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur
from deblurkit.imaging.blur.kernels import centroid, check_kernels, normalized

DISPARITY = torch.linspace(2, 10, 40).expand(1, 1, 30, 40).clone()


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("size", [5, 11])
def test_equal_kernels_are_the_uniform_model(size: int) -> None:
    pictures, kernel = torch.rand(2, 3, 30, 40), normalized(torch.rand(2, 1, size, size))
    windows = grid_windows(30, 40, rows=3, columns=4).expand(2, -1, -1, -1)
    varied = blur_field(pictures, kernel.expand(-1, 12, -1, -1), windows)
    torch.testing.assert_close(varied, blur(pictures, kernel), atol=1e-6, rtol=0)


def test_windows_sum_to_one() -> None:
    levels = torch.linspace(3, 9, 5)[None]  # values beyond both ends occur
    for windows in (
        grid_windows(17, 23, rows=2, columns=5),
        layer_windows(DISPARITY, levels),
    ):
        assert windows.min() >= 0
        torch.testing.assert_close(windows.sum(dim=1), torch.ones_like(windows[:, 0]))


def test_a_level_holds_alone_where_it_is_met() -> None:
    windows = layer_windows(torch.full((1, 1, 2, 2), 5.0), torch.tensor([[1.0, 5.0, 9.0]]))
    assert windows[0, :, 0, 0].tolist() == [0, 1, 0]


def test_the_object_moves_and_the_rest_stands_still() -> None:
    pictures = torch.rand(1, 3, 20, 30)
    mask = torch.zeros(1, 1, 20, 30)
    mask[..., :15] = 1
    moving, still = disks(torch.tensor([3.0]), size=7), disks(torch.tensor([0.0]), size=7)
    blurred = blur_field(pictures, *object_field(mask, moving, still))
    torch.testing.assert_close(blurred[..., 15:], pictures[..., 15:])
    torch.testing.assert_close(blurred[..., :15], blur(pictures, moving)[..., :15])


def test_defocus_grows_with_the_distance_from_the_focus() -> None:
    field = defocus_field(DISPARITY, focus=6.0, strength=1.0, size=11, layers=5)
    peaks = field.kernels.amax(dim=(-1, -2))[0]
    assert peaks.argmax() == 2
    assert peaks[2] == pytest.approx(1)
    blurred = blur_field(torch.rand(1, 3, 30, 40), *field)
    assert blurred.shape == (1, 3, 30, 40)


def test_near_things_shake_more() -> None:
    draws = shake_draws(torch.full((1,), 0.005), 300, generator())
    field = shake_field(DISPARITY, shake_paths(draws, length=30.0), size=15, layers=4)
    spread = (field.kernels[0] > 0).sum(dim=(-1, -2)).tolist()
    assert spread == sorted(spread)
    assert spread[0] < spread[-1]
    check_kernels(field.kernels[0][:, None])


def test_depth_maps_with_holes_are_refused() -> None:
    holes = DISPARITY.clone()
    holes[..., 3, 3] = torch.inf
    with pytest.raises(InputError, match="finite"):
        defocus_field(holes, focus=6.0, strength=1.0, size=11)


def test_a_roll_leaves_the_pivot_sharp_and_bends_around_it() -> None:
    roll = CameraRoll(size=21, degrees=(20.0, 20.0), pivot=(0.5, 0.5), nodes=3)
    field, parameters = roll.draw(41, 41, generator())
    assert parameters["roll"] == pytest.approx(20)
    check_kernels(field.kernels[0][:, None])
    assert centroid(field.kernels[0][:, None]).abs().max() < 1e-4
    assert field.kernels[0, 4].max() > 0.9  # the pivot, in the middle of nine
    above, beside = field.kernels[0, 1], field.kernels[0, 3]
    assert above.sum(dim=0).gt(0).sum() > 2 * above.sum(dim=1).gt(0).sum()  # wide, not high
    assert beside.sum(dim=1).gt(0).sum() > 2 * beside.sum(dim=0).gt(0).sum()


def test_a_roll_too_wide_for_its_kernels_is_made_smaller() -> None:
    _, parameters = CameraRoll(size=5, degrees=(90.0, 90.0)).draw(100, 100, generator())
    assert parameters["roll"] < 10


LINE = Line(size=9, length=(4.0, 8.0))


@pytest.mark.parametrize(
    "family",
    [
        CameraRoll(size=9, degrees=(1.0, 5.0)),
        MovingObject(family=LINE),
        MovingObject(family=LINE, background=Gaussian(size=13, sigma=(0.5, 2.0))),
    ],
)
def test_families_of_fields_repeat_themselves(family: FieldFamily) -> None:
    assert isinstance(family, FieldFamily)
    first, parameters = family.draw(24, 32, generator())
    again, same = family.draw(24, 32, generator())
    assert first.kernels.equal(again.kernels)
    assert first.windows.equal(again.windows)
    assert parameters == same
    blurred = blur_field(torch.full((1, 3, 24, 32), 0.3), *first)
    torch.testing.assert_close(blurred, torch.full_like(blurred, 0.3))


def test_parts_that_do_not_belong_together_are_refused() -> None:
    pictures, kernels = torch.rand(1, 3, 8, 8), disks(torch.ones(1), size=3)
    with pytest.raises(InputError, match="sum to 1"):
        blur_field(pictures, kernels, torch.full((1, 1, 8, 8), 0.5))


def test_a_measured_disparity_map_makes_a_field() -> None:
    measured = torch.from_numpy(stereo_motorcycle()[2])[None, None, ::4, ::4]
    disparity = measured.where(measured.isfinite(), measured[measured.isfinite()].min())
    focus = float(disparity.max())
    field = defocus_field(disparity, focus=focus, strength=0.1, size=15)
    blurred = blur_field(torch.rand(1, 3, *disparity.shape[-2:]), *field)
    near = disparity > 0.8 * focus
    far = disparity < 0.3 * focus
    roughness = blurred.diff(dim=-1).abs().mean(dim=1, keepdim=True)
    assert roughness[near[..., 1:]].mean() > 3 * roughness[far[..., 1:]].mean()
