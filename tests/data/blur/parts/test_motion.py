"""Paths, displacements and moved pictures, against values worked out by hand."""

import math

import pytest
import torch

from deblurkit.data.blur.parts.motion import arms, bent_path, moved, relief, turned


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("poses", [3, 9, 15])
def test_a_path_has_its_length_and_rests_in_the_middle(poses: int) -> None:
    directions = set()
    for seed in range(8):
        positions, progress = bent_path(poses, length=12.0, generator=generator(seed))
        steps = (positions[1:] - positions[:-1]).norm(dim=-1)
        assert float(steps.sum()) == pytest.approx(12.0)
        assert positions[poses // 2].tolist() == [0, 0]
        assert progress[poses // 2] == 0
        assert float(progress[-1] - progress[0]) == pytest.approx(1.0)
        assert (steps > 0).all()  # nothing stands still or turns back
        directions.add(round(math.atan2(*(positions[-1] - positions[0]).tolist()), 3))
    assert len(directions) == 8


def test_a_quarter_turn_moves_the_corner_as_on_paper() -> None:
    across, down = arms(3, 3, pivot=torch.tensor([1.0, 1.0]))
    displacement = turned(across, down, angle=math.pi / 2, scale=1.0)
    assert displacement[1, 1].tolist() == [0, 0]
    # The arm (column, row) = (1, 0) becomes (0, 1): one column back, one row down.
    assert displacement[1, 2].tolist() == pytest.approx([-1, 1], abs=1e-6)
    zoomed = turned(across, down, angle=0.0, scale=1.5)
    assert zoomed[0, 2].tolist() == pytest.approx([0.5, -0.5])


def test_moved_pictures_show_what_lies_at_the_displacement() -> None:
    picture = torch.arange(20.0).reshape(1, 1, 4, 5)
    right = torch.zeros(4, 5, 2)
    right[..., 0] = 1
    shown = moved(picture, right)
    torch.testing.assert_close(shown[..., :4], picture[..., 1:])
    torch.testing.assert_close(shown[..., 4], picture[..., 4])  # of the border
    half = moved(picture, right / 2)
    torch.testing.assert_close(half[..., :4], picture[..., :4] + 0.5)
    torch.testing.assert_close(moved(picture, 0 * right), picture)


def test_a_relief_is_smooth_and_bounded() -> None:
    height_map = relief(40, 60, nodes=4, generator=generator())
    assert height_map.shape == (40, 60)
    assert height_map.abs().max() <= 1
    assert height_map.std() > 0.1
    assert (height_map[1:] - height_map[:-1]).abs().max() < 0.3
