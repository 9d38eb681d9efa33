import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from deblurkit.config import compose, instantiate, plain
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.metrics.yolox import YOLOX, decoded, letterbox, strongest

REFERENCE = json.loads((Path(__file__).parents[1] / "parity" / "yolox.json").read_text())


def detector(file: Path, **changes: Any) -> YOLOX:
    """The detector of the config."""
    node = plain(compose("protocol=[detection]", config="eval").protocol.detection.detector)
    found = instantiate({**node, "file": str(file), **changes})
    assert isinstance(found, YOLOX)
    return found


@pytest.fixture(scope="module")
def nano(test_data: Path) -> Path:
    pytest.importorskip("onnxruntime", reason="install deblurkit[detect] to run this test")
    return test_data / "yolox_nano" / "yolox_nano.onnx"


@pytest.mark.parametrize("name", REFERENCE["pictures"])
def test_it_finds_what_the_authors_own_code_finds(name: str, nano: Path, test_data: Path) -> None:
    picture = as_tensor(read_image(test_data / name))
    found = detector(nano, confidence=REFERENCE["confidence"])(picture)
    expected = REFERENCE["pictures"][name]
    assert found.labels == tuple(one["label"] for one in expected)
    np.testing.assert_allclose(found.scores, [one["score"] for one in expected], atol=1e-4)
    height, width = picture.shape[-2:]
    boxes = np.array([one["box"] for one in expected]).reshape(-1, 4)  # theirs leave the picture
    boxes = boxes.clip(0, [width, height, width, height])
    np.testing.assert_allclose(found.boxes, boxes, atol=0.02)


def test_the_config_holds_the_authors_numbers() -> None:
    node = plain(compose("protocol=[detection]", config="eval").protocol.detection.detector)
    assert {key: node[key] for key in ("side", "overlap", "classes")} == {
        key: REFERENCE[key] for key in ("side", "overlap", "classes")
    }


def test_confidence_leaves_the_weaker_ones_out(nano: Path, test_data: Path) -> None:
    name = next(iter(REFERENCE["pictures"]))
    found = detector(nano)(as_tensor(read_image(test_data / name)))
    expected = [one for one in REFERENCE["pictures"][name] if one["score"] >= 0.5]
    assert len(found) == len(expected) == 11
    assert found.scores.min() >= 0.5


@pytest.mark.parametrize("shape", [(1, 700), (700, 1), (416, 416), (5, 5)])
def test_pictures_of_any_size_are_taken(shape: tuple[int, int], nano: Path) -> None:
    assert len(detector(nano)(torch.zeros(3, *shape))) == 0


def test_a_picture_lies_in_the_upper_left_of_a_grey_square_as_bgr() -> None:
    pixels = np.zeros((30, 60, 3), np.uint8)
    pixels[..., 0] = 200  # red
    square, scale = letterbox(pixels, side=32)
    assert (square.shape, scale) == ((3, 32, 32), 32 / 60)
    assert (square[2, :16], square[0, :16].max()) == (pytest.approx(200), 0)
    assert (square[:, 16:] == 114).all()


def test_cells_are_counted_row_by_row_level_by_level() -> None:
    """At side 64 there are 8 x 8 cells of 8 pixels, 4 x 4 of 16, 2 x 2 of 32."""
    raw = torch.zeros(64 + 16 + 4, 6)
    raw[:, 0], raw[:, 2], raw[:, 5] = 0.5, np.log(2), 0.25
    found = decoded(raw, side=64)
    assert found[0].tolist() == pytest.approx([4, 0, 16, 8, 0, 0.25])
    assert found[8 + 3, :2].tolist() == [3.5 * 8, 8]
    assert found[64 + 4 * 2 + 1].tolist() == pytest.approx([1.5 * 16, 2 * 16, 32, 16, 0, 0.25])
    assert found[-1].tolist() == pytest.approx([1.5 * 32, 32, 64, 32, 0, 0.25])


def test_of_boxes_that_overlap_the_strongest_of_each_class_stays() -> None:
    boxes = torch.tensor(
        [[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 9], [0, 0, 10, 4], [30, 0, 40, 10]]
    )
    scores = torch.tensor([0.6, 0.9, 0.7, 0.5, 0.95])
    classes = [0, 0, 1, 0, 0]
    assert strongest(boxes, scores, classes, overlap=0.45) == [4, 1, 2, 3]  # 4 / 9 of it: 0.44
    assert strongest(boxes, scores, classes, overlap=0.4) == [4, 1, 2]
    assert strongest(boxes[:0], scores[:0], [], overlap=0.4) == []


class Fixed:
    """A session that gives one raw output, whatever it is asked."""

    def __init__(self, raw: NDArray[np.float32]) -> None:
        self.raw = raw

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": "images"})]

    def run(self, names: None, inputs: dict[str, NDArray[np.float32]]) -> list[Any]:
        return [self.raw]


def test_other_classes_and_outputs_are_refused(nano: Path, monkeypatch: Any) -> None:
    with pytest.raises(InputError, match=r"gives \(1, 3549, 85\), but YOLOX with 2 classes gives"):
        detector(nano, classes=["cat", "dog"])
    with pytest.raises(InputError, match=r"does not take 3x640x640 pictures, give its own side"):
        detector(nano, side=640)
    boxes = Fixed(np.zeros((1, 100, 6), np.float32))  # decoded and suppressed already
    monkeypatch.setattr("deblurkit.metrics.yolox.opened", lambda file: boxes)
    with pytest.raises(InputError, match=r"\(1, 100, 6\), but .* or use another detector class"):
        detector(nano)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"side": 400}, "side=400: give a multiple of 32"),
        ({"confidence": 50.0}, "confidence=50.0: give a number from 0 to 1"),
        ({"overlap": -1.0}, "overlap=-1.0: give a number from 0 to 1"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        detector(Path("any.onnx"), **changes)


def test_a_missing_or_damaged_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="install deblurkit[detect] to run this test")
    with pytest.raises(InputError, match=r"there is no detector .*none\.onnx: put the file there"):
        detector(tmp_path / "none.onnx")
    for content in (b"", b"no network"):
        (tmp_path / "damaged.onnx").write_bytes(content)
        with pytest.raises(InputError, match=r"damaged\.onnx is not a network that") as caught:
            detector(tmp_path / "damaged.onnx")
        assert "\n" not in str(caught.value)


def test_without_onnxruntime_the_extra_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    with pytest.raises(InputError, match=r"needs onnxruntime: pip install 'deblurkit\[detect\]'"):
        detector(tmp_path / "none.onnx")
