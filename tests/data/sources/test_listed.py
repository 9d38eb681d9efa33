from pathlib import Path

import numpy as np
import pytest

from deblurkit.data.sources.listed import ListedPairs, listed_files
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image

FOLDER = "RealBlur-J_ECC_IMCORR_centroid_itensity_ref"


def line(scene: str, number: int) -> str:
    place = f"{FOLDER}/{scene}"
    return f"{place}/gt/gt_{number}.png {place}/blur/blur_{number}.png "


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    pairs = [("scene010", 10), ("scene010", 2), ("scene002", 1)]
    for scene, number in pairs:
        for value, words in enumerate(("gt/gt", "blur/blur"), start=number):
            file = tmp_path / FOLDER / scene / f"{words}_{number}.png"
            write_image(file, np.full((4, 5, 3), value, np.uint8))
    (tmp_path / "list.txt").write_text("\n".join(line(*pair) for pair in pairs) + "\n\n")
    return tmp_path


def test_lines_become_pairs_of_scenes(tree: Path) -> None:
    source = ListedPairs(tree, pairs="list.txt", inside=FOLDER)
    assert source.names == ["scene002/1", "scene010/2", "scene010/10"]
    assert source.groups == ["scene002", "scene010", "scene010"]
    pair = source.read(2)
    assert (pair["sharp"].mean(), pair["blurred"].mean()) == (10, 11)


def test_a_list_of_the_other_variant_is_refused(tree: Path) -> None:
    with pytest.raises(InputError, match=r"which is not in RealBlur-R.*list of the other variant"):
        ListedPairs(tree, pairs="list.txt", inside="RealBlur-R_BM3D")


def test_missing_files_are_counted(tree: Path) -> None:
    (tree / FOLDER / "scene010" / "gt" / "gt_2.png").unlink()
    with pytest.raises(InputError, match=r"gt_2\.png is missing \(1 files of list\.txt are\)"):
        ListedPairs(tree, pairs="list.txt")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a/gt/gt_1.png\n", "line 1: needs a sharp and a blurred path"),
        (f"{line('s', 1)}\n{line('s', 1)}\n", "line 2: lists s/1 again"),
        ("\n", "is empty"),
    ],
)
def test_a_list_that_is_none_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(InputError, match=words):
        ListedPairs(tmp_path, pairs="list.txt")


def test_pairs_are_named_after_what_an_expression_finds(tmp_path: Path) -> None:
    naming = r"([^/]+)/([^/]+)/gt/gt_sharp\.png$"
    rows = [f"RSBlur/{day}/000022/gt/gt_sharp.png RSBlur/{day}/000022/b.png" for day in "21"]
    (tmp_path / "list.txt").write_text("\n".join(rows))
    assert list(listed_files(tmp_path, "list.txt", naming=naming)) == ["2/000022", "1/000022"]
    (tmp_path / "list.txt").write_text(line("scene1", 1))
    with pytest.raises(InputError, match=r"line 1: .*gt_1\.png has no name: it is not of the form"):
        listed_files(tmp_path, "list.txt", naming=naming)


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"list\.txt cannot be read: put it into data\.root"):
        ListedPairs(tmp_path, pairs="list.txt")
