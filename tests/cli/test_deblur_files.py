"""deblurkit-deblur: many files, each to its own place and as it came."""

import itertools
import json
import logging
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from deblurring import IDENTITY, config, deblur
from running import command_line

from deblurkit.cli.deblur import task
from deblurkit.imaging.formats.files import read_image, write_image


def test_every_picture_goes_to_its_own_file(tmp_path: Path) -> None:
    for number in range(4):
        pixels = np.full((8 + number, 9, 3), 40 * number, np.uint8)
        write_image(tmp_path / "in" / f"{number}.png", pixels)
    assert deblur(tmp_path) == 0
    for number in range(4):
        restored = read_image(tmp_path / "out" / f"{number}.png")
        assert np.array_equal(restored, read_image(tmp_path / "in" / f"{number}.png"))


def command(folder: Path, last_write: int, sent: int) -> None:
    """The command in a process of its own, sent a signal at a write to the disk, log in a file.

    Each picture is flushed twice: its bytes before it gets its name, then its folder.
    """
    writes = itertools.count(1)

    def flush(_: int) -> None:
        if next(writes) == last_write:
            os.kill(os.getpid(), sent)

    os.fsync = flush
    logging.basicConfig(filename=folder / "log.txt", filemode="w", level="INFO", force=True)
    task(config(folder))


def ended(folder: Path, last_write: int, sent: int = signal.SIGKILL) -> int | None:
    """Exit code of the command in a process of its own."""
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=command, args=(folder, last_write, sent))
    process.start()
    process.join()
    return process.exitcode


def outputs(folder: Path) -> dict[str, int]:
    """Finished files, and when each was written."""
    files = (folder / "out").glob("[!.]*.png")
    return {file.name: file.stat().st_mtime_ns for file in files}


def rewritten(before: dict[str, int], after: dict[str, int]) -> int:
    return sum(after[name] != before[name] for name in before)


@pytest.mark.parametrize(
    ("count", "kills"),
    [
        (40, (2, 31)),
        pytest.param(
            *(1000, (1, 2, 63, 640, 901)), marks=[pytest.mark.slow, pytest.mark.timeout(3600)]
        ),
    ],
)
def test_a_killed_command_leaves_no_partial_file_and_goes_on_with_the_rest(
    count: int, kills: tuple[int, ...], tmp_path: Path
) -> None:
    names = [f"{number}.png" for number in range(count)]
    bad = names[7::50]
    for number, name in enumerate(names):
        write_image(tmp_path / "in" / name, np.full((5, 6, 3), number % 256, np.uint8))
    for name in bad:
        (tmp_path / "in" / name).write_bytes(b"no picture")
    done, unnoted = 0, 0
    for last_write in kills:
        before = outputs(tmp_path)
        assert ended(tmp_path, last_write) == -signal.SIGKILL
        named = last_write % 2 == 0  # killed after the picture got its name, before it was noted
        done += last_write // 2 - unnoted
        assert len(outputs(tmp_path)) == done
        assert len(list((tmp_path / "out").glob(".*.part"))) == (0 if named else 1)
        assert rewritten(before, outputs(tmp_path)) == unnoted
        unnoted = int(named)
    before = outputs(tmp_path)
    assert ended(tmp_path, 0) == 1
    finished = outputs(tmp_path)
    assert rewritten(before, finished) == unnoted
    assert set(finished) == set(names) - set(bad)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        *finished,
        ".deblurkit",
        "restored.csv",
    }
    for name in finished:
        assert (read_image(tmp_path / "out" / name) == int(name[:-4]) % 256).all()
    log = (tmp_path / "log.txt").read_text().splitlines()
    listed = [line for line in log if "not restored: " in line]
    assert len(listed) == len(bad)
    assert all(any(f"/{name} cannot be read" in line for line in listed) for name in bad)
    told = f"{len(finished)} of {count} pictures restored to {tmp_path / 'out'}"
    assert f"{told} ({len(before) - unnoted} of them before;" in log[-1]


