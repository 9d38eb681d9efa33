import numpy as np
import pytest
import torch

from deblurkit.errors import InputError
from deblurkit.imaging.drawing.detections import Detections, Mark, cross, label, marked

GREEN = (0, 200, 0)


def test_small_pictures_are_enlarged_by_a_whole_number_and_large_ones_are_not() -> None:
    picture = torch.rand(3, 200, 300)
    pixels = (picture * 255).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(marked(picture, []), pixels.repeat(3, 0).repeat(3, 1))
    assert marked(torch.rand(3, 700, 800), []).shape == (700, 800, 3)


def test_a_box_is_an_outline_with_its_text_above_it() -> None:
    drawing = marked(torch.zeros(3, 640, 640), [Mark((100, 200, 301, 402), "cat 0.91", GREEN)])
    green = (drawing == GREEN).all(axis=2)
    assert green[200, 110:290].all()
    assert green[210:390, 100].all()
    assert not green[205:395, 110:290].any()  # nothing inside
    assert not green[410:].any()
    assert not green[:, 310:].any()
    assert green[180:196, 100:160].mean() > 0.5  # the ground of the text
    assert not green[:170].any()


def test_texts_do_not_cover_each_other_and_stay_inside() -> None:
    drawing, taken = np.zeros((400, 400, 3), np.uint8), []
    for place in [(100, 200, 300)] * 6 + [(390, 0, 20), (0, 395, 400), (350, 2, 4)]:
        taken.append(label(drawing, Mark((0, 0, 1, 1), "person 0.50", GREEN), place, taken))
    for number, area in enumerate(taken):
        assert 0 <= area[0] < area[2] <= 400
        assert 0 <= area[1] < area[3] <= 400
        assert not any(cross(area, other) for other in taken[:number])


def test_areas_cross_where_they_share_a_pixel() -> None:
    assert cross((0, 0, 2, 2), (1, 1, 3, 3))
    assert not cross((0, 0, 2, 2), (2, 0, 4, 2))
    assert not cross((0, 0, 2, 2), (0, 2, 2, 4))


def test_detections_that_contradict_themselves_are_refused() -> None:
    box, score = torch.tensor([[0.0, 0, 5, 5]]), torch.ones(1)
    assert len(Detections(box, score, ("cat",))) == 1
    with pytest.raises(InputError, match="a box, a score and a label, not 1, 1 and 2"):
        Detections(box, score, ("cat", "dog"))
    for wrong in ([5.0, 5, 2, 9], [float("nan"), 0, 1, 1]):
        with pytest.raises(InputError, match="one ends before it begins"):
            Detections(torch.tensor([wrong]), score, ("cat",))
