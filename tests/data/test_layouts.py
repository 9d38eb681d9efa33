"""Every ``data=`` of the configs builds on a small tree and gives a batch."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from data_layouts import built, check_batch
from data_modules import trained

from deblurkit.data.sources.base import Source
from deblurkit.data.sources.photos import Photos
from deblurkit.imaging.formats.files import write_image


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sharp crops of a photograph and their slightly blurred partners in several layouts."""
    root = tmp_path_factory.mktemp("tree")
    photo = Photos(["coffee"]).read(0)["sharp"] / 255
    for number in range(20):
        top, left = divmod(number, 5)
        sharp = photo[80 * top : 80 * top + 48, 100 * left : 100 * left + 56]
        blurred = (sharp + np.roll(sharp, 1, axis=1)) / 2
        for part, turns in (("train", 0), ("val", 1), ("test", 2)):  # other pictures each
            for role, picture in (("blurred", blurred), ("sharp", sharp)):
                file = root / "pairs" / part / role / f"{number}.png"
                write_image(file, np.rot90(picture, turns).copy())
        write_image(root / "apart" / "blurred" / f"a{number}.png", blurred)
        write_image(root / "apart" / "sharp" / f"b{number}.png", sharp)
        for part, turns in (("train", 0), ("val", 2)):
            write_image(root / "sharp" / part / f"{number}.png", np.rot90(sharp, turns).copy())
    for number in range(50):
        sharp = photo[6 * number : 6 * number + 48, 10 * number : 10 * number + 64]
        write_image(root / "COCO" / "val2017" / f"{13 * number:012d}.jpg", sharp)
        if number < 8:
            write_image(root / "COCO" / "train2017" / f"{17 * number:012d}.jpg", sharp[:, ::-1])
    return root


