"""What a folder of results says about how it came to be."""

import json
import sys
from pathlib import Path

import pytest

from deblurkit.commands.shared.record import write_record
from deblurkit.config import compose


def test_the_command_is_what_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what it was turned into for Hydra and for the processes of other devices."""
    typed = ["resume=runs/two words", "trainer.max_epochs=40"]
    monkeypatch.setattr(sys, "orig_argv", ["/usr/bin/python", "/bin/deblurkit-train", *typed])
    monkeypatch.setattr(sys, "argv", ["/bin/deblurkit-train", *typed, "hydra.run.dir='/runs/t'"])
    for _ in range(2):
        write_record(compose(config="blur"), tmp_path)
    commands = [run["command"] for run in json.loads((tmp_path / "record.json").read_text())]
    assert commands == ["deblurkit-train 'resume=runs/two words' trainer.max_epochs=40"] * 2
