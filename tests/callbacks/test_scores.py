"""Rows and means of scores, references beside the method, and how they are printed."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from lightning.pytorch import Trainer
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from deblurkit.callbacks.pictures import Pictures
from deblurkit.callbacks.reference import BestUnsharp, Reference, capped_psnr
from deblurkit.callbacks.scores import Scores
from deblurkit.commands.shared.tables import headings
from deblurkit.contracts import Images
from deblurkit.data.blur.shapes import Gaussian
from deblurkit.data.blur.synthesis import BlurSynthesis
from deblurkit.data.module import PictureDataModule
from deblurkit.data.sources.base import Pictures as SourcePictures
from deblurkit.data.sources.base import Source
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image
from deblurkit.methods.unsharp import UnsharpMask
from deblurkit.metrics.parts.protocol import Protocol, Score
from deblurkit.metrics.rgb8 import RGB8

NAMES = ["folder/cup", "table", "spoon"]


class Crops(Source):
    """Parts of a photograph, of different sizes, blurred ones being darker."""

    def __init__(self, *roles: str) -> None:
        self.names = self.groups = NAMES
        self.roles = frozenset(roles)
        coffee = skimage.data.coffee()
        self.sharp = [coffee[:96, :80], coffee[100:180, 200:300], coffee[200:300, 300:400]]

    def read(self, index: int) -> SourcePictures:
        sharp = np.ascontiguousarray(self.sharp[index])
        pictures = {"sharp": sharp, "blurred": (sharp * 0.9).astype(np.uint8)}
        if index == 2:
            pictures["blurred"] = sharp  # a picture that equals its truth
        return {role: pictures[role] for role in self.roles}

    def size(self, index: int) -> tuple[int, int]:
        height, width, _ = self.sharp[index].shape
        return height, width

    def stamp(self, index: int) -> str:
        return str(index)


class Red(Protocol):
    """PSNR of the red channel only, not rounded."""

    higher_is_better = True
    scores = ("psnr",)

    def measure(self, restored: Images, sharp: Images) -> Score:
        red = restored[:, :1].clamp(0, 1), sharp[:, :1]
        return {"psnr": peak_signal_noise_ratio(*red, data_range=1.0)}


def pairs(**changes: Any) -> PictureDataModule:
    given = Crops("blurred", "sharp")
    plain: dict[str, Any] = {"train": {"paired": given}, "val": None, "test": given, "crop": 48}
    plain |= {"batch_size": 2, "batches_per_epoch": 1, "workers": 0, "seed": 0, "check": "off"}
    return PictureDataModule(**(plain | changes))


def measured(
    scores: Scores, data: PictureDataModule, *others: Any, amount: float = 0.5
) -> dict[str, float]:
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        callbacks=[scores, *others],
        enable_progress_bar=False,
        enable_checkpointing=False,
    )
    trainer.test(UnsharpMask(amount=amount, sigma=1.5), data, verbose=False)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scores, dict[str, float]]:
    folder = tmp_path_factory.mktemp("scores")
    protocols = {"rgb8": RGB8(), "red": Red()}
    scores = Scores(protocols, str(folder))
    return scores, measured(scores, pairs())


def test_there_is_a_row_per_picture_sorted_by_name(
    scored: tuple[Scores, dict[str, float]],
) -> None:
    scores, _ = scored
    assert [row["name"] for row in scores.rows] == sorted(NAMES)
    with (scores.folder / "test.csv").open() as stream:
        stored = list(csv.DictReader(stream))
    assert [{key: str(value) for key, value in row.items()} for row in scores.rows] == stored


def test_kernels_are_compared_where_both_are_known(tmp_path: Path) -> None:
    sharp, kernel = torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 5, 5)
    kernel[:, :, 2, 1:4] = 1 / 3
    batch = {"blurred": sharp, "sharp": sharp, "name": ["a", "b"], "kernel": kernel}
    scores = Scores({"rgb8": RGB8()}, str(tmp_path))
    scores.measure(batch, {"restored": sharp, "kernel": kernel.roll(1, -2)})
    scores.measure(batch, {"restored": sharp, "kernel": kernel.transpose(-1, -2)})
    scores.measure(batch, {"restored": sharp})
    similar = [row.get("kernel_similarity") for row in scores.rows]
    assert similar[:4] == pytest.approx([1, 1, 1 / 3, 1 / 3])
    assert similar[4:] == [None, None]
    assert scores.rows[2]["kernel_mse"] == pytest.approx(4 / 9 / 25)


def test_scores_are_those_of_torchmetrics_on_8_bit_pictures(
    scored: tuple[Scores, dict[str, float]],
) -> None:
    rows = {row["name"]: row for row in scored[0].rows}
    source = Crops("blurred", "sharp")
    for index, name in enumerate(NAMES[:2]):
        unit = {
            role: torch.from_numpy(pixels.transpose(2, 0, 1))[None].float() / 255
            for role, pixels in source.read(index).items()
        }
        restored = UnsharpMask(amount=0.5, sigma=1.5).restore(unit["blurred"])
        restored = (restored * 255).round() / 255
        psnr = peak_signal_noise_ratio(restored, unit["sharp"], data_range=1.0)
        ssim = structural_similarity_index_measure(restored, unit["sharp"], data_range=1.0)
        before = peak_signal_noise_ratio(unit["blurred"], unit["sharp"], data_range=1.0)
        assert rows[name]["rgb8/psnr"] == pytest.approx(float(psnr), abs=1e-4)
        assert rows[name]["rgb8/ssim"] == pytest.approx(float(ssim), abs=1e-5)
        assert rows[name]["psnr_restored"] == rows[name]["rgb8/psnr"]
        assert rows[name]["psnr_blurred"] == pytest.approx(float(before), abs=1e-4)
        assert rows[name]["psnr_gain"] == pytest.approx(float(psnr - before), abs=2e-4)


def test_the_first_protocol_has_short_names_and_means_are_over_pictures(
    scored: tuple[Scores, dict[str, float]],
) -> None:
    scores, logged = scored
    columns = {"test/psnr": "rgb8/psnr", "test/ssim": "rgb8/ssim", "test/red/psnr": "red/psnr"}
    for name, column in columns.items():
        mean = np.mean([row[column] for row in scores.rows])
        assert logged[name] == pytest.approx(mean, rel=1e-5), name
    assert logged["test/red/psnr"] != pytest.approx(logged["test/psnr"], abs=0.01)


def test_a_picture_equal_to_its_truth_has_infinite_psnr_and_no_gain(tmp_path: Path) -> None:
    scores = Scores({"rgb8": RGB8()}, str(tmp_path))
    logged = measured(scores, pairs(), amount=0.0)
    row = next(row for row in scores.rows if row["name"] == NAMES[2])
    assert row["rgb8/psnr"] == row["psnr_blurred"] == float("inf")
    assert row["rgb8/ssim"] == pytest.approx(1.0)
    assert row["psnr_gain"] == 0.0
    assert logged["test/psnr_gain"] == 0.0


def test_the_number_of_infinite_scores_is_logged_beside_the_mean(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In a validation it is said as well: best.ckpt is chosen by such means."""
    scores = Scores({"rgb8": RGB8(), "red": Red()}, str(tmp_path))
    logged = measured(scores, pairs(), amount=0.0)
    finite = [row["rgb8/psnr"] for row in scores.rows if row["name"] != NAMES[2]]
    assert logged["test/psnr"] == pytest.approx(sum(finite) / 2)
    assert logged["test/psnr_infinite"] == logged["test/red/psnr_infinite"] == 1
    assert "test/ssim_infinite" not in logged
    assert "infinite" not in caplog.text
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        callbacks=[scores],
        enable_progress_bar=False,
        enable_checkpointing=False,
    )
    data = pairs(val=Crops("blurred", "sharp"))
    for _ in range(2):
        trainer.validate(UnsharpMask(amount=0.0, sigma=1.5), data, verbose=False)
    (said,) = (r.message for r in caplog.records if "infinite scores" in r.message)
    assert "val/psnr (1 inf), val/red/psnr (1 inf); what is chosen" in said


