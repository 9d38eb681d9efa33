"""Tiles in rows and columns, and the colours of errors."""

import cv2
import numpy as np
import pytest

from deblurkit.imaging.drawing.grid import (
    BEST,
    FRAME,
    GAP,
    MARGIN,
    Panel,
    Row,
    enlarged,
    grid,
    heat,
    scale,
)


def tile(height: int, width: int, level: int, *, best: bool = False, caption: str = "") -> Panel:
    return Panel(np.full((height, width, 3), level, np.uint8), caption, best)


def test_tiles_stand_below_the_names_of_their_columns() -> None:
    rows = [
        Row("first", [tile(40, 50, 60), tile(40, 50, 90, best=True)]),
        Row("second", [tile(30, 20, 120), tile(30, 20, 150)]),
    ]
    drawn = grid(["one", "other"], rows)
    assert drawn.shape[1] == 2 * MARGIN + 2 * 50 + GAP
    corners = {}
    for level, size in ((60, (40, 50)), (90, (40, 50)), (120, (30, 20)), (150, (30, 20))):
        places = np.argwhere((drawn == level).all(axis=2))
        (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0)
        assert (bottom - top + 1, right - left + 1) == size  # whole, nothing written over it
        corners[level] = (top, left)
    assert corners[60][0] == corners[90][0] < corners[120][0] == corners[150][0]
    assert corners[60][1] == corners[120][1] == MARGIN
    assert corners[90][1] == corners[150][1] == MARGIN + 50 + GAP
    framed = np.argwhere((drawn == BEST).all(axis=2))
    assert framed.min(axis=0).tolist() == [corners[90][0] - FRAME, corners[90][1] - FRAME]


def test_titles_captions_and_names_are_written() -> None:
    blank = grid([""], [Row("", [tile(40, 50, 255)])])
    assert (blank < 200).sum() == 0
    for columns, title, caption in ((["m"], "", ""), ([""], "m", ""), ([""], "", "m")):
        drawn = grid(columns, [Row(title, [tile(40, 50, 255, caption=caption)])])
        assert drawn.shape == blank.shape
        assert (drawn < 200).any()


@pytest.mark.parametrize("width", [1, 8, 30])
def test_long_names_stay_in_their_column(width: int) -> None:
    columns = ["a very long name of a method", ""]
    drawn = grid(columns, [Row("", [tile(40, width, 255), tile(40, 60, 255)])])
    right = np.argwhere((drawn < 200).any(axis=2))[:, 1].max(initial=0)
    assert right <= MARGIN + max(width, 12)  # one letter at least


def test_a_footer_is_drawn_whole() -> None:
    footer = np.full((20, 300, 3), 77, np.uint8)
    drawn = grid(["a"], [Row("", [tile(10, 10, 200)])], footer=footer)
    assert (drawn == 77).all(axis=2).sum() == 20 * 300


def test_pixels_become_squares() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 3), dtype=np.uint8)
    assert np.array_equal(enlarged(pixels, 4)[::4, ::4], pixels)
    assert np.array_equal(enlarged(pixels, 4)[3::4, 3::4], pixels)


def test_colours_run_over_the_whole_scale_and_end_there() -> None:
    drawn = heat(np.array([[0.0, 10.0, 20.0, 40.0]]), top=20.0)
    levels = np.array([[0, 128, 255, 255]], np.uint8)
    expected = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1]
    assert np.array_equal(drawn, expected)
    assert drawn[0, 0].sum() < 20
    assert np.diff(drawn[0, :3].astype(int).sum(axis=1)).min() > 100  # brighter is worse


def test_the_scale_shows_every_colour() -> None:
    drawn = scale("errors", top=40.0)
    bar = heat(np.linspace(0, 40, 320)[None], top=40.0)
    assert any(np.array_equal(line[:320], bar[0]) for line in drawn)
