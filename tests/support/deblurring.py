"""The deblur command's own function on small files."""

from pathlib import Path

from omegaconf import DictConfig

from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import compose

IDENTITY = ("model=unsharp", "model.amount=0")  # adds nothing to a picture


def config(folder: Path, *overrides: str) -> DictConfig:
    """What is in ``folder/in`` goes to ``folder/out`` as it is."""
    places = (f"inputs=[{folder / 'in'}]", f"output={folder / 'out'}", f"paths.run={folder}")
    quiet = "trainer.enable_progress_bar=false"
    return compose(*IDENTITY, *places, quiet, *overrides, config="deblur")


def deblur(folder: Path, *overrides: str) -> int:
    """Run the command's own function; how many pictures could not be restored."""
    return restore_files(config(folder, *overrides))