def test_directions_are_those_of_the_protocols(tmp_path: Path) -> None:
    class Distance(Red):
        """As a learned distance, which should fall."""

        higher_is_better = False
        scores = ("lpips",)

    protocols = {"distance": Distance(), "red": Red()}
    directions = Scores(protocols, str(tmp_path)).directions("val")
    assert directions == {
        "val/lpips": "min",
        "val/red/psnr": "max",
        "val/psnr_gain": "max",
        "val/kernel_similarity": "max",
        "val/kernel_mse": "min",
    }


def test_a_second_test_begins_anew(tmp_path: Path) -> None:
    scores = Scores({"rgb8": RGB8()}, str(tmp_path))
    first = measured(scores, pairs())
    assert measured(scores, pairs()) == first
    assert len(scores.rows) == len(NAMES)


def test_pictures_without_a_sharp_partner_have_no_row(tmp_path: Path) -> None:
    scores = Scores({"rgb8": RGB8()}, str(tmp_path))
    measured(scores, pairs(train={}, test=Crops("blurred")))
    assert scores.rows == []
    assert not (tmp_path / "test.csv").exists()


def blurred_by_a_gaussian() -> PictureDataModule:
    synthesis = BlurSynthesis(family=Gaussian(size=11, sigma=[1.5, 1.5]), seed=0)
    sharp = Crops("sharp")
    return pairs(
        train={"paired": sharp}, test=sharp, synthesis=synthesis, evaluation_synthesis=synthesis
    )


