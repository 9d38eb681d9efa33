"""What the YOLOX authors' own code finds in real pictures, as numbers for tests/metrics/test_yolox.

    python tests/parity/reference_yolox.py <checkout of Megvii-BaseDetection/YOLOX> <test data>

writes yolox.json beside this file. Needs onnxruntime.
"""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import onnxruntime

PICTURES = (
    "gopro_official/GOPR0384_11_00-000001_sharp.png",
    "gopro_official/GOPR0384_11_00-000001_blur.png",
    "kodak/kodim04.png",
    "kodak/kodim05.png",
    "bsds500/val/101087.jpg",
    "bsds500/val/12084.jpg",
)
COMMIT = "6ddff4824372906469a7fae2dc3206c7aa4bbaee"
SIDE, CONFIDENCE, OVERLAP = 416, 0.3, 0.45


def module(checkout: Path, path: str) -> ModuleType:
    """A file of the checkout alone: the package around it wants to train."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, checkout / path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def main(checkout: Path, data: Path) -> None:
    """Run their preparation, decoding and suppression, and write what is left."""
    sys.modules["yolox"] = sys.modules["yolox.utils"] = SimpleNamespace(xyxy2cxcywh=None)  # type: ignore[assignment]
    prepare = module(checkout, "yolox/data/data_augment.py").preproc
    after = module(checkout, "yolox/utils/demo_utils.py")
    classes = module(checkout, "yolox/data/datasets/coco_classes.py").COCO_CLASSES
    session = onnxruntime.InferenceSession(
        str(data / "yolox_nano" / "yolox_nano.onnx"), providers=["CPUExecutionProvider"]
    )
    pictures: dict[str, list[Any]] = {}
    for name in PICTURES:
        square, scale = prepare(cv2.imread(str(data / name)), (SIDE, SIDE))
        raw = session.run(None, {session.get_inputs()[0].name: square[None]})[0]
        raw = after.demo_postprocess(raw, (SIDE, SIDE))[0]
        half = raw[:, 2:4] / 2
        boxes = np.concatenate([raw[:, :2] - half, raw[:, :2] + half], axis=1) / scale
        scores = raw[:, 4:5] * raw[:, 5:]
        found = after.multiclass_nms_class_aware(boxes, scores, OVERLAP, CONFIDENCE)
        rows = [] if found is None else found[found[:, 4].argsort()[::-1]].tolist()
        pictures[name] = [
            {"box": row[:4], "score": row[4], "label": classes[int(row[5])]} for row in rows
        ]
    content = {
        "repository": "github.com/Megvii-BaseDetection/YOLOX",
        "commit": COMMIT,
        "classes": list(classes),
        "side": SIDE,
        "confidence": CONFIDENCE,
        "overlap": OVERLAP,
        "pictures": pictures,
    }
    Path(__file__).with_name("yolox.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
