"""Which files are named, and where their results go."""

from pathlib import Path

import pytest

from deblurkit.commands.shared.inputs import single_target, targets
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.results import result_file, results_folder
from deblurkit.errors import InputError

OUT = Path("out")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with pictures."""
    monkeypatch.chdir(tmp_path)
    for name in ("~t.png", "in/a.jpg", "in/b [1].png", "in/deep/c.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    return tmp_path


def results(*inputs: str, output: Path = OUT) -> dict[str, str]:
    return {str(source): str(t) for source, t in targets([*inputs], output, ".png")}


def test_a_name_may_begin_with_a_tilde() -> None:
    assert results("~t.png", "in/a.jpg") == {"~t.png": "out/~t.png", "in/a.jpg": "out/a.png"}
    assert results("~nobody.png") == {"~nobody.png": "out/~nobody.png"}  # fails when it is read


def test_patterns_are_filled_in_wherever_they_begin(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"a.jpg", "b [1].png"}
    for pattern in ("in/*.*g", f"{folder}/in/*.*g", f"{folder}/i?/[ab]*"):
        assert {Path(source).name for source in results(pattern)} == names
    monkeypatch.setenv("HOME", str(folder))
    assert {Path(source).name for source in results("~/in/*.*g")} == names
    assert list(results("in/b [1].png")) == ["in/b [1].png"]  # the file, not a pattern
    assert set(results("i*")) == {"in/a.jpg", "in/b [1].png", "in/deep/c.png"}  # a folder
    assert list(results("x**y")) == ["x**y"]


def test_a_name_longer_than_any_file_fails_with_the_others() -> None:
    assert len(results("x" * 300 + ".png", "in/a.jpg")) == 2


def test_results_do_not_lie_between_the_pictures(folder: Path) -> None:
    for output in (Path("in"), folder / "in"):
        with pytest.raises(InputError, match=r"is the folder of the pictures; .*in/restored"):
            results("in", output=output)
    assert results("in/deep", output=Path("in")) == {"in/deep/c.png": "in/c.png"}
    assert set(results("in", output=Path("in/deep"))) == {"in/a.jpg", "in/b [1].png"}


def test_an_output_with_the_suffix_of_a_picture_is_a_file() -> None:
    assert result_file("r.png") == Path("r.png")
    assert results_folder("deep/r.JPG") == Path("deep")
    assert result_file("r.v2") is None
    assert result_file("r.png/") is None
    Path("r.png").mkdir()
    assert result_file("r.png") is None
    assert results_folder("r.png") == Path("r.png")


def test_one_file_holds_one_result() -> None:
    owners = Owners(Path())
    one = [(Path("in/a.jpg"), Path("r.png"))]
    assert single_target(["in/a.jpg"], Path("r.png"), owners=owners) == one
    with pytest.raises(InputError, match=r"r.png is one file and there are 3 pictures: .*=r/$"):
        single_target(["in"], Path("r.png"), owners=owners)
    with pytest.raises(InputError, match=r"~t.png is an input and stays as it is"):
        single_target(["~t.png"], Path("~t.png"), owners=owners)
    Path("r.png").touch()
    with pytest.raises(InputError, match=r"r.png is there already and was not made from in/a.jpg"):
        single_target(["in/a.jpg"], Path("r.png"), owners=owners)
    owners.claim({Path("r.png"): Path("in/a.jpg")})
    assert single_target(["in/a.jpg"], Path("r.png"), owners=Owners(Path())) == one


def test_nothing_beside_a_result_gets_the_name_of_another(tmp_path: Path) -> None:
    names = ["b_compared.png", "b.png", "c.jpg", "c.png", "c_compared.png"]
    for name in names:
        (tmp_path / name).touch()
    inputs = [str(tmp_path / name) for name in names]
    rows = targets(inputs, tmp_path / "out", ".png", beside=("_compared",))
    assert [target.name for _, target in rows] == [
        *("b_compared.png", "b_2.png", "c.png", "c_2.png", "c_compared_2.png"),
    ]
