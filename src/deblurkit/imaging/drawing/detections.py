"""Objects in pictures: what a detector finds, and pictures with boxes drawn on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from deblurkit.contracts import Image
from deblurkit.errors import InputError
from deblurkit.imaging.colour import REC601
from deblurkit.imaging.formats.files import as_pixels

Boxes = Float[Tensor, "objects 4"]  # left, top, right, bottom in pixels, from the upper left

Area = tuple[int, int, int, int]  # left, top, right, bottom of a drawing, pixels

SHORT_SIDE = 640  # pixels that the short side of a drawing has at least, or text covers it
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Detections:
    """Objects of one picture.

    >>> len(Detections(torch.tensor([[0.0, 0.0, 4.0, 4.0]]), torch.tensor([0.9]), ("dog",)))
    1

    Args:
        boxes: Left, top, right and bottom of each, in pixels.
        scores: Confidence in each, in [0, 1]; 1 for what people annotated.
        labels: Name of each object's class.

    Raises:
        InputError: If they are not equally many, or a box ends before it begins.
    """

    boxes: Boxes
    scores: Float[Tensor, " objects"]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.boxes) == len(self.scores) == len(self.labels):
            raise InputError(
                f"a detector must give every object a box, a score and a label, not "
                f"{len(self.boxes)}, {len(self.scores)} and {len(self.labels)} of them"
            )
        if not (self.boxes[:, :2] <= self.boxes[:, 2:]).all():  # catches NaN as well
            raise InputError("boxes are left, top, right, bottom, but one ends before it begins")

    def __len__(self) -> int:
        return len(self.labels)


Detector = Callable[[Image], Detections]  # of an RGB picture in [0, 1]


class Mark(NamedTuple):
    """A box as it is drawn.

    >>> Mark((8, 8, 24, 24), "dog 0.90", (30, 160, 60)).text
    'dog 0.90'
    """

    box: Sequence[float]  # left, top, right, bottom in pixels
    text: str
    colour: tuple[int, int, int]  # RGB, 0 to 255


def marked(picture: Image, marks: Sequence[Mark]) -> NDArray[np.uint8]:
    """Draw boxes and their texts; a small picture is enlarged by a whole number first.

    >>> marked(torch.rand(3, 64, 64), [Mark((8, 8, 24, 24), "dog", (30, 160, 60))]).shape
    (640, 640, 3)

    Returns:
        RGB, 8 bit, as many times larger as ``SHORT_SIDE`` asks for.
    """
    pixels = as_pixels(picture)
    factor = max(1, round(SHORT_SIDE / min(pixels.shape[:2])))
    drawing = np.ascontiguousarray(np.kron(pixels, np.ones((factor, factor, 1), np.uint8)))
    for mark in marks:  # all outlines first, so that none crosses a text
        left, top, right, bottom = (round(factor * side) for side in mark.box)
        for colour, thickness in (((0, 0, 0), 4), (mark.colour, 2)):
            cv2.rectangle(drawing, (left, top), (right - 1, bottom - 1), colour, thickness)
    taken: list[Area] = []
    for mark in marks:
        left, top, _, bottom = (round(factor * side) for side in mark.box)
        taken.append(label(drawing, mark, (left, top, bottom), taken))
    return drawing


def label(
    drawing: NDArray[np.uint8],
    mark: Mark,
    box: tuple[int, int, int],
    taken: Sequence[Area],
) -> Area:
    """Write a mark's text on its colour, where no other text is and close to its box.

    Args:
        drawing: What is written on.
        mark: What is written.
        box: Left, top and bottom of its box in the drawing.
        taken: Left, top, right, bottom of the texts that are there already.

    Returns:
        Left, top, right, bottom of the text.
    """
    size = 0.55 * max(1.0, min(drawing.shape[:2]) / SHORT_SIDE)
    (width, height), below = cv2.getTextSize(mark.text, FONT, size, 1)
    wide, tall = width + 6, height + below + 4
    left = min(max(box[0] - 1, 0), max(drawing.shape[1] - wide, 0))
    last = max(drawing.shape[0] - tall, 0)
    upward = [box[1] - step * tall for step in (1, 2, 3)]
    downward = [box[1], *(box[2] + step * tall for step in (0, 1, 2))]
    tops = [min(max(top, 0), last) for top in (*upward, *downward)]
    areas = [(left, top, left + wide, top + tall) for top in tops]
    free = (area for area in areas if not any(cross(area, other) for other in taken))
    area = next(free, areas[0])
    cv2.rectangle(drawing, area[:2], (area[2] - 1, area[3] - 1), mark.colour, cv2.FILLED)
    bright = np.dot(mark.colour, REC601) > 140
    ink = (0, 0, 0) if bright else (255, 255, 255)
    start = (left + 3, area[1] + height + 2)
    cv2.putText(drawing, mark.text, start, FONT, size, ink, 1, cv2.LINE_AA)
    return area


def cross(area: Area, other: Area) -> bool:
    """Whether two areas share a pixel."""
    return all(max(area[i], other[i]) < min(area[i + 2], other[i + 2]) for i in (0, 1))