LAYOUTS = {
    "photos": (None, {"paired"}, True),
    "folder_paired": ("pairs", {"paired"}, True),
    "folder_unpaired": ("apart", {"blurred", "sharp"}, False),
    "folder_blurred": ("apart/blurred", {"blurred"}, False),
    "folder_sharp": ("sharp/train", {"paired"}, True),
    "bsds500": ("sharp", {"paired"}, True),
    "photos_unpaired": (None, {"blurred", "sharp"}, True),
    "bsds500_unpaired": ("sharp", {"blurred", "sharp"}, True),
    "coco_synth": ("COCO", {"paired"}, True),
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


ROLES = (("blurred", "blur"), ("sharp", "sharp"))
UNPAIRED = ("gopro_unpaired", "gopro_unpaired_shuffled", "gopro_unpaired_ratio")


@pytest.mark.parametrize("data", ["gopro_half", "gopro_coco", *UNPAIRED])
def test_gopro_in_other_forms(data: str, gopro_tree: Path, tree: Path, tmp_path: Path) -> None:
    given = ["data.variant=blur", f"data.cache={tmp_path}"]
    if data == "gopro_coco":
        given.append(f"data.train.paired.sources.coco.root={tree / 'COCO'}")
    made = built(data, gopro_tree, *given)
    assert made.offers == ({"blurred", "sharp"} if data in UNPAIRED else {"paired"})
    check_batch(made, True)
    assert len(set(made.val.groups)) == 1
    for source in made.sources.values():
        assert not {group.removeprefix("gopro/") for group in source.groups} & set(made.val.groups)


def unpaired(data: str, root: Path) -> tuple[Source, Source]:
    made = built(data, root, "data.variant=blur")
    return made.sources["blurred"], made.sources["sharp"]


def test_scenes_are_seen_blurred_or_sharp(gopro_tree: Path) -> None:
    blurred, sharp = unpaired("gopro_unpaired", gopro_tree)
    assert (blurred.roles, sharp.roles) == ({"blurred"}, {"sharp"})  # no partner is even read
    scenes = sorted({*blurred.groups, *sharp.groups})
    assert len(scenes) == 21  # the last one validates
    assert set(blurred.groups) == set(scenes[::2])
    assert set(sharp.groups) == set(scenes[1::2])


def test_scenes_with_class_maps(gopro_tree: Path, tmp_path: Path) -> None:
    root = shutil.copytree(gopro_tree, tmp_path / "GOPRO_Large")
    for picture in root.glob("*/*/*/*.png"):
        folder = picture.parent.with_name(f"{picture.parent.name}_maps")
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{picture.stem}.npy", np.full((8, 96, 128), 0.125, np.float16))
    nodes = {
        f"train.{role}.source.source.source": f"train/*/{folder}_maps" for role, folder in ROLES
    }
    nodes |= {"val.source": "train/*/blur_maps", "test": "test/*/blur_maps"}
    given = [f"data.{node}.condition={pattern}" for node, pattern in nodes.items()]
    made = built("gopro_unpaired", root, "data.variant=blur", *given)
    for batch in trained(made):
        for pool in batch.values():
            assert torch.equal(pool["condition"], torch.full((2, 8, 16, 16), 0.125))
    for loader in (made.val_dataloader(), made.test_dataloader()):
        whole = made.on_after_batch_transfer(next(iter(loader)), 0)
        assert torch.equal(whole["condition"], torch.full((1, 8, 96, 128), 0.125))


def test_shuffled_pictures_are_all_seen_and_never_as_partners(gopro_tree: Path) -> None:
    made = built("gopro_unpaired_shuffled", gopro_tree, "data.variant=blur")
    blurred, sharp = made.sources["blurred"], made.sources["sharp"]
    assert len(blurred) == 42
    assert blurred.names == sharp.names
    batch = made.pools_at(range(42))
    together = zip(batch["blurred"]["name"], batch["sharp"]["name"], strict=True)
    assert sum(one == other for one, other in together) < 6  # chance shows one


def test_a_ratio_keeps_every_tenth_sharp_picture(gopro_tree: Path) -> None:
    blurred, sharp = unpaired("gopro_unpaired_ratio", gopro_tree)
    assert len(blurred) == 42
    assert sharp.names == blurred.names[::10]


@pytest.mark.parametrize("data", ["photos_unpaired", "bsds500_unpaired"])
def test_a_photograph_is_seen_in_one_role_only(data: str, tree: Path) -> None:
    made = built(data, tree / "sharp" if data == "bsds500_unpaired" else None)
    parts = [*made.sources.values(), made.val]
    if data == "photos_unpaired":  # the val part of the other lies in another folder
        parts.append(made.test)
    groups = [set(part.groups) for part in parts]
    assert len(set.union(*groups)) == sum(map(len, groups))
    for batch in trained(made):
        assert set(batch["blurred"]) == {"blurred", "name", "kernel"}  # the sharp one stays here
        assert set(batch["sharp"]) == {"sharp", "name", "seed"}
        assert set(batch["blurred"]["name"]) <= set(made.sources["blurred"].names)


def test_gopro_at_half_size_is_halved_everywhere(gopro_tree: Path) -> None:
    made = built("gopro_half", gopro_tree, "data.variant=blur_gamma")
    for source in (made.sources["paired"], made.val, made.test):
        assert {source.size(index) for index in range(len(source))} == {(48, 64)}
        assert source.read(0)["blurred"].shape == (48, 64, 3)


def test_gopro_at_a_sixth_is_reduced_everywhere(gopro_tree: Path) -> None:
    made = built("gopro_sixth", gopro_tree, "data.variant=blur", "data.crop=12")
    for source in (made.sources["paired"], made.val, made.test):
        assert {source.size(index) for index in range(len(source))} == {(16, 21)}  # of 96x128
        assert source.read(0)["sharp"].shape == (16, 21, 3)


def test_two_draws_of_three_are_synthetic(gopro_tree: Path, tree: Path) -> None:
    coco = f"data.train.paired.sources.coco.root={tree / 'COCO'}"
    made = built("gopro_coco", gopro_tree, "data.variant=blur", coco)
    assert len(made.sources["paired"]) == 3 * 42
    pairs = made.pools_at(range(3 * 42))["paired"]
    synthetic = [name.startswith("coco/") for name in pairs["name"]]
    assert sum(synthetic) == 2 * 42
    assert "kernel" not in pairs
    assert made.synthesis.margin == 31
    changed = (pairs["blurred"] - pairs["sharp"]).flatten(1).abs().amax(dim=1)
    assert (changed > 0).all()
