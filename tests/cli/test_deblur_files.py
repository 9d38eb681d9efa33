"""deblurkit-deblur: many files, each to its own place and as it came."""

from pathlib import Path

import numpy as np

from deblurkit.config import compose
from deblurkit.imaging.files import read_image, write_image
from deblurkit.training.restore_files import restore_files

IDENTITY = ("model=unsharp", "model.amount=0")  # adds nothing to a picture


def deblur(folder: Path, *overrides: str) -> int:
    """Run the command's own function on ``folder/in``; what it writes is in ``folder/out``."""
    places = (f"inputs=[{folder / 'in'}]", f"output={folder / 'out'}", f"paths.run={folder}")
    given = (*IDENTITY, *places, "trainer.enable_progress_bar=false", *overrides)
    return restore_files(compose(*given, config="deblur"))


def test_every_picture_goes_to_its_own_file(tmp_path: Path) -> None:
    for number in range(4):
        pixels = np.full((8 + number, 9, 3), 40 * number, np.uint8)
        write_image(tmp_path / "in" / f"{number}.png", pixels)
    assert deblur(tmp_path) == 0
    for number in range(4):
        restored = read_image(tmp_path / "out" / f"{number}.png")
        assert np.array_equal(restored, read_image(tmp_path / "in" / f"{number}.png"))
