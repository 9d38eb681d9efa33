"""A detector in an ONNX file: YOLOX, as its authors export it."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from deblurkit.contracts import Image
from deblurkit.errors import InputError, sentence
from deblurkit.imaging.drawing.detections import Detections
from deblurkit.imaging.formats.files import as_pixels, eight_bit

STRIDES = (8, 16, 32)  # pixels of the network's input per cell, level by level
GROUND = 114  # grey level around a picture that is not square


class YOLOX:
    """Finds objects of known classes; it runs on the CPU, the same on every machine.

    The picture is shrunk or enlarged to fit into a square, so of a large picture only its larger
    objects are found.

    >>> YOLOX(file="yolox.onnx", side=400, confidence=0.3, overlap=0.5, classes=["dog"])
    Traceback (most recent call last):
    deblurkit.errors.InputError: side=400: give a multiple of 32 pixels

    Args:
        file: The network, ONNX, exported without decoding of its output.
        side: Side of its input, in pixels.
        confidence: Objects with a lower score (objectness times class) are left out; in [0, 1].
        overlap: Of two boxes of one class that overlap by more (IoU), the weaker is left out.
        classes: Names of its classes, in its order.

    Raises:
        InputError: If onnxruntime or the file is missing, or the network takes or gives
            something else.

    Source: Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430, sec. 2; the
    authors' demo with ONNX Runtime.
    Differs from the authors' demo: boxes end at the picture's border, and one class does not
    suppress another, since a match asks for the class.
    """

    def __init__(
        self, *, file: str, side: int, confidence: float, overlap: float, classes: Sequence[str]
    ) -> None:
        if side < 1 or side % max(STRIDES):
            raise InputError(f"side={side}: give a multiple of {max(STRIDES)} pixels")
        for name, value in (("confidence", confidence), ("overlap", overlap)):
            if not 0 <= value <= 1:
                raise InputError(f"{name}={value}: give a number from 0 to 1")
        self.file, self.side, self.classes = file, side, tuple(classes)
        self.confidence, self.overlap = confidence, overlap
        self.session = opened(file)
        self.answer(np.zeros((3, side, side), np.float32))  # wrong files are refused at once

    def __call__(self, picture: Image) -> Detections:
        """Objects of an RGB picture in [0, 1], of any size, the most confident first."""
        square, scale = letterbox(eight_bit(as_pixels(picture)), side=self.side)
        raw = decoded(self.answer(square), side=self.side)
        scores, classes = (raw[:, 4:5] * raw[:, 5:]).max(dim=1)
        chosen = scores >= self.confidence
        boxes, scores, classes = corners(raw[chosen, :4]) / scale, scores[chosen], classes[chosen]
        kept = strongest(boxes, scores, classes.tolist(), overlap=self.overlap)
        height, width = picture.shape[-2:]
        border = torch.tensor([width, height, width, height])
        return Detections(
            boxes=boxes[kept].clamp(min=0).minimum(border),
            scores=scores[kept],
            labels=tuple(self.classes[number] for number in classes[kept].tolist()),
        )

    def answer(self, square: NDArray[np.float32]) -> Float[Tensor, "cells numbers"]:
        """The network's raw output for one square picture.

        Raises:
            InputError: If it takes another size or gives another number of cells or classes.
        """
        try:
            inputs = {self.session.get_inputs()[0].name: square[None]}
            raw = self.session.run(None, inputs)[0]
        except Exception as error:  # the runtime's own classes are not public
            raise InputError(
                f"{self.file} does not take 3x{self.side}x{self.side} pictures, give its own "
                f"side: {sentence(error)}"
            ) from error
        cells = sum((self.side // stride) ** 2 for stride in STRIDES)
        wanted = (1, cells, 5 + len(self.classes))
        if raw.shape != wanted:
            raise InputError(
                f"{self.file} gives {raw.shape}, but YOLOX with {len(self.classes)} classes gives "
                f"{wanted}: name the detector's own classes, or use another detector class"
            )
        return torch.from_numpy(raw[0])


def opened(file: str) -> Any:
    """A session that runs a network on the CPU.

    Raises:
        InputError: If onnxruntime is not installed, or this is no file that it can run.
    """
    try:
        runtime = import_module("onnxruntime")
    except ImportError as error:
        raise InputError(
            "a detector in an ONNX file needs onnxruntime: pip install 'deblurkit[detect]'"
        ) from error
    if not Path(file).is_file():
        raise InputError(
            f"there is no detector {file}: put the file there, e.g. yolox_nano.onnx of YOLOX's "
            "releases, or give its path as protocol.detection.detector.file="
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's own classes are not public
        reason = sentence(error)
        raise InputError(f"{file} is not a network that onnxruntime can run: {reason}") from error


def letterbox(pixels: NDArray[np.uint8], *, side: int) -> tuple[NDArray[np.float32], float]:
    """A picture in the upper left of a grey square, and its scale there.

    Returns:
        BGR, (3, side, side), 0 to 255, not normalised.
    """
    height, width, _ = pixels.shape
    scale = min(side / height, side / width)
    size = (max(int(width * scale), 1), max(int(height * scale), 1))
    square = np.full((side, side, 3), GROUND, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(square[..., ::-1].transpose(2, 0, 1), dtype=np.float32), scale


def decoded(raw: Float[Tensor, "cells numbers"], *, side: int) -> Float[Tensor, "cells numbers"]:
    """Output with centre, width and height in pixels of the square instead of cells."""
    centres, strides = [], []
    for stride in STRIDES:
        steps = torch.arange(side // stride)
        centres += [torch.cartesian_prod(steps, steps).flip(1)]  # column, row; row by row
        strides += [torch.full((len(centres[-1]), 1), stride)]
    cells, pixels = torch.cat(centres), torch.cat(strides)
    centre = (raw[:, :2] + cells) * pixels
    return torch.cat([centre, raw[:, 2:4].exp() * pixels, raw[:, 4:]], dim=1)


def corners(boxes: Float[Tensor, "objects 4"]) -> Float[Tensor, "objects 4"]:
    """Left, top, right, bottom of centre, width, height."""
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    return torch.cat([centre - half, centre + half], dim=1)


def strongest(
    boxes: Float[Tensor, "objects 4"],
    scores: Float[Tensor, " objects"],
    classes: Sequence[int],
    *,
    overlap: float,
) -> list[int]:
    """Numbers of the boxes that no stronger one of their class covers, strongest first."""
    if not len(boxes):
        return []
    sized = torch.cat([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], dim=1).tolist()
    kept = cv2.dnn.NMSBoxesBatched(sized, scores.tolist(), classes, 0.0, overlap)
    return sorted(map(int, kept), key=lambda number: -float(scores[number]))
