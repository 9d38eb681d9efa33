"""Bombs, disguises and damaged files: refused early, cheaply, and by one kind of error."""

import json
import subprocess
import sys
from pathlib import Path

import fuzz_pictures
import hostile_pictures
import pytest
from fuzz_pictures import MEMORY, SECONDS, fuzz

LIMITED = "honest_but_larger_than_the_memory"


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[float, str]]:
    """Processor time and answer for every hostile file, from a process with little memory."""
    tests = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, hostile_pictures.__file__],
        env={"PYTHONPATH": str(tests / "support"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: (seconds, told) for name, seconds, told in rows}


def test_every_bomb_and_disguise_is_refused_within_little_memory(
    answers: dict[str, tuple[float, str]],
) -> None:
    assert answers.keys() == hostile_pictures.hostile_files().keys()
    for name, (_, told) in answers.items():
        assert told.startswith(f"{name} cannot be read: "), told
        assert told.endswith(" bytes)")
        assert ("more memory" in told) == (name == LIMITED), (
            told
        )  # the limit holds; no other met it


def test_refusing_takes_less_than_a_tenth_of_a_second_of_processor_time(
    answers: dict[str, tuple[float, str]],
) -> None:
    slow = {name: seconds for name, (seconds, _) in answers.items() if seconds > 0.1}
    assert slow.keys() <= {LIMITED}


def test_damaged_files_are_read_or_refused_and_nothing_else() -> None:
    report = fuzz(0, 400)
    assert not report.defects
    assert report.memory < MEMORY
    assert report.seconds < SECONDS
    assert sum(report.outcomes.values()) == 400
    formats = {name for name, _ in report.outcomes}
    assert formats == fuzz_pictures.SIGNS.keys()
    assert {outcome for _, outcome in report.outcomes} >= {"read", "refused"}


def test_a_reader_that_dies_is_a_finding_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fuzz_pictures.whole_files()
    sizes = [len(fuzz_pictures.mutant(number, whole)[2]) for number in range(4)]
    mortal = tmp_path / "mortal.py"
    mortal.write_text(
        "import os, sys\n"
        "import fuzz_pictures as fuzz\n"
        "read = fuzz.read_mutant\n"
        f"fuzz.read_mutant = lambda f: os.abort() if f.stat().st_size == {sizes[1]} else read(f)\n"
        "sys.exit(fuzz.main())\n"
    )
    monkeypatch.setattr(fuzz_pictures, "__file__", str(mortal))
    assert sizes.count(sizes[1]) == 1
    report = fuzz(0, 4)
    assert list(report.defects) == [1]
    assert sum(report.outcomes.values()) == 3
