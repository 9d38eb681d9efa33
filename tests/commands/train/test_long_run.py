"""The short form of ``long_run.py``, which is part of the soak."""

from pathlib import Path
from typing import Any

import pytest
from long_run import growth, watched
from running import DIRECT, DUEL


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
@pytest.mark.parametrize("model", [DIRECT, DUEL], ids=["automatic", "manual"])
def test_steps_open_no_files_and_take_no_memory(model: dict[str, Any], tmp_path: Path) -> None:
    noted = watched(tmp_path, model, steps=500)
    assert len(noted) == 20
    grown = growth(noted)
    assert grown["open"] == 0
    assert grown["memory"] < 0.01
