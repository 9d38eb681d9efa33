"""Every published set's ``data=`` builds on a small tree of its true layout and gives batches."""

from pathlib import Path

import pytest
from data_layouts import built, check_batch
from known_layouts import pair, reds

from deblurkit.data.module import PictureDataModule


def hide(root: Path) -> None:
    folders = [root / "train"] * 20 + [root / "test" / "test-close-ups"]
    for place, folder in enumerate([*folders, root / "test" / "test-long-shot"]):
        name = f"{place % 2}from{place // 2}.png"  # two frames of each of eleven videos
        pair(folder / name, root / "GT" / name, place)


def realblur(root: Path, way: str, folder: str) -> None:
    lines = []
    for place in range(22):
        scene = f"{folder}/scene{place:03d}"
        names = f"{scene}/gt/gt_1.png", f"{scene}/blur/blur_1.png"
        pair(root / names[1], root / names[0], place)
        lines.append(" ".join(names) + " \n")
    (root / f"RealBlur_{way}_train_list.txt").write_text("".join(lines[:20]))
    (root / f"RealBlur_{way}_test_list.txt").write_text("".join(lines[20:]))


def realblur_j(root: Path) -> None:
    realblur(root, "J", "RealBlur-J_ECC_IMCORR_centroid_itensity_ref")


def realblur_r(root: Path) -> None:
    realblur(root, "R", "RealBlur-R_BM3D_ECC_IMCORR_centroid_itensity_ref")


def rsblur(root: Path) -> None:
    """The same days in all three lists, and the same numbers on several days."""
    lines = []
    for place in range(22):
        folder = f"RSBlur/{place % 2 + 1:04d}/{place // 2:06d}"
        names = f"{folder}/gt/gt_sharp.png", f"{folder}/real_blur/real_blur.png"
        pair(root / names[1], root / names[0], place)
        lines.append(" ".join(names) + "\n")
    for part, rows in (("train", lines[:16]), ("val", lines[16:20]), ("test", lines[20:])):
        (root / f"RSBlur_real_{part}.txt").write_text("".join(rows))


SETS = {make.__name__: make for make in (hide, realblur_j, realblur_r, reds, rsblur)}
TEST_NAMES = {
    "hide": ["0from10", "1from10"],
    "realblur_j": ["scene020/1", "scene021/1"],
    "realblur_r": ["scene020/1", "scene021/1"],
    "reds": ["000/00000000", "001/00000000"],
    "rsblur": ["0001/000010", "0002/000010"],
}


@pytest.fixture(params=SETS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> PictureDataModule:
    SETS[request.param](tmp_path)
    return built(request.param, tmp_path, f"data.cache={tmp_path / 'cache'}")


def test_a_published_set_trains_validates_and_tests(
    made: PictureDataModule, request: pytest.FixtureRequest
) -> None:
    data = request.node.callspec.params["made"]
    assert made.offers == {"paired"}
    check_batch(made, True)
    train, val = made.sources["paired"], made.val
    assert val is not None
    assert made.test is not None
    assert made.test.names == TEST_NAMES[data]
    assert not set(train.names) & set(val.names)
    if data != "rsblur":  # its lists divide the pictures of a day
        assert not set(train.groups) & set(val.groups)
    assert len(train) + len(val) == 20
    if data == "hide":
        assert len({name.partition("from")[2] for name in val.names}) == len(val) / 2 == 1
    assert made.cache is not None
    assert len(list(Path(made.cache).glob("*.pixels"))) == 1


def test_kohlers_pictures_meet_a_frame_of_their_path(tmp_path: Path) -> None:
    for place, (scene, path) in enumerate(((1, 1), (1, 12), (4, 2))):
        frames = tmp_path / f"Image{scene}" / f"Kernel{path}"
        pair(
            tmp_path / f"Blurry{scene}_{path}.png",
            frames / f"GroundTruth{scene}_{path}_100.png",
            place,
        )
    made = built("kohler", tmp_path)
    assert made.offers == set()
    assert made.test is not None
    assert made.test.names == ["Blurry1_1", "Blurry1_12", "Blurry4_2"]
    whole = made.on_after_batch_transfer(next(iter(made.test_dataloader())), 0)
    assert whole["blurred"].shape == whole["sharp"].shape == (1, 3, 40, 48)