def test_the_best_unsharp_mask_is_chosen_on_training_draws_and_scored(tmp_path: Path) -> None:
    reference = BestUnsharp([0.0, 1.0, 9.0], [0.2, 1.5], draws=4)
    assert isinstance(reference, Reference)
    scores = Scores({"rgb8": RGB8()}, str(tmp_path), {"unsharp": reference})
    logged = measured(scores, blurred_by_a_gaussian(), amount=0.0)
    assert reference.method is not None
    assert (reference.method.amount, reference.method.sigma) == (1.0, 1.5)
    for row in scores.rows:
        assert row["psnr_unsharp"] > row["psnr_blurred"]
    mean = np.mean([row["psnr_unsharp"] for row in scores.rows])
    assert logged["test/psnr_unsharp"] == pytest.approx(mean, rel=1e-5)


def test_the_choice_is_the_maximum_over_all_candidates() -> None:
    batch = blurred_by_a_gaussian().pools_at(range(6))["paired"]
    amounts, sigmas = [0.0, 0.5, 1.0, 2.0], [1.0, 2.0]
    choice = BestUnsharp(amounts, sigmas, draws=6).choice(batch)
    every = [
        capped_psnr(UnsharpMask(amount=a, sigma=s).restore(batch["blurred"]), batch["sharp"])
        for a in amounts
        for s in sigmas
    ]
    assert choice.psnr == pytest.approx(max(every), abs=1e-3)
    assert choice.psnr_blurred == pytest.approx(every[0], abs=1e-3)  # amount 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_around_a_test_changes_no_row(dtype: torch.dtype, tmp_path: Path) -> None:
    """Scores, the reference and its choice, and kernels, where a network answered in halves."""
    batch = dict(blurred_by_a_gaussian().pools_at(range(2))["paired"])
    kernel = torch.rand(2, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    batch["kernel"] = kernel / kernel.sum(dim=(2, 3), keepdim=True)
    outputs = {"restored": batch["sharp"].mul(0.98).to(dtype), "kernel": batch["kernel"].to(dtype)}
    rows, choices = [], []
    for mixed in (False, True):
        reference = BestUnsharp([0.0, 1.0, 9.0], [0.2, 1.5], draws=2)
        scores = Scores({"rgb8": RGB8()}, str(tmp_path), {"unsharp": reference})
        with torch.autocast("cpu", dtype, enabled=mixed):
            choices.append(reference.choice(batch))
            reference.method = UnsharpMask(amount=1.0, sigma=1.5)
            scores.measure(batch, outputs, scores.references)
        rows.append(scores.rows)
    assert rows[0] == rows[1]
    assert choices[0] == choices[1]
    assert {"psnr_unsharp", "kernel_similarity", "rgb8/ssim"} <= rows[0][0].keys()


def test_draws_by_number_are_the_training_batches_and_move_no_position() -> None:
    data = blurred_by_a_gaussian()
    first = data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)["paired"]
    by_number = data.pools_at(range(2))["paired"]
    assert data.drawn == 0
    assert by_number["name"] == first["name"]
    assert by_number["blurred"].equal(first["blurred"])
    assert by_number["sharp"].equal(first["sharp"])


