"""Pairs of one's own, in parts or as deblurkit-blur writes them."""

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from videos import frames, photographs, write_pairs

from deblurkit.commands.blur.blur_files import blur_files
from deblurkit.config import compose, instantiate
from deblurkit.data.checks import check_pairs
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.data.sources.own_pairs import own_pairs
from deblurkit.errors import AbsentError, InputError
from deblurkit.imaging.formats.files import write_image


def part(root: Path, name: str, **patterns: Any) -> Source | None:
    given = {"blurred": f"{name}/blurred", "sharp": f"{name}/sharp"} | patterns
    return own_pairs(root, part=name, **given)


def names(source: Source | None) -> list[str]:
    assert source is not None
    return source.names


def test_parts_are_read_as_they_are(tmp_path: Path) -> None:
    for number, name in enumerate(("train", "val", "test")):
        write_pairs(tmp_path / name, photographs(number + 1))
    assert [len(names(part(tmp_path, name))) for name in ("train", "val", "test")] == [1, 2, 3]


def test_an_undivided_folder_gives_a_tenth_to_validation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    everything = write_pairs(tmp_path, photographs(30))
    train, val = names(part(tmp_path, "train")), names(part(tmp_path, "val"))
    assert (len(train), len(val)) == (27, 3)
    assert sorted(train + val) == everything
    assert part(tmp_path, "test") is None
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path} has no folders train, val and test: 3 of its 30 scenes")


@pytest.mark.parametrize(("count", "validated"), [(2, 1), (3, 1), (16, 2)])
def test_few_pictures_are_enough(count: int, validated: int, tmp_path: Path) -> None:
    write_pairs(tmp_path, photographs(count))
    assert len(names(part(tmp_path, "val"))) == validated
    assert len(names(part(tmp_path, "train"))) == count - validated


def test_one_scene_trains_and_nothing_validates(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_pairs(tmp_path, photographs(1) * 3, "cup_{}")
    assert names(part(tmp_path, "train")) == ["cup_0", "cup_1", "cup_2"]
    assert part(tmp_path, "val") is None
    assert "holds one scene only" in caplog.text


def test_scenes_do_not_part(tmp_path: Path) -> None:
    for scene in ("a", "b", "c"):
        write_pairs(tmp_path, frames(4), f"{scene}/{{:02d}}")
    val = names(part(tmp_path, "val"))
    assert len(val) == 4
    assert len({name[0] for name in val}) == 1
    assert not {name[0] for name in val} & {name[0] for name in names(part(tmp_path, "train"))}


def test_patterns_of_ones_own_are_taken_as_they_are(tmp_path: Path) -> None:
    everything = write_pairs(tmp_path, photographs(5))
    train = part(tmp_path, "train", blurred="blurred", sharp="sharp")
    assert names(train) == everything


def test_a_part_that_is_missing_is_said(tmp_path: Path) -> None:
    write_pairs(tmp_path / "train", photographs(2))
    with pytest.raises(AbsentError, match=r"no blurred pictures in .*val/blurred: .* holds train"):
        part(tmp_path, "val")
    write_pairs(tmp_path / "val", photographs(2))
    shutil.rmtree(tmp_path / "val" / "sharp")
    with pytest.raises(InputError, match=r"no sharp pictures in .*val/sharp") as raised:
        part(tmp_path, "val")
    assert not isinstance(raised.value, AbsentError)  # the other half of it is there
    with pytest.raises(InputError, match="one of train, val, test, not 'dev'"):
        part(tmp_path, "dev")


def made(folder: Path, *overrides: str) -> Path:
    """Pairs that deblurkit-blur makes of a few photographs."""
    photos = [skimage.data.coffee(), skimage.data.astronaut(), skimage.data.chelsea()]
    for number, photo in enumerate(photos):
        write_image(folder / "sharp" / f"photo{number}.png", photo[:240, :300])
    words = [f"inputs=[{folder / 'sharp'}]", f"output={folder / 'pairs'}", *overrides]
    assert blur_files(compose(*words, config="blur")) == 0
    return folder / "pairs"


STRONG = ("noise=[0.15,0.2]", "jpeg=[20,40]")


@pytest.mark.parametrize(
    "overrides",
    [
        ("blur=camera_shake", "count=4"),
        ("blur=camera_shake", "blur.family.size=63", "blur.family.scale=[2,2]"),
        ("blur=line", "blur.family.size=45", "blur.family.length=[40,44]"),
        ("blur=defocus", *STRONG),
        ("blur=moving_object",),
        ("blur=roll", "gamma=2.2", "boost=[2,4]"),
    ],
    ids=lambda overrides: overrides[0],
)
def test_training_does_not_doubt_what_deblurkit_blur_made(
    overrides: tuple[str, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = made(tmp_path, *overrides)
    data = ("data=folder_paired", f"data.root={pairs}", "data.crop=64", "data.workers=0")
    module = instantiate(compose(*data).data)
    module.prepare_data()
    doubts = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert all("has no folders train" in doubt.getMessage() for doubt in doubts)
    assert module.val is not None
    assert not {name[:6] for name in module.val.names} & {
        name[:6] for name in module.sources["paired"].names
    }
    batch = module.pools_at([0, 1])["paired"]
    assert batch["blurred"].shape == batch["sharp"].shape == (2, 3, 64, 64)


def test_its_pairs_are_doubted_where_they_are_no_pairs(tmp_path: Path) -> None:
    pairs = made(tmp_path)
    blurred = sorted((pairs / "blurred").iterdir())
    contents = [file.read_bytes() for file in blurred]
    for file, content in zip(blurred, contents[1:] + contents[:1], strict=True):
        file.write_bytes(content)
    with pytest.raises(InputError, match="same scene"):
        check_pairs(FolderPairs(pairs), strict=True)
