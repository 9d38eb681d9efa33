import errno
import json
import multiprocessing
import os
import pickle
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from deblurkit.data.sources import cache
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.cache import Cached
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.data.sources.photos import Photos
from deblurkit.data.sources.subsets import Share
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.formats.files import write_image


@pytest.fixture
def pairs(tmp_path: Path) -> FolderPairs:
    photo = Photos(["rocket"]).read(0)["sharp"]
    for number, (height, width) in enumerate([(40, 60), (33, 47), (60, 40)]):
        piece = photo[150 : 150 + height, 10 * number : 10 * number + width]
        write_image(tmp_path / f"set/sharp/scene{number}/a.png", piece)
        write_image(tmp_path / f"set/blurred/scene{number}/a.png", piece // 2)
    return FolderPairs(tmp_path / "set")


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return set(one) == set(other) and all(np.array_equal(one[role], other[role]) for role in one)


def test_a_cache_gives_what_its_source_gives(pairs: FolderPairs, tmp_path: Path) -> None:
    cached = Cached(pairs, tmp_path / "cache")
    assert isinstance(cached, Source)
    assert (cached.names, cached.groups) == (pairs.names, pairs.groups)
    for index in range(len(pairs)):
        assert cached.size(index) == pairs.size(index)
        assert equal(cached.read(index), pairs.read(index))
        box = {"top": 5, "left": 30, "side": 24}
        crop = cached.crop(index, **box)
        assert equal(crop, pairs.crop(index, **box))
        assert all(pixels.flags.c_contiguous and pixels.flags.writeable for pixels in crop.values())
    assert equal(pickle.loads(pickle.dumps(cached)).read(1), pairs.read(1))
    assert equal(Share(cached, 0, 1).read(2), pairs.read(2))


def test_sources_in_memory_can_be_cached_too(tmp_path: Path) -> None:
    photos = Photos(["coffee", "chelsea"])
    assert equal(Cached(photos, tmp_path).read(1), photos.read(1))


def test_a_cache_is_made_once_and_again_when_a_file_changes(
    pairs: FolderPairs, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "cache"
    Cached(pairs, folder)
    assert capfd.readouterr().err.count("\n") == 1
    Cached(pairs, folder)
    assert capfd.readouterr().err == ""
    changed = tmp_path / "set/sharp/scene1/a.png"
    write_image(changed, np.zeros((33, 47, 3), np.uint8))
    assert (Cached(pairs, folder).read(1)["sharp"] == 0).all()
    assert "decoding 3 pictures" in capfd.readouterr().err
    assert sorted(path.suffix for path in folder.iterdir()) == ["", ".json", ".pixels"]


@pytest.mark.parametrize("damage", ["pixels", "index"])
def test_a_damaged_cache_is_made_again(pairs: FolderPairs, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "cache"
    Cached(pairs, folder)
    file = next(folder.glob("*.pixels")) if damage == "pixels" else folder / "index.json"
    os.truncate(file, file.stat().st_size // 2)
    assert equal(Cached(pairs, folder).read(2), pairs.read(2))
    assert json.loads((folder / "index.json").read_text())["names"] == pairs.names


class Counted(Source):
    """Slow pictures that leave a mark for every reading."""

    def __init__(self, folder: Path) -> None:
        self.names = self.groups = [str(number) for number in range(3)]
        self.roles = frozenset({"sharp"})
        self.folder = folder

    def read(self, index: int) -> dict[str, np.ndarray]:
        (self.folder / f"{index}-{os.urandom(8).hex()}").touch()
        return {"sharp": np.full((50, 60, 3), index + 1, np.uint8)}

    def size(self, index: int) -> tuple[int, int]:
        return (50, 60)

    def stamp(self, index: int) -> str:
        return "same"


def check(source: Source, folder: Path, start: object, done: object) -> None:
    start.wait()
    cached = Cached(source, folder)
    done.put([int(cached.crop(index, top=9, left=9, side=9)["sharp"].min()) for index in range(3)])


def test_several_processes_make_it_once(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    context = multiprocessing.get_context("fork")
    start, done = context.Barrier(3), context.Queue()
    given = (Counted(marks), tmp_path / "cache", start, done)
    processes = [context.Process(target=check, args=given) for _ in range(3)]
    for process in processes:
        process.start()
    answers = [done.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert answers == [[1, 2, 3]] * 3
    assert len(list(marks.iterdir())) == 3


def test_pairs_of_two_sizes_are_named(pairs: FolderPairs, tmp_path: Path) -> None:
    write_image(tmp_path / "set/sharp/scene1/a.png", np.zeros((34, 47, 3), np.uint8))
    with pytest.raises(InputError, match=r"a\.png has 47x34 pixels and its partner .* 47x33"):
        Cached(pairs, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_a_truncated_file_is_named(pairs: FolderPairs, tmp_path: Path) -> None:
    os.truncate(tmp_path / "set/sharp/scene1/a.png", 200)
    with pytest.raises(PictureError, match=r"scene1/a\.png cannot be read"):
        Cached(pairs, tmp_path / "cache")


def test_a_full_disk_is_one_sentence(
    pairs: FolderPairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10_000))
    with pytest.raises(InputError, match=r"needs 0\.0 GB and its disk has 0\.0 GB free: make room"):
        Cached(pairs, tmp_path / "cache")
    monkeypatch.undo()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(InputError, match="cache cannot be written: No space left"):
        Cached(pairs, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


class Interrupted(Source):
    """Pictures of which one cannot be read the first time."""

    def __init__(self, broken: int, text: str = "as it is") -> None:
        self.names = self.groups = [str(number) for number in range(80)]
        self.roles = frozenset({"sharp"})
        self.broken, self.text = broken, text
        self.asked: list[int] = []

    def read(self, index: int) -> dict[str, np.ndarray]:
        self.asked.append(index)
        if index == self.broken:
            raise KeyboardInterrupt
        return {"sharp": np.full((4, 5, 3), index, np.uint8)}

    def size(self, index: int) -> tuple[int, int]:
        return (4, 5)

    def stamp(self, index: int) -> str:
        return self.text


def test_what_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Cached(Interrupted(broken=70), tmp_path)
    left = {path.name: path for path in tmp_path.iterdir()}
    assert left.keys() == {"lock", "part.json", "pixels.part"}
    with left["pixels.part"].open("ab") as file:  # what a killed process had begun to write
        file.write(b"half of a picture")
    whole = Interrupted(broken=-1)
    cached = Cached(whole, tmp_path)
    assert sorted(whole.asked) == list(range(64, 80))  # two rounds of 32 were on the disk
    assert [int(cached.read(index)["sharp"].max()) for index in range(80)] == list(range(80))
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".json", ".pixels"]


@pytest.mark.parametrize("change", ["pictures", "shortened", "no count"])
def test_what_was_interrupted_begins_anew_where_it_does_not_fit(
    tmp_path: Path, change: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        Cached(Interrupted(broken=70), tmp_path)
    if change == "shortened":
        os.truncate(tmp_path / "pixels.part", 100)
    elif change == "no count":
        (tmp_path / "part.json").write_text("{}")
    whole = Interrupted(-1, text="changed" if change == "pictures" else "as it is")
    cached = Cached(whole, tmp_path)
    assert sorted(whole.asked) == list(range(80))
    assert int(cached.read(7)["sharp"].max()) == 7


def test_a_long_making_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cache, "_SECONDS", -1.0)
    Cached(Interrupted(broken=-1), tmp_path)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].startswith("decoding 80 pictures into")
    assert lines[-1] == "decoded 80 of 80 pictures"
