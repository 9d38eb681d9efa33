import json
import math
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from deblurkit.errors import InputError
from deblurkit.storage import as_json, replacing, sweep, sweep_below


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def interrupted(target: Path, error: BaseException) -> None:
    """Write half of a file."""
    with replacing(target) as file:
        file.write(b"half")
        raise error


def test_a_file_is_made_with_its_folders(tmp_path: Path) -> None:
    with replacing(tmp_path / "new" / "folder" / "weights") as file:
        file.write(b"good")
    assert content(tmp_path / "new" / "folder") == {"weights": b"good"}


def test_an_old_file_is_replaced_at_the_end_only(tmp_path: Path) -> None:
    target = tmp_path / "weights"
    target.write_bytes(b"old")
    with replacing(str(target)) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert content(tmp_path) == {"weights": b"new"}


def test_what_was_there_may_be_kept(tmp_path: Path) -> None:
    target, before = tmp_path / "last", tmp_path / "previous"
    for content_now in (b"first", b"second", b"third"):
        with replacing(target, keep=before) as file:
            file.write(content_now)
    assert content(tmp_path) == {"last": b"third", "previous": b"second"}
    with pytest.raises(RuntimeError), replacing(target, keep=before) as file:
        raise RuntimeError
    assert content(tmp_path) == {"last": b"third", "previous": b"second"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [{}, {"weights": b"old"}])
def test_an_exception_inside_leaves_what_was_there(
    before: dict[str, bytes], error: type[BaseException], tmp_path: Path
) -> None:
    for name, value in before.items():
        (tmp_path / name).write_bytes(value)
    with pytest.raises(error):
        interrupted(tmp_path / "weights", error())
    assert content(tmp_path) == before


def test_a_disk_that_refuses_is_named_in_one_sentence(tmp_path: Path) -> None:
    target = tmp_path / "weights"
    target.write_bytes(b"old")
    with pytest.raises(InputError, match=r"weights .*No space left"):
        interrupted(target, OSError(28, "No space left on device"))
    assert content(tmp_path) == {"weights": b"old"}
    with pytest.raises(InputError, match=r"weights/inside"), replacing(target / "inside"):
        pytest.fail("a file is no folder")
    assert content(tmp_path) == {"weights": b"old"}


def test_a_full_disk_while_renaming_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "weights"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError), replacing(target) as file:
        file.write(b"half")
    assert content(tmp_path) == {"weights": b"old"}


def test_names_may_be_as_long_as_the_disk_allows(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 125 + ".ckpt")  # 255 bytes
    with replacing(target) as file:
        file.write(b"good")
    assert target.read_bytes() == b"good"


def test_others_may_read_what_the_umask_lets_them(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with replacing(tmp_path / "weights") as file:
            file.write(b"good")
    finally:
        os.umask(mask)
    assert (tmp_path / "weights").stat().st_mode & 0o777 == 0o640


def half_written(target: Path) -> None:
    with replacing(target) as file:
        file.write(b"half")
        file.flush()
        signal.pause()


def test_what_a_killed_writer_left_is_swept_and_a_living_one_goes_on(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=half_written, args=(tmp_path / name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    while sum(len(data) for data in content(tmp_path).values()) < 8:
        pass
    writers[0].kill()
    writers[0].join()
    assert len(content(tmp_path)) == 2
    sweep(tmp_path)
    assert len(content(tmp_path)) == 1
    sweep(tmp_path)
    assert len(content(tmp_path)) == 1
    writers[1].kill()
    writers[1].join()
    (tmp_path / ".my own.part").write_bytes(b"kept")
    sweep(tmp_path)
    assert content(tmp_path) == {".my own.part": b"kept"}


def test_sweeping_reaches_folders_below(tmp_path: Path) -> None:
    stray = tmp_path / "scores" / f".{32 * 'a'}.part"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    (tmp_path / "last.ckpt").write_bytes(b"whole")
    sweep_below(tmp_path)
    assert not stray.exists()
    assert (tmp_path / "last.ckpt").is_file()


def test_numbers_that_are_not_finite_are_words_in_json() -> None:
    content = {"a": [1.5, math.inf, (-math.inf, math.nan)], "name": "NaN", "none": None}
    text = as_json(content).decode()
    read = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert read == {
        "a": [1.5, "Infinity", ["-Infinity", "NaN"]],
        "name": "NaN",
        "none": None,
    }
    assert [float(word) for word in read["a"][:2]] == [1.5, math.inf]
    assert math.isnan(float(read["a"][2][1]))