def test_sigterm_ends_the_command_at_once_and_it_goes_on_with_the_rest(tmp_path: Path) -> None:
    for number in range(6):
        write_image(tmp_path / "in" / f"{number}.png", np.full((5, 6, 3), number, np.uint8))
    assert ended(tmp_path, 5, signal.SIGTERM) == 128 + signal.SIGTERM
    before = outputs(tmp_path)
    assert set(before) == {"0.png", "1.png"}
    assert not list((tmp_path / "out").glob(".*.part"))
    assert ended(tmp_path, 0) == 0
    assert len(outputs(tmp_path)) == 6
    assert rewritten(before, outputs(tmp_path)) == 0


@pytest.mark.parametrize("change", ["settings", "source", "target"])
def test_what_is_no_longer_true_is_made_again(change: str, tmp_path: Path) -> None:
    for name in "ab":
        write_image(tmp_path / "in" / f"{name}.png", np.full((5, 6, 3), 7, np.uint8))
    assert deblur(tmp_path) == 0
    before = outputs(tmp_path)
    assert deblur(tmp_path) == 0
    assert outputs(tmp_path) == before
    if change == "source":
        write_image(tmp_path / "in" / "a.png", np.full((5, 6, 3), 9, np.uint8))
    elif change == "target":
        (tmp_path / "out" / "a.png").unlink()
    assert deblur(tmp_path, *(["model.amount=0.1"] if change == "settings" else [])) == 0
    after = outputs(tmp_path)
    assert after["a.png"] != before["a.png"]
    assert (after["b.png"] != before["b.png"]) == (change == "settings")
    assert (read_image(tmp_path / "out" / "a.png") == (9 if change == "source" else 7)).all()


def test_a_half_written_note_spoils_no_other_one(tmp_path: Path) -> None:
    for name in "ab":
        write_image(tmp_path / "in" / f"{name}.png", np.full((5, 6, 3), 7, np.uint8))
    assert deblur(tmp_path) == 0
    notes = tmp_path / "out" / ".deblurkit" / "finished_0.jsonl"
    notes.write_text(notes.read_text()[:-20])
    before = outputs(tmp_path)
    for count in (1, 0):
        assert deblur(tmp_path) == 0
        after = outputs(tmp_path)
        assert rewritten(before, after) == count
        before = after


def test_the_limit_of_pixels_is_the_users(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_image(tmp_path / "in" / "large.png", np.zeros((20, 30, 3), np.uint8))
    assert deblur(tmp_path, "pixel_limit=599") == 1
    assert "claims 30x20 pixels and the limit is 599" in caplog.text
    assert deblur(tmp_path, "pixel_limit=600") == 0


TWO = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.precision=32-true")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_devices_share_a_folder_and_one_goes_on_alone(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(7)]
    for number, name in enumerate(names):
        write_image(tmp_path / "in" / name, np.full((5, 6, 3), number, np.uint8))
    (tmp_path / "in" / "5.png").write_bytes(b"no picture")  # the second device's
    given = ("in", "output=out", *IDENTITY, "trainer.enable_progress_bar=false")
    printed = command_line("deblur", *given, *TWO, folder=tmp_path, code=1)
    assert printed.count("6 of 7 pictures restored to out") == 1
    assert printed.count("not restored: ") == 1
    assert "5.png cannot be read" in printed
    assert set(outputs(tmp_path)) == set(names) - {"5.png"}
    for name in outputs(tmp_path):
        assert (read_image(tmp_path / "out" / name) == int(name[:-4])).all()
    notes = [tmp_path / "out" / ".deblurkit" / f"finished_{rank}.jsonl" for rank in (0, 1)]
    noted = [[Path(json.loads(line)[1]).name for line in lines(file)] for file in notes]
    assert noted == [["0.png", "2.png", "4.png", "6.png"], ["1.png", "3.png"]]
    before = outputs(tmp_path)
    (tmp_path / "out" / "3.png").unlink()
    assert deblur(tmp_path) == 1
    after = outputs(tmp_path)
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == ["3.png"]


def lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line]
