"""A detector without weights, for pictures of coloured rectangles on black."""

import cv2
import numpy as np
import torch

from deblurkit.contracts import Image
from deblurkit.imaging.drawing.detections import Detections

CLASSES = ("red", "green", "blue")


class Rectangles:
    """Finds connected bright areas; the class is the colour, the score the mean brightness.

    Args:
        threshold: Intensity from which a pixel belongs to an area.
    """

    def __init__(self, *, threshold: float) -> None:
        self.threshold = threshold

    def __call__(self, picture: Image) -> Detections:
        boxes, scores, labels = [], [], []
        for channel, name in zip(picture.numpy(), CLASSES, strict=True):
            mask = (channel >= self.threshold).astype(np.uint8)
            number, areas, stats, _ = cv2.connectedComponentsWithStats(mask)
            for area in range(1, number):
                left, top, width, height, _ = stats[area].tolist()
                boxes.append([left, top, left + width, top + height])
                scores.append(float(channel[areas == area].mean()))
                labels.append(name)
        return Detections(
            boxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
            scores=torch.tensor(scores, dtype=torch.float32),
            labels=tuple(labels),
        )
