"""What a detector finds in blurred, restored and sharp pictures."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torch import Tensor

from deblurkit.contracts import Image, Images
from deblurkit.errors import InputError
from deblurkit.imaging.drawing.detections import Detections, Detector, Mark, marked
from deblurkit.imaging.drawing.grid import named_row
from deblurkit.imaging.formats.files import write_image
from deblurkit.metrics.annotations import Truth
from deblurkit.metrics.parts.matching import partners
from deblurkit.metrics.parts.pooled import PooledProtocol
from deblurkit.metrics.parts.protocol import rounded

RIGHT, WRONG, MISSED = (30, 160, 60), (215, 40, 60), (255, 205, 0)  # colours, RGB


class Detection(PooledProtocol):
    """Precision, recall and F1 of the objects found in each version of a picture.

    Precision is the share of the found objects that are true, recall the share of the true ones
    that are found, F1 their harmonic mean; all three over all objects of all pictures, and NaN
    where there is nothing to divide by.

    >>> from deblurkit.metrics.annotations import SharpDetections
    >>> dog = Detections(torch.tensor([[0.0, 0.0, 4.0, 4.0]]), torch.tensor([0.9]), ("dog",))
    >>> protocol = Detection(lambda picture: dog, SharpDetections(), overlap=0.5)
    >>> versions = {"restored": torch.rand(1, 3, 8, 8), "sharp": torch.rand(1, 3, 8, 8)}
    >>> protocol.add(versions, "crop")["restored/right"], protocol.compute()["restored/f1"].item()
    (1, 1.0)

    Args:
        detector: Anything that answers ``Detections`` to an RGB picture (3, H, W) in [0, 1].
        truth: Where the true objects are known from.
        overlap: Least overlap (IoU) of a found object with a true one of its class.
        folder: Where the boxes of each picture are drawn, nowhere if not given: green what is
            right, red what is wrong, yellow what was missed.

    Source: Kupyn et al., "DeblurGAN", CVPR 2018, its benchmark by detection.
    """

    higher_is_better = True
    counted = ("right", "found", "truth")
    directions = MappingProxyType({"precision": "max", "recall": "max", "f1": "max"})

    def __init__(
        self,
        detector: Detector,
        truth: Truth,
        *,
        overlap: float,
        folder: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not 0 < overlap <= 1:
            raise InputError(f"overlap={overlap}: give a number above 0, at most 1")
        self.detector, self.truth, self.overlap = detector, truth, overlap
        self.folder = None if folder is None else Path(folder)

    def measure(self, pictures: Mapping[str, Images], name: str) -> dict[str, dict[str, int]]:
        """Count the objects of each version, as an 8-bit file would hold it."""
        # a broken method shows black, the others are still measured
        seen = {key: rounded(image.nan_to_num())[0].cpu() for key, image in pictures.items()}
        detections = {key: self.objects(picture) for key, picture in seen.items()}
        truth = self.truth.objects(name, seen["sharp"], detections["sharp"])
        matched = {
            key: partners(detected, truth, overlap=self.overlap).tolist()
            for key, detected in detections.items()
        }
        counts = {
            key: {
                "right": sum(partner >= 0 for partner in matched[key]),
                "found": len(detections[key]),
                "truth": len(truth),
            }
            for key in seen
        }
        if self.folder is not None:
            drawn = {
                title(key, counts[key]): marked(
                    seen[key], marks(detections[key], truth, matched[key])
                )
                for key in seen
            }
            write_image(self.folder / f"{name}.png", named_row(drawn))
        return counts

    def objects(self, picture: Image) -> Detections:
        """What the detector finds.

        Raises:
            InputError: If its answer is of another kind.
        """
        detections = self.detector(picture)
        if not isinstance(detections, Detections):
            raise InputError(
                "a detector answers deblurkit.imaging.drawing.detections.Detections, "
                f"not {type(detections).__name__}"
            )
        return Detections(detections.boxes.cpu(), detections.scores.cpu(), detections.labels)

    def figures(self, counts: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Ratios, and the numbers of objects behind them."""
        right, found, truth = (counts[name].double() for name in self.counted)
        ratios = {"precision": right / found, "recall": right / truth}
        return ratios | {"f1": 2 * right / (found + truth)} | dict(counts)


def title(version: str, counts: Mapping[str, int]) -> str:
    """What is written above a drawing."""
    right, found, truth = (counts[name] for name in Detection.counted)
    return f"{version}: {right} of {truth} found, {found - right} wrong"


def marks(detected: Detections, truth: Detections, matched: list[int]) -> list[Mark]:
    """Boxes to draw: the missed objects below the found ones."""
    missed = [number for number in range(len(truth)) if number not in matched]
    boxes = truth.boxes.tolist()
    drawn = [Mark(boxes[number], f"{truth.labels[number]} missed", MISSED) for number in missed]
    for box, score, label, partner in zip(
        detected.boxes.tolist(), detected.scores.tolist(), detected.labels, matched, strict=True
    ):
        drawn += [Mark(box, f"{label} {score:.2f}", RIGHT if partner >= 0 else WRONG)]
    return drawn