def test_a_reference_without_training_pairs_is_refused(tmp_path: Path) -> None:
    scores = Scores({"rgb8": RGB8()}, str(tmp_path), {"unsharp": BestUnsharp([1], [1], draws=1)})
    with pytest.raises(InputError, match="training pairs"):
        measured(scores, pairs(train={}))


def test_test_pictures_are_written_whole(tmp_path: Path) -> None:
    scores = Scores({"rgb8": RGB8()}, str(tmp_path))
    drawn = Pictures(str(tmp_path / "val"), test_folder=str(tmp_path / "test"))
    measured(scores, pairs(), drawn, amount=0.0)
    source = Crops("blurred", "sharp")
    for index, name in enumerate(NAMES):
        pictures = source.read(index)
        for role, truth in {**pictures, "restored": pictures["blurred"]}.items():
            written = tmp_path / "test" / role / f"{name}.png"
            np.testing.assert_array_equal(read_image(written), truth)
    assert not (tmp_path / "val").exists()


def test_a_disk_that_refuses_ends_no_validation_but_a_test(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken = str(tmp_path / "taken")
    Path(taken).write_text("a file where the folder is to be")
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        callbacks=[Scores({"rgb8": RGB8()}, taken), Pictures(taken, count=1)],
        enable_progress_bar=False,
        enable_checkpointing=False,
    )
    method = UnsharpMask(amount=0.5, sigma=1.5)
    trainer.validate(method, pairs(val=Crops("blurred", "sharp")), verbose=False)
    assert trainer.callback_metrics["val/psnr"] > 0
    said = [line for line in caplog.text.splitlines() if "training goes on" in line]
    assert len(said) == 2
    assert "taken/val.csv cannot be written" in said[1]
    with pytest.raises(InputError, match=r"taken/test\.csv cannot be written"):
        measured(Scores({"rgb8": RGB8()}, taken), pairs())


def test_columns_are_named_for_people_and_repeat_nothing() -> None:
    row = {"name": "a", "rgb8/psnr": 30.0, "rgb8/ssim": 0.9, "psnr_blurred": 27.0}
    row |= {"psnr_unsharp": 28.0, "psnr_restored": 30.0, "psnr_gain": 3.0, "seconds": 0.1}
    names = ["blurred", "unsharp", "restored", "gain", "SSIM", "seconds"]
    assert list(headings([row]).values()) == names
    several = headings([row | {"wang/psnr": 29.0}])
    assert list(several.values()) == [*names[:4], "rgb8 SSIM", "wang PSNR", "seconds"]
    assert list(headings([{"name": "a", "rgb8/psnr": 30.0}]).values()) == ["PSNR"]
