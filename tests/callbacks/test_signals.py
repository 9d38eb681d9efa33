import os
import signal
from collections.abc import Iterator

import pytest

from deblurkit.callbacks.signals import Signals

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """As a process has them when it starts, and put back afterwards."""
    before = {number: signal.getsignal(number) for number in HEARD}
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def listening() -> Signals:
    signals = Signals()
    signals.listen()
    assert signals.noted is None
    return signals


@pytest.mark.parametrize("sent", HEARD)
def test_a_signal_is_noted_and_nothing_else_happens(sent: int) -> None:
    signals = listening()
    os.kill(os.getpid(), sent)
    assert signals.noted == sent


def test_the_most_urgent_one_counts() -> None:
    signals = listening()
    for sent, noted in (
        (signal.SIGUSR1, signal.SIGUSR1),
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGUSR1, signal.SIGINT),
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGINT, signal.SIGTERM),
    ):
        os.kill(os.getpid(), sent)
        assert signals.noted == noted


def test_the_second_interruption_does_not_wait(capfd: pytest.CaptureFixture[str]) -> None:
    listening()
    os.kill(os.getpid(), signal.SIGINT)
    assert "saving after this step" in capfd.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_what_others_heed_or_ignore_is_left_alone() -> None:
    def theirs(*_: object) -> None: ...

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, theirs)
    signals = listening()
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGUSR1)
    assert signals.noted is None
    assert signal.getsignal(signal.SIGUSR1) is theirs
