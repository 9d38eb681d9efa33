import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_detectors import Rectangles

from deblurkit.contracts import Image, Images
from deblurkit.errors import InputError
from deblurkit.imaging.drawing.grid import BESIDE, NAME
from deblurkit.imaging.formats.files import read_image
from deblurkit.metrics.annotations import SharpDetections
from deblurkit.metrics.detection import Detection
from deblurkit.metrics.parts.pooled import PooledProtocol, measured, pooled
from deblurkit.metrics.rgb8 import RGB8

Box = tuple[int, int, int, int, int]  # channel, left, top, right, bottom


def scene(*boxes: Box) -> Images:
    picture = torch.zeros(1, 3, 48, 64)
    for channel, left, top, right, bottom in boxes:
        picture[0, channel, top:bottom, left:right] = 0.9
    return picture


ONE: Box = (0, 4, 4, 14, 14)
TWO: Box = (1, 30, 4, 40, 14)
THREE: Box = (2, 30, 30, 50, 40)
# Two pictures; by hand: blurred finds ONE of three and one that is not there, then nothing of one;
# restored finds ONE and TWO (8 of 10 rows of it: 0.8) of three, then the one, and one too many.
FIRST = {
    "blurred": scene(ONE, (0, 30, 4, 40, 14)),  # the place of TWO in another colour
    "restored": scene(ONE, (1, 30, 4, 40, 12)),
    "sharp": scene(ONE, TWO, THREE),
}
SECOND = {
    "blurred": scene(),
    "restored": scene(THREE, TWO),
    "sharp": scene(THREE),
}
COUNTS = {"blurred": (1, 2, 4), "restored": (3, 4, 4), "sharp": (4, 4, 4)}


def protocol(**options: Any) -> Detection:
    detector = Rectangles(threshold=0.5)
    return Detection(detector, SharpDetections(), **({"overlap": 0.5} | options))


def values(metric: Detection) -> dict[str, float]:
    return {name: value.item() for name, value in metric.compute().items()}


def test_counts_by_hand_are_pooled_and_ratios_taken_once() -> None:
    metric = protocol()
    first = metric.add(FIRST, "a")
    assert (first["blurred/right"], first["blurred/found"]) == (1, 2)
    metric.add(SECOND, "b")
    found = values(metric)
    for version, (right, number, truth) in COUNTS.items():
        assert found[f"{version}/right"] == right
        assert found[f"{version}/found"] == number
        assert found[f"{version}/truth"] == truth
        assert found[f"{version}/precision"] == right / number
        assert found[f"{version}/recall"] == right / truth
    assert found["blurred/f1"] == pytest.approx(2 * 0.5 * 0.25 / 0.75)
    # the mean over pictures of the restored ones' recall would be (2 / 3 + 1) / 2
    assert found["restored/recall"] == 0.75


def test_the_overlap_decides() -> None:
    metric = protocol(overlap=0.9)
    assert metric.add(FIRST, "a")["restored/right"] == 1  # 0.8 of TWO is no longer enough


def test_nothing_to_divide_by_is_no_number() -> None:
    metric = protocol()
    metric.add(dict.fromkeys(("restored", "sharp"), scene()), "a")
    found = values(metric)
    assert set(found) == {
        f"{version}/{name}"
        for version in ("restored", "sharp")
        for name in ("precision", "recall", "f1", "right", "found", "truth")
    }
    assert all(math.isnan(found[f"restored/{name}"]) for name in ("precision", "recall", "f1"))
    assert found["restored/found"] == 0


def test_two_devices_give_what_one_gives() -> None:
    """Their states are gathered by torchmetrics as after a real all_gather."""
    alone, other = protocol(), protocol()
    for number, picture in enumerate((FIRST, SECOND, FIRST)):
        alone.add(picture, str(number))
    other.add(SECOND, "1")
    shares = iter([other.sums, other.pictures])

    def gather(state: torch.Tensor, group: Any) -> list[torch.Tensor]:
        return [state, next(shares)]

    first = protocol(dist_sync_fn=gather, distributed_available_fn=lambda: True)
    first.add(FIRST, "0")
    first.add(FIRST, "2")
    assert values(first) == values(alone)
    assert first.sums.tolist() != alone.sums.tolist()  # its own share again


def test_reset_begins_anew() -> None:
    metric = protocol()
    metric.add(FIRST, "a")
    before = values(metric)
    metric.reset()
    metric.add(FIRST, "a")
    assert values(metric) == before


def test_pictures_are_measured_as_an_8_bit_file_holds_them() -> None:
    """0.4993 becomes 127 / 255 and 0.5015 becomes 128 / 255; what is not finite is black."""
    broken = FIRST["sharp"].clone()
    broken[0, 0, 4:14, 4:14] = 0.4993
    broken[0, 1, 4:14, 30:40] = 0.5015
    broken[0, 2] = math.nan
    counts = protocol().add({"restored": broken, "sharp": FIRST["sharp"]}, "a")
    assert (counts["restored/right"], counts["restored/found"]) == (1, 1)


def test_other_protocols_are_measured_in_the_same_way() -> None:
    rgb8, metric = RGB8(), protocol()
    assert set(measured(rgb8, SECOND, "b")) == {"psnr", "ssim"}
    assert measured(metric, SECOND, "b")["restored/found"] == 2
    assert isinstance(metric, PooledProtocol)
    figures = pooled({"rgb8": rgb8, "boxes": metric})
    assert figures["boxes/restored/precision"] == 0.5
    assert isinstance(figures["boxes/restored/found"], int)
    assert {key.split("/")[0] for key in figures} == {"boxes"}


def test_boxes_are_drawn_below_their_numbers(tmp_path: Path) -> None:
    protocol(folder=str(tmp_path)).add(FIRST, "folder/a")
    drawing = read_image(tmp_path / "folder" / "a.png")
    factor = round(640 / 48)
    assert drawing.shape == (NAME + 48 * factor, 3 * 64 * factor + 2 * BESIDE, 3)
    inside = drawing[NAME:]
    columns = [inside[:, side : side + 64 * factor] for side in (0, 64 * factor + 6)]
    colours = [{tuple(pixel) for pixel in one.reshape(-1, 3).tolist()} for one in columns]
    right, wrong, missed = (30, 160, 60), (215, 40, 60), (255, 205, 0)
    assert {right, wrong, missed} <= colours[0]
    assert {right, missed} <= colours[1]
    assert wrong not in colours[1]


def test_without_a_folder_nothing_is_drawn(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    protocol().add(FIRST, "a")
    assert not list(tmp_path.iterdir())


def a_pair(picture: Image) -> tuple[np.ndarray, float]:
    return np.zeros((0, 4)), 0.5


def test_what_cannot_be_measured_says_so() -> None:
    with pytest.raises(InputError, match=r"overlap=0: give a number above 0"):
        protocol(overlap=0)
    metric = Detection(a_pair, SharpDetections(), overlap=0.5)
    with pytest.raises(InputError, match=r"answers deblurkit.*detections.Detections, not tup"):
        metric.objects(scene()[0])
