import pickle
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from deblurkit.checkpoint import teacher as stored_method
from deblurkit.config import compose, instantiate, plain
from deblurkit.data.augment import PairedAugmentation
from deblurkit.data.module import PictureDataModule
from deblurkit.data.sources.folders import FolderPictures
from deblurkit.data.sources.taught import TaughtPictures
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image
from deblurkit.methods.unsharp import UnsharpMask
from deblurkit.restoring.teacher import PictureTeacher
from deblurkit.weights.files import existing

FLIPS = [{"name": "D4", "p": 1.0}]


class Counting:
    """Answers a third of the picture's level in 16 bits and notes whom it was asked about."""

    def __init__(self, key: str = "0" * 64, *, fails_at: str | None = None) -> None:
        self.digits, self.fails_at = key, fails_at
        self.asked: list[str] = []

    def key(self) -> str:
        return self.digits

    def __call__(self, blurred: NDArray[np.uint8], name: str) -> NDArray[np.uint16]:
        if name == self.fails_at:
            raise InputError(f"no answer to {name}")
        self.asked.append(name)
        return (blurred.astype(np.uint32) * 257 // 3).astype(np.uint16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    numbers = np.random.default_rng(0)
    for name, size in {"a": (40, 50), "b": (33, 47), "c": (48, 36)}.items():
        pixels = numbers.integers(0, 256, (*size, 3)).astype(np.uint8)
        write_image(tmp_path / "blurred" / f"{name}.png", pixels)
    return tmp_path


def taught(folder: Path, teacher: Counting) -> TaughtPictures:
    pictures = FolderPictures(folder / "blurred", role="blurred")
    return TaughtPictures(pictures, teacher=teacher, folder=folder / "answers")


def test_crops_are_cut_from_the_answer_to_the_whole_picture(folder: Path) -> None:
    source = taught(folder, Counting())
    for given in (source, pickle.loads(pickle.dumps(source))):
        whole = given.read(1)
        assert whole["sharp"].dtype == np.uint16
        assert (whole["sharp"] == whole["blurred"].astype(np.uint32) * 257 // 3).all()
        crop = given.crop(1, top=3, left=5, side=16)
        assert (crop["sharp"] == whole["sharp"][3:19, 5:21]).all()
        assert (crop["blurred"] == whole["blurred"][3:19, 5:21]).all()


def test_nobody_is_asked_twice(folder: Path) -> None:
    teacher = Counting()
    taught(folder, teacher)
    assert teacher.asked == ["a", "b", "c"]
    taught(folder, teacher)
    (folder / "blurred").rename(folder / "moved")
    (folder / "moved" / "a.png").rename(folder / "moved" / "d.png")
    moved = FolderPictures(folder / "moved", role="blurred")
    again = TaughtPictures(moved, teacher=teacher, folder=folder / "answers")
    assert teacher.asked == ["a", "b", "c"]
    assert again.read(2)["sharp"].shape == (40, 50, 3)  # b, c, d
    other = Counting("1" * 64)
    taught_by_other = TaughtPictures(moved, teacher=other, folder=folder / "answers")
    assert other.asked == ["b", "c", "d"]
    assert taught_by_other.stamp(0) != again.stamp(0)


def test_what_is_stored_stays_when_the_making_ends_early(folder: Path) -> None:
    with pytest.raises(InputError, match="no answer to c"):
        taught(folder, Counting(fails_at="c"))
    teacher = Counting()
    taught(folder, teacher)
    assert teacher.asked == ["c"]


@pytest.mark.parametrize("damage", ["truncated", "other", "empty"])
def test_a_damaged_answer_is_made_again(folder: Path, damage: str) -> None:
    taught(folder, Counting())
    file = sorted((folder / "answers").rglob("*.npy"))[0]
    content = file.read_bytes()
    if damage == "other":
        np.save(file, np.zeros((2, 2, 3), np.uint16))
    else:
        file.write_bytes(content[: len(content) // 2 if damage == "truncated" else 0])
    teacher = Counting()
    taught(folder, teacher)
    assert len(teacher.asked) == 1
    assert file.read_bytes() == content


def test_batches_hold_the_answers_sixteen_bits(folder: Path) -> None:
    data = PictureDataModule(
        train={"taught": taught(folder, Counting())},
        val=None,
        test=None,
        crop=32,
        batch_size=3,
        batches_per_epoch=1,
        workers=0,
        seed=0,
        augmentation=PairedAugmentation(geometry=FLIPS),
    )
    data.prepare_data()
    batch = data.pools_at(range(3))["taught"]
    levels = (255 * batch["blurred"]).round() * 257
    assert torch.equal((65535 * batch["sharp"]).round(), (levels / 3).floor())


def test_photometry_is_refused_for_sixteen_bits(folder: Path) -> None:
    change = PairedAugmentation(photometry=[{"name": "ColorJitter", "p": 1.0}])
    with pytest.raises(InputError, match=r"set data\.augmentation\.photometry=\[\]"):
        change(taught(folder, Counting()).read(0), 0)


def test_sharp_pictures_are_no_ones_pupils(folder: Path) -> None:
    sharp = FolderPictures(folder / "blurred", role="sharp")
    with pytest.raises(InputError, match="a teacher answers blurred pictures"):
        TaughtPictures(sharp, teacher=Counting(), folder=folder / "answers")


def test_a_method_answers_with_sixteen_bits_and_a_key_of_its_own() -> None:
    mask = PictureTeacher(partial(UnsharpMask, amount=0.5, sigma=2.0))
    flat = np.full((20, 24, 3), 77, np.uint8)
    assert (mask(flat, "flat") == 77 * 257).all()  # sharpening leaves what has no edges
    edge = flat.copy()
    edge[:, 12:] = 177
    answer = mask(edge, "edge")
    restored = UnsharpMask(amount=0.5, sigma=2.0).restore(
        torch.from_numpy(edge).permute(2, 0, 1)[None] / 255
    )
    expected = (65535 * restored[0].permute(1, 2, 0).double()).round().numpy()
    assert np.abs(answer - expected).max() <= 1
    assert (answer % 257 != 0).any()  # more than 8 bits


def key(name: str, *overrides: str) -> str:
    node = plain(compose(f"model={name}", *(f"model.{override}" for override in overrides)).model)
    return PictureTeacher(instantiate({**node, "_partial_": True})).key()


def test_a_teachers_key_follows_its_numbers_at_any_depth() -> None:
    assert key("l0_blind") == key("l0_blind")
    others = {key("l0_blind", "rounds=4"), key("l0_blind", "deconvolution.rounds=3")}
    assert len({*others, key("l0_blind"), key("unsharp")}) == 4


def test_a_teachers_key_follows_its_weights_not_their_path(tmp_path: Path) -> None:
    shutil.copy(existing("tiny"), tmp_path / "copy.safetensors")
    paths = ["tiny", str(tmp_path / "copy.safetensors")]
    tiny, copied = (PictureTeacher(partial(stored_method, path)) for path in paths)
    assert tiny.key() == copied.key()
    changed = PictureTeacher(partial(stored_method, "tiny"))
    next(changed.method.parameters()).data[..., 0] += 1e-3
    assert changed.key() != tiny.key()


class Halving(UnsharpMask):
    """Answers with another size."""

    def restoration(self, batch):
        return {"restored": batch["blurred"].float()[..., ::2, ::2] / 65535}


class Breaking(UnsharpMask):
    """Answers with no number."""

    def restoration(self, batch):
        return {"restored": batch["blurred"].float() * float("nan")}


@pytest.mark.parametrize(("kind", "reason"), [(Halving, "has the shape"), (Breaking, "not finite")])
def test_an_answer_that_is_none_is_refused_by_name(kind: type, reason: str) -> None:
    teacher = PictureTeacher(partial(kind, amount=0.5, sigma=2.0))
    with pytest.raises(InputError, match=rf"{kind.__name__} has no answer to photo.*{reason}"):
        teacher(np.zeros((8, 8, 3), np.uint8), "photo")
