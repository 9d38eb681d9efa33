"""protocol=detection through deblurkit-eval: rows, sums, drawings, on one and two devices."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from running import command_line

from deblurkit.commands.evaluate.evaluate import evaluate, summary
from deblurkit.commands.shared.tables import headings, print_pooled
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.drawing.grid import BESIDE, NAME
from deblurkit.imaging.formats.files import read_image, write_image

DETECTOR = {"_target_": "toy_detectors.Rectangles", "threshold": 0.5}
COLOURS = np.eye(3, dtype=np.uint8) * 250
COUNTS = ("right", "found", "truth")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five scenes; picture n shows n rectangles, of which half are too dark in the blurred one."""
    root = tmp_path_factory.mktemp("pairs")
    for number in range(5):
        sharp = np.zeros((40, 120, 3), np.uint8)
        for place in range(number):
            sharp[10:30, 24 * place + 4 : 24 * place + 20] = COLOURS[place % 3]
        blurred = sharp.copy()
        blurred[:, : 24 * (number // 2)] //= 3
        for role, picture in (("blurred", blurred), ("sharp", sharp)):
            write_image(root / "test" / role / f"{number}.png", picture)
    return root


def scored(folder: Path, *overrides: str) -> dict[str, Any]:
    """Evaluate with the detector of the tests; the content of scores.json."""
    quiet = ("trainer.enable_progress_bar=false", f"paths.run={folder}", "trust=[toy_detectors]")
    cfg = compose(*quiet, *overrides, config="eval")
    OmegaConf.set_struct(cfg, False)
    cfg.protocol.detection.detector = DETECTOR
    evaluate(cfg)
    return json.loads((folder / "scores.json").read_text())


def of(root: Path) -> tuple[str, ...]:
    unchanged = ("model=unsharp", "model.amount=0.0")
    return (*unchanged, "data=folder_paired", f"data.root={root}", "data.workers=0")


def test_a_method_is_scored_by_what_is_found(pairs: Path, tmp_path: Path, capsys: Any) -> None:
    result = scored(tmp_path, *of(pairs), "protocol=[rgb8,detection]")
    found = result["pooled"]
    # of 0 + 1 + 2 + 3 + 4 objects 0 + 0 + 1 + 1 + 2 are lost
    for version, right in (("blurred", 6), ("restored", 6), ("sharp", 10)):
        figures = [found[f"detection/{version}/{name}"] for name in COUNTS]
        assert figures == [right, right, 10]
        assert found[f"detection/{version}/precision"] == 1
        assert found[f"detection/{version}/recall"] == right / 10
        assert found[f"detection/{version}/f1"] == pytest.approx(2 * right / (10 + right))
    assert {"rgb8/psnr", "psnr_blurred"} <= result["mean"].keys()
    assert not any("detection" in key for key in result["mean"])
    with (tmp_path / "test.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    counts = [[int(row[f"detection/blurred/{name}"]) for name in COUNTS] for row in rows]
    assert counts == [[0, 0, 0], [1, 1, 1], [1, 1, 2], [2, 2, 3], [2, 2, 4]]
    printed = capsys.readouterr().out
    assert "detection, all pictures together" in printed
    lines = [line for line in printed.splitlines() if line.startswith("│ restored")]
    assert " ".join(lines[0].replace("│", "").split()) == "restored 1.0000 0.6000 0.7500 6 6 10"
    drawings = sorted((tmp_path / "detections").iterdir())
    assert [file.name for file in drawings] == [f"{number}.png" for number in range(5)]
    assert read_image(drawings[0]).shape == (NAME + 16 * 40, 3 * 16 * 120 + 2 * BESIDE, 3)


def test_stored_pictures_are_scored_by_what_is_found(pairs: Path, tmp_path: Path) -> None:
    folders = [f"restored={pairs}/test/blurred", f"sharp={pairs}/test/sharp"]
    result = scored(tmp_path, *folders, "protocol=[detection]", "protocol.detection.folder=null")
    found = result["pooled"]
    assert [found[f"detection/restored/{name}"] for name in COUNTS] == [6, 6, 10]
    assert [found[f"detection/sharp/{name}"] for name in COUNTS] == [10, 10, 10]
    assert not any("blurred" in key for key in found)
    assert not list(tmp_path.rglob("*.png"))


def test_annotations_are_another_truth(pairs: Path, tmp_path: Path) -> None:
    """Only the first rectangle of picture 4 is annotated; it is lost in the blurred picture."""
    content = {
        "images": [
            {"id": n, "file_name": f"{n}.png", "height": 40, "width": 120} for n in range(5)
        ],
        "categories": [{"id": 1, "name": "red"}],
        "annotations": [{"image_id": 4, "category_id": 1, "bbox": [4, 10, 16, 20]}],
    }
    file = tmp_path / "annotations.json"
    file.write_text(json.dumps(content))
    truth = f"protocol.detection.truth.file={file}"
    overrides = ("protocol=[detection_annotations]", "protocol.detection.truth.classes=[red]")
    found = scored(tmp_path, *of(pairs), *overrides, truth)["pooled"]
    assert [found[f"detection/blurred/{name}"] for name in COUNTS] == [0, 6, 1]
    assert [found[f"detection/sharp/{name}"] for name in COUNTS] == [1, 10, 1]
    assert found["detection/sharp/precision"] == 0.1
    with pytest.raises(
        InputError, match=r"give the annotations: protocol\.detection\.truth\.file="
    ):
        scored(tmp_path, *of(pairs), *overrides)


def test_a_detector_that_is_not_there_ends_before_any_picture(pairs: Path, tmp_path: Path) -> None:
    cfg = compose(*of(pairs), "protocol=[detection]", f"paths.run={tmp_path}", config="eval")
    cfg.protocol.detection.detector.file = str(tmp_path / "none.onnx")
    with pytest.raises(InputError, match=r"there is no detector .*none\.onnx|needs onnxruntime"):
        evaluate(cfg)
    assert not list(tmp_path.rglob("*.csv"))


@pytest.mark.slow
def test_two_devices_give_what_one_gives(pairs: Path, tmp_path: Path) -> None:
    node = ",".join(f"{key}:{value}" for key, value in DETECTOR.items())
    common = (
        *of(pairs),
        "protocol=[rgb8,detection]",
        "~protocol.detection.detector",
        f"+protocol.detection.detector={{{node}}}",
        "trust=[toy_detectors]",
    )
    command_line("eval", *common, "hydra.run.dir=one", folder=tmp_path)
    two = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    two = (*two, "trainer.precision=32-true")
    command_line("eval", *common, *two, "hydra.run.dir=two", folder=tmp_path)
    one, other = (json.loads((tmp_path / n / "scores.json").read_text()) for n in ("one", "two"))
    assert one == other
    assert one["pooled"]["detection/restored/right"] == 6
    assert len(list((tmp_path / "two" / "detections").iterdir())) == 5


def test_a_ratio_of_nothing_is_null_and_a_dash(capsys: Any) -> None:
    figures = {"d/restored/precision": math.nan, "d/restored/f1": 0.5, "d/restored/found": 0}
    row = {"name": "a", "d/restored/found": 0}
    stored = json.loads(json.dumps(summary([row], figures)))
    assert stored["pooled"] == {**figures, "d/restored/precision": None}
    assert stored["mean"] == {}
    print_pooled(figures)
    words = capsys.readouterr().out.replace("│", "").replace("┃", "").split()
    assert words[words.index("restored") :][:4] == ["restored", "-", "0.5000", "0"]
    print_pooled({})
    assert capsys.readouterr().out == ""


def test_counts_have_no_column_in_the_table_of_means() -> None:
    row = {"name": "a", "rgb8/psnr": 30.0, "detection/sharp/found": 3, "psnr_restored": 30.0}
    assert list(headings([row]).values()) == ["restored"]
    assert headings([{"name": "a", "detection/sharp/found": 3}]) == {}
