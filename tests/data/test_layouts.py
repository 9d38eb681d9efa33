"""Every ``data=`` of the configs builds on a small tree and gives a batch."""

from pathlib import Path

import numpy as np
import pytest
import torch

import deblurkit
from deblurkit.config import instantiate
from deblurkit.data.module import PictureDataModule
from deblurkit.data.photos import Photos
from deblurkit.imaging.files import write_image


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sharp crops of a photograph and their slightly blurred partners in several layouts."""
    root = tmp_path_factory.mktemp("tree")
    photo = Photos(["coffee"]).read(0)["sharp"] / 255
    for number in range(20):
        top, left = divmod(number, 5)
        sharp = photo[80 * top : 80 * top + 48, 100 * left : 100 * left + 56]
        blurred = (sharp + np.roll(sharp, 1, axis=1)) / 2
        for part in ("train", "val", "test"):
            write_image(root / "pairs" / part / "blurred" / f"{number}.png", blurred)
            write_image(root / "pairs" / part / "sharp" / f"{number}.png", sharp)
        write_image(root / "apart" / "blurred" / f"a{number}.png", blurred)
        write_image(root / "apart" / "sharp" / f"b{number}.png", sharp)
        for part in ("train", "val"):
            write_image(root / "sharp" / part / f"{number}.png", sharp)
    return root


def built(data: str, root: Path | None, *overrides: str) -> PictureDataModule:
    given = [f"data={data}", *([f"data.root={root}"] if root else []), *overrides]
    small = ["data.crop=16", "data.batch_size=2", "data.workers=0"]
    made = instantiate(deblurkit.compose(*given, *small).data)
    made.prepare_data()
    return made


LAYOUTS = {
    "photos": (None, {"paired"}, True),
    "folder_paired": ("pairs", {"paired"}, True),
    "folder_unpaired": ("apart", {"blurred", "sharp"}, False),
    "folder_blurred": ("apart/blurred", {"blurred"}, False),
    "folder_sharp": ("sharp/train", {"paired"}, True),
    "bsds500": ("sharp", {"paired"}, True),
}


@pytest.mark.parametrize("data", LAYOUTS)
def test_a_layout_gives_a_batch(data: str, tree: Path) -> None:
    folder, pools, evaluates = LAYOUTS[data]
    made = built(data, tree / folder if folder else None)
    assert made.offers == pools
    check_batch(made, evaluates)


@pytest.mark.parametrize("variant", ["blur", "blur_gamma"])
def test_gopro_gives_a_batch(variant: str, gopro_tree: Path, tmp_path: Path) -> None:
    made = built("gopro", gopro_tree, f"data.variant={variant}", f"data.cache={tmp_path}")
    assert made.offers == {"paired"}
    check_batch(made, True)
    assert len(set(made.val.groups)) == 1
    assert not set(made.val.groups) & set(made.sources["paired"].groups)


def check_batch(made: PictureDataModule, evaluates: bool) -> None:
    batch = made.on_after_batch_transfer(next(iter(made.train_dataloader())), 0)
    for pool in batch.values():
        for role in {"blurred", "sharp"} & pool.keys():
            assert pool[role].shape == (2, 3, 16, 16)
    if "paired" in batch:
        assert not torch.equal(batch["paired"]["blurred"], batch["paired"]["sharp"])
    for loader in (made.val_dataloader(), made.test_dataloader()):
        assert bool(len(loader)) == evaluates
        if evaluates:
            whole = made.on_after_batch_transfer(next(iter(loader)), 0)
            assert whole["blurred"].shape == whole["sharp"].shape
            assert whole["blurred"].shape[0] == 1
            assert len(whole["name"]) == 1
