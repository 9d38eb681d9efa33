"""Where the objects of a picture are known from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from deblurkit.contracts import Image
from deblurkit.errors import InputError
from deblurkit.imaging.drawing.detections import Detections


@runtime_checkable
class Truth(Protocol):
    """Knows the objects of a picture."""

    def objects(self, name: str, sharp: Image, detected: Detections) -> Detections:
        """Objects of a picture, given its sharp version and what the detector found there."""
        ...


class SharpDetections:
    """What the detector finds in the sharp picture is true.

    Precision and recall of the sharp pictures themselves are then 1 and say nothing.

    >>> found = Detections(torch.tensor([[0.0, 0.0, 4.0, 4.0]]), torch.tensor([0.9]), ("dog",))
    >>> SharpDetections().objects("crop", torch.rand(3, 8, 8), found).labels
    ('dog',)

    Source: Kupyn et al., "DeblurGAN", CVPR 2018, its benchmark by detection;
    there people looked over them.
    """

    def objects(self, name: str, sharp: Image, detected: Detections) -> Detections:
        """What was found there."""
        return detected


class Annotations:
    """What people annotated, in COCO's layout.

    A picture is known by its ``file_name``, without suffix and relative to the same folder as the
    pictures that are scored.

    >>> pictures = [{"id": 1, "file_name": "crop.png", "height": 8, "width": 8}]
    >>> boxes = [{"image_id": 1, "category_id": 7, "bbox": [0, 0, 4, 2]}]
    >>> content = {"images": pictures, "annotations": boxes}
    >>> with open("coco.json", "w") as file:
    ...     json.dump(content | {"categories": [{"id": 7, "name": "dog"}]}, file)
    >>> found = Detections(torch.empty(0, 4), torch.empty(0), ())
    >>> annotations = Annotations(file="coco.json", classes=["cat", "dog"])
    >>> annotations.objects("crop", torch.rand(3, 8, 8), found).boxes
    tensor([[0., 0., 4., 2.]])

    Args:
        file: JSON with ``images``, ``categories`` and ``annotations``.
        classes: Names that the detector knows.

    Raises:
        InputError: If the file is not given, is missing or has another layout, or the detector
            does not know a category of it.

    Source: Lin et al., "Microsoft COCO", ECCV 2014.
    Differs from its evaluation: crowds (``iscrowd``) are left out, so what is found inside one is
    wrong, not ignored.
    """

    def __init__(self, *, file: str | None, classes: Sequence[str]) -> None:
        if file is None:
            raise InputError("give the annotations: protocol.detection.truth.file=<COCO's JSON>")
        self.file = file
        content = read_json(file)
        try:
            names = {category["id"]: str(category["name"]) for category in content["categories"]}
            self.sizes = {
                stem(image["file_name"]): (int(image["height"]), int(image["width"]))
                for image in content["images"]
            }
            picture = {image["id"]: stem(image["file_name"]) for image in content["images"]}
            self.annotated: dict[str, list[tuple[list[float], str]]] = {n: [] for n in self.sizes}
            for annotation in content["annotations"]:
                if not annotation.get("iscrowd"):
                    entry = (corners(annotation["bbox"]), names[annotation["category_id"]])
                    self.annotated[picture[annotation["image_id"]]].append(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{file} is not in COCO's layout (images, categories, annotations): "
                f"{type(error).__name__}: {error}"
            ) from error
        used = {label for entries in self.annotated.values() for _, label in entries}
        if unknown := sorted(used - set(classes)):
            raise InputError(
                f"{file} has objects that the detector does not know: {', '.join(unknown)}; "
                "rename or remove these categories, or use a detector that knows them"
            )

    def objects(self, name: str, sharp: Image, detected: Detections) -> Detections:
        """What was annotated.

        Raises:
            InputError: If the picture is not in the file, or has another size there.
        """
        if name not in self.annotated:
            raise InputError(f"{self.file} has no picture with file_name {name}.*; add it")
        height, width = sharp.shape[-2:]
        if self.sizes[name] != (height, width):
            annotated = "{1}x{0}".format(*self.sizes[name])
            raise InputError(
                f"{name} has {width}x{height} pixels, but {annotated} in {self.file}: "
                "annotate the pictures that are scored"
            )
        entries = self.annotated[name]
        return Detections(
            boxes=torch.tensor([box for box, _ in entries]).reshape(-1, 4),
            scores=torch.ones(len(entries)),
            labels=tuple(label for _, label in entries),
        )


def read_json(file: str) -> Any:
    """The content of a JSON file.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file} with annotations cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{file} with annotations is not JSON: {error}") from error


def stem(file_name: str) -> str:
    """A picture's name: its path without suffix."""
    return Path(file_name).with_suffix("").as_posix()


def corners(box: Sequence[float]) -> list[float]:
    """Left, top, right, bottom of COCO's left, top, width, height."""
    left, top, width, height = box
    return [float(left), float(top), float(left + width), float(top + height)]
