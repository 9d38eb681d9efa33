"""Links to folders are followed by all that read folders, and a circle is a sentence."""

import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from deblurkit.cli.command_line import parsed
from deblurkit.cli.configs.untrusted_configs import require_harmless_folders
from deblurkit.cli.run_folders import tidy
from deblurkit.commands.data.prepare import prepare_data
from deblurkit.commands.evaluate.restored_folder import Stored
from deblurkit.commands.shared.inputs import targets
from deblurkit.config import compose
from deblurkit.data.sources.folders import FolderPairs, FolderPictures
from deblurkit.errors import InputError
from deblurkit.file_tree import files_below, remove_empty, standing, visible_files_below
from deblurkit.imaging.formats.files import write_image

NAMES = ["A/1", "B/1", "C/1"]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """``blurred`` and ``sharp`` with three sequences, of which two are links out of the folder."""
    noise = np.random.default_rng(0).integers(0, 256, (3, 20, 24, 3), dtype=np.uint8)
    for name, picture in zip("ABC", noise, strict=True):
        write_image(tmp_path / "all" / name / "1.png", picture)
    for role in ("blurred", "sharp"):
        (tmp_path / "set" / role).mkdir(parents=True)
        shutil.copytree(tmp_path / "all" / "A", tmp_path / "set" / role / "A")
        for name in "BC":
            (tmp_path / "set" / role / name).symlink_to(tmp_path / "all" / name)
    return tmp_path / "set"


def of_targets(folder: Path) -> list[str]:
    rows = targets([str(folder)], folder.parent / "out", ".png")
    return [file.relative_to(folder).with_suffix("").as_posix() for file, _ in rows]


READERS: dict[str, Callable[[Path], Iterable[str]]] = {
    "pairs": lambda folder: FolderPairs(folder.parent).names,
    "a pool": lambda folder: FolderPictures(folder, role="sharp").names,
    "deblurkit-deblur and -blur": of_targets,
    "restored=": lambda folder: Stored(str(folder)).files,
}


@pytest.mark.parametrize("reader", READERS)
def test_links_to_folders_are_followed(reader: str, linked: Path) -> None:
    assert list(READERS[reader](linked / "sharp")) == NAMES


@pytest.mark.parametrize("reader", READERS)
def test_a_circle_ends_with_a_sentence(reader: str, linked: Path) -> None:
    (linked / "sharp" / "A" / "again").symlink_to(linked / "sharp")
    words = r"the link .*sharp/A/again leads back to .*sharp, in which it lies.*remove the link"
    with pytest.raises(InputError, match=words):
        READERS[reader](linked / "sharp")


def test_two_links_to_one_folder_are_two_folders(linked: Path) -> None:
    (linked / "sharp" / "D").symlink_to(linked.parent / "all" / "A")
    assert FolderPictures(linked, "sharp", role="sharp").names == [*NAMES, "D/1"]


def test_a_link_to_nothing_is_a_file_that_cannot_be_read(linked: Path) -> None:
    (linked / "sharp" / "lost.png").symlink_to(linked / "nowhere.png")
    source = FolderPictures(linked, "sharp", role="sharp")
    with pytest.raises(InputError, match=r"lost\.png"):
        source.read(source.names.index("lost"))


def test_the_order_is_that_of_paths_and_hidden_files_are_told_apart(tmp_path: Path) -> None:
    for name in ("b/2", "b.png", "b/1", "a", ".c", ".d/1", "b/.e"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    everything = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert list(files_below(tmp_path)) == everything
    seen = [path.relative_to(tmp_path).as_posix() for path in visible_files_below(tmp_path)]
    assert seen == ["a", "b/1", "b/2", "b.png"]


def test_what_may_not_be_read_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert list(files_below(tmp_path / "absent")) == []
    assert f"{tmp_path / 'absent'} is passed over: No such file or directory" in caplog.text


def test_strangers_configs_are_looked_at_behind_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.yaml").write_text("# @package hydra\nrun: {dir: x}")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "model").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="sets up Hydra, which could run foreign code"):
        require_harmless_folders(parsed(["model=a", "--config-dir", str(tmp_path / "configs")]))


def test_a_cache_behind_a_link_is_measured(
    gopro_tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "blur").symlink_to(tmp_path / "disk")
    root = [f"data.root={gopro_tree}", "data.variant=blur", f"data.cache={tmp_path / 'cache'}"]
    cfg = compose("action=prepare", "data=gopro_unpaired", *root, config="data")
    with caplog.at_level(logging.INFO):
        assert prepare_data(cfg) == 2 * 44 * 96 * 128 * 3
    assert list((tmp_path / "disk").glob("*.pixels"))


def test_folders_that_were_there_stay_also_if_they_are_empty(tmp_path: Path) -> None:
    own, run = tmp_path / "own", tmp_path / "own" / "runs" / "today"
    own.mkdir()
    before = standing(run)
    run.mkdir(parents=True)
    remove_empty(run, standing=before)
    assert list(tmp_path.rglob("*")) == [own]
    (run / ".hydra").mkdir(parents=True)
    for name in ("eval.log", ".hydra/config.yaml"):
        (run / name).touch()
    (run / "scores.json").touch()
    tidy(run, before)
    assert (run / ".hydra" / "config.yaml").is_file()
    (run / "scores.json").unlink()
    tidy(run, before)
    assert list(tmp_path.rglob("*")) == [own]
