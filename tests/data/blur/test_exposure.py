"""Exposures added up pose by pose."""

from typing import Any

import pytest
import torch

from deblurkit.data.blur.exposure import SimulatedExposure
from deblurkit.data.blur.synthesis import BlurSynthesis
from deblurkit.errors import InputError

STILL = {
    "size": 31,
    "poses": [9, 15],
    "shift": [0.0, 0.0],
    "roll": [0.0, 0.0],
    "zoom": [0.0, 0.0],
    "parallax": [0.0, 0.0],
    "objects": [0, 0],
    "motion": [0.0, 0.0],
    "extent": [0.2, 0.4],
    "softness": 0.1,
}


def exposure(**changes: Any) -> SimulatedExposure:
    return SimulatedExposure(**STILL | changes)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand(1, 3, 64, 80, generator=generator())


def test_without_motion_the_picture_is_as_it_was(picture: torch.Tensor) -> None:
    exposed, parameters = exposure(objects=[2, 2]).expose(picture, generator())
    torch.testing.assert_close(exposed, picture, atol=1e-4, rtol=0)
    assert parameters["shrink"] == 1
    assert parameters["objects"] == 2
    assert parameters["poses"] in {9, 11, 13, 15}


def test_a_point_is_spread_along_the_whole_path() -> None:
    """Of a path of 12 pixels the views show a point at places whose mean distance is known."""
    point = torch.zeros(1, 1, 61, 61)
    point[..., 30, 30] = 1
    exposed, parameters = exposure(shift=[12.0, 12.0]).expose(point, generator(3))
    assert float(exposed.sum()) == pytest.approx(1, abs=1e-5)  # no light is lost
    assert float(exposed.max()) < 2.5 / parameters["poses"]
    rows, columns = (exposed[0, 0] > 1e-3).nonzero().unbind(-1)
    extent = ((rows.max() - rows.min()) ** 2 + (columns.max() - columns.min()) ** 2) ** 0.5
    assert 6 < float(extent) < 15  # bent paths are shorter from end to end
    assert exposed[0, 0, 29:32, 29:32].sum() > 0.5 / parameters["poses"]  # the middle view


def test_motion_is_shrunk_to_the_square(picture: torch.Tensor) -> None:
    """What lies farther away than half the square's side changes nothing."""
    wild = exposure(size=11, shift=[60.0, 60.0], roll=[20.0, 20.0], objects=[1, 1])
    other = picture.clone()
    other[..., :12] = 0
    first, parameters = wild.expose(picture, generator(1))
    second, _ = wild.expose(other, generator(1))
    assert parameters["shrink"] < 0.5
    torch.testing.assert_close(first[..., 12 + 6 :], second[..., 12 + 6 :])
    assert not first[..., :17].allclose(second[..., :17], atol=1e-3)


def test_objects_move_and_what_is_far_from_them_stays(picture: torch.Tensor) -> None:
    moving = exposure(objects=[1, 1], motion=[10.0, 10.0], extent=[0.15, 0.15])
    exposed, _ = moving.expose(picture, generator(2))
    changed = (exposed - picture).abs().amax(dim=(0, 1)) > 1e-3
    assert 0.02 < float(changed.float().mean()) < 0.6


def test_near_and_far_things_move_differently(picture: torch.Tensor) -> None:
    flat, deep = (
        exposure(shift=[8.0, 8.0], parallax=[share, share]).expose(picture, generator(5))[0]
        for share in (0.0, 0.9)
    )
    assert not flat.allclose(deep, atol=1e-2)


def test_the_generator_decides_everything(picture: torch.Tensor) -> None:
    numbers = {"shift": [0.0, 9.0], "roll": [0.0, 3.0], "zoom": [0.0, 0.1], "objects": [0, 2]}
    all_of_it = exposure(**numbers, motion=[0.0, 9.0], parallax=[0.0, 0.5])
    first, again, other = (all_of_it.expose(picture, generator(seed)) for seed in (1, 1, 2))
    assert first[0].equal(again[0])
    assert first[1] == again[1]
    assert not first[0].equal(other[0])


def test_a_synthesis_adds_the_views_as_light(picture: torch.Tensor) -> None:
    parts = {"exposure": exposure(shift=[9.0, 9.0]), "seed": 4}
    encoded = BlurSynthesis(**parts)
    assert encoded.margin == 15
    linear = BlurSynthesis(**parts, gamma=2.2)(picture, [7])
    light = encoded(picture**2.2, [7])
    assert linear.parameters == light.parameters
    torch.testing.assert_close(linear.blurred, light.blurred.clamp(min=0) ** (1 / 2.2))
    assert linear.kernel is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"poses": [8, 15]}, "poses must be odd"),
        ({"poses": [9, 14]}, "poses must be odd"),
        ({"poses": [1, 9]}, "poses must be two ordered numbers from 3 on"),
        ({"objects": [2, 1]}, "objects must be two ordered numbers from 0 on"),
        ({"softness": 0.0}, "softness must be positive"),
        ({"size": 30}, "odd and positive"),
        ({"shift": [3.0, 1.0]}, "shift must be two ordered numbers"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        exposure(**change)
