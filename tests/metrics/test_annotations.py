import json
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_detectors import Rectangles

from deblurkit.errors import InputError
from deblurkit.imaging.drawing.detections import Detections
from deblurkit.metrics.annotations import Annotations, SharpDetections, Truth
from deblurkit.metrics.detection import Detection

CLASSES = ["red", "green", "blue"]
CONTENT: dict[str, Any] = {
    "images": [
        {"id": 7, "file_name": "street/a.b.png", "height": 48, "width": 64},
        {"id": 8, "file_name": "empty.jpg", "height": 48, "width": 64},
    ],
    "categories": [{"id": 3, "name": "green"}, {"id": 90, "name": "unicorn"}],
    "annotations": [
        {"image_id": 7, "category_id": 3, "bbox": [10, 5, 20, 10], "iscrowd": 0},
        {"image_id": 7, "category_id": 3, "bbox": [0, 0, 64, 48], "iscrowd": 1},
    ],
}
NONE = Detections(boxes=torch.zeros(0, 4), scores=torch.zeros(0), labels=())
SHARP = torch.zeros(3, 48, 64)


def annotations(folder: Path, **changes: Any) -> Annotations:
    file = folder / "annotations.json"
    file.write_text(json.dumps(CONTENT | changes))
    return Annotations(file=str(file), classes=CLASSES)


def test_boxes_come_from_the_file_by_name(tmp_path: Path) -> None:
    truth = annotations(tmp_path)
    assert isinstance(truth, Truth)
    objects = truth.objects("street/a.b", SHARP, NONE)
    assert objects.boxes.tolist() == [[10, 5, 30, 15]]  # no crowd
    assert (objects.labels, objects.scores.tolist()) == (("green",), [1])
    assert len(truth.objects("empty", SHARP, NONE)) == 0


def test_sharp_pictures_are_measured_too_and_may_be_wrong(tmp_path: Path) -> None:
    metric = Detection(Rectangles(threshold=0.5), annotations(tmp_path), overlap=0.5)
    sharp = torch.zeros(1, 3, 48, 64)
    sharp[0, 1, 5:15, 10:30] = 1
    restored = sharp.clone()
    sharp[0, 0, 30:40, 30:40] = 1  # red, in the sharp picture only
    counts = metric.add({"restored": restored, "sharp": sharp}, "street/a.b")
    assert (counts["restored/right"], counts["restored/found"], counts["restored/truth"]) == (
        1,
    ) * 3
    assert (counts["sharp/right"], counts["sharp/found"], counts["sharp/truth"]) == (1, 2, 1)


def test_what_the_detector_finds_in_the_sharp_picture_is_the_other_truth() -> None:
    assert isinstance(SharpDetections(), Truth)
    assert SharpDetections().objects("any", SHARP, NONE) is NONE


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"categories": [{"id": 3, "name": "mauve"}]}, r"does not know: mauve"),
        ({"categories": []}, r"not in COCO's layout .*KeyError: 3"),
        ({"images": None}, r"not in COCO's layout"),
        ({"images": []}, r"not in COCO's layout .*KeyError: 7"),
        ({"annotations": [{"image_id": 7, "category_id": 3, "bbox": [1, 2, 3]}]}, r"COCO's layout"),
    ],
)
def test_another_layout_is_refused(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        annotations(tmp_path, **changes)
    assert "\n" not in str(caught.value)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"^\S+missing\.json with annotations cannot be read: No such file"
    ):
        Annotations(file=str(tmp_path / "missing.json"), classes=CLASSES)
    (tmp_path / "no.json").write_text("{")
    with pytest.raises(InputError, match=r"^\S+no\.json with annotations is not JSON"):
        Annotations(file=str(tmp_path / "no.json"), classes=CLASSES)
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(InputError, match=r"not in COCO's layout"):
        Annotations(file=str(tmp_path / "list.json"), classes=CLASSES)
    truth = annotations(tmp_path)
    with pytest.raises(InputError, match=r"has no picture with file_name other\.\*"):
        truth.objects("other", SHARP, NONE)
    with pytest.raises(InputError, match=r"empty has 60x48 pixels, but 64x48 in"):
        truth.objects("empty", SHARP[..., :60], NONE)
