"""A folder of blurred pictures, a teacher, and a student that learns from its answers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from running import config
from toys import SmallPhotographs

import deblurkit
from deblurkit.commands.train.run import train
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image
from deblurkit.methods.unsharp import UnsharpMask

STUDENT = ["channels=4", "encoder_blocks=[1]", "decoder_blocks=[1]", "window=16"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = SmallPhotographs(["coffee", "rocket", "chelsea"], height=48, width=40)
    for index, name in enumerate(photos.names):
        write_image(tmp_path / "my_blurred" / f"{name}.png", photos.read(index)["sharp"])
    return tmp_path


def overrides(folder: Path, *others: str) -> list[str]:
    student = [f"model.student.{size}" for size in STUDENT]
    where = [f"data.root={folder / 'my_blurred'}", f"paths.data={folder / 'data'}"]
    return ["experiment=distilled_folder", *where, *student, "data.workers=0", *others]


def test_a_folder_of_blurred_pictures_makes_a_student_that_nears_its_teacher(folder: Path) -> None:
    options = ["teacher=unsharp", "callbacks=[default]", "model.optimizer.lr=1e-2"]
    options += ["trainer.max_epochs=3", "data.batches_per_epoch=60"]
    train(config(folder / "run", *overrides(folder, *options)))
    picture = SmallPhotographs(["coffee"], height=48, width=40).read(0)["sharp"]
    blurred = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255
    answer = UnsharpMask(amount=0.5, sigma=3.0).restore(blurred)
    stored = [np.load(file) for file in (folder / "data" / "answers").rglob("*.npy")]
    pixels = answer[0].permute(1, 2, 0).numpy()
    assert min(np.abs(one / 65535 - pixels).max() for one in stored) < 1e-5
    student = deblurkit.load(folder / "run")
    error = (student.restore(blurred) - answer).square().mean()
    assert error < 0.7 * (blurred - answer).square().mean()


def test_a_teacher_without_its_file_is_missed_before_anything_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBLURKIT_WEIGHTS", str(folder / "weights"))
    with pytest.raises(InputError, match=r"deblurkit-convert source=maxim"):
        train(config(folder / "run", *overrides(folder)))
    assert not (folder / "data").exists()
