"""What was made of what: nothing that another command or somebody else made is written over."""

import json
from pathlib import Path

from deblurkit.commands.shared.owners import Owners


def test_files_without_a_note_and_files_of_others_stay(tmp_path: Path) -> None:
    mine, other, result = tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "out" / "a.png"
    owners = Owners(tmp_path / "out")
    assert owners.may_write(result, mine)  # nothing is there
    owners.claim({result: mine})
    result.touch()
    for known in (owners, Owners(tmp_path / "out")):
        assert known.may_write(result, mine)
        assert not known.may_write(result, other)
    stranger = result.with_name("own.png")
    stranger.touch()
    assert not owners.may_write(stranger, mine)
    assert owners.own(stranger, mine) == result.with_name("own_2.png")
    assert owners.own(result.with_name("own_2.png"), other) == result.with_name("own_2_2.png")


def test_a_folder_may_be_moved_and_a_note_may_be_cut(tmp_path: Path) -> None:
    source, folder = tmp_path / "a.jpg", tmp_path / "out"
    Owners(folder).claim({folder / "deep" / f"{name}.png": source for name in "ab"})
    notes = folder / ".deblurkit" / "made_of.jsonl"
    notes.write_text(notes.read_text()[:-5])  # by a kill
    (folder / "deep").mkdir()
    for name in "ab":
        (folder / "deep" / f"{name}.png").touch()
    moved = folder.rename(tmp_path / "moved")
    owners = Owners(moved)
    assert owners.may_write(moved / "deep" / "a.png", source)
    assert not owners.may_write(moved / "deep" / "b.png", source)


def test_notes_of_an_earlier_version_count(tmp_path: Path) -> None:
    source, result = tmp_path / "a.jpg", tmp_path / "out" / "a.png"
    notes = result.parent / ".deblurkit" / "finished_0.jsonl"
    notes.parent.mkdir(parents=True)
    notes.write_text("\n" + json.dumps(["f" * 64, str(source), 3, 4, str(result)]))
    result.touch()
    assert Owners(result.parent).may_write(result, source)
