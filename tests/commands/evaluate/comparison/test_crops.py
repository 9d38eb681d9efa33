"""Where methods disagree most, and the figures of it."""

import numpy as np
import torch

from deblurkit.commands.evaluate.comparison.crops import DisagreementCrop, DisagreementCrops
from deblurkit.commands.evaluate.comparison.figures import (
    crops_figure,
    errors_figure,
    squared_errors,
)

SHARP = torch.rand(3, 64, 80, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25


def shown(row: int, column: int, error: float) -> dict[str, torch.Tensor]:
    """One method is wrong in a square, by intensities; both are wrong by 0.1 everywhere else."""
    wrong = SHARP + 0.1
    other = wrong.clone()
    other[:, row : row + 16, column : column + 16] += error
    return {"blurred": SHARP - 0.1, "one": wrong, "other": other, "sharp": SHARP}


def test_the_crop_lies_where_one_is_wrong_and_the_other_is_not() -> None:
    places = DisagreementCrops(count=3, side=16)
    places.consider("a", shown(24, 40, 0.1))
    (place,) = places.kept
    assert (place.name, place.top, place.left) == ("a", 24, 40)
    # 0.2 ** 2 - 0.1 ** 2 of intensities, but pictures are compared with 8 bits
    assert place.disagreement == np.float64(place.disagreement)
    assert abs(place.disagreement / 255**2 - 0.03) < 1e-3
    assert set(place.crops) == {"blurred", "one", "other", "sharp"}
    assert all(crop.shape == (3, 16, 16) for crop in place.crops.values())
    assert all(crop.dtype == torch.uint8 for crop in place.crops.values())
    expected = (SHARP[:, 24:40, 40:56] * 255).round().byte()
    assert torch.equal(place.crops["sharp"], expected)


def test_the_worst_pictures_are_kept_each_once_and_in_order() -> None:
    places = DisagreementCrops(count=2, side=16)
    for name, error in (("a", 0.05), ("b", 0.2), ("c", 0.1), ("d", 0.0), ("e", 0.02)):
        places.consider(name, shown(8, 8, error))
    assert [place.name for place in places.kept] == ["b", "c"]
    assert places.kept[0].disagreement > places.kept[1].disagreement


def test_shares_of_devices_make_the_whole() -> None:
    whole, first, second = (DisagreementCrops(count=3, side=16) for _ in range(3))
    for number in range(6):
        picture = shown(8 * (number % 4), 16, 0.03 * (number % 5))
        whole.consider(str(number), picture)
        (first, second)[number % 2].consider(str(number), picture)
    first.add(second.kept)
    assert [place.described() for place in first.kept] == [
        place.described() for place in whole.kept
    ]


def test_where_all_agree_there_is_nothing_to_see() -> None:
    places = DisagreementCrops(count=3, side=16)
    places.consider("a", shown(0, 0, 0.0))
    assert places.kept == []


def test_small_and_broken_pictures_are_taken_as_they_are() -> None:
    places = DisagreementCrops(count=3, side=200)
    broken = shown(0, 0, 0.1)
    broken["other"][:, 5] = torch.nan
    places.consider("a", broken)
    (place,) = places.kept
    assert place.crops["other"].shape == (3, 64, 80)
    assert not place.crops["other"][:, 5].any()  # black


def two_places() -> list[DisagreementCrop]:
    places = DisagreementCrops(count=2, side=16)
    places.consider("a/1", shown(24, 40, 0.1))
    places.consider("b", shown(0, 0, 0.2))
    return places.kept


def test_figures_show_every_crop_enlarged() -> None:
    places = two_places()
    drawn = crops_figure(places, ["one", "other"])
    for place in places:
        for crop in place.crops.values():
            tile = np.kron(crop.permute(1, 2, 0).numpy(), np.ones((13, 13, 1), np.uint8))
            assert holds(drawn, tile)
    errors = errors_figure(places, ["one", "other"])
    assert errors.shape[1] < drawn.shape[1]  # no column for the sharp pictures


def holds(drawn: np.ndarray, tile: np.ndarray) -> bool:
    """Whether a tile stands somewhere, to the pixel."""
    height, width = tile.shape[:2]
    corners = np.argwhere((drawn == tile[0, 0]).all(axis=2))
    return any(
        np.array_equal(drawn[top : top + height, left : left + width], tile)
        for top, left in corners
    )


def test_errors_of_a_crop_by_hand() -> None:
    found = squared_errors(two_places()[1])
    assert found["sharp"] == 0
    assert abs(found["one"] - 25.5**2) < 15
    assert abs(found["other"] - 51.0**2) < 30
