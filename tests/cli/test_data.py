"""deblurkit-data as it is called: its words, its exit codes, its files."""

import subprocess
import sys
from pathlib import Path

import pytest

from deblurkit.cli.data import task, with_action
from deblurkit.config import compose
from deblurkit.errors import InputError


def called(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "deblurkit.cli.data", *words]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)


def test_the_first_word_needs_no_key() -> None:
    assert with_action(["verify", "data=lai"]) == ["action=verify", "data=lai"]
    assert compose(*with_action(["prepare", "data=lai"]), config="data").action == "prepare"


@pytest.mark.slow
def test_verdict_and_mistakes_have_exit_codes(gopro_tree: Path, tmp_path: Path) -> None:
    answer = called("verify", f"data.root={gopro_tree}", folder=tmp_path)
    assert answer.returncode == 1
    assert "train blur: 44 / 2103 pictures in 22 / 22 sequences" in answer.stdout
    assert "wrong: train/GOPR0372_07_00 has 2 of 100 blur pictures" in answer.stdout
    given = [f"data.root={gopro_tree}", "data.variant=blur", "data.cache=cache"]
    made, again = (called("prepare", *given, folder=tmp_path) for _ in range(2))
    assert (made.returncode, again.returncode) == (0, 0)
    assert "decoded pictures: 0.00324 GB in" in made.stdout
    assert "nothing to do" in again.stdout
    mistake = called("verify", "data=lai", "data.root=nowhere", folder=tmp_path)
    assert mistake.returncode == 2
    assert "nowhere is not a folder: data.root must be that of Lai" in mistake.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_no_word_is_a_sentence() -> None:
    with pytest.raises(InputError, match="say what to do: deblurkit-data verify or"):
        task(compose(config="data"))
