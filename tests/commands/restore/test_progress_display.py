"""What is said while a batch is restored."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from deblurkit.commands.restore import progress_display
from deblurkit.commands.restore.progress_display import BatchProgress, Lines, Stand, shown
from deblurkit.progress import moved, steps, told_to


@dataclass
class Files:
    begun: int
    count: int


class Clock:
    """Seconds that pass only where a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress_display, "monotonic", made)
    return made


def batch(name: str) -> Any:
    return {"blurred": torch.zeros(1, 3, 2, 2), "name": [name]}


def test_time_left_counts_what_is_done_of_a_picture_and_no_file_of_an_earlier_start(
    clock: Clock,
) -> None:
    """Two of six files were there; the third takes 20 s, half of the fourth 10 s."""
    stands: list[Stand] = []
    files = Files(begun=3, count=6)
    progress = BatchProgress(files, stands.append)
    progress.before(batch("in/three.png"))
    clock.now = 20.0
    progress.after(batch("in/three.png"), {"restored": torch.zeros(1, 3, 2, 2)})
    files.begun = 4
    progress.before(batch("in/four.png"))
    clock.now = 30.0
    with told_to(progress.moved):
        moved("rows", 36, 72)
    assert str(stands[0]) == "3 of 6, three.png"
    assert stands[-1].share == 3.5 / 6
    assert str(stands[-1]) == "4 of 6, four.png, 36 of 72 rows, about 50 s left"


def test_steps_that_more_follow_promise_no_time(clock: Clock) -> None:
    stands: list[Stand] = []
    progress = BatchProgress(Files(begun=1, count=1), stands.append)
    progress.before(batch("a.png"))
    clock.now = 5.0
    with told_to(progress.moved):
        assert list(steps([9, 17], "scales")) == [9, 17]
        moved("iterations, fidelity 0.1", 50)
    said = [str(stand) for stand in stands[1:]]
    assert said == [
        "1 of 1, a.png, 1 of 2 scales",
        "1 of 1, a.png, 2 of 2 scales",
        "1 of 1, a.png, 50 iterations, fidelity 0.1",
    ]


def test_without_a_listener_steps_are_the_items_alone() -> None:
    moved("rows", 1, 2)
    assert list(steps(iter("ab"), "letters")) == ["a", "b"]


def test_an_hour_without_a_terminal_takes_few_lines(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """At 10 s, then each half as long again: 15 lines at most, not one per picture."""
    with caplog.at_level(logging.INFO), shown(bar=True) as show:  # no terminal in a test
        assert isinstance(show, Lines)
        for second in range(3600):
            clock.now = float(second)
            show(Stand("a.png", 1, 3600, "", second / 3600, 3600.0 - second))
    lines = [record.message for record in caplog.records]
    assert lines[0] == "1 of 3600, a.png, about 60 min left"
    assert 10 <= len(lines) <= 16
