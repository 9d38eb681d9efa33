from pathlib import Path

import pytest
from videos import frames, photographs, write, write_pairs

from deblurkit.data.sources.folders import FolderPairs, FolderPictures
from deblurkit.data.sources.sequences import SceneShare, scenes_of
from deblurkit.data.sources.subsets import Share
from deblurkit.errors import InputError

BOUNDS = ((0.0, 0.9), (0.9, 0.95), (0.95, 1.0))


def shares(folder: Path, kind: type[Share] | type[SceneShare]) -> list[list[int]]:
    """Numbers of the pictures in training, validation and test."""
    source = FolderPictures(folder, role="sharp")
    return [[int(name) for name in kind(source, *bounds).names] for bounds in BOUNDS]


def with_neighbour(evaluated: list[int], trained: list[int]) -> int:
    return sum(number - 1 in trained or number + 1 in trained for number in evaluated)


def test_frames_of_a_video_stay_together(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, frames(200))
    train, val, test = shares(tmp_path, SceneShare)
    assert (len(train), len(val), len(test)) == (180, 10, 10)
    assert sorted(train + val + test) == list(range(200))
    for part in (val, test):
        assert part == list(range(part[0], part[0] + 10))  # a block
        assert with_neighbour(part, train) <= 2
    alone = shares(tmp_path, Share)  # what frames one by one would give
    assert with_neighbour(alone[1], alone[0]) > 8
    (message,) = caplog.messages  # once, although three sources say it
    assert f"{tmp_path / '0000.png'} and the pictures after it are frames of a video" in message
    assert "divided in 20 blocks" in message


def test_several_videos_have_blocks_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, frames(30), "walk_{:03d}")
    write(tmp_path, frames(30, step=3, row=200), "run_{:03d}")
    source = FolderPictures(tmp_path, role="sharp")
    scenes = dict(zip(source.names, scenes_of(source), strict=True))
    assert len(set(scenes.values())) == 20
    assert not {scenes[name] for name in scenes if name.startswith("walk")} & {
        scenes[name] for name in scenes if name.startswith("run")
    }


def test_photographs_are_divided_one_by_one_as_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, photographs(60))
    assert shares(tmp_path, SceneShare) == shares(tmp_path, Share)
    assert not caplog.messages


def test_folders_stay_scenes(tmp_path: Path) -> None:
    for scene in range(20):
        write(tmp_path / f"scene{scene}", frames(3))
    source = FolderPictures(tmp_path, role="sharp")
    assert scenes_of(source) == source.groups
    assert SceneShare(source, 0, 0.9).names == Share(source, 0, 0.9).names


def test_blurs_of_one_photograph_are_one_scene(tmp_path: Path) -> None:
    for number, picture in enumerate(photographs(8)):
        write_pairs(tmp_path, [picture] * 3, f"photo{number}_{{}}")
    scenes = scenes_of(FolderPairs(tmp_path))
    assert scenes == [f"photo{number}" for number in range(8) for _ in range(3)]


def test_what_real_folders_hold_is_told(test_data: Path) -> None:
    video = FolderPictures(test_data / "gopro240" / "GOPR0477_11_00", role="sharp")
    assert len(set(scenes_of(video))) == min(20, len(video))
    assert all("and after it" in scene for scene in scenes_of(video))
    photos = FolderPictures(test_data / "bsds500" / "train", role="sharp")
    assert scenes_of(photos) == photos.groups


def test_an_empty_share_is_refused(tmp_path: Path) -> None:
    write(tmp_path, photographs(4))
    with pytest.raises(InputError, match=r"of 4 groups is empty: widen it to 0.25 or more"):
        SceneShare(FolderPictures(tmp_path, role="sharp"), 0.95, 1.0)
